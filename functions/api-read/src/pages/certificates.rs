//! `/certificates`: every certificate that signs in somewhere, what does not work first, then what ends first.

use askama::Template;
use leitwarte_core::certificate::days_left;
use leitwarte_core::{DateTime, Utc};
use leitwarte_store::{CertificateKind, KnownCertificate};
use leitwarte_web::http::Language;

use super::Frame;
use super::texts::{pick, texts};
use super::words::{Age, counted, day};

/// Days before the end from which a certificate is marked. Source: the first message about it.
const SOON: i64 = 30;
/// Days before the end from which it is urgent.
const URGENT: i64 = 7;

/// The page of all certificates.
#[derive(Debug, Template)]
#[template(path = "certificates.html")]
pub(crate) struct CertificatesPage<'a> {
    frame: &'a Frame,
    t: &'static CertificateTexts,
    lines: Vec<Line<'a>>,
}

/// One certificate.
#[derive(Debug)]
pub(super) struct Line<'a> {
    pub(super) owner: &'a str,
    pub(super) key: &'a str,
    /// Address of the tenant's page; `None` for SharePoint's.
    pub(super) address: Option<String>,
    pub(super) kind: &'static str,
    /// Tone and word of the state.
    pub(super) state: (&'static str, &'static str),
    /// Last day, and how long until then.
    pub(super) end: Option<(String, String)>,
    /// What is wrong and what to do.
    pub(super) problem: Option<(&'a str, &'a str)>,
    pub(super) note: Option<&'a str>,
    pub(super) fingerprint: Option<&'a str>,
    pub(super) looked_at: Age,
}

impl<'a> CertificatesPage<'a> {
    /// The page as of `now`.
    pub(crate) fn new(frame: &'a Frame, known: &'a [KnownCertificate], now: DateTime<Utc>) -> Self {
        let t = CertificateTexts::of(frame.language);
        Self { frame, t, lines: known.iter().map(|one| Line::new(frame.language, one, now)).collect() }
    }
}

impl<'a> Line<'a> {
    pub(super) fn new(language: Language, known: &'a KnownCertificate, now: DateTime<Utc>) -> Self {
        let t = CertificateTexts::of(language);
        let look = &known.look;
        let left = look.certificate.as_ref().map(|(_, ends_at)| days_left(*ends_at, now));
        let state = match left {
            _ if look.problem.is_some() => ("short", t.broken),
            None => ("unknown", t.unknown),
            Some(i64::MIN..=0) => ("short", t.over),
            Some(1..=URGENT) => ("short", t.soon),
            Some(days) if days <= SOON => ("low", t.soon),
            Some(_) => ("fine", t.valid),
        };
        let end = look
            .certificate
            .as_ref()
            .zip(left)
            .map(|((_, ends_at), left)| (day(language, ends_at.date_naive()), remaining(language, left)));
        Self {
            owner: &look.owner,
            key: &look.key,
            address: (look.kind == CertificateKind::Tenant).then(|| super::tenant_address(&look.key)),
            kind: if look.kind == CertificateKind::Tenant { t.of_tenant } else { t.of_sharepoint },
            state,
            end,
            problem: look.problem.as_ref().map(|(problem, fix)| (problem.as_str(), fix.as_str())),
            note: look.note.as_deref(),
            fingerprint: look.certificate.as_ref().map(|(fingerprint, _)| fingerprint.as_str()),
            looked_at: Age::of(language, known.looked_at, now),
        }
    }
}

fn remaining(language: Language, days: i64) -> String {
    match days {
        0 => pick(language, "heute abgelaufen", "ended today").to_owned(),
        1.. => {
            pick(language, "noch ", "").to_owned()
                + &counted(language, days, pick(language, "Tag", "day"), pick(language, "Tage", "days"))
                + pick(language, "", " left")
        }
        _ => match language {
            Language::German => format!("seit {} abgelaufen", counted(language, -days, "Tag", "Tagen")),
            Language::English => format!("ended {} ago", counted(language, -days, "day", "days")),
        },
    }
}

texts! {
    /// Texts of the certificates.
    CertificateTexts {
        title: "Zertifikate", "Certificates";
        lead: "Womit sich Leitwarte anmeldet. Wer ein Zertifikat ablaufen lässt, sieht keine Zahlen mehr.",
            "What Leitwarte signs in with. When a certificate ends, there are no more numbers.";
        owner: "Tenant", "Tenant";
        state: "Zustand", "State";
        ends: "Gültig bis", "Valid until";
        used_for: "Für", "For";
        looked: "Geprüft", "Checked";
        fingerprint: "SHA-256", "SHA-256";
        valid: "gültig", "valid";
        soon: "läuft bald ab", "ends soon";
        over: "abgelaufen", "ended";
        broken: "funktioniert nicht", "does not work";
        unknown: "unbekannt", "unknown";
        of_tenant: "Lizenzabfrage", "reading licences";
        of_sharepoint: "SharePoint-Listen", "SharePoint lists";
        renew: "Erneuern mit", "Renew with";
        empty_title: "Noch keine Zertifikate geprüft", "No certificates checked yet";
        empty: "Das geschieht jede Stunde von selbst. Sofort geht es mit `leitwarte invoke cert-expiry`.",
            "That happens by itself each hour. `leitwarte invoke cert-expiry` does it now.";
    }
}

#[cfg(test)]
pub(super) fn sample(language: Language) -> String {
    use leitwarte_core::TimeDelta;
    use leitwarte_store::CertificateLook;
    let now = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
    let known = [-2, 0, 1, 5, 20, 90].map(|days| KnownCertificate {
        look: CertificateLook {
            kind: if days == 90 { CertificateKind::SharePoint } else { CertificateKind::Tenant },
            key: "contoso".to_owned(),
            owner: super::HOSTILE.to_owned(),
            certificate: (days != 0).then(|| ("ab".repeat(32), now + TimeDelta::days(days))),
            problem: (days == 0).then(|| (super::HOSTILE.to_owned(), "Do this.".to_owned())),
            note: (days == 5).then(|| super::HOSTILE.to_owned()),
            told: true,
        },
        looked_at: now - TimeDelta::hours(5),
    });
    CertificatesPage::new(&Frame::sample(language), &known, now).render().unwrap()
}
