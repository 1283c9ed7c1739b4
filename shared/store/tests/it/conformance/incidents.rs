//! A shortage becomes one incident and one message, in the transaction of the poll that shows it.

use chrono::TimeDelta;
use leitwarte_core::incident::{Action, Closing, Phase};
use leitwarte_core::message::Message;
use leitwarte_core::rules::{Definition, Scope};
use leitwarte_store::{Acted, Attempt, Recorded, RuleSet, Store};
use uuid::Uuid;

use super::{Database, at, by, failure, record, register, stock};

/// `stock` has one licence in its grace period beside the enabled ones.
fn short(id: u128) -> leitwarte_core::stock::LicenceStock {
    stock(id, 10, 11)
}

fn plenty(id: u128) -> leitwarte_core::stock::LicenceStock {
    stock(id, 10, 3)
}

fn mail() -> Vec<String> {
    vec!["mail".to_owned()]
}

/// Subjects of what is to be sent on the channel `mail`, as words.
async fn due(store: &Store, minutes: i64) -> Vec<String> {
    store.spread_messages(&mail(), at(minutes)).await.unwrap();
    let due = store.due_deliveries(at(minutes)).await.unwrap();
    let shown = due.iter().map(|delivery| match &delivery.message {
        Message::Shortage(shortage) => format!("{} {} {:?}", shortage.incident, shortage.free, shortage.again),
        other => format!("{other:?}"),
    });
    shown.collect()
}

async fn send_all(store: &Store, minutes: i64) -> usize {
    let due = store.due_deliveries(at(minutes)).await.unwrap();
    let numbers: Vec<i64> = due.iter().map(|delivery| delivery.number).collect();
    let wanted = store.begin_attempt("mail", &numbers, "mark", at(minutes + 5)).await.unwrap();
    store.end_attempt("mail", &wanted, &Attempt::Sent, at(minutes)).await.unwrap();
    wanted.len()
}

pub async fn a_shortage_is_told_once_and_again_after_stock_was_back(Database { store, .. }: &Database) {
    register(store, &["contoso"]).await;
    let recorded = record(store, "contoso", 0, Ok(vec![short(1), plenty(2)])).await;
    assert_eq!(recorded, Recorded::Stored { changes: 2, opened: 1, closed: 0 });
    assert_eq!(due(store, 0).await, ["1 0 None"]);
    assert_eq!(send_all(store, 0).await, 1);
    for minutes in [5, 10, 15] {
        record(store, "contoso", minutes, Ok(vec![stock(1, 10, 12), plenty(2)])).await;
        assert!(due(store, minutes).await.is_empty(), "told already");
    }
    let recorded = record(store, "contoso", 20, Ok(vec![plenty(1), plenty(2)])).await;
    assert_eq!(recorded, Recorded::Stored { changes: 1, opened: 0, closed: 1 });
    record(store, "contoso", 25, Ok(vec![stock(1, 10, 13), plenty(2)])).await;
    assert_eq!(due(store, 25).await, ["2 -2 None"]);
    let incidents = store.incidents(10).await.unwrap();
    let shown: Vec<_> = incidents.iter().map(|stored| (stored.incident.number, stored.closed)).collect();
    assert_eq!(shown, [(2, None), (1, Some((at(20), Closing::Refilled)))]);
}

pub async fn of_a_tenant_closed_incidents_are_found_behind_any_number_of_others(Database { store, .. }: &Database) {
    register(store, &["contoso", "fabrikam"]).await;
    record(store, "contoso", 0, Ok(vec![short(1)])).await;
    record(store, "contoso", 5, Ok(vec![plenty(1)])).await;
    for round in 1..=5 {
        record(store, "fabrikam", 10 * round, Ok(vec![short(1)])).await;
        record(store, "fabrikam", 10 * round + 5, Ok(vec![plenty(1)])).await;
    }
    record(store, "contoso", 60, Ok(vec![short(2)])).await;
    let numbers = async |key: &str, closed| {
        let found = store.incidents_of_tenant(key, closed).await.unwrap();
        found.iter().map(|one| (one.incident.number, one.closed.is_some())).collect::<Vec<_>>()
    };
    assert_eq!(numbers("contoso", 2).await, [(7, false), (1, true)]);
    assert_eq!(numbers("contoso", 0).await, [(7, false)]);
    assert_eq!(numbers("fabrikam", 2).await, [(6, true), (5, true)]);
    assert_eq!(numbers("nobody", 2).await, []);
}

pub async fn a_failed_poll_opens_and_closes_nothing(Database { store, .. }: &Database) {
    register(store, &["contoso"]).await;
    record(store, "contoso", 0, Ok(vec![short(1)])).await;
    record(store, "contoso", 5, Err(failure("Refused."))).await;
    assert_eq!(store.incidents(10).await.unwrap().len(), 1);
    assert_eq!(store.incidents(10).await.unwrap()[0].closed, None);
}

