#![expect(clippy::cast_precision_loss, reason = "counts of licences and days are small")]

use proptest::prelude::*;

use super::*;
use uuid::Uuid;

use crate::message::words::Language;

/// A Sunday.
fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_763_856_000, 0).unwrap()
}

/// Licences assigned at the end of each day, the last one being today.
fn history(consumed: impl IntoIterator<Item = i64>) -> Vec<Assigned> {
    let consumed: Vec<i64> = consumed.into_iter().collect();
    let first = now() - TimeDelta::days(i64::try_from(consumed.len()).unwrap() - 1);
    let at = |day: usize| first + TimeDelta::days(i64::try_from(day).unwrap());
    consumed.iter().enumerate().map(|(day, consumed)| Assigned { since: at(day), consumed: Some(*consumed) }).collect()
}

fn runs_out(outlook: Outlook) -> Forecast {
    match outlook {
        Outlook::RunsOut(forecast) => forecast,
        other => panic!("{other:?}"),
    }
}

fn why(outlook: &Outlook) -> Silence {
    match outlook {
        Outlook::Silent { why } => *why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn steady_growth_is_told_with_its_reasoning() {
    let outlook = outlook(&history((0..56).map(|day| 100 + day * 3 / 7)), 5, Some(6), now());
    let forecast = runs_out(outlook.clone());
    assert!((2.8..3.2).contains(&forecast.per_week), "{forecast:?}");
    assert_eq!((forecast.days_left, forecast.days_seen), (11, 56));
    let words = outlook.words(Language::En);
    assert!(words.starts_with("+3 a week over 8 weeks; 5 free; empty in 11 days"), "{words}");
    assert!(words.contains("order by Friday") && words.contains("delivery takes 6 days"), "{words}");
    assert!(outlook.words(Language::De).contains("bestellen bis Freitag"), "{}", outlook.words(Language::De));
}

#[test]
fn one_day_is_no_plural() {
    let tomorrow = outlook(&history((0..56).map(|day| day * 5)), 6, Some(1), now());
    let (english, german) = (tomorrow.words(Language::En), tomorrow.words(Language::De));
    assert!(english.contains("in 1 day (") && english.contains("takes 1 day."), "{english}");
    assert!(german.contains("in 1 Tag (") && german.contains("dauert 1 Tag."), "{german}");
}

#[test]
fn an_order_that_is_late_already_is_due_today() {
    let forecast = runs_out(outlook(&history(0..56), 2, Some(30), now()));
    assert_eq!(forecast.order_by, Some(now().date_naive()));
}

#[test]
fn one_bulk_assignment_is_no_trend_and_does_not_bend_one() {
    let jump = history((0..56).map(|day| if day < 40 { 100 } else { 300 }));
    assert_eq!(why(&outlook(&jump, 50, None, now())), Silence::NoGrowth);
    let both = history((0..56).map(|day| day + if day < 5 { 0 } else { 200 }));
    let forecast = runs_out(outlook(&both, 70, None, now()));
    assert!((6.5..9.0).contains(&forecast.per_week), "one a day, not a jump spread over weeks: {forecast:?}");
}

#[test]
fn what_the_data_does_not_support_is_not_said() {
    assert_eq!(why(&outlook(&history(0..13), 5, None, now())), Silence::TooShort);
    assert_eq!(why(&outlook(&history((0..56).map(|_| 7)), 5, None, now())), Silence::NoGrowth);
    assert_eq!(why(&outlook(&history((0..56).map(|day| 100 - day)), 5, None, now())), Silence::NoGrowth);
    assert_eq!(why(&outlook(&history((0..56).map(|day| day / 7)), 5000, None, now())), Silence::FarAway);
    assert_eq!(outlook(&history(0..56), 0, None, now()), Outlook::Exhausted);
    assert_eq!(outlook(&[], -3, None, now()), Outlook::Exhausted);
    assert_eq!(why(&outlook(&[], 3, None, now())), Silence::TooShort);
}

#[test]
fn a_history_begins_with_what_was_before_the_first_change() {
    use crate::change::StockChange;
    use crate::stock::samples::stock;
    let (start, seen) = (now() - TimeDelta::days(WINDOW), now() - TimeDelta::days(3));
    let change =
        StockChange { sku_id: Uuid::from_u128(1), before: Some(stock(1, 10, 3)), after: Some(stock(1, 10, 4)) };
    let of = |id| assigned(&[(seen, change.clone())], &stock(id, 10, 4), seen, start);
    let shown = |history: Vec<Assigned>| history.iter().map(|one| (one.since, one.consumed)).collect::<Vec<_>>();
    assert_eq!(shown(of(1)), [(start, Some(3)), (seen, Some(4))]);
    assert_eq!(shown(of(2)), [(seen, Some(4))], "nobody knows of days before the tenant was seen");
}

#[test]
fn a_product_that_was_gone_in_between_counts_from_its_return() {
    let mut gone = history(0..56);
    gone[45].consumed = None;
    assert_eq!(why(&outlook(&gone, 5, None, now())), Silence::TooShort);
}

/// The plain linear fit, by the textbook's other formula.
fn plain_fit(series: &[f64]) -> f64 {
    let n = series.len() as f64;
    let xs = || (0..series.len()).map(|x| x as f64);
    let (sum_x, sum_y): (f64, f64) = (xs().sum(), series.iter().sum());
    let products: f64 = xs().zip(series).map(|(x, y)| x * y).sum();
    let squares: f64 = xs().map(|x| x * x).sum();
    (n * products - sum_x * sum_y) / (n * squares - sum_x * sum_x)
}

proptest! {
    #[test]
    fn it_never_promises_a_day_later_than_a_plain_fit_by_more_than_its_margin(
        steps in prop::collection::vec(prop_oneof![8 => 0..4_i64, 1 => -3..0_i64, 1 => 0..200_i64], 14..80),
        free in 1..500_i64,
    ) {
        let consumed: Vec<i64> = steps.iter().scan(50, |sum, step| { *sum += step; Some(*sum) }).collect();
        if let Outlook::RunsOut(forecast) = outlook(&history(consumed.clone()), free, Some(6), now()) {
            let seen = &consumed[consumed.len() - forecast.days_seen..];
            let fit = plain_fit(&seen.iter().map(|consumed| *consumed as f64).collect::<Vec<_>>());
            if fit > 0.0 {
                let plain = free as f64 / fit;
                prop_assert!(forecast.days_left as f64 <= plain + forecast.margin_days as f64 + 1e-6, "{forecast:?}, plain {plain}");
            }
            prop_assert!(forecast.days_left >= 0 && forecast.days_left <= FURTHEST && forecast.margin_days >= 2);
            prop_assert!(forecast.on >= now().date_naive());
            prop_assert!(forecast.order_by.is_some_and(|day| day >= now().date_naive() && day <= forecast.on));
        }
    }

    #[test]
    fn fewer_free_licences_never_last_longer(steps in prop::collection::vec(0..5_i64, 14..60), free in 1..200_i64) {
        let consumed: Vec<i64> = steps.iter().scan(0, |sum, step| { *sum += step; Some(*sum) }).collect();
        let history = history(consumed);
        let days = |free| match outlook(&history, free, None, now()) {
            Outlook::RunsOut(forecast) => forecast.days_left,
            Outlook::Exhausted => 0,
            Outlook::Silent { .. } => i64::MAX,
        };
        prop_assert!(days(free) <= days(free + 1));
    }

    #[test]
    fn any_input_ends_without_a_panic(
        points in prop::collection::vec((-100..100_i64, prop::option::of(any::<i64>())), 0..60),
        free in any::<i64>(),
        delivery in prop::option::of(any::<u32>()),
    ) {
        let history: Vec<Assigned> = points
            .into_iter()
            .map(|(days, consumed)| Assigned { since: now() + TimeDelta::days(days), consumed })
            .collect();
        let outlook = outlook(&history, free, delivery, now());
        let _ = (outlook.words(Language::De), outlook.words(Language::En));
    }
}
