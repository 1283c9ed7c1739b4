//! The `Authorization` header (RFC 9110, section 11.6.2; RFC 6750, section 2.1).

use http::HeaderMap;
use http::header::AUTHORIZATION;

use super::TokenFault;

/// Entra's tokens stay below 8 kB even with many roles; twice that is refused unread.
const LONGEST_TOKEN_BYTES: usize = 16 * 1024;

/// The token of a request; `None` if there is no `Authorization` header. The scheme's name is compared without
/// regard to case and may be followed by several spaces, as the RFCs say.
pub(super) fn bearer_token(headers: &HeaderMap) -> Result<Option<&str>, TokenFault> {
    let mut lines = headers.get_all(AUTHORIZATION).iter();
    let Some(line) = lines.next() else { return Ok(None) };
    if lines.next().is_some() {
        return Err(TokenFault::Header);
    }
    let (scheme, token) = line.to_str().ok().and_then(|line| line.split_once(' ')).ok_or(TokenFault::Header)?;
    let token = token.trim_start_matches(' ');
    if !scheme.eq_ignore_ascii_case("bearer") || token.is_empty() || !token.bytes().all(is_token_byte) {
        return Err(TokenFault::Header);
    }
    if token.len() > LONGEST_TOKEN_BYTES {
        return Err(TokenFault::TooLong);
    }
    Ok(Some(token))
}

/// base64url and dots: all that a signed token in compact form consists of. Two headers that a gateway joined with
/// a comma fail here.
fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn read(line: &str) -> Result<Option<String>, TokenFault> {
        let headers = HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_str(line).unwrap())]);
        bearer_token(&headers).map(|token| token.map(str::to_owned))
    }

    #[test]
    fn the_scheme_may_be_written_in_any_case_and_followed_by_spaces() {
        for line in ["Bearer a.b.c", "bearer a.b.c", "BEARER a.b.c", "Bearer   a.b.c"] {
            assert_eq!(read(line), Ok(Some("a.b.c".into())), "{line}");
        }
    }

    #[test]
    fn no_header_is_no_token() {
        assert_eq!(bearer_token(&HeaderMap::new()), Ok(None));
    }

    #[test]
    fn anything_but_one_token_is_refused() {
        for line in [
            "",
            "Bearer",
            "Bearer ",
            "a.b.c",
            "Basic a.b.c",
            "Bearera.b.c",
            "Bearer\ta.b.c",
            "Bearer a.b.c d",
            "Bearer a.b.c ",
            "Bearer a.b.c,Bearer a.b.c",
            "Bearer a.b.c, Basic x",
            "Bearer \"a.b.c\"",
            "Bearer token=a.b.c",
            "Bearer a+b/c=",
        ] {
            assert_eq!(read(line), Err(TokenFault::Header), "{line}");
        }
    }

    #[test]
    fn two_headers_are_refused() {
        let mut headers = HeaderMap::new();
        headers.append(AUTHORIZATION, HeaderValue::from_static("Bearer a.b.c"));
        headers.append(AUTHORIZATION, HeaderValue::from_static("Bearer a.b.c"));
        assert_eq!(bearer_token(&headers), Err(TokenFault::Header));
    }

    #[test]
    fn a_token_that_is_too_long_is_refused_unread() {
        assert!(read(&format!("Bearer {}", "a".repeat(LONGEST_TOKEN_BYTES))).is_ok());
        assert_eq!(read(&format!("Bearer {}", "a".repeat(LONGEST_TOKEN_BYTES + 1))), Err(TokenFault::TooLong));
    }
}
