//! Supervision of real child processes.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use leitwarte_host::process::{
    Backoff, Exit, Launcher, Observer, Policy, Program, Supervised, UnreadOutput, supervise,
};
use tokio::sync::mpsc;
use tokio::time::timeout;

const SOON: Duration = Duration::from_secs(10);

#[derive(Debug, PartialEq, Eq)]
enum Seen {
    Started(u32),
    Line(String),
    Exited(String),
}

struct Recorder(mpsc::UnboundedSender<Seen>);

impl Observer for Recorder {
    fn started(&self, pid: u32, _output: UnreadOutput) {
        let _ = self.0.send(Seen::Started(pid));
    }

    fn line(&self, line: &str) {
        let _ = self.0.send(Seen::Line(line.to_owned()));
    }

    fn exited(&self, exit: &Exit) -> bool {
        let _ = self.0.send(Seen::Exited(exit.reason.clone()));
        true
    }
}

struct Watched {
    child: Supervised,
    seen: mpsc::UnboundedReceiver<Seen>,
}

impl Watched {
    async fn next(&mut self) -> Seen {
        timeout(SOON, self.seen.recv()).await.expect("the child does something").expect("the supervisor lives")
    }

    async fn pid(&mut self) -> u32 {
        match self.next().await {
            Seen::Started(pid) => pid,
            other => panic!("expected a start, saw {other:?}"),
        }
    }

    async fn line(&mut self) -> String {
        match self.next().await {
            Seen::Line(line) => line,
            other => panic!("expected a line, saw {other:?}"),
        }
    }
}

/// The example program, built beside the tests.
fn supervise_example() -> PathBuf {
    let test = std::env::current_exe().expect("the test knows its own path");
    test.parent().and_then(Path::parent).expect("tests live in target/*/deps").join("examples/supervise")
}

fn shell(script: &str) -> Watched {
    let (sender, seen) = mpsc::unbounded_channel();
    let program = Program {
        name: "shell".to_owned(),
        path: "/bin/sh".into(),
        args: vec!["-c".into(), script.into()],
        env: vec![("GREETING".to_owned(), "hello".to_owned())],
    };
    let policy = Policy {
        backoff: Backoff::new(Duration::from_millis(5), Duration::from_millis(50)),
        stop_within: Duration::from_millis(200),
    };
    let launcher = Launcher::through(supervise_example());
    Watched { child: supervise(program, launcher, policy, Arc::new(Recorder(sender))), seen }
}

/// Whether a process runs; one that ended and only waits for its parent to notice does not.
fn runs(pid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| !stat.rsplit(')').next().unwrap_or_default().trim_start().starts_with('Z'))
}

async fn ends(pid: u32) {
    let started = Instant::now();
    while runs(pid) {
        assert!(started.elapsed() < SOON, "process {pid} still runs");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_child_that_ends_is_started_again_and_its_lines_are_passed_on() {
    let mut shell = shell("echo $GREETING; echo trouble >&2; exit 3");
    for _ in 0..2 {
        shell.pid().await;
        assert_eq!(shell.line().await, "hello");
        assert_eq!(shell.line().await, "trouble", "both streams in the order of writing");
        assert_eq!(shell.next().await, Seen::Exited("exit status 3".to_owned()));
    }
}

#[tokio::test]
async fn a_killed_child_is_reported_with_its_signal_and_replaced() {
    let mut shell = shell("echo up; sleep 1000");
    let first = shell.pid().await;
    shell.line().await;
    shell.child.kill();
    assert_eq!(shell.next().await, Seen::Exited("signal: killed".to_owned()));
    assert_ne!(shell.pid().await, first);
}

#[tokio::test]
async fn stopping_takes_a_bounded_time_even_if_the_child_ignores_sigterm() {
    let mut shell = shell("trap '' TERM; echo deaf; while true; do sleep 1; done");
    let pid = shell.pid().await;
    shell.line().await;
    timeout(SOON, shell.child.stop()).await.expect("stops");
    ends(pid).await;
}

#[tokio::test]
async fn what_a_child_started_itself_ends_with_it() {
    let mut shell = shell("sleep 1000 & echo $!; wait");
    shell.pid().await;
    let grandchild = shell.line().await.parse().expect("a process id");
    timeout(SOON, shell.child.stop()).await.expect("stops");
    ends(grandchild).await;
}

#[tokio::test]
async fn a_missing_program_is_reported_by_name() {
    let (sender, mut seen) = mpsc::unbounded_channel();
    let program = Program { name: "x".into(), path: "/no/such/program".into(), args: Vec::new(), env: Vec::new() };
    let launcher = Launcher::through(supervise_example());
    let _child = supervise(program, launcher, Policy::default(), Arc::new(Recorder(sender)));
    let Some(Seen::Exited(reason)) = timeout(SOON, seen.recv()).await.expect("reported") else {
        panic!("not reported")
    };
    assert!(reason.starts_with("cannot start: /no/such/program: No such file"), "{reason}");
}

#[tokio::test]
async fn children_die_with_a_parent_that_is_killed() {
    let mut parent = Command::new(supervise_example())
        .args(["/bin/sh", "-c", "echo $$; exec sleep 1000"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("the example starts");
    let stdout = parent.stdout.take().expect("piped");
    let child = BufReader::new(stdout)
        .lines()
        .map_while(Result::ok)
        .find_map(|line| line.strip_prefix("[child] ").and_then(|pid| pid.parse().ok()))
        .expect("the child prints its process id");
    assert!(runs(child));
    parent.kill().expect("SIGKILL is sent");
    parent.wait().expect("the parent ends");
    ends(child).await;
}
