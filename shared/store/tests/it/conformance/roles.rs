//! Changes of roles: accepted, carried out, compared.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use leitwarte_core::retention::Retention;
use leitwarte_core::roles::operation::{Held, Phase};
use leitwarte_core::roles::protocol::Event;
use leitwarte_core::roles::standing::{Drift, Effect, OpenSessions, Side};
use leitwarte_core::roles::table::NO_ROLE;
use leitwarte_core::roles::wish::Wish;
use leitwarte_core::roles::words::{Problem, Refusal};
use leitwarte_core::roles::{Operation, RoleTable};
use leitwarte_store::{Account, Actor, Asked, Decided, FoundPerson, RolePerson, SignIn, Stepped, Store};
use uuid::Uuid;

use super::{Database, at};

const HOME: Uuid = Uuid::from_u128(1);
const ADMIN: Actor<'static> = Actor { person: None, who: "an administrator" };

/// A person signs in with these roles in the token.
async fn sign_in(store: &Store, number: u128, claims: &[&str], now: DateTime<Utc>) {
    let account = Account {
        tenant_id: HOME,
        object_id: Uuid::from_u128(number),
        user_name: format!("person{number}@contoso.example"),
        name: format!("Person {number}"),
    };
    let claims: Vec<String> = claims.iter().map(|&claim| claim.to_owned()).collect();
    let (rights, table) = (BTreeSet::new(), RoleTable::shipped());
    let session = format!("session of {number} at {now}");
    let sign_in = SignIn {
        account,
        claims: &claims,
        issued_at: now,
        table: &table,
        rights: &rights,
        id_hash: &session,
        attempt: &session,
        replaces: None,
    };
    store.sign_in(&sign_in, now).await.unwrap();
}

/// 1 finance, 2 head, 3 member; each has a session.
async fn three(store: &Store) {
    for (number, claim) in [(1, "vorstand_finanzen"), (2, "ressortleiter"), (3, "mitglied")] {
        sign_in(store, number, &[claim], at(0)).await;
    }
}

async fn person(store: &Store, number: i64) -> RolePerson {
    let people = store.role_people(HOME).await.unwrap();
    people.into_iter().find(|person| person.number == number).unwrap()
}

async fn standing(store: &Store, number: i64) -> (Option<String>, Option<String>) {
    let person = person(store, number).await;
    (person.role, person.ceiling)
}

fn roles(role: &str, ceiling: Option<&str>) -> (Option<String>, Option<String>) {
    (Some(role.to_owned()), ceiling.map(str::to_owned))
}

async fn has_session(store: &Store, number: i64) -> bool {
    store.session(&format!("session of {number} at {}", at(0))).await.unwrap().is_some()
}

async fn hand_over(store: &Store, who: i64, successor: i64, minutes: i64) -> Asked {
    let wish = Wish::HandOver { to: "member".to_owned(), successor };
    store.ask_for_role(&RoleTable::shipped(), (HOME, who), &wish, None, at(minutes)).await.unwrap()
}

async fn accepted(store: &Store) -> Operation {
    let Asked::Accepted(number) = hand_over(store, 1, 2, 1).await else { panic!("accepted") };
    store.role_operation(number).await.unwrap().unwrap()
}

async fn step(store: &Store, before: &Operation, event: Event) -> Operation {
    match store.step_role_operation(before, &event, at(2)).await.unwrap() {
        Stepped::Done(after) => after,
        Stepped::Overtaken(_) => panic!("overtaken"),
    }
}

pub async fn accepting_limits_at_once_and_touches_no_role(Database { store, .. }: &Database) {
    three(store).await;
    let operation = accepted(store).await;
    assert_eq!((operation.phase, operation.moves.len()), (Phase::Reading, 2));
    assert_eq!(standing(store, 1).await, roles("board_finance", Some("member")));
    assert_eq!(standing(store, 2).await, roles("head", Some("head")));
    assert!(!has_session(store, 1).await, "the demotion takes effect at once");
    assert!(has_session(store, 2).await, "nothing was taken from the successor");
    let log = store.audit_log(None, Some("person 1"), 10).await.unwrap();
    assert_eq!((log[0].action.as_str(), log[0].person), ("role-change-accepted", Some(1)));
}

