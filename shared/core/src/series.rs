//! How a tenant's numbers went, for charts: the changes of a time as steps, few enough to be drawn.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use uuid::Uuid;

use crate::change::StockChange;
use crate::stock::LicenceStock;

/// Longest time that is drawn.
pub const LONGEST: TimeDelta = TimeDelta::days(400);
/// Up to here each hour may have a step of its own, beyond it each day.
const HOURLY_UP_TO: TimeDelta = TimeDelta::days(16);

/// How one product's numbers went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Series {
    /// The product.
    #[serde(rename = "skuid")]
    pub sku_id: Uuid,
    /// Its part number, as last seen.
    #[serde(rename = "skupartnumber")]
    pub part_number: String,
    /// In the order of time; at most about 400. Never empty.
    pub points: Vec<Point>,
}

/// What held from a moment until the next point, or until now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Point {
    /// From when.
    pub at: DateTime<Utc>,
    /// How many licences; `None` (and no such fields in JSON) while Microsoft did not list the product.
    #[serde(flatten)]
    pub numbers: Option<Numbers>,
}

/// Licences at one point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Numbers {
    /// Those that could be assigned.
    #[serde(rename = "available_units")]
    pub usable: i64,
    /// Those that were.
    #[serde(rename = "consumed_units")]
    pub consumed: i64,
    /// Those that were left; negative when over-assigned.
    #[serde(rename = "free_units")]
    pub free: i64,
    /// The fewest that were left in the hour or the day this point stands for: a shortage that was over in the evening
    /// is not lost.
    pub lowest_free_units: i64,
}

/// The series of every product that was listed at some time since `since`, ordered by product GUID. `changes` are all since
/// then, in the order of time; `stock` is what is listed now. A product without any change was as it is now all the time,
/// because its appearance would have been one.
#[must_use]
pub fn series(
    changes: &[(DateTime<Utc>, StockChange)],
    stock: &[LicenceStock],
    count_warning_units: bool,
    since: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Vec<Series> {
    let bucket = if until - since <= HOURLY_UP_TO { TimeDelta::hours(1) } else { TimeDelta::days(1) };
    let mut products: BTreeMap<Uuid, Steps> = BTreeMap::new();
    for (at, change) in changes {
        let steps = products.entry(change.sku_id).or_insert_with(|| {
            let mut steps = Steps { bucket, count_warning_units, part_number: String::new(), points: Vec::new() };
            if let Some(before) = &change.before {
                steps.push(since, Some(before));
            }
            steps
        });
        steps.push(*at, change.after.as_ref());
    }
    for stock in stock {
        products.entry(stock.sku_id).or_insert_with(|| {
            let mut steps = Steps { bucket, count_warning_units, part_number: String::new(), points: Vec::new() };
            steps.push(since, Some(stock));
            steps
        });
    }
    products
        .into_iter()
        .map(|(sku_id, steps)| Series { sku_id, part_number: steps.part_number, points: steps.points })
        .collect()
}

/// A series while it grows.
struct Steps {
    bucket: TimeDelta,
    count_warning_units: bool,
    part_number: String,
    points: Vec<Point>,
}

impl Steps {
    /// Adds what held from a moment on; it takes the place of what began in the same hour or day.
    fn push(&mut self, at: DateTime<Utc>, stock: Option<&LicenceStock>) {
        if let Some(stock) = stock {
            self.part_number.clone_from(&stock.part_number);
        }
        let mut numbers = stock.map(|stock| {
            let free = stock.free(self.count_warning_units);
            let usable = stock.usable(self.count_warning_units);
            Numbers { usable, consumed: stock.consumed, free, lowest_free_units: free }
        });
        // The first point stands for what held before, not for its hour or day.
        let replaced = self.points.len() > 1 && self.points.last().is_some_and(|last| self.same_bucket(last.at, at));
        let last = if replaced { self.points.pop() } else { None };
        if let (Some(numbers), Some(before)) = (&mut numbers, last.and_then(|last| last.numbers)) {
            numbers.lowest_free_units = numbers.lowest_free_units.min(before.lowest_free_units);
        }
        self.points.push(Point { at, numbers });
    }

    fn same_bucket(&self, one: DateTime<Utc>, other: DateTime<Utc>) -> bool {
        let of = |at: DateTime<Utc>| at.timestamp().div_euclid(self.bucket.num_seconds());
        of(one) == of(other)
    }
}

#[cfg(test)]
mod tests;
