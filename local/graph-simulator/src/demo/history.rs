//! Ninety days before the demo: people come and go in working hours, classes start, licences are bought.

use chrono::{DateTime, Datelike as _, Days, NaiveTime, TimeDelta, Utc, Weekday};
use leitwarte_core::stock::{AppliesTo, LicenceStock};

use super::scatter;
use super::tenants::{DemoTenant, Line, Past, TENANTS};

/// How far the history reaches back.
pub const HISTORY_DAYS: i64 = 90;

/// A working day: changes lie between these hours (UTC; the demo's people live in central Europe).
const FIRST_HOUR: u64 = 6;
const WORKING_HOURS: u64 = 10;

/// All numbers of a tenant from one moment on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryPoint {
    /// The tenant's key.
    pub tenant: &'static str,
    /// From when they held.
    pub at: DateTime<Utc>,
    /// Every product of the tenant.
    pub stock: Vec<LicenceStock>,
}

/// The demo tenants' past, in order of time: one point for the beginning and one for every change after it. The last
/// point of each tenant has the numbers with which the demo starts. Depends on nothing but `now`.
#[must_use]
pub fn history(now: DateTime<Utc>) -> Vec<HistoryPoint> {
    let mut points: Vec<HistoryPoint> = TENANTS.iter().flat_map(|tenant| of_tenant(tenant, now)).collect();
    points.sort_by_key(|point| point.at);
    points
}

fn of_tenant(tenant: &'static DemoTenant, now: DateTime<Utc>) -> Vec<HistoryPoint> {
    let seed = tenant.tenant_id.as_u64_pair().1;
    let begin = now - TimeDelta::days(HISTORY_DAYS);
    let first = tenant.lines.iter().map(|line| stock_at(line, begin, now, 0)).collect();
    let mut points = vec![HistoryPoint { tenant: tenant.key, at: begin, stock: first }];
    for at in moments(seed, begin, now) {
        let Some(before) = points.last().map(|point| point.stock.clone()) else { continue };
        let stock: Vec<LicenceStock> = tenant
            .lines
            .iter()
            .zip(&before)
            .enumerate()
            .map(|(index, (line, before))| next(line, before, at, now, scatter(seed ^ at_seed(at)) ^ index as u64))
            .collect();
        if stock != before {
            points.push(HistoryPoint { tenant: tenant.key, at, stock });
        }
    }
    if let Some(last) = points.last_mut() {
        last.stock = tenant.lines.iter().map(Line::stock).collect();
    }
    points
}

fn at_seed(at: DateTime<Utc>) -> u64 {
    at.timestamp().cast_unsigned()
}

/// Moments at which something may change: one to four on each working day, in order.
fn moments(seed: u64, begin: DateTime<Utc>, now: DateTime<Utc>) -> Vec<DateTime<Utc>> {
    let days = (0..=HISTORY_DAYS.cast_unsigned()).filter_map(|day| begin.date_naive().checked_add_days(Days::new(day)));
    let mut moments: Vec<DateTime<Utc>> = days
        .filter(|date| !matches!(date.weekday(), Weekday::Sat | Weekday::Sun))
        .flat_map(|date| {
            let day_seed = scatter(seed ^ u64::from(date.num_days_from_ce().cast_unsigned()));
            (0..=day_seed % 4).map(move |turn| {
                let second = FIRST_HOUR * 3600 + scatter(day_seed.wrapping_add(turn)) % (WORKING_HOURS * 3600);
                date.and_time(NaiveTime::MIN).and_utc() + TimeDelta::seconds(second.cast_signed())
            })
        })
        .filter(|at| (begin..=now).contains(at))
        .collect();
    moments.sort_unstable();
    moments.dedup();
    moments
}

/// A line's numbers at a moment at which it may change: about one in three lines does, purchases always show.
fn next(line: &Line, before: &LicenceStock, at: DateTime<Utc>, now: DateTime<Utc>, chance: u64) -> LicenceStock {
    let target = stock_at(line, at, now, scatter(chance));
    if scatter(chance ^ 0xA5).is_multiple_of(3) || target.enabled != before.enabled { target } else { before.clone() }
}

