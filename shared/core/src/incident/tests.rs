use proptest::prelude::*;

use super::*;

fn at(hours: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::hours(hours)
}

fn day(days: i64) -> NaiveDate {
    (at(0) + TimeDelta::days(days)).date_naive()
}

fn incident() -> Incident {
    Incident {
        number: 1,
        tenant: "contoso".to_owned(),
        sku_id: Uuid::from_u128(1),
        opened_at: at(0),
        phase: Phase::Open,
        snoozed_until: None,
        told: 1,
    }
}

fn sight(level: Level) -> Sight {
    Sight { level, alerts: true, monitoring: true }
}

#[test]
fn a_shortage_opens_an_incident_and_is_told_once() {
    assert_eq!(step(None, Some(sight(Level::Short)), at(0)), Step::Open);
    assert_eq!(step(Some(&incident()), Some(sight(Level::Short)), at(1000)), Step::Nothing);
}

#[test]
fn it_ends_when_there_is_enough_and_not_before() {
    assert_eq!(step(Some(&incident()), Some(sight(Level::Between)), at(1)), Step::Nothing);
    assert_eq!(step(None, Some(sight(Level::Between)), at(1)), Step::Nothing);
    assert_eq!(step(Some(&incident()), Some(sight(Level::Clear)), at(1)), Step::Close(Closing::Refilled));
}

#[test]
fn a10_without_monitoring_nothing_is_told_but_the_end_is_seen() {
    let silent = |level| Some(Sight { level, alerts: true, monitoring: false });
    let overdue = Incident { phase: Phase::Ordered { quantity: 5, expected_on: day(1) }, ..incident() };
    assert_eq!(step(None, silent(Level::Short), at(0)), Step::Nothing);
    assert_eq!(step(Some(&overdue), silent(Level::Short), at(100)), Step::Nothing);
    assert_eq!(step(Some(&overdue), silent(Level::Clear), at(100)), Step::Close(Closing::Refilled));
}

#[test]
fn a_product_that_does_not_alert_opens_none_and_an_excluded_one_ends() {
    let excluded = Some(Sight { level: Level::Short, alerts: false, monitoring: true });
    assert_eq!(step(None, excluded, at(0)), Step::Nothing);
    assert_eq!(step(Some(&incident()), excluded, at(0)), Step::Close(Closing::NoLongerAlerts));
    assert_eq!(step(Some(&incident()), None, at(0)), Step::Close(Closing::Gone));
}

#[test]
fn an_order_is_quiet_until_its_day_is_over_and_then_told_once() {
    let ordered = Action::Order { quantity: 10, expected_on: day(3) }.on(&incident(), at(0)).unwrap();
    assert_eq!(step(Some(&ordered), Some(sight(Level::Short)), at(3 * 24 + 23)), Step::Nothing, "on the day itself");
    assert_eq!(step(Some(&ordered), Some(sight(Level::Short)), at(4 * 24)), Step::Remind(Reminder::Overdue));
    let reminded = ordered.reminded();
    assert_eq!((reminded.phase, reminded.told), (Phase::Open, 2));
    assert_eq!(step(Some(&reminded), Some(sight(Level::Short)), at(500)), Step::Nothing);
}

#[test]
fn a_snoozed_incident_is_told_again_when_its_time_is_over() {
    let snoozed = Action::Snooze { until: at(8) }.on(&incident(), at(0)).unwrap();
    assert_eq!(step(Some(&snoozed), Some(sight(Level::Short)), at(7)), Step::Nothing);
    assert_eq!(step(Some(&snoozed), Some(sight(Level::Short)), at(8)), Step::Remind(Reminder::SnoozeOver));
    assert_eq!(step(Some(&snoozed), Some(sight(Level::Clear)), at(7)), Step::Close(Closing::Refilled));
}

#[test]
fn an_order_ends_a_snooze_and_reopening_ends_both() {
    let snoozed = Action::Snooze { until: at(8) }.on(&incident(), at(0)).unwrap();
    let ordered = Action::Order { quantity: 1, expected_on: day(0) }.on(&snoozed, at(0)).unwrap();
    assert_eq!(ordered.snoozed_until, None);
    assert_eq!(Action::Reopen.on(&ordered, at(0)), Ok(incident()));
}

