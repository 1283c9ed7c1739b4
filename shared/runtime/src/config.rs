//! Settings from the environment. Every one has a default; see "Settings" in the README.

use std::fmt;
use std::path::PathBuf;

use chrono::TimeDelta;
use leitwarte_core::poll::PollPolicy;
use leitwarte_core::retention::{LEAST_HISTORY_DAYS, Retention};
use leitwarte_database::{Address, AddressError};

use crate::invoke::InvokeAddress;

/// Where things are and how often tenants are polled. `Debug` shows no password.
#[derive(Clone, PartialEq, Eq)]
pub struct Config {
    /// `PROFILES_DIR`: tenant profiles.
    pub profiles_dir: PathBuf,
    /// `DATA_DIR`: databases and generated secrets.
    pub data_dir: PathBuf,
    /// `DATABASE_URL`: the application's database; a server's with the password from `DATABASE_PASSWORD_FILE` if it has
    /// none of its own. Not to be shown.
    pub database_url: String,
    /// `PUBLIC_URL`: the address people use, for links, without a trailing slash.
    pub public_url: String,
    /// `GRAPH_EXTRA_HOSTS`: `host:port` list allowed beside Microsoft's clouds, as written.
    pub graph_extra_hosts: String,
    /// `POLL_INTERVAL_SECONDS`: how often each tenant is polled.
    pub polls: PollPolicy,
    /// `KEEP_…_DAYS`: how long what is kept.
    pub retention: Retention,
    /// Where backups lie, and how many.
    pub backups: Backups,
    /// `INVOKE_ADDR` and `INVOKE_KEY_FILE`: where other functions are started.
    pub invoke: InvokeAddress,
    /// `WORKERS`: how many events this process works on at the same time.
    pub workers: usize,
}

/// The backups that the function `backup` makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backups {
    /// `BACKUP_DIR`: their folder.
    pub folder: PathBuf,
    /// `BACKUPS_KEPT`: how many are kept, the newest ones.
    pub kept: usize,
}

/// A setting that cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ConfigError {
    /// A value that is not what it has to be.
    #[error("{name}={value} cannot be used: {problem}")]
    Value {
        /// The variable.
        name: &'static str,
        /// What it says.
        value: String,
        /// What it has to be.
        problem: &'static str,
    },
    /// The database's address or its password file.
    #[error(transparent)]
    Database(#[from] AddressError),
}

impl Config {
    /// Reads the process's environment.
    ///
    /// # Errors
    /// The first variable that cannot be used, with what it has to be.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::from_lookup(|name| std::env::var(name).ok())
    }

    /// Reads settings from any source; an empty value counts as not set.
    ///
    /// # Errors
    /// As [`Self::from_env`].
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let text = |name, default: &str| {
            lookup(name).filter(|value| !value.trim().is_empty()).unwrap_or_else(|| default.to_owned())
        };
        let data_dir = PathBuf::from(text("DATA_DIR", "data"));
        let default_database = format!("sqlite://{}", data_dir.join("leitwarte.db").display());
        let database_url = with_password(text("DATABASE_URL", &default_database), &lookup)?;
        let interval = number(&lookup, "POLL_INTERVAL_SECONDS", 300, 10..=86_400, "give seconds, 10 to 86400")?;
        let workers = number(&lookup, "WORKERS", 1, 1..=256, "give a number of workers, 1 to 256")?;
        let default_backups = data_dir.join("backups").display().to_string();
        let kept = number(&lookup, "BACKUPS_KEPT", 14, 1..=1000, "give a number of backups, 1 to 1000")?;
        Ok(Self {
            retention: retention(&lookup)?,
            backups: Backups {
                folder: PathBuf::from(text("BACKUP_DIR", &default_backups)),
                kept: usize::try_from(kept).unwrap_or(1),
            },
            profiles_dir: PathBuf::from(text("PROFILES_DIR", "config-profiles")),
            database_url,
            public_url: text("PUBLIC_URL", "http://localhost:8080").trim_end_matches('/').to_owned(),
            graph_extra_hosts: text("GRAPH_EXTRA_HOSTS", ""),
            polls: PollPolicy { interval: TimeDelta::seconds(interval) },
            workers: usize::try_from(workers).unwrap_or(1),
            invoke: InvokeAddress::from_lookup(&lookup, &data_dir),
            data_dir,
        })
    }
}

