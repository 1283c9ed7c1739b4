use uuid::Uuid;

use super::super::operation::Kind;
use super::super::table::RoleTable;
use super::seeing::ANSWERS_LAG;
use super::*;

const BEGIN: DateTime<Utc> = DateTime::UNIX_EPOCH;

/// 2 (head) takes over the finance office of 1, who becomes a member.
fn operation() -> Operation {
    let gains = Move::new(2, "Two", Uuid::from_u128(2), Some("head"), "board_finance");
    let gives = Move::new(1, "One", Uuid::from_u128(1), Some("board_finance"), "member");
    Operation {
        number: 1,
        version: 1,
        kind: Kind::HandOver,
        asked_by: "One".to_owned(),
        accepted_at: BEGIN,
        phase: Phase::Reading,
        progress_at: BEGIN,
        ended_at: None,
        moves: vec![gains, gives],
        problem: None,
        trouble: None,
    }
}

fn held(id: &str, value: &str) -> Held {
    Held { id: id.to_owned(), value: Some(value.to_owned()), direct: true }
}

fn sight(held: &[(&str, &str)]) -> Sight {
    Sight::Holds(held.iter().map(|(id, value)| self::held(id, value)).collect())
}

fn look(operation: &Operation, sights: &[Sight], seconds: i64) -> Seen {
    operation.seen(&RoleTable::shipped(), sights, ANSWERS_LAG, BEGIN + TimeDelta::seconds(seconds))
}

fn before() -> [Sight; 2] {
    [sight(&[("h2", "ressortleiter"), ("x", "Licences.Read")]), sight(&[("f1", "vorstand_finanzen")])]
}

fn step(operation: &mut Operation, event: Event) {
    operation.apply(event, BEGIN);
}

/// With both grants made.
fn granted() -> Operation {
    let mut operation = operation();
    let Seen::Event(found) = look(&operation, &before(), 0) else { panic!("found") };
    step(&mut operation, found);
    for (place, id) in [(0, "f2"), (1, "m1")] {
        step(&mut operation, Event::GrantIntended { place });
        step(&mut operation, Event::GrantMade { place, id: id.to_owned() });
    }
    operation
}

fn problem() -> Problem {
    Problem::Entra { message: "No.".to_owned(), fix: "Ask.".to_owned() }
}

#[test]
fn it_goes_through_every_step_in_the_order_that_keeps_the_promises() {
    let mut operation = operation();
    let mut tasks = Vec::new();
    let (mut two, mut one) = (vec![("h2", "ressortleiter")], vec![("f1", "vorstand_finanzen")]);
    loop {
        let task = operation.next(BEGIN);
        tasks.push(match &task {
            Task::Look => "look".to_owned(),
            Task::Grant { place } => format!("grant {place}"),
            Task::Revoke { id, .. } => format!("revoke {id}"),
            Task::Record(event) => serde_json::to_value(event).unwrap()["step"].as_str().unwrap().to_owned(),
            Task::Over => break,
        });
        let event = match task {
            Task::Record(event) => event,
            Task::Look => match look(&operation, &[sight(&two), sight(&one)], 0) {
                Seen::Event(event) => event,
                Seen::Wait => panic!("nothing to wait for"),
            },
            Task::Grant { place: 0 } => {
                two.push(("f2", "vorstand_finanzen"));
                Event::GrantMade { place: 0, id: "f2".to_owned() }
            }
            Task::Grant { place } => {
                one.push(("m1", "mitglied"));
                Event::GrantMade { place, id: "m1".to_owned() }
            }
            Task::Revoke { place, id } => {
                two.retain(|(held, _)| *held != id);
                one.retain(|(held, _)| *held != id);
                Event::Revoked { place, id }
            }
            Task::Over => break,
        };
        step(&mut operation, event);
    }
    assert_eq!(
        tasks.join(", "),
        "look, grant_intended, grant 0, grant_intended, grant 1, look, revoke h2, revoke f1, look"
    );
    assert_eq!(operation.phase, Phase::Done);
}

#[test]
fn a_role_through_a_group_is_refused_before_anything_is_sent() {
    let group = Sight::Holds(vec![Held { direct: false, ..held("g", "ressortleiter") }]);
    let [_, one] = before();
    let mut operation = operation();
    let Seen::Event(event) = look(&operation, &[group, one], 0) else { panic!("an event") };
    assert!(matches!(&event, Event::Failed { problem: Problem::ThroughGroup { role, .. } } if role == "head"));
    step(&mut operation, event);
    assert_eq!(operation.next(BEGIN), Task::Record(Event::Aborted));
}

#[test]
fn whoever_does_not_hold_the_role_in_entra_cannot_hand_it_over() {
    let [two, _] = before();
    let sights = [two, sight(&[("m", "mitglied")])];
    assert_eq!(look(&operation(), &sights, 64), Seen::Wait, "a list may lag behind");
    let seen = look(&operation(), &sights, 65);
    assert!(matches!(seen, Seen::Event(Event::Failed { problem: Problem::NotInEntra { .. } })), "{seen:?}");
}