pub async fn one_operation_for_each_person_and_each_office(Database { store, .. }: &Database) {
    three(store).await;
    let number = accepted(store).await.number;
    let under_way = Asked::Refused(Refusal::UnderWay { operation: number });
    assert_eq!(hand_over(store, 1, 3, 1).await, under_way, "the office is being handed over");
    let wish = Wish::Change { to: "alumni".to_owned() };
    let successor = store.ask_for_role(&RoleTable::shipped(), (HOME, 2), &wish, None, at(1)).await.unwrap();
    assert_eq!(successor, under_way);
    let third = store.ask_for_role(&RoleTable::shipped(), (HOME, 3), &wish, None, at(1)).await.unwrap();
    assert!(matches!(third, Asked::Accepted(_)), "{third:?}");
}

pub async fn of_two_who_race_for_an_office_one_is_told_of_the_other(database: &Database) {
    let store = &database.store;
    three(store).await;
    let other = database.other_program().await;
    let (one, two) = tokio::join!(hand_over(store, 1, 2, 1), hand_over(&other, 1, 3, 1));
    let accepted = [&one, &two].into_iter().filter(|asked| matches!(asked, Asked::Accepted(_))).count();
    let refused =
        [&one, &two].into_iter().filter(|asked| matches!(asked, Asked::Refused(Refusal::UnderWay { .. }))).count();
    assert_eq!((accepted, refused), (1, 1), "{one:?} {two:?}");
}

pub async fn a_wish_upon_an_old_version_or_without_an_object_id_changes_nothing(Database { store, .. }: &Database) {
    three(store).await;
    let table = RoleTable::shipped();
    let version = person(store, 2).await.version;
    let wish = Wish::Change { to: "alumni".to_owned() };
    let old = store.ask_for_role(&table, (HOME, 2), &wish, Some(version - 1), at(1)).await.unwrap();
    assert_eq!(old, Asked::Refused(Refusal::Changed));
    let elsewhere = store.ask_for_role(&table, (Uuid::from_u128(9), 2), &wish, None, at(1)).await.unwrap();
    assert_eq!(elsewhere, Asked::Refused(Refusal::UnknownPerson));
    let newcomer = ("new@contoso.example", "New");
    let number = store.remember_by_name(HOME, newcomer, "head").await.unwrap().unwrap();
    assert_eq!(store.remember_by_name(HOME, newcomer, "head").await.unwrap(), None);
    let missing = Asked::Refused(Refusal::MissingObjectId { name: "New".to_owned() });
    assert_eq!(hand_over(store, 1, number, 1).await, missing);
    assert!(store.role_operations_under_way(HOME).await.unwrap().is_empty());
    assert_eq!(
        (standing(store, 1).await, standing(store, 2).await),
        (roles("board_finance", None), roles("head", None))
    );
    assert!(has_session(store, 1).await);
}

pub async fn an_object_id_that_was_missing_is_stored_and_whoever_signed_in_meanwhile_is_one_person(
    Database { store, .. }: &Database,
) {
    three(store).await;
    let one = store.remember_by_name(HOME, ("one@contoso.example", "One"), "head").await.unwrap().unwrap();
    let two = store.remember_by_name(HOME, ("two@contoso.example", "Two"), "head").await.unwrap().unwrap();
    assert!(store.fill_object_id((HOME, one), Uuid::from_u128(21), at(1)).await.unwrap());
    assert_eq!(person(store, one).await.object_id, Some(Uuid::from_u128(21)));
    assert!(!store.fill_object_id((HOME, one), Uuid::from_u128(22), at(1)).await.unwrap(), "only what was missing");
    // Two is person 3, who has signed in by now.
    assert!(store.fill_object_id((HOME, two), Uuid::from_u128(3), at(1)).await.unwrap());
    let numbers: Vec<i64> = store.role_people(HOME).await.unwrap().iter().map(|person| person.number).collect();
    assert!(!numbers.contains(&two) && numbers.contains(&3), "{numbers:?}");
}

