//! The request path as API Gateway hands it on.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// Decodes a path the way an HTTP API does before it matches routes and fills `rawPath`.
///
/// Every escape is decoded, `%2F` too, so that route and function see the same path. What follows a decoded `?` is
/// dropped. `None` when an escape is malformed or the bytes are not UTF-8: nothing sensible can be matched then.
pub(crate) fn decode(path: &str) -> Option<Cow<'_, str>> {
    if !path.contains('%') {
        return Some(Cow::Borrowed(path));
    }
    let well_formed = path.split('%').skip(1).all(|rest| rest.len() >= 2 && is_hex(&rest.as_bytes()[..2]));
    let decoded = percent_decode_str(path).decode_utf8().ok().filter(|_| well_formed)?;
    Some(match decoded.split_once('?') {
        Some((before, _)) => Cow::Owned(before.to_owned()),
        None => decoded,
    })
}

fn is_hex(bytes: &[u8]) -> bool {
    bytes.iter().all(u8::is_ascii_hexdigit)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::decode;

    #[test]
    fn escapes_are_decoded_slashes_too() {
        assert_eq!(decode("/plain/path+x").unwrap(), "/plain/path+x");
        assert_eq!(decode("/a%2Fb%20c/%C3%A4").unwrap(), "/a/b c/ä");
        assert_eq!(decode("/100%25").unwrap(), "/100%");
    }

    #[test]
    fn a_decoded_question_mark_ends_the_path() {
        assert_eq!(decode("/me%3Fadmin=true").unwrap(), "/me");
    }

    #[test]
    fn malformed_escapes_and_bytes_that_are_no_text_are_refused() {
        for path in ["/%", "/%2", "/%zz", "/%+1", "/%ff", "/%C3"] {
            assert_eq!(decode(path), None, "{path}");
        }
    }

    proptest! {
        #[test]
        fn decoding_never_panics(path in "/[ -~]{0,40}") {
            let _ = decode(&path);
        }

        #[test]
        fn a_path_that_was_encoded_comes_back(path in "/[^?]{0,20}") {
            let encoded = percent_encoding::utf8_percent_encode(&path, percent_encoding::NON_ALPHANUMERIC).to_string();
            prop_assert_eq!(decode(&encoded).unwrap(), path);
        }
    }
}
