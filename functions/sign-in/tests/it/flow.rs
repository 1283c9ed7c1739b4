//! People sign in, at the simulator and at a host that answers what a test wants.

use std::collections::BTreeSet;
use std::sync::Arc;

use leitwarte_core::TimeDelta;
use leitwarte_core::auth_profile::Role;
use leitwarte_graph_simulator::{
    AccountKind, ApiApp, Clock, Config as SimulatorConfig, DemoPerson, RegisteredCertificate, SignInConfig, Simulator,
    rsa_certificate,
};
use leitwarte_web::session::SessionId;
use reqwest::Client;
use serde_json::json;
use sign_in::{Deps, Sources};

use crate::provider::{CLIENT, KEY, NEXT_KEY, SECRET, TENANT, sign};
use crate::rig::{Browser, Reply, World, config, get, now};

#[tokio::test]
async fn a_person_signs_in_and_lands_where_they_wanted_to_go() {
    let world = World::new().await;
    let mut browser = Browser::default();
    let reply = world.sign_in_with(&mut browser, &json!({ "roles": ["Licences.Manage"] })).await;
    assert_eq!(reply.location(), "/licences");
    assert_eq!(browser.attempts(), [""; 0], "the attempt is over");
    let id = SessionId::from_cookie(browser.session().unwrap()).unwrap();
    let session = world.store().await.session(&id.hash()).await.unwrap().unwrap();
    assert_eq!((session.name.as_str(), session.tenant_id.to_string()), ("Ada Muster", TENANT.to_owned()));
    assert_eq!(session.rights, BTreeSet::from([Role::Manage]));
    let exchanged = world.provider.exchanged().await;
    assert!(exchanged[0].contains("grant_type=authorization_code") && exchanged[0].contains("code_verifier="));
}

#[tokio::test]
async fn the_request_to_microsoft_has_everything_that_binds_the_answer_to_it() {
    let world = World::new().await;
    let mut browser = Browser::default();
    let login = world.login(&mut browser).await;
    assert_eq!(login.query("client_id"), CLIENT);
    assert_eq!(login.query("response_type"), "code");
    assert_eq!(login.query("response_mode"), "query");
    assert_eq!(login.query("redirect_uri"), "https://leitwarte.contoso.example/api/v1/auth/callback");
    assert_eq!(login.query("code_challenge_method"), "S256");
    assert_eq!(login.query("scope"), "openid profile");
    for name in ["state", "nonce", "code_challenge"] {
        assert_eq!(login.query(name).len(), 43, "{name} has 256 bits");
    }
    let again = world.login(&mut Browser::default()).await;
    for name in ["state", "nonce", "code_challenge"] {
        assert_ne!(login.query(name), again.query(name), "{name}");
    }
    assert!(!login.location().contains(SECRET));
    assert_eq!(login.query("prompt"), "");
    let anew = get(&world.deps, "/api/v1/auth/login?anew=1", &mut browser).await;
    assert_eq!(anew.query("prompt"), "select_account", "who was refused chooses another account");
}

#[tokio::test]
async fn several_tabs_sign_in_at_once() {
    let world = World::new().await;
    let mut browser = Browser::default();
    let (one, two) = (world.login(&mut browser).await, world.login(&mut browser).await);
    for login in [two, one] {
        let claims = world.provider.person(&login.query("nonce"), now());
        world.provider.answer_token(sign(&claims, &KEY));
        assert_eq!(world.come_back(&mut browser, &login).await.location(), "/licences");
    }
    assert_eq!(world.sessions().await, 1, "the first one's session ended with the second");
}

#[tokio::test]
async fn a_sign_in_begun_at_one_host_ends_at_another() {
    let world = World::new().await;
    let mut browser = Browser::default();
    let login = world.login(&mut browser).await;
    let claims = world.provider.person(&login.query("nonce"), now());
    world.provider.answer_token(sign(&claims, &KEY));
    let other = world.another_host(now).await;
    let address = format!("/api/v1/auth/callback?code=abc&state={}", login.query("state"));
    assert_eq!(get(&other, &address, &mut browser).await.location(), "/licences");
}

