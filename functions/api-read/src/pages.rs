//! Pages: what people look at. One page, one file here, one template of the same name in `templates/`.
//!
//! Every page's context has a [`Frame`] as `frame` and its texts as `t`; its template extends `layout.html` and takes
//! parts from `components.html`. [`render`] makes the answer of it.

pub(crate) mod assets;
mod audit;
mod certificates;
mod chart;
mod frame;
mod help;
mod incident;
mod incident_state;
mod incidents;
mod licences;
mod main_page;
mod monitoring;
mod overview;
mod preferences;
mod problem_page;
mod roles;
mod settings;
mod sign_in_problem;
mod states;
mod tenant;
mod tenants;
mod texts;
mod troubles;
mod words;

use askama::Template;
use http::header::{CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY, REFERRER_POLICY, VARY};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use leitwarte_web::http::{Answer, Coding, ETag};
use leitwarte_web::permission::Permission;
use leitwarte_web::problem::{Problem, ProblemKind};

pub(crate) use audit::AuditPage;
pub(crate) use certificates::CertificatesPage;
pub(crate) use frame::{Frame, Section, escaped};
pub(crate) use help::HelpPage;
pub(crate) use incident::{Case, IncidentPage};
pub(crate) use incidents::{CLOSED_SHOWN, IncidentsPage, Sight};
pub(crate) use licences::csv::{csv as licences_csv, file_name as licences_file_name};
pub(crate) use licences::{LicencesPage, View as LicencesView};
pub(crate) use main_page::MainPage;
pub(crate) use monitoring::MonitoringPage;
pub(crate) use overview::OverviewPage;
pub(crate) use preferences::exists as preference_exists;
pub(crate) use problem_page::ProblemPage;
pub(crate) use roles::{Keeping, RolesPage, RolesView};
pub(crate) use settings::{RuleForm, Settings, SettingsPage};
pub(crate) use sign_in_problem::SignInProblemPage;
pub(crate) use tenant::{Known as KnownTenant, TenantPage};
pub(crate) use tenants::TenantsPage;

/// Scripts, styles and pictures from here, nothing inline, nothing from anywhere else.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
);

/// What a page depends on besides its address.
const VARY_BY: HeaderValue = HeaderValue::from_static("Accept-Encoding, Accept-Language, Authorization, Cookie");

/// A page as an answer. Only the reader's own browser may keep it, and has to ask each time.
///
/// # Errors
/// If the template cannot be written, which is a fault of it.
pub(crate) fn render(
    template: &impl Template,
    frame: &Frame,
    status: StatusCode,
    headers: &HeaderMap,
) -> Result<Answer, Problem> {
    let html = template.render().map_err(|error| {
        tracing::error!(%error, "cannot write a page");
        Problem::new(ProblemKind::Internal, "The page could not be written; the log of api-read says why.")
    })?;
    let tag = ETag::of(html.as_bytes());
    Ok(framed(Answer::text(status, "text/html; charset=utf-8", html), frame)
        .tagged(&tag, headers)
        .compressed(Coding::preferred(headers)))
}

/// The address of a tenant's page.
pub(crate) fn tenant_address(key: &str) -> String {
    format!("/tenants/{}", escaped(key))
}

/// The headers that every page has.
fn framed(answer: Answer, frame: &Frame) -> Answer {
    answer
        .header(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"))
        .header(CONTENT_LANGUAGE, HeaderValue::from_static(frame.language.tag()))
        .header(CONTENT_SECURITY_POLICY, POLICY)
        .header(REFERRER_POLICY, HeaderValue::from_static("same-origin"))
        .header(HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin"))
        .header(VARY, VARY_BY)
}

/// Whether the page offers to poll.
fn may_poll(frame: &Frame) -> bool {
    frame.viewer.as_ref().is_some_and(|viewer| viewer.may(Permission::Manage))
}

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) use tests::HOSTILE;
