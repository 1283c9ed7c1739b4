use leitwarte_core::change::StockChange;
use leitwarte_core::forecast::{Forecast, Outlook, Silence};
use leitwarte_core::incident::{Closing, Incident as Case, Phase};
use leitwarte_core::series::series;
use leitwarte_core::stock::LicenceStock;
use leitwarte_core::{TimeDelta, Uuid};
use leitwarte_store::{CertificateKind, CertificateLook, ProductOutlook};

use super::*;
use crate::board::tests::{board, failure, now, snapshots};
use crate::pages::HOSTILE;

fn changes(stock: &LicenceStock) -> Vec<(DateTime<Utc>, StockChange)> {
    let step = |days: i64, consumed: i64| {
        let change = StockChange {
            sku_id: stock.sku_id,
            before: Some(LicenceStock { consumed: consumed - 1, ..stock.clone() }),
            after: Some(LicenceStock { consumed, ..stock.clone() }),
        };
        (now() - TimeDelta::days(days), change)
    };
    (0..stock.consumed).map(|one| step((stock.consumed - one) * 2, one + 1)).collect()
}

fn known() -> Known {
    let tenant = snapshots().into_iter().find(|tenant| tenant.key == "hostile").unwrap();
    let since = now() - TimeDelta::days(90);
    let changed: Vec<_> = tenant.stock.iter().take(1).flat_map(changes).collect();
    let products = series(&changed, &tenant.stock, true, since, now());
    let forecast = Forecast {
        per_week: 2.0,
        days_seen: 56,
        free: 1,
        days_left: 12,
        margin_days: 3,
        on: (now() + TimeDelta::days(12)).date_naive(),
        order_by: None,
        delivery_days: None,
    };
    let outlook =
        |stock: &LicenceStock, outlook| ProductOutlook { stock: stock.clone(), free: 1, outlook, renewals: Vec::new() };
    let silent = Outlook::Silent { why: Silence::NoGrowth };
    let outlooks = vec![outlook(&tenant.stock[0], Outlook::RunsOut(forecast)), outlook(&tenant.stock[1], silent)];
    let entry = |(at, change): (DateTime<Utc>, StockChange)| HistoryEntry { at, poll: 1, change };
    let run = |failure| PollRun {
        poll: 1,
        started_at: now() - TimeDelta::minutes(5),
        finished_at: now(),
        failure,
        skus: 2,
        changes: 3,
        requests: 4,
        retries: 1,
    };
    let incident = |phase, closed| StoredIncident {
        incident: Case {
            number: 7,
            tenant: tenant.key.clone(),
            sku_id: Uuid::from_u128(2),
            opened_at: now() - TimeDelta::days(2),
            phase,
            snoozed_until: None,
            told: 1,
        },
        part_number: HOSTILE.to_owned(),
        tenant_name: HOSTILE.to_owned(),
        closed,
        version: 1,
    };
    let ordered = Phase::Ordered { quantity: 5, expected_on: now().date_naive() };
    let incidents = vec![
        incident(Phase::Open, None),
        incident(Phase::Acknowledged, None),
        incident(ordered, None),
        incident(Phase::Open, Some((now(), Closing::Refilled))),
    ];
    let certificate = KnownCertificate {
        look: CertificateLook {
            kind: CertificateKind::Tenant,
            key: "hostile".to_owned(),
            owner: HOSTILE.to_owned(),
            certificate: Some(("ab".repeat(32), now() + TimeDelta::days(20))),
            problem: Some((HOSTILE.to_owned(), HOSTILE.to_owned())),
            note: None,
            told: true,
        },
        looked_at: now(),
    };
    Known {
        outlook: TenantOutlook {
            tenant: tenant.clone(),
            stale: None,
            products: outlooks,
            subscriptions: leitwarte_core::subscription::Reading::default(),
            today: now().date_naive(),
        },
        history: StockHistory { tenant: tenant.clone(), since, until: now(), products },
        changes: TenantChanges { tenant, since, changes: changed.into_iter().map(entry).collect(), more: false },
        polls: vec![run(None), run(Some(failure()))],
        incidents,
        certificate: Some(certificate),
    }
}

fn page(language: Language, key: &str, known: &Known) -> String {
    let (board, policy) = (board(), PollPolicy { interval: TimeDelta::minutes(5) });
    let tenant = board.tenant(key).unwrap();
    TenantPage::new(&Frame::sample(language), tenant, known, &policy, now()).render().unwrap()
}

/// The tenant with hostile names, everything filled in.
pub(in crate::pages) fn sample(language: Language) -> String {
    page(language, "hostile", &known())
}

#[test]
fn what_runs_out_says_when_and_shows_its_course_as_picture_and_table() {
    let html = sample(Language::German);
    assert!(html.contains("leer in 12 Tagen") && html.contains("pro Woche über 8 Wochen"), "{html}");
    assert_eq!(html.matches("<svg class=\"chart\"").count(), 1, "what did not move has no picture");
    assert!(html.contains("Verbraucht von 0 auf 12, verfügbar von 5 auf 5."));
    assert!(html.contains("Zahlen als Tabelle"));
}

#[test]
fn a_poll_that_failed_says_why_in_words() {
    let html = sample(Language::German);
    assert!(html.contains("Anmeldung abgelehnt") && html.contains("Refused ="));
    assert!(html.contains("4, davon wiederholt 1"));
}

#[test]
fn a_tenant_without_anything_has_words_in_every_place() {
    let mut empty = known();
    empty.outlook.tenant.stock.clear();
    empty.outlook.products.clear();
    empty.history.products.clear();
    empty.changes.changes.clear();
    empty.polls.clear();
    empty.incidents.clear();
    empty.certificate = None;
    let (html, t) = (page(Language::English, "new", &empty), TenantTexts::of(Language::English));
    for words in [t.nothing, t.still, t.no_incidents, t.no_changes, t.no_polls, t.no_certificate] {
        assert!(html.contains(words), "{words}");
    }
    crate::pages::tests::markup::check(&html).unwrap();
}
