//! `GET /settings`: the page of the rules, and what another threshold would have told.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use http::StatusCode;
use leitwarte_core::TimeDelta;
use leitwarte_core::rules::Definition;
use leitwarte_web::http::Answer;
use leitwarte_web::problem::Problem;

use crate::Deps;
use crate::pages::{Frame, RuleForm, Section, Settings, SettingsPage, render};
use crate::store_problem::store_problem;

pub(crate) async fn answer(deps: &Deps, request: &ApiGatewayV2httpRequest, frame: Frame) -> Result<Answer, Problem> {
    let (scope, form) = RuleForm::parse(request.raw_query_string.as_deref())?;
    let frame = frame.section(Section::Settings);
    let rules = deps.store.stored_rules().await.map_err(store_problem)?;
    let tenants = deps.store.snapshots().await.map_err(store_problem)?;
    let now = (deps.clock)();
    let form = form.unwrap_or_else(|| {
        let set = rules.iter().find(|rule| rule.scope == scope).map(|rule| rule.definition.clone());
        RuleForm::of_rule(scope, &set.unwrap_or_else(Definition::default))
    });
    let asked = request.raw_query_string.as_deref().is_some_and(|query| query.contains("short_at="));
    let replayed = match form.what_if().filter(|_| asked) {
        None => None,
        Some(what_if) => {
            let start = now - TimeDelta::days(i64::from(form.days));
            Some(deps.store.replay(&form.scope, what_if, start).await.map_err(store_problem)?)
        }
    };
    let settings = Settings { rules: &rules, tenants: &tenants, form: &form, replayed: replayed.as_ref() };
    render(&SettingsPage::new(&frame, settings, now), &frame, StatusCode::OK, &request.headers)
}