pub async fn a_decision_for_entra_gives_no_right_before_a_comparison_has_seen_it(Database { store, .. }: &Database) {
    three(store).await;
    let table = RoleTable::shipped();
    let drift = Drift::Differs { stored: Some("member".to_owned()), entra: "head".to_owned() };
    let people = [found(store, 3, vec![drift], Effect::Limit("member".to_owned())).await];
    store.record_reconciliation(HOME, &people, &[], at(1)).await.unwrap();
    let decided = store.decide_drift(&table, (HOME, 3), (Side::Entra, None), ADMIN, at(10)).await.unwrap();
    assert_eq!(decided, Decided::Stored);
    assert_eq!(standing(store, 3).await, roles("head", Some("member")), "Entra may say less by now");
    let people = [found(store, 3, vec![], Effect::Agree).await];
    store.record_reconciliation(HOME, &people, &[], at(11)).await.unwrap();
    assert_eq!(standing(store, 3).await, roles("head", None));
}

pub async fn people_are_told_once_of_a_change_that_stands_still_and_never_of_one_that_is_over(
    Database { store, .. }: &Database,
) {
    three(store).await;
    let stuck = async |store: &Store| {
        let committed = step(store, &accepted(store).await, Event::Committed).await;
        let problem = Problem::Entra { message: "503".to_owned(), fix: String::new() };
        step(store, &committed, Event::Trouble { problem }).await
    };
    let told = async |number, minutes| {
        store.tell_if_it_stands_still(number, &RoleTable::shipped(), at(minutes)).await.unwrap()
    };
    let operation = stuck(store).await;
    let number = operation.number;
    assert!(!told(number, 11).await, "not ten minutes yet");
    assert!(told(number, 12).await);
    assert!(!told(number, 13).await, "once is enough");
    let retention = Retention { polls: 60, history: 60, incidents: 60, messages: 60, audit: 60 };
    let forget = async |day: i64| store.forget_older(&retention, at(day * 24 * 60)).await.unwrap().messages;
    store.spread_messages(&[], at(14)).await.unwrap();
    assert_eq!(forget(61).await, 0, "or it would be told again");
    step(store, &operation, Event::Finished).await;
    assert!(!told(number, 60).await);
    assert_eq!(forget(63).await, 1);
    assert!(!told(number, 61).await, "it is over, whatever who asks has seen before");
}

pub async fn a_step_is_written_once_and_whoever_was_overtaken_learns_it(Database { store, .. }: &Database) {
    three(store).await;
    let operation = accepted(store).await;
    let held = |id: &str| vec![Held { id: id.to_owned(), value: None, direct: true }];
    let found = Event::Found { held: vec![held("a"), held("b")] };
    let after = step(store, &operation, found.clone()).await;
    assert_eq!(store.role_operation(operation.number).await.unwrap().unwrap(), after);
    let again = store.step_role_operation(&operation, &found, at(3)).await.unwrap();
    assert_eq!(again, Stepped::Overtaken(Some(after)));
    assert_eq!(store.role_steps(operation.number).await.unwrap().len(), 1);
}

pub async fn the_last_step_changes_roles_and_lifts_ceilings_and_locks(Database { store, .. }: &Database) {
    three(store).await;
    let operation = step(store, &accepted(store).await, Event::Committed).await;
    let operation = step(store, &operation, Event::Finished).await;
    assert_eq!((operation.phase, operation.ended_at), (Phase::Done, Some(at(2))));
    assert_eq!(standing(store, 1).await, roles("member", None));
    assert_eq!(standing(store, 2).await, roles("board_finance", None));
    assert!(!has_session(store, 2).await, "other rights, another session");
    assert!(store.role_operations_under_way(HOME).await.unwrap().is_empty());
    assert_eq!(person(store, 1).await.under_way, None);
    let history = store.role_operations(HOME, None, 10).await.unwrap();
    assert_eq!(history, [operation]);
}

pub async fn ones_own_changes_are_found_behind_any_number_of_others(Database { store, .. }: &Database) {
    three(store).await;
    let first = accepted(store).await;
    let over = step(store, &step(store, &first, Event::Committed).await, Event::Finished).await;
    let wish = Wish::Change { to: "alumni".to_owned() };
    let asked = store.ask_for_role(&RoleTable::shipped(), (HOME, 3), &wish, None, at(1)).await.unwrap();
    let Asked::Accepted(second) = asked else { panic!("{asked:?}") };
    assert_eq!(store.role_operations(HOME, None, 1).await.unwrap()[0].number, second);
    assert_eq!(store.role_operations_of(HOME, 1, 1).await.unwrap(), [over]);
    let numbers = store.role_operations_of(HOME, 3, 9).await.unwrap().into_iter().map(|one| one.number);
    assert_eq!(numbers.collect::<Vec<_>>(), [second]);
    assert_eq!(store.role_operations_of(Uuid::from_u128(9), 1, 9).await.unwrap(), []);
}

