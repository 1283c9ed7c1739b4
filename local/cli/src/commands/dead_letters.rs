//! `leitwarte dead-letters`: asynchronous events that could not be delivered.

use std::io::Write;

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use reqwest::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::host_api::{HostApi, Refusal};
use crate::table::{cut, left, right};
use crate::terminal::{BAD, BOLD, DIM, GOOD, paint};
use crate::words::{ago, count};
use crate::{Context, Outcome};

/// Arguments of `dead-letters`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to do with them.
    #[command(subcommand)]
    pub action: Action,
}

/// What can be done with dead letters.
#[derive(Debug, clap::Subcommand)]
pub enum Action {
    /// List them, oldest first
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Show one with its payload
    Show {
        /// Its id, from the list
        id: String,
    },
    /// Put one or all back into the queue
    #[command(arg_required_else_help = true)]
    Redrive {
        /// Its id, from the list
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        id: Option<String>,
        /// Every one
        #[arg(long)]
        all: bool,
    },
    /// Delete one for good
    Delete {
        /// Its id, from the list
        id: String,
    },
}

/// An event that was given up.
#[derive(Debug, Serialize, Deserialize)]
struct DeadLetter {
    id: Value,
    function: String,
    request_id: String,
    reason: String,
    attempts: u64,
    accepted_at: String,
    dead_at: String,
    error: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    payload: Option<Value>,
}

#[derive(Debug, Deserialize)]
struct Page {
    dead_letters: Vec<DeadLetter>,
}

const PAGE_SIZE: usize = 100;
/// More than this nobody reads; the list then says that there are more.
const LONGEST_LIST: usize = 10_000;

/// Does what was asked.
///
/// # Errors
/// No host, or the host's refusal.
pub async fn run(args: Args, context: &Context, out: &mut (dyn Write + Send)) -> anyhow::Result<Outcome> {
    let host = HostApi::new(&context.settings)?;
    match args.action {
        Action::List { json } => list(&host, json, context, out).await,
        Action::Show { id } => {
            let path = ["host", "dead-letters", &id];
            let response = host.send(host.request(Method::GET, &path)).await.map_err(|error| named(error, &id))?;
            let letter: DeadLetter = response.json().await.context(NOT_OURS)?;
            writeln!(out, "{:#}", serde_json::to_value(&letter)?)?;
            Ok(Outcome::Well)
        }
        Action::Redrive { id: Some(id), .. } => {
            let request_id = redrive(&host, &id).await.map_err(|error| named(error, &id))?;
            writeln!(out, "{} {id} is back in the queue as {request_id}.", paint(GOOD, "✔"))?;
            Ok(Outcome::Well)
        }
        Action::Redrive { id: None, .. } => redrive_all(&host, out).await,
        Action::Delete { id } => {
            let path = ["host", "dead-letters", &id];
            host.send(host.request(Method::DELETE, &path)).await.map_err(|error| named(error, &id))?;
            writeln!(out, "{} {id} is deleted.", paint(GOOD, "✔"))?;
            Ok(Outcome::Well)
        }
    }
}

const NOT_OURS: &str = "the host's answer is not what this version of leitwarte expects";

fn named(error: anyhow::Error, id: &str) -> anyhow::Error {
    match error.downcast_ref::<Refusal>() {
        Some(refusal) if refusal.status == StatusCode::NOT_FOUND => {
            anyhow::anyhow!("there is no dead letter {id}; `leitwarte dead-letters list` shows those there are")
        }
        _ => error,
    }
}

async fn list(host: &HostApi, json: bool, context: &Context, out: &mut (dyn Write + Send)) -> anyhow::Result<Outcome> {
    let letters = all(host).await?;
    if json {
        writeln!(out, "{:#}", serde_json::to_value(&letters)?)?;
    } else if letters.is_empty() {
        writeln!(out, "{} No dead letters: every event was delivered.", paint(GOOD, "✔"))?;
    } else {
        out.write_all(table(&letters, context.now, context.width).as_bytes())?;
    }
    Ok(Outcome::Well)
}

