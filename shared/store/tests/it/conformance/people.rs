//! People, their sessions and the audit log.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use leitwarte_core::auth_profile::Role;
use leitwarte_core::roles::RoleTable;
use leitwarte_core::roles::standing::{Effect, OpenSessions};
use leitwarte_store::{Account, FoundPerson, SignIn, SignedIn, Store};
use serde_json::json;
use uuid::Uuid;

use super::{Database, at, by};

fn account(number: u128) -> Account {
    Account {
        tenant_id: Uuid::from_u128(1),
        object_id: Uuid::from_u128(number),
        user_name: "ada@contoso.example".to_owned(),
        name: "Ada Muster".to_owned(),
    }
}

/// Signs in with a session and a state of this name.
async fn sign_in(store: &Store, account: Account, rights: &[Role], name: &str, now: DateTime<Utc>) -> SignedIn {
    sign_in_again(store, account, rights, name, None, now).await
}

async fn sign_in_again(
    store: &Store,
    account: Account,
    rights: &[Role],
    name: &str,
    replaces: Option<&str>,
    now: DateTime<Utc>,
) -> SignedIn {
    let rights: BTreeSet<Role> = rights.iter().copied().collect();
    let attempt = format!("state of {name}");
    let table = RoleTable::default();
    let sign_in = SignIn {
        account,
        claims: &[],
        issued_at: now,
        table: &table,
        rights: &rights,
        id_hash: name,
        attempt: &attempt,
        replaces,
    };
    store.sign_in(&sign_in, now).await.unwrap()
}

async fn exists(store: &Store, session: &str) -> bool {
    store.session(session).await.unwrap().is_some()
}

pub async fn a_sign_in_begins_a_session_of_a_person_and_is_in_the_audit_log(Database { store, .. }: &Database) {
    assert_eq!(sign_in(store, account(7), &[Role::Manage], "a", at(0)).await, SignedIn::Done { person: 1 });
    let session = store.session("a").await.unwrap().unwrap();
    assert_eq!((session.person, session.object_id, session.name.as_str()), (1, Some(Uuid::from_u128(7)), "Ada Muster"));
    assert_eq!(session.rights, BTreeSet::from([Role::Manage]));
    assert_eq!((session.times.created_at, session.times.last_seen_at), (at(0), at(0)));
    assert_eq!(session.times.ends_at, at(0) + TimeDelta::hours(8));
    let person = store.person_of_account(Uuid::from_u128(1), Uuid::from_u128(7)).await.unwrap().unwrap();
    assert_eq!((person.first_sign_in_at, person.role, person.version), (Some(at(0)), None, 1));
    let log = store.audit_log(None, None, 10).await.unwrap();
    assert_eq!((log.len(), log[0].person, log[0].who.as_str(), log[0].at), (1, Some(1), "Ada Muster", at(0)));
    assert_eq!((log[0].action.as_str(), &log[0].detail), ("signed-in", &json!({ "rights": ["Licences.Manage"] })));
}

pub async fn an_account_is_tenant_and_object_id_and_never_a_name(Database { store, .. }: &Database) {
    sign_in(store, account(7), &[], "a", at(0)).await;
    let same_name = sign_in(store, account(8), &[], "b", at(1)).await;
    assert_eq!(same_name, SignedIn::Done { person: 2 });
    let elsewhere = Account { tenant_id: Uuid::from_u128(2), ..account(7) };
    assert_eq!(sign_in(store, elsewhere, &[], "c", at(2)).await, SignedIn::Done { person: 3 });
    let renamed = Account { name: "Ada Beispiel".to_owned(), ..account(7) };
    assert_eq!(sign_in(store, renamed, &[], "d", at(3)).await, SignedIn::Done { person: 1 });
    let people = store.people().await.unwrap();
    let names: Vec<_> = people.iter().map(|person| (person.number, person.name.as_str(), person.version)).collect();
    assert_eq!(names, [(1, "Ada Beispiel", 2), (2, "Ada Muster", 1), (3, "Ada Muster", 1)]);
    assert_eq!((people[0].first_sign_in_at, people[0].last_sign_in_at), (Some(at(0)), Some(at(3))));
}

pub async fn a_sign_in_that_came_back_once_comes_back_no_second_time(Database { store, .. }: &Database) {
    sign_in(store, account(7), &[], "a", at(0)).await;
    store.sign_out("a", at(1)).await.unwrap();
    assert_eq!(sign_in(store, account(7), &[], "a", at(2)).await, SignedIn::UsedBefore);
    assert!(!exists(store, "a").await);
    assert_eq!(store.audit_log(None, None, 10).await.unwrap().len(), 2, "in and out, and nothing more");
}

pub async fn the_session_this_browser_had_before_ends(Database { store, .. }: &Database) {
    sign_in(store, account(7), &[], "a", at(0)).await;
    sign_in(store, account(8), &[], "other browser", at(0)).await;
    sign_in_again(store, account(8), &[], "b", Some("a"), at(1)).await;
    assert!(!exists(store, "a").await);
    assert!(exists(store, "b").await && exists(store, "other browser").await);
}

pub async fn sessions_with_other_rights_end_and_those_with_the_same_stay(Database { store, .. }: &Database) {
    sign_in(store, account(7), &[Role::Admin], "admin", at(0)).await;
    sign_in(store, account(8), &[Role::Admin], "somebody else", at(0)).await;
    sign_in(store, account(7), &[Role::Read], "reads", at(1)).await;
    assert!(!exists(store, "admin").await, "the role was taken away at Entra");
    assert!(exists(store, "somebody else").await);
    sign_in(store, account(7), &[Role::Read], "phone", at(2)).await;
    assert!(exists(store, "reads").await && exists(store, "phone").await);
}

