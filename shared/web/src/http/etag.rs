//! Entity tags and `If-None-Match` (RFC 9110, sections 8.8.3 and 13.1.2).

use std::fmt::Write as _;

use http::header::IF_NONE_MATCH;
use http::{HeaderMap, HeaderValue};
use sha2::{Digest, Sha256};

/// A weak entity tag: the same for every coding of the same content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ETag(String);

impl ETag {
    /// The tag of some content.
    #[must_use]
    pub fn of(content: &[u8]) -> Self {
        Self::of_parts(&[content])
    }

    /// The tag of content whose identity is given by parts rather than by all of its bytes.
    #[must_use]
    pub fn of_parts(parts: &[&[u8]]) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update(part.len().to_le_bytes());
            hash.update(part);
        }
        let mut tag = String::with_capacity(32);
        for byte in &hash.finalize()[..16] {
            let _ = write!(tag, "{byte:02x}");
        }
        Self(tag)
    }

    /// Reads a header that [`ETag::header`] made.
    #[must_use]
    pub fn parse(header: &HeaderValue) -> Option<Self> {
        let tag = header.to_str().ok()?.strip_prefix("W/\"")?.strip_suffix('"')?;
        Some(Self(tag.to_owned()))
    }

    /// The bare tag: letters and digits that can stand in an address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The `ETag` header.
    #[must_use]
    pub fn header(&self) -> HeaderValue {
        // Hexadecimal digits and quotes are always a header value.
        HeaderValue::from_str(&format!("W/\"{}\"", self.0)).unwrap_or(HeaderValue::from_static(""))
    }

    /// Whether the caller already has this content (weak comparison).
    #[must_use]
    pub fn matches(&self, headers: &HeaderMap) -> bool {
        let lines = headers.get_all(IF_NONE_MATCH).into_iter().filter_map(|line| line.to_str().ok());
        lines.into_iter().any(|line| line.trim() == "*" || tags(line).any(|tag| tag == self.0))
    }
}

/// The opaque parts of a list of tags, as far as it is well-formed. A comma may stand inside a tag.
fn tags(list: &str) -> impl Iterator<Item = &str> {
    let mut rest = list;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches([',', ' ', '\t']);
        rest = rest.strip_prefix("W/").unwrap_or(rest).strip_prefix('"')?;
        let (tag, after) = rest.split_once('"')?;
        rest = after;
        Some(tag)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asks(value: &str) -> HeaderMap {
        HeaderMap::from_iter([(IF_NONE_MATCH, HeaderValue::from_str(value).unwrap())])
    }

    #[test]
    fn the_same_content_has_the_same_tag_and_other_content_another() {
        assert_eq!(ETag::of(b"a"), ETag::of(b"a"));
        assert_ne!(ETag::of(b"a"), ETag::of(b"b"));
        assert_ne!(ETag::of_parts(&[b"ab", b"c"]), ETag::of_parts(&[b"a", b"bc"]));
    }

    #[test]
    fn a_caller_that_has_the_content_is_recognised() {
        let tag = ETag::of(b"a");
        let bare = tag.as_str();
        for value in [
            format!("W/\"{bare}\""),
            format!("\"{bare}\""),
            format!("\"x\", W/\"y,z\" , W/\"{bare}\""),
            format!(",, \"{bare}\""),
            " * ".to_owned(),
        ] {
            assert!(tag.matches(&asks(&value)), "{value}");
        }
    }

    #[test]
    fn anything_else_is_not_taken_for_the_content() {
        let tag = ETag::of(b"a");
        let bare = tag.as_str();
        for value in [
            String::new(),
            bare.to_owned(),
            format!("\"{bare}"),
            format!("w/\"{bare}\""),
            format!("\"x{bare}\""),
            format!("junk, \"{bare}\""),
            "\"*\"".to_owned(),
        ] {
            assert!(!tag.matches(&asks(&value)), "{value}");
        }
        assert!(!tag.matches(&HeaderMap::new()));
    }
}
