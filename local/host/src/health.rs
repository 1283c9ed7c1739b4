//! Health checks of containers, which hold no other program to ask with: `<program> health` asks the running one.

use std::io::{self, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::process::ExitCode;
use std::time::Duration;

use thiserror::Error;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream as Connection};

use crate::env::{EnvError, Environment};

/// How long connecting, sending and each read may take.
const PATIENCE: Duration = Duration::from_secs(2);
/// `HTTP/1.1 200`
const STATUS_LINE: usize = 12;
/// Pause after a connection that could not be accepted: out of file descriptors, most likely.
const BREATH: Duration = Duration::from_millis(100);

/// The program is not healthy.
#[derive(Debug, Error)]
pub enum HealthError {
    /// Nobody answers.
    #[error("no answer at {address} ({variable}); is the program running?")]
    Silent {
        /// The variable that says where.
        variable: &'static str,
        /// Where it was asked.
        address: SocketAddr,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The program runs and says that it is not healthy.
    #[error("the program at {address} ({variable}) says that its work stands still; its log may say why")]
    Unwell {
        /// The variable that says where.
        variable: &'static str,
        /// Where it was asked.
        address: SocketAddr,
    },
    /// Something else was answered.
    #[error("{address} ({variable}) answered `{answer}`; is that the right program?")]
    Strange {
        /// The variable that says where.
        variable: &'static str,
        /// Where it was asked.
        address: SocketAddr,
        /// The beginning of the answer.
        answer: String,
    },
}

const HEALTHY: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n";
const UNWELL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 6\r\nConnection: close\r\n\r\nstuck\n";

/// Whether this process was started as `<program> health`.
#[must_use]
pub fn is_asked() -> bool {
    let mut arguments = std::env::args_os().skip(1);
    arguments.next().is_some_and(|argument| argument == "health") && arguments.next().is_none()
}

/// Asks the running program at `HEALTH_ADDR` and says so by the exit code; why not is printed.
#[must_use]
pub fn ask_at_health_addr(environment: &Environment) -> ExitCode {
    let asked = match environment.health_addr() {
        Ok(Some(address)) => check("HEALTH_ADDR", address).map_err(|error| error.to_string()),
        Ok(None) => Err("HEALTH_ADDR is not set, here and for the running program".to_owned()),
        Err(error) => Err(error.to_string()),
    };
    match asked {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("not healthy: {problem}");
            ExitCode::FAILURE
        }
    }
}

/// Answers at `HEALTH_ADDR`, if it is set, as long as this program's runtime turns: 200 while `is_well`, which must
/// not block, says so, else 503. Needs a Tokio runtime.
///
/// # Errors
/// The variable cannot be used or the address is taken.
pub async fn answer_if_set(
    environment: &Environment,
    is_well: impl Fn() -> bool + Send + 'static,
) -> Result<(), AnswerError> {
    let Some(address) = environment.health_addr()? else { return Ok(()) };
    let listener = TcpListener::bind(address).await.map_err(|source| AnswerError::Listen { address, source })?;
    tokio::spawn(async move {
        loop {
            let Ok((connection, _)) = listener.accept().await else {
                tokio::time::sleep(BREATH).await;
                continue;
            };
            let words = if is_well() { HEALTHY } else { UNWELL };
            // One after the other: only this container's own health check comes here.
            let _ = tokio::time::timeout(PATIENCE, answer(connection, words)).await;
        }
    });
    Ok(())
}

/// Health cannot be answered.
#[derive(Debug, Error)]
pub enum AnswerError {
    /// `HEALTH_ADDR` is wrong.
    #[error(transparent)]
    Environment(#[from] EnvError),
    /// The address is taken.
    #[error("cannot listen at {address} (HEALTH_ADDR)")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why not.
        #[source]
        source: io::Error,
    },
}

async fn answer(mut connection: Connection, words: &[u8]) -> io::Result<()> {
    let mut request = [0; 1024];
    let _ = connection.read(&mut request).await?;
    connection.write_all(words).await?;
    connection.shutdown().await
}

/// Asks the program that listens at `listening`, which `variable` set, within a few seconds.
///
/// # Errors
/// It does not answer, or not with 200.
pub fn check(variable: &'static str, listening: SocketAddr) -> Result<(), HealthError> {
    let address = reachable(listening);
    let answer = ask(address).map_err(|source| HealthError::Silent { variable, address, source })?;
    match answer.as_slice() {
        b"HTTP/1.1 200" | b"HTTP/1.0 200" => Ok(()),
        b"HTTP/1.1 503" => Err(HealthError::Unwell { variable, address }),
        other => Err(HealthError::Strange { variable, address, answer: String::from_utf8_lossy(other).into_owned() }),
    }
}

/// An address that is listened on as one that can be connected to.
fn reachable(listening: SocketAddr) -> SocketAddr {
    let ip = match listening.ip() {
        ip if !ip.is_unspecified() => ip,
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
    };
    SocketAddr::new(ip, listening.port())
}

/// The first bytes of the answer.
fn ask(address: SocketAddr) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::with_capacity(STATUS_LINE);
    stream.take(STATUS_LINE as u64).read_to_end(&mut answer)?;
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_program_is_healthy_while_its_runtime_turns_and_it_says_that_it_is_well() {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let environment: Environment = [("HEALTH_ADDR".to_owned(), address.to_string())].into_iter().collect();
        let well = Arc::new(AtomicBool::new(true));
        let asked = Arc::clone(&well);
        answer_if_set(&environment, move || asked.load(Ordering::SeqCst)).await.unwrap();
        let check = || tokio::task::spawn_blocking(move || check("HEALTH_ADDR", address));
        for _ in 0..2 {
            check().await.unwrap().unwrap();
        }
        well.store(false, Ordering::SeqCst);
        let error = check().await.unwrap().unwrap_err().to_string();
        assert!(error.contains("stands still") && error.contains("HEALTH_ADDR"), "{error}");
    }

    #[test]
    fn whoever_listens_everywhere_is_asked_on_loopback() {
        assert_eq!(reachable("0.0.0.0:9002".parse().unwrap()).to_string(), "127.0.0.1:9002");
        assert_eq!(reachable("[::]:9002".parse().unwrap()).to_string(), "[::1]:9002");
        assert_eq!(reachable("10.0.0.7:9002".parse().unwrap()).to_string(), "10.0.0.7:9002");
    }

    #[test]
    fn nobody_there_is_said_so() {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let error = check("METRICS_ADDR", free).unwrap_err().to_string();
        assert!(error.starts_with("no answer at") && error.contains("METRICS_ADDR"), "{error}");
    }

    #[test]
    fn a_program_that_takes_connections_and_hangs_is_not_healthy() {
        let hung = TcpListener::bind("127.0.0.1:0").unwrap();
        assert!(matches!(check("METRICS_ADDR", hung.local_addr().unwrap()), Err(HealthError::Silent { .. })));
    }

    #[test]
    fn another_answer_is_shown() {
        let other = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = other.local_addr().unwrap();
        let answering = std::thread::spawn(move || {
            let (mut stream, _) = other.accept().unwrap();
            let mut request = [0; 8];
            stream.read_exact(&mut request).unwrap();
            stream.write_all(b"HTTP/1.1 404 Not Found\r\n\r\n").unwrap();
        });
        assert!(check("METRICS_ADDR", address).unwrap_err().to_string().contains("`HTTP/1.1 404`"));
        answering.join().unwrap();
    }
}
