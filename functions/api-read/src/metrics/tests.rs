use leitwarte_core::poll::{FailureKind, PollFailure};
use leitwarte_core::stock::{AppliesTo, CapabilityStatus, LicenceStock};
use leitwarte_core::{TimeDelta, Uuid};

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

/// A tenant that is short of one product, low on another and well supplied with the third.
fn contoso() -> TenantSnapshot {
    TenantSnapshot {
        key: "contoso".to_owned(),
        tenant_name: "Contoso AG".to_owned(),
        enabled: true,
        count_warning_units: true,
        polled_at: Some(now()),
        failure: None,
        stock: vec![stock(1, 10, 13), stock(2, 100, 98), stock(3, 100, 20)],
        yardstick: leitwarte_core::status::Yardstick::default(),
    }
}

fn nothing() -> Known {
    Known {
        tenants: Vec::new(),
        certificates: Vec::new(),
        syncs: Vec::new(),
        incidents: (0, 0),
        outbox: OutboxCounts::default(),
        last_tick: None,
    }
}

#[test]
fn what_people_are_told_is_counted() {
    let outbox = OutboxCounts { waiting: 2, given_up: 1, oldest_waiting: Some(now()) };
    let text = render(&Known { incidents: (5, 3), outbox, ..nothing() }, &POLICY, now());
    for line in [
        "leitwarte_incidents_open 5",
        "leitwarte_incidents_untouched 3",
        "leitwarte_messages_waiting 2",
        "leitwarte_messages_given_up 1",
        "leitwarte_messages_oldest_waiting_timestamp_seconds 1800000000",
    ] {
        assert!(text.lines().any(|other| other == line), "{line} is missing in:\n{text}");
    }
}

fn lines_of(tenant: TenantSnapshot, name: &str) -> Vec<String> {
    let known = Known { tenants: vec![tenant], ..nothing() };
    let text = render(&known, &POLICY, now());
    let lines = text.lines().filter(|line| line.starts_with(&format!("{name}{{")));
    lines.map(|line| line[name.len()..].to_owned()).collect()
}

fn states_of(tenant: TenantSnapshot) -> Vec<String> {
    let counted = lines_of(tenant, "leitwarte_licences").into_iter().filter(|line| !line.ends_with(" 0"));
    counted.map(|line| line.replace("{tenant=\"contoso\",state=", "").replace('}', "")).collect()
}

/// Every way in which numbers stop being fresh.
fn stale_tenants() -> [TenantSnapshot; 4] {
    let failure = PollFailure { kind: FailureKind::SignIn, message: "Refused.".into(), fix: "Ask.".into() };
    [
        TenantSnapshot { polled_at: Some(now() - TimeDelta::minutes(16)), ..contoso() },
        TenantSnapshot { polled_at: Some(now() + TimeDelta::minutes(16)), ..contoso() },
        TenantSnapshot { failure: Some(failure), ..contoso() },
        TenantSnapshot { enabled: false, ..contoso() },
    ]
}

#[test]
fn fresh_numbers_are_counted_by_state_and_told_by_product() {
    assert_eq!(states_of(contoso()), ["\"short\" 1", "\"low\" 1", "\"fine\" 1"]);
    assert_eq!(lines_of(contoso(), "leitwarte_tenant_stale"), ["{tenant=\"contoso\"} 0"]);
    assert_eq!(
        lines_of(contoso(), "leitwarte_licence_free_units"),
        [(1, -3), (2, 2), (3, 80)].map(|(id, free)| format!(
            "{{tenant=\"contoso\",sku_part_number=\"SPE_E3\",sku_id=\"00000000-0000-0000-0000-00000000000{id}\"}} {free}"
        ))
    );
}

#[test]
fn no_stale_number_looks_fine() {
    for tenant in stale_tenants() {
        assert_eq!(lines_of(tenant.clone(), "leitwarte_tenant_stale"), ["{tenant=\"contoso\"} 1"]);
        assert_eq!(states_of(tenant.clone()), ["\"short\" 1", "\"unknown\" 2"], "{tenant:?}");
        let free = lines_of(tenant, "leitwarte_licence_free_units");
        assert!(matches!(&free[..], [shortage] if shortage.ends_with(" -3")), "{free:?}");
    }
}

#[test]
fn a_tenant_never_polled_is_unknown_and_without_a_time() {
    let new = TenantSnapshot { polled_at: None, stock: Vec::new(), ..contoso() };
    assert_eq!(states_of(new.clone()), ["\"unknown\" 1"]);
    assert_eq!(lines_of(new.clone(), "leitwarte_tenant_stale"), ["{tenant=\"contoso\"} 1"]);
    assert!(lines_of(new.clone(), "leitwarte_tenant_last_good_poll_timestamp_seconds").is_empty());
    assert!(lines_of(new, "leitwarte_licence_free_units").is_empty());
}

#[test]
fn every_state_has_its_line() {
    let states = lines_of(contoso(), "leitwarte_licences");
    assert_eq!(states.len(), STATES.len());
    for state in STATES {
        assert!(states.iter().any(|line| line.contains(&format!("state=\"{}\"", state.as_str()))), "{state:?}");
    }
}

#[test]
fn quotes_backslashes_and_newlines_in_labels_are_escaped() {
    let odd = TenantSnapshot { tenant_name: "A \"B\" \\ C\nD \\n ü".to_owned(), ..contoso() };
    let line = lines_of(odd, "leitwarte_tenant_info");
    assert_eq!(line, [r#"{tenant="contoso",tenant_name="A \"B\" \\ C\nD \\n ü"} 1"#]);
}

#[test]
fn the_lists_of_each_sharepoint_profile_are_told() {
    let sync = |profile: &str, last_success_at, failing: bool| SyncInfo {
        profile: profile.to_owned(),
        started_at: now(),
        last_success_at,
        failure: failing.then(|| PollFailure {
            kind: FailureKind::Permission,
            message: "Refused.".to_owned(),
            fix: "Give the permission.".to_owned(),
        }),
        failing_since: None,
        doubled_rows: 2,
    };
    let syncs = vec![sync("a", Some(now()), false), sync("b", None, true)];
    let known = Known { tenants: vec![contoso()], syncs, ..nothing() };
    let text = render(&known, &POLICY, now());
    let lines: Vec<_> = text.lines().filter(|line| line.starts_with("leitwarte_sharepoint")).collect();
    assert_eq!(
        lines,
        [
            "leitwarte_sharepoint_last_good_sync_timestamp_seconds{profile=\"a\"} 1800000000",
            "leitwarte_sharepoint_failing{profile=\"a\"} 0",
            "leitwarte_sharepoint_failing{profile=\"b\"} 1",
            "leitwarte_sharepoint_doubled_rows{profile=\"a\"} 2",
            "leitwarte_sharepoint_doubled_rows{profile=\"b\"} 2",
        ]
    );
}