#[test]
fn what_cannot_be_meant_is_refused_with_what_can() {
    let refused = |action: Action| action.on(&incident(), at(0)).unwrap_err().to_string();
    assert!(refused(Action::Order { quantity: 0, expected_on: day(1) }).contains("1 to 1000000"));
    assert!(refused(Action::Order { quantity: 1, expected_on: day(-1) }).contains("today"));
    assert!(refused(Action::Order { quantity: 1, expected_on: day(366) }).contains("a year"));
    assert!(refused(Action::Snooze { until: at(0) }).contains("90 days"));
    assert!(refused(Action::Snooze { until: at(91 * 24) }).contains("90 days"));
}

fn any_sight() -> impl Strategy<Value = Option<Sight>> {
    let level = prop_oneof![4 => Just(Level::Short), 1 => Just(Level::Between), 1 => Just(Level::Clear)];
    let sight = (level, prop::bool::weighted(0.9), any::<bool>());
    prop::option::weighted(0.95, sight.prop_map(|(level, alerts, monitoring)| Sight { level, alerts, monitoring }))
}

fn any_action() -> impl Strategy<Value = Option<Action>> {
    prop::option::of(prop_oneof![
        Just(Action::Acknowledge),
        (1..20_i64, 0..5_i64).prop_map(|(quantity, days)| Action::Order { quantity, expected_on: day(days) }),
        (1..100_i64).prop_map(|hours| Action::Snooze { until: at(hours) }),
        Just(Action::Reopen),
    ])
}

proptest! {
    /// Whatever is seen and done: each incident is told once when it opens, and again only for what a person asked for.
    #[test]
    fn nobody_is_told_twice_of_the_same(events in prop::collection::vec((any_sight(), any_action()), 1..80)) {
        let mut incident: Option<Incident> = None;
        let (mut told, mut opened, mut asked) = (0, 0, 0);
        for (hour, (sight, action)) in (0..).zip(events) {
            let taken = step(incident.as_ref(), sight, at(hour));
            let monitored = sight.is_some_and(|sight| sight.monitoring && sight.alerts && sight.level == Level::Short);
            if matches!(taken, Step::Open | Step::Remind(_)) {
                told += 1;
                prop_assert!(monitored, "told although nothing is to be told");
            }
            incident = match taken {
                Step::Nothing => incident,
                Step::Open => {
                    prop_assert!(incident.is_none());
                    opened += 1;
                    Some(Incident { opened_at: at(hour), ..self::incident() })
                }
                Step::Remind(_) => incident.map(|incident| incident.reminded()),
                Step::Close(_) => None,
            };
            let again = step(incident.as_ref(), sight, at(hour));
            prop_assert_eq!(again, Step::Nothing, "the same sight has nothing more to say");
            if let (Some(before), Some(action)) = (&incident, action)
                && let Ok(after) = action.on(before, at(hour))
            {
                asked += usize::from(matches!(action, Action::Order { .. } | Action::Snooze { .. }));
                prop_assert_eq!(after.told, before.told);
                incident = Some(after);
            }
        }
        prop_assert!(told <= opened + asked, "{told} times told, {opened} incidents, {asked} wishes");
    }

    /// Hysteresis: a shortage begins at its threshold and ends above the other one. Whatever happens between the two changes
    /// nothing, so that a stock that flickers there is told once.
    #[test]
    fn between_the_thresholds_a_shortage_neither_begins_nor_ends(
        free in prop::collection::vec(-3..14_i64, 1..80), short_at in 0..6_i64, more in 0..6_i64,
    ) {
        use crate::rules::Definition;
        use crate::stock::samples::stock;
        use crate::threshold::Limit;
        let clear_above = short_at + more;
        let limit = |units| Some(Limit::Units(units));
        let rule = Definition { short_at: limit(short_at), clear_above: limit(clear_above), ..Definition::default() };
        let mut open: Option<Incident> = None;
        for (hour, free) in (0..).zip(free) {
            let taken = step(open.as_ref(), Some(sight(rule.level(&stock(1, 20, 20 - free), true))), at(hour));
            let expected = match &open {
                None if free <= short_at => Step::Open,
                Some(_) if free > clear_above => Step::Close(Closing::Refilled),
                _ => Step::Nothing,
            };
            prop_assert_eq!(taken, expected, "{} free", free);
            open = match taken {
                Step::Open => Some(incident()),
                Step::Close(_) => None,
                _ => open,
            };
        }
    }
}
