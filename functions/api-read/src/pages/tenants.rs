//! `/tenants`: every tenant by name, to find one.

use askama::Template;
use leitwarte_core::{DateTime, Utc};

use super::Frame;
use super::overview::Line;
use super::texts::texts;
use super::words::{count, counted};
use crate::board::{Board, Tenant};

/// Tenants that are shown at once.
const MOST: usize = 300;

/// The page of tenants.
#[derive(Debug, Template)]
#[template(path = "tenants.html")]
pub(crate) struct TenantsPage<'a> {
    frame: &'a Frame,
    t: &'static TenantsTexts,
    search: &'a str,
    only_failing: bool,
    lines: Vec<Line<'a>>,
    found: String,
    left_out: Option<String>,
    no_tenants: bool,
}

impl<'a> TenantsPage<'a> {
    /// The tenants of a board in which every word of `search` is found.
    pub(crate) fn new(
        frame: &'a Frame,
        board: &'a Board,
        search: &'a str,
        only_failing: bool,
        now: DateTime<Utc>,
    ) -> Self {
        let (language, t) = (frame.language, TenantsTexts::of(frame.language));
        let mut found = found(board, search, only_failing);
        found.sort_by_cached_key(|tenant| tenant.name().to_lowercase());
        let all = i64::try_from(found.len()).unwrap_or(i64::MAX);
        let beyond = found.len().saturating_sub(MOST);
        Self {
            frame,
            t,
            search,
            only_failing,
            lines: found.into_iter().take(MOST).map(|tenant| Line::new(language, tenant, None, now)).collect(),
            found: counted(language, all, t.tenant, t.tenants),
            left_out: (beyond > 0).then(|| count(language, i64::try_from(beyond).unwrap_or(i64::MAX))),
            no_tenants: board.tenants.is_empty(),
        }
    }
}

fn found<'a>(board: &'a Board, search: &str, only_failing: bool) -> Vec<&'a Tenant> {
    let search = search.to_lowercase();
    let matches = |tenant: &&Tenant| {
        let info = &tenant.info;
        let id = info.tenant_id.map(|id| id.to_string()).unwrap_or_default();
        let haystack = [tenant.name(), &info.tenant_name, &info.key, &id].join("\n").to_lowercase();
        (!only_failing || info.enabled && tenant.stale.is_some())
            && search.split_whitespace().all(|term| haystack.contains(term))
    };
    board.tenants.iter().filter(matches).collect()
}

texts! {
    /// Texts of the tenants.
    TenantsTexts {
        title: "Tenants", "Tenants";
        search: "Name, Schlüssel oder ID", "Name, key or ID";
        open: "Abfragen", "Look up";
        filter: "Filter", "Filter";
        only_failing: "nur gestörte", "failing only";
        reset: "Zurücksetzen", "Reset";
        tenant: "Tenant", "tenant";
        tenants: "Tenants", "tenants";
        name: "Tenant", "Tenant";
        state: "Zustand", "State";
        licences: "Lizenzen", "Licences";
        age: "Stand", "As of";
        never: "nie", "never";
        since: "seit", "since";
        quiet: "keine Meldungen", "nobody is told";
        none_title: "Kein Tenant gefunden", "No tenant found";
        none: "Kein Name, Schlüssel und keine ID enthält das. Ein neues Profil ist innert einer Minute bekannt.",
            "No name, key or ID holds that. A new profile is known within a minute.";
        more: "weitere; bitte mit einer Suche eingrenzen", "more; please narrow it down with a search";
        empty_title: "Noch kein Tenant aufgenommen", "No tenant is taken in yet";
        empty: "Ein Tenant ist eine Profildatei und ein Zertifikat.", "A tenant is a profile file and a certificate.";
        how: "So geht es", "How to";
    }
}

#[cfg(test)]
pub(super) fn sample(language: leitwarte_web::http::Language) -> String {
    use crate::board::tests::{board, now};
    let board = board();
    let none = TenantsPage::new(&Frame::sample(language), &board, super::HOSTILE, true, now()).render().unwrap();
    assert!(none.contains(TenantsTexts::of(language).none_title));
    TenantsPage::new(&Frame::sample(language), &board, "", false, now()).render().unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::board::tests::board;

    #[test]
    fn a_tenant_is_found_by_name_key_and_id() {
        let board = board();
        let keys = |search: &str, failing| {
            found(&board, search, failing).iter().map(|tenant| tenant.info.key.clone()).collect::<Vec<_>>()
        };
        assert_eq!(keys("FAIL", false), ["failing"]);
        assert_eq!(keys("", true), ["failing", "new"], "one that is switched off is not failing");
        assert_eq!(keys("00000009", false).len(), 5);
        assert_eq!(keys("fine nothing", false), Vec::<String>::new());
    }
}