/// Where the trend between a line's known points in the past puts it, give or take a few people.
fn stock_at(line: &Line, at: DateTime<Utc>, now: DateTime<Utc>, chance: u64) -> LicenceStock {
    let mut stock = line.stock();
    if line.restless == 0 && line.past.is_empty() {
        return stock;
    }
    let (from, to) = around(line, at, now);
    let total = (to.1 - from.1).num_seconds().max(1);
    let passed = (at - from.1).num_seconds().clamp(0, total);
    let trend = from.0.consumed + (to.0.consumed - from.0.consumed) * passed / total;
    // The nearer to the start of the demo, the nearer to its numbers.
    let most = (line.consumed / 100).clamp(1, 5).min((now - at).num_days());
    let people = if chance == 0 { 0 } else { (chance % (2 * most + 1).cast_unsigned()).cast_signed() - most };
    stock.enabled = if line.enabled == 0 { 0 } else { from.0.enabled };
    stock.consumed = (trend + people).max(0);
    if stock.applies_to == AppliesTo::User && from.0.consumed <= from.0.enabled {
        stock.consumed = stock.consumed.min(stock.usable(true));
    }
    stock
}

/// The known points before and after a moment, with their times; the demo's start is the last one.
fn around(line: &Line, at: DateTime<Utc>, now: DateTime<Utc>) -> ((Past, DateTime<Utc>), (Past, DateTime<Utc>)) {
    let usable = line.enabled + line.warning;
    let start = Past { days_ago: 0, enabled: usable, consumed: line.consumed };
    // Without a known past there was slow growth.
    let grown = Past { days_ago: HISTORY_DAYS, consumed: line.consumed - line.consumed / 16, ..start };
    let known: Vec<Past> = if line.past.is_empty() { vec![grown, start] } else { [line.past, &[start]].concat() };
    let time = |past: &Past| now - TimeDelta::days(past.days_ago);
    let after = known.iter().position(|past| time(past) > at).unwrap_or(known.len() - 1).max(1);
    let point = |index: usize| known.get(index).map_or((start, now), |past| (*past, time(past)));
    (point(after - 1), point(after))
}

#[cfg(test)]
mod tests {
    use leitwarte_core::change::changes;

    use super::*;

    fn now() -> DateTime<Utc> {
        DateTime::parse_from_rfc3339("2026-11-19T14:30:00Z").expect("a time").to_utc()
    }

    fn of(key: &str) -> Vec<HistoryPoint> {
        history(now()).into_iter().filter(|point| point.tenant == key).collect()
    }

    #[test]
    fn the_history_ends_in_the_numbers_with_which_the_demo_starts() {
        for tenant in TENANTS {
            let start = super::super::stock_after(tenant.key, TimeDelta::zero());
            assert_eq!(of(tenant.key).last().map(|point| point.stock.clone()), start);
        }
    }

    #[test]
    fn it_covers_ninety_days_in_order_and_only_changes() {
        for tenant in TENANTS {
            let points = of(tenant.key);
            assert_eq!(points[0].at, now() - TimeDelta::days(90));
            assert!(points.len() > 60, "{} has only {} points", tenant.key, points.len());
            for pair in points.windows(2) {
                assert!(pair[0].at < pair[1].at && pair[1].at <= now());
                assert!(
                    !changes(&pair[0].stock, &pair[1].stock).is_empty() || pair[1].at == points[points.len() - 1].at
                );
            }
        }
    }

    #[test]
    fn people_come_and_go_in_working_hours() {
        use chrono::Timelike as _;
        for point in history(now()).iter().filter(|point| point.at > now() - TimeDelta::days(90)) {
            assert!(!matches!(point.at.weekday(), Weekday::Sat | Weekday::Sun));
            assert!((6..16).contains(&point.at.hour()));
        }
    }

    #[test]
    fn nothing_is_over_assigned_but_northwinds_renewed_product() {
        for point in history(now()) {
            for stock in &point.stock {
                assert!(stock.consumed >= 0);
                let over = stock.free(true) < 0;
                assert!(!over || (point.tenant == "northwind" && stock.part_number == "SPB"), "{point:?}");
            }
        }
        assert!(of("northwind")[0].stock[0].free(true) > 0);
    }

    #[test]
    fn the_school_bought_twice_and_a_class_came() {
        let students: Vec<LicenceStock> =
            of("contoso-school").into_iter().map(|mut point| point.stock.remove(0)).collect();
        let mut enabled: Vec<i64> = students.iter().map(|stock| stock.enabled).collect();
        enabled.dedup();
        assert_eq!(enabled, [1100, 1200, 1250]);
        assert!(students[0].consumed < 1060);
    }

    #[test]
    fn it_is_the_same_whenever_it_is_asked_for() {
        assert_eq!(history(now()), history(now()));
    }

    #[test]
    fn it_ends_rightly_on_a_sunday_too() {
        let sunday = now() + TimeDelta::days(3);
        assert_eq!(sunday.weekday(), Weekday::Sun);
        let points = history(sunday);
        let last = points.iter().rfind(|point| point.tenant == "fabrikam").map(|point| point.stock.clone());
        assert_eq!(last, super::super::stock_after("fabrikam", TimeDelta::zero()));
    }
}
