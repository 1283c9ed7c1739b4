//! Addresses and paths of the host programs, from the environment with the defaults of the design.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use thiserror::Error;

/// A variable that cannot be used.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("{name} is `{value}`; it must be {expected}")]
pub struct EnvError {
    /// The variable.
    pub name: String,
    /// Its value.
    pub value: String,
    /// What it should look like, with an example.
    pub expected: &'static str,
}

/// The environment of a program. Empty variables count as unset.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    values: HashMap<String, String>,
}

impl Environment {
    /// The environment of this process; variables that are not UTF-8 are ignored.
    #[must_use]
    pub fn of_process() -> Self {
        std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect()
    }

    /// The value of a variable.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// `DATA_DIR`: database, event queue, generated secrets.
    #[must_use]
    pub fn data_dir(&self) -> PathBuf {
        self.path("DATA_DIR", "data")
    }

    /// `TEMPLATE`: the SAM template.
    #[must_use]
    pub fn template(&self) -> PathBuf {
        self.path("TEMPLATE", "template.yaml")
    }

    /// `INVOKE_KEY_FILE`: the key that callers beyond loopback must show.
    #[must_use]
    pub fn invoke_key_file(&self) -> PathBuf {
        self.get("INVOKE_KEY_FILE").map_or_else(|| self.data_dir().join("invoke.key"), PathBuf::from)
    }

    /// `FUNCTIONS_DIR`: where a function's program is; `default` is the folder of the running binary.
    #[must_use]
    pub fn functions_dir(&self, default: &Path) -> PathBuf {
        self.get("FUNCTIONS_DIR").map_or_else(|| default.to_path_buf(), PathBuf::from)
    }

    /// `GATEWAY_ADDR`: pages and API.
    ///
    /// # Errors
    /// Not an address and port.
    pub fn gateway_addr(&self) -> Result<SocketAddr, EnvError> {
        self.address("GATEWAY_ADDR", 8080)
    }

    /// `INVOKE_ADDR`: where the emulator listens for invocations.
    ///
    /// # Errors
    /// Not an address and port.
    pub fn invoke_addr(&self) -> Result<SocketAddr, EnvError> {
        self.address("INVOKE_ADDR", 9001)
    }

    /// `INVOKE_ADDR` as a client reaches it: `host:port`, where the host may be a name.
    ///
    /// # Errors
    /// Not `host:port`.
    pub fn invoke_target(&self) -> Result<String, EnvError> {
        let value = self.get("INVOKE_ADDR").unwrap_or("127.0.0.1:9001");
        let port =
            value.rsplit_once(':').filter(|(host, _)| !host.is_empty()).and_then(|(_, port)| port.parse::<u16>().ok());
        match port {
            Some(1..) => Ok(value.to_owned()),
            _ => Err(error("INVOKE_ADDR", value, "host:port, for example 127.0.0.1:9001 or emulator:9001")),
        }
    }

    /// `RUNTIME_ADDR`: host and first port of the Runtime API; port 0 takes free ports.
    ///
    /// # Errors
    /// Not an address and port.
    pub fn runtime_addr(&self) -> Result<SocketAddr, EnvError> {
        self.address("RUNTIME_ADDR", 0)
    }

    /// `METRICS_ADDR`: metrics and health of the host.
    ///
    /// # Errors
    /// Not an address and port.
    pub fn metrics_addr(&self) -> Result<SocketAddr, EnvError> {
        self.address("METRICS_ADDR", 9002)
    }

    /// `HEALTH_ADDR`: where a program answers the health check of its container; not set outside of containers.
    ///
    /// # Errors
    /// Not an address and port.
    pub fn health_addr(&self) -> Result<Option<SocketAddr>, EnvError> {
        self.get("HEALTH_ADDR").map(|_| self.address("HEALTH_ADDR", 0)).transpose()
    }

    fn path(&self, name: &str, default: &str) -> PathBuf {
        PathBuf::from(self.get(name).unwrap_or(default))
    }

    fn address(&self, name: &str, default_port: u16) -> Result<SocketAddr, EnvError> {
        let Some(value) = self.get(name) else {
            return Ok(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), default_port));
        };
        let numeric = value.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
        numeric.as_deref().unwrap_or(value).parse().map_err(|_| {
            error(name, value, "an IP address and port to listen on, for example 127.0.0.1:8080 or 0.0.0.0:8080")
        })
    }
}

impl FromIterator<(String, String)> for Environment {
    fn from_iter<T: IntoIterator<Item = (String, String)>>(pairs: T) -> Self {
        Self { values: pairs.into_iter().collect() }
    }
}

fn error(name: &str, value: &str, expected: &'static str) -> EnvError {
    EnvError { name: name.to_owned(), value: value.to_owned(), expected }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> Environment {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn nothing_set_gives_the_documented_defaults() {
        let environment = environment(&[]);
        assert_eq!(environment.gateway_addr().unwrap().to_string(), "127.0.0.1:8080");
        assert_eq!(environment.invoke_addr().unwrap().to_string(), "127.0.0.1:9001");
        assert_eq!(environment.runtime_addr().unwrap().to_string(), "127.0.0.1:0");
        assert_eq!(environment.metrics_addr().unwrap().to_string(), "127.0.0.1:9002");
        assert_eq!(environment.data_dir(), Path::new("data"));
        assert_eq!(environment.invoke_key_file(), Path::new("data/invoke.key"));
        assert_eq!(environment.functions_dir(Path::new("/opt/bin")), Path::new("/opt/bin"));
    }

    #[test]
    fn an_empty_variable_counts_as_unset() {
        assert_eq!(environment(&[("DATA_DIR", "")]).data_dir(), Path::new("data"));
    }

    #[test]
    fn localhost_is_understood() {
        let environment = environment(&[("INVOKE_ADDR", "localhost:7000")]);
        assert_eq!(environment.invoke_addr().unwrap().to_string(), "127.0.0.1:7000");
    }

    #[test]
    fn a_wrong_address_names_its_variable() {
        let error = environment(&[("GATEWAY_ADDR", "8080")]).gateway_addr().unwrap_err();
        assert!(error.to_string().starts_with("GATEWAY_ADDR is `8080`; it must be an IP address and port"), "{error}");
    }

    #[test]
    fn clients_may_name_the_emulator_by_host_name() {
        assert_eq!(environment(&[("INVOKE_ADDR", "emulator:9001")]).invoke_target().unwrap(), "emulator:9001");
        assert!(environment(&[("INVOKE_ADDR", "emulator")]).invoke_target().is_err());
        assert!(environment(&[("INVOKE_ADDR", ":9001")]).invoke_target().is_err());
    }
}
