//! How fast SharePoint may be asked.
//!
//! Source: Microsoft Learn, "Avoid getting throttled or blocked in SharePoint Online": an application has 1250 resource
//! units a minute in the smallest tenants; reading a page of rows costs 2, writing one row 2. Each request in a batch
//! counts by itself.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// Units used in a minute at most: some are left for others who use the same application.
pub(crate) const PER_MINUTE: u32 = 1000;
/// Resource units of a page of rows.
pub(crate) const UNITS_OF_A_PAGE: u32 = 2;
/// Resource units of a row that is written.
pub(crate) const UNITS_OF_A_WRITE: u32 = 2;
const MINUTE: Duration = Duration::from_mins(1);

/// What was used during the last minute, and what reading both lists cost the last time.
#[derive(Debug)]
pub(crate) struct Pace {
    used: VecDeque<(Instant, u32)>,
    per_minute: u32,
    reading: u32,
}

impl Pace {
    /// A pace of so many units a minute.
    pub(crate) fn new(per_minute: u32) -> Self {
        Self { used: VecDeque::new(), per_minute, reading: 2 * UNITS_OF_A_PAGE }
    }

    /// What reading both lists will probably cost: as much as the last time, at first a page each.
    pub(crate) fn reading(&self) -> u32 {
        self.reading
    }

    /// Counts what reading both lists has cost.
    pub(crate) fn have_read(&mut self, now: Instant, pages: u32) {
        self.reading = pages.max(2) * UNITS_OF_A_PAGE;
        self.spend(now, self.reading);
    }

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
            if used + units <= self.per_minute {
                return Duration::ZERO;
            }
            used -= units_then;
            if used + units <= self.per_minute {
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
        let (mut pace, mut now) = (Pace::new(PER_MINUTE), Instant::now());
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
        let mut pace = Pace::new(PER_MINUTE);
        assert_eq!(pace.wait(Instant::now(), 5000), Duration::ZERO);
    }

    #[test]
    fn reading_is_waited_for_as_long_as_the_last_time_took_units() {
        let (mut pace, now) = (Pace::new(PER_MINUTE), Instant::now());
        pace.have_read(now, 210);
        assert_eq!(pace.reading(), 420);
        pace.spend(now, 400);
        assert_eq!(pace.wait(now + Duration::from_secs(20), pace.reading()), Duration::from_secs(40));
    }
}
