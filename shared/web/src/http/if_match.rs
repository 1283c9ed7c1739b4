//! `If-Match`: nobody overwrites what they have not seen (RFC 9110, section 13.1.1).

use http::header::IF_MATCH;
use http::{HeaderMap, HeaderValue};

use crate::problem::{Problem, ProblemKind};

/// A version that nothing ever has.
const NONE: i64 = -1;

/// The version a caller has seen; `None` for `*`, whatever it is. A weak tag, one that is no version of ours, and several
/// tags are a version that nothing has: they overwrite nothing.
///
/// # Errors
/// 428 when there is no such header: a change always says what it was decided on.
pub fn if_match(headers: &HeaderMap) -> Result<Option<i64>, Problem> {
    let mut lines = headers.get_all(IF_MATCH).iter();
    match (lines.next(), lines.next()) {
        (None, _) => Err(Problem::new(
            ProblemKind::PreconditionRequired,
            "Send `If-Match` with the `version` you have seen in quotes, such as `If-Match: \"7\"`, so that you overwrite \
             nobody's change; `If-Match: *` changes it whatever it is.",
        )),
        (Some(line), None) => Ok(version(line.to_str().unwrap_or_default().trim())),
        (Some(_), Some(_)) => Ok(Some(NONE)),
    }
}

fn version(tag: &str) -> Option<i64> {
    if tag == "*" {
        return None;
    }
    let inner = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"'));
    Some(inner.and_then(|digits| digits.parse().ok()).unwrap_or(NONE))
}

/// The `ETag` of a version.
#[must_use]
pub fn version_tag(version: i64) -> HeaderValue {
    // Digits and quotes are always a header value.
    HeaderValue::from_str(&format!("\"{version}\"")).unwrap_or(HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Option<i64> {
        if_match(&HeaderMap::from_iter([(IF_MATCH, HeaderValue::from_str(line).unwrap())])).unwrap()
    }

    #[test]
    fn a_version_is_a_number_in_quotes_and_a_star_is_any() {
        assert_eq!([read("\"7\""), read(" * ")], [Some(7), None]);
    }

    #[test]
    fn anything_else_overwrites_nothing() {
        for line in ["7", "W/\"7\"", "\"x\"", "\"\"", "\"7", "\"7\", \"8\"", ""] {
            assert_eq!(read(line), Some(NONE), "{line}");
        }
    }

    #[test]
    fn without_the_header_nothing_is_changed() {
        assert_eq!(if_match(&HeaderMap::new()).unwrap_err().kind(), ProblemKind::PreconditionRequired);
    }

    #[test]
    fn the_tag_of_a_version_is_read_as_that_version() {
        assert_eq!(version(version_tag(1_800_000_000_000).to_str().unwrap()), Some(1_800_000_000_000));
    }
}
