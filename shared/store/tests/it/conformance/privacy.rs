//! What is kept of a tenant can be handed over and erased, all of it.

use std::collections::BTreeSet;

use leitwarte_core::incident::Action;
use leitwarte_core::roles::RoleTable;
use leitwarte_core::roles::operation::Phase;
use leitwarte_core::roles::protocol::Event;
use leitwarte_core::roles::wish::Wish;
use leitwarte_core::roles::words::Problem;
use leitwarte_core::rules::{Definition, Scope};
use leitwarte_store::{Account, Actor, Asked, Erased, PersonErased, SignIn, Store};
use serde_json::Value;
use uuid::Uuid;

use super::{Database, at, by, profile, record, register, stock};

async fn filled(Database { store, .. }: &Database) {
    register(store, &["contoso", "fabrikam"]).await;
    for key in ["contoso", "fabrikam"] {
        record(store, key, 0, Ok(vec![stock(1, 10, 12)])).await;
        let scope = Scope { tenant: Some(key.to_owned()), sku: None };
        store
            .set_rule(&scope, &Definition { reserve: Some(1), ..Definition::default() }, None, super::by("ada"), at(1))
            .await
            .unwrap();
    }
    store.act_on_incident(1, None, Action::Acknowledge, super::by("ada"), at(1)).await.unwrap();
    store.spread_messages(&["mail".to_owned()], at(1)).await.unwrap();
}

pub async fn everything_kept_of_a_tenant_is_handed_over_and_nothing_of_another(database: &Database) {
    filled(database).await;
    let export = database.store.export_tenant("contoso").await.unwrap().unwrap();
    assert_eq!(export["tenant_name"], "contoso");
    let parts = ["stock", "history", "polls", "incidents", "messages", "rules"].map(|part| (part, 1));
    for (part, count) in parts.into_iter().chain([("audit_log", 2)]) {
        assert_eq!(export[part].as_array().unwrap().len(), count, "{part}");
    }
    assert!(!export.to_string().contains("fabrikam"), "{export}");
    assert_eq!(database.store.export_tenant("nobody").await.unwrap(), None);
}

pub async fn a_tenant_whose_profile_is_gone_is_handed_over_as_before(database: &Database) {
    filled(database).await;
    let store = &database.store;
    let before = store.export_tenant("contoso").await.unwrap().unwrap();
    assert_eq!(before["incidents"][0]["incident"]["closed_at"], serde_json::Value::Null);
    assert_eq!(before["messages"][0]["deliveries"][0]["channel"], "mail");
    store.register_profiles(vec![profile("fabrikam")], at(2)).await.unwrap();
    let after = store.export_tenant("contoso").await.unwrap();
    assert_eq!(after, Some(before), "who is erased next can be handed over first");
}

pub async fn a_tenant_is_erased_when_its_profile_is_gone_and_leaves_nothing(database: &Database) {
    filled(database).await;
    let store = &database.store;
    assert_eq!(store.erase_tenant("contoso").await.unwrap(), Erased::HasProfile);
    assert_eq!(store.erase_tenant("nobody").await.unwrap(), Erased::Unknown);
    store.register_profiles(vec![profile("fabrikam")], at(2)).await.unwrap();
    let erased = store.erase_tenant("contoso").await.unwrap();
    assert!(matches!(erased, Erased::Done { rows: 9.. }), "{erased:?}");
    assert_eq!(store.erase_tenant("contoso").await.unwrap(), Erased::Unknown);
    let contents = store.database().contents(&leitwarte_store::TABLES).await.unwrap();
    let rows: Vec<(&str, u64)> = contents.iter().map(|table| (table.table.as_str(), table.rows)).collect();
    for table in ["tenants", "stock", "stock_changes", "poll_runs", "incidents", "messages", "deliveries", "rules"] {
        assert!(rows.contains(&(table, 1)), "the other tenant's row stays in {table}, and no other: {rows:?}");
    }
    assert!(store.history("contoso", None, at(0)).await.unwrap().is_empty());
}

const HOME: Uuid = Uuid::from_u128(1);

async fn sign_in(store: &Store, number: u128, name: &str, claim: &str, minutes: i64) {
    let account = Account {
        tenant_id: HOME,
        object_id: Uuid::from_u128(number),
        user_name: format!("{number}@contoso.example"),
        name: name.to_owned(),
    };
    let (rights, table, session) = (BTreeSet::new(), RoleTable::shipped(), format!("{number} at {minutes}"));
    let sign_in = SignIn {
        account,
        claims: &[claim.to_owned()],
        issued_at: at(minutes),
        table: &table,
        rights: &rights,
        id_hash: &session,
        attempt: &session,
        replaces: None,
    };
    store.sign_in(&sign_in, at(minutes)).await.unwrap();
}

