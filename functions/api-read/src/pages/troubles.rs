//! Why numbers are too old, in words for a technician: what is wrong, and what to do.

use leitwarte_core::poll::FailureKind;
use leitwarte_core::status::Staleness;
use leitwarte_web::http::Language;

use super::texts::texts;

/// Why a tenant has no fresh numbers.
#[derive(Debug)]
pub(crate) struct Trouble<'a> {
    /// In a few words.
    pub(crate) title: &'static str,
    /// What to do.
    pub(crate) advice: &'static str,
    /// What exactly the last poll met; English.
    pub(crate) detail: Option<(&'a str, &'a str)>,
}

impl<'a> Trouble<'a> {
    /// The trouble in a language.
    pub(crate) fn new(language: Language, staleness: &'a Staleness) -> Self {
        let t = TroubleTexts::of(language);
        let (title, advice) = match staleness {
            Staleness::Failing(failure) => failing(t, failure.kind),
            Staleness::SwitchedOff => (t.off, t.off_advice),
            Staleness::NeverPolled => (t.never, t.never_advice),
            Staleness::Ahead { .. } => (t.ahead, t.ahead_advice),
            Staleness::Old { .. } => (t.old, t.old_advice),
        };
        let detail = match staleness {
            Staleness::Failing(failure) => Some((failure.message.as_str(), failure.fix.as_str())),
            _ => None,
        };
        Self { title, advice, detail }
    }
}

/// What the kind of a failed poll means, in a few words.
pub(crate) fn failure_title(language: Language, kind: FailureKind) -> &'static str {
    failing(TroubleTexts::of(language), kind).0
}

fn failing(t: &TroubleTexts, kind: FailureKind) -> (&'static str, &'static str) {
    match kind {
        FailureKind::Profile => (t.profile, t.profile_advice),
        FailureKind::Certificate => (t.certificate, t.certificate_advice),
        FailureKind::CertificateExpired => (t.expired, t.expired_advice),
        FailureKind::SignIn => (t.sign_in, t.sign_in_advice),
        FailureKind::Permission => (t.permission, t.permission_advice),
        FailureKind::Throttled => (t.throttled, t.wait_advice),
        FailureKind::Unavailable => (t.unavailable, t.unavailable_advice),
        FailureKind::BadAnswer => (t.bad_answer, t.wait_advice),
        FailureKind::Timeout => (t.timeout, t.unavailable_advice),
        FailureKind::HostNotAllowed => (t.host, t.host_advice),
        FailureKind::Internal => (t.internal, t.internal_advice),
    }
}

texts! {
    /// Words for troubles.
    TroubleTexts {
        off: "Ausgeschaltet", "Switched off";
        off_advice: "Dieser Tenant wird nicht abgefragt; die Zahlen sind von früher.",
            "This tenant is not polled; its numbers are from before.";
        never: "Noch nie abgefragt", "Never polled yet";
        never_advice: "Das geschieht innert einer Minute von selbst.", "That happens by itself within a minute.";
        ahead: "Die Uhr wurde zurückgestellt", "The clock was set back";
        ahead_advice: "Niemand weiss, wie alt diese Zahlen sind. Zeitabgleich der Maschine prüfen; die nächste Abfrage klärt es.",
            "Nobody knows how old these numbers are. Check the machine's time synchronisation; the next poll clears it.";
        old: "Schon länger nicht abgefragt", "Not polled for a while";
        old_advice: "Prüfen, ob der Timer und poll-tenant laufen: `leitwarte doctor`.",
            "Check that the timer and poll-tenant are running: `leitwarte doctor`.";
        profile: "Profil unbrauchbar", "Profile cannot be used";
        profile_advice: "Die Profildatei berichtigen; sie wird innert einer Minute neu gelesen.",
            "Correct the profile's file; it is read again within a minute.";
        certificate: "Zertifikat unbrauchbar", "Certificate cannot be used";
        certificate_advice: "Datei, Rechte und Fingerabdruck prüfen: `leitwarte doctor`.",
            "Check file, permissions and thumbprint: `leitwarte doctor`.";
        expired: "Zertifikat abgelaufen", "Certificate has ended";
        expired_advice: "Ein neues ausstellen und in Entra hochladen: `leitwarte certificate renew`.",
            "Make a new one and upload it in Entra: `leitwarte certificate renew`.";
        sign_in: "Anmeldung abgelehnt", "Sign-in refused";
        sign_in_advice: "In Entra prüfen, ob App und Zertifikat noch da sind.",
            "Check in Entra that app and certificate are still there.";
        permission: "Berechtigung fehlt", "Permission missing";
        permission_advice: "In Entra LicenseAssignment.Read.All erteilen und einwilligen.",
            "Grant LicenseAssignment.Read.All in Entra and consent.";
        throttled: "Microsoft bremst", "Microsoft throttles";
        wait_advice: "Nichts zu tun: die nächste Abfrage versucht es wieder.",
            "Nothing to do: the next poll tries again.";
        unavailable: "Microsoft nicht erreichbar", "Microsoft cannot be reached";
        unavailable_advice: "Die nächste Abfrage versucht es wieder. Bleibt es dabei: Netz und Proxy prüfen.",
            "The next poll tries again. If it lasts: check network and proxy.";
        bad_answer: "Unbrauchbare Antwort von Microsoft", "Unusable answer from Microsoft";
        timeout: "Keine Antwort in der Frist", "No answer in time";
        host: "Adresse nicht erlaubt", "Host not allowed";
        host_advice: "Den Host im Profil berichtigen oder in GRAPH_EXTRA_HOSTS aufnehmen.",
            "Correct the host in the profile or add it to GRAPH_EXTRA_HOSTS.";
        internal: "Fehler in Leitwarte", "Fault in Leitwarte";
        internal_advice: "Das Protokoll von poll-tenant nennt ihn.", "The log of poll-tenant names it.";
    }
}
