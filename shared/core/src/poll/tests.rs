use super::*;

fn at(minutes: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::minutes(minutes)
}

const EVERY_TEN_MINUTES: PollPolicy = PollPolicy { interval: TimeDelta::minutes(10) };

#[test]
fn a_tenant_never_polled_is_due() {
    assert!(EVERY_TEN_MINUTES.is_due(None, at(0)));
}

#[test]
fn a_tenant_is_due_again_after_the_interval_less_a_tenth_for_a_tick_that_comes_early() {
    assert!(!EVERY_TEN_MINUTES.is_due(Some(at(0)), at(8)));
    assert!(!EVERY_TEN_MINUTES.is_due(Some(at(0)), at(9) - TimeDelta::milliseconds(1)));
    assert!(EVERY_TEN_MINUTES.is_due(Some(at(0)), at(9)));
    assert!(EVERY_TEN_MINUTES.is_due(Some(at(0)), at(10_000)));
}

#[test]
fn a_clock_that_was_set_back_does_not_stop_polling() {
    assert!(EVERY_TEN_MINUTES.is_due(Some(at(60)), at(0)));
}

#[test]
fn numbers_are_stale_after_three_missed_polls_but_not_before_five_minutes() {
    assert_eq!(EVERY_TEN_MINUTES.stale_after(), TimeDelta::minutes(30));
    assert_eq!(PollPolicy { interval: TimeDelta::seconds(10) }.stale_after(), TimeDelta::minutes(5));
}

#[test]
fn every_failure_kind_is_read_back_from_its_word_and_from_json() {
    for kind in FailureKind::ALL {
        assert_eq!(FailureKind::parse(kind.as_str()), Some(kind));
        assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
    }
    assert_eq!(FailureKind::parse("of a later version"), None);
}

#[test]
fn no_two_failure_kinds_share_a_word() {
    let words: std::collections::HashSet<&str> = FailureKind::ALL.iter().map(|kind| kind.as_str()).collect();
    assert_eq!(words.len(), FailureKind::ALL.len());
}
