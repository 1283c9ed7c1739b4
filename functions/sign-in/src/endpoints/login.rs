//! `GET /api/v1/auth/login?return=…`: sends a browser to Microsoft, with `anew=1` to choose another account. Writes nothing: what has to be known afterwards is in
//! a cookie of that browser.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use aws_lc_rs::aead::NONCE_LEN;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::Uri;
use http::header::HOST;
use leitwarte_web::http::Answer;
use leitwarte_web::pages::{ANEW, LOGIN, START, return_target};
use leitwarte_web::sign_in_problem::SignInProblem;
use url::form_urlencoded;

use super::{explained, request_id};
use crate::Deps;
use crate::attempt::Attempt;
use crate::provider::Provider;

/// Marks an address that was moved to our public one.
const MOVED: &str = "moved";

pub(crate) async fn answer(deps: &Deps, request: &ApiGatewayV2httpRequest) -> Answer {
    begin(deps, request).await.unwrap_or_else(explained)
}

async fn begin(deps: &Deps, request: &ApiGatewayV2httpRequest) -> Result<Answer, SignInProblem> {
    let query = request.raw_query_string.as_deref().unwrap_or_default();
    if let Some(address) = elsewhere(request, &deps.public_url, query) {
        return Ok(Answer::see_other(&address));
    }
    let now = deps.now();
    let (profile, credential) = deps.set_up(now)?;
    let metadata = deps.provider.metadata(&profile, now).await.map_err(|fault| {
        tracing::warn!(http_request_id = request_id(request), "nobody can sign in: {fault}");
        SignInProblem::MicrosoftUnavailable
    })?;
    let random = || URL_SAFE_NO_PAD.encode((deps.sources.random)());
    let attempt = Attempt {
        state: random(),
        nonce: random(),
        verifier: random(),
        return_to: target(query),
        begun_at: now.timestamp(),
    };
    let redirect_uri = deps.redirect_uri(&profile);
    let anew = form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == ANEW);
    let address = Provider::sign_in_address(&metadata, &profile, redirect_uri, &attempt, anew).map_err(|fault| {
        tracing::warn!("nobody can sign in: {fault}");
        SignInProblem::NotSetUp
    })?;
    let mut nonce = [0; NONCE_LEN];
    nonce.copy_from_slice(&(deps.sources.random)()[..NONCE_LEN]);
    let cookies = deps.attempts.keep(&attempt, &credential.sealing_key(), nonce, request);
    let cookies = cookies.ok_or(SignInProblem::NotSetUp)?;
    Ok(cookies.into_iter().fold(Answer::see_other(&address), Answer::cookie))
}

/// The same address at our public one, for a browser that used another name of this machine: Microsoft sends it back to
/// the public address, where a cookie of the other name is not to be had. Happens once, because behind a proxy the name
/// in the request may never be the public one.
fn elsewhere(request: &ApiGatewayV2httpRequest, public_url: &str, query: &str) -> Option<String> {
    let host = request.headers.get(HOST)?.to_str().ok()?;
    let public: Uri = public_url.parse().ok()?;
    let same = public.authority().is_some_and(|authority| authority.as_str().eq_ignore_ascii_case(host));
    let moved = form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == MOVED);
    let and = if query.is_empty() { "" } else { "&" };
    (!same && !moved).then(|| format!("{public_url}{LOGIN}?{query}{and}{MOVED}=1"))
}

/// The page to come back to: the one that was asked for if it is one of ours, else the start.
fn target(query: &str) -> String {
    let given = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "return").map(|(_, value)| value);
    given.as_deref().and_then(return_target).unwrap_or(START).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_at_another_name_is_moved_to_the_public_one_once() {
        let moved = |host: &'static str, query| {
            let mut request = ApiGatewayV2httpRequest::default();
            request.headers.insert(HOST, http::HeaderValue::from_static(host));
            elsewhere(&request, "http://localhost:8080", query)
        };
        assert_eq!(moved("localhost:8080", ""), None);
        assert_eq!(moved("LOCALHOST:8080", "return=%2Fx"), None);
        let there = "http://localhost:8080/api/v1/auth/login?return=%2Fx&moved=1";
        assert_eq!(moved("127.0.0.1:8080", "return=%2Fx").as_deref(), Some(there));
        assert_eq!(moved("proxy.internal", "return=%2Fx&moved=1"), None);
        assert_eq!(elsewhere(&ApiGatewayV2httpRequest::default(), "http://localhost:8080", ""), None);
    }

    #[test]
    fn a_sign_in_leads_back_to_a_page_of_ours_and_nowhere_else() {
        assert_eq!(target("return=%2Flicences%3Ffilter%3DE3"), "/licences?filter=E3");
        for other in ["", "return=", "return=%2F%2Fevil.example", "return=https%3A%2F%2Fevil.example", "x=%2Flicences"]
        {
            assert_eq!(target(other), START, "{other}");
        }
    }
}
