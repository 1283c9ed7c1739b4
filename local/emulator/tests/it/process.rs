//! Functions that the emulator starts itself: real processes that crash, hang and fail to start.

use std::time::Duration;

use crate::common::{Host, SOON, eventually};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};

#[tokio::test]
async fn an_unmodified_lambda_runtime_function_answers() {
    let host = Host::spawned(&[("scripted", "Environment: {Variables: {COLOUR: green}}")]).await;
    assert_eq!(host.caller.invoke("scripted", r#"{"n":1}"#).await.json(), json!({"n": 1}));
    for (variable, value) in [("COLOUR", "green"), ("AWS_REGION", "local-1"), ("AWS_LAMBDA_FUNCTION_NAME", "scripted")]
    {
        let reply = host.caller.invoke("scripted", json!({"do": "variable", "line": variable}).to_string()).await;
        assert_eq!(reply.json(), json!(value), "{variable}");
    }
    host.ready().await;
    host.stop().await;
}

#[tokio::test]
async fn the_log_of_a_call_comes_back_with_it() {
    let host = Host::spawned(&[("scripted", "MemorySize: 256")]).await;
    host.ready().await;
    let reply = host.caller.post("scripted", &[("x-amz-log-type", "Tail")], r#"{"do":"log","line":"hello log"}"#).await;
    let log = String::from_utf8(BASE64_STANDARD.decode(reply.header("x-amz-log-result")).unwrap()).unwrap();
    let id = reply.header("x-amzn-requestid");
    assert!(
        log.starts_with(&format!("START RequestId: {id} Version: $LATEST\nhello log\nEND RequestId: {id}\n")),
        "{log}"
    );
    assert!(log.contains("Memory Size: 256 MB\tMax Memory Used: "), "{log}");
    assert_eq!(host.caller.invoke("scripted", "{}").await.header("x-amz-log-result"), "");
}

#[tokio::test]
async fn a_killed_function_is_reported_at_once_and_replaced() {
    let host = Host::spawned(&[("scripted", "Timeout: 60")]).await;
    let pid = pid(&host).await;
    let call = tokio::spawn({
        let caller = host.caller.clone();
        async move { caller.invoke("scripted", r#"{"do":"wait","until":"/never"}"#).await }
    });
    eventually("it runs", async || host.caller.report("scripted").await["in_flight"] == 1).await;
    let killed = Instant::now();
    let process = rustix::process::Pid::from_raw(pid).unwrap();
    rustix::process::kill_process(process, rustix::process::Signal::KILL).unwrap();
    let reply = timeout(SOON, call).await.expect("an answer").unwrap();
    assert!(killed.elapsed() < Duration::from_secs(2), "{:?}", killed.elapsed());
    let document = reply.json();
    assert_eq!(document["errorType"], "Runtime.ExitError");
    let message = document["errorMessage"].as_str().unwrap();
    assert!(message.ends_with("Error: Runtime exited with error: signal: killed"), "{message}");
    assert_eq!(host.caller.invoke("scripted", "1").await.status, 200, "a new process answers");
    assert_eq!(host.caller.report("scripted").await["restarts"], 1);
}

#[tokio::test]
async fn a_function_that_exits_reports_its_status() {
    let host = Host::spawned(&[("scripted", "")]).await;
    let reply = host.caller.invoke("scripted", r#"{"do":"exit"}"#).await;
    let message = reply.json()["errorMessage"].as_str().unwrap().to_owned();
    assert!(message.ends_with("Runtime exited with error: exit status 3"), "{message}");
}

#[tokio::test]
async fn a_panic_is_an_error_of_the_call_and_the_process_survives() {
    let host = Host::spawned(&[("scripted", "")]).await;
    let before = pid(&host).await;
    let reply = host.caller.invoke("scripted", r#"{"do":"panic"}"#).await;
    assert_eq!(reply.header("x-amz-function-error"), "Unhandled");
    assert_eq!(pid(&host).await, before);
}

#[tokio::test]
async fn a_handler_that_never_returns_is_killed_at_its_timeout_and_replaced() {
    let host = Host::spawned(&[("scripted", "Timeout: 1")]).await;
    let before = pid(&host).await;
    let reply = host.caller.invoke("scripted", r#"{"do":"block"}"#).await;
    assert!(reply.text().contains("Task timed out after 1.00 seconds"), "{}", reply.text());
    assert_ne!(pid(&host).await, before, "another process answers");
    eventually("the old one is gone", async || {
        std::fs::read_to_string(format!("/proc/{before}/stat"))
            .map_or(true, |stat| stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('Z')))
    })
    .await;
}

#[tokio::test]
async fn a_function_that_cannot_start_fails_its_waiters_and_nobody_else() {
    let functions = [("broken", "Environment: {Variables: {EXIT_AT_START: '1'}}"), ("scripted", "")];
    let host = Host::spawned(&functions).await;
    let reply = timeout(SOON, host.caller.invoke("broken", "{}")).await.expect("an answer");
    let document = reply.json();
    assert_eq!(document["errorType"], "Runtime.ExitError");
    assert!(document["errorMessage"].as_str().unwrap().ends_with("exit status 7"), "{document}");
    eventually("it is tried again", async || host.caller.report("broken").await["restarts"].as_u64() > Some(1)).await;
    let report = host.caller.report("broken").await;
    assert_eq!((&report["state"], &report["last_error"]), (&json!("down"), &json!("exit status 7")));
    assert_eq!(host.caller.invoke("scripted", "{}").await.status, 200);
    assert_eq!(host.metrics("/ready").await.0, 503);
}

#[tokio::test]
async fn a_missing_program_is_named() {
    let host = Host::with(&[("gone", "")], true, |config| {
        let programs = config.functions_dir.clone().unwrap();
        std::fs::remove_file(programs.join("gone")).unwrap();
    })
    .await;
    eventually("the reason is known", async || {
        host.caller.report("gone").await["last_error"]
            .as_str()
            .is_some_and(|error| error.contains("programs/gone: No such file"))
    })
    .await;
}

#[tokio::test]
async fn stopping_ends_the_functions_processes() {
    let host = Host::spawned(&[("scripted", "")]).await;
    let pid = pid(&host).await;
    timeout(SOON, host.stop()).await.expect("the emulator stops");
    assert!(!std::path::Path::new(&format!("/proc/{pid}")).exists());
}

async fn pid(host: &Host) -> i32 {
    let Value::Number(pid) = host.caller.invoke("scripted", r#"{"do":"pid"}"#).await.json() else { panic!("no pid") };
    i32::try_from(pid.as_i64().unwrap()).unwrap()
}
