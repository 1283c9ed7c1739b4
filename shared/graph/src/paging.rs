//! Lists that Graph hands out page by page.
//!
//! Source: Microsoft Learn, "Paging Microsoft Graph data in your app": the whole link, unchanged; pages may be empty.

use std::collections::HashSet;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::Url;

use crate::client::{GraphClient, Session};
use crate::error::{BadAnswer, GraphError};
use crate::transport::bad;

#[derive(Deserialize)]
#[serde(bound = "T: DeserializeOwned")]
struct Page<T> {
    value: Vec<T>,
    #[serde(rename = "@odata.nextLink", default)]
    next_link: Option<String>,
}

impl GraphClient {
    /// Reads every page of a list: all entries or an error, never a part. The next page is read only from the
    /// origin (scheme, host and port) that the list began at, because the token goes with the request.
    pub(crate) async fn list<T: DeserializeOwned>(
        &self,
        session: &mut Session<'_>,
        address: &str,
    ) -> Result<Vec<T>, GraphError> {
        let (mut url, peer) = self.allowed(address)?;
        let mut seen = HashSet::from([url.clone()]);
        let mut items = Vec::new();
        loop {
            let page: Page<T> = self.get(session, &url, &peer).await?;
            items.extend(page.value);
            if items.len() > self.max_items() {
                return Err(bad(&peer, BadAnswer::TooLong(format!("{} entries", self.max_items()))));
            }
            let Some(link) = page.next_link else { return Ok(items) };
            url = next(&url, &link).ok_or_else(|| bad(&peer, BadAnswer::ForeignLink))?;
            if !seen.insert(url.clone()) {
                return Err(bad(&peer, BadAnswer::Loop));
            }
            if seen.len() > self.max_pages() {
                return Err(bad(&peer, BadAnswer::TooLong(format!("{} pages", self.max_pages()))));
            }
        }
    }
}

/// The next page's address, if it may be called.
fn next(current: &Url, link: &str) -> Option<Url> {
    let url = Url::parse(link).ok()?;
    let same = url.origin() == current.origin() && url.username().is_empty() && url.password().is_none();
    same.then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn follows(link: &str) -> bool {
        next(&Url::parse("https://graph.microsoft.com/v1.0/subscribedSkus").unwrap(), link).is_some()
    }

    #[test]
    fn a_link_is_followed_on_the_same_scheme_host_and_port_only() {
        assert!(follows("https://graph.microsoft.com/v1.0/subscribedSkus?$skiptoken=abc"));
        assert!(follows("https://graph.microsoft.com:443/beta/other"));
        for link in [
            "http://graph.microsoft.com/v1.0/x",
            "https://graph.microsoft.com:444/v1.0/x",
            "https://graph.microsoft.us/v1.0/x",
            "https://graph.microsoft.com.example.org/x",
            "https://graph.microsoft.com@example.org/x",
            "https://user:secret@graph.microsoft.com/x",
            "/v1.0/subscribedSkus?$skiptoken=abc",
            "//example.org/x",
            "",
        ] {
            assert!(!follows(link), "{link}");
        }
    }
}
