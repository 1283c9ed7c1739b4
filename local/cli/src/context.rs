//! What every command is handed: settings, the time, and how wide the terminal is.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use leitwarte_host::env::Environment;
use leitwarte_runtime::Config;
use leitwarte_store::{Address, Store, StoreError};

use crate::host_api::reachable;
use crate::terminal;

/// Settings from the environment, read once.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What the functions read, too.
    pub app: Config,
    /// Addresses and paths of the host programs.
    pub host: Environment,
    values: BTreeMap<String, String>,
}

/// The file in the demo's folder that holds the simulator's `host:port`; the demo's profiles name this address.
pub(crate) const SIMULATOR_ADDRESS_FILE: &str = "simulator.addr";

impl Settings {
    /// Reads the variables of an environment; an empty value counts as not set.
    ///
    /// # Errors
    /// The first variable that cannot be used, with what it has to be.
    pub fn new(values: impl IntoIterator<Item = (String, String)>) -> anyhow::Result<Self> {
        let values: BTreeMap<String, String> = values.into_iter().collect();
        let app = Config::from_lookup(|name| values.get(name).cloned())?;
        Ok(Self { app, host: values.clone().into_iter().collect(), values })
    }

    /// The same settings with some variables set to other values.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn with(&self, changes: &[(String, String)]) -> anyhow::Result<Self> {
        Self::new(self.values.clone().into_iter().chain(changes.iter().cloned()))
    }

    /// The variables that make these settings the demo's: its own profiles, data and database below `DATA_DIR/demo`,
    /// so that it never mixes with real data, and a poll at every tick of the timer, so that numbers move.
    #[must_use]
    pub fn demo_variables(&self) -> Vec<(String, String)> {
        let home = self.app.data_dir.join("demo");
        let simulator = std::fs::read_to_string(home.join(SIMULATOR_ADDRESS_FILE)).unwrap_or_default();
        let text = |path: PathBuf| path.display().to_string();
        [
            ("PROFILES_DIR", text(home.join("config-profiles"))),
            ("DATABASE_URL", format!("sqlite://{}", home.join("leitwarte.db").display())),
            ("BACKUP_DIR", text(home.join("backups"))),
            ("INVOKE_KEY_FILE", text(home.join("invoke.key"))),
            ("GRAPH_EXTRA_HOSTS", simulator.trim().to_owned()),
            ("POLL_INTERVAL_SECONDS", "60".to_owned()),
            ("DATA_DIR", text(home)),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }

    /// The settings that `status` and `doctor` look at, and whether they are the demo's: like `up`, the demo when it is
    /// asked for, or when nobody has configured anything and a demo has been started here.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn or_demo(&self, asked: bool) -> anyhow::Result<(Self, bool)> {
        let demo = self.with(&self.demo_variables())?;
        let is_demo = asked || (self.is_untouched() && has_tenant(&demo.app.profiles_dir));
        Ok(if is_demo { (demo, true) } else { (self.clone(), false) })
    }

    /// Whether nobody has begun to configure tenants: only then is the demo what a person wants who did not ask for
    /// it. A mistyped `PROFILES_DIR` or a profile with a mistyped name is a mistake to tell, not an empty start.
    #[must_use]
    pub(crate) fn is_untouched(&self) -> bool {
        !self.misses_profiles_dir() && json_files(&self.app.profiles_dir).is_ok_and(|files| files.is_empty())
    }

    /// Whether `PROFILES_DIR` names a folder that is not there.
    #[must_use]
    pub(crate) fn misses_profiles_dir(&self) -> bool {
        self.host.get("PROFILES_DIR").is_some_and(|dir| !dir.trim().is_empty()) && !self.app.profiles_dir.exists()
    }

    /// Opens the application's database; errors name it.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub(crate) async fn open_store(&self, read_only: bool) -> Result<Store, StoreError> {
        let database_url = self.app.database_url.clone();
        let config = leitwarte_store::Config { database_url, read_only, max_connections: 1 };
        Store::open(&config).await.map_err(|error| error.at(self.database_shown()))
    }

    /// Why the database's file cannot be read although it may be there; SQLite itself only says that it cannot be
    /// opened, as it does of a file that is not there.
    #[must_use]
    pub(crate) fn database_unreadable(&self) -> Option<std::io::Error> {
        let error = std::fs::File::open(self.database_shown()).err().filter(|_| self.database_is_file())?;
        (error.kind() != std::io::ErrorKind::NotFound).then_some(error)
    }

    /// Whether the database is a file, and the event queue another one beside it.
    #[must_use]
    pub(crate) fn database_is_file(&self) -> bool {
        self.app.database_url.starts_with("sqlite:")
    }

    /// Who works here, for the log of what people did.
    #[must_use]
    pub(crate) fn user(&self) -> &str {
        self.host.get("USER").filter(|user| !user.is_empty()).unwrap_or("command line")
    }

    /// Where the database is, without the password that an address may hold.
    #[must_use]
    pub fn database_shown(&self) -> String {
        let address = Address::parse(&self.app.database_url);
        address.map_or_else(|_| "DATABASE_URL".to_owned(), |address| address.to_string())
    }

    /// Where the gateway answers calls from this machine: `http://host:port`; nothing when it speaks TLS, because its
    /// certificate is then for another name.
    ///
    /// # Errors
    /// `GATEWAY_ADDR` is not an address.
    pub fn gateway_base(&self) -> anyhow::Result<Option<String>> {
        let address = reachable(&self.host.gateway_addr()?.to_string());
        Ok(self.host.get("TLS_CERT_FILE").is_none().then(|| format!("http://{address}")))
    }

    /// The folder that holds `config-profiles/` and `certs/`.
    ///
    /// # Errors
    /// When the working folder of this process is gone.
    pub fn base_dir(&self) -> anyhow::Result<PathBuf> {
        let profiles = std::path::absolute(&self.app.profiles_dir).context("cannot tell the working folder")?;
        Ok(profiles.parent().unwrap_or(Path::new("/")).to_owned())
    }
}

