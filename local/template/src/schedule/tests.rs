use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Europe::Zurich;
use chrono_tz::{Tz, UTC};
use proptest::prelude::*;

use super::{Expression, ExpressionError};

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn expression(text: &str) -> Expression {
    Expression::parse(text).unwrap()
}

/// The slots after `start`, in UTC without seconds.
fn slots(text: &str, zone: Tz, start: &str, count: usize) -> Vec<String> {
    let expression = expression(text);
    let next = |after: &DateTime<Utc>| expression.next_slot(*after, zone);
    std::iter::successors(next(&at(start)), next)
        .take(count)
        .map(|slot| slot.format("%Y-%m-%d %H:%M").to_string())
        .collect()
}

/// The examples of the EventBridge user guide, "Cron expressions reference", from a Thursday on.
#[test]
fn documented_cron_examples() {
    let start = "2026-01-01T00:00:00Z";
    for (text, expected) in [
        ("cron(0 10 * * ? *)", ["2026-01-01 10:00", "2026-01-02 10:00", "2026-01-03 10:00"]),
        ("cron(15 12 * * ? *)", ["2026-01-01 12:15", "2026-01-02 12:15", "2026-01-03 12:15"]),
        ("cron(0 18 ? * MON-FRI *)", ["2026-01-01 18:00", "2026-01-02 18:00", "2026-01-05 18:00"]),
        ("cron(0 8 1 * ? *)", ["2026-01-01 08:00", "2026-02-01 08:00", "2026-03-01 08:00"]),
        ("cron(0/15 * * * ? *)", ["2026-01-01 00:15", "2026-01-01 00:30", "2026-01-01 00:45"]),
        ("cron(1/10 5 * * ? *)", ["2026-01-01 05:01", "2026-01-01 05:11", "2026-01-01 05:21"]),
        ("cron(0/10 * ? * MON-FRI *)", ["2026-01-01 00:10", "2026-01-01 00:20", "2026-01-01 00:30"]),
        ("cron(0/5 8-17 ? * MON-FRI *)", ["2026-01-01 08:00", "2026-01-01 08:05", "2026-01-01 08:10"]),
        ("cron(0/30 20-2 ? * MON-FRI *)", ["2026-01-01 00:30", "2026-01-01 01:00", "2026-01-01 01:30"]),
        ("cron(0 9 ? * 2#1 *)", ["2026-01-05 09:00", "2026-02-02 09:00", "2026-03-02 09:00"]),
        ("cron(15 10 ? * 6L 2026-2027)", ["2026-01-30 10:15", "2026-02-27 10:15", "2026-03-27 10:15"]),
        ("cron(0 0 ? * 3#2 *)", ["2026-01-13 00:00", "2026-02-10 00:00", "2026-03-10 00:00"]),
    ] {
        assert_eq!(slots(text, UTC, start, 3), expected, "{text}");
    }
}

#[test]
fn weekdays_count_from_sunday_as_one() {
    let start = "2026-01-01T00:00:00Z";
    assert_eq!(slots("cron(0 0 ? * 1 *)", UTC, start, 1), ["2026-01-04 00:00"]);
    assert_eq!(slots("cron(0 0 ? * SUN *)", UTC, start, 1), ["2026-01-04 00:00"]);
    assert_eq!(slots("cron(0 0 ? * 7 *)", UTC, start, 1), ["2026-01-03 00:00"]);
    assert_eq!(slots("cron(0 0 ? * L *)", UTC, start, 1), ["2026-01-03 00:00"]);
    assert_eq!(
        slots("cron(0 0 ? * sat-mon *)", UTC, start, 3),
        ["2026-01-03 00:00", "2026-01-04 00:00", "2026-01-05 00:00"]
    );
}