pub async fn a_shortage_that_ends_before_it_was_told_is_not_told(Database { store, .. }: &Database) {
    register(store, &["contoso"]).await;
    record(store, "contoso", 0, Ok(vec![short(1), short(2)])).await;
    assert_eq!(due(store, 0).await.len(), 2);
    record(store, "contoso", 5, Ok(vec![plenty(1), short(2)])).await;
    assert_eq!(due(store, 5).await, ["2 0 None"]);
    record(store, "contoso", 10, Ok(vec![short(1), short(2), short(3)])).await;
    record(store, "contoso", 15, Ok(vec![short(1), short(2), plenty(3)])).await;
    assert_eq!(due(store, 15).await, ["2 0 None", "3 0 None"], "not even written to a channel");
}

pub async fn a_product_that_disappears_ends_its_incident(Database { store, .. }: &Database) {
    register(store, &["contoso"]).await;
    record(store, "contoso", 0, Ok(vec![short(1), plenty(2)])).await;
    record(store, "contoso", 5, Ok(vec![plenty(2)])).await;
    assert_eq!(store.incidents(10).await.unwrap()[0].closed, Some((at(5), Closing::Gone)));
}

pub async fn a10_without_monitoring_there_is_no_incident_and_with_it_there_is(Database { store, .. }: &Database) {
    register(store, &["contoso"]).await;
    let switch = |monitoring| {
        [leitwarte_core::sharepoint::plan::Switches { key: "contoso".to_owned(), enabled: true, monitoring }]
    };
    store.set_switches(&switch(false)).await.unwrap();
    record(store, "contoso", 0, Ok(vec![short(1)])).await;
    assert!(store.incidents(10).await.unwrap().is_empty());
    store.set_switches(&switch(true)).await.unwrap();
    let recorded = record(store, "contoso", 5, Ok(vec![short(1)])).await;
    assert_eq!(recorded, Recorded::Stored { changes: 0, opened: 1, closed: 0 }, "although nothing changed");
}

pub async fn what_people_do_is_kept_and_an_order_is_told_again_when_it_is_late(Database { store, .. }: &Database) {
    register(store, &["contoso"]).await;
    record(store, "contoso", 0, Ok(vec![short(1)])).await;
    due(store, 0).await;
    send_all(store, 0).await;
    let expected_on = (at(0) + TimeDelta::days(2)).date_naive();
    let order = Action::Order { quantity: 5, expected_on };
    let acted = store.act_on_incident(1, Some(1), order, by("ada"), at(1)).await.unwrap();
    let Acted::Done(after) = acted else { panic!("{acted:?}") };
    assert_eq!(after.incident.phase, Phase::Ordered { quantity: 5, expected_on });
    let late = store.act_on_incident(1, Some(1), Action::Reopen, by("bob"), at(2)).await.unwrap();
    assert_eq!(late, Acted::Changed(after.clone()), "whoever comes late learns how it is now");
    let log = store.audit_log(None, Some("1"), 10).await.unwrap();
    let log: Vec<_> = log.iter().map(|entry| (entry.action.as_str(), entry.who.as_str())).collect();
    assert_eq!(log, [("incident-ordered", "ada")], "what was done and nothing else");
    assert_eq!(store.incident(1).await.unwrap().unwrap().0, *after, "the answer is what is stored");

    let day = 24 * 60;
    record(store, "contoso", 2 * day, Ok(vec![short(1)])).await;
    assert!(due(store, 2 * day).await.is_empty(), "it may still come today");
    record(store, "contoso", 3 * day, Ok(vec![short(1)])).await;
    record(store, "contoso", 3 * day + 5, Ok(vec![short(1)])).await;
    assert_eq!(due(store, 3 * day + 5).await, ["1 0 Some(Overdue)"]);
    let (_, events) = store.incident(1).await.unwrap().unwrap();
    let told: Vec<_> = events.iter().map(|event| (event.what.as_str(), event.who.as_str())).collect();
    assert_eq!(told, [("opened", ""), ("ordered", "ada"), ("told", "")]);
}

pub async fn a_wish_about_no_or_a_closed_incident_says_so(Database { store, .. }: &Database) {
    register(store, &["contoso"]).await;
    let act = async || store.act_on_incident(1, None, Action::Acknowledge, by("ada"), at(1)).await.unwrap();
    assert_eq!(act().await, Acted::Unknown);
    record(store, "contoso", 0, Ok(vec![short(1)])).await;
    assert!(matches!(act().await, Acted::Done(_)));
    record(store, "contoso", 5, Ok(vec![plenty(1)])).await;
    assert_eq!(act().await, Acted::Closed);
}

pub async fn the_shortage_of_a_removed_tenant_is_not_listed_and_returns_with_it(Database { store, .. }: &Database) {
    register(store, &["contoso", "fabrikam"]).await;
    record(store, "contoso", 0, Ok(vec![short(1)])).await;
    store.register_profiles(vec![super::profile("fabrikam")], at(1)).await.unwrap();
    assert_eq!(store.incidents(0).await.unwrap(), []);
    register(store, &["contoso", "fabrikam"]).await;
    assert_eq!(store.incidents(0).await.unwrap().len(), 1);
}

