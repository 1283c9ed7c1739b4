//! `/monitoring`: which tenants are polled, of which shortages are told, and who said so.

use askama::Template;
use leitwarte_core::{DateTime, Utc};
use leitwarte_store::TenantSwitches;
use leitwarte_web::permission::Permission;

use super::Frame;
use super::texts::texts;
use super::words::Age;

/// The page of the switches.
#[derive(Debug, Template)]
#[template(path = "monitoring.html")]
pub(crate) struct MonitoringPage<'a> {
    frame: &'a Frame,
    t: &'static MonitoringTexts,
    /// What is looked for.
    query: &'a str,
    lines: Vec<Line<'a>>,
    /// Tenants there are, whatever is looked for.
    total: usize,
    may_manage: bool,
}

/// One tenant.
#[derive(Debug)]
struct Line<'a> {
    key: &'a str,
    title: &'a str,
    /// Address of the tenant's page.
    address: String,
    /// Address of the switches in the API.
    api: String,
    /// Address of what the audit log says of it.
    audit: String,
    enabled: bool,
    monitoring: bool,
    profile_enabled: bool,
    version: i64,
    changed: Option<(Age, &'a str)>,
}

impl<'a> MonitoringPage<'a> {
    /// The page as of `now`, of the tenants whose name or key contains `query`.
    pub(crate) fn new(frame: &'a Frame, tenants: &'a [TenantSwitches], query: &'a str, now: DateTime<Utc>) -> Self {
        let wanted = query.trim().to_lowercase();
        let is_wanted = |one: &&TenantSwitches| {
            let shown = one.display_name.as_deref().unwrap_or_default();
            [&one.key, &one.tenant_name, shown].iter().any(|text| text.to_lowercase().contains(&wanted))
        };
        Self {
            t: MonitoringTexts::of(frame.language),
            query,
            lines: tenants.iter().filter(is_wanted).map(|one| Line::new(frame, one, now)).collect(),
            total: tenants.len(),
            may_manage: frame.may(Permission::Manage),
            frame,
        }
    }
}

impl<'a> Line<'a> {
    fn new(frame: &Frame, one: &'a TenantSwitches, now: DateTime<Utc>) -> Self {
        let segment = super::escaped(&one.key);
        Self {
            key: &one.key,
            title: one.display_name.as_deref().unwrap_or(&one.tenant_name),
            address: super::tenant_address(&one.key),
            api: format!("/api/v1/monitoring/tenants/{segment}"),
            audit: format!("/audit?subject={segment}"),
            enabled: one.enabled,
            monitoring: one.monitoring,
            profile_enabled: one.profile_enabled,
            version: one.version,
            changed: one.switched_at.map(|at| (Age::of(frame.language, at, now), one.switched_by.as_str())),
        }
    }
}

texts! {
    /// Texts of the monitoring page.
    MonitoringTexts {
        title: "Überwachung", "Monitoring";
        lead: "Welche Tenants abgefragt werden, und von welchen Engpässen gemeldet wird.",
            "Which tenants are polled, and of which shortages people are told.";
        filter: "Nach ID oder Titel suchen", "Search by id or title";
        search: "Filtern", "Filter";
        reset: "Zurücksetzen", "Reset";
        id: "ID", "ID";
        name: "Titel", "Title";
        enabled: "Aktiv", "Active";
        monitoring: "Monitoring", "Monitoring";
        changed: "Zuletzt geändert", "Last changed";
        on: "an", "on";
        off: "aus", "off";
        unlock: "Schalter freigeben für", "Unlock the switches of";
        locked: "Mit dem Stift werden die Schalter einer Zeile frei; sie gelten sofort.",
            "The pen unlocks the switches of a row; they count at once.";
        read_only: "Umschalten darf, wer in Entra die Rolle Licences.Manage hat.",
            "Whoever has the role Licences.Manage in Entra may switch.";
        profile_off: "im Profil ausgeschaltet, wird nicht abgefragt", "switched off in its profile, not polled";
        by: "von", "by";
        never: "noch nie, oder in der Tenantliste", "never, or in the Tenantliste";
        saved: "Gespeichert.", "Saved.";
        just_now: "gerade eben", "just now";
        conflict: "Jemand hat das inzwischen geändert. Die Zeile zeigt jetzt, wie es ist; bitte neu entscheiden.",
            "Somebody has changed this meanwhile. The row shows how it is now; please decide anew.";
        none_title: "Noch kein Tenant", "No tenant yet";
        none: "`leitwarte onboard NAME` nimmt einen auf; nach der nächsten Abfrage steht er hier.",
            "`leitwarte onboard NAME` takes one in; it stands here after the next poll.";
        no_match_title: "Kein Tenant passt dazu", "No tenant matches";
        no_match: "Gesucht wird in ID und Titel.", "Id and title are searched.";
        enabled_of: "Aktiv:", "Active:";
        monitoring_of: "Monitoring:", "Monitoring:";
    }
}

#[cfg(test)]
pub(super) fn sample(language: leitwarte_web::http::Language) -> String {
    use leitwarte_core::TimeDelta;
    let now = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
    let tenants = [(true, true, 1), (false, true, 2), (true, false, 3)].map(|(enabled, profile_enabled, version)| {
        TenantSwitches {
            key: format!("contoso-{version}"),
            tenant_name: super::tests::HOSTILE.to_owned(),
            display_name: None,
            enabled,
            profile_enabled,
            monitoring: enabled,
            version,
            switched_at: (version > 1).then(|| now - TimeDelta::hours(version)),
            switched_by: if version > 1 { super::tests::HOSTILE.to_owned() } else { String::new() },
        }
    });
    MonitoringPage::new(&Frame::sample(language), &tenants, "contoso", now).render().unwrap()
}
