//! The last polls of one tenant in words.

use leitwarte_core::{DateTime, Utc};
use leitwarte_store::PollRun;
use leitwarte_web::http::Language;

use super::pick2;
use crate::pages::troubles::failure_title;
use crate::pages::words::{Age, Moment, count, counted};

/// One poll.
#[derive(Debug)]
pub(crate) struct Poll<'a> {
    pub(super) at: Moment,
    pub(super) age: Age,
    pub(super) tone: &'static str,
    pub(super) result: String,
    /// What went wrong and what to do; English.
    pub(super) failure: Option<(&'a str, &'a str)>,
    pub(super) duration: String,
    pub(super) requests: String,
}

impl<'a> Poll<'a> {
    pub(super) fn new(language: Language, run: &'a PollRun, now: DateTime<Utc>) -> Self {
        let milliseconds = (run.finished_at - run.started_at).num_milliseconds();
        let (one, more, none) =
            pick2(language, ("Änderung", "Änderungen", "nichts Neues"), ("change", "changes", "nothing new"));
        let result = match (&run.failure, run.changes) {
            (Some(failure), _) => failure_title(language, failure.kind).to_owned(),
            (None, 0) => none.to_owned(),
            (None, changes) => counted(language, changes, one, more),
        };
        let again = pick2(language, "davon wiederholt", "of them again");
        let requests = match run.retries {
            0 => count(language, run.requests),
            retries => format!("{}, {again} {}", count(language, run.requests), count(language, retries)),
        };
        Self {
            at: Moment(run.started_at),
            age: Age::of(language, run.started_at, now),
            tone: if run.failure.is_some() { "unknown" } else { "fine" },
            result,
            failure: run.failure.as_ref().map(|failure| (failure.message.as_str(), failure.fix.as_str())),
            duration: format!("{} ms", count(language, milliseconds)),
            requests,
        }
    }
}
