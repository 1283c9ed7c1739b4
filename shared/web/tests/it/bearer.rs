//! Bearer tokens against a sign-in host that publishes its keys as Entra does.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use leitwarte_core::hosts::AllowedHosts;
use leitwarte_core::{DateTime, TimeDelta, Utc};
use leitwarte_web::bearer::{Bearer, Refusal, TokenFault};
use leitwarte_web::permission::{Principal, PrincipalKind, Role, Via, Who};
use leitwarte_web::testing::{Authority, CLIENT, FOREIGN_TENANT, KEY, NEXT_KEY, TENANT, published, sign, with};
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

type Answering = fn() -> ResponseTemplate;

struct World {
    authority: Authority,
    bearer: Bearer,
    _profiles: tempfile::TempDir,
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

impl World {
    async fn new() -> Self {
        let authority = Authority::start().await;
        let profiles = tempfile::tempdir().unwrap();
        authority.write_profile(profiles.path());
        let hosts = AllowedHosts::parse(&authority.extra_hosts()).unwrap();
        Self { bearer: Bearer::new(profiles.path(), hosts).unwrap(), authority, _profiles: profiles }
    }

    fn person(&self) -> Value {
        self.authority.person(now())
    }

    async fn check_at(&self, token: &str, at: DateTime<Utc>) -> Result<Principal, Refusal> {
        let line = HeaderValue::from_str(&format!("Bearer {token}")).unwrap();
        self.bearer.authenticate(&HeaderMap::from_iter([(AUTHORIZATION, line)]), at).await
    }

    async fn check(&self, token: &str) -> Result<Principal, Refusal> {
        self.check_at(token, now()).await
    }

    /// Who a token with these changes to a person's claims is for.
    async fn principal(&self, changes: &Value) -> Principal {
        self.check(&sign(&with(self.person(), changes), &KEY)).await.unwrap()
    }

