//! One endpoint, one file.

mod asset;
mod certificates;
mod certificates_page;
mod changes;
mod elsewhere;
mod forecast;
mod health;
mod help_page;
mod history;
mod incidents;
mod licences_csv;
mod licences_page;
mod main_page;
mod metrics;
mod overview_page;
mod preference;
mod ready;
mod revision;
mod sign_in_problem;
mod status_of_all;
mod status_of_tenant;
mod subscriptions;
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
        Endpoint::StatusOfAll => status_of_all::answer(deps, route.path, request).await,
        Endpoint::Subscriptions => subscriptions::answer(deps, request, parameter("tenant")).await,
        Endpoint::StatusOfTenant => status_of_tenant::answer(deps, request, parameter("tenant")).await,
    }
}