#[test]
fn last_and_nearest_days_of_the_month() {
    let start = "2026-01-01T12:00:00Z";
    assert_eq!(slots("cron(0 0 L * ? *)", UTC, start, 2), ["2026-01-31 00:00", "2026-02-28 00:00"]);
    // 31 January 2026 is a Saturday.
    assert_eq!(slots("cron(0 0 LW * ? *)", UTC, start, 1), ["2026-01-30 00:00"]);
    // 3 January is a Saturday: Friday before; 1 February is a Sunday: Monday after; 1 August is a Saturday: Monday.
    assert_eq!(slots("cron(0 0 3W 1 ? *)", UTC, start, 1), ["2026-01-02 00:00"]);
    assert_eq!(slots("cron(0 0 1W 2 ? *)", UTC, start, 1), ["2026-02-02 00:00"]);
    assert_eq!(slots("cron(0 0 1W AUG ? *)", UTC, start, 1), ["2026-08-03 00:00"]);
}

#[test]
fn years_end_a_schedule() {
    assert_eq!(slots("cron(0 0 1 1 ? 2026-2027)", UTC, "2026-06-01T00:00:00Z", 5), ["2027-01-01 00:00"]);
    let ended = expression("cron(0 0 1 1 ? 2026)");
    assert_eq!(ended.next_slot(at("2026-01-01T00:00:00Z"), UTC), None);
    assert_eq!(ended.latest_slot(at("2030-01-01T00:00:00Z"), UTC), Some(at("2026-01-01T00:00:00Z")));
    assert_eq!(ended.latest_slot(at("2025-12-31T23:59:59Z"), UTC), None);
}

#[test]
fn wall_clock_time_follows_the_zone() {
    let winter_then_summer = slots("cron(0 8 * * ? *)", Zurich, "2026-03-27T12:00:00Z", 3);
    assert_eq!(winter_then_summer, ["2026-03-28 07:00", "2026-03-29 06:00", "2026-03-30 06:00"]);
}

/// On 29 March 2026 clocks in Zurich go from 02:00 to 03:00.
#[test]
fn a_time_that_clocks_skip_is_skipped() {
    let slots = slots("cron(30 2 * * ? *)", Zurich, "2026-03-27T12:00:00Z", 3);
    assert_eq!(slots, ["2026-03-28 01:30", "2026-03-30 00:30", "2026-03-31 00:30"]);
}

/// On 25 October 2026 clocks in Zurich go from 03:00 back to 02:00.
#[test]
fn a_time_that_clocks_show_twice_is_due_once() {
    let daily = slots("cron(30 2 * * ? *)", Zurich, "2026-10-24T12:00:00Z", 2);
    assert_eq!(daily, ["2026-10-25 00:30", "2026-10-26 01:30"]);
    let half_hourly = slots("cron(0/30 * * * ? *)", Zurich, "2026-10-24T23:59:00Z", 4);
    assert_eq!(half_hourly, ["2026-10-25 00:00", "2026-10-25 00:30", "2026-10-25 02:00", "2026-10-25 02:30"]);
    // 01:10 UTC is 02:10 for the second time: 02:30 was due at 00:30 UTC.
    let latest = expression("cron(0/30 * * * ? *)").latest_slot(at("2026-10-25T01:10:00Z"), Zurich);
    assert_eq!(latest, Some(at("2026-10-25T00:30:00Z")));
}

#[test]
fn rate_slots_are_multiples_since_the_epoch() {
    let every_five = expression("rate(5 minutes)");
    let now = at("2026-11-22T07:33:20.5Z");
    assert_eq!(every_five.latest_slot(now, UTC), Some(at("2026-11-22T07:30:00Z")));
    assert_eq!(every_five.next_slot(now, UTC), Some(at("2026-11-22T07:35:00Z")));
    assert_eq!(every_five.latest_slot(at("2026-11-22T07:30:00Z"), UTC), Some(at("2026-11-22T07:30:00Z")));
    assert_eq!(expression("rate(1 day)").latest_slot(now, Zurich), Some(at("2026-11-22T00:00:00Z")));
    assert_eq!(expression("rate(2 hours)").next_slot(now, UTC), Some(at("2026-11-22T08:00:00Z")));
}

