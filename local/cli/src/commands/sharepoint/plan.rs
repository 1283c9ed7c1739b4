//! `leitwarte sharepoint plan`: what a sync with the lists would write.

use std::io::Write;

use anyhow::bail;
use bytes::Bytes;
use leitwarte_host::invoke::CallOptions;
use serde_json::Value;

use crate::commands::invoke::{LONGEST_CALL, client, function_error, in_words};
use crate::table::cut;
use crate::terminal::{BAD, BOLD, paint};
use crate::words::{count, wrap};
use crate::{Context, Outcome};

const FUNCTION: &str = "sync-sharepoint";

/// Arguments of `sharepoint plan`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// As JSON
    #[arg(long)]
    pub json: bool,
}

/// Asks the running `sync-sharepoint`, which alone has what signing in takes.
pub(super) async fn run(args: &Args, context: &Context, out: &mut (dyn Write + Send)) -> anyhow::Result<Outcome> {
    let options = CallOptions { log_tail: false, client_context: None };
    let call = client(&context.settings)?
        .call(FUNCTION, Bytes::from_static(br#"{"plan":true}"#), &options, LONGEST_CALL)
        .await;
    let answer = match call {
        Ok(answer) => answer,
        Err(error) => return Err(in_words(error, FUNCTION, &context.settings).await),
    };
    let text = String::from_utf8_lossy(&answer.payload);
    if answer.function_error.is_some() {
        bail!("{}", function_error(FUNCTION, &text));
    }
    let report: Value = serde_json::from_str(&text)?;
    if args.json {
        writeln!(out, "{}", serde_json::to_string_pretty(&report)?)?;
        return Ok(Outcome::Well);
    }
    let profiles = report["profiles"].as_array().map(Vec::as_slice).unwrap_or_default();
    if profiles.is_empty() {
        writeln!(out, "There is no SharePoint profile; the README's chapter about SharePoint says how to write one.")?;
    }
    let mut outcome = Outcome::Well;
    for profile in profiles {
        writeln!(out, "{}", paint(BOLD, cut(profile["profile"].as_str().unwrap_or_default(), 64)))?;
        let room = context.width.saturating_sub(4).max(40);
        if let Some(failure) = profile["failure"].as_str() {
            outcome = Outcome::Problem;
            for line in wrap(failure, room) {
                writeln!(out, "  {}", paint(BAD, line))?;
            }
        } else if profile["busy"] == true {
            writeln!(out, "  A sync is under way right now; ask again in a moment.")?;
        } else {
            let lines = profile["planned"].as_array().map(Vec::as_slice).unwrap_or_default();
            for line in lines {
                writeln!(out, "  {}", cut(line.as_str().unwrap_or_default(), room))?;
            }
            let told = if lines.is_empty() {
                "The lists are up to date.".to_owned()
            } else {
                count(lines.len(), "write") + "."
            };
            writeln!(out, "  {told}")?;
        }
    }
    Ok(outcome)
}