    /// Why a token is refused.
    async fn fault(&self, token: &str) -> TokenFault {
        match self.check(token).await {
            Err(Refusal::Token(fault)) => fault,
            other => panic!("{other:?}"),
        }
    }
}

fn base64(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

/// A token with any header and claims, signed over exactly those bytes with the right key.
fn sign_raw(header: &str, claims: &str) -> String {
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &KEY.encoding(), Algorithm::RS256).unwrap();
    format!("{message}.{signature}")
}

fn sign_as(algorithm: Algorithm, kid: Option<&str>, key: &EncodingKey, claims: &Value) -> String {
    let mut header = Header::new(algorithm);
    header.kid = kid.map(str::to_owned);
    jsonwebtoken::encode(&header, claims, key).unwrap()
}

#[tokio::test]
async fn a_persons_token_is_accepted_in_both_forms_of_the_audience() {
    let world = World::new().await;
    let who = Who {
        person: None,
        tenant_id: TENANT.parse().unwrap(),
        object_id: Some("11111111-0000-4000-8000-000000000001".parse().unwrap()),
        name: String::new(),
    };
    let expected = Principal { kind: PrincipalKind::HomePerson, roles: BTreeSet::new(), who, via: Via::Bearer };
    assert_eq!(world.principal(&json!({})).await, expected);
    assert_eq!(world.principal(&json!({ "aud": format!("api://{CLIENT}") })).await, expected);
    assert_eq!(world.principal(&json!({ "aud": ["other", CLIENT] })).await, expected);
}

#[tokio::test]
async fn roles_come_from_the_token() {
    let world = World::new().await;
    let roles = world.principal(&json!({ "roles": ["Licences.Read", "Admin", "Something.Else"] })).await.roles;
    assert_eq!(roles, BTreeSet::from([Role::Read, Role::Admin]));
}

#[tokio::test]
async fn the_callers_name_is_what_the_token_says_first() {
    let world = World::new().await;
    let claims = json!({ "name": "Ada\u{202e} Muster", "preferred_username": "ada@contoso.example" });
    assert_eq!(world.principal(&claims).await.who.name, "Ada Muster");
    let claims = json!({ "name": " ", "preferred_username": "ada@contoso.example" });
    assert_eq!(world.principal(&claims).await.who.name, "ada@contoso.example");
    assert_eq!(world.principal(&json!({ "oid": "not a GUID" })).await.who.object_id, None);
}

#[tokio::test]
async fn people_are_told_from_programs_and_guests() {
    let world = World::new().await;
    let id = "33333333-0000-4000-8000-000000000003";
    let home_idp = format!("https://sts.windows.net/{TENANT}/");
    for (changes, kind) in [
        (json!({}), PrincipalKind::HomePerson),
        (json!({ "scp": null }), PrincipalKind::HomePerson),
        (json!({ "oid": id, "sub": id }), PrincipalKind::HomePerson),
        (json!({ "idp": home_idp, "acct": 0 }), PrincipalKind::HomePerson),
        (json!({ "scp": null, "oid": id, "sub": id }), PrincipalKind::Other),
        (json!({ "scp": " ", "oid": id, "sub": id }), PrincipalKind::Other),
        (json!({ "scp": null, "oid": null }), PrincipalKind::Other),
        (json!({ "scp": null, "sub": null }), PrincipalKind::Other),
        (json!({ "idtyp": "app" }), PrincipalKind::Other),
        (json!({ "acct": 1 }), PrincipalKind::Other),
        (json!({ "idp": "live.com" }), PrincipalKind::Other),
        (json!({ "idp": format!("https://sts.windows.net/{FOREIGN_TENANT}/") }), PrincipalKind::Other),
    ] {
        assert_eq!(world.principal(&changes).await.kind, kind, "{changes}");
    }
}

#[tokio::test]
async fn clocks_may_be_a_minute_apart_and_no_more() {
    let world = World::new().await;
    let at = |seconds: i64| now().timestamp() + seconds;
    for changes in [json!({ "exp": at(-60) }), json!({ "nbf": at(60) }), json!({ "nbf": null })] {
        assert!(world.check(&sign(&with(world.person(), &changes), &KEY)).await.is_ok(), "{changes}");
    }
    let expired = sign(&with(world.person(), &json!({ "exp": at(-61) })), &KEY);
    assert_eq!(world.fault(&expired).await, TokenFault::Expired { seconds: 61 });
    let future = sign(&with(world.person(), &json!({ "nbf": at(61) })), &KEY);
    assert_eq!(world.fault(&future).await, TokenFault::NotYetValid { seconds: 61 });
}

#[tokio::test]
async fn claims_that_do_not_fit_are_refused_with_the_reason_for_the_log() {
    use TokenFault::{Audience, Issuer, Malformed, Tenant, VersionOne};
    let world = World::new().await;
    let base = world.authority.address();
    let issuer = |path: &str| json!({ "iss": format!("{base}/{path}") });
    for (changes, fault) in [
        (json!({ "aud": "api://other" }), Audience),
        (json!({ "aud": TENANT }), Audience),
        (json!({ "aud": format!("{CLIENT}/") }), Audience),
        (json!({ "aud": format!("https://{CLIENT}") }), Audience),
        (json!({ "aud": "" }), Audience),
        (json!({ "aud": [] }), Audience),
        (json!({ "aud": ["a", "b"] }), Audience),
        (json!({ "aud": null }), Malformed),
        (json!({ "aud": 5 }), Malformed),
        (json!({ "aud": "00000003-0000-0000-c000-000000000000" }), Audience),
        (issuer(&format!("{FOREIGN_TENANT}/v2.0")), Issuer),
        (issuer(&format!("{TENANT}/v2.0/")), Issuer),
        (issuer(TENANT), Issuer),
        (issuer("common/v2.0"), Issuer),
        (json!({ "iss": format!("https://login.microsoftonline.com/{TENANT}/v2.0") }), Issuer),
        (json!({ "iss": format!("https://sts.windows.net/{TENANT}/"), "ver": "1.0" }), VersionOne),
        (json!({ "iss": null }), Malformed),
        (json!({ "iss": [format!("{base}/{TENANT}/v2.0")] }), Malformed),
        (json!({ "tid": FOREIGN_TENANT }), Tenant),
        (json!({ "tid": "" }), Tenant),
        (json!({ "tid": 7 }), Malformed),
        (json!({ "tid": FOREIGN_TENANT, "iss": format!("{base}/{FOREIGN_TENANT}/v2.0") }), Tenant),
        (json!({ "exp": null }), Malformed),
        (json!({ "exp": "2040-01-01" }), Malformed),
        (json!({ "exp": 1.9e9 }), Malformed),
        (json!({ "exp": 99_999_999_999_999_999_999_u128.to_string() }), Malformed),
        (json!({ "exp": 0 }), TokenFault::Expired { seconds: now().timestamp() }),
        (json!({ "exp": -5 }), TokenFault::Expired { seconds: now().timestamp() + 5 }),
        (json!({ "nbf": "soon" }), Malformed),
        (json!({ "nbf": i64::MAX }), TokenFault::NotYetValid { seconds: i64::MAX - now().timestamp() }),
        (json!({ "roles": "Admin" }), Malformed),
        (json!({ "roles": [{ "Admin": true }] }), Malformed),
        (json!({ "scp": ["Admin"] }), Malformed),
    ] {
        assert_eq!(world.fault(&sign(&with(world.person(), &changes), &KEY)).await, fault, "{changes}");
    }
}

#[tokio::test]
async fn tokens_signed_in_any_other_way_are_refused() {
    use TokenFault::{Algorithm as WrongAlgorithm, Critical, Malformed, NoKeyId, Signature, UnknownKey};
    let world = World::new().await;
    let claims = world.person();
    let right = sign(&claims, &KEY);
    let (message, signature) = right.rsplit_once('.').unwrap();
    let payload = message.split('.').nth(1).unwrap();
    let published_pem = KEY.published()["n"].as_str().unwrap().to_owned();
    let hmac = EncodingKey::from_secret(published_pem.as_bytes());
    let hmac_of_pem = EncodingKey::from_secret(KEY.pem.as_bytes());
    let rsa = KEY.encoding();
    let kid = Some("key-1");
    let header = |value: Value| base64(&value);
    let text = claims.to_string();
    let admin = base64(&with(claims.clone(), &json!({ "roles": ["Admin"] })));
    let zeroes = URL_SAFE_NO_PAD.encode([0; 256]);
    for (what, token, fault) in [
        (
            "alg none, no signature",
            format!("{}.{payload}.", header(json!({ "alg": "none", "kid": "key-1" }))),
            Malformed,
        ),
        ("alg None", format!("{}.{payload}.{signature}", header(json!({ "alg": "None", "kid": "key-1" }))), Malformed),
        ("no alg", format!("{}.{payload}.{signature}", header(json!({ "kid": "key-1" }))), Malformed),
        ("HS256 with the public key", sign_as(Algorithm::HS256, kid, &hmac, &claims), WrongAlgorithm),
        ("HS256 with the key's PEM", sign_as(Algorithm::HS256, kid, &hmac_of_pem, &claims), WrongAlgorithm),
        ("HS512", sign_as(Algorithm::HS512, kid, &hmac, &claims), WrongAlgorithm),
        ("PS256", sign_as(Algorithm::PS256, kid, &rsa, &claims), WrongAlgorithm),
        ("RS384", sign_as(Algorithm::RS384, kid, &rsa, &claims), WrongAlgorithm),
        ("RS512", sign_as(Algorithm::RS512, kid, &rsa, &claims), WrongAlgorithm),
        ("unknown kid", sign_as(Algorithm::RS256, Some("other"), &rsa, &claims), UnknownKey),
        ("kid in another case", sign_as(Algorithm::RS256, Some("KEY-1"), &rsa, &claims), UnknownKey),
        ("path as kid", sign_as(Algorithm::RS256, Some("../../key-1"), &rsa, &claims), UnknownKey),
        ("no kid", sign_as(Algorithm::RS256, None, &rsa, &claims), NoKeyId),
        ("empty kid", sign_as(Algorithm::RS256, Some(""), &rsa, &claims), NoKeyId),
        ("kid is a number", sign_raw(r#"{"alg":"RS256","kid":1}"#, &text), Malformed),
        ("another key under our kid", sign_as(Algorithm::RS256, kid, &NEXT_KEY.encoding(), &claims), Signature),
        ("crit", sign_raw(r#"{"alg":"RS256","kid":"key-1","crit":["exp"]}"#, &text), Critical),
        ("unencoded payload", sign_raw(r#"{"alg":"RS256","kid":"key-1","b64":false,"crit":["b64"]}"#, &text), Critical),
        ("alg given twice", sign_raw(r#"{"alg":"none","alg":"RS256","kid":"key-1"}"#, &text), Malformed),
        (
            "claim given twice",
            sign_raw(r#"{"alg":"RS256","kid":"key-1"}"#, &text.replacen('{', r#"{"tid":"x","#, 1)),
            Malformed,
        ),
        ("claims are a list", sign_raw(r#"{"alg":"RS256","kid":"key-1"}"#, "[]"), Malformed),
        ("claims are no JSON", sign_raw(r#"{"alg":"RS256","kid":"key-1"}"#, "claims"), Malformed),
        ("changed claims", format!("{}.{admin}.{signature}", message.split('.').next().unwrap()), Signature),
        ("no signature", format!("{message}."), Signature),
        ("signature of zeroes", format!("{message}.{zeroes}"), Signature),
        ("signature cut", right[..right.len() - 4].to_owned(), Signature),
        (
            "signature of another token",
            {
                let other = sign(&with(claims.clone(), &json!({ "scp": "x" })), &KEY);
                format!("{message}.{}", other.rsplit_once('.').unwrap().1)
            },
            Signature,
        ),
        ("two parts", message.to_owned(), Malformed),
        ("four parts", format!("{right}.x"), Malformed),
        ("five parts, encrypted", format!("{right}.x.y"), Malformed),
        ("empty parts", "..".to_owned(), Malformed),
        ("garbage", "garbage".to_owned(), Malformed),
        ("garbage in parts", "a.b.c".to_owned(), Malformed),
        (
            "own key in the header",
            sign_raw(&json!({ "alg": "RS256", "kid": "mine", "jwk": KEY.published() }).to_string(), &text),
            UnknownKey,
        ),
        (
            "key address in the header",
            sign_raw(&json!({ "alg": "RS256", "kid": "mine", "jku": "http://127.0.0.1:1/keys" }).to_string(), &text),
            UnknownKey,
        ),
    ] {
        assert_eq!(world.fault(&token).await, fault, "{what}");
    }
    assert!(world.check(&right).await.is_ok(), "the token they were made from is good");
}

#[tokio::test]
async fn tokens_for_somebody_else_never_cause_a_fetch() {
    let world = World::new().await;
    for changes in [json!({ "tid": FOREIGN_TENANT }), json!({ "aud": "x" }), json!({ "iss": "x" }), json!({ "exp": 1 })]
    {
        let _ = world.check(&sign(&with(world.person(), &changes), &KEY)).await.unwrap_err();
    }
    assert_eq!(world.authority.asked().await, 0);
}

#[tokio::test]
async fn a_rotation_of_keys_is_followed_at_once() {
    let world = World::new().await;
    assert!(world.check(&sign(&world.person(), &KEY)).await.is_ok());
    world.authority.answer(published(&[&NEXT_KEY]));
    assert!(world.check(&sign(&world.person(), &KEY)).await.is_ok(), "nothing asks for new keys yet");
    assert!(world.check(&sign(&world.person(), &NEXT_KEY)).await.is_ok());
    let _ = world.check(&sign(&world.person(), &KEY)).await.expect_err("the old key is gone");
}

#[tokio::test]
async fn invented_key_ids_do_not_hammer_the_sign_in_host() {
    let world = World::new().await;
    for number in 0..200 {
        let kid = format!("junk-{number}");
        let token = sign_as(Algorithm::RS256, Some(&kid), &KEY.encoding(), &world.person());
        assert_eq!(world.fault(&token).await, TokenFault::UnknownKey);
    }
    assert_eq!(world.authority.asked().await, 5, "one first fetch and four for unknown ids");
    assert!(world.check(&sign(&world.person(), &KEY)).await.is_ok(), "good tokens are not affected");
}

#[tokio::test]
async fn callers_at_the_same_time_share_one_fetch() {
    let world = World::new().await;
    let token = sign(&world.person(), &KEY);
    let checks = (0..20).map(|_| world.check(&token));
    for result in futures::future::join_all(checks).await {
        assert!(result.is_ok());
    }
    assert_eq!(world.authority.asked().await, 1);
}

#[tokio::test]
async fn an_outage_of_the_sign_in_host_is_survived_with_the_last_keys() {
    let world = World::new().await;
    let later = |hours| now() + TimeDelta::hours(hours);
    let token_at = |at: DateTime<Utc>| sign(&world.authority.person(at), &KEY);
    assert!(world.check(&token_at(now())).await.is_ok());
    world.authority.answer(Box::new(|| ResponseTemplate::new(503)));
    for hours in [1, 25, 71] {
        assert!(world.check_at(&token_at(later(hours)), later(hours)).await.is_ok(), "after {hours} h");
    }
    let refused = world.check_at(&token_at(later(73)), later(73)).await.unwrap_err();
    assert!(matches!(refused, Refusal::KeysUnavailable(_)), "{refused:?}");
    world.authority.answer(published(&[&KEY]));
    assert!(world.check_at(&token_at(later(74)), later(74)).await.is_ok());
}

#[tokio::test]
async fn without_any_keys_nobody_is_let_in_and_the_host_is_asked_every_ten_seconds() {
    let world = World::new().await;
    let token = sign(&world.person(), &KEY);
    let bad: [(&str, Answering); 5] = [
        ("error", || ResponseTemplate::new(500)),
        ("HTML", || ResponseTemplate::new(200).set_body_string("<html>")),
        ("empty", || ResponseTemplate::new(200).set_body_json(json!({ "keys": [] }))),
        ("endless", || ResponseTemplate::new(200).set_body_bytes(vec![b' '; 300_000])),
        ("elsewhere", || ResponseTemplate::new(302).insert_header("Location", "/keys")),
    ];
    for (round, (what, respond)) in (0_i64..).zip(bad) {
        world.authority.answer(Box::new(respond));
        let at = now() + TimeDelta::seconds(10 * round);
        for _ in 0..3 {
            let refused = world.check_at(&token, at).await.unwrap_err();
            assert!(matches!(refused, Refusal::KeysUnavailable(_)), "{what}: {refused:?}");
        }
    }
    assert_eq!(world.authority.asked().await, bad.len());
}

#[tokio::test]
async fn the_answer_tells_nothing_of_the_reason_and_the_log_text_nothing_of_the_token() {
    let world = World::new().await;
    let token = sign(&with(world.person(), &json!({ "aud": "somebody-else" })), &KEY);
    let refusal = world.check(&token).await.unwrap_err();
    let log = refusal.to_string();
    assert!(log.contains("audience") && !log.contains("somebody-else"), "{log}");
    let answer = refusal.problem().into_answer("r");
    assert_eq!(answer.status, 401);
    assert!(!answer.body_text().contains("audience"), "{}", answer.body_text());
}

#[tokio::test]
async fn without_a_profile_the_api_is_closed_and_says_which_file_to_create() {
    let empty = tempfile::tempdir().unwrap();
    let bearer = Bearer::new(empty.path(), AllowedHosts::default()).unwrap();
    let anonymous = bearer.authenticate(&HeaderMap::new(), now()).await.unwrap_err().problem().into_answer("r");
    assert_eq!(anonymous.status, 401);
    let token = HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_static("Bearer a.b.c"))]);
    let with_token = bearer.authenticate(&token, now()).await.unwrap_err().problem().into_answer("r");
    assert_eq!(with_token.status, 503);
    for answer in [anonymous, with_token] {
        assert!(answer.body_text().contains("create auth/auth-<name>-profile.json"), "{}", answer.body_text());
    }
}
