//! What is due and when to look again. Pure: times come in as arguments.

use chrono::{DateTime, TimeDelta, Utc};
use leitwarte_template::Schedule;

/// How far ahead of the clock a recorded slot may lie. One beyond was fired under a clock that has been set back
/// since; the emulator forgets it by the same measure.
const CLOCK_TOLERANCE: TimeDelta = TimeDelta::minutes(10);

/// What to do about one schedule at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    /// The slot to fire now.
    pub fire: Option<DateTime<Utc>>,
    /// The schedule's next slot, when to decide again; `None` when there is no more.
    pub wake_at: Option<DateTime<Utc>>,
}

/// Decides about one schedule.
///
/// `last` is the slot fired last, as the emulator recorded it. After an outage only the latest missed slot is
/// fired: a job that runs every minute gains nothing from running sixty times. A `rate(…)` that was never fired is
/// due at once; a `cron(…)` that was never fired waits for its first slot after `started`, because nobody promised
/// the ones before.
#[must_use]
pub fn decide(
    schedule: &Schedule,
    last: Option<DateTime<Utc>>,
    started: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Decision {
    if !schedule.enabled {
        return Decision { fire: None, wake_at: None };
    }
    let after = match last.filter(|last| *last <= now + CLOCK_TOLERANCE) {
        None if schedule.expression.is_rate() => DateTime::<Utc>::MIN_UTC,
        None => started,
        Some(last) => last,
    };
    Decision { fire: schedule.latest_slot(now).filter(|slot| *slot > after), wake_at: schedule.next_slot(now) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use leitwarte_template::Expression;

    fn schedule(expression: &str) -> Schedule {
        Schedule {
            name: "test".to_owned(),
            expression: Expression::parse(expression).unwrap(),
            time_zone: chrono_tz::UTC,
            input: None,
            enabled: true,
        }
    }

    fn at(time: &str) -> DateTime<Utc> {
        format!("2026-03-02T{time}Z").parse().unwrap()
    }

    #[test]
    fn a_rate_never_fired_is_due_at_once() {
        let decision = decide(&schedule("rate(5 minutes)"), None, at("08:02:30"), at("08:02:30"));
        assert_eq!(decision, Decision { fire: Some(at("08:00:00")), wake_at: Some(at("08:05:00")) });
    }

    #[test]
    fn a_cron_never_fired_waits_for_its_first_slot() {
        let cron = schedule("cron(0 8 * * ? *)");
        assert_eq!(decide(&cron, None, at("08:02:00"), at("08:02:00")).fire, None);
        assert_eq!(decide(&cron, None, at("07:59:00"), at("08:00:00")).fire, Some(at("08:00:00")));
    }

    #[test]
    fn a_restart_within_a_slot_does_not_fire_it_again() {
        let decision = decide(&schedule("rate(5 minutes)"), Some(at("08:00:00")), at("08:03:00"), at("08:03:00"));
        assert_eq!(decision, Decision { fire: None, wake_at: Some(at("08:05:00")) });
    }

    #[test]
    fn after_an_outage_only_the_latest_slot_is_fired() {
        for expression in ["rate(5 minutes)", "cron(0/5 * * * ? *)"] {
            let decision = decide(&schedule(expression), Some(at("05:00:00")), at("08:03:00"), at("08:03:00"));
            assert_eq!(decision.fire, Some(at("08:00:00")), "{expression}");
        }
    }

    #[test]
    fn a_clock_set_back_a_little_fires_nothing_twice() {
        let decision = decide(&schedule("rate(5 minutes)"), Some(at("08:10:00")), at("08:00:00"), at("08:03:00"));
        assert_eq!(decision.fire, None);
    }

    #[test]
    fn a_clock_set_back_by_far_does_not_stop_the_schedule() {
        let decision = decide(&schedule("rate(5 minutes)"), Some(at("20:00:00")), at("08:00:00"), at("08:03:00"));
        assert_eq!(decision.fire, Some(at("08:00:00")));
    }

    #[test]
    fn a_disabled_schedule_is_never_due() {
        let disabled = Schedule { enabled: false, ..schedule("rate(1 minute)") };
        assert_eq!(decide(&disabled, None, at("08:00:00"), at("08:00:00")), Decision { fire: None, wake_at: None });
    }

    proptest::proptest! {
        /// Walking through time in any steps fires ascending slots, each at most once, and after the last step
        /// nothing that was due is left unfired.
        #[test]
        fn every_slot_fires_at_most_once_in_order(steps in proptest::collection::vec(1i64..2_000, 1..60)) {
            let schedule = schedule("rate(5 minutes)");
            let started = at("00:00:00");
            let (mut now, mut last) = (started, None);
            for step in steps {
                now += chrono::TimeDelta::seconds(step);
                if let Some(slot) = decide(&schedule, last, started, now).fire {
                    proptest::prop_assert!(last.is_none_or(|last| slot > last));
                    proptest::prop_assert!(slot <= now && now - slot < chrono::TimeDelta::minutes(5));
                    last = Some(slot);
                }
                proptest::prop_assert_eq!(decide(&schedule, last, started, now).fire, None);
            }
        }
    }
}
