//! What Entra's token endpoint accepts and refuses.

use chrono::TimeDelta;
use jsonwebtoken::Algorithm;
use leitwarte_graph_simulator::Settings;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::rig::{CLIENT, CONTOSO, FABRIKAM, Key, Rig, sign_in_form};

async fn rig() -> Rig {
    Rig::start(Settings::default()).await
}

#[tokio::test]
async fn ps256_with_x5t_s256_signs_in_for_sixty_to_ninety_minutes() {
    let rig = rig().await;
    let granted = rig.sign_in(&rig.assertion(|_, _| {})).await.expect("a token");
    assert_eq!(granted["token_type"], "Bearer");
    assert!((3600..=5400).contains(&granted["expires_in"].as_u64().expect("seconds")));
}

#[tokio::test]
async fn rs256_with_x5t_signs_in() {
    let rig = rig().await;
    let assertion = rig.assertion(|header, _| {
        (header.alg, header.x5t_s256, header.x5t) = (Algorithm::RS256, None, Some(rig.key.x5t()));
    });
    assert!(rig.sign_in(&assertion).await.is_ok());
}

#[tokio::test]
async fn what_msal_sends_differently_is_accepted() {
    let rig = rig().await;
    let now = rig.now().timestamp();
    let assertion = rig.assertion(|header, claims| {
        header.x5t_s256 = header.x5t_s256.take().map(|thumbprint| format!("{thumbprint}="));
        header.x5c = Some(vec!["MIIB".to_owned()]);
        claims["iat"] = json!(f64::from(u32::try_from(now).expect("before 2106")) + 0.25);
        claims["exp"] = json!(f64::from(u32::try_from(now).expect("before 2106")) + 600.25);
        claims.as_object_mut().expect("claims").remove("nbf");
    });
    assert!(rig.sign_in(&assertion).await.is_ok());
    assert!(rig.sign_in(&assertion).await.is_ok(), "MSAL sends one assertion for nine minutes");
}

#[tokio::test]
async fn the_issuer_is_an_audience_too() {
    let rig = rig().await;
    let issuer = format!("{}/{CONTOSO}/v2.0", rig.simulator.base_url());
    assert!(rig.sign_in(&rig.assertion(|_, claims| claims["aud"] = json!(issuer))).await.is_ok());
}

#[tokio::test]
async fn the_audience_is_the_address_the_client_used() {
    let rig = rig().await;
    let by_name = rig.token_url(CONTOSO).replace("127.0.0.1", "localhost");
    let assertion = rig.assertion(|_, claims| claims["aud"] = json!(by_name));
    assert_eq!(rig.sign_in(&assertion).await, Err(700_023), "asked by address");
    let base = rig.simulator.base_url().replace("127.0.0.1", "localhost");
    let form = sign_in_form(&base, CLIENT, &assertion);
    let host = rig.simulator.host().replace("127.0.0.1", "localhost");
    let request = rig.http.post(rig.token_url(CONTOSO)).header("host", host).form(&form);
    assert_eq!(request.send().await.expect("an answer").status(), 200, "asked by name");
}

/// Each with the code Entra gives for it.
#[tokio::test]
async fn a_wrong_assertion_is_refused_with_entras_code() {
    let rig = rig().await;
    let now = rig.now().timestamp();
    let other = Key::valid(-1, 30);
    let forged = {
        let (header, claims) = rig.good(CONTOSO);
        jsonwebtoken::encode(&header, &claims, &other.secret).expect("signed")
    };
    let secret = jsonwebtoken::EncodingKey::from_secret(b"x");
    let symmetric = {
        let (mut header, claims) = rig.good(CONTOSO);
        header.alg = Algorithm::HS256;
        jsonwebtoken::encode(&header, &claims, &secret).expect("signed")
    };
    let without = |name: &'static str| {
        rig.assertion(move |_, claims| {
            claims.as_object_mut().expect("claims").remove(name);
        })
    };
    let cases = [
        ("signed by another key", 700_027, forged),
        ("a thumbprint nobody registered", 700_027, rig.assertion(|h, _| h.x5t_s256 = Some(other.x5t_s256()))),
        ("no thumbprint", 700_027, rig.assertion(|h, _| h.x5t_s256 = None)),
        ("PS256 with the SHA-1 thumbprint", 700_027, rig.assertion(|h, _| h.x5t_s256 = Some(rig.key.x5t()))),
        ("RS256 without x5t", 700_027, rig.assertion(|h, _| h.alg = Algorithm::RS256)),
        ("signed with a password", 5_002_738, symmetric),
        ("PS512", 5_002_738, rig.assertion(|h, _| h.alg = Algorithm::PS512)),
        ("another tenant's address", 700_023, rig.assertion(|_, c| c["aud"] = json!(rig.token_url(FABRIKAM)))),
        ("another host", 700_023, rig.assertion(|_, c| c["aud"] = json!("https://login.example/oauth2/v2.0/token"))),
        ("another issuer", 700_021, rig.assertion(|_, c| c["iss"] = json!(FABRIKAM))),
        ("another subject", 700_021, rig.assertion(|_, c| c["sub"] = json!(FABRIKAM))),
        (
            "over for six minutes",
            700_024,
            rig.assertion(|_, c| {
                c["nbf"] = json!(now - 900);
                c["exp"] = json!(now - 360);
            }),
        ),
        (
            "not yet for six minutes",
            700_024,
            rig.assertion(|_, c| {
                c["nbf"] = json!(now + 360);
                c["exp"] = json!(now + 900);
            }),
        ),
        ("issued in six minutes", 700_024, rig.assertion(|_, c| c["iat"] = json!(now + 360))),
        ("an hour long", 700_024, rig.assertion(|_, c| c["exp"] = json!(now + 3600))),
        ("no jti", 50_027, without("jti")),
        ("no exp", 50_027, without("exp")),
        ("no aud", 50_027, without("aud")),
        ("an empty jti", 50_027, rig.assertion(|_, c| c["jti"] = json!(""))),
        ("not a JWT", 50_027, "nonsense".to_owned()),
    ];
    for (what, code, assertion) in cases {
        assert_eq!(rig.sign_in(&assertion).await, Err(code), "{what}");
    }
}

