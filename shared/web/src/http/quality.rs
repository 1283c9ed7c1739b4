//! Preference lists: `Accept-Encoding`, `Accept-Language` (RFC 9110, section 12.4.2).

use http::{HeaderMap, HeaderName};

/// The entries of a preference header in the order given, lower case, with their weight in thousandths. An entry
/// with a weight that is none counts as not wanted.
pub(super) fn preferences(headers: &HeaderMap, name: &HeaderName) -> Vec<(String, u16)> {
    let lines = headers.get_all(name).into_iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).filter_map(entry).collect()
}

fn entry(text: &str) -> Option<(String, u16)> {
    let mut parts = text.split(';');
    let word = parts.next()?.trim().to_ascii_lowercase();
    let weight = parts.find_map(|part| part.trim().strip_prefix(['q', 'Q'])?.trim_start().strip_prefix('='));
    let weight = weight.map_or(1000, |weight| thousandths(weight.trim()).unwrap_or(0));
    (!word.is_empty()).then_some((word, weight))
}

/// `qvalue`: 0 to 1 with at most three decimals.
fn thousandths(text: &str) -> Option<u16> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    if decimals.len() > 3 || !decimals.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let value = match whole {
        "0" => format!("{decimals:0<3}").parse().ok()?,
        "1" => 1000,
        _ => return None,
    };
    (whole == "0" || decimals.bytes().all(|byte| byte == b'0')).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_read_as_rfc_9110_writes_them() {
        for (text, weight) in
            [("0", 0), ("1", 1000), ("1.000", 1000), ("0.5", 500), ("0.", 0), ("0.001", 1), ("0.85", 850)]
        {
            assert_eq!(thousandths(text), Some(weight), "{text}");
        }
        for text in ["", "2", "1.1", "-0.5", "0.0001", "0,5", "0.x", "00.5"] {
            assert_eq!(thousandths(text), None, "{text}");
        }
    }

    #[test]
    fn an_entry_with_a_broken_weight_is_not_wanted() {
        assert_eq!(entry(" GZip ; q=0.8 "), Some(("gzip".into(), 800)));
        assert_eq!(entry("gzip;Q = 1"), Some(("gzip".into(), 1000)));
        assert_eq!(entry("gzip;q=high"), Some(("gzip".into(), 0)));
        assert_eq!(entry(" ;q=1"), None);
    }
}
