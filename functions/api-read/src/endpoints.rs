//! One endpoint, one file.

mod asset;
pub(crate) mod audit;
mod audit_page;
pub(crate) mod certificates;
mod certificates_page;
pub(crate) mod changes;
pub(crate) mod docs;
mod elsewhere;
pub(crate) mod forecast;
pub(crate) mod health;
mod help_page;
pub(crate) mod history;
pub(crate) mod incident;
mod incident_page;
pub(crate) mod incidents;
mod incidents_page;
mod licences_csv;
mod licences_page;
mod main_page;
pub(crate) mod metrics;
pub(crate) mod monitoring;
mod monitoring_page;
mod overview_page;
pub(crate) mod polls;
mod preference;
pub(crate) mod ready;
pub(crate) mod replay;
pub(crate) mod revision;
pub(crate) mod roles;
mod roles_page;
pub(crate) mod rules;
mod settings_page;
mod sign_in_problem;
pub(crate) mod status_of_all;
pub(crate) mod status_of_tenant;
pub(crate) mod subscriptions;
mod tenant_page;
mod tenants_page;

use std::collections::HashMap;

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use http::header::{CACHE_CONTROL, VARY};
use http::{HeaderMap, StatusCode};
use leitwarte_web::http::{Answer, Coding, ETag};
use leitwarte_web::problem::{Problem, ProblemKind};
use leitwarte_web::routes::Route;

use crate::Deps;
use crate::endpoints::status_of_all::{PRIVATE, VARY_BY};
use crate::pages::Frame;
use crate::routes::Endpoint;

/// Customer data as JSON: for the caller's own cache alone, tagged, and compressed where the caller takes that.
fn private_json(json: String, headers: &HeaderMap) -> Answer {
    let tag = ETag::of(json.as_bytes());
    Answer::text(StatusCode::OK, "application/json", json)
        .header(CACHE_CONTROL, PRIVATE)
        .header(VARY, VARY_BY)
        .tagged(&tag, headers)
        .compressed(Coding::preferred(headers))
}

/// The answer, if Lambda can carry it; `less` says how to ask for less.
fn within_limit(answer: Answer, less: &str) -> Result<Answer, Problem> {
    if answer.fits() {
        return Ok(answer);
    }
    let detail = format!(
        "The answer is larger than the 6 MB that Lambda carries. Accept compression (`Accept-Encoding: gzip`), or ask for \
         {less}."
    );
    Err(Problem::new(ProblemKind::AnswerTooLarge, detail))
}

/// Lets the endpoint of a route answer a request that may have it. `frame` is what stands around a page.
pub(crate) async fn answer(
    deps: &Deps,
    route: &Route<Endpoint>,
    request: &ApiGatewayV2httpRequest,
    parameters: &HashMap<String, String>,
    frame: Frame,
) -> Result<Answer, Problem> {
    let parameter = |name| parameters.get(name).map(String::as_str).unwrap_or_default();
    match route.endpoint {
        Endpoint::MainPage => main_page::answer(request, &frame),
        Endpoint::OverviewPage => overview_page::answer(deps, request, frame).await,
        Endpoint::TenantPage => tenant_page::answer(deps, request, parameter("tenant"), frame).await,
        Endpoint::TenantsPage => tenants_page::answer(deps, request, frame).await,
        Endpoint::TenantsBefore => Ok(elsewhere::answer("/tenants", request)),
        Endpoint::HelpPage => help_page::answer(request, frame),
        Endpoint::LicencesPage => licences_page::answer(deps, request, frame).await,
        Endpoint::LicencesCsv => licences_csv::answer(deps, request, frame).await,
        Endpoint::LicencesBefore => Ok(elsewhere::answer("/licences", request)),
        Endpoint::CertificatesPage => certificates_page::answer(deps, request, frame).await,
        Endpoint::MonitoringPage => monitoring_page::answer(deps, request, frame).await,
        Endpoint::MonitoringBefore => Ok(elsewhere::answer("/monitoring", request)),
        Endpoint::IncidentsPage => incidents_page::answer(deps, request, frame).await,
        Endpoint::IncidentPage => incident_page::answer(deps, request, frame, parameter("number")).await,
        Endpoint::SettingsPage => settings_page::answer(deps, request, frame).await,
        Endpoint::AuditPage => audit_page::answer(deps, request, frame).await,
        Endpoint::RolesPage => roles_page::answer(deps, request, frame).await,
        Endpoint::DocsPage => docs::page(request, &frame),
        Endpoint::DocsFile => docs::file(parameter("file"), &request.headers),
        Endpoint::Document => docs::document(request),
        Endpoint::Asset => asset::answer(parameter("proxy"), &request.headers),
        Endpoint::Favicon => asset::answer("icon.svg", &request.headers),
        Endpoint::Preference => preference::answer(deps, request, parameter("name"), parameter("value")),
        Endpoint::SignInProblem => sign_in_problem::answer(request, &frame),
        Endpoint::Health => Ok(health::answer()),
        Endpoint::Ready => ready::answer(deps).await,
        Endpoint::Metrics => metrics::answer(deps, request).await,
        Endpoint::Revision => revision::answer(deps, request).await,
        Endpoint::Certificates => certificates::answer(deps, request).await,
        Endpoint::Changes => changes::answer(deps, request, parameter("tenant")).await,
        Endpoint::Forecast => forecast::answer(deps, request, parameter("tenant")).await,
        Endpoint::History => history::answer(deps, request, parameter("tenant")).await,
        Endpoint::Incidents => incidents::answer(deps, request).await,
        Endpoint::Incident => incident::answer(deps, request, parameter("number")).await,
        Endpoint::Monitoring => monitoring::answer(deps, request).await,
        Endpoint::Rules => rules::answer(deps, request).await,
        Endpoint::Replay => replay::answer(deps, request).await,
        Endpoint::Audit => audit::answer(deps, request).await,
        Endpoint::Roles => roles::answer(deps, request, &frame).await,
        Endpoint::PollOfAll => polls::all(deps, request).await,
        Endpoint::PollOfTenant => polls::one(deps, request, parameter("tenant")).await,
        Endpoint::StatusOfAll => status_of_all::answer(deps, route.path, request).await,
        Endpoint::Subscriptions => subscriptions::answer(deps, request, parameter("tenant")).await,
        Endpoint::StatusOfTenant => status_of_tenant::answer(deps, request, parameter("tenant")).await,
    }
}