pub async fn one_that_is_given_up_leaves_everything_as_it_was(Database { store, .. }: &Database) {
    three(store).await;
    let operation = step(store, &accepted(store).await, Event::Failed { problem: Problem::TookTooLong }).await;
    let operation = step(store, &operation, Event::Aborted).await;
    assert_eq!((operation.phase, operation.problem), (Phase::Aborted, Some(Problem::TookTooLong)));
    assert_eq!(standing(store, 1).await, roles("board_finance", None));
    assert_eq!(standing(store, 2).await, roles("head", None));
    assert!(matches!(hand_over(store, 1, 2, 5).await, Asked::Accepted(_)), "it can be asked for again");
}

pub async fn what_was_revoked_before_is_known_to_the_next_operation(Database { store, .. }: &Database) {
    three(store).await;
    let operation = accepted(store).await;
    let operation = step(store, &operation, Event::Revoked { place: 0, id: "gone".to_owned() }).await;
    let operation = step(store, &operation, Event::Failed { problem: Problem::TookTooLong }).await;
    step(store, &operation, Event::Aborted).await;
    let Asked::Accepted(next) = hand_over(store, 1, 2, 5).await else { panic!("accepted") };
    let next = store.role_operation(next).await.unwrap().unwrap();
    assert_eq!(next.moves[0].gone, BTreeSet::from(["gone".to_owned()]));
    assert!(next.moves[1].gone.is_empty());
}

pub async fn d4_d6_a_sign_in_knows_people_by_their_account_and_gives_no_role(Database { store, .. }: &Database) {
    sign_in(store, 7, &[], at(0)).await;
    assert_eq!(standing(store, 1).await, (None, None));
    sign_in(store, 7, &["mitglied", "Licences.Read"], at(1)).await;
    assert_eq!(standing(store, 1).await, roles("member", None));
    sign_in(store, 7, &["vorstand_finanzen"], at(2)).await;
    assert_eq!(standing(store, 1).await, roles("member", None), "never raised");
    sign_in(store, 7, &[], at(3)).await;
    assert_eq!(standing(store, 1).await, roles("member", Some(NO_ROLE)), "lowered at once");
    let person = store.person_of_account(HOME, Uuid::from_u128(7)).await.unwrap().unwrap();
    assert_eq!((person.entra_roles, person.roles_as_of), (vec![], Some(at(3))));
}

pub async fn a_sign_in_changes_nothing_while_a_change_is_under_way_or_right_after(Database { store, .. }: &Database) {
    three(store).await;
    let operation = accepted(store).await;
    let before = standing(store, 1).await;
    sign_in(store, 1, &["mitglied"], at(2)).await;
    sign_in(store, 2, &[], at(2)).await;
    assert_eq!((standing(store, 1).await, standing(store, 2).await), (before, roles("head", Some("head"))));
    let operation = step(store, &operation, Event::Committed).await;
    step(store, &operation, Event::Finished).await;
    sign_in(store, 2, &["ressortleiter"], at(6)).await;
    assert_eq!(standing(store, 2).await, roles("board_finance", None), "the token may be older than the change");
    sign_in(store, 2, &["ressortleiter"], at(7)).await;
    assert_eq!(standing(store, 2).await, roles("board_finance", Some("head")));
}

async fn found(store: &Store, number: i64, drifts: Vec<Drift>, effect: Effect) -> FoundPerson {
    FoundPerson {
        person: number,
        version: person(store, number).await.version,
        drifts,
        effect,
        sessions: OpenSessions::Stay,
    }
}

fn differs(entra: &str) -> Drift {
    Drift::Differs { stored: Some("head".to_owned()), entra: entra.to_owned() }
}

