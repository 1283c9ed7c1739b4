//! The program as its container runs it: its log, its health check, its end.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

const SOON: Duration = Duration::from_secs(10);

/// A test that fails leaves no program behind.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn egress(address: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_egress"));
    command.env("EGRESS_ADDR", address).env("EGRESS_ALLOW", "graph.test:443");
    command.env_remove("RUST_LOG").env_remove("LOG_FORMAT");
    command
}

fn health(address: &str) -> Output {
    egress(address).arg("health").output().unwrap()
}

#[test]
fn it_answers_its_health_check_logs_refusals_without_passwords_and_stops_when_told() {
    let mut program = Program(egress("127.0.0.1:0").stdout(Stdio::piped()).spawn().unwrap());
    let output = program.0.stdout.take().unwrap();
    let (sender, lines) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            let _ = sender.send(line);
        }
    });
    let started = lines.recv_timeout(SOON).unwrap();
    let address = started.split_whitespace().find_map(|word| word.strip_prefix("address=")).unwrap().to_owned();
    assert!(health(&address).status.success());

    let mut client = TcpStream::connect(&address).unwrap();
    client.set_read_timeout(Some(SOON)).unwrap();
    client.write_all(b"CONNECT user:sesame@evil.test:443 HTTP/1.1\r\nHost: evil.test:443\r\n\r\n").unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    let logged = lines.recv_timeout(SOON).unwrap();
    assert!(answer.starts_with("HTTP/1.1 403") && logged.contains("WARN"), "{answer} {logged}");
    for words in [&answer, &logged] {
        assert!(words.contains("evil.test:443") && words.contains("EGRESS_ALLOW"), "{words}");
        assert!(!words.contains("sesame"), "{words}");
    }

    kill_process(Pid::from_child(&program.0), Signal::TERM).unwrap();
    let rest: Vec<String> = std::iter::from_fn(|| lines.recv_timeout(SOON).ok()).collect();
    assert!(rest.last().is_some_and(|line| line.contains("egress stopped")), "{rest:?}");
    assert!(program.0.wait().unwrap().success());

    let silent = health(&address);
    assert_eq!(silent.status.code(), Some(1));
    let words = String::from_utf8(silent.stderr).unwrap();
    assert!(words.contains("EGRESS_ADDR") && words.lines().count() == 1, "{words}");
}
