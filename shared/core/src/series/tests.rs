use proptest::prelude::*;

use super::*;
use crate::change::{apply, changes};
use crate::stock::samples::{any_stock, stock};

fn at(hours: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::hours(hours)
}

/// Polls that showed so many of ten licences free, each an hour after the one before; none for a product not listed.
fn history(free: &[Option<i64>]) -> Vec<(DateTime<Utc>, StockChange)> {
    let of = |free: Option<i64>| free.map(|free| stock(1, 10, 10 - free));
    let hours = (1..).zip(free.windows(2));
    hours
        .map(|(hour, pair)| {
            (at(hour), StockChange { sku_id: Uuid::from_u128(1), before: of(pair[0]), after: of(pair[1]) })
        })
        .collect()
}

/// From when, how many are free and how few were.
type Drawn = (DateTime<Utc>, Option<(i64, i64)>);

fn drawn(series: &Series) -> Vec<Drawn> {
    let point = |point: &Point| (point.at, point.numbers.map(|numbers| (numbers.free, numbers.lowest_free_units)));
    series.points.iter().map(point).collect()
}

#[test]
fn a_short_time_is_drawn_hour_by_hour() {
    let changes = history(&[Some(5), Some(3), Some(4)]);
    let found = series(&changes, &[], true, at(0), at(24));
    assert_eq!(drawn(&found[0]), [(at(0), Some((5, 5))), (at(1), Some((3, 3))), (at(2), Some((4, 4)))]);
    assert_eq!(found[0].part_number, "PRODUCT_1");
}

#[test]
fn a_long_time_is_drawn_day_by_day_and_the_worst_of_a_day_stays_visible() {
    let changes = history(&[Some(5), Some(3), Some(0), Some(4)]);
    let found = series(&changes, &[], true, at(0) - TimeDelta::days(90), at(24));
    assert_eq!(drawn(&found[0]), [(at(0) - TimeDelta::days(90), Some((5, 5))), (at(3), Some((4, 0)))]);
}

#[test]
fn a_product_without_changes_was_as_it_is() {
    let found = series(&[], &[stock(2, 10, 4)], false, at(0), at(24));
    assert_eq!(drawn(&found[0]), [(at(0), Some((6, 6)))]);
}

#[test]
fn a_product_begins_when_it_appeared_and_has_no_numbers_after_it_went() {
    let found = series(&history(&[None, Some(5), None]), &[], true, at(0), at(24));
    assert_eq!(drawn(&found[0]), [(at(1), Some((5, 5))), (at(2), None)]);
    let json = serde_json::to_value(&found[0].points).unwrap();
    assert_eq!(json[0]["free_units"], 5);
    assert_eq!(json[1].as_object().unwrap().len(), 1, "only the moment: {json}");
}

proptest! {
    #[test]
    fn a_series_is_in_order_bounded_and_ends_with_what_is_now(
        polls in prop::collection::vec(any_stock(), 1..40), minutes in 1..3000_i64, days in 1..400_i64,
    ) {
        let mut all = Vec::new();
        let mut now = Vec::new();
        let mut moment = at(0);
        for poll in &polls {
            moment += TimeDelta::minutes(minutes);
            let found = changes(&now, poll);
            now = apply(&now, &found);
            all.extend(found.into_iter().map(|change| (moment, change)));
        }
        let since = moment - TimeDelta::days(days);
        let since_then: Vec<_> = all.iter().filter(|(at, _)| *at >= since).cloned().collect();
        let found = series(&since_then, &now, true, since, moment);
        for series in &found {
            prop_assert!(!series.points.is_empty() && series.points.len() <= 402, "{}", series.points.len());
            prop_assert!(series.points.windows(2).all(|pair| pair[0].at <= pair[1].at));
            prop_assert!(series.points.iter().filter_map(|point| point.numbers).all(|one| one.lowest_free_units <= one.free));
            let last = series.points.last().unwrap().numbers.map(|numbers| numbers.free);
            let current = now.iter().find(|stock| stock.sku_id == series.sku_id).map(|stock| stock.free(true));
            prop_assert_eq!(last, current);
        }
        prop_assert!(now.iter().all(|stock| found.iter().any(|series| series.sku_id == stock.sku_id)));
    }
}
