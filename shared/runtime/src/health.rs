//! The health check of a function's container, which holds no other program to ask with: `/program health` asks the
//! running one at `HEALTH_ADDR`.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// How long connecting, sending and each read may take.
const PATIENCE: Duration = Duration::from_secs(2);
/// Pause after a connection that could not be accepted: out of file descriptors, most likely.
const BREATH: Duration = Duration::from_millis(100);
const VARIABLE: &str = "HEALTH_ADDR";
const HEALTHY: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n";

/// Whether this process was started as `<program> health`.
pub(crate) fn is_asked() -> bool {
    let mut arguments = std::env::args_os().skip(1);
    arguments.next().is_some_and(|argument| argument == "health") && arguments.next().is_none()
}

/// Asks the running function; why it is not healthy is printed.
pub(crate) fn ask_running() -> ExitCode {
    let asked = address()
        .and_then(|address| address.with_context(|| format!("{VARIABLE} is not set")))
        .and_then(|address| ask(address).with_context(|| format!("no answer at {address} ({VARIABLE})")));
    match asked {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("not healthy: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Answers as long as this process's runtime turns, if `HEALTH_ADDR` is set.
pub(crate) async fn answer_if_set() -> anyhow::Result<()> {
    let Some(address) = address()? else { return Ok(()) };
    let listener =
        TcpListener::bind(address).await.with_context(|| format!("cannot listen at {address} ({VARIABLE})"))?;
    tokio::spawn(answer(listener));
    Ok(())
}

fn address() -> anyhow::Result<Option<SocketAddr>> {
    let value = std::env::var(VARIABLE).ok().filter(|value| !value.is_empty());
    let parse = |value: String| {
        value.parse().with_context(|| format!("{VARIABLE} is `{value}`; give an address such as 127.0.0.1:9090"))
    };
    value.map(parse).transpose()
}

/// One after the other: only this container's own health check comes here.
async fn answer(listener: TcpListener) {
    loop {
        let Ok((mut connection, _)) = listener.accept().await else {
            tokio::time::sleep(BREATH).await;
            continue;
        };
        let exchange = async {
            let mut request = [0; 1024];
            let _ = connection.read(&mut request).await?;
            connection.write_all(HEALTHY).await?;
            connection.shutdown().await
        };
        let _ = tokio::time::timeout(PATIENCE, exchange).await;
    }
}

fn ask(address: SocketAddr) -> io::Result<()> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut answer = [0; 12];
    stream.read_exact(&mut answer)?;
    if &answer == b"HTTP/1.1 200" { Ok(()) } else { Err(io::Error::other("it does not say that it is healthy")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_function_whose_runtime_turns_is_healthy() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(answer(listener));
        for _ in 0..2 {
            tokio::task::spawn_blocking(move || ask(address)).await.unwrap().unwrap();
        }
    }

    #[test]
    fn a_frozen_function_is_not_healthy() {
        let frozen = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        assert!(ask(frozen.local_addr().unwrap()).is_err());
    }
}
