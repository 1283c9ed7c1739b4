//! A function that does what its event says, for tests and for trying out how the host deals with faults.
//!
//! `{"do": "echo"}` answers with the event, `log` prints `line` first, `fail` answers with an error, `panic` panics, `exit` ends
//! the process, `block` never returns, `wait` returns once the file `until` exists, `large` answers `bytes` bytes.
//! With `record` the request id is appended to that file before. With the variable `EXIT_AT_START` the process ends
//! before it asks for work.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct Script {
    #[serde(rename = "do", default)]
    action: String,
    record: Option<String>,
    until: Option<String>,
    line: Option<String>,
    bytes: Option<usize>,
}

async fn handle(event: LambdaEvent<Value>) -> Result<Value, Error> {
    let script: Script = serde_json::from_value(event.payload.clone())?;
    if let Some(path) = &script.record {
        let mut file = OpenOptions::new().create(true).append(true).open(path)?;
        writeln!(file, "{}", event.context.request_id)?;
    }
    match script.action.as_str() {
        "log" => println!("{}", script.line.unwrap_or_default()),
        "fail" => return Err("as asked".into()),
        "panic" => panic!("as asked"),
        "exit" => std::process::exit(3),
        "block" => loop {
            std::thread::park();
        },
        "wait" => {
            let path = script.until.unwrap_or_default();
            while !Path::new(&path).exists() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
        "large" => return Ok(json!("x".repeat(script.bytes.unwrap_or_default()))),
        "variable" => return Ok(json!(std::env::var(script.line.unwrap_or_default()).ok())),
        "pid" => return Ok(json!(std::process::id())),
        _ => {}
    }
    Ok(event.payload)
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    if std::env::var_os("EXIT_AT_START").is_some() {
        eprintln!("cannot start: as asked");
        std::process::exit(7);
    }
    run(service_fn(handle)).await
}
