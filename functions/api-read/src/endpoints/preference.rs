//! `GET /preferences/{name}/{value}`: has the browser remember a language or an appearance, and goes back to the page.
//! Links do it, so that it works without a script; nothing is stored here.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use leitwarte_core::TimeDelta;
use leitwarte_web::http::{Answer, CookieName};
use leitwarte_web::pages::return_target;
use leitwarte_web::problem::{Problem, ProblemKind};
use leitwarte_web::query::Query;

use crate::Deps;
use crate::pages::preference_exists;

/// How long a browser remembers.
const LASTS: TimeDelta = TimeDelta::days(365);

pub(crate) fn answer(
    deps: &Deps,
    request: &ApiGatewayV2httpRequest,
    name: &str,
    value: &str,
) -> Result<Answer, Problem> {
    if !preference_exists(name, value) {
        return Err(Problem::new(ProblemKind::NotFound, "There is no such preference."));
    }
    let query = Query::parse(request.raw_query_string.as_deref(), &["return"])?;
    let destination = query.get("return").and_then(return_target).unwrap_or("/");
    let cookie = CookieName::new(name, &deps.public_url).set(value, Some(LASTS));
    Ok(Answer::see_other(destination).cookie(cookie))
}
