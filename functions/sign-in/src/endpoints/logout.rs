//! `POST /api/v1/auth/logout`: ends the session here, and says where it ends at Microsoft.
//!
//! A form gets a page that goes on to Microsoft by itself: a redirect would be held back by the pages' `form-action`
//! rule. A script gets the address as JSON.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFRESH};
use http::{HeaderValue, StatusCode};
use leitwarte_web::csrf;
use leitwarte_web::http::{Answer, Language, preferred_language};
use leitwarte_web::problem::{Problem, ProblemKind};
use leitwarte_web::session::SessionId;
use leitwarte_web::sign_in_problem::SignInProblem;
use serde_json::json;
use url::form_urlencoded;

use super::request_id;
use crate::Deps;
use crate::provider::Provider;

/// The field of a form that carries the CSRF token.
const FIELD: &str = "csrf";

pub(crate) async fn answer(deps: &Deps, request: &ApiGatewayV2httpRequest) -> Result<Answer, Problem> {
    let cookie = deps.session_cookie.read(request).and_then(SessionId::from_cookie);
    let Some(id) = cookie else {
        // Nobody is signed in, so another site's form ends nothing.
        return Ok(Answer::see_other("/").cookie(deps.session_cookie.clear()));
    };
    let in_form = form_field(request);
    let token = csrf::token(&request.headers).or(in_form.as_deref());
    csrf::check(&request.headers, token, &id.csrf_token(), &deps.public_url).map_err(|fault| {
        tracing::info!(http_request_id = request_id(request), "logout refused as cross-site: {fault}");
        Problem::new(ProblemKind::CrossSite, "Sign out with the button of a page. Load the page anew and try again.")
    })?;
    let ended = match deps.store.sign_out(&id.hash(), deps.now()).await {
        Ok(ended) => ended,
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "nobody can sign out");
            return still_signed_in(request);
        }
    };
    tracing::info!(http_request_id = request_id(request), ended, "signed out");
    let location = sign_out_address(deps).await;
    let answer = if wants_json(request) { as_json(&location) } else { as_page(&location, request) };
    Ok(answer.header(CACHE_CONTROL, HeaderValue::from_static("no-store")).cookie(deps.session_cookie.clear()))
}

/// The database does not answer: a person is led to the page that says so, a script learns it as a problem.
fn still_signed_in(request: &ApiGatewayV2httpRequest) -> Result<Answer, Problem> {
    if wants_json(request) {
        return Err(Problem::new(
            ProblemKind::StoreUnavailable,
            "You are still signed in: the database does not answer. Try again in a moment.",
        ));
    }
    Ok(Answer::see_other(&SignInProblem::DatabaseUnavailable.address()))
}

/// Microsoft's end of session, or our own start page where that is not known now.
async fn sign_out_address(deps: &Deps) -> String {
    let home = format!("{}/", deps.public_url);
    let now = deps.now();
    let Ok(profile) = deps.profile.current(now) else { return home };
    let Ok(metadata) = deps.provider.metadata(&profile, now).await else { return home };
    Provider::sign_out_address(&metadata, &profile, home.clone()).unwrap_or(home)
}

fn wants_json(request: &ApiGatewayV2httpRequest) -> bool {
    let accepted = request.headers.get(ACCEPT).and_then(|line| line.to_str().ok()).unwrap_or_default();
    accepted.contains("application/json")
}

fn as_json(location: &str) -> Answer {
    Answer::text(StatusCode::OK, "application/json", json!({ "location": location }).to_string())
}

fn as_page(location: &str, request: &ApiGatewayV2httpRequest) -> Answer {
    let language = preferred_language(&request.headers);
    let (title, link) = match language {
        Language::German => ("Abgemeldet", "Auch bei Microsoft abmelden"),
        Language::English => ("Signed out", "Sign out at Microsoft, too"),
    };
    // The address is an `Url`, which has neither quotes nor angle brackets; `&` is the one character to escape.
    let href = location.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;");
    let html = format!(
        "<!doctype html>\n<html lang=\"{}\">\n<head><meta charset=\"utf-8\"><title>{title}</title></head>\n\
         <body><h1>{title}</h1><p><a href=\"{href}\">{link}</a></p></body>\n</html>\n",
        language.tag()
    );
    let mut answer = Answer::text(StatusCode::OK, "text/html; charset=utf-8", html).header(
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"),
    );
    if let Ok(refresh) = HeaderValue::try_from(format!("0;url={location}")) {
        answer = answer.header(REFRESH, refresh);
    }
    answer
}

/// The token of a form; `None` for another body, or if the field is not there once.
fn form_field(request: &ApiGatewayV2httpRequest) -> Option<String> {
    let kind = request.headers.get(CONTENT_TYPE)?.to_str().ok()?;
    if kind.split(';').next()?.trim() != "application/x-www-form-urlencoded" {
        return None;
    }
    let body = request.body.as_deref()?;
    let decoded = if request.is_base64_encoded { STANDARD.decode(body).ok()? } else { body.as_bytes().to_vec() };
    let mut fields = form_urlencoded::parse(&decoded).filter(|(name, _)| name == FIELD);
    let value = fields.next()?.1.into_owned();
    fields.next().is_none().then_some(value)
}
