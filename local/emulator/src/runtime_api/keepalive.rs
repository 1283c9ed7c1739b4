//! Notices that the other end is gone although nobody says so: a cut network, a host without power.
//!
//! A process that waits for work sends nothing, so silence alone tells nothing; the kernel asks.

use std::io;
use std::time::Duration;

use rustix::net::sockopt;
use tokio::net::TcpStream;

/// Silence after which the kernel asks for the first time.
const IDLE: Duration = Duration::from_secs(15);
/// Time between two questions.
const INTERVAL: Duration = Duration::from_secs(5);
/// Unanswered questions after which the connection is closed.
const PROBES: u32 = 3;

/// Closes the connection when its other end has been gone for about 30 s.
pub(super) fn watch(stream: &TcpStream) -> io::Result<()> {
    sockopt::set_socket_keepalive(stream, true)?;
    sockopt::set_tcp_keepidle(stream, IDLE)?;
    sockopt::set_tcp_keepintvl(stream, INTERVAL)?;
    sockopt::set_tcp_keepcnt(stream, PROBES)?;
    // While something sent is not confirmed the kernel does not ask, but repeats it for a quarter of an hour.
    #[cfg(target_os = "linux")]
    {
        let patience = IDLE + PROBES * INTERVAL;
        sockopt::set_tcp_user_timeout(stream, u32::try_from(patience.as_millis()).unwrap_or(u32::MAX))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_connection_is_watched() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let _client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        watch(&stream).unwrap();
        assert!(sockopt::socket_keepalive(&stream).unwrap());
        assert_eq!(sockopt::tcp_keepidle(&stream).unwrap(), IDLE);
        assert_eq!(sockopt::tcp_keepintvl(&stream).unwrap(), INTERVAL);
        assert_eq!(sockopt::tcp_keepcnt(&stream).unwrap(), PROBES);
    }
}
