//! A sign-in under way: what has to be known when the browser comes back from Microsoft.
//!
//! It travels in a cookie of that browser, encrypted and authenticated under a key that follows from the credential of
//! the sign-in application. So it is bound to the browser, nobody can read or change it, and nothing is stored.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderValue;
use leitwarte_core::{DateTime, TimeDelta, Utc};
use leitwarte_web::http::CookieName;
use leitwarte_web::session::same_secret;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::credential::SealingKey;

/// Time for a password, a second factor and a wrong turn.
const LASTS: TimeDelta = TimeDelta::minutes(10);

/// Begins the name of each attempt's cookie; some of its `state` follows, so that several tabs can sign in at once.
const COOKIE: &str = "leitwarte-sign-in-";

/// Sign-ins under way in one browser; more are tabs that were forgotten.
const MOST: usize = 8;

/// A sign-in under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Attempt {
    /// Comes back in the address.
    pub(crate) state: String,
    /// Comes back in the ID token.
    pub(crate) nonce: String,
    /// Proves to the token endpoint that the code is ours (PKCE, RFC 7636).
    pub(crate) verifier: String,
    /// The page to show afterwards.
    pub(crate) return_to: String,
    /// When it began, in seconds since the epoch.
    pub(crate) begun_at: i64,
}

impl Attempt {
    /// What is remembered of it once it came back.
    pub(crate) fn hash(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(format!("leitwarte sign-in attempt\0{}", self.state)))
    }
}

/// The cookies that carry attempts.
#[derive(Debug)]
pub(crate) struct Attempts {
    public_url: String,
}

impl Attempts {
    pub(crate) fn new(public_url: &str) -> Self {
        Self { public_url: public_url.to_owned() }
    }

    /// The cookie of the attempt with this `state`; `None` if it is no `state` of ours.
    fn cookie(&self, state: &str) -> Option<CookieName> {
        let ours = state.len() == 43 && state.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        ours.then(|| CookieName::new(&format!("{COOKIE}{}", &state[..8]), &self.public_url))
    }

    /// The cookies that keep an attempt in the browser: its own, and those that make room for it.
    pub(crate) fn keep(
        &self,
        attempt: &Attempt,
        key: &SealingKey,
        nonce: [u8; NONCE_LEN],
        request: &ApiGatewayV2httpRequest,
    ) -> Option<Vec<HeaderValue>> {
        let cookie = self.cookie(&attempt.state)?;
        let sealed = seal(attempt, cookie.name(), key, nonce)?;
        let mut cookies = vec![cookie.set(&sealed, Some(LASTS))];
        let others = self.names(request);
        if others.len() >= MOST {
            cookies.extend(others.iter().map(CookieName::clear));
        }
        Some(cookies)
    }

    /// Every attempt's cookie that a browser sends.
    fn names(&self, request: &ApiGatewayV2httpRequest) -> Vec<CookieName> {
        let begin = CookieName::new(COOKIE, &self.public_url);
        let words = request.cookies.iter().flatten().filter_map(|pair| pair.split_once('='));
        let own = words.filter_map(|(name, _)| name.strip_prefix(begin.name()));
        let plain = |word: &&str| {
            word.len() <= 8 && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        };
        own.filter(plain).map(|word| CookieName::new(&format!("{COOKIE}{word}"), &self.public_url)).collect()
    }

    /// The attempt that a browser comes back with, and the cookie to take away; `None` if this browser has not begun it,
    /// or too long ago.
    pub(crate) fn find(
        &self,
        state: &str,
        key: &SealingKey,
        request: &ApiGatewayV2httpRequest,
        now: DateTime<Utc>,
    ) -> Option<(Attempt, HeaderValue)> {
        let cookie = self.cookie(state)?;
        let attempt = open(cookie.read(request)?, cookie.name(), key)?;
        let age = now.timestamp().saturating_sub(attempt.begun_at);
        let in_time = (-60..LASTS.num_seconds()).contains(&age);
        (in_time && same_secret(&attempt.state, state)).then(|| (attempt, cookie.clear()))
    }
}

fn aes(key: &SealingKey) -> Option<LessSafeKey> {
    UnboundKey::new(&AES_256_GCM, key.bytes()).ok().map(LessSafeKey::new)
}

/// Nonce and ciphertext, bound to the cookie's name.
fn seal(attempt: &Attempt, name: &str, key: &SealingKey, nonce: [u8; NONCE_LEN]) -> Option<String> {
    let mut text = serde_json::to_vec(attempt).ok()?;
    let aad = Aad::from(name.as_bytes());
    aes(key)?.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut text).ok()?;
    Some(URL_SAFE_NO_PAD.encode([nonce.as_slice(), &text].concat()))
}

