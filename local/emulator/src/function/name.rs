//! The forms in which callers name a function.
//!
//! <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>: a name, an ARN, or a partial ARN, each with an
//! optional qualifier. Only the version `$LATEST` exists here.

/// The plain name and the qualifier in `name`, `name:$LATEST`, `account:function:name`, `function:name` or a whole ARN.
pub(crate) fn parse(reference: &str) -> (&str, Option<&str>) {
    let rest = if reference.starts_with("arn:") {
        reference.splitn(7, ':').nth(6).unwrap_or(reference)
    } else {
        match reference.split_once("function:") {
            Some((account, rest)) if account.is_empty() || account.ends_with(':') => rest,
            _ => reference,
        }
    };
    match rest.split_once(':') {
        Some((name, qualifier)) => (name, Some(qualifier)),
        None => (rest, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_aws_names_the_same_function() {
        for reference in
            ["poll", "000000000000:function:poll", "function:poll", "arn:aws:lambda:local-1:000000000000:function:poll"]
        {
            assert_eq!(parse(reference), ("poll", None), "{reference}");
            assert_eq!(parse(&format!("{reference}:$LATEST")), ("poll", Some("$LATEST")), "{reference}");
        }
    }

    #[test]
    fn a_name_that_contains_the_word_function_stays_whole() {
        assert_eq!(parse("my-function"), ("my-function", None));
        assert_eq!(parse("function"), ("function", None));
    }
}
