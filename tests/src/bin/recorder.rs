//! A function that writes down what it is asked to do: one line when it begins an event and one when it is done, in a file
//! of its own in `RECORD_DIR`. `{"work_ms": 50}` in the event says how long it takes in between.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use leitwarte_runtime::{FunctionError, Invocation, clock};
use serde_json::{Value, json};

fn main() -> ExitCode {
    leitwarte_runtime::main(async |_config| {
        let folder = std::env::var("RECORD_DIR").context("RECORD_DIR is not set")?;
        let path = Path::new(&folder).join(format!("{}.jsonl", clock::new_id()));
        let file = OpenOptions::new().append(true).create_new(true).open(&path);
        let file = Arc::new(file.with_context(|| format!("cannot write {}", path.display()))?);
        Ok(move |event: Value, invocation: Invocation| {
            let file = Arc::clone(&file);
            async move {
                record(&file, "started", &invocation.request_id, &event)?;
                tokio::time::sleep(Duration::from_millis(event["work_ms"].as_u64().unwrap_or(0))).await;
                record(&file, "done", &invocation.request_id, &event)?;
                Ok(json!({ "statusCode": 200, "body": invocation.request_id }))
            }
        })
    })
}

/// Appends one line in one write, so that lines of concurrent workers do not mix.
fn record(mut file: &File, what: &str, request_id: &str, event: &Value) -> Result<(), FunctionError> {
    let line = format!("{}\n", json!({ "what": what, "request_id": request_id, "event": event }));
    file.write_all(line.as_bytes()).map_err(|error| FunctionError::new("NotRecorded", error.to_string()))
}
