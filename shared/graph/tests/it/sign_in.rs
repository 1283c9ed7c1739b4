//! Signing in: what is sent, how long tokens are kept, and what is done when Entra refuses.

use std::collections::HashMap;
use std::io::Write;
use std::sync::{Arc, Mutex};

use leitwarte_core::poll::FailureKind;
use leitwarte_core::profile::AssertionKind;
use leitwarte_graph::GraphError;
use serde_json::json;

use crate::support::stand_in::{Reply, StandIn, sku};
use crate::support::{Pair, Setup, minute, write};

fn form(body: &str) -> HashMap<String, String> {
    url::form_urlencoded::parse(body.as_bytes()).into_owned().collect()
}

/// A server whose token endpoint answers as told and whose Graph works.
async fn entra(token: impl Fn(usize) -> Reply + Send + Sync + 'static) -> StandIn {
    StandIn::scripted(
        move |request| {
            if request.method == "POST" { token(request.nth) } else { Reply::skus(&[sku(1, 10)]) }
        },
    )
    .await
}

#[tokio::test]
async fn the_form_is_that_of_the_client_credentials_flow() {
    let server = entra(|_| Reply::token("word")).await;
    let setup = Setup::new(&server.address);
    setup.poll().await.unwrap();
    let request = &server.requests("POST")[0];
    assert_eq!(request.target, "/00000000-0000-0000-0000-000000000001/oauth2/v2.0/token");
    assert_eq!(request.headers["content-type"], "application/x-www-form-urlencoded");
    let form = form(&request.body);
    assert_eq!(form["client_id"], "00000000-0000-0000-0000-0000c11e4700");
    assert_eq!(form["scope"], format!("{}/.default", server.address));
    assert_eq!(form["grant_type"], "client_credentials");
    assert_eq!(form["client_assertion_type"], "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    let header = jsonwebtoken::decode_header(&form["client_assertion"]).unwrap();
    assert_eq!((header.alg, header.x5t), (jsonwebtoken::Algorithm::PS256, None));
    assert_eq!(form.len(), 5);
}

#[tokio::test]
async fn the_older_signature_is_used_when_the_profile_says_so() {
    let server = entra(|_| Reply::token("word")).await;
    let setup = Setup::new(&server.address);
    let app = leitwarte_graph::AppRegistration { assertion: AssertionKind::Rs256, ..setup.app(1) };
    setup.client.sign_in(&app, &minute()).await.unwrap();
    let header = jsonwebtoken::decode_header(&form(&server.requests("POST")[0].body)["client_assertion"]).unwrap();
    assert_eq!((header.alg, header.x5t_s256), (jsonwebtoken::Algorithm::RS256, None));
}

#[tokio::test]
async fn one_sign_in_serves_many_polls_of_a_tenant_and_no_other_tenant() {
    let server = entra(|_| Reply::token("word")).await;
    let setup = Setup::new(&server.address);
    for _ in 0..3 {
        setup.poll().await.unwrap();
    }
    assert_eq!(server.requests("POST").len(), 1);
    setup.client.subscribed_skus(&setup.app(2), &minute()).await.unwrap();
    assert_eq!(server.requests("POST").len(), 2);
}

#[tokio::test]
async fn a_renewed_certificate_signs_in_anew() {
    let server = entra(|_| Reply::token("word")).await;
    let setup = Setup::new(&server.address);
    setup.poll().await.unwrap();
    let renewed = Pair::new((2026, 1, 1), (2028, 1, 1));
    write(&setup.profiles.path().join("contoso.pem"), renewed.pem().as_bytes(), 0o600);
    let app = leitwarte_graph::AppRegistration { thumbprint: renewed.thumbprint(), ..setup.app(1) };
    setup.client.subscribed_skus(&app, &minute()).await.unwrap();
    assert_eq!(server.requests("POST").len(), 2);
}

#[tokio::test]
async fn signing_in_alone_tells_how_long_the_token_lives_and_does_not_call_graph() {
    let server =
        entra(|_| Reply::json(200, &json!({"access_token": "word", "expires_in": "1800", "token_type": "Bearer"})))
            .await;
    let setup = Setup::new(&server.address);
    let signed_in = setup.client.sign_in(&setup.app(1), &minute()).await.unwrap();
    assert!((1790..=1800).contains(&signed_in.lifetime.as_secs()), "{signed_in:?}");
    assert!(server.requests("GET").is_empty());
}

#[tokio::test]
async fn a_refusal_is_explained_without_entras_prose_and_not_repeated() {
    for (code, kind) in [
        (700_016, FailureKind::SignIn),
        (700_023, FailureKind::SignIn),
        (90_002, FailureKind::SignIn),
        (1_000_502, FailureKind::CertificateExpired),
        (7_000_215, FailureKind::SignIn),
        (7_000_222, FailureKind::SignIn),
        (53_003, FailureKind::SignIn),
        (4_711, FailureKind::SignIn),
    ] {
        let server = entra(move |_| Reply::refusal(code)).await;
        let failure = Setup::new(&server.address).poll().await.unwrap_err().failure();
        assert_eq!(failure.kind, kind, "{code}");
        assert!(failure.message.contains(&format!("AADSTS{code}")), "{}", failure.message);
        assert!(failure.message.contains("11111111-2222-3333-4444-555555555555"), "{}", failure.message);
        assert!(!failure.message.contains("hunter2") && !failure.fix.contains("hunter2"), "{failure:?}");
        assert_eq!(server.requests("POST").len(), 1, "{code} was repeated");
    }
}

#[tokio::test]
async fn a_certificate_entra_does_not_accept_is_tried_once_more() {
    for code in [700_027, 700_024, 7_000_214] {
        let server = entra(move |nth| if nth == 0 { Reply::refusal(code) } else { Reply::token("word") }).await;
        let setup = Setup::new(&server.address);
        let budget = minute();
        assert!(setup.client.subscribed_skus(&setup.app(1), &budget).await.is_ok(), "{code}");
        assert_eq!((budget.spent().requests, budget.spent().retries), (3, 1));

        let server = entra(move |_| Reply::refusal(code)).await;
        let error = Setup::new(&server.address).poll().await.unwrap_err();
        assert!(matches!(&error, GraphError::SignIn(refusal) if refusal.codes == [code]), "{error}");
        assert_eq!(server.requests("POST").len(), 2, "{code}");
    }
}

#[tokio::test]
async fn the_second_try_reads_the_file_again() {
    let path = Arc::new(Mutex::new(None::<std::path::PathBuf>));
    let server = entra({
        let path = Arc::clone(&path);
        move |_| {
            // Somebody renews the certificate between the two tries, without touching the profile.
            let renewed = Pair::new((2026, 1, 1), (2028, 1, 1));
            write(path.lock().unwrap().as_ref().unwrap(), renewed.pem().as_bytes(), 0o600);
            Reply::refusal(700_027)
        }
    })
    .await;
    let setup = Setup::new(&server.address);
    *path.lock().unwrap() = Some(setup.profiles.path().join("contoso.pem"));
    let failure = setup.poll().await.unwrap_err().failure();
    assert_eq!(failure.kind, FailureKind::Certificate);
    assert!(failure.message.contains("the profile says"), "{}", failure.message);
    assert_eq!(server.requests("POST").len(), 1);
}

#[tokio::test]
async fn an_overloaded_entra_is_asked_again() {
    let server = entra(|nth| match nth {
        0 => Reply::json(400, &json!({"error": "temporarily_unavailable", "error_codes": [90_033]})),
        1 => Reply::status(503, &[]),
        2 => Reply::status(429, &[]),
        _ => Reply::token("word"),
    })
    .await;
    assert!(Setup::new(&server.address).poll().await.is_ok());
    assert_eq!(server.requests("POST").len(), 4);
}

#[tokio::test]
async fn every_try_signs_anew() {
    let server = entra(|nth| if nth == 0 { Reply::status(503, &[]) } else { Reply::token("word") }).await;
    Setup::new(&server.address).poll().await.unwrap();
    let assertions: Vec<String> =
        server.requests("POST").iter().map(|request| form(&request.body)["client_assertion"].clone()).collect();
    let claims = |assertion: &String| assertion.split('.').nth(1).unwrap().to_owned();
    assert_eq!(assertions.len(), 2);
    assert_ne!(claims(&assertions[0]), claims(&assertions[1]), "the same jti was sent twice");
}

#[tokio::test]
async fn an_unusable_token_answer_is_a_bad_answer() {
    for answer in [
        json!({"expires_in": 3599}),
        json!({"access_token": "", "expires_in": 3599}),
        json!({"access_token": "line\nbreak", "expires_in": 3599}),
        json!({"access_token": "word"}),
        json!({"access_token": "word", "expires_in": 0}),
        json!({"access_token": "word", "expires_in": "soon"}),
        json!({"access_token": 7, "expires_in": 3599}),
        json!([]),
    ] {
        let shown = answer.to_string();
        let server = entra(move |_| Reply::json(200, &answer)).await;
        let error = Setup::new(&server.address).poll().await.unwrap_err();
        assert_eq!(error.kind(), FailureKind::BadAnswer, "{shown}: {error}");
        assert!(server.requests("GET").is_empty());
    }
}

#[tokio::test]
async fn a_login_page_instead_of_entra_is_told_as_such() {
    for status in [200, 400] {
        let server = entra(move |_| Reply::html(status)).await;
        let failure = Setup::new(&server.address).poll().await.unwrap_err().failure();
        assert_eq!(failure.kind, FailureKind::BadAnswer);
        assert!(failure.message.contains("captive portal"), "{}", failure.message);
    }
}

/// What all crates would write with everything switched on.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a04_no_secret_body_or_query_reaches_our_log_and_the_request_id_does() {
    let server = StandIn::scripted(|request| match (request.method.as_str(), request.nth) {
        ("POST", _) => Reply::token("hunter2-token"),
        (_, 0) => Reply::status(503, &[("request-id", "4711-request")]),
        _ => Reply::json(403, &json!({"error": {"code": "Authorization_RequestDenied", "message": "hunter2-prose"}})),
    })
    .await;
    let setup = Setup::new(&server.address);
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);
    let failure = setup.poll().await.unwrap_err().failure();
    drop(guard);
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let ours: String = log.lines().filter(|line| line.contains("leitwarte_graph")).collect();
    assert!(ours.contains("4711-request"), "{log}");
    assert!(ours.contains("duration_ms"), "{log}");
    let assertion = form(&server.requests("POST")[0].body)["client_assertion"].clone();
    for text in [ours, failure.message, failure.fix] {
        for secret in ["hunter2", "$select", assertion.as_str()] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
    assert!(!log.contains("hunter2-token") && !log.contains(&assertion), "a library logs secrets: {log}");
}
