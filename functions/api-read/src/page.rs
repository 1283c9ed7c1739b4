//! The main page's template and the files it loads.

use std::sync::LazyLock;

use askama::Template;
use leitwarte_web::http::{ETag, Language};

/// A file that pages load.
#[derive(Debug)]
pub(crate) struct Asset {
    /// File name in the address.
    pub name: &'static str,
    /// `Content-Type`.
    pub content_type: &'static str,
    /// Content.
    pub text: &'static str,
    /// Hash of the content.
    pub tag: ETag,
}

static ASSETS: LazyLock<[Asset; 2]> = LazyLock::new(|| {
    let asset =
        |name, content_type, text: &'static str| Asset { name, content_type, text, tag: ETag::of(text.as_bytes()) };
    [
        asset("style.css", "text/css; charset=utf-8", include_str!("../assets/style.css")),
        asset("icon.svg", "image/svg+xml", include_str!("../assets/icon.svg")),
    ]
});

/// The file of this name.
pub(crate) fn asset(name: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.name == name)
}

/// The address under which browsers may keep a file for ever.
fn address(name: &str) -> String {
    let hash = asset(name).map_or("", |asset| asset.tag.as_str());
    format!("/assets/{hash}/{name}")
}

/// The public main page.
#[derive(Debug, Template)]
#[template(path = "main.html")]
pub(crate) struct MainPage<'a> {
    language: &'static str,
    words: &'static Words,
    public_url: &'a str,
    style: String,
    icon: String,
}

impl<'a> MainPage<'a> {
    /// The page in a language; `public_url` is the address its examples use.
    pub(crate) fn new(language: Language, public_url: &'a str) -> Self {
        let words = match language {
            Language::German => &GERMAN,
            Language::English => &ENGLISH,
        };
        Self { language: language.tag(), words, public_url, style: address("style.css"), icon: address("icon.svg") }
    }

    /// The page as HTML.
    pub(crate) fn html(&self) -> askama::Result<String> {
        self.render()
    }
}

/// Every text of the page.
#[derive(Debug)]
struct Words {
    tagline: &'static str,
    intro: &'static str,
    facts: [(&'static str, &'static str); 3],
    api_title: &'static str,
    api_intro: &'static str,
    endpoints: [(&'static str, &'static str); 2],
    example: &'static str,
    state_title: &'static str,
    alive: &'static str,
    ready: &'static str,
    footer: &'static str,
}

static ENGLISH: Words = Words {
    tagline: "Licence control room for Microsoft 365",
    intro: "Leitwarte watches the licences of many Microsoft 365 tenants and shows what is running out, worst first.",
    facts: [
        (
            "Polled, not typed",
            "The stock comes from Microsoft Graph every few minutes. Each number says how old it is.",
        ),
        (
            "Nothing looks better than it is",
            "Over-assigned shows as negative, and data that is too old never shows as fine.",
        ),
        ("Stays in the house", "Runs on your own machine. Customer data leaves the network for Microsoft only."),
    ],
    api_title: "Read the stock",
    api_intro: "Everything but this page needs an Entra access token for this API.",
    endpoints: [
        ("/api/v1/licenses/status", "the licences of every tenant, worst first"),
        ("/api/v1/licenses/status/{tenant}", "the licences of one tenant, by key or name"),
    ],
    example: "Example",
    state_title: "State of the service",
    alive: "is it alive?",
    ready: "can it serve?",
    footer: "Leitwarte is German for control room.",
};

static GERMAN: Words = Words {
    tagline: "Die Leitwarte für Lizenzen von Microsoft\u{a0}365",
    intro: "Leitwarte behält die Lizenzen vieler Tenants von Microsoft\u{a0}365 im Blick und zeigt zuoberst, was ausgeht.",
    facts: [
        (
            "Abgefragt statt abgetippt",
            "Der Bestand kommt alle paar Minuten von Microsoft Graph. Jede Zahl sagt, wie alt sie ist.",
        ),
        (
            "Nichts wirkt besser, als es ist",
            "Zu viel Zugewiesenes erscheint negativ, und veraltete Daten gelten nie als in Ordnung.",
        ),
        ("Bleibt im Haus", "Läuft auf der eigenen Maschine. Kundendaten verlassen das Netz nur Richtung Microsoft."),
    ],
    api_title: "Bestand abfragen",
    api_intro: "Alles ausser dieser Seite verlangt ein Entra-Zugriffstoken für diese API.",
    endpoints: [
        ("/api/v1/licenses/status", "die Lizenzen aller Tenants, das Dringendste zuerst"),
        ("/api/v1/licenses/status/{tenant}", "die Lizenzen eines Tenants, nach Schlüssel oder Name"),
    ],
    example: "Beispiel",
    state_title: "Zustand des Dienstes",
    alive: "läuft er?",
    ready: "kann er antworten?",
    footer: "Eine Leitwarte ist der Raum, von dem aus eine Anlage überwacht wird.",
};

#[cfg(test)]
mod tests {
    use super::*;

    fn pages() -> [String; 2] {
        [Language::German, Language::English]
            .map(|language| MainPage::new(language, "https://leitwarte.contoso.example").html().unwrap())
    }

    #[test]
    fn the_page_loads_nothing_from_elsewhere_and_has_nothing_inline() {
        for html in pages() {
            for forbidden in ["<script", "<style", " style=", " onclick", "javascript:", "src=\"http", "href=\"http"] {
                assert!(!html.contains(forbidden), "{forbidden}");
            }
        }
        for asset in ASSETS.iter() {
            let links = asset.text.replace("http://www.w3.org/2000/svg", "");
            assert!(!links.contains("http") && !links.contains("@import"), "{}", asset.name);
        }
    }

    #[test]
    fn every_file_the_page_names_exists_under_its_hash() {
        for html in pages() {
            let paths = html.split('"').filter_map(|word| word.strip_prefix("/assets/"));
            let found: Vec<_> = paths.map(|path| path.split_once('/').unwrap()).collect();
            assert!(found.len() >= 2);
            for (hash, name) in found {
                assert_eq!(asset(name).unwrap().tag.as_str(), hash);
            }
        }
    }

    #[test]
    fn the_page_in_both_languages() {
        let [german, english] = pages();
        assert!(german.contains("<html lang=\"de\">") && german.contains("das Dringendste zuerst"));
        assert!(english.contains("<html lang=\"en\">") && english.contains("worst first"));
    }

    #[test]
    fn a_hostile_public_url_stays_text() {
        let html = MainPage::new(Language::English, "\"><script>alert(1)</script>").html().unwrap();
        assert!(!html.contains("<script>"));
    }
}
