//! Tokens that are not what they have to be: none of them signs anybody in.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use crate::provider::{FOREIGN_TENANT, KEY, Key, NEXT_KEY, SECRET, STRANGER, TENANT, sign, with};
use crate::rig::{Browser, World, now};

/// A token of this header and these claims, signed with RS256 by a key.
fn raw(header: &Value, claims: &Value, key: &Key) -> String {
    let encoded = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", encoded(header), encoded(claims));
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key.encoding(), Algorithm::RS256).unwrap();
    format!("{message}.{signature}")
}

fn hmac(claims: &Value, secret: &[u8]) -> String {
    let header = Header { kid: Some("key-1".to_owned()), ..Header::new(Algorithm::HS256) };
    jsonwebtoken::encode(&header, claims, &EncodingKey::from_secret(secret)).unwrap()
}

fn signed_as(algorithm: Algorithm, claims: &Value) -> String {
    let header = Header { kid: Some("key-1".to_owned()), ..Header::new(algorithm) };
    jsonwebtoken::encode(&header, claims, &KEY.encoding()).unwrap()
}

fn unsigned(alg: &str, claims: &Value) -> String {
    let header = json!({ "alg": alg, "kid": "key-1", "typ": "JWT" });
    format!("{}.{}.", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(claims.to_string()))
}

fn header(changes: &Value) -> Value {
    with(json!({ "alg": "RS256", "kid": "key-1", "typ": "JWT" }), changes)
}

/// What is wrong with each token, and the token, made of the claims of a good one.
fn forgeries(good: &Value) -> Vec<(&'static str, Value)> {
    let fine = sign(good, &KEY);
    let parts: Vec<&str> = fine.split('.').collect();
    let admin = URL_SAFE_NO_PAD.encode(with(good.clone(), &json!({ "roles": ["Admin"] })).to_string());
    let public_key = KEY.published();
    let modulus = URL_SAFE_NO_PAD.decode(public_key["n"].as_str().unwrap()).unwrap();
    let own_key = json!({ "jwk": STRANGER.published() });
    let own_address = json!({ "jku": "https://evil.example/keys" });
    vec![
        ("alg none", unsigned("none", good).into()),
        ("alg None", unsigned("None", good).into()),
        ("alg nOnE", unsigned("nOnE", good).into()),
        ("alg empty", unsigned("", good).into()),
        ("alg none with a signature", raw(&header(&json!({ "alg": "none" })), good, &KEY).into()),
        ("alg unknown", raw(&header(&json!({ "alg": "RS1" })), good, &KEY).into()),
        ("alg missing", raw(&header(&json!({ "alg": null })), good, &KEY).into()),
        ("HS256 with the client secret", hmac(good, SECRET.as_bytes()).into()),
        ("HS256 with the public key", hmac(good, &modulus).into()),
        ("HS256 with the key's document", hmac(good, public_key.to_string().as_bytes()).into()),
        ("HS256 with nothing", hmac(good, b"").into()),
        ("RS384", signed_as(Algorithm::RS384, good).into()),
        ("RS512", signed_as(Algorithm::RS512, good).into()),
        ("PS256", signed_as(Algorithm::PS256, good).into()),
        ("kid missing", raw(&header(&json!({ "kid": null })), good, &KEY).into()),
        ("kid empty", raw(&header(&json!({ "kid": "" })), good, &KEY).into()),
        ("kid of nobody", raw(&header(&json!({ "kid": "key-9" })), good, &KEY).into()),
        ("kid of another key", raw(&header(&json!({ "kid": "key-2" })), good, &KEY).into()),
        ("kid a path", raw(&header(&json!({ "kid": "../../../dev/null" })), good, &KEY).into()),
        ("signed by another published key", raw(&header(&json!({})), good, &NEXT_KEY).into()),
        ("signed by a stranger", sign(good, &STRANGER).into()),
        ("signed by a key in its own header", raw(&header(&own_key), good, &STRANGER).into()),
        ("signed by a key at its own address", raw(&header(&own_address), good, &STRANGER).into()),
        ("demands an extension", raw(&header(&json!({ "crit": ["exp"] })), good, &KEY).into()),
        ("without signature", format!("{}.{}.", parts[0], parts[1]).into()),
        ("signature cut", fine[..fine.len() - 4].into()),
        ("signature of another token", format!("{}.{admin}.{}", parts[0], parts[2]).into()),
        ("two parts", format!("{}.{}", parts[0], parts[1]).into()),
        ("four parts", format!("{fine}.x").into()),
        ("encrypted", "a.b.c.d.e".into()),
        ("empty", "".into()),
        ("not a token", "hello".into()),
        ("not a text", json!(7)),
        ("a list", json!([fine])),
        ("none", Value::Null),
    ]
}

