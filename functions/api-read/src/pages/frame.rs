//! The frame around every page: who looks, in which language and appearance, and where they are.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use leitwarte_web::http::Language;
use leitwarte_web::pages::{START, address, login_address};
use leitwarte_web::permission::Permission;
use leitwarte_web::viewer::Viewer;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::preferences::{Preferences, Theme};
use super::texts::FrameTexts;

/// An entry of the main navigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    /// All tenants, worst first.
    Overview,
    /// All licences.
    Licences,
    /// Tenants, and one tenant.
    Tenants,
    /// Shortages.
    Incidents,
    /// The tenants' switches.
    Monitoring,
    /// Certificates.
    Certificates,
    /// The rules.
    Settings,
    /// Who did what.
    Audit,
    /// Help; stands beside the menu and not in the row.
    Help,
    /// Roles of people.
    Roles,
}

impl Section {
    /// The row of the main navigation, in its order.
    const ROW: &[Self] = &[
        Self::Overview,
        Self::Licences,
        Self::Tenants,
        Self::Incidents,
        Self::Monitoring,
        Self::Certificates,
        Self::Settings,
        Self::Roles,
        Self::Audit,
    ];

    /// Its address.
    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::Overview => "/overview",
            Self::Licences => "/licences",
            Self::Tenants => "/tenants",
            Self::Incidents => "/incidents",
            Self::Monitoring => "/monitoring",
            Self::Certificates => "/certificates",
            Self::Settings => "/settings",
            Self::Audit => "/audit",
            Self::Help => "/help",
            Self::Roles => "/roles",
        }
    }

    fn name(self, t: &FrameTexts) -> &'static str {
        match self {
            Self::Overview => t.overview,
            Self::Licences => t.licences,
            Self::Tenants => t.tenants,
            Self::Incidents => t.incidents,
            Self::Monitoring => t.monitoring,
            Self::Certificates => t.certificates,
            Self::Settings => t.settings,
            Self::Audit => t.audit,
            Self::Help => t.help,
            Self::Roles => t.roles,
        }
    }

    /// Whether the navigation offers it to this person.
    fn is_for(self, viewer: &Viewer) -> bool {
        match self {
            Self::Overview
            | Self::Licences
            | Self::Tenants
            | Self::Incidents
            | Self::Monitoring
            | Self::Certificates
            | Self::Settings
            | Self::Roles
            | Self::Help => true,
            Self::Audit => viewer.may(Permission::Manage),
        }
    }
}

/// What the layout needs; every page's context has it as `frame`.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    /// Language of the page.
    pub(crate) language: Language,
    /// Light or dark.
    pub(super) theme: Theme,
    /// Who looks; `None` on public pages.
    pub(crate) viewer: Option<Viewer>,
    section: Option<Section>,
    /// The path of this page, decoded.
    path: String,
    /// Its raw query.
    query: String,
    /// Its own texts.
    pub(super) t: &'static FrameTexts,
}

/// A link of the navigation or of the menu.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Link {
    pub(super) name: &'static str,
    pub(super) address: String,
    /// Whether it is where one is.
    pub(super) current: bool,
}

impl Frame {
    /// The frame of the page that a request asks for; `public_url` is where browsers reach the pages.
    pub(crate) fn new(request: &ApiGatewayV2httpRequest, public_url: &str, viewer: Option<Viewer>) -> Self {
        let Preferences { language, theme } = Preferences::of(request, public_url);
        let path = request.raw_path.as_deref().unwrap_or("/");
        let query = request.raw_query_string.clone().unwrap_or_default();
        Self { language, theme, viewer, section: None, path: path.to_owned(), query, t: FrameTexts::of(language) }
    }

    /// The same with an entry of the navigation marked as the present one.
    pub(crate) fn section(self, section: Section) -> Self {
        Self { section: Some(section), ..self }
    }

    /// All that a page depends on besides the data: its address, language and appearance, and who looks.
    pub(crate) fn identity(&self) -> String {
        let Self { language, theme, viewer, path, query, .. } = self;
        format!("{path}\n{query}\n{}\n{}\n{viewer:?}", language.tag(), theme.word())
    }

    /// Whether the viewer may do this.
    pub(super) fn may(&self, permission: Permission) -> bool {
        self.viewer.as_ref().is_some_and(|viewer| viewer.may(permission))
    }

