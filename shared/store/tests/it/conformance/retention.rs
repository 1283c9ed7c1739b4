//! What is old goes, and what is needed stays.

use std::collections::BTreeSet;

use leitwarte_core::change;
use leitwarte_core::retention::Retention;
use leitwarte_core::roles::RoleTable;
use leitwarte_core::roles::protocol::Event;
use leitwarte_core::roles::wish::Wish;
use leitwarte_core::roles::words::Problem;
use leitwarte_store::{Account, Attempt, CertificateKind, CertificateLook, Forgotten, SignIn, Store};
use uuid::Uuid;

use super::{Database, at, record, register, stock};

const DAY: i64 = 24 * 60;

/// Everything is kept for 60 days.
const RETENTION: Retention = Retention { polls: 60, history: 60, incidents: 60, messages: 60, audit: 60 };

/// Deletes what is old on a day, one row of a kind at a time, and says how much that was.
async fn forget(store: &Store, minutes: i64) -> Forgotten {
    let mut sum = Forgotten::default();
    loop {
        let one = store.forget(&RETENTION, at(minutes), 1).await.unwrap();
        if one == Forgotten::default() {
            return sum;
        }
        sum.polls += one.polls;
        sum.changes += one.changes;
        sum.incidents += one.incidents;
        sum.messages += one.messages;
        sum.audit += one.audit;
        sum.role_changes += one.role_changes;
        assert_replayed_is_current(store).await;
    }
}

async fn assert_replayed_is_current(store: &Store) {
    let history = store.history("contoso", None, at(-1)).await.unwrap();
    let changes: Vec<_> = history.into_iter().map(|entry| entry.change).collect();
    assert_eq!(change::apply(&[], &changes), store.snapshot("contoso").await.unwrap().unwrap().stock);
}

pub async fn old_history_goes_but_for_the_state_it_goes_on_from(Database { store, .. }: &Database) {
    register(store, &["contoso"]).await;
    for (day, consumed) in [(0, 1), (1, 2), (2, 3), (50, 4)] {
        record(store, "contoso", day * DAY, Ok(vec![stock(1, 10, consumed), stock(2, 10, 5)])).await;
    }
    let drawn = async || store.stock_history("contoso", at(2 * DAY + 1), at(62 * DAY + 1)).await.unwrap().unwrap();
    let before = drawn().await;
    assert_eq!(forget(store, 62 * DAY + 1).await.changes, 2);
    let left: Vec<_> = store.history("contoso", None, at(0)).await.unwrap().iter().map(|entry| entry.at).collect();
    assert_eq!(left, [at(0), at(2 * DAY), at(50 * DAY)], "of the second product the only change stays");
    assert_eq!(drawn().await, before, "what is younger looks as it did");
}

pub async fn a_product_that_went_long_ago_leaves_nothing_and_does_not_come_back(Database { store, .. }: &Database) {
    register(store, &["contoso"]).await;
    record(store, "contoso", 0, Ok(vec![stock(1, 10, 3), stock(2, 10, 5)])).await;
    record(store, "contoso", 5, Ok(vec![stock(1, 10, 3), stock(2, 10, 6)])).await;
    record(store, "contoso", 10, Ok(vec![stock(1, 10, 3)])).await;
    assert_eq!(forget(store, 61 * DAY).await.changes, 3);
    assert_eq!(store.history("contoso", None, at(0)).await.unwrap().len(), 1);
}

pub async fn a_shortage_that_is_over_goes_with_all_about_it_and_an_open_one_stays_however_old(
    Database { store, .. }: &Database,
) {
    register(store, &["contoso"]).await;
    record(store, "contoso", 0, Ok(vec![stock(1, 10, 12), stock(2, 10, 12)])).await;
    record(store, "contoso", 5, Ok(vec![stock(1, 10, 12), stock(2, 10, 1)])).await;
    store.spread_messages(&["mail".to_owned()], at(6)).await.unwrap();
    let open = store.incident(1).await.unwrap();
    assert_eq!(forget(store, 60 * DAY + 4).await.incidents, 0, "its time counts from its end");
    let gone = forget(store, 62 * DAY).await;
    assert_eq!((gone.incidents, gone.messages), (1, 0), "its message went with it");
    assert!(store.incident(2).await.unwrap().is_none());
    assert_eq!(store.incident(1).await.unwrap(), open);
    assert_eq!(store.due_deliveries(at(62 * DAY)).await.unwrap().len(), 1, "the message of the open one waits");
}

