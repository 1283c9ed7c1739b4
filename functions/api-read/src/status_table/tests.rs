use leitwarte_core::poll::{FailureKind, PollFailure};
use leitwarte_core::stock::{AppliesTo, CapabilityStatus, LicenceStock};
use serde_json::Value;

use super::*;

const POLICY: PollPolicy = PollPolicy { interval: TimeDelta::minutes(5) };

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

fn stock(id: u128, enabled: i64, consumed: i64) -> LicenceStock {
    LicenceStock {
        sku_id: Uuid::from_u128(id),
        part_number: "SPE_E3".to_owned(),
        applies_to: AppliesTo::User,
        capability_status: CapabilityStatus::Enabled,
        enabled,
        warning: 0,
        suspended: 0,
        locked_out: 0,
        consumed,
    }
}

fn tenant(key: &str, stock: Vec<LicenceStock>) -> TenantSnapshot {
    TenantSnapshot {
        key: key.to_owned(),
        tenant_name: "Same Name AG".to_owned(),
        enabled: true,
        count_warning_units: true,
        polled_at: Some(now()),
        failure: None,
        stock,
        yardstick: leitwarte_core::status::Yardstick::default(),
    }
}

fn table(snapshots: &[TenantSnapshot]) -> StatusTable {
    StatusTable::build(snapshots, &POLICY, now()).unwrap()
}

/// Forty rows of two tenants with the same name, many of them alike in everything shown but the SKU.
fn many() -> StatusTable {
    let products = |first: u128| (first..first + 20).map(|id| stock(id, 100, 80 + i64::try_from(id % 3).unwrap()));
    table(&[tenant("a", products(1).collect()), tenant("b", products(1).collect())])
}

fn parse(json: &Bytes) -> Vec<Value> {
    serde_json::from_slice(json).unwrap()
}

#[test]
fn the_worst_row_of_all_tenants_comes_first() {
    let table = table(&[tenant("a", vec![stock(1, 10, 5)]), tenant("b", vec![stock(1, 10, 13), stock(2, 10, 10)])]);
    let free: Vec<_> = parse(&table.json(&(0..3))).iter().map(|row| row["free_units"].as_i64().unwrap()).collect();
    assert_eq!(free, [-3, 0, 5]);
}

#[test]
fn parts_of_any_size_put_together_are_the_whole() {
    let table = many();
    let whole = parse(&table.json(&(0..40)));
    assert_eq!(whole.len(), 40);
    for size in [1, 7, 39, 40, 41] {
        let (mut collected, mut start) = (Vec::new(), 0);
        while start < table.len() {
            let rows = start..(start + size).min(table.len());
            collected.extend(parse(&table.json(&rows)));
            assert!(collected.len() <= table.len(), "the same row twice");
            let cursor = table.position_before(rows.end).unwrap().to_cursor();
            start = table.first_after(&Position::from_cursor(&cursor).unwrap());
        }
        assert_eq!(collected, whole, "pages of {size}");
    }
}

#[test]
fn an_empty_part_is_an_empty_array() {
    assert_eq!(many().json(&(40..40)), "[]");
    assert_eq!(table(&[]).json(&(0..0)), "[]");
}

#[test]
fn a_cursor_goes_on_after_its_row_even_when_that_row_is_gone() {
    let before = table(&[tenant("a", vec![stock(1, 10, 12), stock(2, 10, 10), stock(3, 10, 1)])]);
    let cursor = before.position_before(2).unwrap().to_cursor();
    let after = table(&[tenant("a", vec![stock(1, 10, 13), stock(3, 10, 1), stock(4, 10, 11)])]);
    let start = after.first_after(&Position::from_cursor(&cursor).unwrap());
    let rows = parse(&after.json(&(start..after.len())));
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["skuid"], Uuid::from_u128(3).to_string());
}

#[test]
fn each_part_has_its_own_tag_and_keeps_it_while_nothing_changes() {
    let (one, two) = (many(), many());
    assert_eq!(one.tag(&(0..10)), two.tag(&(0..10)));
    assert_ne!(one.tag(&(0..10)), one.tag(&(10..20)));
    assert_ne!(one.tag(&(0..40)), one.tag(&(0..39)));
}

#[test]
fn a_table_is_good_until_numbers_become_stale() {
    let table = table(&[tenant("a", vec![stock(1, 10, 5)])]);
    let stale_after = POLICY.stale_after();
    assert!(table.is_valid_at(now() + stale_after));
    assert!(!table.is_valid_at(now() + stale_after + TimeDelta::milliseconds(1)));
}

#[test]
fn a_table_with_old_numbers_is_good_until_their_age_reads_otherwise() {
    let old =
        TenantSnapshot { polled_at: Some(now() - TimeDelta::seconds(3630)), ..tenant("a", vec![stock(1, 10, 5)]) };
    let table = table(&[old]);
    assert!(parse(&table.json(&(0..1)))[0]["stale_reason"].as_str().unwrap().contains("60 minutes"));
    assert!(table.is_valid_at(now() + TimeDelta::seconds(29)));
    assert!(!table.is_valid_at(now() + TimeDelta::seconds(30)));
}

#[test]
fn what_time_does_not_change_is_good_for_ever() {
    let failure = PollFailure { kind: FailureKind::SignIn, message: "No.".into(), fix: "Do.".into() };
    let failing = TenantSnapshot { failure: Some(failure), ..tenant("a", vec![stock(1, 10, 5)]) };
    let off = TenantSnapshot { enabled: false, ..tenant("b", vec![]) };
    let new = TenantSnapshot { polled_at: None, ..tenant("c", vec![]) };
    assert!(table(&[failing, off, new]).is_valid_at(now() + TimeDelta::days(365)));
}

/// The rows may never change while the table calls itself valid, whatever states the tenants are in.
#[test]
fn a_valid_table_says_what_a_new_one_would_say() {
    let ages = [0, 1, 899, 900, 901, 3599, 3600, 86_399].map(TimeDelta::seconds);
    let polled_before = |age| TenantSnapshot { polled_at: Some(now() - age), ..tenant("a", vec![stock(1, 10, 5)]) };
    for snapshot in ages.map(polled_before) {
        let table = table(std::slice::from_ref(&snapshot));
        for second in 0..2000 {
            let later = now() + TimeDelta::seconds(second);
            if table.is_valid_at(later) {
                let new = StatusTable::build(std::slice::from_ref(&snapshot), &POLICY, later).unwrap();
                assert_eq!(table.json, new.json, "{:?} after {second} s", snapshot.polled_at);
            }
        }
    }
}