async fn all(host: &HostApi) -> anyhow::Result<Vec<DeadLetter>> {
    let mut letters: Vec<DeadLetter> = Vec::new();
    while letters.len() < LONGEST_LIST {
        let mut request =
            host.request(Method::GET, &["host", "dead-letters"]).query(&[("limit", &PAGE_SIZE.to_string())]);
        if let Some(last) = letters.last() {
            request = request.query(&[("after", last.id())]);
        }
        let page: Page = host.send(request).await?.json().await.context(NOT_OURS)?;
        let is_last = page.dead_letters.len() < PAGE_SIZE;
        letters.extend(page.dead_letters);
        if is_last {
            break;
        }
    }
    Ok(letters)
}

async fn redrive(host: &HostApi, id: &str) -> anyhow::Result<String> {
    let request = host.request(Method::POST, &["host", "dead-letters", id, "redrive"]);
    let answer: Value = host.send(request).await?.json().await.context(NOT_OURS)?;
    Ok(answer["request_id"].as_str().unwrap_or("a new request").to_owned())
}

async fn redrive_all(host: &HostApi, out: &mut (dyn Write + Send)) -> anyhow::Result<Outcome> {
    let letters = all(host).await?;
    let mut failed = 0;
    for letter in &letters {
        if let Err(error) = redrive(host, &letter.id()).await {
            failed += 1;
            writeln!(out, "{} {}: {error:#}", paint(BAD, "✘"), letter.id())?;
        }
    }
    let done = count(letters.len() - failed, "event");
    writeln!(out, "{done} back in the queue{}.", if failed > 0 { format!(", {failed} not") } else { String::new() })?;
    Ok(if failed > 0 { Outcome::Problem } else { Outcome::Well })
}

impl DeadLetter {
    /// The id as it stands in paths; the host may number or name its letters.
    fn id(&self) -> String {
        self.id.as_str().map_or_else(|| self.id.to_string(), str::to_owned)
    }

    fn error_text(&self) -> String {
        match &self.error {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(other) => other["errorMessage"].as_str().map_or_else(|| other.to_string(), str::to_owned),
        }
    }
}

fn table(letters: &[DeadLetter], now: DateTime<Utc>, width: usize) -> String {
    use std::fmt::Write as _;
    let widest = |text: fn(&DeadLetter) -> usize, least: usize| letters.iter().map(text).max().unwrap_or(0).max(least);
    let id = widest(|letter| letter.id().len(), 2).min(36) + 2;
    let function = widest(|letter| letter.function.len(), 8).min(24) + 2;
    let reason = widest(|letter| letter.reason.len(), 6).min(24) + 2;
    let (died, attempts) = (14, 8);
    let error = width.saturating_sub(id + function + reason + died + attempts + 2).max(20);
    let mut text = String::new();
    let head = format!(
        "{}{}{}{}{}  error",
        left("id", id),
        left("function", function),
        left("died", died),
        left("reason", reason),
        right("attempts", attempts)
    );
    let _ = writeln!(text, "{}", paint(DIM, head));
    for letter in letters {
        let when = DateTime::parse_from_rfc3339(&letter.dead_at)
            .map_or_else(|_| letter.dead_at.clone(), |at| ago(at.to_utc(), now));
        let _ = writeln!(
            text,
            "{}{}{}{}{}  {}",
            left(&letter.id(), id),
            left(&letter.function, function),
            left(&when, died),
            left(&letter.reason, reason),
            right(&letter.attempts.to_string(), attempts),
            paint(BAD, cut(&letter.error_text(), error))
        );
    }
    let _ = writeln!(
        text,
        "\n{}. Show one with `leitwarte dead-letters show ID`, try again with `… redrive ID` or `… redrive --all`.",
        paint(BOLD, count(letters.len(), "dead letter"))
    );
    text
}
