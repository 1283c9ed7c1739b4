//! The pages people look at: where a browser without a session is led to sign-in, and where sign-in leads back to.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::routes::parameters;

/// Path patterns of every page that needs a session, as in the route tables. A test of `api-read` compares.
pub const PAGES: [&str; 16] = [
    "/overview",
    "/licences",
    "/tenants",
    "/tenants/{tenant+}",
    "/monitoring",
    "/incidents",
    "/incidents/{number}",
    "/certificates",
    "/audit",
    "/settings",
    "/roles",
    "/help",
    "/api/v1/docs",
    "/api/v1/monitoring/",
    "/api/v1/licenses/statusall",
    "/api/v1/licenses/status/tenant",
];

/// Where people land when nothing else was asked for.
pub const START: &str = "/overview";

/// The sign-in route.
pub const LOGIN: &str = "/api/v1/auth/login";

/// What stands in a path as it is (RFC 3986, section 3.3).
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The parameter of [`LOGIN`] by which a person chooses an account even where Microsoft knows one.
pub const ANEW: &str = "anew";

/// Longest address that is kept through a sign-in.
const LONGEST_RETURN_BYTES: usize = 2000;

/// Whether a path is that of a page.
#[must_use]
pub fn is_page(path: &str) -> bool {
    PAGES.iter().any(|pattern| parameters(pattern, path).is_some())
}

/// An address within this site to return to after sign-in, or `None` for one that is not a page of ours. The path has to
/// be one of [`PAGES`]; whatever else stands in the address, a browser stays on this host.
#[must_use]
pub fn return_target(address: &str) -> Option<&str> {
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\' && byte != b'#');
    let dots = path.split('/').any(|segment| {
        matches!(segment.to_ascii_lowercase().as_str(), "." | ".." | "%2e" | "%2e%2e" | ".%2e" | "%2e.")
    });
    let fits = address.len() <= LONGEST_RETURN_BYTES && !path.starts_with("//") && !dots;
    (fits && plain(path) && plain(query) && is_page(path)).then_some(address)
}

/// The address that begins a sign-in and leads back to a page: its path as the gateway hands it on, decoded, and its
/// raw query.
#[must_use]
pub fn login_address(path: &str, query: &str) -> String {
    let target = address(path, query);
    let encoded: String = url::form_urlencoded::byte_serialize(target.as_bytes()).collect();
    format!("{LOGIN}?return={encoded}")
}

/// The address of a decoded path and a raw query.
#[must_use]
pub fn address(path: &str, query: &str) -> String {
    let mut address = utf8_percent_encode(path, PATH).to_string();
    if !query.is_empty() {
        address.push('?');
        address.push_str(query);
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_come_back_with_their_query() {
        for address in [
            "/overview",
            "/licences?filter=E3&sort=free",
            "/tenants/contoso",
            "/tenants/Tailspin%20A/S",
            "/incidents/7",
        ] {
            assert_eq!(return_target(address), Some(address), "{address}");
        }
    }

    #[test]
    fn nothing_leads_to_another_host_or_to_what_is_no_page() {
        for address in [
            "",
            "/",
            "overview",
            "//evil.example",
            "//evil.example/overview",
            "/\\evil.example",
            "\\\\evil.example",
            "https://evil.example/overview",
            "https:/overview",
            "javascript:alert(1)",
            "/overview\r\nSet-Cookie: a=b",
            "/overview\n",
            "/overview#x",
            "/overview/../api/v1/auth/logout",
            "/tenants/../api/v1/auth/logout",
            "/tenants/%2e%2e/x",
            "/tenants/a\\b",
            "/api/v1/auth/logout",
            "/api/v1/licenses/status",
            "/overview?x=\u{202e}",
            "/OVERVIEW",
            " /overview",
            "/overview ",
            "/.//evil.example",
        ] {
            assert_eq!(return_target(address), None, "{address}");
        }
        assert_eq!(return_target(&format!("/licences?x={}", "x".repeat(2000))), None);
    }

    #[test]
    fn the_sign_in_address_carries_the_page() {
        let address = login_address("/tenants/Züri A/S", "x=1&y=2");
        let target = "/tenants/Z%C3%BCri%20A/S?x=1&y=2";
        let encoded: String = url::form_urlencoded::byte_serialize(target.as_bytes()).collect();
        assert_eq!(address, format!("/api/v1/auth/login?return={encoded}"));
        assert_eq!(return_target(target), Some(target));
    }
}
