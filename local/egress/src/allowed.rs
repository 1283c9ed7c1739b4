//! Which hosts may be reached.

use std::collections::HashSet;

use http::uri::Authority;
use thiserror::Error;

/// An entry of `EGRESS_ALLOW` that cannot be used.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("EGRESS_ALLOW has the entry `{0}`, which is not `host:port`; separate entries with spaces or commas")]
pub struct BadEntry(String);

/// The hosts that may be reached, each with one port. Empty: none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Allowed(HashSet<(String, u16)>);

impl Allowed {
    /// Reads a list of `host:port`, separated by white space or commas.
    ///
    /// # Errors
    /// The first entry that is not of that form.
    pub fn parse(list: &str) -> Result<Self, BadEntry> {
        let entries = list.split(|c: char| c == ',' || c.is_whitespace()).filter(|entry| !entry.is_empty());
        entries
            .map(|entry| {
                let authority: Option<Authority> = entry.parse().ok();
                authority
                    .filter(|authority| !authority.as_str().contains('@'))
                    .and_then(|authority| Some((authority.host().to_ascii_lowercase(), authority.port_u16()?)))
                    .ok_or_else(|| BadEntry(entry.to_owned()))
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// The host and port to connect to, if they are on the list.
    #[must_use]
    pub fn check(&self, target: &Authority) -> Option<(String, u16)> {
        let wanted = (target.host().to_ascii_lowercase(), target.port_u16()?);
        (!target.as_str().contains('@') && self.0.contains(&wanted)).then_some(wanted)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing may be reached.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(list: &str, target: &str) -> bool {
        Allowed::parse(list).unwrap().check(&target.parse().unwrap()).is_some()
    }

    #[test]
    fn a_host_on_the_list_may_be_reached_at_its_port_only() {
        let list = "graph.test:443, login.test:443\n  other.test:8443";
        assert!(allows(list, "graph.test:443") && allows(list, "GRAPH.TEST:443") && allows(list, "other.test:8443"));
        for other in ["graph.test:80", "graph.test", "x.graph.test:443", "graph.test.evil.test:443", "other.test:443"] {
            assert!(!allows(list, other), "{other}");
        }
    }

    #[test]
    fn a_name_before_an_at_sign_does_not_count() {
        assert!(!allows("graph.test:443", "graph.test:443@evil.test:443"));
        assert!(!allows("graph.test:443", "user@graph.test:443"));
    }

    #[test]
    fn nothing_listed_is_nothing_allowed() {
        assert!(Allowed::parse(" ,\n").unwrap().is_empty());
        assert!(!allows("", "graph.test:443"));
    }

    #[test]
    fn a_wrong_entry_is_named() {
        for entry in ["graph.test", "https://graph.test:443", "graph.test:https", "a@graph.test:443"] {
            let error = Allowed::parse(&format!("ok.test:1 {entry}")).unwrap_err();
            assert!(error.to_string().contains(entry), "{error}");
        }
    }
}
