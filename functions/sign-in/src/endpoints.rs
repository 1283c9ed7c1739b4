//! One endpoint, one file.

mod callback;
mod login;
mod logout;

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use leitwarte_web::http::Answer;
use leitwarte_web::problem::Problem;
use leitwarte_web::sign_in_problem::SignInProblem;

use crate::Deps;
use crate::routes::Endpoint;

/// Lets the endpoint of a route answer.
pub(crate) async fn answer(
    deps: &Deps,
    endpoint: Endpoint,
    request: &ApiGatewayV2httpRequest,
) -> Result<Answer, Problem> {
    match endpoint {
        Endpoint::Login => Ok(login::answer(deps, request).await),
        Endpoint::Callback => Ok(callback::answer(deps, request).await),
        Endpoint::Logout => logout::answer(deps, request).await,
        Endpoint::LogoutByLink => Err(Problem::method_not_allowed("POST".to_owned())),
    }
}

/// Shows a person what went wrong.
fn explained(problem: SignInProblem) -> Answer {
    Answer::see_other(&problem.address())
}

/// The request's id, by which the log is searched.
fn request_id(request: &ApiGatewayV2httpRequest) -> &str {
    request.request_context.request_id.as_deref().unwrap_or_default()
}
