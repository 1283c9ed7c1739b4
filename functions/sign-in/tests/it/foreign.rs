//! A sign-in host that others wrote: Authlib, by `tests/foreign/authlib/provider.py`.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use leitwarte_core::Uuid;
use leitwarte_core::auth_profile::Role;
use leitwarte_web::session::SessionId;
use serde_json::json;
use sign_in::{Deps, Sources};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::provider::{CLIENT, SECRET, TENANT};
use crate::rig::{Browser, HERE, config, get};

/// Starts it; its address.
async fn authlib() -> (String, Child) {
    let python = std::env::var("LEITWARTE_PYTHON").expect("LEITWARTE_PYTHON is not set: run `make test`");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/foreign/authlib/provider.py");
    let mut child = Command::new(python)
        .arg(script)
        .args(["--tenant", TENANT, "--client-id", CLIENT, "--client-secret", SECRET])
        .args(["--redirect-uri", &format!("{HERE}/api/v1/auth/callback")])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("the provider starts");
    let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
    let line = timeout(Duration::from_mins(1), lines.next_line()).await.expect("in time").unwrap().expect("a line");
    let port = line.strip_prefix("ready ").expect("it is ready");
    (format!("127.0.0.1:{port}"), child)
}

#[tokio::test]
async fn a_person_signs_in_at_a_provider_that_others_wrote() {
    let (host, _child) = authlib().await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("auth")).unwrap();
    let profile = json!({
        "tenant_id": TENANT, "client_id": CLIENT, "client_secret": SECRET, "authority_host": format!("http://{host}"),
    });
    let file = folder.path().join("auth/auth-foreign-profile.json");
    std::fs::write(&file, profile.to_string()).unwrap();
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let config = config(folder.path(), &host, HERE);
    let deps = Deps::open(&config, Sources::of_system()).await.unwrap();
    let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();

    let mut browser = Browser::default();
    let login = get(&deps, "/api/v1/auth/login?return=%2Fincidents", &mut browser).await;
    let answer = http.get(login.location()).send().await.unwrap();
    let back = answer.headers()["location"].to_str().unwrap().strip_prefix(HERE).unwrap().to_owned();
    let kept = browser.clone();
    let reply = get(&deps, &back, &mut browser).await;
    assert_eq!(reply.location(), "/incidents");

    let store =
        leitwarte_store::Config { database_url: config.database_url.clone(), read_only: true, max_connections: 1 };
    let store = leitwarte_store::Store::open(&store).await.unwrap();
    let id = SessionId::from_cookie(browser.session().unwrap()).unwrap();
    let session = store.session(&id.hash()).await.unwrap().unwrap();
    assert_eq!(session.name, "Grace Beispiel");
    assert_eq!(session.object_id, Uuid::parse_str("5a1f0e36-6a0e-4c58-9d0b-5e1f6d3a9c10").ok());
    assert_eq!(session.rights.into_iter().collect::<Vec<_>>(), [Role::Manage]);

    // Its code counts once, and its token for no other attempt.
    assert_eq!(get(&deps, &back, &mut kept.clone()).await.problem(), "not-trusted");
    let login = get(&deps, "/api/v1/auth/login", &mut browser).await;
    let answer = http.get(login.location()).send().await.unwrap();
    let back = answer.headers()["location"].to_str().unwrap().strip_prefix(HERE).unwrap().to_owned();
    let mut other = Browser::default();
    get(&deps, "/api/v1/auth/login", &mut other).await;
    assert_eq!(get(&deps, &back, &mut other).await.problem(), "attempt-lost");
}
