//! Keeps pages as they were sent, for as long as the data stays the same and no age on them would be wrong: then a page
//! costs the check of who asks and one small query.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use http::StatusCode;
use http::header::IF_NONE_MATCH;
use leitwarte_core::{DateTime, TimeDelta, Utc};
use leitwarte_web::http::{Answer, Coding};
use leitwarte_web::problem::Problem;

use crate::Deps;
use crate::pages::Frame;
use crate::store_problem::store_problem;

/// Ages are told in minutes, so that a page may be this old.
const GOOD_FOR: TimeDelta = TimeDelta::seconds(10);
/// Pages that are kept; compressed, most of them are some ten kilobytes.
const MOST: usize = 256;

/// The pages that were sent last, by all that they depend on besides the data.
#[derive(Debug, Default)]
pub(crate) struct PageCache(Mutex<HashMap<String, Kept>>);

#[derive(Debug)]
struct Kept {
    revision: i64,
    made_at: DateTime<Utc>,
    answer: Answer,
}

impl PageCache {
    /// The page that was kept, or the one that `make` makes. It is made without regard to what the caller has already,
    /// so that it can be kept for others.
    ///
    /// # Errors
    /// If the database does not answer, and those of `make`.
    pub(crate) async fn page(
        &self,
        deps: &Deps,
        request: &ApiGatewayV2httpRequest,
        frame: &Frame,
        make: impl AsyncFnOnce(&ApiGatewayV2httpRequest) -> Result<Answer, Problem>,
    ) -> Result<Answer, Problem> {
        if Coding::preferred(&request.headers) != Coding::Gzip {
            return make(request).await;
        }
        let (key, now) = (frame.identity(), (deps.clock)());
        // Before the data that the page is made of: then it can only be older than the page, which costs one more.
        let revision = deps.store.revision().await.map_err(store_problem)?.number;
        if let Some(answer) = self.find(&key, revision, now) {
            return Ok(answer.unless_known(&request.headers));
        }
        let mut unconditional = request.clone();
        unconditional.headers.remove(IF_NONE_MATCH);
        let answer = make(&unconditional).await?;
        if answer.status == StatusCode::OK {
            self.keep(key, Kept { revision, made_at: now, answer: answer.clone() });
        }
        Ok(answer.unless_known(&request.headers))
    }

    fn find(&self, key: &str, revision: i64, now: DateTime<Utc>) -> Option<Answer> {
        let pages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = pages.get(key)?;
        let good = kept.revision == revision && (now - kept.made_at).abs() < GOOD_FOR;
        good.then(|| kept.answer.clone())
    }

    fn keep(&self, key: String, kept: Kept) {
        let mut pages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if pages.len() >= MOST && !pages.contains_key(&key) {
            // What is still good is made again; a list of who was used last would cost more than that.
            pages.clear();
        }
        pages.insert(key, kept);
    }
}
