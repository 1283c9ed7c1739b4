//! `leitwarte invoke`: runs a function by hand.

use std::io::{Read as _, Write};
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use leitwarte_host::invoke::{CallOptions, InvokeClient, InvokeError, SetupError};
use reqwest::{Method, StatusCode};
use serde_json::Value;

use super::up::demo_runs;
use crate::host_api::{HostApi, not_running};
use crate::words::DEMO_RUNS;
use crate::{Context, Outcome, Settings, UsageError};

/// Arguments of `invoke`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  leitwarte invoke poll-tenant                              poll every tenant that is due
  leitwarte invoke poll-tenant --payload '{\"tenant\":\"contoso\"}' --tail
  leitwarte invoke poll-tenant --async                      hand it over and do not wait")]
pub struct Args {
    /// The function's name in template.yaml
    pub name: String,
    /// The event: JSON, `@FILE`, or `@-` for standard input
    #[arg(long, value_name = "JSON|@FILE", default_value = "{}")]
    pub payload: String,
    /// Put it into the durable queue and do not wait for the answer
    #[arg(long = "async")]
    pub asynchronous: bool,
    /// Also print the last log lines of the call, on standard error
    #[arg(long, conflicts_with = "asynchronous")]
    pub tail: bool,
}

/// The longest a Lambda function may run is 15 minutes; its answer needs a little longer.
pub(super) const LONGEST_CALL: Duration = Duration::from_secs(15 * 60 + 30);

/// Invokes the function and prints its answer.
///
/// # Errors
/// A payload that is not JSON, no host, no such function, or the function's own error.
pub async fn run(args: Args, context: &Context, out: &mut (dyn Write + Send)) -> anyhow::Result<Outcome> {
    let payload = Bytes::from(payload(&args.payload)?);
    let client = client(&context.settings)?;
    if args.asynchronous {
        let accepted = match client.enqueue(&args.name, payload, None).await {
            Ok(accepted) => accepted,
            Err(error) => return Err(in_words(error, &args.name, &context.settings).await),
        };
        writeln!(out, "Accepted; request id {}.", accepted.request_id.as_deref().unwrap_or("not told"))?;
        return Ok(Outcome::Well);
    }
    let options = CallOptions { log_tail: args.tail, client_context: None };
    let answer = match client.call(&args.name, payload, &options, LONGEST_CALL).await {
        Ok(answer) => answer,
        Err(error) => return Err(in_words(error, &args.name, &context.settings).await),
    };
    if let Some(log) = answer.log_result.and_then(|log| STANDARD.decode(log).ok()) {
        // Only the log is lost when standard error is gone; the answer still counts.
        let _ = write!(anstream::stderr(), "{}", String::from_utf8_lossy(&log));
    }
    let payload = String::from_utf8_lossy(&answer.payload);
    if answer.function_error.is_some() {
        let error = function_error(&args.name, &payload);
        if is_unknown_tenant(&payload) && demo_runs(&context.settings.app.data_dir) {
            bail!("{error}\n{DEMO_RUNS}");
        }
        bail!("{error}");
    }
    writeln!(out, "{}", pretty(&payload))?;
    Ok(Outcome::Well)
}

pub(super) fn client(settings: &Settings) -> anyhow::Result<InvokeClient> {
    match InvokeClient::from_environment(&settings.host) {
        // Loopback callers need no key, so one that is not ours to read does not stand in the way.
        Err(SetupError::Key { .. }) => Ok(InvokeClient::new(&settings.host.invoke_target()?, None)?),
        other => Ok(other?),
    }
}

pub(super) async fn in_words(error: InvokeError, name: &str, settings: &Settings) -> anyhow::Error {
    match error {
        InvokeError::Unreachable { target, .. } => not_running(&target),
        InvokeError::Refused { status: StatusCode::NOT_FOUND, .. } => {
            anyhow!("there is no function `{name}`.{}", those_there_are(settings).await)
        }
        other => other.into(),
    }
}

/// The event to send, checked to be JSON before it travels.
fn payload(argument: &str) -> anyhow::Result<String> {
    let text = match argument.strip_prefix('@') {
        None => argument.to_owned(),
        Some("-") => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).context("cannot read standard input")?;
            text
        }
        Some(file) => {
            std::fs::read_to_string(file).map_err(|error| UsageError(format!("cannot read {file}: {error}")))?
        }
    };
    match serde_json::from_str::<serde::de::IgnoredAny>(&text) {
        Ok(_) => Ok(text),
        Err(error) => Err(UsageError(format!("--payload is not JSON: {error}")).into()),
    }
}

/// A function's error in words; AWS's shape is `{"errorType", "errorMessage"}`.
pub(super) fn function_error(name: &str, answer: &str) -> String {
    let body: Value = serde_json::from_str(answer).unwrap_or_default();
    let kind = body["errorType"].as_str();
    match (body["errorMessage"].as_str(), kind) {
        (Some(message), Some(kind)) => format!("{name} failed: {message} [{kind}]"),
        (Some(message), None) => format!("{name} failed: {message}"),
        (None, _) => format!("{name} failed: {answer}"),
    }
}

fn is_unknown_tenant(answer: &str) -> bool {
    serde_json::from_str::<Value>(answer).is_ok_and(|body| body["errorType"] == "UnknownTenant")
}

async fn those_there_are(settings: &Settings) -> String {
    match function_names(settings).await {
        Ok(names) if !names.is_empty() => format!(" There are: {}.", names.join(", ")),
        // Without the list, the message is still true.
        _ => String::new(),
    }
}

async fn function_names(settings: &Settings) -> anyhow::Result<Vec<String>> {
    let host = HostApi::new(settings)?;
    let response = host.send(host.request(Method::GET, &["2015-03-31", "functions", ""])).await?;
    let list: Value = response.json().await?;
    let functions = list["Functions"].as_array().map(Vec::as_slice).unwrap_or_default();
    Ok(functions.iter().filter_map(|function| Some(function["FunctionName"].as_str()?.to_owned())).collect())
}

fn pretty(answer: &str) -> String {
    serde_json::from_str::<Value>(answer).map_or_else(|_| answer.to_owned(), |json| format!("{json:#}"))
}

#[cfg(test)]
mod tests;
