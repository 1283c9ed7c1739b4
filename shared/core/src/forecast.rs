//! When a product will run out, if it goes on as it did: days, a margin, and the reasoning; or why nothing can be said.
//!
//! The trend is the median of the slopes between any two days (Theil–Sen): one bulk assignment or one correction does not
//! bend it, which it would bend a plain linear fit. Where the plain fit sees the end earlier, the forecast is not later than
//! that by more than its own margin: being told early costs a look, being told late costs a working day of a customer.

pub mod renewal;
pub mod words;

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use serde::Serialize;

use crate::change::StockChange;
use crate::stock::LicenceStock;

/// Days looked back at: eight weeks.
pub const WINDOW: i64 = 56;
/// Days that have to be known before anything is said.
pub const LEAST_DAYS: usize = 14;
/// A forecast further ahead is no forecast.
pub const FURTHEST: i64 = 365;
/// Licences a week below which nothing grows.
const LEAST_PER_WEEK: f64 = 0.25;
/// Share of the pairs of days that have to agree with the trend.
const AGREEMENT: f64 = 0.6;

/// Licences assigned from a moment on; `None` from when the product was gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Assigned {
    /// From when.
    pub since: DateTime<Utc>,
    /// How many.
    pub consumed: Option<i64>,
}

/// What can be said.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "outlook", rename_all = "snake_case")]
pub enum Outlook {
    /// There is nothing left now.
    Exhausted,
    /// It will run out.
    RunsOut(Forecast),
    /// Nothing.
    Silent {
        /// Why.
        why: Silence,
    },
}

/// A product that will run out.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Forecast {
    /// Licences assigned more each week, by the trend.
    pub per_week: f64,
    /// Days that the trend was taken from.
    pub days_seen: usize,
    /// Licences left.
    pub free: i64,
    /// Days until nothing is left.
    pub days_left: i64,
    /// How many days it may be wrong by, either way.
    pub margin_days: i64,
    /// The day on which nothing is left.
    pub on: NaiveDate,
    /// The last day to order, where the time of delivery is known; today if that day has passed.
    pub order_by: Option<NaiveDate>,
    /// Days a delivery takes.
    pub delivery_days: Option<u32>,
}

/// Why nothing is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Silence {
    /// Fewer than [`LEAST_DAYS`] days are known.
    TooShort,
    /// It does not grow.
    NoGrowth,
    /// It goes up and down.
    Unsteady,
    /// It lasts for more than a year.
    FarAway,
}

/// A product's history from what changed in its tenant since `window_start`, in the order of time. What did not change in that
/// time was as it is now, since the tenant was first seen. A first change that has a "before" was preceded by others, because a
/// product begins as "nothing before": so what was before it reaches back to the start of the window. (That holds as long as
/// no retention deletes changes younger than the window.)
#[must_use]
pub fn assigned(
    changes: &[(DateTime<Utc>, StockChange)],
    stock: &LicenceStock,
    first_seen: DateTime<Utc>,
    window_start: DateTime<Utc>,
) -> Vec<Assigned> {
    let consumed = |stock: &Option<LicenceStock>| stock.as_ref().map(|stock| stock.consumed);
    let mut history: Vec<Assigned> = Vec::new();
    for (at, change) in changes.iter().filter(|(_, change)| change.sku_id == stock.sku_id) {
        if history.is_empty() {
            history.push(Assigned { since: window_start, consumed: consumed(&change.before) });
        }
        history.push(Assigned { since: *at, consumed: consumed(&change.after) });
    }
    if history.is_empty() {
        history.push(Assigned { since: first_seen.max(window_start), consumed: Some(stock.consumed) });
    }
    history
}

