//! Asks the kernel's table of TCP sockets for the owner of one. Works everywhere on Linux, but takes milliseconds.

use std::fs;
use std::io;
use std::net::{IpAddr, SocketAddr};

/// The user whose socket is connected from `peer` to `local`.
pub(super) fn owner(peer: SocketAddr, local: SocketAddr) -> io::Result<Option<u32>> {
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
}