#[test]
fn there_is_no_return_only_after_both_grants_were_seen() {
    let operation = granted();
    let one_of_both =
        [sight(&[("h2", "ressortleiter"), ("f2", "vorstand_finanzen")]), sight(&[("f1", "vorstand_finanzen")])];
    assert_eq!(look(&operation, &one_of_both, 10), Seen::Wait);
    let vanished = look(&operation, &one_of_both, 180);
    assert_eq!(vanished, Seen::Event(Event::GrantNotSeen { place: 1 }));
    let both = [sight(&[("f2", "vorstand_finanzen")]), sight(&[("m1", "mitglied")])];
    assert_eq!(look(&operation, &both, 10), Seen::Event(Event::Committed));
}

#[test]
fn a_lost_answer_is_looked_up_and_only_what_is_new_counts() {
    let mut operation = operation();
    operation.moves[1].gone.insert("m0".to_owned());
    let [two, _] = before();
    step(
        &mut operation,
        Event::Found { held: vec![vec![held("h2", "ressortleiter")], vec![held("f1", "vorstand_finanzen")]] },
    );
    step(&mut operation, Event::GrantMade { place: 0, id: "f2".to_owned() });
    step(&mut operation, Event::GrantIntended { place: 1 });
    let taken_over = operation.clone().taken_over();
    assert_eq!(taken_over.next(BEGIN), Task::Look, "another process may have sent it");
    let stale = [two.clone(), sight(&[("f1", "vorstand_finanzen"), ("m0", "mitglied")])];
    let seen = look(&taken_over, &stale, 0);
    assert_eq!(seen, Seen::Event(Event::GrantNotSeen { place: 1 }), "m0 is known to be gone");
    let sights = [two, sight(&[("f1", "vorstand_finanzen"), ("m1", "mitglied")])];
    let seen = look(&taken_over, &sights, 0);
    assert_eq!(seen, Seen::Event(Event::GrantSeen { place: 1, id: "m1".to_owned() }));
}

#[test]
fn one_that_exists_already_is_read_back_and_is_not_ours() {
    let mut operation = operation();
    let there_before = held("m9", "mitglied");
    step(
        &mut operation,
        Event::Found {
            held: vec![vec![held("h2", "ressortleiter")], vec![held("f1", "vorstand_finanzen"), there_before]],
        },
    );
    step(&mut operation, Event::GrantMade { place: 0, id: "f2".to_owned() });
    step(&mut operation, Event::GrantExists { place: 1 });
    let [two, _] = before();
    let sights = [two.clone(), sight(&[("f1", "vorstand_finanzen"), ("m9", "mitglied")])];
    let Seen::Event(event) = look(&operation, &sights, 0) else { panic!("an event") };
    step(&mut operation, event);
    assert_eq!(operation.moves[1].grant, Grant::Made { id: "m9".to_owned(), ours: false });
    // Given up now, it stays, and the successor's is taken back.
    step(&mut operation, Event::Failed { problem: problem() });
    assert_eq!(operation.next(BEGIN), Task::Revoke { place: 0, id: "f2".to_owned() });
    step(&mut operation, Event::Revoked { place: 0, id: "f2".to_owned() });
    assert_eq!(operation.next(BEGIN), Task::Record(Event::Aborted));
}

#[test]
fn before_the_point_of_no_return_a_permanent_failure_takes_back_and_after_it_only_waits() {
    let mut operation = granted();
    let event = operation.failed(&Task::Look, Fault::Final(problem()));
    assert_eq!(event, Event::Failed { problem: problem() });
    let mut committed = operation.clone();
    step(&mut committed, Event::Committed);
    assert_eq!(committed.failed(&Task::Look, Fault::Final(problem())), Event::Trouble { problem: problem() });
    step(&mut committed, Event::Failed { problem: problem() });
    assert_eq!(committed.phase, Phase::Revoking);
    step(&mut operation, event);
    assert_eq!(operation.next(BEGIN), Task::Revoke { place: 0, id: "f2".to_owned() });
}

#[test]
fn a_grant_of_which_nobody_knows_is_waited_for_while_undoing() {
    let mut operation = operation();
    step(
        &mut operation,
        Event::Found { held: vec![vec![held("h2", "ressortleiter")], vec![held("f1", "vorstand_finanzen")]] },
    );
    step(&mut operation, Event::GrantIntended { place: 0 });
    step(&mut operation, Event::GrantUncertain { place: 0, problem: problem() });
    step(&mut operation, Event::GrantNotSeen { place: 0 });
    step(&mut operation, Event::GrantRefused { place: 0, problem: problem() });
    assert_eq!(operation.next(BEGIN), Task::Look);
    assert_eq!(look(&operation, &before(), 64), Seen::Wait);
    assert_eq!(look(&operation, &before(), 65), Seen::Event(Event::NeverMade { place: 0 }));
    let late = [sight(&[("h2", "ressortleiter"), ("f2", "vorstand_finanzen")]), sight(&[])];
    let Seen::Event(event) = look(&operation, &late, 30) else { panic!("an event") };
    step(&mut operation, event);
    assert_eq!(operation.next(BEGIN), Task::Revoke { place: 0, id: "f2".to_owned() });
}

