//! Cookies (RFC 6265), with the attributes that all of ours have.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use chrono::TimeDelta;
use http::header::COOKIE;
use http::{HeaderValue, Uri};

/// A cookie of ours: for this host alone, never shown to scripts, never sent with another site's requests but when
/// somebody follows a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CookieName {
    name: String,
    secure: bool,
}

impl CookieName {
    /// The cookie `word` of an installation that people reach at `public_url`. Its name begins with `__Host-`, by which
    /// browsers refuse one that another host or an unprotected connection set; only where that cannot be, on a
    /// developer's own machine without TLS, it is the bare word.
    #[must_use]
    pub fn new(word: &str, public_url: &str) -> Self {
        if is_plain_loopback(public_url) {
            Self { name: word.to_owned(), secure: false }
        } else {
            Self { name: format!("__Host-{word}"), secure: true }
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its value in a request. Two cookies of one name are none: one of them is somebody else's.
    #[must_use]
    pub fn read<'r>(&self, request: &'r ApiGatewayV2httpRequest) -> Option<&'r str> {
        let in_event = request.cookies.iter().flatten().map(String::as_str);
        // Where the host splits the cookies off, the header is not there.
        let in_headers = request.headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
        let all = if request.cookies.as_ref().is_some_and(|cookies| !cookies.is_empty()) {
            in_event.collect::<Vec<_>>()
        } else {
            in_headers.flat_map(|line| line.split(';')).collect()
        };
        let mut own = all.into_iter().filter_map(|pair| {
            let (name, value) = pair.trim().split_once('=')?;
            (name == self.name).then_some(value)
        });
        own.next().filter(|_| own.next().is_none())
    }

    /// `Set-Cookie` that sets it: until the browser is closed, or for `lasts`.
    #[must_use]
    pub fn set(&self, value: &str, lasts: Option<TimeDelta>) -> HeaderValue {
        let age = lasts.map(|lasts| format!("; Max-Age={}", lasts.num_seconds())).unwrap_or_default();
        let secure = if self.secure { "; Secure" } else { "" };
        let text = format!("{}={value}; Path=/{secure}; HttpOnly; SameSite=Lax{age}", self.name);
        // Names and values are ours: base64url.
        HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""))
    }

    /// `Set-Cookie` that takes it away.
    #[must_use]
    pub fn clear(&self) -> HeaderValue {
        self.set("", Some(TimeDelta::zero()))
    }
}

/// Whether pages come without TLS from the browser's own machine.
fn is_plain_loopback(public_url: &str) -> bool {
    let Ok(url) = public_url.parse::<Uri>() else { return false };
    let host = url.host().unwrap_or_default().trim_matches(['[', ']']);
    let loopback = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    url.scheme_str() == Some("http") && loopback
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(cookies: &[&str], header: Option<&str>) -> ApiGatewayV2httpRequest {
        let mut request = ApiGatewayV2httpRequest::default();
        if !cookies.is_empty() {
            request.cookies = Some(cookies.iter().map(|cookie| (*cookie).to_owned()).collect());
        }
        if let Some(header) = header {
            request.headers.insert(COOKIE, HeaderValue::from_str(header).unwrap());
        }
        request
    }

    #[test]
    fn only_a_developers_own_machine_does_without_tls() {
        for plain in ["http://localhost:8080", "http://127.0.0.1:1", "http://[::1]:8080"] {
            assert_eq!(CookieName::new("x", plain).name(), "x", "{plain}");
        }
        for other in ["https://localhost", "http://leitwarte.contoso.example", "http://localhost.evil.example", ""] {
            assert_eq!(CookieName::new("x", other).name(), "__Host-x", "{other}");
        }
    }

    #[test]
    fn a03_a_cookie_is_secure_for_this_host_and_for_no_other_sites_requests() {
        let cookie = CookieName::new("leitwarte", "https://leitwarte.contoso.example");
        assert_eq!(cookie.set("v", None), "__Host-leitwarte=v; Path=/; Secure; HttpOnly; SameSite=Lax");
        assert_eq!(cookie.clear(), "__Host-leitwarte=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0");
        let cookie = CookieName::new("leitwarte", "http://localhost:8080");
        assert_eq!(
            cookie.set("v", Some(TimeDelta::minutes(10))),
            "leitwarte=v; Path=/; HttpOnly; SameSite=Lax; Max-Age=600"
        );
    }

    #[test]
    fn a_cookie_is_read_from_the_event_or_the_header() {
        let cookie = CookieName::new("s", "http://localhost");
        assert_eq!(cookie.read(&request(&["a=1", "s=2"], None)), Some("2"));
        assert_eq!(cookie.read(&request(&["s=2"], Some("s=2"))), Some("2"));
        assert_eq!(cookie.read(&request(&[], Some("a=1; s=2; ss=3"))), Some("2"));
        assert_eq!(cookie.read(&request(&["s2=1"], None)), None);
        assert_eq!(cookie.read(&request(&[], None)), None);
    }

    #[test]
    fn two_of_one_name_are_none() {
        let cookie = CookieName::new("s", "http://localhost");
        assert_eq!(cookie.read(&request(&["s=1", "s=2"], None)), None);
    }
}
