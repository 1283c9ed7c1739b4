//! Requests that change something have to come from our own pages.
//!
//! A browser sends the session's cookie by itself, so the cookie alone proves nothing. Two things have to come with it:
//! what the browser says of where the request comes from, and a token that only pages of this session know.
//! Source: OWASP, "Cross-Site Request Forgery Prevention", Fetch Metadata and the synchronizer token.

use http::{HeaderMap, HeaderName, Method, Uri};

use crate::session::same_secret;

/// The header with the token.
pub const CSRF_HEADER: HeaderName = HeaderName::from_static("x-csrf-token");

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Why a request does not count as one of our pages'. The text is for the operator's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CsrfFault {
    /// It says nothing about where it comes from.
    #[error("neither Origin nor Sec-Fetch-Site")]
    NoOrigin,
    /// It comes from another site.
    #[error("it comes from another origin")]
    OtherOrigin,
    /// The token is missing.
    #[error("no X-CSRF-Token")]
    NoToken,
    /// The token is of another session, or invented.
    #[error("the X-CSRF-Token is not that of this session")]
    WrongToken,
}

/// Whether a method promises to change nothing (RFC 9110, section 9.2.1).
#[must_use]
pub fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE)
}

/// Checks a request that changes something; `given` is the token that came with it.
///
/// # Errors
/// Why it does not come from one of our pages at `public_url`.
pub fn check(headers: &HeaderMap, given: Option<&str>, expected: &str, public_url: &str) -> Result<(), CsrfFault> {
    same_origin(headers, public_url)?;
    match given {
        None => Err(CsrfFault::NoToken),
        Some(given) if same_secret(given, expected) => Ok(()),
        Some(_) => Err(CsrfFault::WrongToken),
    }
}

/// The token in the header of a request; `None` if there is none or more than one.
#[must_use]
pub fn token(headers: &HeaderMap) -> Option<&str> {
    only(headers, &CSRF_HEADER).ok().flatten()
}

fn same_origin(headers: &HeaderMap, public_url: &str) -> Result<(), CsrfFault> {
    let site = only(headers, &SEC_FETCH_SITE)?;
    let origin = only(headers, &http::header::ORIGIN)?;
    if site.is_none() && origin.is_none() {
        return Err(CsrfFault::NoOrigin);
    }
    let by_site = site.is_none_or(|site| site == "same-origin");
    let by_origin = origin.is_none_or(|origin| origin_of(origin).is_some_and(|it| Some(it) == origin_of(public_url)));
    if by_site && by_origin { Ok(()) } else { Err(CsrfFault::OtherOrigin) }
}

/// The one value of a header.
fn only<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Result<Option<&'h str>, CsrfFault> {
    let mut lines = headers.get_all(name).iter();
    let Some(line) = lines.next() else { return Ok(None) };
    match (line.to_str(), lines.next()) {
        (Ok(text), None) => Ok(Some(text)),
        _ => Err(CsrfFault::OtherOrigin),
    }
}

/// Scheme, host and port of an address.
fn origin_of(address: &str) -> Option<(String, String, u16)> {
    let uri: Uri = address.parse().ok()?;
    let scheme = uri.scheme_str()?.to_ascii_lowercase();
    let default = match scheme.as_str() {
        "https" => 443,
        "http" => 80,
        _ => return None,
    };
    Some((scheme, uri.host()?.to_ascii_lowercase(), uri.port_u16().unwrap_or(default)))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    const HERE: &str = "https://leitwarte.contoso.example";

    fn verdict(lines: &[(&'static str, &'static str)]) -> Result<(), CsrfFault> {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, HeaderValue::from_static(value));
        }
        check(&headers, token(&headers), "right", HERE)
    }

    #[test]
    fn a_request_of_our_page_with_the_token_passes() {
        for lines in [
            &[("origin", HERE), ("sec-fetch-site", "same-origin"), ("x-csrf-token", "right")][..],
            &[("origin", HERE), ("x-csrf-token", "right")],
            &[("origin", "https://leitwarte.contoso.example:443"), ("x-csrf-token", "right")],
            &[("sec-fetch-site", "same-origin"), ("x-csrf-token", "right")],
        ] {
            assert_eq!(verdict(lines), Ok(()), "{lines:?}");
        }
    }

    #[test]
    fn every_other_origin_is_refused_even_with_the_token() {
        for origin in [
            "null",
            "",
            "http://leitwarte.contoso.example",
            "https://leitwarte.contoso.example:8443",
            "https://contoso.example",
            "https://evil.leitwarte.contoso.example",
            "https://leitwarte.contoso.example.evil.example",
            "https://evil.example",
        ] {
            assert_eq!(
                verdict(&[("origin", origin), ("x-csrf-token", "right")]),
                Err(CsrfFault::OtherOrigin),
                "{origin}"
            );
        }
        for site in ["cross-site", "same-site", "none", "", "Same-Origin"] {
            let lines = [("origin", HERE), ("sec-fetch-site", site), ("x-csrf-token", "right")];
            assert_eq!(verdict(&lines), Err(CsrfFault::OtherOrigin), "{site}");
        }
        let twice = [("origin", HERE), ("origin", "https://evil.example"), ("x-csrf-token", "right")];
        assert_eq!(verdict(&twice), Err(CsrfFault::OtherOrigin));
    }

    #[test]
    fn without_origin_or_token_nothing_passes() {
        assert_eq!(verdict(&[("x-csrf-token", "right")]), Err(CsrfFault::NoOrigin));
        assert_eq!(verdict(&[("origin", HERE)]), Err(CsrfFault::NoToken));
        for token in ["", "wrong", "righ", "right "] {
            assert_eq!(verdict(&[("origin", HERE), ("x-csrf-token", token)]), Err(CsrfFault::WrongToken), "{token}");
        }
        let twice = [("origin", HERE), ("x-csrf-token", "right"), ("x-csrf-token", "right")];
        assert_eq!(verdict(&twice), Err(CsrfFault::NoToken));
    }

    #[test]
    fn what_only_reads_is_safe() {
        assert!(is_safe(&Method::GET) && is_safe(&Method::HEAD));
        for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::CONNECT] {
            assert!(!is_safe(&method), "{method}");
        }
        assert!(!is_safe(&Method::from_bytes(b"PURGE").unwrap()));
    }
}
