//! Which hosts this program may send a credential or a token to: Microsoft's published clouds, compiled
//! in, and the `host:port` list of `GRAPH_EXTRA_HOSTS`. Only listed extras may be asked over plain http.

use url::Url;

use crate::profile::Cloud;

/// The hosts that may be asked. The default is Microsoft's clouds alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllowedHosts {
    extra: Vec<(String, u16)>,
}

/// An entry of `GRAPH_EXTRA_HOSTS` that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("GRAPH_EXTRA_HOSTS has the entry `{entry}`, which is not `host:port`; separate entries with commas")]
pub struct BadHostEntry {
    /// The entry as written.
    pub entry: String,
}

/// An address that may not be asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HostRefused {
    /// Not an absolute http or https address with a host.
    #[error("this is not an http or https address with a host name")]
    NotAnAddress,
    /// The address carries a user name or password.
    #[error("the address carries a user name or password")]
    Credentials,
    /// One of Microsoft's hosts, but not https on its usual port.
    #[error("{host}:{port} is only allowed with https on port 443")]
    NotSecure {
        /// Host name.
        host: String,
        /// Port asked for.
        port: u16,
    },
    /// Neither a Microsoft cloud nor an extra host.
    #[error("{host}:{port} is neither one of Microsoft's clouds nor listed in GRAPH_EXTRA_HOSTS")]
    Unlisted {
        /// Host name.
        host: String,
        /// Port asked for.
        port: u16,
    },
}

impl AllowedHosts {
    /// Reads the list of `GRAPH_EXTRA_HOSTS`: `host:port` entries between commas or white space. An
    /// empty text allows no extra host.
    ///
    /// # Errors
    /// The first entry that is not `host:port`.
    pub fn parse(list: &str) -> Result<Self, BadHostEntry> {
        let entries = list.split(|c: char| c == ',' || c.is_whitespace()).filter(|entry| !entry.is_empty());
        let extra = entries.map(|entry| host_and_port(entry).ok_or_else(|| BadHostEntry { entry: entry.to_owned() }));
        Ok(Self { extra: extra.collect::<Result<_, _>>()? })
    }

    /// Decides whether an address may be asked. Reads the address with the parser that the HTTP client
    /// uses, so that both see the same host.
    ///
    /// # Errors
    /// Why not. The reason names host and port only, never path or query.
    pub fn check(&self, address: &str) -> Result<(), HostRefused> {
        let url = Url::parse(address).map_err(|_| HostRefused::NotAnAddress)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(HostRefused::NotAnAddress);
        }
        let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
            return Err(HostRefused::NotAnAddress);
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(HostRefused::Credentials);
        }
        if self.extra.iter().any(|(name, number)| name == host && *number == port) {
            return Ok(());
        }
        let host = host.to_owned();
        if !is_microsoft(&host) {
            return Err(HostRefused::Unlisted { host, port });
        }
        if url.scheme() != "https" || port != 443 {
            return Err(HostRefused::NotSecure { host, port });
        }
        Ok(())
    }
}

fn is_microsoft(host: &str) -> bool {
    Cloud::ALL
        .into_iter()
        .flat_map(|cloud| [cloud.authority_host(), cloud.graph_endpoint()])
        .any(|base| base.strip_prefix("https://") == Some(host))
}

/// `host:port` in the form in which [`Url`] spells hosts, so that both sides of a comparison agree.
fn host_and_port(entry: &str) -> Option<(String, u16)> {
    let (_, port) = entry.rsplit_once(':')?;
    let port = port.parse().ok().filter(|port| *port != 0)?;
    let url = Url::parse(&format!("http://{entry}")).ok()?;
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    let anonymous = url.username().is_empty() && url.password().is_none();
    let host = url.host_str().filter(|_| bare && anonymous && !entry.ends_with('/'))?;
    Some((host.to_owned(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_simulator() -> AllowedHosts {
        AllowedHosts::parse("127.0.0.1:9443, Simulator.Local:8080 [::1]:9000").unwrap()
    }

    #[test]
    fn microsofts_clouds_are_allowed_over_https_only() {
        let hosts = AllowedHosts::default();
        for cloud in Cloud::ALL {
            assert_eq!(hosts.check(cloud.authority_host()), Ok(()));
            assert_eq!(hosts.check(&format!("{}/v1.0/subscribedSkus?$top=5", cloud.graph_endpoint())), Ok(()));
        }
        let plain = hosts.check("http://login.microsoftonline.com/x").unwrap_err();
        assert_eq!(plain, HostRefused::NotSecure { host: "login.microsoftonline.com".into(), port: 80 });
        assert!(hosts.check("https://graph.microsoft.com:8443/").is_err());
    }

    #[test]
    fn an_extra_host_is_allowed_on_its_port_alone() {
        let hosts = with_simulator();
        for good in [
            "http://127.0.0.1:9443/a?b",
            "https://127.0.0.1:9443",
            "http://simulator.local:8080/",
            "http://[::1]:9000/",
        ] {
            assert_eq!(hosts.check(good), Ok(()), "{good}");
        }
        for bad in ["http://127.0.0.1:9444/", "http://simulator.local/", "http://localhost:9443/", "http://[::1]:9001/"]
        {
            assert!(matches!(hosts.check(bad), Err(HostRefused::Unlisted { .. })), "{bad}");
        }
    }

    #[test]
    fn lookalikes_of_microsofts_hosts_are_refused() {
        let hosts = with_simulator();
        for bad in [
            "https://graph.microsoft.com.attacker.example/",
            "https://attacker.example/graph.microsoft.com",
            "https://graph.microsoft.com@attacker.example/",
            "https://user@graph.microsoft.com/",
            "https://graph.microsoft.com.:443/",
            "https://xgraph.microsoft.com/",
            "https://attacker.example\\@graph.microsoft.com/",
            "ftp://graph.microsoft.com/",
            "graph.microsoft.com",
            "//graph.microsoft.com/",
            "",
        ] {
            assert!(hosts.check(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_refusal_names_no_path_and_no_query() {
        let text = AllowedHosts::default().check("https://attacker.example/secret?token=1").unwrap_err().to_string();
        assert!(text.starts_with("attacker.example:443 is neither"), "{text}");
        assert!(!text.contains("secret") && !text.contains("token="), "{text}");
    }

    #[test]
    fn an_entry_that_is_not_host_and_port_is_refused_by_name() {
        for bad in [
            "localhost",
            "localhost:",
            "localhost:0",
            "http://localhost:80",
            "a:b",
            "host:70000",
            "u@host:80",
            "host:80/x",
            ":80",
        ] {
            assert_eq!(AllowedHosts::parse(&format!("ok:1,{bad}")).unwrap_err().entry, bad);
        }
        assert_eq!(AllowedHosts::parse(" , ").unwrap(), AllowedHosts::default());
    }
}