pub async fn use_is_written_down_once_a_minute_and_revives_nothing(Database { store, .. }: &Database) {
    sign_in(store, account(7), &[], "a", at(0)).await;
    let last_seen = async || store.session("a").await.unwrap().unwrap().times.last_seen_at;
    store.touch_session("a", at(0) + TimeDelta::seconds(59)).await.unwrap();
    assert_eq!(last_seen().await, at(0));
    store.touch_session("a", at(1)).await.unwrap();
    assert_eq!(last_seen().await, at(1));
    store.touch_session("a", at(31)).await.unwrap();
    assert_eq!(last_seen().await, at(1), "it was over by then");
    for minutes in (10..480).step_by(20) {
        store.touch_session("a", at(minutes)).await.unwrap();
    }
    store.touch_session("a", at(480)).await.unwrap();
    assert_eq!(last_seen().await, at(470), "it ends after eight hours");
    store.touch_session("nobody's", at(1)).await.unwrap();
}

pub async fn a_session_that_was_ended_is_gone(Database { store, .. }: &Database) {
    for name in ["a", "b"] {
        sign_in(store, account(7), &[], name, at(0)).await;
    }
    sign_in(store, account(8), &[], "c", at(0)).await;
    assert!(store.sign_out("a", at(1)).await.unwrap());
    assert!(!store.sign_out("a", at(1)).await.unwrap());
    assert!(!exists(store, "a").await && exists(store, "b").await);
    assert_eq!(store.audit_log(None, None, 1).await.unwrap()[0].action, "signed-out");
    let open = store.open_sessions(at(2)).await.unwrap();
    assert_eq!(open.iter().map(|one| one.person).collect::<Vec<_>>(), [1, 2]);
    assert!(store.open_sessions(at(30)).await.unwrap().is_empty(), "nobody has used them since");
    assert_eq!(store.end_sessions_of(1, by("operator"), at(2)).await.unwrap(), 1);
    assert!(!exists(store, "b").await && exists(store, "c").await);
    assert_eq!(store.end_sessions_of(1, by("operator"), at(3)).await.unwrap(), 0);
    assert_eq!(store.end_all_sessions(by("operator"), at(4)).await.unwrap(), 1);
    assert!(!exists(store, "c").await);
    let log = store.audit_log(None, None, 2).await.unwrap();
    let told: Vec<_> = log.iter().map(|one| (one.who.as_str(), one.action.as_str(), one.subject.as_str())).collect();
    assert_eq!(told, [("operator", "sessions-ended", ""), ("operator", "sessions-ended", "person 1")]);
}

pub async fn sessions_of_a_lost_account_or_right_end_whatever_the_version_is(Database { store, .. }: &Database) {
    let within = |begun_by| OpenSessions::Within { rights: BTreeSet::from([Role::Read]), begun_by };
    let compare = async |sessions| {
        let found = FoundPerson { person: 1, version: 99, drifts: vec![], effect: Effect::Keep, sessions };
        store.record_reconciliation(Uuid::from_u128(1), &[found], &[], at(10)).await.unwrap();
    };
    sign_in(store, account(7), &[Role::Read, Role::Admin], "admin", at(5)).await;
    sign_in(store, account(8), &[Role::Admin], "other", at(5)).await;
    compare(within(at(4))).await;
    assert!(exists(store, "admin").await, "the list may not show yet what this token says");
    compare(OpenSessions::Stay).await;
    compare(within(at(5))).await;
    assert!(!exists(store, "admin").await && exists(store, "other").await);
    sign_in(store, account(7), &[Role::Read], "reads", at(6)).await;
    compare(within(at(8))).await;
    assert!(exists(store, "reads").await, "it has no more than the person holds");
    compare(OpenSessions::End).await;
    assert!(!exists(store, "reads").await && exists(store, "other").await);
    let log = store.audit_log(None, Some("person 1"), 9).await.unwrap();
    assert_eq!(log.iter().filter(|one| one.action == "sessions-ended").count(), 2);
}

pub async fn what_is_over_is_forgotten_at_the_next_sign_in(Database { store, .. }: &Database) {
    sign_in(store, account(7), &[], "a", at(0)).await;
    sign_in(store, account(8), &[], "b", at(29)).await;
    assert!(exists(store, "a").await);
    sign_in(store, account(8), &[], "c", at(30)).await;
    assert!(!exists(store, "a").await && exists(store, "b").await);
}

pub async fn the_audit_log_is_read_backwards_in_parts_and_by_subject(Database { store, .. }: &Database) {
    for name in ["a", "b", "c"] {
        sign_in(store, account(7), &[], name, at(0)).await;
    }
    let numbers = async |before, subject, limit| -> Vec<i64> {
        store.audit_log(before, subject, limit).await.unwrap().iter().map(|entry| entry.number).collect()
    };
    assert_eq!(numbers(None, None, 2).await, [3, 2]);
    assert_eq!(numbers(Some(2), None, 2).await, [1]);
    assert_eq!(numbers(None, Some(""), 9).await, [3, 2, 1]);
    assert_eq!(numbers(None, Some("x"), 9).await, [0_i64; 0]);
}