#[test]
fn the_result_is_looked_at_and_what_was_hidden_is_revoked_too() {
    let mut operation = granted();
    step(&mut operation, Event::Committed);
    step(&mut operation, Event::Revoked { place: 0, id: "h2".to_owned() });
    step(&mut operation, Event::Revoked { place: 1, id: "f1".to_owned() });
    let two = sight(&[("f2", "vorstand_finanzen"), ("h2", "ressortleiter")]);
    let more = [two.clone(), sight(&[("m1", "mitglied"), ("a1", "alumni"), ("x", "Licences.Read")])];
    let Seen::Event(event) = look(&operation, &more, 0) else { panic!("an event") };
    assert_eq!(event, Event::More { place: 1, held: vec![held("a1", "alumni")] });
    step(&mut operation, event);
    assert_eq!(operation.next(BEGIN), Task::Revoke { place: 1, id: "a1".to_owned() });
    step(&mut operation, Event::Revoked { place: 1, id: "a1".to_owned() });
    assert_eq!(look(&operation, &[two, sight(&[("m1", "mitglied")])], 0), Seen::Event(Event::Finished));
}

#[test]
fn an_hour_without_getting_through_ends_it_but_only_before_the_point_of_no_return() {
    let mut operation = granted();
    let later = BEGIN + GIVE_UP_AFTER + TimeDelta::seconds(1);
    assert_eq!(operation.next(later), Task::Record(Event::Failed { problem: Problem::TookTooLong }));
    step(&mut operation, Event::Committed);
    assert_eq!(operation.next(later), Task::Revoke { place: 0, id: "h2".to_owned() });
}

#[test]
fn an_account_that_is_gone_ends_it() {
    let [_, one] = before();
    let seen = look(&operation(), &[Sight::NoAccount, one], 0);
    assert_eq!(seen, Seen::Event(Event::Failed { problem: Problem::AccountGone { name: "Two".to_owned() } }));
    let mut operation = granted();
    step(&mut operation, Event::Committed);
    step(&mut operation, Event::Revoked { place: 0, id: "h2".to_owned() });
    step(&mut operation, Event::Revoked { place: 1, id: "f1".to_owned() });
    let sights = [sight(&[("f2", "vorstand_finanzen")]), Sight::NoAccount];
    assert_eq!(look(&operation, &sights, 0), Seen::Event(Event::Finished));
}

#[test]
fn while_undoing_what_nobody_knows_of_comes_before_what_is_taken_back() {
    let mut operation = granted();
    step(&mut operation, Event::GrantUncertain { place: 1, problem: problem() });
    step(&mut operation, Event::Failed { problem: problem() });
    assert_eq!(operation.next(BEGIN), Task::Look, "the first grant is known, the second is not");
    step(&mut operation, Event::NeverMade { place: 1 });
    assert_eq!(operation.next(BEGIN), Task::Revoke { place: 0, id: "f2".to_owned() });
}

#[test]
fn after_a_long_time_in_which_nobody_looked_one_list_does_not_say_that_a_grant_was_never_made() {
    let mut operation = granted();
    step(&mut operation, Event::GrantUncertain { place: 1, problem: problem() });
    step(&mut operation, Event::Failed { problem: problem() });
    let stale = [sight(&[("f2", "vorstand_finanzen")]), sight(&[("f1", "vorstand_finanzen")])];
    let seen = |in_vain| operation.seen(&RoleTable::shipped(), &stale, in_vain, BEGIN + TimeDelta::minutes(10));
    assert_eq!([0, 1, 2].map(seen), [Seen::Wait, Seen::Wait, Seen::Wait]);
    assert_eq!(seen(3), Seen::Event(Event::NeverMade { place: 1 }));
}

#[test]
fn an_office_that_somebody_else_holds_in_entra_is_not_given_away_a_second_time() {
    let (operation, table) = (operation(), RoleTable::shipped());
    assert!(operation.fills_an_office(&table));
    let (own, other) = (held("f1", "vorstand_finanzen"), held("f9", "vorstand_finanzen"));
    let internal = held("i9", "vorstand_intern");
    let seen = |holders: &[(u128, &Held)], in_vain, seconds| {
        let holders = holders.iter().map(|(id, held)| (Uuid::from_u128(*id), "Nine", *held));
        operation.seen_holders(&table, holders, in_vain, BEGIN + TimeDelta::seconds(seconds))
    };
    assert_eq!(seen(&[(1, &own), (9, &internal)], 0, 0), None, "the one who gives it holds it");
    assert_eq!(seen(&[(1, &own), (9, &other)], 0, 0), Some(Seen::Wait), "a list lags behind");
    assert_eq!(seen(&[(1, &own), (9, &other)], 2, 600), Some(Seen::Wait));
    let problem = Problem::HeldByAnother { name: "Nine".to_owned(), office: "board_finance".to_owned() };
    assert_eq!(seen(&[(1, &own), (9, &other)], 3, 66), Some(Seen::Event(Event::Failed { problem })));
}
