//! The only hosts this program talks to, told apart by what may be sent there.

use leitwarte_core::hosts::{self, BadHostEntry, HostRefused};
use leitwarte_core::profile::Cloud;
use url::Url;

/// Which of Microsoft's services an address is meant to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Service {
    /// Entra's sign-in, where client assertions go.
    SignIn,
    /// Microsoft Graph, where tokens go.
    Graph,
}

/// The list of [`leitwarte_core::hosts`], stricter by one rule: a sign-in address must not be one of Microsoft's Graph
/// hosts, nor a Graph address one of its sign-in hosts. An extra host may be both.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AllowedHosts(hosts::AllowedHosts);

/// Why an address is not called.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    /// `GRAPH_EXTRA_HOSTS` cannot be read.
    #[error(transparent)]
    Entry(#[from] BadHostEntry),
    /// The address is not one that may be called.
    #[error("The profile's {} cannot be used: {refused}", service.field())]
    Refused {
        /// What it was meant to be.
        service: Service,
        /// Why not.
        refused: HostRefused,
    },
    /// The address is the other of Microsoft's services.
    #[error("The profile's {} cannot be used: {host} is Microsoft's host for something else", service.field())]
    OtherService {
        /// What it was meant to be.
        service: Service,
        /// The host.
        host: String,
    },
}

impl HostError {
    /// What to do about it.
    #[must_use]
    pub fn fix(&self) -> String {
        match self {
            Self::Entry(_) => "Write host:port, several separated by commas, such as `graph.test:8443`.".to_owned(),
            Self::Refused { refused: HostRefused::Unlisted { host, port }, .. } => {
                format!("Correct the profile, or list {host}:{port} in GRAPH_EXTRA_HOSTS if it is your own stand-in.")
            }
            Self::Refused { service, .. } | Self::OtherService { service, .. } => format!(
                "Leave {} out of the profile, or write it as `https://host` or `https://host:port`.",
                service.field()
            ),
        }
    }
}

impl Service {
    /// The profile's field that says where it is.
    fn field(self) -> &'static str {
        match self {
            Self::SignIn => "authority_host",
            Self::Graph => "graph_endpoint",
        }
    }

    fn address_in(self, cloud: Cloud) -> &'static str {
        match self {
            Self::SignIn => cloud.authority_host(),
            Self::Graph => cloud.graph_endpoint(),
        }
    }
}

impl AllowedHosts {
    /// Reads `GRAPH_EXTRA_HOSTS`: `host:port` entries separated by commas or white space; may be empty.
    ///
    /// # Errors
    /// The first entry that is not of that form, so that a typing mistake is found at the start and not at a poll.
    pub fn parse(list: &str) -> Result<Self, HostError> {
        Ok(Self(hosts::AllowedHosts::parse(list)?))
    }

    /// Reads an address and checks that `service` may be called there.
    ///
    /// # Errors
    /// When it is no address, holds credentials, or its host is not allowed.
    pub fn check(&self, service: Service, address: &str) -> Result<Url, HostError> {
        let refused = |refused| HostError::Refused { service, refused };
        self.0.check(address).map_err(refused)?;
        let url = Url::parse(address).map_err(|_| refused(HostRefused::NotAnAddress))?;
        let host = url.host_str().unwrap_or_default();
        let other = match service {
            Service::SignIn => Service::Graph,
            Service::Graph => Service::SignIn,
        };
        if Cloud::ALL.into_iter().any(|cloud| other.address_in(cloud).strip_prefix("https://") == Some(host)) {
            return Err(HostError::OtherService { service, host: host.to_owned() });
        }
        Ok(url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hosts_of_every_cloud_are_allowed_for_their_own_service_only() {
        let hosts = AllowedHosts::default();
        for cloud in Cloud::ALL {
            assert!(hosts.check(Service::SignIn, &format!("{}/x/token", cloud.authority_host())).is_ok());
            assert!(hosts.check(Service::Graph, &format!("{}/v1.0/x", cloud.graph_endpoint())).is_ok());
            for (service, address) in
                [(Service::Graph, cloud.authority_host()), (Service::SignIn, cloud.graph_endpoint())]
            {
                assert!(matches!(hosts.check(service, address), Err(HostError::OtherService { .. })), "{address}");
            }
        }
    }

    #[test]
    fn an_extra_host_may_be_both() {
        let hosts = AllowedHosts::parse("sim.test:8085").unwrap();
        for service in [Service::SignIn, Service::Graph] {
            assert_eq!(hosts.check(service, "http://SIM.test:8085/x").unwrap().as_str(), "http://sim.test:8085/x");
            assert!(hosts.check(service, "http://sim.test:8086/").is_err());
        }
    }

    #[test]
    fn a_refusal_names_the_field_of_the_profile_and_no_secret() {
        let hosts = AllowedHosts::default();
        for (service, field) in [(Service::SignIn, "authority_host"), (Service::Graph, "graph_endpoint")] {
            for address in ["http://user:hunter2@sim.test:1/?x=hunter2", "sim.test:1", "http://graph.microsoft.com/"] {
                let error = hosts.check(service, address).unwrap_err();
                assert!(error.to_string().contains(field), "{error}");
                assert!(!error.to_string().contains("hunter2") && !error.fix().contains("hunter2"), "{error}");
            }
        }
        let unlisted = hosts.check(Service::Graph, "http://sim.test:8085/").unwrap_err();
        assert!(unlisted.fix().contains("list sim.test:8085 in GRAPH_EXTRA_HOSTS"), "{}", unlisted.fix());
    }

    #[test]
    fn a_malformed_entry_is_named() {
        let error = AllowedHosts::parse("ok.test:1,http://sim.test:2").unwrap_err();
        assert!(error.to_string().contains("http://sim.test:2"), "{error}");
    }
}
