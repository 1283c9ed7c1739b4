//! What operators find in the emulator's log, by the request id that callers and functions know, too.

use crate::common::eventually;
use crate::common::program::{Program, command};
use serde_json::Value;

fn start(folder: &std::path::Path, level: &str) -> Program {
    let mut command = command(folder, &[("scripted", "Timeout: 1")], true);
    Program::start(command.env("RUST_LOG", level).env("LOG_FORMAT", "json"))
}

/// The lines of one request that tell how it ended.
fn endings(program: &Program, id: &str) -> Vec<Value> {
    let lines = program.log(id).into_iter().map(|line| serde_json::from_str::<Value>(&line).expect("a line of JSON"));
    lines.filter(|line| !line["outcome"].is_null()).collect()
}

#[tokio::test]
async fn each_invocation_ends_in_one_line_with_request_id_function_outcome_and_duration() {
    let folder = tempfile::tempdir().unwrap();
    let program = start(folder.path(), "debug");
    for (payload, level, outcome) in [
        ("{}", "DEBUG", "success"),
        (r#"{"do":"fail"}"#, "INFO", "error"),
        (r#"{"do":"exit"}"#, "WARN", "crash"),
        (r#"{"do":"block"}"#, "WARN", "timeout"),
    ] {
        let reply = program.caller.invoke("scripted", payload).await;
        let id = reply.header("x-amzn-requestid").to_owned();
        eventually("its end is written down", async || !endings(&program, &id).is_empty()).await;
        let lines = endings(&program, &id);
        assert_eq!(lines.len(), 1, "{lines:?}");
        let line = &lines[0];
        assert_eq!(
            (line["level"].as_str(), line["function"].as_str(), line["kind"].as_str(), line["outcome"].as_str()),
            (Some(level), Some("scripted"), Some("call"), Some(outcome)),
            "{line}"
        );
        assert!(line["duration_ms"].is_f64() && line["waited_ms"].is_f64(), "{line}");
        assert_eq!(line["error"].is_string(), outcome != "success", "{line}");
    }
}

#[tokio::test]
async fn an_event_is_found_by_its_id_from_its_acceptance_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let program = start(folder.path(), "debug");
    let id = program.caller.event("scripted", "{}").await;
    eventually("its end is written down", async || !endings(&program, &id).is_empty()).await;
    assert_eq!(program.log(&id).iter().filter(|line| line.contains("event kept")).count(), 1);
    assert_eq!(endings(&program, &id)[0]["kind"], "event");
}

#[tokio::test]
async fn who_was_turned_away_is_told_the_id_under_which_the_log_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = command(folder.path(), &[("nobody", "Timeout: 1")], false);
    let mut program = Program::start(command.env("RUST_LOG", "debug").env("LOG_FORMAT", "json"));
    let reply = program.caller.invoke("nobody", "{}").await;
    assert_eq!(reply.status, 429);
    let id = reply.header("x-amzn-requestid").to_owned();
    eventually("it is in the log", async || endings(&program, &id).iter().any(|line| line["outcome"] == "throttle"))
        .await;
    program.kill();
}