/// Looks ahead from `now`. `history` is in the order of time; `free` is what is left now, the reserve
/// taken off.
#[must_use]
pub fn outlook(history: &[Assigned], free: i64, delivery_days: Option<u32>, now: DateTime<Utc>) -> Outlook {
    if free <= 0 {
        return Outlook::Exhausted;
    }
    let silent = |why| Outlook::Silent { why };
    let series = daily(history, now);
    if series.len() < LEAST_DAYS {
        return silent(Silence::TooShort);
    }
    // Most products never change, and pairs of days need not be looked at to see that they do not grow.
    if series.iter().all(|consumed| *consumed <= series[0]) {
        return silent(Silence::NoGrowth);
    }
    let slopes = slopes(&series);
    let trend = slopes[slopes.len() / 2];
    if trend * 7.0 < LEAST_PER_WEEK {
        // A flat median with a rising fit is a jump or two: no trend to promise anything from.
        return silent(Silence::NoGrowth);
    }
    if share(&slopes, |slope| slope > 0.0) < AGREEMENT {
        return silent(Silence::Unsteady);
    }
    let by_trend = days_until(free, trend);
    let margin = (by_trend / 4).max(2);
    let fit = fit(&series);
    let days_left = if fit > 0.0 { by_trend.min(days_until(free, fit).saturating_add(margin)) } else { by_trend };
    if days_left > FURTHEST {
        return silent(Silence::FarAway);
    }
    let today = now.date_naive();
    let on = later(today, days_left);
    let order_by =
        delivery_days.map(|days| on.checked_sub_days(Days::new(u64::from(days))).unwrap_or(today).max(today));
    Outlook::RunsOut(Forecast {
        per_week: trend * 7.0,
        days_seen: series.len(),
        free,
        days_left,
        margin_days: margin,
        on,
        order_by,
        delivery_days,
    })
}

fn later(day: NaiveDate, days: i64) -> NaiveDate {
    day.checked_add_days(Days::new(u64::try_from(days).unwrap_or_default())).unwrap_or(NaiveDate::MAX)
}

/// Whole days until so many are used up.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "counts of licences and days are small"
)]
fn days_until(free: i64, per_day: f64) -> i64 {
    (free as f64 / per_day).floor() as i64
}

/// Licences assigned at the end of each of the last days, oldest first, from the day the product was first seen, or seen
/// again, on.
fn daily(history: &[Assigned], now: DateTime<Utc>) -> Vec<f64> {
    let mut series = Vec::new();
    for age in 0..WINDOW {
        let at = now - TimeDelta::days(age);
        let known = history.iter().rev().find(|assigned| assigned.since <= at);
        match known.and_then(|assigned| assigned.consumed) {
            #[expect(clippy::cast_precision_loss, reason = "counts of licences are small")]
            Some(consumed) => series.push(consumed as f64),
            None => break,
        }
    }
    series.reverse();
    series
}

/// The slope between any two days, sorted. Never empty: there are at least two days.
fn slopes(series: &[f64]) -> Vec<f64> {
    let mut slopes = Vec::with_capacity(series.len() * series.len() / 2);
    for (from, first) in series.iter().enumerate() {
        for (step, last) in series[from + 1..].iter().enumerate() {
            #[expect(clippy::cast_precision_loss, reason = "56 at most")]
            slopes.push((last - first) / (step + 1) as f64);
        }
    }
    slopes.sort_by(f64::total_cmp);
    slopes
}

#[expect(clippy::cast_precision_loss, reason = "1540 at most")]
fn share(slopes: &[f64], holds: impl Fn(f64) -> bool) -> f64 {
    slopes.iter().filter(|slope| holds(**slope)).count() as f64 / slopes.len() as f64
}

/// The slope of the plain linear fit (least squares).
#[expect(clippy::cast_precision_loss, reason = "56 at most")]
fn fit(series: &[f64]) -> f64 {
    let count = series.len() as f64;
    let (mean_x, mean_y) = ((count - 1.0) / 2.0, series.iter().sum::<f64>() / count);
    let (mut above, mut below) = (0.0, 0.0);
    for (x, y) in series.iter().enumerate() {
        let x = x as f64 - mean_x;
        above += x * (y - mean_y);
        below += x * x;
    }
    above / below
}

#[cfg(test)]
mod tests;
