//! What holds for every page: each is written with sample data in both languages and looked at as a browser would.

use leitwarte_web::http::Language;

use super::assets::{asset, is_today};
use super::{audit, incident, incidents, monitoring, roles, settings};
use super::{certificates, help, licences, main_page, overview, problem_page, sign_in_problem, tenant, tenants};

pub(super) mod markup;

/// What a tenant may be called, or a message may say, without anything coming of it. Samples use it wherever a text is
/// not ours: markup, quotes, an entity, a formula, and marks that turn the direction of text.
pub(crate) const HOSTILE: &str =
    "=1+1\"'><script>alert(1)</script><img src=x onerror=alert(1)>&amp;\u{202e}\u{2067}evil";

/// A page's name and its sample.
type Sample = (&'static str, fn(Language) -> String);

/// Every page there is. A new one is added here.
const PAGES: &[Sample] = &[
    ("main", main_page::sample),
    ("overview", overview::sample),
    ("tenant", tenant::sample),
    ("tenants", tenants::sample),
    ("help", help::sample),
    ("licences", licences::sample),
    ("certificates", certificates::sample),
    ("monitoring", monitoring::sample),
    ("incidents", incidents::sample),
    ("incident", incident::sample),
    ("settings", settings::sample),
    ("audit", audit::sample),
    ("roles", roles::sample),
    ("problem", problem_page::sample),
    ("sign-in problem", sign_in_problem::sample),
];

fn every_page() -> impl Iterator<Item = (String, String)> {
    PAGES.iter().flat_map(|(name, sample)| {
        [Language::German, Language::English].map(|language| (format!("{name} {}", language.tag()), sample(language)))
    })
}

#[test]
fn every_page_is_whole_accessible_markup() {
    for (name, html) in every_page() {
        markup::check(&html).unwrap_or_else(|fault| panic!("{name}: {fault}\n{html}"));
    }
}

#[test]
fn a14_every_file_a_page_names_exists_here() {
    for (name, html) in every_page() {
        let addresses = html.split('"').filter_map(|word| word.strip_prefix("/assets/"));
        let found: Vec<_> = addresses.map(|address| address.split_once('/').unwrap()).collect();
        assert!(found.len() >= 3, "{name}");
        for (version, file) in found {
            assert!(is_today(version) && asset(file).is_some(), "{name}: {file}");
        }
    }
}

#[test]
fn the_languages_differ_and_each_page_says_which_it_is() {
    for (name, sample) in PAGES {
        let [german, english] = [Language::German, Language::English].map(sample);
        assert!(german.contains("<html lang=\"de\"") && english.contains("<html lang=\"en\""), "{name}");
        assert!(german.contains("Zum Inhalt springen") && english.contains("Skip to content"), "{name}");
    }
}

#[test]
fn a7_hostile_names_stay_text_and_turn_nothing_around_them() {
    for (name, html) in every_page() {
        // The layout's own scripts aside, none is there; `markup::check` has refused handlers.
        assert_eq!(
            html.matches("<script").count(),
            html.matches("<script type=\"module\" src=\"/assets/").count(),
            "{name}"
        );
        let mut rest = html.as_str();
        while let Some(at) = rest.find('\u{202e}') {
            let (before, after) = rest.split_at(at);
            // A choice holds text alone; its own direction isolates it.
            let isolated = [("<bdi", "</bdi>"), ("dir=\"auto\">", "</option>")]
                .iter()
                .any(|(open, close)| before.rfind(open).is_some_and(|open| !before[open..].contains(close)));
            let in_attribute = before.rfind('"').is_some_and(|quote| before[..quote].ends_with('='));
            assert!(isolated || in_attribute, "{name}: …{}", &before[before.len().saturating_sub(200)..]);
            rest = &after['\u{202e}'.len_utf8()..];
        }
    }
}
