use super::*;
use crate::poll::FailureKind;
use crate::stock::samples::stock;
use chrono::TimeDelta;

const POLICY: PollPolicy = PollPolicy { interval: TimeDelta::minutes(5) };

fn at(minutes: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::minutes(minutes)
}

fn contoso() -> TenantSnapshot {
    TenantSnapshot {
        key: "contoso".to_owned(),
        tenant_name: "Contoso".to_owned(),
        enabled: true,
        count_warning_units: true,
        polled_at: Some(at(0)),
        failure: None,
        stock: vec![stock(1, 100, 20), stock(2, 10, 13), stock(3, 100, 97)],
        yardstick: Yardstick::default(),
    }
}

fn failing() -> PollFailure {
    PollFailure {
        kind: FailureKind::SignIn,
        message: "Entra refused the sign-in.".to_owned(),
        fix: "Upload the certificate.".to_owned(),
    }
}

#[test]
fn rows_come_worst_first() {
    let rows = contoso().rows(&POLICY, at(1));
    let states: Vec<_> = rows.iter().map(|row| row.state).collect();
    assert_eq!(states, [StockState::Short, StockState::Low, StockState::Fine]);
}

#[test]
fn rows_are_judged_by_the_rules_people_set_and_say_which() {
    use crate::rules::{Definition, Scope};
    use crate::threshold::Limit;
    let mut rules = Rules::default();
    let of = |tenant: &str, sku| Scope { tenant: Some(tenant.to_owned()), sku: Some(Uuid::from_u128(sku)) };
    let excluded = Definition { excluded: Some("ends in May".to_owned()), ..Definition::default() };
    let early = Definition { short_at: Some(Limit::Percent(80)), ..Definition::default() };
    rules.set(of("contoso", 1), early.clone());
    rules.set(of("contoso", 2), excluded.clone());
    rules.set(of("fabrikam", 3), early.clone());
    let trials = BTreeSet::from([Uuid::from_u128(3)]);
    let contoso = TenantSnapshot { yardstick: Yardstick { rules: rules.into(), trials }, ..contoso() };
    let rows = contoso.rows(&POLICY, at(1));
    let shown: Vec<_> = rows.iter().map(|row| (row.free_units, row.state, row.rule.clone(), row.trial)).collect();
    assert_eq!(
        shown,
        [
            (Some(80), StockState::Short, Some(early), false),
            (Some(-3), StockState::Excluded, Some(excluded), false),
            (Some(3), StockState::Unmetered, None, true),
        ]
    );
    let json = serde_json::to_value(&rows).unwrap();
    assert_eq!(json[1]["rule"]["excluded"], "ends in May");
    assert!(json[2].get("rule").is_none() && json[0].get("trial").is_none());
    let stale = TenantSnapshot { failure: Some(failing()), ..contoso }.rows(&POLICY, at(1));
    assert!(stale.iter().filter(|row| row.state == StockState::Short).count() == 1, "old numbers never look fine");
}

#[test]
fn a_row_carries_the_source_systems_fields() {
    let row = serde_json::to_value(&contoso().rows(&POLICY, at(1))[0]).unwrap();
    assert_eq!(row["tenant"], "Contoso");
    assert_eq!(row["skuid"], "00000000-0000-0000-0000-000000000002");
    assert_eq!(row["skupartnumber"], "PRODUCT_2");
    assert_eq!((&row["available_units"], &row["consumed_units"]), (&10.into(), &13.into()));
    assert_eq!(row["free_units"], -3);
    assert_eq!(row["polled_at"], "2024-10-04T00:00:00Z");
    assert_eq!(row["stale"], false);
    assert_eq!(row["stale_reason"], serde_json::Value::Null);
}

#[test]
fn a11_a_tenant_never_read_is_a_row_without_numbers_and_not_nothing() {
    let snapshot = TenantSnapshot { polled_at: None, stock: Vec::new(), failure: Some(failing()), ..contoso() };
    let rows = snapshot.rows(&POLICY, at(1));
    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0].state, rows[0].stale, rows[0].free_units), (StockState::Unknown, true, None));
    assert_eq!(rows[0].stale_reason.as_deref(), Some("Entra refused the sign-in. Upload the certificate."));
}

#[test]
fn a11_after_a_failed_poll_the_last_numbers_are_stale_with_the_reason() {
    let rows = TenantSnapshot { failure: Some(failing()), ..contoso() }.rows(&POLICY, at(1));
    assert_eq!(rows.len(), 3);
    assert!(rows.iter().all(|row| row.stale && row.stale_reason.as_deref().unwrap().contains("refused")));
    assert_eq!(rows[0].state, StockState::Short, "a shortage stays one");
    assert!(rows[1..].iter().all(|row| row.state == StockState::Unknown), "nothing old looks fine");
}

#[test]
fn numbers_that_nobody_renews_become_stale_by_themselves() {
    assert_eq!(contoso().stale_reason(&POLICY, at(15)), None);
    let reason = contoso().stale_reason(&POLICY, at(16)).unwrap();
    assert!(reason.contains("16 minutes ago"), "{reason}");
}

#[test]
fn numbers_from_the_future_are_stale_because_nobody_knows_their_age() {
    let snapshot = TenantSnapshot { polled_at: Some(at(60)), ..contoso() };
    let reason = snapshot.stale_reason(&POLICY, at(1)).unwrap();
    assert!(reason.contains("clock was set back"), "{reason}");
    assert_eq!(snapshot.stale_reason(&POLICY, at(59)), None, "a minute is within what clocks differ by");
}

#[test]
fn fresh_numbers_know_when_they_become_stale() {
    let until = contoso().fresh_until(&POLICY, at(1)).unwrap();
    assert_eq!(until, at(15));
    assert_eq!(contoso().stale_reason(&POLICY, until), None);
    assert!(contoso().stale_reason(&POLICY, until + TimeDelta::milliseconds(1)).is_some());
    assert_eq!(contoso().fresh_until(&POLICY, at(16)), None);
}

#[test]
fn a_tenant_that_is_switched_off_says_so() {
    let reason = TenantSnapshot { enabled: false, ..contoso() }.stale_reason(&POLICY, at(1)).unwrap();
    assert!(reason.contains("switched off"), "{reason}");
}

#[test]
fn a_tenant_not_polled_yet_says_so() {
    let snapshot = TenantSnapshot { polled_at: None, stock: Vec::new(), ..contoso() };
    let reason = snapshot.stale_reason(&POLICY, at(1)).unwrap();
    assert!(reason.contains("not been polled yet"), "{reason}");
}