pub async fn a_comparison_applies_the_lower_role_and_is_remembered(Database { store, .. }: &Database) {
    three(store).await;
    let lower = Effect::Limit("member".to_owned());
    let people = [found(store, 2, vec![differs("member")], lower.clone()).await];
    let vacant = ("board_external".to_owned(), Drift::Vacant { office: "board_external".to_owned() });
    store.record_reconciliation(HOME, &people, std::slice::from_ref(&vacant), at(1)).await.unwrap();
    assert_eq!(standing(store, 2).await, roles("head", Some("member")));
    assert!(!has_session(store, 2).await);
    // The same again: since when it is known does not change, and nothing is done twice.
    let version = person(store, 2).await.version;
    let people = [found(store, 2, vec![differs("member")], lower).await];
    store.record_reconciliation(HOME, &people, &[vacant], at(16)).await.unwrap();
    assert_eq!(person(store, 2).await.version, version);
    let findings = store.role_findings(HOME).await.unwrap();
    let findings: Vec<_> = findings.iter().map(|one| (one.person, one.since)).collect();
    assert_eq!(findings, [(None, at(1)), (Some(2), at(1))]);
    assert_eq!(store.last_reconciliation(HOME).await.unwrap().unwrap().at, at(16));
    // Both sides agree again.
    let people = [found(store, 2, vec![], Effect::Agree).await];
    store.record_reconciliation(HOME, &people, &[], at(31)).await.unwrap();
    assert_eq!(standing(store, 2).await, roles("head", None));
    assert!(store.role_findings(HOME).await.unwrap().is_empty());
}

pub async fn a_person_who_was_changed_meanwhile_is_not_judged(Database { store, .. }: &Database) {
    three(store).await;
    let people = [found(store, 2, vec![differs("member")], Effect::Limit("member".to_owned())).await];
    accepted(store).await;
    store.record_reconciliation(HOME, &people, &[], at(2)).await.unwrap();
    assert_eq!(standing(store, 2).await, roles("head", Some("head")));
    assert!(store.role_findings(HOME).await.unwrap().is_empty());
}

pub async fn a_decision_counts_only_for_what_was_seen(Database { store, .. }: &Database) {
    three(store).await;
    let table = RoleTable::shipped();
    let (seen, now) = (differs("member"), differs("alumni"));
    let people = [found(store, 2, vec![now.clone()], Effect::Limit("alumni".to_owned())).await];
    store.record_reconciliation(HOME, &people, &[], at(1)).await.unwrap();
    let decide = async |seen: &Drift| {
        store.decide_drift(&table, (HOME, 2), (Side::Entra, Some(seen)), ADMIN, at(3)).await.unwrap()
    };
    assert_eq!(decide(&seen).await, Decided::Changed(vec![now.clone()]));
    assert_eq!(standing(store, 2).await, roles("head", Some("alumni")));
    assert_eq!(decide(&now).await, Decided::Stored);
    assert_eq!(decide(&now).await, Decided::NoFinding);
}

pub async fn an_administrator_decides_which_side_holds(Database { store, .. }: &Database) {
    three(store).await;
    let table = RoleTable::shipped();
    let decide = async |person: i64, side: Side| {
        store.decide_drift(&table, (HOME, person), (side, None), ADMIN, at(3)).await.unwrap()
    };
    assert_eq!(decide(2, Side::Entra).await, Decided::NoFinding);
    let limit = || Effect::Limit("member".to_owned());
    let people = [
        found(store, 2, vec![differs("member")], limit()).await,
        found(store, 3, vec![Drift::NoRole { stored: "member".to_owned() }], Effect::Limit(NO_ROLE.to_owned())).await,
    ];
    store.record_reconciliation(HOME, &people, &[], at(1)).await.unwrap();
    assert_eq!(decide(2, Side::Entra).await, Decided::Stored);
    assert_eq!(standing(store, 2).await, roles("member", None));
    let Decided::Accepted(number) = decide(3, Side::Stored).await else { panic!("accepted") };
    let repair = store.role_operation(number).await.unwrap().unwrap();
    assert_eq!((repair.asked_by.as_str(), repair.moves[0].must_hold), ("an administrator", false));
    assert_eq!(standing(store, 3).await, roles("member", Some(NO_ROLE)), "until Entra says so");
    let repair = step(store, &repair, Event::Committed).await;
    step(store, &repair, Event::Finished).await;
    assert_eq!(standing(store, 3).await, roles("member", None));
}
