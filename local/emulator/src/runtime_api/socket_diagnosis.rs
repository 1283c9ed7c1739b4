//! Asks the kernel for the owner of one TCP socket: `sock_diag(7)`. Takes microseconds.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use rustix::net::netlink::{SOCK_DIAG, SocketAddrNetlink};
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, sendto, socket_with};

/// The kernel answers while it is asked; this only guards against waiting for ever.
const PATIENCE: Duration = Duration::from_millis(100);

const NLMSG_HEADER: usize = 16;
const NLMSG_ERROR: u16 = 2;
const NLM_F_REQUEST: u16 = 1;
const SOCK_DIAG_BY_FAMILY: u16 = 20;
const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;
const IPPROTO_TCP: u8 = 6;
const ANY: u32 = u32::MAX;
/// Where `struct inet_diag_msg` has `idiag_uid`.
const UID: usize = NLMSG_HEADER + 64;
const ENOENT: i32 = 2;

/// The user whose socket is connected from `peer` to `local`.
pub(super) fn owner(peer: SocketAddr, local: SocketAddr) -> io::Result<Option<u32>> {
    let kernel = socket_with(AddressFamily::NETLINK, SocketType::DGRAM, SocketFlags::CLOEXEC, Some(SOCK_DIAG))?;
    set_socket_timeout(&kernel, Timeout::Recv, Some(PATIENCE))?;
    sendto(&kernel, &question(peer, local), SendFlags::empty(), &SocketAddrNetlink::new(0, 0))?;
    let mut buffer = [0_u8; 512];
    let (_, length) = recv(&kernel, &mut buffer, RecvFlags::empty())?;
    answer(&buffer[..length.min(buffer.len())])
}

/// `struct nlmsghdr` and `struct inet_diag_req_v2`.
fn question(peer: SocketAddr, local: SocketAddr) -> Vec<u8> {
    let (from, to) = (peer.ip().to_canonical(), local.ip().to_canonical());
    let family = if from.is_ipv4() { AF_INET } else { AF_INET6 };
    let mut body = vec![family, IPPROTO_TCP, 0, 0];
    body.extend(ANY.to_ne_bytes());
    body.extend(peer.port().to_be_bytes());
    body.extend(local.port().to_be_bytes());
    body.extend(padded(from));
    body.extend(padded(to));
    body.extend([0_u8; 4]); // any interface
    body.extend(ANY.to_ne_bytes()); // no cookie
    body.extend(ANY.to_ne_bytes());

    let length = u32::try_from(NLMSG_HEADER + body.len()).unwrap_or(u32::MAX);
    let mut message = Vec::with_capacity(NLMSG_HEADER + body.len());
    message.extend(length.to_ne_bytes());
    message.extend(SOCK_DIAG_BY_FAMILY.to_ne_bytes());
    message.extend(NLM_F_REQUEST.to_ne_bytes());
    message.extend([0_u8; 8]); // sequence, sender
    message.extend(body);
    message
}

fn padded(ip: IpAddr) -> [u8; 16] {
    let mut bytes = [0; 16];
    match ip {
        IpAddr::V4(ip) => bytes[..4].copy_from_slice(&ip.octets()),
        IpAddr::V6(ip) => bytes = ip.octets(),
    }
    bytes
}

fn answer(message: &[u8]) -> io::Result<Option<u32>> {
    let short = || io::Error::new(io::ErrorKind::UnexpectedEof, "the kernel's answer is too short");
    let kind = message.get(4..6).and_then(|bytes| bytes.try_into().ok()).map(u16::from_ne_bytes).ok_or_else(short)?;
    let number = |at: usize| message.get(at..at + 4).and_then(|bytes| bytes.try_into().ok()).ok_or_else(short);
    if kind == NLMSG_ERROR {
        return match -i32::from_ne_bytes(number(NLMSG_HEADER)?) {
            ENOENT => Ok(None),
            code => Err(io::Error::from_raw_os_error(code)),
        };
    }
    Ok(Some(u32::from_ne_bytes(number(UID)?)))
}
