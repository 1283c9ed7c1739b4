//! The function `cert-expiry`: looks at every certificate that a profile names, keeps what it finds, and tells people 60, 30
//! and 7 days before the end and when it is over, each once for a certificate.
//!
//! It asks nobody outside: whatever it needs to know stands in the files. A certificate that was renewed is another one, so
//! all is quiet after that.

mod look;

use std::time::Duration;

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use leitwarte_runtime::{Config, FunctionError, ProfilesFolder};
use leitwarte_store::Store;
use serde::Serialize;
use tokio::time::Instant;

/// A disk that does not answer by then is not waited for.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the handler needs.
#[derive(Debug)]
pub struct Deps {
    /// Where what is found is kept.
    pub store: Store,
    /// `PROFILES_DIR`.
    pub profiles: ProfilesFolder,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Certificates that work.
    pub good: usize,
    /// Those that do not, with what to do.
    pub bad: Vec<String>,
    /// Messages that are new.
    pub told: usize,
}

impl Deps {
    /// Opens the database.
    ///
    /// # Errors
    /// A setting that cannot be used, or a database that cannot be opened.
    pub async fn open(config: &Config) -> anyhow::Result<Self> {
        let store =
            leitwarte_store::Config { database_url: config.database_url.clone(), read_only: false, max_connections: 1 };
        let store = Store::open(&store).await.context("cannot open the database")?;
        Ok(Self { store, profiles: ProfilesFolder::new(config.profiles_dir.clone()) })
    }
}

/// Looks at every certificate.
///
/// # Errors
/// The folder of the profiles cannot be read, or the database fails. What is wrong with one profile is in the [`Report`]
/// and keeps no other from being looked at.
pub async fn handle(deps: &Deps, now: DateTime<Utc>) -> Result<Report, FunctionError> {
    let latest = Instant::now() + PATIENCE;
    let looks = deps.profiles.read(latest, move |dir| look::at_all(dir, now)).await?;
    let told = deps.store.record_certificates(&looks, now).await?;
    let bad: Vec<String> = looks
        .iter()
        .filter_map(|look| look.problem.as_ref().map(|(problem, fix)| format!("{}: {problem} {fix}", look.owner)))
        .collect();
    let report = Report { good: looks.len() - bad.len(), bad, told };
    tracing::info!(good = report.good, bad = report.bad.len(), told, "looked at the certificates");
    Ok(report)
}