pub async fn rules_decide_from_the_next_poll_on(Database { store, .. }: &Database) {
    register(store, &["contoso"]).await;
    record(store, "contoso", 0, Ok(vec![plenty(1)])).await;
    let scope = Scope { tenant: Some("contoso".to_owned()), sku: Some(Uuid::from_u128(1)) };
    let reserve = Definition { reserve: Some(8), ..Definition::default() };
    store.set_rule(&scope, &reserve, None, by("ada"), at(1)).await.unwrap();
    assert_eq!(store.rules().await.unwrap().exactly(&scope), reserve);
    record(store, "contoso", 5, Ok(vec![plenty(1)])).await;
    assert_eq!(store.incidents(0).await.unwrap().len(), 1);
    let excluded = Definition { excluded: Some("not needed".to_owned()), ..Definition::default() };
    store.set_rule(&scope, &excluded, None, by("ada"), at(6)).await.unwrap();
    record(store, "contoso", 10, Ok(vec![plenty(1)])).await;
    assert_eq!(store.incidents(1).await.unwrap()[0].closed, Some((at(10), Closing::NoLongerAlerts)));
    store.set_rule(&scope, &Definition::default(), None, by("ada"), at(11)).await.unwrap();
    assert_eq!(store.rules().await.unwrap().iter().count(), 0, "taken back");
}

pub async fn a_rule_is_changed_by_who_has_seen_it_and_stands_in_the_audit_log(Database { store, .. }: &Database) {
    let scope = Scope::default();
    let reserve = |reserve| Definition { reserve: Some(reserve), ..Definition::default() };
    let RuleSet::Done(first) = store.set_rule(&scope, &reserve(1), Some(0), by("ada"), at(1)).await.unwrap() else {
        panic!("nobody had set one")
    };
    assert_eq!((first.version(), &first.changed), (at(1).timestamp_millis(), &Some((at(1), "ada".to_owned()))));
    let late = store.set_rule(&scope, &reserve(2), Some(0), by("bob"), at(2)).await.unwrap();
    assert_eq!(late, RuleSet::Changed(first.clone()));
    // A clock that was set back makes no version that was there before.
    let again = store.set_rule(&scope, &reserve(3), Some(first.version()), by("bob"), at(0)).await.unwrap();
    assert!(matches!(&again, RuleSet::Done(rule) if rule.version() > first.version()), "{again:?}");
    assert_eq!(store.stored_rules().await.unwrap().len(), 1);
    let log = store.audit_log(None, None, 10).await.unwrap();
    assert_eq!(log.len(), 2);
    assert_eq!((log[0].action.as_str(), &log[0].detail["after"]["reserve"]), ("rule-set", &serde_json::json!(3)));
}

pub async fn a_message_waits_on_each_channel_by_itself(Database { store, .. }: &Database) {
    register(store, &["contoso"]).await;
    record(store, "contoso", 0, Ok(vec![short(1)])).await;
    let both = ["mail".to_owned(), "teams".to_owned()];
    assert_eq!(store.spread_messages(&both, at(0)).await.unwrap(), 1);
    assert_eq!(store.spread_messages(&both, at(0)).await.unwrap(), 0);
    send_all(store, 0).await;
    let waiting = store.due_deliveries(at(0)).await.unwrap();
    assert_eq!(waiting.iter().map(|delivery| delivery.channel.as_str()).collect::<Vec<_>>(), ["teams"]);
    let later = Attempt::Later { at: at(30), error: "no answer".to_owned(), unknown: false };
    store.begin_attempt("teams", &[1], "mark", at(5)).await.unwrap();
    store.end_attempt("teams", &[1], &later, at(1)).await.unwrap();
    assert!(store.due_deliveries(at(29)).await.unwrap().is_empty());
    let again = store.due_deliveries(at(30)).await.unwrap();
    assert_eq!((again[0].attempts, again[0].bundle.as_deref()), (1, None));
    let given_up = Attempt::GivenUp { error: "refused".to_owned() };
    store.end_attempt("teams", &[1], &given_up, at(31)).await.unwrap();
    let counts = store.outbox_counts().await.unwrap();
    assert_eq!((counts.waiting, counts.given_up), (0, 1));
}

pub async fn an_attempt_whose_end_nobody_saw_is_repeated_under_its_mark(Database { store, .. }: &Database) {
    register(store, &["contoso"]).await;
    record(store, "contoso", 0, Ok(vec![short(1)])).await;
    store.spread_messages(&mail(), at(0)).await.unwrap();
    assert_eq!(store.begin_attempt("mail", &[1, 99], "mark", at(5)).await.unwrap(), [1]);
    assert!(store.due_deliveries(at(4)).await.unwrap().is_empty());
    let again = store.due_deliveries(at(5)).await.unwrap();
    assert_eq!((again[0].attempts, again[0].bundle.as_deref()), (1, Some("mark")));
}

pub async fn without_a_channel_nobody_is_told_and_nothing_waits(Database { store, .. }: &Database) {
    register(store, &["contoso"]).await;
    record(store, "contoso", 0, Ok(vec![short(1)])).await;
    assert_eq!(store.spread_messages(&[], at(0)).await.unwrap(), 1);
    assert!(due(store, 1).await.is_empty(), "a channel that comes later does not tell old news");
}