/// A server's address with its password. Any other is left as it is: whoever opens it says what is wrong with it.
fn with_password(url: String, lookup: impl Fn(&str) -> Option<String>) -> Result<String, ConfigError> {
    if !url.starts_with("postgres") {
        return Ok(url);
    }
    let address = Address::from_lookup(lookup, "leitwarte.db".as_ref())?;
    address.reveal().map_err(|error| AddressError::Invalid(format!("cannot be used ({error})")).into())
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("profiles_dir", &self.profiles_dir)
            .field("data_dir", &self.data_dir)
            .field("database", &Address::parse(&self.database_url))
            .field("public_url", &self.public_url)
            .field("graph_extra_hosts", &self.graph_extra_hosts)
            .field("polls", &self.polls)
            .field("retention", &self.retention)
            .field("backups", &self.backups)
            .field("workers", &self.workers)
            .field("invoke", &self.invoke)
            .finish()
    }
}

fn retention(lookup: impl Fn(&str) -> Option<String>) -> Result<Retention, ConfigError> {
    let default = Retention::default();
    let days = |name, default| number(&lookup, name, default, 1..=36_500, "give days, 1 to 36500");
    let history = "give days, 60 to 36500; the forecast looks back at eight weeks";
    Ok(Retention {
        polls: days("KEEP_POLLS_DAYS", default.polls)?,
        history: number(&lookup, "KEEP_HISTORY_DAYS", default.history, LEAST_HISTORY_DAYS..=36_500, history)?,
        incidents: days("KEEP_INCIDENTS_DAYS", default.incidents)?,
        messages: days("KEEP_MESSAGES_DAYS", default.messages)?,
        audit: days("KEEP_AUDIT_DAYS", default.audit)?,
    })
}

fn number(
    lookup: impl Fn(&str) -> Option<String>,
    name: &'static str,
    default: i64,
    range: std::ops::RangeInclusive<i64>,
    problem: &'static str,
) -> Result<i64, ConfigError> {
    let Some(value) = lookup(name).filter(|value| !value.trim().is_empty()) else { return Ok(default) };
    value.trim().parse().ok().filter(|number| range.contains(number)).ok_or(ConfigError::Value { name, value, problem })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_set_gives_the_documented_defaults() {
        let config = Config::from_lookup(|_| None).unwrap();
        assert_eq!(config.profiles_dir, PathBuf::from("config-profiles"));
        assert_eq!(config.database_url, "sqlite://data/leitwarte.db");
        assert_eq!(config.polls.interval, TimeDelta::minutes(5));
        assert_eq!(config.workers, 1);
        assert_eq!(config.retention, Retention::default());
    }

    #[test]
    fn the_database_follows_the_data_folder() {
        let config = Config::from_lookup(|name| (name == "DATA_DIR").then(|| "/srv/leitwarte".to_owned())).unwrap();
        assert_eq!(config.database_url, "sqlite:///srv/leitwarte/leitwarte.db");
    }

    #[test]
    fn a_servers_password_comes_from_its_file_and_is_not_shown() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("password");
        std::fs::write(&file, "hush\n").unwrap();
        let config = |url: &str, path: &str| {
            Config::from_lookup(|name| match name {
                "DATABASE_URL" => Some(url.to_owned()),
                "DATABASE_PASSWORD_FILE" => Some(path.to_owned()),
                _ => None,
            })
        };
        let read = config("postgres://lw@db/leitwarte", file.to_str().unwrap());
        let missing = config("postgres://lw@db/leitwarte", "no-such-file").unwrap_err().to_string();
        let read = read.unwrap();
        assert_eq!(read.database_url, "postgres://lw:hush@db/leitwarte");
        assert!(!format!("{read:?}").contains("hush"));
        assert!(missing.contains("no-such-file") && missing.contains("DATABASE_PASSWORD_FILE"), "{missing}");
    }

    #[test]
    fn an_empty_variable_counts_as_not_set() {
        let config = Config::from_lookup(|_| Some(" ".to_owned())).unwrap();
        assert_eq!(config, Config::from_lookup(|_| None).unwrap());
    }

    #[test]
    fn each_kind_is_kept_for_as_long_as_it_is_set() {
        let set =
            |name: &str, days: &'static str| Config::from_lookup(|asked| (asked == name).then(|| days.to_owned()));
        assert_eq!(set("KEEP_AUDIT_DAYS", "7").unwrap().retention, Retention { audit: 7, ..Retention::default() });
        let words = set("KEEP_HISTORY_DAYS", "30").unwrap_err().to_string();
        assert!(words.contains("KEEP_HISTORY_DAYS") && words.contains("eight weeks"), "{words}");
        assert!(set("KEEP_POLLS_DAYS", "0").is_err());
    }

    #[test]
    fn a_bad_number_is_refused_by_name_with_what_it_has_to_be() {
        for value in ["soon", "0", "9", "86401", "-5", "5.5"] {
            let error = Config::from_lookup(|name| (name == "POLL_INTERVAL_SECONDS").then(|| value.to_owned()));
            let words = error.unwrap_err().to_string();
            assert!(words.contains("POLL_INTERVAL_SECONDS") && words.contains("10 to 86400"), "{words}");
        }
    }
}