/// What is wrong with each token's claims.
fn lies(issuer: &str) -> Vec<(&'static str, Value)> {
    let now = now().timestamp();
    vec![
        ("iss of another tenant", json!({ "iss": issuer.replace(TENANT, FOREIGN_TENANT) })),
        ("iss of version 1", json!({ "iss": format!("https://sts.windows.net/{TENANT}/") })),
        ("iss with a slash", json!({ "iss": format!("{issuer}/") })),
        ("iss in capitals", json!({ "iss": issuer.to_uppercase() })),
        ("iss missing", json!({ "iss": null })),
        ("aud another application", json!({ "aud": "0b9f1b3c-2c67-4a3e-8c1e-5f2b7a9d4e03" })),
        ("aud an API", json!({ "aud": format!("api://{}", crate::provider::CLIENT) })),
        ("aud ours and another's", json!({ "aud": [crate::provider::CLIENT, "other"] })),
        ("aud empty", json!({ "aud": [] })),
        ("aud missing", json!({ "aud": null })),
        ("tid another", json!({ "tid": FOREIGN_TENANT })),
        ("tid of nobody", json!({ "tid": "00000000-0000-0000-0000-000000000000" })),
        ("tid no GUID", json!({ "tid": "contoso" })),
        ("tid missing", json!({ "tid": null })),
        ("nonce missing", json!({ "nonce": null })),
        ("nonce empty", json!({ "nonce": "" })),
        ("nonce of another sign-in", json!({ "nonce": URL_SAFE_NO_PAD.encode([1; 32]) })),
        ("nonce a list", json!({ "nonce": ["x"] })),
        ("expired", json!({ "exp": now - 61 })),
        ("exp missing", json!({ "exp": null })),
        ("exp a text", json!({ "exp": "never" })),
        ("exp negative", json!({ "exp": -1 })),
        ("iat in the future", json!({ "iat": now + 61 })),
        ("iat long ago", json!({ "iat": now - 901 })),
        ("iat missing", json!({ "iat": null })),
        ("nbf in the future", json!({ "nbf": now + 61 })),
        ("nbf a text", json!({ "nbf": "x" })),
        ("oid missing", json!({ "oid": null })),
        ("oid no GUID", json!({ "oid": "ada@contoso.example" })),
        ("sub missing", json!({ "sub": null })),
        ("roles a text", json!({ "roles": "Admin" })),
        ("roles of another type", json!({ "roles": [1] })),
        ("a guest by idp", json!({ "idp": format!("https://sts.windows.net/{FOREIGN_TENANT}/") })),
        ("a guest by acct", json!({ "acct": 1 })),
        ("a guest by name", json!({ "preferred_username": "ada_fabrikam.example#EXT#@contoso.example" })),
    ]
}

#[tokio::test]
async fn no_forged_token_signs_anybody_in() {
    let world = World::new().await;
    let mut browser = Browser::default();
    let issuer = world.provider.person("", now())["iss"].as_str().unwrap().to_owned();
    let mut refused = 0;
    let wrong: Vec<&str> = forgeries(&world.provider.person("", now())).iter().map(|(name, _)| *name).collect();
    for index in 0..wrong.len() {
        let login = world.login(&mut browser).await;
        let good = world.provider.person(&login.query("nonce"), now());
        let (name, token) = forgeries(&good).swap_remove(index);
        world.provider.answer_token(token);
        let reply = world.come_back(&mut browser, &login).await;
        assert_eq!(reply.problem(), "not-trusted", "{name}");
        refused += 1;
    }
    for (name, changes) in lies(&issuer) {
        let reply = world.sign_in_with(&mut browser, &changes).await;
        let expected = match name {
            "tid another" | "tid of nobody" => "other-tenant",
            name if name.starts_with("a guest") => "guest",
            _ => "not-trusted",
        };
        assert_eq!(reply.problem(), expected, "{name}");
        refused += 1;
    }
    println!("{refused} forged tokens refused");
    assert!(refused >= 60);
    assert_eq!((browser.session(), browser.attempts().len()), (None, 0));
    assert_eq!(world.sessions().await, 0);
    // And the same host with a good one.
    assert_eq!(world.sign_in_with(&mut browser, &json!({})).await.location(), "/licences");
}