/// Whether a folder holds a file that is named like a tenant's profile, usable or not.
#[must_use]
pub(crate) fn has_tenant(profiles_dir: &Path) -> bool {
    json_files(profiles_dir).is_ok_and(|files| files.iter().any(|name| is_tenant_file(name)))
}

/// The JSON files of the profiles' folder that are not named as tenants' profiles, so that nothing reads them.
#[must_use]
pub(crate) fn unused_files(profiles_dir: &Path) -> Vec<String> {
    let files = json_files(profiles_dir).unwrap_or_default();
    files.into_iter().filter(|name| !is_tenant_file(name)).collect()
}

/// Names of the JSON files of a folder, sorted; none when there is no such folder.
///
/// # Errors
/// The folder cannot be read.
pub(crate) fn json_files(folder: &Path) -> std::io::Result<Vec<String>> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut names: Vec<String> = entries
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name.to_ascii_lowercase().ends_with(".json"))
        .collect();
    names.sort();
    Ok(names)
}

fn is_tenant_file(name: &str) -> bool {
    name.starts_with("config-") && name.ends_with("-profile.json")
}

/// What a command needs from outside.
#[derive(Debug, Clone)]
pub struct Context {
    /// Settings from the environment.
    pub settings: Settings,
    /// The time at the start of the command.
    pub now: DateTime<Utc>,
    /// Columns to write in.
    pub width: usize,
}

impl Context {
    /// From this process's environment, clock and terminal.
    ///
    /// # Errors
    /// A variable that cannot be used.
    pub fn from_env() -> anyhow::Result<Self> {
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        let settings = Settings::new(std::env::vars_os().filter_map(text))?;
        Ok(Self { settings, now: leitwarte_runtime::clock::now(), width: terminal::width() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(profiles_dir: &Path) -> Settings {
        Settings::new([("PROFILES_DIR".to_owned(), profiles_dir.display().to_string())]).unwrap()
    }

    #[test]
    fn a_misnamed_profile_or_a_mistyped_folder_is_no_untouched_installation() {
        let folder = tempfile::tempdir().unwrap();
        assert!(settings(folder.path()).is_untouched());
        assert!(!settings(&folder.path().join("profles")).is_untouched());
        std::fs::write(folder.path().join("contoso.json"), "{}").unwrap();
        assert!(!settings(folder.path()).is_untouched());
        assert!(!has_tenant(folder.path()));
        std::fs::write(folder.path().join("config-contoso-profile.json"), "{}").unwrap();
        assert!(has_tenant(folder.path()));
        assert_eq!(unused_files(folder.path()), ["contoso.json"]);
    }
}
