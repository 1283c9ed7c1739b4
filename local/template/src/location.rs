//! Finds the line of a property, since the YAML values do not keep their place.

/// The line, counted from 1, on which the key at `path` or its nearest written ancestor stands.
///
/// Understands block style. Inside a flow mapping (`{a: 1}`) it answers the line where that mapping's key stands.
pub(crate) fn line_of(text: &str, path: &[String]) -> Option<usize> {
    let mut open: Vec<(usize, &str)> = Vec::new();
    let mut best = (0, None);
    for (index, line) in text.lines().enumerate() {
        let content = line.trim_start();
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        let indent = line.len() - content.len();
        open.retain(|(outer, _)| *outer < indent);
        let Some((key, _)) = content.split_once(':') else { continue };
        open.push((indent, key.trim().trim_matches(['"', '\''])));

        let matches = open.len() <= path.len() && open.iter().zip(path).all(|((_, key), wanted)| key == wanted);
        if matches && open.len() > best.0 {
            best = (open.len(), Some(index + 1));
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::line_of;

    const TEXT: &str = "\
Resources:
  # A comment: with a colon
  First:
    Type: AWS::Serverless::Function
    Properties:
      Timeout: 3
  \"Second\":
    Properties: { Timeout: 900 }
";

    fn line(path: &str) -> Option<usize> {
        line_of(TEXT, &path.split('.').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn a_written_key_is_found_where_it_stands() {
        assert_eq!(line("Resources.First.Properties.Timeout"), Some(6));
        assert_eq!(line("Resources.Second"), Some(7));
    }

    #[test]
    fn a_key_that_is_not_on_a_line_of_its_own_is_found_at_its_ancestor() {
        assert_eq!(line("Resources.First.Properties.MemorySize"), Some(5));
        assert_eq!(line("Resources.Second.Properties.Timeout"), Some(8));
        assert_eq!(line("Outputs"), None);
    }
}
