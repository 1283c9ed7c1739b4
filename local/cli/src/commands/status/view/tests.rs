use chrono::TimeDelta;
use leitwarte_core::Uuid;
use leitwarte_core::poll::{FailureKind, PollFailure};
use leitwarte_core::stock::{AppliesTo, CapabilityStatus, LicenceStock};

use super::*;

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

fn stock(part_number: &str, id: &str, enabled: i64, consumed: i64) -> LicenceStock {
    LicenceStock {
        sku_id: Uuid::parse_str(id).unwrap(),
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

fn e3(enabled: i64, consumed: i64) -> LicenceStock {
    stock("SPE_E3", "05e9a617-0261-4cee-bb44-138d3ef5d965", enabled, consumed)
}

fn premium(enabled: i64, consumed: i64) -> LicenceStock {
    stock("SPB", "cbdc14ab-d96c-4c30-b9f4-6ada7cdc1d46", enabled, consumed)
}

fn flow_free() -> LicenceStock {
    stock("FLOW_FREE", "f30db892-07e9-47e9-837c-80727f46fd3d", 10_000, 7)
}

fn tenant(key: &str, name: &str, stock: Vec<LicenceStock>) -> TenantSnapshot {
    TenantSnapshot {
        key: key.to_owned(),
        tenant_name: name.to_owned(),
        enabled: true,
        count_warning_units: true,
        polled_at: Some(now() - TimeDelta::minutes(2)),
        failure: None,
        stock,
        yardstick: leitwarte_core::status::Yardstick::default(),
    }
}

/// One of each kind, in an order that is not that of the page.
fn tenants() -> Vec<TenantSnapshot> {
    let expired = PollFailure {
        kind: FailureKind::CertificateExpired,
        message: "Certificate file certs/tailspin/mycert_tailspin.pem: its certificate expired on 2027-01-01.".into(),
        fix: "Make a new certificate, upload it to the app registration, and put its thumbprint into the profile."
            .into(),
    };
    vec![
        tenant("fabrikam", "Fabrikam", vec![e3(850, 712), flow_free()]),
        TenantSnapshot { enabled: false, ..tenant("adatum", "Adatum (left us)", vec![e3(10, 10)]) },
        TenantSnapshot { polled_at: None, ..tenant("proseware", "Proseware", Vec::new()) },
        tenant("contoso", "Contoso Schule Zürich", vec![e3(1250, 1240), premium(20, 5)]),
        TenantSnapshot {
            polled_at: Some(now() - TimeDelta::days(3)),
            failure: Some(expired),
            ..tenant("tailspin", "Tailspin", vec![e3(60, 44), premium(5, 5)])
        },
        tenant("northwind", "Northwind", vec![premium(85, 92), e3(90, 76), flow_free()]),
    ]
}

fn render(snapshots: &[TenantSnapshot], width: usize, show_all: bool) -> String {
    let policy = PollPolicy { interval: TimeDelta::minutes(5) };
    let last_tick = Some(now() - TimeDelta::seconds(40));
    View { policy: &policy, now: now(), width, show_all, last_tick }.render(snapshots)
}

fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

#[test]
fn a_narrow_terminal_shows_what_needs_somebody() {
    insta::assert_snapshot!(plain(&render(&tenants(), 80, false)));
}

#[test]
fn a_wide_terminal_has_room_for_ids_and_all_shows_every_licence() {
    insta::assert_snapshot!(plain(&render(&tenants(), 120, true)));
}

#[test]
fn the_worst_tenant_comes_first_and_one_that_is_switched_off_last() {
    let text = plain(&render(&tenants(), 100, false));
    let order: Vec<usize> = ["Northwind", "Tailspin", "Proseware", "Contoso", "Fabrikam", "Adatum"]
        .iter()
        .map(|name| text.find(name).unwrap_or_else(|| panic!("{name} is missing:\n{text}")))
        .collect();
    assert!(order.is_sorted(), "{text}");
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    for width in [80, 100, 160] {
        for line in plain(&render(&tenants(), width, true)).lines() {
            assert!(line.width() <= width, "{width}: {line}");
        }
    }
}

#[test]
fn a_shortage_is_red_and_old_numbers_are_never_green() {
    let text = render(&tenants(), 100, true);
    let line = |part: &str| text.lines().find(|line| line.contains(part)).unwrap().to_owned();
    assert!(line("-7").contains(&BAD.render().to_string()), "{text}");
    let stale = vec![TenantSnapshot { polled_at: Some(now() - TimeDelta::hours(1)), ..tenants().remove(0) }];
    assert!(!render(&stale, 100, true).contains(&GOOD.render().to_string()));
}

#[test]
fn a_name_with_control_characters_cannot_move_the_cursor() {
    let text = plain(&render(&[tenant("a", "evil\u{1b}[2J\r\nname", vec![e3(1, 0)])], 80, true));
    assert!(!text.contains('\u{1b}') && text.contains("evil [2J  name"), "{text}");
}
