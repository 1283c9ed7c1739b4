use leitwarte_core::change::StockChange;
use leitwarte_core::forecast::renewal::Renewal;
use leitwarte_core::forecast::{Forecast, Outlook, Silence};
use leitwarte_core::incident::{Closing, Incident as Case, Phase};
use leitwarte_core::series::series;
use leitwarte_core::stock::{CapabilityStatus, LicenceStock};
use leitwarte_core::subscription::{Ending, Reading, Subscription, Then};
use leitwarte_core::{TimeDelta, Uuid};
use leitwarte_store::{CertificateKind, CertificateLook, ProductOutlook, TenantSubscriptions};

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
        subscriptions: subscriptions(&tenant),
        history: StockHistory { tenant: tenant.clone(), since, until: now(), products },
        changes: TenantChanges { tenant, since, changes: changed.into_iter().map(entry).collect(), more: false },
        polls: vec![run(None), run(Some(failure()))],
        incidents,
        certificate: Some(certificate),
    }
}

/// One that ends in ten days and a hostile one on trial, read an hour ago and refused since.
fn subscriptions(tenant: &leitwarte_core::status::TenantSnapshot) -> TenantSubscriptions {
    let one = |part_number: &str, is_trial, next_lifecycle_at| Subscription {
        id: Uuid::from_u128(1),
        sku_id: Uuid::from_u128(2),
        part_number: part_number.to_owned(),
        status: CapabilityStatus::Enabled,
        licences: 25,
        is_trial,
        created_at: None,
        next_lifecycle_at,
    };
    let ends = Some(now() + TimeDelta::days(10));
    TenantSubscriptions {
        tenant: tenant.clone(),
        reading: Reading {
            asked_at: Some(now()),
            read_at: Some(now() - TimeDelta::hours(1)),
            failure: Some(failure()),
        },
        subscriptions: vec![one("SPE_E3", false, ends), one(HOSTILE, true, None)],
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
    empty.subscriptions.subscriptions.clear();
    empty.subscriptions.reading.failure = None;
    let (html, t) = (page(Language::English, "fine", &empty), TenantTexts::of(Language::English));
    assert!(html.contains("Microsoft lists no subscriptions for this tenant."));
    for words in [t.nothing, t.still, t.no_incidents, t.no_changes, t.no_polls, t.no_certificate] {
        assert!(html.contains(words), "{words}");
    }
    crate::pages::tests::markup::check(&html).unwrap();
}

/// Nothing is listed in any place.
fn bare(polled_at: Option<DateTime<Utc>>) -> Known {
    let mut bare = known();
    bare.outlook.tenant.stock.clear();
    bare.outlook.tenant.polled_at = polled_at;
    bare.outlook.products.clear();
    bare.history.products.clear();
    bare.changes.changes.clear();
    bare.incidents.clear();
    bare
}

#[test]
fn that_nothing_is_known_does_not_look_like_nothing_happened() {
    let t = TenantTexts::of(Language::English);
    let all_is_well = [t.nothing, t.still, t.no_incidents, t.no_changes];
    let never = page(Language::English, "new", &bare(None));
    assert_eq!(never.matches(t.not_known).count(), 4);
    let failing = page(Language::English, "failing", &bare(Some(now() - TimeDelta::hours(3))));
    for words in [t.nothing_then, t.still_as_known, t.no_incidents_known, t.no_changes_known] {
        assert!(failing.contains(words), "{words}");
    }
    for words in all_is_well {
        assert!(!never.contains(words) && !failing.contains(words), "{words}");
    }
}

#[test]
fn a_shortage_stands_here_as_it_does_among_the_incidents() {
    let mut known = known();
    known.incidents.truncate(1);
    known.incidents[0].incident.snoozed_until = Some(now() + TimeDelta::days(3));
    let html = page(Language::English, "hostile", &known);
    assert!(html.contains("snoozed</span>") && html.contains("until 7 Oct 2024"), "{html}");
    known.incidents[0].incident.snoozed_until = None;
    let expected_on = (now() - TimeDelta::days(1)).date_naive();
    known.incidents[0].incident.phase = Phase::Ordered { quantity: 5, expected_on };
    assert!(page(Language::English, "hostile", &known).contains("overdue</span>"));
}

#[test]
fn subscriptions_stand_here_with_their_end_their_age_and_why_they_are_not_current() {
    let html = sample(Language::German);
    for words in ["Abonnements", "14.10.2024", "in 10 Tagen", "zum Testen", "ohne Enddatum", "Stand <time"] {
        assert!(html.contains(words), "{words}");
    }
    assert!(html.contains("Zuletzt liessen sie sich nicht lesen") && html.contains("Refused ="));
}

#[test]
fn what_ends_soon_is_told_of_a_licence_that_never_moved() {
    let mut known = known();
    known.history.products.clear();
    let ending =
        Ending { on: now().date_naive() + leitwarte_core::TimeDelta::days(10), licences: 25, then: Then::Unusable };
    known.outlook.products[1].renewals = vec![Renewal { ending, free_units_then: -24 }];
    let html = page(Language::English, "hostile", &known);
    assert!(html.contains("25 licences end on 2024-10-14 unless renewed; then 24 are missing."), "{html}");
}