#[test]
fn what_aws_refuses_is_refused_with_the_reason() {
    for (text, reason) in [
        ("every minute", "expected for example `rate(5 minutes)`"),
        ("at(2026-01-01T00:00:00)", "expected for example"),
        ("rate(0 minutes)", "positive number"),
        ("rate(5 minute)", "positive number"),
        ("rate(-5 minutes)", "positive number"),
        ("rate(+5 minutes)", "positive number"),
        ("rate(1 week)", "minutes, hours or days"),
        ("rate(5 minutes", "not a schedule"),
        ("cron(0 8 * * ?)", "six fields"),
        ("cron(0 8 * * MON *)", "has to be `?`"),
        ("cron(0 8 ? * ? *)", "has to be `?`"),
        ("cron(60 8 * * ? *)", "`60` is no minutes field: expected 0-59"),
        ("cron(0 24 * * ? *)", "hours field"),
        ("cron(0 8 32 * ? *)", "day of month"),
        ("cron(0 8 15W,? * ? *)", "day of month"),
        ("cron(0 8 * 13 ? *)", "expected 1-12 or JAN-DEC"),
        ("cron(0 8 ? * 0 *)", "expected 1-7 or SUN-SAT"),
        ("cron(0 8 ? * 8 *)", "day of week"),
        ("cron(0 8 ? * 3#1,6#3 *)", "day of week"),
        ("cron(0 8 ? * 3#6 *)", "day of week"),
        ("cron(0 8 * * ? 1969)", "expected 1970-2199"),
        ("cron(0 8 * * ? 2030-2020)", "expected 1970-2199"),
        ("cron(0/0 8 * * ? *)", "minutes field"),
        ("cron(/5 8 * * ? *)", "minutes field"),
        ("cron(L 8 * * ? *)", "minutes field"),
        ("cron(0 0 31 2 ? *)", "never comes due"),
    ] {
        let error = Expression::parse(text).expect_err(text).to_string();
        assert!(error.contains(reason), "{text}: {error}");
    }
    assert!(matches!(Expression::parse("cron(0 8 * * MON *)"), Err(ExpressionError::Days { .. })));
}

/// Every form of expression, in zones with and without daylight saving, with half-hour shifts and skipped days.
fn any_schedule() -> impl Strategy<Value = (Expression, Tz)> {
    let expressions = prop_oneof![
        (1u32..500, prop::sample::select(vec!["minutes", "hours", "days"]))
            .prop_map(|(n, unit)| format!("rate({n} {unit})")),
        (0u8..60, 0u8..24).prop_map(|(minute, hour)| format!("cron({minute} {hour} * * ? *)")),
        (1u8..30, 0u8..24, 1u8..=7).prop_map(|(step, hour, day)| format!("cron(0/{step} {hour} ? * {day} *)")),
        (0u8..60, 1u8..28).prop_map(|(minute, day)| format!("cron({minute} * {day}W * ? *)")),
        Just("cron(0 12 L * ? *)".to_owned()),
        Just("cron(*/20 * * * ? *)".to_owned()),
    ];
    let zones = ["UTC", "Europe/Zurich", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia"];
    (expressions, prop::sample::select(zones.to_vec()))
        .prop_map(|(text, zone)| (expression(&text), zone.parse().unwrap()))
}

proptest! {
    #[test]
    fn slots_are_consistent((expression, zone) in any_schedule(), ms in 1_000_000_000_000i64..2_000_000_000_000) {
        let now = DateTime::from_timestamp_millis(ms).unwrap();
        let latest = expression.latest_slot(now, zone).unwrap();
        let next = expression.next_slot(now, zone).unwrap();
        prop_assert!(latest <= now && now < next, "{latest} <= {now} < {next}");
        // Nothing lies between the two, and a slot is its own latest slot.
        prop_assert_eq!(expression.next_slot(latest, zone), Some(next));
        prop_assert_eq!(expression.latest_slot(next, zone), Some(next));
        prop_assert_eq!(expression.latest_slot(next - TimeDelta::milliseconds(1), zone), Some(latest));
    }

    #[test]
    fn garbage_is_an_error_and_never_a_panic(text in "(rate|cron)?\\(?[ 0-9A-Z,*/?LW#-]{0,30}\\)?") {
        let _ = Expression::parse(&text);
    }
}
