//! What a tenant has bought, until when, and how far that is known.

use leitwarte_core::forecast::renewal::NOTICE_DAYS;
use leitwarte_core::stock::CapabilityStatus;
use leitwarte_core::subscription::{Known, Reading, Subscription};
use leitwarte_core::{DateTime, Utc};
use leitwarte_store::TenantSubscriptions;
use leitwarte_web::http::Language;

use super::products::name;
use crate::pages::texts::texts;
use crate::pages::words::{Age, count, day};

/// All subscriptions.
#[derive(Debug)]
pub(crate) struct Subscriptions<'a> {
    pub(super) t: &'static SubscriptionTexts,
    pub(super) lines: Vec<Line<'a>>,
    /// From when they are.
    pub(super) read: Option<Age>,
    /// Why they are not known, or not of today: in words, and as the reading notes it (English), each text of others apart.
    pub(super) note: Option<(&'static str, Vec<String>)>,
}

/// One subscription.
#[derive(Debug)]
pub(crate) struct Line<'a> {
    pub(super) product: &'a str,
    pub(super) part_number: &'a str,
    /// Tone and word.
    pub(super) state: (&'static str, &'static str),
    pub(super) is_trial: bool,
    pub(super) licences: String,
    /// The day on which it moves to its next state unless it is renewed, and how far away that is.
    pub(super) ends: Option<(String, Age)>,
    /// That day is near.
    pub(super) is_near: bool,
}

impl<'a> Subscriptions<'a> {
    pub(super) fn new(language: Language, known: &'a TenantSubscriptions, now: DateTime<Utc>) -> Self {
        let t = SubscriptionTexts::of(language);
        let why = match known.reading.known() {
            Known::Known => "",
            Known::NotPermitted => t.not_permitted,
            Known::Failed => t.failed,
            Known::NotYet => t.not_yet,
        };
        Self {
            t,
            lines: known.subscriptions.iter().map(|one| Line::new(language, one, now)).collect(),
            read: known.reading.read_at.map(|at| Age::of(language, at, now)),
            note: known.reading.note().map(|note| (why, apart(&known.reading, note))),
        }
    }
}

/// What is wrong and what to do stand by themselves, so that neither turns the direction of the other.
fn apart(reading: &Reading, note: String) -> Vec<String> {
    match (&reading.failure, reading.known()) {
        (Some(failure), Known::Failed) => vec![failure.message.clone(), failure.fix.clone()],
        _ => vec![note],
    }
}

impl<'a> Line<'a> {
    fn new(language: Language, one: &'a Subscription, now: DateTime<Utc>) -> Self {
        let t = SubscriptionTexts::of(language);
        let state = match one.status {
            CapabilityStatus::Enabled => ("fine", t.enabled),
            CapabilityStatus::Warning => ("low", t.warning),
            CapabilityStatus::Suspended => ("short", t.suspended),
            CapabilityStatus::LockedOut => ("short", t.locked_out),
            CapabilityStatus::Deleted => ("quiet", t.deleted),
        };
        let days_left = one.next_lifecycle_at.map(|at| (at.date_naive() - now.date_naive()).num_days());
        Self {
            product: name(language, one.sku_id, &one.part_number),
            part_number: &one.part_number,
            state,
            is_trial: one.is_trial,
            licences: count(language, one.licences),
            ends: one.next_lifecycle_at.map(|at| (day(language, at.date_naive()), Age::of(language, at, now))),
            is_near: days_left.is_some_and(|days| days <= NOTICE_DAYS),
        }
    }
}

texts! {
    /// Texts of the subscriptions.
    SubscriptionTexts {
        title: "Abonnements", "Subscriptions";
        as_of: "Stand", "As of";
        product: "SKU Part Number", "SKU Part Number";
        state: "Zustand", "State";
        licences: "Lizenzen", "Licences";
        ends: "Läuft bis", "Runs until";
        ends_hint: "Ohne Erneuerung endet ein Abonnement an diesem Tag; ob es sich von selbst erneuert, sagt Microsoft nicht.",
            "Unless renewed, a subscription ends on that day; Microsoft does not say whether it renews itself.";
        trial: "zum Testen", "trial";
        open_ended: "ohne Enddatum", "no end";
        enabled: "in Kraft", "in force";
        warning: "abgelaufen, Nachfrist", "expired, in grace";
        suspended: "gesperrt", "suspended";
        locked_out: "verriegelt", "locked out";
        deleted: "gelöscht", "deleted";
        none: "Microsoft nennt für diesen Tenant keine Abonnements.", "Microsoft lists no subscriptions for this tenant.";
        not_permitted: "Die App darf sie in diesem Tenant nicht lesen; in Entra lässt sich Organization.Read.All erteilen.",
            "The app may not read them in this tenant; Organization.Read.All can be granted in Entra.";
        failed: "Zuletzt liessen sie sich nicht lesen; was hier steht, ist von früher.",
            "They could not be read the last time; what stands here is from before.";
        not_yet: "Noch nicht gelesen; das geschieht nach der nächsten Abfrage, die gelingt.",
            "Not read yet; that happens after the next poll that works.";
    }
}

#[cfg(test)]
mod tests {
    use leitwarte_core::poll::FailureKind;
    use leitwarte_core::{TimeDelta, Uuid};

    use super::*;
    use crate::board::tests::{E3, failure, now, snapshot};

    fn known(reading: Reading) -> TenantSubscriptions {
        let subscription = Subscription {
            id: Uuid::from_u128(1),
            sku_id: E3,
            part_number: "SPE_E3".to_owned(),
            status: CapabilityStatus::Enabled,
            licences: 1250,
            is_trial: false,
            created_at: None,
            next_lifecycle_at: Some(now() + TimeDelta::days(60)),
        };
        TenantSubscriptions { tenant: snapshot("a", "A", vec![]), reading, subscriptions: vec![subscription] }
    }

    #[test]
    fn a_subscription_says_until_when_it_runs_and_when_that_is_near() {
        let mut known = known(Reading { read_at: Some(now()), ..Reading::default() });
        let shown = |known: &TenantSubscriptions| {
            let shown = Subscriptions::new(Language::English, known, now());
            assert_eq!(shown.note, None);
            (shown.lines[0].ends.as_ref().map(|(day, _)| day.clone()), shown.lines[0].is_near)
        };
        assert_eq!(shown(&known), (Some("3 Dec 2024".to_owned()), true));
        known.subscriptions[0].next_lifecycle_at = Some(now() + TimeDelta::days(61));
        assert!(!shown(&known).1);
        known.subscriptions[0].next_lifecycle_at = None;
        assert_eq!(shown(&known), (None, false));
    }

    #[test]
    fn why_they_are_not_known_stands_beside_what_was_read_before() {
        let refused = leitwarte_core::poll::PollFailure { kind: FailureKind::Permission, ..failure() };
        let t = SubscriptionTexts::of(Language::German);
        for (failure, why) in [(None, t.not_yet), (Some(refused), t.not_permitted), (Some(failure()), t.failed)] {
            let known = known(Reading { failure, ..Reading::default() });
            let shown = Subscriptions::new(Language::German, &known, now());
            assert_eq!((shown.note.as_ref().map(|(why, _)| *why), shown.lines.len()), (Some(why), 1));
            assert_eq!(shown.note.map(|(_, note)| note.join(" ")), known.reading.note());
        }
    }
}
