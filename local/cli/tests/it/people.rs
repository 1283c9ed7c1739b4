//! Sessions, and what is kept of a person, on the command line.

use std::collections::BTreeSet;
use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use clap::Parser as _;
use leitwarte_cli::{Cli, Context, Outcome, Settings, commands};
use leitwarte_core::Uuid;
use leitwarte_core::auth_profile::Role;
use leitwarte_core::roles::RoleTable;
use leitwarte_store::{Account, Config, SignIn, Store};
use serde_json::Value;

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

/// Runs a command line as the operator `otto`; what it printed and how it ended.
async fn leitwarte(folder: &Path, words: &[&str]) -> (String, Result<Outcome, String>) {
    let text = |name: &str| folder.join(name).display().to_string();
    let values = [("DATA_DIR", text("data")), ("PROFILES_DIR", text("config-profiles")), ("USER", "otto".to_owned())];
    let values = values.map(|(name, value)| (name.to_owned(), value));
    let context = Context { settings: Settings::new(values).unwrap(), now: now() + TimeDelta::minutes(5), width: 120 };
    let command = Cli::parse_from([&["leitwarte"], words].concat()).command;
    let mut out = Vec::new();
    let outcome = commands::run(command, &context, &mut out).await.map_err(|error| format!("{error:#}"));
    (anstream::adapter::strip_str(&String::from_utf8(out).unwrap()).to_string(), outcome)
}

/// Ada (person 1), who is an administrator, and two called Bob.
async fn three(folder: &Path) -> Store {
    std::fs::create_dir_all(folder.join("config-profiles")).unwrap();
    std::fs::create_dir_all(folder.join("data")).unwrap();
    std::fs::write(folder.join("config-profiles/config-contoso-profile.json"), "{}").unwrap();
    let database_url = format!("sqlite://{}", folder.join("data/leitwarte.db").display());
    let store = Store::open(&Config { database_url, read_only: false, max_connections: 1 }).await.unwrap();
    for (object_id, name, rights) in [(7, "Ada", vec![Role::Admin]), (8, "Bob", vec![]), (9, "Bob", vec![])] {
        let account = Account {
            tenant_id: Uuid::from_u128(1),
            object_id: Uuid::from_u128(object_id),
            user_name: format!("{name}{object_id}@contoso.example"),
            name: name.to_owned(),
        };
        let (rights, table) = (rights.into_iter().collect::<BTreeSet<_>>(), RoleTable::default());
        let sign_in = SignIn {
            account,
            claims: &[],
            issued_at: now(),
            table: &table,
            rights: &rights,
            id_hash: &object_id.to_string(),
            attempt: &object_id.to_string(),
            replaces: None,
        };
        store.sign_in(&sign_in, now()).await.unwrap();
    }
    store
}

#[tokio::test]
async fn who_is_signed_in_is_shown_and_sessions_are_ended_by_the_operator() {
    let folder = tempfile::tempdir().unwrap();
    let store = three(folder.path()).await;
    let (text, outcome) = leitwarte(folder.path(), &["sessions"]).await;
    assert!(text.contains("     1  Ada   5 min ago     5 min ago     Admin\n"), "{text}");
    assert!(text.contains("     2  Bob   5 min ago     5 min ago     may see\n"), "{text}");
    assert_eq!(outcome, Ok(Outcome::Well));
    let (text, outcome) = leitwarte(folder.path(), &["sessions", "end", "bob"]).await;
    assert!(text.contains("give the number: 2 (Bob8@contoso.example), 3 (Bob9@contoso.example)"), "{text}");
    assert_eq!(outcome, Ok(Outcome::Problem));
    let (text, outcome) = leitwarte(folder.path(), &["sessions", "end", "ada"]).await;
    assert!(text.starts_with("Ended 1 session of Ada (person 1)"), "{text}");
    assert_eq!(outcome, Ok(Outcome::Well));
    assert!(store.session("7").await.unwrap().is_none() && store.session("8").await.unwrap().is_some());
    let entry = store.audit_log(None, None, 1).await.unwrap().remove(0);
    assert_eq!(
        (entry.who.as_str(), entry.action.as_str(), entry.subject.as_str()),
        ("otto", "sessions-ended", "person 1")
    );
    let (text, _) = leitwarte(folder.path(), &["sessions", "end", "--all"]).await;
    assert!(text.starts_with("Ended 2 sessions"), "{text}");
    assert_eq!(leitwarte(folder.path(), &["sessions"]).await.0, "Nobody is signed in.\n");
}

#[tokio::test]
async fn what_is_kept_of_a_person_is_handed_over_and_erased() {
    let folder = tempfile::tempdir().unwrap();
    let store = three(folder.path()).await;
    let (text, outcome) = leitwarte(folder.path(), &["person", "export", "Ada7@contoso.example"]).await;
    let export: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((export["number"].as_i64(), export["name"].as_str()), (Some(1), Some("Ada")));
    assert_eq!(outcome, Ok(Outcome::Well));
    let (text, outcome) = leitwarte(folder.path(), &["person", "erase", "1"]).await;
    assert!(text.starts_with("Erased person 1: 1 session ended"), "{text}");
    assert_eq!(outcome, Ok(Outcome::Well));
    assert_eq!(store.people().await.unwrap().len(), 2);
    let (text, outcome) = leitwarte(folder.path(), &["person", "erase", "1"]).await;
    assert!(text.contains("nobody of the number or name `1`"), "{text}");
    assert_eq!(outcome, Ok(Outcome::Problem));
}
