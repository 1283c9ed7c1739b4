//! `GET /`: the public main page. Says nothing about customers, not even whether there are any.

use http::header::{CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY, REFERRER_POLICY, VARY};
use http::{HeaderMap, HeaderValue, StatusCode};
use leitwarte_web::http::{Answer, Coding, ETag, preferred_language};
use leitwarte_web::problem::{Problem, ProblemKind};

use crate::Deps;
use crate::page::MainPage;

/// The page needs a style sheet and an icon from here, and nothing else from anywhere.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

pub(crate) fn answer(deps: &Deps, headers: &HeaderMap) -> Result<Answer, Problem> {
    let language = preferred_language(headers);
    let html = MainPage::new(language, &deps.public_url).html().map_err(|error| {
        tracing::error!(%error, "cannot write the main page");
        Problem::new(ProblemKind::Internal, "The page could not be written; the log of api-read says why.")
    })?;
    let tag = ETag::of(html.as_bytes());
    Ok(Answer::text(StatusCode::OK, "text/html; charset=utf-8", html)
        .header(CACHE_CONTROL, HeaderValue::from_static("no-cache"))
        .header(CONTENT_LANGUAGE, HeaderValue::from_static(language.tag()))
        .header(CONTENT_SECURITY_POLICY, POLICY)
        .header(REFERRER_POLICY, HeaderValue::from_static("same-origin"))
        .header(VARY, HeaderValue::from_static("Accept-Encoding, Accept-Language"))
        .tagged(&tag, headers)
        .compressed(Coding::preferred(headers)))
}
