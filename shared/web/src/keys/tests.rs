use serde_json::json;

use super::*;

const ADDRESS: &str = "https://login.microsoftonline.com/t/discovery/v2.0/keys";

fn start() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

fn a_key() -> Arc<PublishedKey> {
    let decoding = DecodingKey::from_rsa_components("AQAB", "AQAB").unwrap();
    Arc::new(PublishedKey { decoding, jwk: json!({ "kid": "a" }) })
}

/// A state that fetched the key `a` at the start.
fn fetched() -> State {
    let mut state = State::default();
    state.begin(ADDRESS, start());
    state.succeeded(HashMap::from([("a".to_owned(), a_key())]), start());
    state
}

/// What is decided, in a word.
fn decision(state: &State, kid: &str, now: DateTime<Utc>) -> &'static str {
    match state.decide(ADDRESS, kid, now) {
        Decision::Answer(Ok(Some(_))) => "use",
        Decision::Answer(Ok(None)) => "unknown",
        Decision::Answer(Err(KeysUnavailable)) => "unavailable",
        Decision::Fetch { fallback: Some(_) } => "fetch, meanwhile use",
        Decision::Fetch { fallback: None } => "fetch",
    }
}

#[test]
fn the_first_token_fetches_the_keys() {
    assert_eq!(decision(&State::default(), "a", start()), "fetch");
    assert_eq!(decision(&fetched(), "a", start()), "use");
}

#[test]
fn keys_are_fetched_again_after_a_day_while_the_old_ones_serve() {
    let state = fetched();
    assert_eq!(decision(&state, "a", start() + TimeDelta::hours(23)), "use");
    assert_eq!(decision(&state, "a", start() + TimeDelta::hours(24)), "fetch, meanwhile use");
}

#[test]
fn while_the_host_is_away_the_last_keys_serve_for_three_days() {
    let mut state = fetched();
    let tried = start() + TimeDelta::hours(71);
    state.begin(ADDRESS, tried);
    state.failed(tried);
    assert_eq!(decision(&state, "a", tried + TimeDelta::seconds(9)), "use");
    assert_eq!(decision(&state, "a", tried + TimeDelta::seconds(10)), "fetch, meanwhile use");
    let later = start() + TimeDelta::hours(72);
    state.failed(later);
    assert_eq!(decision(&state, "a", later), "unavailable");
    assert_eq!(decision(&state, "a", later + TimeDelta::seconds(10)), "fetch");
}

#[test]
fn a_failed_first_fetch_is_tried_again_after_ten_seconds() {
    let mut state = State::default();
    state.begin(ADDRESS, start());
    state.failed(start());
    assert_eq!(decision(&state, "a", start() + TimeDelta::seconds(9)), "unavailable");
    assert_eq!(decision(&state, "a", start() + TimeDelta::seconds(10)), "fetch");
}

#[test]
fn a_rotation_is_seen_at_once_but_invented_ids_cannot_cause_a_flood() {
    let mut state = fetched();
    let mut fetches = 0;
    for second in 0..3600 {
        let now = start() + TimeDelta::seconds(second);
        if decision(&state, "junk", now) == "fetch" {
            assert!(second > 0 || fetches < 10, "no end");
            state.begin(ADDRESS, now);
            state.succeeded(HashMap::from([("a".to_owned(), a_key())]), now);
            fetches += 1;
        }
        assert_eq!(decision(&state, "a", now), "use");
    }
    assert!((60..=64).contains(&fetches), "{fetches} fetches in an hour of junk");
}

#[test]
fn another_issuer_starts_from_nothing() {
    let mut state = fetched();
    assert!(matches!(state.decide("https://other", "a", start()), Decision::Fetch { fallback: None }));
    state.begin("https://other", start());
    assert_eq!(state.lookup("a", start()).unwrap_err(), KeysUnavailable);
}

#[test]
fn only_rsa_signing_keys_count_and_odd_ones_do_not_spoil_them() {
    let key = |kid: &str, extra: serde_json::Value| {
        let mut key = json!({ "kid": kid, "kty": "RSA", "n": "AQAB", "e": "AQAB" });
        key.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        key
    };
    let document = json!({ "keys": [
        key("plain", json!({})),
        key("full", json!({ "use": "sig", "alg": "RS256", "x5c": ["MII"], "issuer": "x" })),
        key("encrypts", json!({ "use": "enc" })),
        key("other algorithm", json!({ "alg": "PS256" })),
        key("curve", json!({ "kty": "EC" })),
        key("not base64", json!({ "n": "*" })),
        { "kty": "oct", "kid": "symmetric", "k": "AQAB" },
        { "kty": "RSA", "n": "AQAB", "e": "AQAB" },
        7,
    ]});
    let keys = read_keys(document.to_string().as_bytes()).unwrap();
    let mut ids: Vec<_> = keys.keys().map(String::as_str).collect();
    ids.sort_unstable();
    assert_eq!(ids, ["full", "plain"]);
}

#[test]
fn a_document_without_a_usable_key_is_a_failure() {
    for document in ["{}", "", "<html>", r#"{"keys":[]}"#, r#"{"keys":[{"kty":"EC"}]}"#] {
        assert!(read_keys(document.as_bytes()).is_err(), "{document}");
    }
}
