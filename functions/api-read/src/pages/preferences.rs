//! What a browser remembers of how somebody likes the pages: language and appearance, each a cookie of its own.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use leitwarte_web::http::{CookieName, Language, preferred_language};

/// Light or dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Theme {
    /// As the system is.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    /// The word in cookie, address and markup.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        [Self::System, Self::Light, Self::Dark].into_iter().find(|theme| theme.word() == word)
    }
}

/// What somebody likes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Preferences {
    /// Language of the pages.
    pub(crate) language: Language,
    /// Light or dark.
    pub(crate) theme: Theme,
}

impl Preferences {
    /// What the request says: the cookie, else the browser's languages.
    pub(crate) fn of(request: &ApiGatewayV2httpRequest, public_url: &str) -> Self {
        let cookie = |name| CookieName::new(name, public_url).read(request);
        Self {
            language: cookie("language").and_then(language).unwrap_or_else(|| preferred_language(&request.headers)),
            theme: cookie("theme").and_then(Theme::parse).unwrap_or_default(),
        }
    }
}

fn language(word: &str) -> Option<Language> {
    [Language::German, Language::English].into_iter().find(|language| language.tag() == word)
}

/// Whether there is such a preference with such a value.
pub(crate) fn exists(name: &str, value: &str) -> bool {
    match name {
        "language" => language(value).is_some(),
        "theme" => Theme::parse(value).is_some(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use http::header::ACCEPT_LANGUAGE;

    use super::*;

    fn asked(cookies: &str) -> Preferences {
        let mut request = ApiGatewayV2httpRequest::default();
        request.cookies = Some(cookies.split("; ").map(str::to_owned).collect());
        request.headers.insert(ACCEPT_LANGUAGE, HeaderValue::from_static("de"));
        Preferences::of(&request, "http://localhost")
    }

    #[test]
    fn a_cookie_wins_over_the_browser_and_nonsense_over_nothing() {
        assert_eq!(asked("theme=dark; language=en"), Preferences { language: Language::English, theme: Theme::Dark });
        let untouched = Preferences { language: Language::German, theme: Theme::System };
        for cookie in ["", "language=fr; theme=pink", "xlanguage=en", "language", "a=language=en"] {
            assert_eq!(asked(cookie), untouched, "{cookie}");
        }
    }

    #[test]
    fn only_known_preferences_can_be_set() {
        assert!(exists("language", "de") && exists("theme", "system"));
        assert!(!exists("language", "dark") && !exists("theme", "de") && !exists("session", "x") && !exists("", ""));
    }
}