pub async fn messages_go_but_for_those_that_keep_others_from_being_told_again(Database { store, .. }: &Database) {
    register(store, &["contoso"]).await;
    let look = |fingerprint: &str| CertificateLook {
        kind: CertificateKind::Tenant,
        key: "contoso".to_owned(),
        owner: "contoso".to_owned(),
        certificate: Some((fingerprint.to_owned(), at(5 * DAY))),
        problem: None,
        note: None,
        told: true,
    };
    let looked = async |fingerprint: &str, minutes| {
        store.record_certificates(&[look(fingerprint)], at(minutes)).await.unwrap();
        store.spread_messages(&["mail".to_owned()], at(minutes)).await.unwrap();
        let due = store.due_deliveries(at(minutes)).await.unwrap();
        let numbers: Vec<i64> = due.iter().map(|delivery| delivery.number).collect();
        let wanted = store.begin_attempt("mail", &numbers, "mark", at(minutes + 5)).await.unwrap();
        store.end_attempt("mail", &wanted, &Attempt::Sent, at(minutes)).await.unwrap();
        numbers.len()
    };
    assert_eq!(looked("aa", 0).await, 1);
    assert_eq!(forget(store, 61 * DAY).await.messages, 0, "the certificate is still that of the profile");
    assert_eq!(looked("aa", 61 * DAY).await, 1, "now it has ended");
    assert_eq!(looked("bb", 62 * DAY).await, 1, "another one, which has ended, too");
    assert_eq!(forget(store, 124 * DAY).await.messages, 2, "nobody has the first one any more");
    assert_eq!(looked("bb", 124 * DAY).await, 0, "told already");
}

pub async fn the_audit_log_is_cut(Database { store, .. }: &Database) {
    register(store, &["contoso"]).await;
    for (name, minutes) in [("a", 0), ("b", 5 * DAY)] {
        let account = Account {
            tenant_id: Uuid::from_u128(1),
            object_id: Uuid::from_u128(2),
            user_name: "ada@contoso.example".to_owned(),
            name: "Ada Muster".to_owned(),
        };
        let sign_in = SignIn {
            account,
            claims: &[],
            issued_at: at(minutes),
            table: &RoleTable::default(),
            rights: &BTreeSet::new(),
            id_hash: name,
            attempt: name,
            replaces: None,
        };
        store.sign_in(&sign_in, at(minutes)).await.unwrap();
    }
    let entries = store.audit_log(None, None, 9).await.unwrap().len();
    assert_eq!(forget(store, 61 * DAY).await.audit, 1);
    assert_eq!(store.audit_log(None, None, 9).await.unwrap().len(), entries - 1);
}

pub async fn changes_of_roles_that_are_over_go_as_the_audit_log_does_and_others_stay(
    Database { store, .. }: &Database,
) {
    register(store, &["contoso"]).await;
    let table = RoleTable::shipped();
    for number in [1, 2] {
        let account = Account {
            tenant_id: Uuid::from_u128(1),
            object_id: Uuid::from_u128(number),
            user_name: format!("{number}@contoso.example"),
            name: format!("Person {number}"),
        };
        let name = number.to_string();
        let sign_in = SignIn {
            account,
            claims: &["ressortleiter".to_owned()],
            issued_at: at(0),
            table: &table,
            rights: &BTreeSet::new(),
            id_hash: &name,
            attempt: &name,
            replaces: None,
        };
        store.sign_in(&sign_in, at(0)).await.unwrap();
    }
    let wish = Wish::Change { to: "member".to_owned() };
    for person in [1, 2] {
        store.ask_for_role(&table, (Uuid::from_u128(1), person), &wish, None, at(1)).await.unwrap();
    }
    for event in [Event::Failed { problem: Problem::TookTooLong }, Event::Aborted] {
        let operation = store.role_operation(1).await.unwrap().unwrap();
        store.step_role_operation(&operation, &event, at(2)).await.unwrap();
    }
    assert_eq!(forget(store, 60 * DAY).await.role_changes, 0);
    assert_eq!(forget(store, 61 * DAY + 2).await.role_changes, 1);
    assert!(store.role_operation(1).await.unwrap().is_none() && store.role_steps(1).await.unwrap().is_empty());
    assert_eq!(store.role_operations_under_way(Uuid::from_u128(1)).await.unwrap(), [2]);
}

pub async fn it_is_looked_for_once_a_day_until_nothing_is_left(Database { store, .. }: &Database) {
    register(store, &["contoso"]).await;
    for (minutes, consumed) in [(0, 1), (5, 2), (10, 3), (15, 4)] {
        record(store, "contoso", minutes, Ok(vec![stock(1, 10, consumed)])).await;
    }
    let changes = async |minutes| store.forget(&RETENTION, at(minutes), 1).await.unwrap().changes;
    let old = 60 * DAY + 10;
    assert_eq!([changes(old).await, changes(old).await], [1, 0]);
    assert_eq!(changes(old + 60).await, 0, "not again on the same day, though more is old by then");
    assert_eq!([changes(old + DAY).await, changes(old + DAY).await, changes(old + DAY).await], [1, 1, 0]);
}
