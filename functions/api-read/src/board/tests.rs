use leitwarte_core::TimeDelta;
use leitwarte_core::poll::{FailureKind, PollFailure};
use leitwarte_core::stock::{AppliesTo, CapabilityStatus, LicenceStock};

use super::*;

/// The time of the samples.
pub(crate) fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000)
}

/// `SPE_E3`.
pub(crate) const E3: Uuid = Uuid::from_u128(0x05e9_a617_0261_4cee_bb44_138d_3ef5_d965);

/// A product's numbers.
pub(crate) fn stock(sku_id: Uuid, part_number: &str, enabled: i64, consumed: i64) -> LicenceStock {
    LicenceStock {
        sku_id,
        part_number: part_number.to_owned(),
        applies_to: AppliesTo::User,
        capability_status: CapabilityStatus::Enabled,
        enabled,
        warning: 0,
        suspended: 0,
        locked_out: 0,
        consumed,
    }
}

/// A tenant that was polled a minute ago.
pub(crate) fn snapshot(key: &str, name: &str, stock: Vec<LicenceStock>) -> TenantSnapshot {
    TenantSnapshot {
        key: key.to_owned(),
        tenant_name: name.to_owned(),
        enabled: true,
        count_warning_units: true,
        polled_at: Some(now() - TimeDelta::minutes(1)),
        failure: None,
        stock,
        yardstick: leitwarte_core::status::Yardstick::default(),
    }
}

/// What is known of it besides.
pub(crate) fn info(snapshot: &TenantSnapshot) -> TenantInfo {
    TenantInfo {
        key: snapshot.key.clone(),
        tenant_id: Some(Uuid::from_u128(9)),
        tenant_name: snapshot.tenant_name.clone(),
        display_name: None,
        enabled: snapshot.enabled,
        profile_enabled: true,
        monitoring: true,
        first_seen_at: now() - TimeDelta::days(90),
        last_attempt_at: snapshot.polled_at,
        last_success_at: snapshot.polled_at,
        failure: snapshot.failure.clone(),
        failing_since: snapshot.failure.as_ref().map(|_| now() - TimeDelta::hours(3)),
        consecutive_failures: i64::from(snapshot.failure.is_some()) * 36,
        certificate_ends_at: None,
    }
}

/// A failure with hostile words.
pub(crate) fn failure() -> PollFailure {
    let hostile = crate::pages::HOSTILE;
    PollFailure { kind: FailureKind::SignIn, message: format!("Refused {hostile}"), fix: format!("Fix {hostile}") }
}

/// Tenants of every kind, one of them with hostile names.
pub(crate) fn snapshots() -> Vec<TenantSnapshot> {
    let hostile = crate::pages::HOSTILE;
    let id = Uuid::from_u128;
    let failing = TenantSnapshot {
        failure: Some(failure()),
        polled_at: Some(now() - TimeDelta::hours(3)),
        ..snapshot("failing", "Failing", vec![stock(id(1), "PART_A", 10, 4)])
    };
    vec![
        snapshot("fine", "Fine", vec![stock(E3, "SPE_E3", 100, 20)]),
        failing,
        snapshot("hostile", hostile, vec![stock(id(2), hostile, 5, 12), stock(E3, "SPE_E3", 50, 49)]),
        TenantSnapshot { polled_at: None, ..snapshot("new", "New", vec![]) },
        TenantSnapshot { enabled: false, ..snapshot("off", &"x".repeat(300), vec![stock(E3, "SPE_E3", 1, 1)]) },
    ]
}

/// All of them on a board.
pub(crate) fn board() -> Board {
    let snapshots = snapshots();
    let infos = snapshots.iter().map(info).collect();
    Board::build(&snapshots, infos, &PollPolicy { interval: TimeDelta::minutes(5) }, now())
}

#[test]
fn what_needs_a_person_comes_first() {
    let board = board();
    let keys: Vec<_> = board.tenants.iter().map(|tenant| tenant.info.key.as_str()).collect();
    assert_eq!(keys, ["hostile", "failing", "new", "fine", "off"]);
    assert_eq!(board.rows[0].free, Some(-7));
    assert!(board.rows.is_sorted_by_key(|row| row.state));
}

#[test]
fn every_row_is_counted_once_and_nothing_old_counts_as_fine() {
    let board = board();
    let counts = board.counts();
    assert_eq!(STATES.map(|state| counts.of(state)).iter().sum::<usize>(), board.rows.len());
    assert_eq!((counts.of(StockState::Fine), counts.of(StockState::Unknown)), (1, 2));
}

#[test]
fn states_are_in_the_order_of_their_index() {
    for (position, state) in STATES.into_iter().enumerate() {
        assert_eq!(index(state), position);
    }
}

#[test]
fn a_licence_is_found_by_tenant_product_part_number_and_guid() {
    let board = board();
    for term in ["fine", "microsoft 365 e3", "spe_e3", "05e9a617"] {
        assert!(board.rows.iter().any(|row| row.haystack.contains(term)), "{term}");
    }
}
