//! The emulator as a program: killed, restarted, started twice, started on a broken queue.

use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::common::eventually;
use crate::common::program::{self, Program};
use serde_json::json;

const FUNCTIONS: &[(&str, &str)] = &[("scripted", "Timeout: 30")];

fn command(folder: &Path) -> Command {
    program::command(folder, FUNCTIONS, true)
}

fn start(folder: &Path) -> Program {
    Program::start(&mut command(folder))
}

#[tokio::test]
async fn acknowledged_events_run_after_the_emulator_was_killed() {
    let folder = tempfile::tempdir().unwrap();
    let (record, go) = (folder.path().join("record"), folder.path().join("go"));
    let mut first = start(folder.path());
    let wait = json!({"do": "wait", "until": go}).to_string();
    let mut sent = vec![first.caller.event("scripted", wait).await];
    eventually("the function is busy", async || first.caller.report("scripted").await["in_flight"] == 1).await;
    for _ in 0..20 {
        sent.push(first.caller.event("scripted", json!({"record": record}).to_string()).await);
    }
    first.child.kill().unwrap();
    first.child.wait().unwrap();
    assert!(program::recorded(&record).is_empty(), "nothing could run before");

    std::fs::write(&go, "").unwrap();
    let second = start(folder.path());
    let mut expected = sent.split_off(1);
    expected.sort();
    eventually("every acknowledged event has run", async || program::recorded(&record) == expected).await;
    eventually("none is left", async || second.caller.report("scripted").await["pending_async"] == 0).await;
}

#[tokio::test]
async fn functions_die_with_a_killed_emulator() {
    let folder = tempfile::tempdir().unwrap();
    // A program that does not care whether its emulator is there.
    let (programs, pid_file) = (folder.path().join("programs"), folder.path().join("pid"));
    std::fs::create_dir_all(programs.join("scripted")).unwrap();
    let bootstrap = programs.join("scripted/bootstrap");
    std::fs::write(&bootstrap, format!("#!/bin/sh\necho $$ > {}\nexec sleep 1000\n", pid_file.display())).unwrap();
    std::fs::set_permissions(&bootstrap, std::fs::Permissions::from_mode(0o755)).unwrap();

    let mut program = start(folder.path());
    let pid = || std::fs::read_to_string(&pid_file).unwrap_or_default().trim().to_owned();
    eventually("it runs", async || !pid().is_empty()).await;
    program.child.kill().unwrap();
    program.child.wait().unwrap();
    eventually("the function is gone", async || {
        std::fs::read_to_string(format!("/proc/{}/stat", pid()))
            .map_or(true, |stat| stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('Z')))
    })
    .await;
}

#[tokio::test]
async fn sigterm_lets_the_running_call_finish_and_ends_with_success() {
    let folder = tempfile::tempdir().unwrap();
    let go = folder.path().join("go");
    let mut program = start(folder.path());
    let call = tokio::spawn({
        let (caller, payload) = (program.caller.clone(), json!({"do": "wait", "until": go}).to_string());
        async move { caller.invoke("scripted", payload).await }
    });
    eventually("it runs", async || program.caller.report("scripted").await["in_flight"] == 1).await;
    let pid = rustix::process::Pid::from_child(&program.child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    eventually("new calls are refused", async || program.caller.dry_run("scripted").await == 503).await;
    std::fs::write(&go, "").unwrap();
    assert_eq!(call.await.unwrap().status, 200);
    eventually("the emulator ended", async || program.child.try_wait().unwrap().is_some()).await;
    assert!(program.child.wait().unwrap().success());
}

#[tokio::test]
async fn a_second_emulator_on_the_same_data_refuses_to_start() {
    let folder = tempfile::tempdir().unwrap();
    let _first = start(folder.path());
    let output = fails_to_start(folder.path());
    assert!(output.contains("another emulator uses") && output.contains("DATA_DIR"), "{output}");
}

#[tokio::test]
async fn a_damaged_queue_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("data")).unwrap();
    std::fs::write(folder.path().join("data/queue.db"), "not a database, but long enough to look at. ".repeat(100))
        .unwrap();
    let output = fails_to_start(folder.path());
    assert!(output.contains("queue.db is damaged") && output.contains("restore it from a backup"), "{output}");
}

#[tokio::test]
async fn a_taken_address_is_named_with_its_variable() {
    let folder = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut command = command(folder.path());
    command.env("INVOKE_ADDR", taken.local_addr().unwrap().to_string());
    let output = failure_of(command);
    assert!(output.contains("INVOKE_ADDR") && output.contains("is another program using it?"), "{output}");
}

fn fails_to_start(folder: &Path) -> String {
    failure_of(command(folder))
}

fn failure_of(mut command: Command) -> String {
    let mut child = command.spawn().expect("the emulator starts");
    let deadline = std::time::Instant::now() + Duration::from_secs(20);
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if std::time::Instant::now() > deadline {
            child.kill().unwrap();
            panic!("it should have refused to start");
        }
        std::thread::yield_now();
    };
    assert!(!status.success());
    let mut output = String::new();
    child.stderr.take().unwrap().read_to_string(&mut output).unwrap();
    output
}
