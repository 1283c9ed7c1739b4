//! The address of a site, as people copy it out of the browser.

use std::str::FromStr;

/// Host and path of a site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    pub(super) host: String,
    /// Without slashes at its ends; empty for the host's root site.
    pub(super) path: String,
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || "use the site's address, such as https://contoso.sharepoint.com/sites/licences".to_owned();
        let rest = text.trim().strip_prefix("https://").ok_or_else(wrong)?;
        let rest = rest.split(['?', '#']).next().unwrap_or_default();
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        let is_host =
            host.contains('.') && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte));
        if !is_host || path.contains([':', '\\']) {
            return Err(wrong());
        }
        // What follows is a page or a list of the site.
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let end = parts.iter().position(|part| ["Lists", "SitePages", "_layouts"].contains(part));
        let path = parts[..end.unwrap_or(parts.len())].join("/");
        Ok(Self { host: host.to_ascii_lowercase(), path })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_from_the_browser_leads_to_its_site() {
        for (text, host, path) in [
            ("https://contoso.sharepoint.com/sites/licences", "contoso.sharepoint.com", "sites/licences"),
            ("https://Contoso.sharepoint.com/sites/licences/", "contoso.sharepoint.com", "sites/licences"),
            ("https://contoso.sharepoint.com/sites/x/SitePages/Home.aspx?web=1", "contoso.sharepoint.com", "sites/x"),
            ("https://contoso.sharepoint.com/sites/x/Lists/Y/AllItems.aspx", "contoso.sharepoint.com", "sites/x"),
            ("https://contoso.sharepoint.com", "contoso.sharepoint.com", ""),
        ] {
            let address = Address { host: host.to_owned(), path: path.to_owned() };
            assert_eq!(text.parse(), Ok(address), "{text}");
        }
        for text in [
            "contoso.sharepoint.com",
            "http://contoso.sharepoint.com",
            "https://x",
            "https://a.b:1/c",
            "https://u@a.b/",
        ] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }
}