#[tokio::test]
async fn a_rotation_of_microsofts_keys_is_followed() {
    let world = World::new().await;
    let mut browser = Browser::default();
    world.provider.publish(vec![KEY.published()]);
    assert_eq!(world.sign_in_with(&mut browser, &json!({})).await.location(), "/licences");
    world.provider.publish(vec![NEXT_KEY.published()]);
    let login = world.login(&mut browser).await;
    let claims = world.provider.person(&login.query("nonce"), now());
    world.provider.answer_token(sign(&claims, &NEXT_KEY));
    assert_eq!(world.come_back(&mut browser, &login).await.location(), "/licences");
}

#[tokio::test]
async fn rights_are_what_entra_says_and_nothing_more() {
    let world = World::new().await;
    world.write_profile(&json!({ "client_secret": SECRET, "role_mapping": { "Support.Lead": "Licences.Manage" } }));
    for (roles, expected) in [
        (json!(null), vec![]),
        (json!([]), vec![]),
        (json!(["member", "owner", "admin", "ADMIN", "Licences.read"]), vec![]),
        (json!(["Licences.Read"]), vec![Role::Read]),
        (json!(["Support.Lead", "Something"]), vec![Role::Manage]),
        (json!(["Admin"]), vec![Role::Admin]),
    ] {
        let mut browser = Browser::default();
        world.sign_in_with(&mut browser, &json!({ "roles": roles })).await;
        let id = SessionId::from_cookie(browser.session().unwrap()).unwrap();
        let session = world.store().await.session(&id.hash()).await.unwrap().unwrap();
        assert_eq!(session.rights.into_iter().collect::<Vec<_>>(), expected, "{roles}");
    }
}

#[tokio::test]
async fn what_is_missing_on_our_side_is_told() {
    let world = World::new().await;
    let reason = async || get(&world.deps, "/api/v1/auth/login", &mut Browser::default()).await.problem().to_owned();
    for broken in [json!({}), json!({ "cert_path": "missing.pem" })] {
        world.write_profile(&broken);
        // A changed file is seen after a second; another host sees it at once.
        let host = world.another_host(now).await;
        let reply = get(&host, "/api/v1/auth/login", &mut Browser::default()).await;
        assert_eq!(reply.problem(), "not-set-up", "{broken}");
    }
    world.write_profile(&json!({ "client_secret": SECRET, "tenant_id": "44444444-5a5a-4f5a-9d53-0d7c6d1f6a44" }));
    assert_eq!(reason().await, "microsoft-unavailable", "that tenant's discovery document is not there");
}

/// The simulator with an application that shows a certificate.
struct Demo {
    simulator: Simulator,
    deps: Deps,
    http: Client,
    _folder: tempfile::TempDir,
}

const HOME: ApiApp =
    ApiApp { tenant_id: leitwarte_core::Uuid::from_u128(0x77), client_id: leitwarte_core::Uuid::from_u128(0x88) };

const PUBLIC: &str = "http://localhost:8080";

