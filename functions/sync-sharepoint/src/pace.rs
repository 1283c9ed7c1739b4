//! How fast SharePoint may be asked.
//!
//! Source: Microsoft Learn, "Avoid getting throttled or blocked in SharePoint Online": an application has 1250 resource
//! units a minute in the smallest tenants; reading one page costs 1, writing one row 2.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// Units used in a minute at most: some are left for others who use the same application.
const PER_MINUTE: u32 = 1000;
const MINUTE: Duration = Duration::from_mins(1);

/// What was used during the last minute.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    used: VecDeque<(Instant, u32)>,
}

impl Pace {
    /// Counts a use.
    pub(crate) fn spend(&mut self, now: Instant, units: u32) {
        self.used.push_back((now, units));
    }

    /// How long to wait before so many units may be used.
    pub(crate) fn wait(&mut self, now: Instant, units: u32) -> Duration {
        while self.used.front().is_some_and(|(at, _)| now.saturating_duration_since(*at) >= MINUTE) {
            self.used.pop_front();
        }
        let mut used: u32 = self.used.iter().map(|(_, units)| units).sum();
        for (at, units_then) in &self.used {
            if used + units <= PER_MINUTE {
                return Duration::ZERO;
            }
            used -= units_then;
            if used + units <= PER_MINUTE {
                return (*at + MINUTE).saturating_duration_since(now);
            }
        }
        Duration::ZERO
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_minute_sees_more_than_its_units() {
        let (mut pace, mut now) = (Pace::default(), Instant::now());
        let mut spent: Vec<(Instant, u32)> = Vec::new();
        for batch in 0..200_u32 {
            let units = 1 + batch * 7 % 40;
            now += pace.wait(now, units);
            pace.spend(now, units);
            spent.push((now, units));
            let minute: u32 = spent.iter().filter(|(at, _)| now - *at < MINUTE).map(|(_, units)| units).sum();
            assert!(minute <= PER_MINUTE, "{minute}");
            now += Duration::from_millis(100);
        }
        let total: u32 = spent.iter().map(|(_, units)| units).sum();
        let took = now - spent[0].0;
        assert!(took < MINUTE * (total / PER_MINUTE + 1), "and none waits for longer than it has to: {took:?}");
    }

    #[test]
    fn what_is_too_much_for_any_minute_is_not_waited_for() {
        let mut pace = Pace::default();
        assert_eq!(pace.wait(Instant::now(), 5000), Duration::ZERO);
    }
}