#[tokio::test]
async fn four_minutes_of_wrong_clock_are_forgiven() {
    let rig = rig().await;
    for offset in [-240, 240] {
        let assertion = rig.assertion(|_, claims| {
            for name in ["nbf", "iat", "exp"] {
                claims[name] = json!(claims[name].as_i64().expect("seconds") + offset);
            }
        });
        assert!(rig.sign_in(&assertion).await.is_ok(), "{offset}");
    }
}

#[tokio::test]
async fn two_assertions_with_one_jti_are_one_too_many() {
    let rig = rig().await;
    let with_jti = |life: i64| {
        rig.assertion(|_, claims| {
            claims["jti"] = json!("always-the-same");
            claims["exp"] = json!(claims["nbf"].as_i64().expect("seconds") + life);
        })
    };
    assert!(rig.sign_in(&with_jti(600)).await.is_ok());
    assert_eq!(rig.sign_in(&with_jti(500)).await, Err(50_027));
}

#[tokio::test]
async fn a_strict_simulator_refuses_a_replay() {
    let rig = Rig::start(Settings { refuse_replay: true, ..Settings::default() }).await;
    let assertion = rig.assertion(|_, _| {});
    assert!(rig.sign_in(&assertion).await.is_ok());
    assert_eq!(rig.sign_in(&assertion).await, Err(50_027));
}

#[tokio::test]
async fn a_certificate_past_its_time_is_refused_even_though_it_is_registered() {
    let rig = rig().await;
    let old = Key::valid(-30, -1);
    rig.simulator.register("contoso", old.certificate.clone()).expect("known tenant");
    let (mut header, claims) = rig.good(CONTOSO);
    header.x5t_s256 = Some(old.x5t_s256());
    let assertion = jsonwebtoken::encode(&header, &claims, &old.secret).expect("signed");
    assert_eq!(rig.sign_in(&assertion).await, Err(1_000_502));
}

#[tokio::test]
async fn unknown_tenants_and_apps_are_told_apart() {
    let rig = rig().await;
    let assertion = rig.assertion(|_, _| {});
    let nobody = Uuid::from_u128(0x99);
    for (tenant, client, status, code, error) in
        [(nobody, CLIENT, 400, 90_002, "invalid_request"), (CONTOSO, nobody, 400, 700_016, "unauthorized_client")]
    {
        let response = rig.post_token(tenant, client, &assertion).await;
        assert_eq!(response.status(), status);
        let body: Value = response.json().await.expect("JSON");
        assert_eq!((&body["error_codes"], &body["error"]), (&json!([code]), &json!(error)));
    }
}

#[tokio::test]
async fn errors_have_entras_shape() {
    let rig = rig().await;
    let response = rig.post_token(CONTOSO, CLIENT, "nonsense").await;
    assert_eq!(response.status(), 401);
    let body: Value = response.json().await.expect("JSON");
    let mut names: Vec<&String> = body.as_object().expect("an object").keys().collect();
    names.sort();
    let documented =
        ["correlation_id", "error", "error_codes", "error_description", "error_uri", "timestamp", "trace_id"];
    assert_eq!(names, documented);
    assert!(body["error_description"].as_str().is_some_and(|text| text.starts_with("AADSTS50027: ")));
}

#[tokio::test]
async fn other_grants_and_scopes_are_refused() {
    let rig = rig().await;
    let base = rig.simulator.base_url().to_owned();
    let scope = format!("{base}/.default");
    let cases = [
        ("password", scope.as_str(), 70_003),
        ("client_credentials", "openid", 1_002_012),
        ("client_credentials", "https://graph.microsoft.com/.default", 500_011),
        ("client_credentials", "", 900_144),
        ("client_credentials", scope.as_str(), 7_000_218),
    ];
    for (grant, scope, code) in cases {
        let form = [("grant_type", grant), ("scope", scope), ("client_id", &CLIENT.to_string())];
        let response = rig.http.post(rig.token_url(CONTOSO)).form(&form).send().await.expect("an answer");
        let body: Value = response.json().await.expect("JSON");
        assert_eq!(body["error_codes"], json!([code]), "{grant} {scope}");
    }
}

#[tokio::test]
async fn a_token_ends_when_it_said_it_would() {
    let rig = Rig::start(Settings { token_lifetime_seconds: 60..=60, ..Settings::default() }).await;
    let token = rig.token(CONTOSO, CLIENT).await;
    assert_eq!(rig.get("/v1.0/subscribedSkus", &token).await.status(), 200);
    rig.pass(TimeDelta::seconds(61));
    assert_eq!(rig.get("/v1.0/subscribedSkus", &token).await.status(), 401);
}