/// Ada (person 1, once called Eva) and a namesake (person 2) have each done something, and Ada has changed her role.
async fn ada_and_her_namesake(database: &Database) -> i64 {
    filled(database).await;
    let store = &database.store;
    sign_in(store, 7, "Eva Beispiel", "ressortleiter", 1).await;
    sign_in(store, 7, "Ada Muster", "ressortleiter", 2).await;
    sign_in(store, 8, "Ada Muster", "mitglied", 2).await;
    let (ada, namesake) = (Actor { person: Some(1), who: "Ada Muster" }, Actor { person: Some(2), who: "Ada Muster" });
    store.act_on_incident(1, None, Action::Reopen, ada, at(3)).await.unwrap();
    store.act_on_incident(2, None, Action::Acknowledge, namesake, at(4)).await.unwrap();
    let wish = Wish::Change { to: "member".to_owned() };
    let asked = store.ask_for_role(&RoleTable::shipped(), (HOME, 1), &wish, None, at(5)).await.unwrap();
    let Asked::Accepted(number) = asked else { panic!("{asked:?}") };
    number
}

pub async fn everything_kept_of_a_person_is_handed_over_and_nothing_of_a_namesake(database: &Database) {
    ada_and_her_namesake(database).await;
    sign_in(&database.store, 7, "Ada Muster", "ressortleiter", 6).await;
    let export = database.store.export_person(1).await.unwrap().unwrap();
    assert_eq!((&export["name"], &export["role"]), (&Value::from("Ada Muster"), &Value::from("head")));
    for (part, count) in [("sessions", 1), ("role_changes", 1), ("audit_log", 5)] {
        assert_eq!(export[part].as_array().unwrap().len(), count, "{part}: {export:#}");
    }
    assert_eq!(export["by_name"]["incident_events"].as_array().unwrap().len(), 1, "{export:#}");
    assert_eq!(export["by_name"]["role_operations"].as_array().unwrap().len(), 1, "{export:#}");
    assert_eq!(database.store.export_person(9).await.unwrap(), None);
}

pub async fn a_person_is_erased_and_the_name_stands_nowhere_but_for_a_namesake(database: &Database) {
    let number = ada_and_her_namesake(database).await;
    let store = &database.store;
    assert_eq!(store.erase_person(9, by("operator"), at(6)).await.unwrap(), PersonErased::Unknown);
    let refused = PersonErased::RoleChange { operation: number };
    assert_eq!(store.erase_person(1, by("operator"), at(6)).await.unwrap(), refused);
    let operation = store.role_operation(number).await.unwrap().unwrap();
    let failed = Event::Failed { problem: Problem::TookTooLong };
    store.step_role_operation(&operation, &failed, at(7)).await.unwrap();
    let operation = store.role_operation(number).await.unwrap().unwrap();
    store.step_role_operation(&operation, &Event::Aborted, at(7)).await.unwrap();
    assert_eq!(store.role_operation(number).await.unwrap().unwrap().phase, Phase::Aborted);
    assert_eq!(store.erase_person(1, by("operator"), at(8)).await.unwrap(), refused, "the next one may need it");
    sign_in(store, 7, "Ada Muster", "ressortleiter", 60).await;
    let erased = store.erase_person(1, by("operator"), at(68)).await.unwrap();
    assert!(matches!(erased, PersonErased::Done { sessions: 1.., rows: 5.. }), "{erased:?}");
    assert_eq!(store.people().await.unwrap().iter().map(|one| one.number).collect::<Vec<_>>(), [2]);
    assert!(store.role_operation(number).await.unwrap().is_none());
    let log = store.audit_log(None, None, 99).await.unwrap();
    assert_eq!((log[0].who.as_str(), log[0].action.as_str()), ("operator", "person-erased"));
    for entry in &log {
        let text = format!("{} {}", entry.who, entry.detail);
        let of_namesake = entry.person == Some(2);
        assert_eq!(text.contains("Ada Muster"), of_namesake, "{entry:?}");
        assert!(!text.contains("Eva Beispiel"), "{entry:?}");
    }
    let who = async |number| store.incident(number).await.unwrap().unwrap().1.last().unwrap().who.clone();
    assert_eq!((who(1).await, who(2).await), ("Person 1".to_owned(), "Ada Muster".to_owned()));
}
