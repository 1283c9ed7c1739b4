//! `GET /audit`: the page of the audit log.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use http::StatusCode;
use leitwarte_web::http::Answer;
use leitwarte_web::problem::Problem;

use super::audit::Part;
use crate::Deps;
use crate::pages::{AuditPage, Frame, Section, render};

pub(crate) async fn answer(deps: &Deps, request: &ApiGatewayV2httpRequest, frame: Frame) -> Result<Answer, Problem> {
    let part = Part::parse(request.raw_query_string.as_deref())?;
    let frame = frame.section(Section::Audit);
    let entries = part.read(deps).await?;
    let about = (part.subject.as_deref(), part.next(&entries));
    render(&AuditPage::new(&frame, &entries, about, (deps.clock)()), &frame, StatusCode::OK, &request.headers)
}
