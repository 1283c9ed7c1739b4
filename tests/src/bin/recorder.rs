//! A function that writes down what it is asked to do, in the folder `RECORD_DIR` (`/data`), which its replicas share:
//! a line `<request id> <event>` in `runs` when a run begins, and `<request id>` in `done` when it ends.
//!
//! `{"do": "wait"}` in the event takes a while, `{"do": "block"}` hangs for good.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use leitwarte_runtime::{FunctionError, Invocation};
use serde_json::{Value, json};

/// How long an event takes that says nothing else.
const WORK: Duration = Duration::from_millis(20);
const WAIT: Duration = Duration::from_millis(300);

fn main() -> ExitCode {
    leitwarte_runtime::main(async |_config| {
        let folder = std::env::var("RECORD_DIR").unwrap_or_else(|_| "/data".to_owned());
        let open = |name| {
            let path = Path::new(&folder).join(name);
            let file = OpenOptions::new().append(true).create(true).open(&path);
            Ok::<_, anyhow::Error>(Arc::new(file.with_context(|| format!("cannot write {}", path.display()))?))
        };
        let (runs, done) = (open("runs")?, open("done")?);
        // Docker sets it in every container.
        let host = std::env::var("HOSTNAME").unwrap_or_default();
        Ok(move |event: Value, invocation: Invocation| {
            let (runs, done, host) = (Arc::clone(&runs), Arc::clone(&done), host.clone());
            async move {
                let id = invocation.request_id;
                append(&runs, &format!("{id} {event}\n"))?;
                match event["do"].as_str() {
                    Some("block") => loop {
                        std::thread::park();
                    },
                    Some("wait") => tokio::time::sleep(WAIT).await,
                    _ => tokio::time::sleep(WORK).await,
                }
                append(&done, &format!("{id}\n"))?;
                Ok(json!({ "statusCode": 200, "body": id, "host": host }))
            }
        })
    })
}

/// Appends a line in one write, so that those of other workers and replicas do not mix with it.
fn append(mut file: &File, line: &str) -> Result<(), FunctionError> {
    file.write_all(line.as_bytes()).map_err(|error| FunctionError::new("NotRecorded", error.to_string()))
}
