//! `GET /api/v1/auth/callback`: a browser comes back from Microsoft, and a session begins. The one `GET` that writes, and
//! only after everything was checked.

use std::collections::HashMap;

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use http::HeaderValue;
use leitwarte_core::roles::RoleTable;
use leitwarte_core::{DateTime, Utc};
use leitwarte_runtime::role_files;
use leitwarte_store::{SignIn, SignedIn};
use leitwarte_web::http::Answer;
use leitwarte_web::session::SessionId;
use leitwarte_web::sign_in_problem::SignInProblem;
use url::form_urlencoded;

use super::{explained, request_id};
use crate::Deps;
use crate::attempt::Attempt;
use crate::id_token::{self, Person};
use crate::provider::{ExchangeFault, aadsts};

/// Entra's codes stay below 2 kB.
const LONGEST_CODE_BYTES: usize = 8 * 1024;

pub(crate) async fn answer(deps: &Deps, request: &ApiGatewayV2httpRequest) -> Answer {
    match come_back(deps, request).await {
        Ok(answer) => answer,
        Err((problem, None)) => explained(problem),
        // An attempt that came back is over, however it ended.
        Err((problem, Some(clear))) => explained(problem).cookie(clear),
    }
}

/// What went wrong, and the cookie of the attempt if it was this browser's.
type Refused = (SignInProblem, Option<HeaderValue>);

async fn come_back(deps: &Deps, request: &ApiGatewayV2httpRequest) -> Result<Answer, Refused> {
    let now = deps.now();
    let (profile, credential) = deps.set_up(now).map_err(|problem| (problem, None))?;
    let parameters = parameters(request.raw_query_string.as_deref().unwrap_or_default());
    let parameters = parameters.ok_or((SignInProblem::NotTrusted, None))?;
    let lost = || {
        tracing::info!(http_request_id = request_id(request), "a sign-in came back that this browser has not begun");
        (SignInProblem::AttemptLost, None)
    };
    let state = parameters.get("state").ok_or_else(lost)?;
    let found = deps.attempts.find(state, &credential.sealing_key(), request, now);
    let (attempt, clear) = found.ok_or_else(lost)?;
    let refused = |problem| (problem, Some(clear.clone()));
    let person = async {
        let code = code(&parameters, request)?;
        let metadata = deps.provider.metadata(&profile, now).await.map_err(unavailable)?;
        let audience = metadata.token_endpoint().map(|url| url.as_str().to_owned()).unwrap_or_default();
        let shown = credential.parameters(profile.client_id, &audience, now, (deps.sources.new_id)());
        let shown = shown.map_err(|fault| {
            tracing::warn!("nobody can sign in: {fault}");
            SignInProblem::NotSetUp
        })?;
        let redirect_uri = deps.redirect_uri(&profile);
        let exchanged = deps.provider.exchange((&metadata, &profile, redirect_uri), code, &attempt, shown).await;
        let token = exchanged.map_err(|fault| exchange_problem(&fault, request))?;
        let told = |fault: id_token::IdTokenFault| {
            tracing::warn!(http_request_id = request_id(request), "{fault}");
            fault.problem()
        };
        let kid = id_token::key_of(&token).map_err(told)?;
        let key = deps.provider.key(&metadata, &kid, now).await.map_err(unavailable)?;
        let key = key.ok_or(id_token::IdTokenFault::Key).map_err(told)?;
        id_token::verify(&token, &key, &profile, &attempt.nonce, now).map_err(told)
    };
    let person = person.await.map_err(refused)?;
    let id = begin_session(deps, request, person, &attempt, now).await.map_err(refused)?;
    let cookie = deps.session_cookie.set(&id.cookie_value(), None);
    Ok(Answer::see_other(&attempt.return_to).cookie(cookie).cookie(clear.clone()))
}

/// The parameters; `None` if one comes twice, by which two programs could understand different things.
fn parameters(query: &str) -> Option<HashMap<String, String>> {
    let mut found = HashMap::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        if found.insert(name.into_owned(), value.into_owned()).is_some() {
            return None;
        }
    }
    Some(found)
}

