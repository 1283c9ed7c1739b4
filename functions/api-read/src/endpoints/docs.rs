//! `GET /api/v1/docs` and `/api/v1/openapi.json`: the API's document, and Swagger UI to read and try it. All files are part
//! of the program.

use std::sync::{Arc, LazyLock};

use askama::Template;
use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, VARY};
use http::{HeaderMap, HeaderValue, StatusCode};
use leitwarte_web::http::{Answer, Coding, ETag, gzip};
use leitwarte_web::problem::{Problem, ProblemKind};
use leitwarte_web::query::Query;
use utoipa_swagger_ui::Config;

use super::private_json;
use crate::pages::{Frame, render};

/// Made by `make openapi` from the code of all functions; a test fails when it is not up to date.
const DOCUMENT: &str = include_str!("../../assets/openapi.json");

/// What the page loads of Swagger UI.
const FILES: [(&str, &str); 2] =
    [("swagger-ui-bundle.js", "text/javascript; charset=utf-8"), ("swagger-ui.css", "text/css; charset=utf-8")];

/// One of them.
struct File {
    name: &'static str,
    content_type: &'static str,
    plain: Bytes,
    gzipped: Bytes,
    tag: ETag,
}

static SWAGGER_UI: LazyLock<Vec<File>> = LazyLock::new(|| {
    let config = Arc::new(Config::from("/api/v1/openapi.json"));
    let file = |(name, content_type): (&'static str, &'static str)| {
        let file = utoipa_swagger_ui::serve(name, Arc::clone(&config)).ok()??;
        let (gzipped, tag) = (gzip(&file.bytes).into(), ETag::of(&file.bytes));
        Some(File { name, content_type, plain: file.bytes.into_owned().into(), gzipped, tag })
    };
    FILES.into_iter().filter_map(file).collect()
});

/// The page around Swagger UI.
#[derive(Debug, Template)]
#[template(path = "docs.html")]
struct DocsPage<'a> {
    frame: &'a Frame,
}

/// The document (OpenAPI 3.1)
#[utoipa::path(
    get,
    path = "/api/v1/openapi.json",
    tag = "documentation",
    operation_id = "openapi",
    responses((status = 200, description = "This document", body = Object))
)]
pub(crate) fn document(request: &ApiGatewayV2httpRequest) -> Result<Answer, Problem> {
    Query::parse(request.raw_query_string.as_deref(), &[])?;
    Ok(private_json(DOCUMENT.to_owned(), &request.headers))
}

/// The page.
pub(crate) fn page(request: &ApiGatewayV2httpRequest, frame: &Frame) -> Result<Answer, Problem> {
    Query::parse(request.raw_query_string.as_deref(), &[])?;
    render(&DocsPage { frame }, frame, StatusCode::OK, &request.headers)
}

/// A file of Swagger UI.
pub(crate) fn file(name: &str, headers: &HeaderMap) -> Result<Answer, Problem> {
    let not_found = || Problem::new(ProblemKind::NotFound, "There is no such file here.");
    let file = SWAGGER_UI.iter().find(|file| file.name == name).ok_or_else(not_found)?;
    let coding = Coding::preferred(headers);
    let content = if coding == Coding::Gzip { &file.gzipped } else { &file.plain };
    Ok(Answer::bytes(StatusCode::OK, file.content_type, content.clone())
        .coded(coding)
        .header(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"))
        .header(VARY, HeaderValue::from_static("Accept-Encoding, Authorization, Cookie"))
        .tagged(&file.tag, headers))
}