fn open(value: &str, name: &str, key: &SealingKey) -> Option<Attempt> {
    let mut sealed = URL_SAFE_NO_PAD.decode(value).ok()?;
    let (nonce, text) = sealed.split_at_mut_checked(NONCE_LEN)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let text = aes(key)?.open_in_place(nonce, Aad::from(name.as_bytes()), text).ok()?;
    serde_json::from_slice(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: &str = "https://leitwarte.contoso.example";

    fn begun() -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).unwrap()
    }

    fn attempt() -> Attempt {
        Attempt {
            state: URL_SAFE_NO_PAD.encode([1; 32]),
            nonce: "n".to_owned(),
            verifier: "v".to_owned(),
            return_to: "/overview".to_owned(),
            begun_at: begun().timestamp(),
        }
    }

    fn key(byte: u8) -> SealingKey {
        SealingKey::of(&[byte; 32])
    }

    /// What a browser that got these cookies sends.
    fn browser(cookies: &[HeaderValue]) -> ApiGatewayV2httpRequest {
        let mut request = ApiGatewayV2httpRequest::default();
        let pairs = cookies.iter().map(|line| line.to_str().unwrap().split(';').next().unwrap().to_owned());
        request.cookies = Some(pairs.collect());
        request
    }

    fn kept() -> Vec<HeaderValue> {
        Attempts::new(HERE).keep(&attempt(), &key(1), [9; NONCE_LEN], &browser(&[])).unwrap()
    }

    fn found(request: &ApiGatewayV2httpRequest, state: &str, key: &SealingKey, later: TimeDelta) -> Option<Attempt> {
        Attempts::new(HERE).find(state, key, request, begun() + later).map(|(attempt, _)| attempt)
    }

    #[test]
    fn an_attempt_comes_back_from_its_browser_within_ten_minutes() {
        let request = browser(&kept());
        let state = attempt().state;
        assert_eq!(found(&request, &state, &key(1), TimeDelta::zero()), Some(attempt()));
        assert_eq!(found(&request, &state, &key(1), TimeDelta::seconds(599)), Some(attempt()));
        assert_eq!(found(&request, &state, &key(1), TimeDelta::minutes(10)), None);
        assert_eq!(found(&request, &state, &key(1), TimeDelta::minutes(-2)), None);
    }

    #[test]
    fn another_browser_state_or_key_finds_nothing() {
        let request = browser(&kept());
        let state = attempt().state;
        let zero = TimeDelta::zero();
        assert_eq!(found(&browser(&[]), &state, &key(1), zero), None);
        assert_eq!(found(&request, &state, &key(2), zero), None);
        let same_beginning = format!("{}{}", &state[..8], "A".repeat(35));
        for other in ["", "x", &same_beginning, &state[..42], &format!("{state}x"), &state.replace('A', "/")] {
            assert_eq!(found(&request, other, &key(1), zero), None, "{other}");
        }
    }

    #[test]
    fn a_cookie_shows_nothing_and_no_bit_of_it_can_be_changed() {
        let line = kept()[0].to_str().unwrap().to_owned();
        let (name, value) = line.split(';').next().unwrap().split_once('=').unwrap();
        let sealed = URL_SAFE_NO_PAD.decode(value).unwrap();
        assert!(!String::from_utf8_lossy(&sealed).contains("overview"));
        for position in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[position] ^= 1;
            assert_eq!(open(&URL_SAFE_NO_PAD.encode(changed), name, &key(1)), None, "byte {position}");
        }
        assert_eq!(open(value, "__Host-another", &key(1)), None);
        for junk in ["", "A", "AAAA"] {
            assert_eq!(open(junk, name, &key(1)), None);
        }
    }

    #[test]
    fn a_browser_with_too_many_attempts_forgets_the_old_ones() {
        let old: Vec<HeaderValue> =
            (0..MOST).map(|number| CookieName::new(&format!("{COOKIE}{number:08}"), HERE).set("x", None)).collect();
        let keep = |request| Attempts::new(HERE).keep(&attempt(), &key(1), [9; NONCE_LEN], &request).unwrap();
        assert_eq!(keep(browser(&old[1..])).len(), 1);
        let cookies = keep(browser(&old));
        assert_eq!(cookies.len(), 1 + MOST);
        assert!(cookies[1..].iter().all(|line| line.to_str().unwrap().contains("Max-Age=0")));
    }
}