/// The code Microsoft sent, or why it sent none.
fn code(parameters: &HashMap<String, String>, request: &ApiGatewayV2httpRequest) -> Result<String, SignInProblem> {
    if let Some(error) = parameters.get("error") {
        let number = parameters.get("error_description").and_then(|text| aadsts(text));
        let problem = refusal(error, number);
        tracing::info!(
            http_request_id = request_id(request),
            aadsts = number,
            ?problem,
            "Microsoft did not let somebody in"
        );
        return Err(problem);
    }
    let code = parameters.get("code").filter(|code| !code.is_empty() && code.len() <= LONGEST_CODE_BYTES);
    code.cloned().ok_or(SignInProblem::NotTrusted)
}

/// What Microsoft's refusal means to the person.
/// Source: Microsoft Learn, "Microsoft Entra authentication and authorization error codes".
fn refusal(error: &str, number: Option<u32>) -> SignInProblem {
    match (error, number) {
        (_, Some(50105)) => SignInProblem::NotAssigned,
        (_, Some(65001 | 65004 | 90094)) | ("consent_required", _) => SignInProblem::NoConsent,
        (_, Some(50020 | 90072)) => SignInProblem::OtherTenant,
        ("access_denied" | "login_required" | "interaction_required", _) => SignInProblem::Cancelled,
        ("server_error" | "temporarily_unavailable", _) => SignInProblem::MicrosoftUnavailable,
        _ => SignInProblem::SetUpRefused,
    }
}

fn exchange_problem(fault: &ExchangeFault, request: &ApiGatewayV2httpRequest) -> SignInProblem {
    tracing::warn!(http_request_id = request_id(request), "{fault}");
    match fault {
        ExchangeFault::Application(_) => SignInProblem::SetUpRefused,
        ExchangeFault::Code(_) | ExchangeFault::NoToken => SignInProblem::NotTrusted,
        ExchangeFault::Unavailable(_) => SignInProblem::MicrosoftUnavailable,
    }
}

fn unavailable(fault: impl std::fmt::Display) -> SignInProblem {
    tracing::warn!("{fault}");
    SignInProblem::MicrosoftUnavailable
}

/// A new session with a new id. The one this browser had before ends.
async fn begin_session(
    deps: &Deps,
    request: &ApiGatewayV2httpRequest,
    person: Person,
    attempt: &Attempt,
    now: DateTime<Utc>,
) -> Result<SessionId, SignInProblem> {
    let id = SessionId::new((deps.sources.random)());
    let before = deps.session_cookie.read(request).and_then(SessionId::from_cookie).map(|id| id.hash());
    // With a table that cannot be read, people can still sign in; roles stay as they are.
    let table = role_files::table_in_force(&deps.profiles_dir).unwrap_or_else(|error| {
        tracing::warn!(error, "the table of roles cannot be read");
        RoleTable::default()
    });
    let sign_in = SignIn {
        account: person.account,
        claims: &person.claims,
        issued_at: person.issued_at,
        table: &table,
        rights: &person.rights,
        id_hash: &id.hash(),
        attempt: &attempt.hash(),
        replaces: before.as_deref(),
    };
    match deps.store.sign_in(&sign_in, now).await {
        Ok(SignedIn::Done { person }) => {
            tracing::info!(http_request_id = request_id(request), person, "signed in");
            Ok(id)
        }
        Ok(SignedIn::UsedBefore) => {
            tracing::warn!(http_request_id = request_id(request), "a sign-in came back a second time");
            Err(SignInProblem::UsedBefore)
        }
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "nobody can sign in");
            Err(SignInProblem::DatabaseUnavailable)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn microsofts_refusals_are_told_apart() {
        for (error, number, problem) in [
            ("access_denied", None, SignInProblem::Cancelled),
            ("access_denied", Some(50105), SignInProblem::NotAssigned),
            ("interaction_required", Some(50105), SignInProblem::NotAssigned),
            ("access_denied", Some(65004), SignInProblem::NoConsent),
            ("invalid_request", Some(50020), SignInProblem::OtherTenant),
            ("temporarily_unavailable", Some(90033), SignInProblem::MicrosoftUnavailable),
            ("unauthorized_client", Some(700_016), SignInProblem::SetUpRefused),
            ("whatever", None, SignInProblem::SetUpRefused),
        ] {
            assert_eq!(refusal(error, number), problem, "{error} {number:?}");
        }
    }

    #[test]
    fn a_parameter_given_twice_is_none() {
        assert_eq!(parameters("state=a&code=b").map(|found| found.len()), Some(2));
        assert_eq!(parameters("state=a&code=b&state=a"), None);
    }
}
