//! Whether the addresses are free, asked before anything is started.

use std::net::{SocketAddr, TcpListener};

use anyhow::bail;
use leitwarte_host::env::Environment;

/// An address, the program that wants it, and the variable that sets it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) address: SocketAddr,
    pub(super) program: &'static str,
    pub(super) variable: &'static str,
}

/// Every fixed address that will be listened on, for a template of so many functions.
///
/// # Errors
/// A variable that is not an address.
pub(super) fn wanted(host: &Environment, functions: usize) -> anyhow::Result<Vec<Wanted>> {
    let wanted = |address, program, variable| Wanted { address, program, variable };
    let mut list = vec![
        wanted(host.gateway_addr()?, "gateway", "GATEWAY_ADDR"),
        wanted(host.invoke_addr()?, "emulator", "INVOKE_ADDR"),
        wanted(host.metrics_addr()?, "emulator", "METRICS_ADDR"),
    ];
    let first = host.runtime_addr()?;
    if first.port() != 0 {
        for index in 0..functions {
            let Some(port) = u16::try_from(index).ok().and_then(|index| first.port().checked_add(index)) else {
                bail!("RUNTIME_ADDR={first} leaves no room for {functions} functions; choose a lower port");
            };
            list.push(wanted(SocketAddr::new(first.ip(), port), "emulator", "RUNTIME_ADDR"));
        }
    }
    Ok(list.into_iter().filter(|wanted| wanted.address.port() != 0).collect())
}

/// `PUBLIC_URL` where nobody has set it and the gateway listens on a port of its own: people who sign in are sent back
/// there, so it has to be right on this machine at least.
///
/// # Errors
/// `GATEWAY_ADDR` is not an address.
pub(super) fn public_url(host: &Environment) -> anyhow::Result<Option<(String, String)>> {
    let port = host.gateway_addr()?.port();
    let is_set = |name| host.get(name).is_some_and(|value| !value.trim().is_empty());
    let derived = port != 0 && !is_set("PUBLIC_URL") && !is_set("TLS_CERT_FILE");
    Ok(derived.then(|| ("PUBLIC_URL".to_owned(), format!("http://localhost:{port}"))))
}

/// Makes sure that all of them are free and different.
///
/// # Errors
/// The first that is not, with what to do.
pub(super) fn check(wanted: &[Wanted]) -> anyhow::Result<()> {
    // All are held until the last is known to be free, so that two of ours on one port are found, too.
    let mut held = Vec::new();
    for Wanted { address, program, variable } in wanted {
        match TcpListener::bind(address) {
            Ok(listener) => held.push((*address, *variable, listener)),
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
                if let Some((_, other, _)) = held.iter().find(|(taken, _, _)| taken == address) {
                    bail!("{variable} and {other} are both {address}; give each its own port");
                }
                bail!(
                    "the {program} cannot listen on {address}, because another program does. Stop that one, or choose \
                     another port: {variable}={}:{} leitwarte up",
                    address.ip(),
                    address.port().wrapping_add(10_000).max(1024)
                );
            }
            Err(error) => {
                bail!("the {program} cannot listen on {address}: {error}. Set {variable} to another address.")
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(pairs: &[(&str, &str)]) -> Environment {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_taken_address_is_named_with_program_and_variable() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap();
        let words = check(&[Wanted { address, program: "gateway", variable: "GATEWAY_ADDR" }]).unwrap_err().to_string();
        assert!(words.contains("gateway") && words.contains(&address.to_string()), "{words}");
        assert!(words.contains("GATEWAY_ADDR=127.0.0.1:"), "{words}");
    }

    #[test]
    fn two_variables_with_one_address_are_told_from_a_foreign_program() {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let wanted = ["GATEWAY_ADDR", "INVOKE_ADDR"].map(|variable| Wanted { address: free, program: "x", variable });
        let words = check(&wanted).unwrap_err().to_string();
        assert!(words.starts_with("INVOKE_ADDR and GATEWAY_ADDR are both"), "{words}");
    }

    #[test]
    fn people_are_sent_back_to_the_port_the_gateway_has() {
        let derived = |pairs| public_url(&host(pairs)).unwrap().map(|(_, url)| url);
        assert_eq!(derived(&[("GATEWAY_ADDR", "0.0.0.0:9090")]).as_deref(), Some("http://localhost:9090"));
        assert_eq!(derived(&[]).as_deref(), Some("http://localhost:8080"));
        assert_eq!(derived(&[("GATEWAY_ADDR", "127.0.0.1:9090"), ("PUBLIC_URL", "https://x.example")]), None);
        assert_eq!(derived(&[("TLS_CERT_FILE", "x.pem")]), None);
    }

    #[test]
    fn every_function_takes_a_port_of_the_runtime_api() {
        let list = wanted(&host(&[("RUNTIME_ADDR", "127.0.0.1:9100")]), 2).unwrap();
        let ports: Vec<u16> = list.iter().map(|wanted| wanted.address.port()).collect();
        assert_eq!(ports, [8080, 9001, 9002, 9100, 9101]);
        assert_eq!(wanted(&host(&[]), 2).unwrap().len(), 3, "port 0 takes free ones");
        assert!(wanted(&host(&[("RUNTIME_ADDR", "127.0.0.1:65535")]), 2).is_err());
    }
}