impl Demo {
    async fn start() -> Self {
        let at = Clock::system().now();
        let key = rsa_certificate("sign-in", at - TimeDelta::days(1), at + TimeDelta::days(30)).unwrap();
        let certificate = RegisteredCertificate::from_pem(&key.certificate_pem).unwrap();
        let sign_in = SignInConfig::demo(Arc::new(certificate)).reached_at(PUBLIC);
        let simulator = SimulatorConfig { api: Some(HOME), sign_in: Some(sign_in), ..SimulatorConfig::new(Vec::new()) };
        let simulator = Simulator::start(simulator).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let auth = folder.path().join("auth");
        std::fs::create_dir_all(&auth).unwrap();
        let profile = json!({
            "tenant_id": HOME.tenant_id, "client_id": HOME.client_id, "cert_path": "sign-in.pem",
            "authority_host": simulator.base_url(),
        });
        std::fs::write(auth.join("auth-demo-profile.json"), profile.to_string()).unwrap();
        let pem = folder.path().join("sign-in.pem");
        std::fs::write(&pem, key.pem).unwrap();
        std::fs::set_permissions(&pem, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        let config = config(folder.path(), simulator.host(), PUBLIC);
        let deps = Deps::open(&config, Sources::of_system()).await.unwrap();
        let http = Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { simulator, deps, http, _folder: folder }
    }

    /// Chooses a person at the sign-in page; the address the browser is sent to, or the page that it gets.
    async fn choose(&self, login: &Reply, person: &str) -> Result<String, String> {
        let page = self.http.get(login.location()).send().await.unwrap();
        assert_eq!(page.status(), 200);
        let page = page.text().await.unwrap();
        assert!(page.contains("Demo Manage") && page.contains("Licences.Manage"), "{page}");
        let address = url::Url::parse(login.location()).unwrap();
        let mut form: Vec<(String, String)> = address.query_pairs().into_owned().collect();
        form.push(("person".to_owned(), person.to_owned()));
        let mut action = address.clone();
        action.set_query(None);
        let answer = self.http.post(action).form(&form).send().await.unwrap();
        match answer.headers().get("location") {
            Some(location) => Ok(location.to_str().unwrap().strip_prefix(PUBLIC).unwrap().to_owned()),
            None => Err(answer.text().await.unwrap()),
        }
    }
}

fn person(name: &str) -> DemoPerson {
    DemoPerson::all().into_iter().find(|person| person.name == name).unwrap()
}

#[tokio::test]
async fn every_demo_person_signs_in_or_is_told_why_not() {
    let demo = Demo::start().await;
    for person in DemoPerson::all() {
        let mut browser = Browser::default();
        let login = get(&demo.deps, "/api/v1/auth/login", &mut browser).await;
        let chosen = demo.choose(&login, &person.object_id.to_string()).await;
        if person.account == AccountKind::Foreign {
            assert!(chosen.unwrap_err().contains("AADSTS50020"));
            continue;
        }
        let reply = get(&demo.deps, &chosen.unwrap(), &mut browser).await;
        match person.account {
            AccountKind::Guest => assert_eq!(reply.problem(), "guest"),
            _ => assert_eq!(reply.location(), "/overview", "{}", person.name),
        }
        assert_eq!(browser.0.contains_key("leitwarte"), person.account == AccountKind::Member, "{}", person.name);
    }
}

#[tokio::test]
async fn who_cancels_at_microsoft_is_told_so() {
    let demo = Demo::start().await;
    let mut browser = Browser::default();
    let login = get(&demo.deps, "/api/v1/auth/login", &mut browser).await;
    let back = demo.choose(&login, "cancel").await.unwrap();
    assert_eq!(get(&demo.deps, &back, &mut browser).await.problem(), "no-consent");
    assert_eq!(browser.0.len(), 0);
}

#[tokio::test]
async fn a_code_counts_once_and_for_its_own_attempt_alone() {
    let demo = Demo::start().await;
    let chosen = person("Demo Admin").object_id.to_string();
    let mut browser = Browser::default();
    // A code that was asked for with another PKCE challenge, put in by somebody in the middle.
    let mut attacker = Browser::default();
    let theirs = get(&demo.deps, "/api/v1/auth/login", &mut attacker).await;
    let stolen = demo.choose(&theirs, &chosen).await.unwrap();
    let stolen = url::Url::parse(PUBLIC).unwrap().join(&stolen).unwrap();
    let code = stolen.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned();
    let login = get(&demo.deps, "/api/v1/auth/login", &mut browser).await;
    let injected = format!("/api/v1/auth/callback?code={code}&state={}", login.query("state"));
    assert_eq!(get(&demo.deps, &injected, &mut browser).await.problem(), "not-trusted");

    let login = get(&demo.deps, "/api/v1/auth/login", &mut browser).await;
    let back = demo.choose(&login, &chosen).await.unwrap();
    let kept = browser.clone();
    assert_eq!(get(&demo.deps, &back, &mut browser).await.location(), "/overview");
    let mut replaying = kept;
    assert_eq!(get(&demo.deps, &back, &mut replaying).await.problem(), "not-trusted", "Entra takes no code twice");
    drop(demo.simulator);
}
