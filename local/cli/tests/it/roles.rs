//! Roles on the command line.

use std::collections::BTreeSet;
use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use clap::Parser as _;
use leitwarte_cli::{Cli, Context, Outcome, Settings, commands};
use leitwarte_core::Uuid;
use leitwarte_core::roles::RoleTable;
use leitwarte_core::roles::standing::{Drift, Effect, OpenSessions};
use leitwarte_core::roles::table::SHIPPED;
use leitwarte_core::roles::wish::Wish;
use leitwarte_store::{Account, Asked, Config, FoundPerson, SignIn, Store};
use serde_json::json;

const HOME: Uuid = Uuid::from_u128(1);

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

/// Runs a command line; what it printed and how it ended.
async fn leitwarte(folder: &Path, words: &[&str]) -> (String, Result<Outcome, String>) {
    let values = [("DATA_DIR", folder.join("data")), ("PROFILES_DIR", folder.join("config-profiles"))];
    let values = values.map(|(name, value)| (name.to_owned(), value.display().to_string()));
    let context = Context { settings: Settings::new(values).unwrap(), now: now() + TimeDelta::hours(3), width: 120 };
    let command = Cli::parse_from([&["leitwarte", "roles"], words].concat()).command;
    let mut out = Vec::new();
    let outcome = commands::run(command, &context, &mut out).await.map_err(|error| format!("{error:#}"));
    (anstream::adapter::strip_str(&String::from_utf8(out).unwrap()).to_string(), outcome)
}

async fn installation(folder: &Path) -> Store {
    let roles = folder.join("config-profiles/roles");
    std::fs::create_dir_all(&roles).unwrap();
    std::fs::create_dir_all(folder.join("data")).unwrap();
    std::fs::write(folder.join("config-profiles/config-contoso-profile.json"), "{}").unwrap();
    std::fs::write(roles.join("roles.json"), SHIPPED).unwrap();
    let profile = json!({
        "tenant_id": HOME, "tenant_name": "contoso", "client_id": Uuid::from_u128(2), "cert_path": "roles.pem",
        "thumbprint": "A1B2C3D4E5F60718293A4B5C6D7E8F9012345678", "expires": "2030-01-01",
        "application_id": Uuid::from_u128(3),
    });
    std::fs::write(roles.join("role-sync-profile.json"), profile.to_string()).unwrap();
    let database_url = format!("sqlite://{}", folder.join("data/leitwarte.db").display());
    Store::open(&Config { database_url, read_only: false, max_connections: 1 }).await.unwrap()
}

async fn sign_in(store: &Store, object_id: u128, name: &str, claim: &str) {
    let account = Account {
        tenant_id: HOME,
        object_id: Uuid::from_u128(object_id),
        user_name: format!("{name}@contoso.example"),
        name: name.to_owned(),
    };
    let (rights, table) = (BTreeSet::new(), RoleTable::shipped());
    let sign_in = SignIn {
        account,
        claims: &[claim.to_owned()],
        issued_at: now(),
        table: &table,
        rights: &rights,
        id_hash: name,
        attempt: name,
        replaces: None,
    };
    store.sign_in(&sign_in, now()).await.unwrap();
}

#[tokio::test]
async fn what_the_last_comparison_found_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let store = installation(folder.path()).await;
    let (text, outcome) = leitwarte(folder.path(), &["check"]).await;
    assert!(text.contains("10 roles in roles.json, 0 people known.") && text.contains("yet"), "{text}");
    assert_eq!(outcome, Ok(Outcome::Well));
    sign_in(&store, 7, "Ada", "ressortleiter").await;
    let drifts = vec![Drift::Differs { stored: Some("head".to_owned()), entra: "member".to_owned() }];
    let found = FoundPerson {
        person: 1,
        version: 2,
        drifts,
        effect: Effect::Limit("member".to_owned()),
        sessions: OpenSessions::Stay,
    };
    store.record_reconciliation(HOME, &[found], &[], now()).await.unwrap();
    let (text, outcome) = leitwarte(folder.path(), &["check"]).await;
    assert!(text.contains("Ada: Here Head of department, in Entra ID Member."), "{text}");
    assert_eq!(outcome, Ok(Outcome::Problem));
}

#[tokio::test]
async fn changes_under_way_are_shown_with_their_steps() {
    let folder = tempfile::tempdir().unwrap();
    let store = installation(folder.path()).await;
    sign_in(&store, 7, "Ada", "ressortleiter").await;
    let wish = Wish::Change { to: "member".to_owned() };
    let asked = store.ask_for_role(&RoleTable::shipped(), (HOME, 1), &wish, None, now()).await.unwrap();
    assert_eq!(asked, Asked::Accepted(1));
    let (text, outcome) = leitwarte(folder.path(), &["operations"]).await;
    assert!(text.starts_with("1  Ada: Head of department → Member (under way, can still be given up)"), "{text}");
    assert_eq!(outcome, Ok(Outcome::Well));
}

#[tokio::test]
async fn a_broken_table_is_told_with_its_path() {
    let folder = tempfile::tempdir().unwrap();
    installation(folder.path()).await.close().await;
    let file = folder.path().join("config-profiles/roles/roles.json");
    std::fs::write(&file, SHIPPED.replace("\"mitglied\"", "\"alumni\"")).unwrap();
    let (_, outcome) = leitwarte(folder.path(), &["check"]).await;
    let error = outcome.unwrap_err();
    assert!(error.contains("roles/roles.json") && error.contains("is also that of"), "{error}");
}
