//! `GET /assets/…`: style sheet, scripts, icon. Pages name them with a hash, so that browsers may keep them for ever.

use http::header::{CACHE_CONTROL, VARY};
use http::{HeaderMap, HeaderValue, StatusCode};
use leitwarte_web::http::{Answer, Coding};
use leitwarte_web::problem::{Problem, ProblemKind};

use crate::pages::assets::{Asset, asset, is_today};

const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const ASK_EACH_TIME: HeaderValue = HeaderValue::from_static("public, no-cache");

/// `path` is `VERSION/NAME` as pages write it, or `NAME`.
pub(crate) fn answer(path: &str, headers: &HeaderMap) -> Result<Answer, Problem> {
    let (version, name) = path.split_once('/').unwrap_or(("", path));
    let Some(Asset { content_type, text, tag, .. }) = asset(name) else {
        return Err(Problem::new(ProblemKind::NotFound, "There is no such file here."));
    };
    // A page of another version of this program gets today's file, but may not keep it.
    let keep = if is_today(version) { FOR_EVER } else { ASK_EACH_TIME };
    Ok(Answer::text(StatusCode::OK, content_type, (*text).to_owned())
        .header(CACHE_CONTROL, keep)
        .header(VARY, HeaderValue::from_static("Accept-Encoding"))
        .tagged(tag, headers)
        .compressed(Coding::preferred(headers)))
}
