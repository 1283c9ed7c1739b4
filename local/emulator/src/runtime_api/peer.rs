//! On loopback only processes of the emulator's own user may act as a function.

use std::io;
use std::net::SocketAddr;

use tokio::net::TcpStream;

#[cfg(target_os = "linux")]
use super::{socket_diagnosis, socket_table};

/// Whether the process behind a connection may read and answer this function's events.
///
/// Beyond loopback the network decides (a function's container shares one with the emulator alone). On loopback the
/// kernel tells whose socket it is.
///
/// # Errors
/// The connection is already closed or the kernel does not tell.
#[cfg(target_os = "linux")]
pub(super) async fn may_connect(stream: &TcpStream, peer: SocketAddr) -> io::Result<bool> {
    if !peer.ip().to_canonical().is_loopback() {
        return Ok(true);
    }
    let local = stream.local_addr()?;
    let owner = match socket_diagnosis::owner(peer, local) {
        Ok(Some(user)) => Some(user),
        // A kernel without socket diagnosis, or a peer that is gone: the table is slow but always there.
        Ok(None) | Err(_) => {
            tokio::task::spawn_blocking(move || socket_table::owner(peer, local)).await.map_err(io::Error::other)??
        }
    };
    owner
        .map(|user| user == rustix::process::geteuid().as_raw())
        .ok_or_else(|| io::Error::new(io::ErrorKind::NotConnected, "the peer's socket is gone"))
}

/// Outside Linux nobody can tell whose connection it is, so all may connect.
#[cfg(not(target_os = "linux"))]
pub(super) async fn may_connect(_stream: &TcpStream, _peer: SocketAddr) -> io::Result<bool> {
    Ok(true)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_own_connection_may_act_as_a_function() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(listener) = tokio::net::TcpListener::bind(address).await else { continue };
            let _client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
            let (stream, peer) = listener.accept().await.unwrap();
            assert!(may_connect(&stream, peer).await.unwrap(), "{address}");
        }
    }

    #[tokio::test]
    async fn both_ways_to_ask_the_kernel_agree() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let local = listener.local_addr().unwrap();
        let _client = TcpStream::connect(local).await.unwrap();
        let (_stream, peer) = listener.accept().await.unwrap();
        let user = rustix::process::geteuid().as_raw();
        assert_eq!(socket_table::owner(peer, local).unwrap(), Some(user));
        if let Ok(owner) = socket_diagnosis::owner(peer, local) {
            assert_eq!(owner, Some(user));
        }
        let nobody = "127.0.0.1:1".parse().unwrap();
        assert_eq!(socket_table::owner(nobody, local).unwrap(), None);
        assert_eq!(socket_diagnosis::owner(nobody, local).ok().flatten(), None);
    }
}
