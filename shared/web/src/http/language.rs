//! The language of a page (RFC 9110, section 12.5.4; lookup by main language).

use http::HeaderMap;
use http::header::ACCEPT_LANGUAGE;

use super::quality::preferences;

/// The languages pages exist in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// German.
    German,
    /// English.
    English,
}

impl Language {
    /// The tag for `lang` and `Content-Language`.
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Self::German => "de",
            Self::English => "en",
        }
    }
}

/// What the browser prefers; English when it prefers neither.
#[must_use]
pub fn preferred_language(headers: &HeaderMap) -> Language {
    let wanted = preferences(headers, &ACCEPT_LANGUAGE);
    let weight = |tag: &str| {
        let of_language = wanted.iter().filter(|(word, _)| word.split('-').next() == Some(tag));
        of_language.map(|(_, weight)| *weight).max()
    };
    let (german, english) = (weight("de").unwrap_or(0), weight("en").unwrap_or(0));
    if german > english {
        return Language::German;
    }
    let german_first = wanted.iter().find(|(word, _)| word.starts_with("de") || word.starts_with("en"));
    match german_first {
        Some((word, _)) if german == english && german > 0 && word.starts_with("de") => Language::German,
        _ => Language::English,
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn language(header: &str) -> Language {
        preferred_language(&HeaderMap::from_iter([(ACCEPT_LANGUAGE, HeaderValue::from_str(header).unwrap())]))
    }

    #[test]
    fn the_heavier_language_wins_and_the_first_of_equals() {
        for header in ["de", "de-CH,de;q=0.9,en;q=0.8", "fr, de-AT;q=0.3", "de, en", "DE-ch"] {
            assert_eq!(language(header), Language::German, "{header}");
        }
        for header in ["en", "en-GB,de;q=0.9", "fr", "*", "", "de;q=0, fr", "en, de", "den"] {
            assert_eq!(language(header), Language::English, "{header}");
        }
    }
}