    pub(super) fn navigation(&self) -> Vec<Link> {
        let Some(viewer) = &self.viewer else { return Vec::new() };
        let row = Section::ROW.iter().copied().filter(|section| section.is_for(viewer));
        row.map(|section| self.link(section)).collect()
    }

    pub(super) fn help(&self) -> Link {
        self.link(Section::Help)
    }

    fn link(&self, section: Section) -> Link {
        let current = self.section == Some(section);
        Link { name: section.name(self.t), address: section.path().to_owned(), current }
    }

    /// Path and query of this page, to come back to.
    pub(super) fn here(&self) -> String {
        // The path came decoded. One that begins like the address of another host is none of ours.
        let path = if self.path.starts_with("//") { "/" } else { &self.path };
        address(path, &self.query)
    }

    /// Where to sign in, to come back to this page.
    pub(super) fn sign_in_here(&self) -> String {
        login_address(&self.path, &self.query)
    }

    /// Name, tag, address, whether it is the present one.
    pub(super) fn languages(&self) -> [(&'static str, &'static str, String, bool); 2] {
        [("Deutsch", Language::German), ("English", Language::English)].map(|(name, language)| {
            (name, language.tag(), self.preference("language", language.tag()), self.language == language)
        })
    }

    pub(super) fn themes(&self) -> [Link; 3] {
        [(self.t.system, Theme::System), (self.t.light, Theme::Light), (self.t.dark, Theme::Dark)].map(
            |(name, theme)| Link {
                name,
                address: self.preference("theme", theme.word()),
                current: self.theme == theme,
            },
        )
    }

    fn preference(&self, name: &str, value: &str) -> String {
        format!("/preferences/{name}/{value}?return={}", escaped(&self.here()))
    }
}

/// Where to sign in, to come to the first page.
pub(super) fn sign_in() -> String {
    login_address(START, "")
}

/// A text as it can stand in an address, as one segment of the path or as a value of the query.
pub(crate) fn escaped(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

#[cfg(test)]
impl Frame {
    /// The frame of somebody who may do everything.
    pub(crate) fn sample(language: Language) -> Self {
        let viewer = Viewer {
            person: Some(1),
            object_id: Some(leitwarte_core::Uuid::from_u128(2)),
            tenant_id: leitwarte_core::Uuid::from_u128(1),
            name: super::HOSTILE.to_owned(),
            initials: "RM".to_owned(),
            rights: leitwarte_web::permission::Permission::Admin,
            csrf: Some("token".to_owned()),
        };
        let mut request = ApiGatewayV2httpRequest::default();
        request.cookies = Some(vec![format!("language={}", language.tag())]);
        request.raw_path = Some("/sample ü".to_owned());
        request.raw_query_string = Some("a=b&c=d".to_owned());
        Self::new(&request, "http://localhost", Some(viewer))
    }

    /// The same without anybody signed in.
    pub(crate) fn public_sample(language: Language) -> Self {
        Self { viewer: None, ..Self::sample(language) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_switch_of_language_comes_back_to_where_one_was() {
        let frame = Frame::sample(Language::German);
        let [(_, _, german, is_german), (_, _, english, is_english)] = frame.languages();
        assert_eq!(german, "/preferences/language/de?return=%2Fsample%2520%25C3%25BC%3Fa%3Db%26c%3Dd");
        assert!(is_german && !is_english && english.starts_with("/preferences/language/en?"));
    }

    #[test]
    fn a_page_of_one_person_is_not_anothers() {
        let frame = Frame::sample(Language::German);
        let mut other = frame.clone();
        other.viewer.as_mut().unwrap().csrf = Some("other session".to_owned());
        assert_ne!(frame.identity(), other.identity());
        assert_ne!(frame.identity(), Frame::sample(Language::English).identity());
        assert_ne!(frame.identity(), Frame { theme: Theme::Dark, ..frame.clone() }.identity());
        assert_ne!(frame.identity(), Frame { query: "a=b".to_owned(), ..frame.clone() }.identity());
    }

    #[test]
    fn one_entry_is_the_present_one_and_nobody_sees_the_row_without_being_signed_in() {
        let frame = Frame::sample(Language::English).section(Section::Certificates);
        let current: Vec<_> = frame.navigation().into_iter().filter(|link| link.current).collect();
        assert_eq!(current, [Link { name: "Certificates", address: "/certificates".to_owned(), current: true }]);
        assert_eq!(Frame::public_sample(Language::English).navigation(), []);
    }
}
