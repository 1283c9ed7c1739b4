//! Asks a running emulator how it is: `emulator health`, for health checks of containers, which have no other tool.

use std::io::{self, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

use thiserror::Error;

/// How long connecting, sending and each read may take.
const PATIENCE: Duration = Duration::from_secs(2);
/// `HTTP/1.1 200`
const STATUS_LINE: usize = 12;

/// The emulator is not healthy.
#[derive(Debug, Error)]
pub enum HealthError {
    /// Nobody answers.
    #[error("no answer at {address} (METRICS_ADDR); is the emulator running?")]
    Silent {
        /// Where it was asked.
        address: SocketAddr,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// Something else than `200` was answered.
    #[error("{address} (METRICS_ADDR) answered `{answer}`; is that the emulator?")]
    Strange {
        /// Where it was asked.
        address: SocketAddr,
        /// The beginning of the answer.
        answer: String,
    },
}

/// Asks the emulator whose [`crate::Config::metrics_addr`] is `listening`, within a few seconds.
///
/// # Errors
/// It does not answer, or not with 200.
pub fn check(listening: SocketAddr) -> Result<(), HealthError> {
    let address = reachable(listening);
    let answer = ask(address).map_err(|source| HealthError::Silent { address, source })?;
    if matches!(answer.as_slice(), b"HTTP/1.1 200" | b"HTTP/1.0 200") {
        Ok(())
    } else {
        Err(HealthError::Strange { address, answer: String::from_utf8_lossy(&answer).into_owned() })
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
    stream.write_all(b"GET /health HTTP/1.1\r\nHost: emulator\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::with_capacity(STATUS_LINE);
    stream.take(STATUS_LINE as u64).read_to_end(&mut answer)?;
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn whoever_listens_everywhere_is_asked_on_loopback() {
        assert_eq!(reachable("0.0.0.0:9002".parse().unwrap()).to_string(), "127.0.0.1:9002");
        assert_eq!(reachable("[::]:9002".parse().unwrap()).to_string(), "[::1]:9002");
        assert_eq!(reachable("10.0.0.7:9002".parse().unwrap()).to_string(), "10.0.0.7:9002");
    }

    #[test]
    fn nobody_there_is_said_so() {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let error = check(free).unwrap_err().to_string();
        assert!(error.starts_with("no answer at") && error.contains("METRICS_ADDR"), "{error}");
    }

    #[test]
    fn a_program_that_takes_connections_and_hangs_is_not_healthy() {
        let hung = TcpListener::bind("127.0.0.1:0").unwrap();
        assert!(matches!(check(hung.local_addr().unwrap()), Err(HealthError::Silent { .. })));
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
        assert!(check(address).unwrap_err().to_string().contains("`HTTP/1.1 404`"));
        answering.join().unwrap();
    }
}
