//! On loopback only processes of the emulator's own user may act as a function.

use std::fs;
use std::io;
use std::net::{IpAddr, SocketAddr};

use tokio::net::TcpStream;

/// Whether the process behind a connection may read and answer this function's events.
///
/// Beyond loopback the network decides (a function's container shares one with the emulator alone). On loopback the
/// kernel's socket table tells the user; where there is no such table (outside Linux) nobody can, and all may connect.
///
/// # Errors
/// The connection is already closed or the table cannot be read.
pub(super) async fn may_connect(stream: &TcpStream, peer: SocketAddr) -> io::Result<bool> {
    if !peer.ip().to_canonical().is_loopback() || !cfg!(target_os = "linux") {
        return Ok(true);
    }
    let local = stream.local_addr()?;
    let owner = tokio::task::spawn_blocking(move || owner(peer, local)).await.map_err(io::Error::other)??;
    owner
        .map(|user| user == rustix::process::geteuid().as_raw())
        .ok_or_else(|| io::Error::new(io::ErrorKind::NotConnected, "the peer's socket is gone"))
}

/// The user whose socket is connected from `peer` to `local`.
fn owner(peer: SocketAddr, local: SocketAddr) -> io::Result<Option<u32>> {
    // A dual-stack client's socket is listed under IPv6 even when it talks IPv4.
    for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
        if let Ok(text) = fs::read_to_string(table)
            && let Some(user) = find(&text, peer, local)
        {
            return Ok(Some(user));
        }
    }
    fs::metadata("/proc/net/tcp").map(|_| None)
}

fn find(table: &str, peer: SocketAddr, local: SocketAddr) -> Option<u32> {
    table.lines().skip(1).find_map(|line| {
        let mut fields = line.split_ascii_whitespace().skip(1);
        let (from, to) = (address(fields.next()?)?, address(fields.next()?)?);
        let user = fields.nth(4)?.parse().ok()?;
        (same(from, peer) && same(to, local)).then_some(user)
    })
}

fn same(left: SocketAddr, right: SocketAddr) -> bool {
    left.port() == right.port() && left.ip().to_canonical() == right.ip().to_canonical()
}

/// `0100007F:1F90`: 32-bit words in the machine's byte order, then the port.
fn address(text: &str) -> Option<SocketAddr> {
    let (ip, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let mut bytes = Vec::with_capacity(16);
    for start in (0..ip.len()).step_by(8) {
        bytes.extend(u32::from_str_radix(ip.get(start..start + 8)?, 16).ok()?.to_ne_bytes());
    }
    let ip = match bytes.len() {
        4 => IpAddr::from(<[u8; 4]>::try_from(bytes).ok()?),
        16 => IpAddr::from(<[u8; 16]>::try_from(bytes).ok()?),
        _ => return None,
    };
    Some(SocketAddr::new(ip, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
        0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1\n\
        1: 0100007F:D431 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  1234        0 2 1\n";

    #[cfg(target_endian = "little")]
    #[test]
    fn the_table_tells_the_user_of_a_connection() {
        let local = "127.0.0.1:8080".parse().unwrap();
        assert_eq!(find(TABLE, "127.0.0.1:54321".parse().unwrap(), local), Some(1234));
        assert_eq!(find(TABLE, "127.0.0.1:54322".parse().unwrap(), local), None);
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn an_own_connection_may_act_as_a_function() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let _client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (stream, peer) = listener.accept().await.unwrap();
        assert!(may_connect(&stream, peer).await.unwrap());
    }
}
