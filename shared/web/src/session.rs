//! The id of a session: 256 random bits that only the browser keeps, and what follows from them.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq as _;

/// A session's id. Its debug form shows nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionId([u8; 32]);

impl SessionId {
    /// The id made of these random bytes.
    #[must_use]
    pub fn new(random: [u8; 32]) -> Self {
        Self(random)
    }

    /// Reads a cookie's value; `None` if it is no id.
    #[must_use]
    pub fn from_cookie(value: &str) -> Option<Self> {
        URL_SAFE_NO_PAD.decode(value).ok()?.try_into().ok().map(Self)
    }

    /// The value of the cookie.
    #[must_use]
    pub fn cookie_value(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// What is stored of it: nobody gets from here to the id.
    #[must_use]
    pub fn hash(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.derive(b"leitwarte session"))
    }

    /// The token that proves that a request comes from one of our pages. Only pages of this session know it.
    #[must_use]
    pub fn csrf_token(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.derive(b"leitwarte csrf"))
    }

    fn derive(&self, purpose: &[u8]) -> [u8; 32] {
        Sha256::new().chain_update(purpose).chain_update([0]).chain_update(self.0).finalize().into()
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionId")
    }
}

/// Whether two secrets are the same, in a time that does not tell how much of them is.
#[must_use]
pub fn same_secret(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_comes_back_from_its_cookie() {
        let id = SessionId::new([7; 32]);
        assert_eq!(SessionId::from_cookie(&id.cookie_value()), Some(id));
    }

    #[test]
    fn anything_else_is_no_id() {
        let good = SessionId::new([255; 32]).cookie_value();
        for bad in ["", "x", &good[1..], &format!("{good}A"), &format!("{good}="), &good.replace('_', "/"), " "] {
            assert_eq!(SessionId::from_cookie(bad), None, "{bad}");
        }
    }

    #[test]
    fn hash_and_csrf_token_tell_neither_the_id_nor_each_other() {
        let id = SessionId::new([7; 32]);
        let all = [id.cookie_value(), id.hash(), id.csrf_token()];
        assert!(all[0] != all[1] && all[1] != all[2] && all[0] != all[2]);
        assert_ne!(SessionId::new([8; 32]).csrf_token(), id.csrf_token());
        assert_eq!(format!("{id:?}"), "SessionId");
    }
}
