//! The function `backup`: writes the application's database into a new file of `BACKUP_DIR` and removes old ones.
//!
//! The event says nothing: every invocation makes a backup. A file has its name only when it was read back and found to
//! hold everything, so whatever lies in the folder can be restored with `leitwarte restore`.

mod keep;

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::PathBuf;

use anyhow::{Context as _, anyhow};
use chrono::{DateTime, Utc};
use leitwarte_runtime::{Config, FunctionError};
use leitwarte_store::{Store, backup_name};
use serde::Serialize;

pub use keep::{abandoned, outdated};

/// What the handler needs.
#[derive(Debug)]
pub struct Deps {
    /// What is backed up.
    pub store: Store,
    /// `BACKUP_DIR`: where backups lie.
    pub folder: PathBuf,
    /// `BACKUPS_KEPT`: how many of them are kept, this one included.
    pub kept: usize,
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The new file.
    pub file: String,
    /// Its size.
    pub bytes: u64,
    /// The rows in it, over all tables.
    pub rows: u64,
    /// Backups removed because there are newer ones enough.
    pub removed: Vec<String>,
}

impl Deps {
    /// Opens the database, only to read.
    ///
    /// # Errors
    /// A setting that cannot be used.
    pub async fn open(config: &Config) -> anyhow::Result<Self> {
        let store =
            leitwarte_store::Config { database_url: config.database_url.clone(), read_only: true, max_connections: 1 };
        let store = Store::open(&store).await.context("cannot open the database")?;
        Ok(Self { store, folder: config.backups.folder.clone(), kept: config.backups.kept })
    }
}

/// Makes one backup.
///
/// # Errors
/// There is no new backup; no old one is removed then.
pub async fn handle(deps: &Deps, now: DateTime<Utc>) -> Result<Report, FunctionError> {
    let refused = |error: anyhow::Error| FunctionError::new("BackupFailed", format!("{error:#}"));
    deps.store
        .ready()
        .await
        .map_err(|error| refused(anyhow!("there is nothing to back up yet: {}", error.advice())))?;
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&deps.folder)
        .with_context(|| format!("cannot use the folder {} (BACKUP_DIR)", deps.folder.display()))
        .map_err(refused)?;
    let name = backup_name(now);
    let file = deps.folder.join(&name);
    let contents = deps.store.back_up(&file).await.map_err(|error| refused(error.into()))?;
    let bytes = std::fs::metadata(&file).map(|file| file.len()).unwrap_or_default();
    let rows = contents.iter().map(|table| table.rows).sum();
    let removed = remove_outdated(deps, now);
    tracing::info!(file = name, bytes, rows, removed = removed.len(), "backup made and checked");
    Ok(Report { file: file.display().to_string(), bytes, rows, removed })
}

/// The backup is made: trouble with old ones is told and nothing more.
fn remove_outdated(deps: &Deps, now: DateTime<Utc>) -> Vec<String> {
    let names: Vec<String> = match std::fs::read_dir(&deps.folder) {
        Ok(entries) => entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect(),
        Err(error) => {
            tracing::warn!(%error, "old backups cannot be listed");
            Vec::new()
        }
    };
    let mut removed = abandoned(names.clone(), now);
    removed.extend(outdated(names, deps.kept));
    removed.retain(|name| match std::fs::remove_file(deps.folder.join(name)) {
        Ok(()) => true,
        Err(error) => {
            tracing::warn!(name, %error, "an old backup cannot be removed");
            false
        }
    });
    removed
}
