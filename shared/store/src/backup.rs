//! Backups of the application's tables.

use std::path::Path;

use chrono::{DateTime, Utc};
use leitwarte_database::{BackupError, Content, CopyError, Existing};

use crate::store::{Store, TABLES};

/// The form of a backup's file name, as chrono formats times. Names sort by time.
pub const BACKUP_NAME: &str = "leitwarte-%Y%m%dT%H%M%SZ.db";

/// The name of a backup made at `now`.
#[must_use]
pub fn backup_name(now: DateTime<Utc>) -> String {
    now.format(BACKUP_NAME).to_string()
}

impl Store {
    /// Writes everything into the new SQLite file `file` while others go on working, and checks what arrived.
    ///
    /// # Errors
    /// There is then no new file.
    pub async fn back_up(&self, file: &Path) -> Result<Vec<Content>, BackupError> {
        self.database().back_up(&TABLES, file).await
    }

    /// Brings everything from a backup into this database, in one transaction. Readers notice: the revision afterwards is
    /// one that neither had. In the folder `scratch` there is a copy of the backup meanwhile.
    ///
    /// # Errors
    /// The database is then as it was before.
    pub async fn restore(&self, file: &Path, scratch: &Path, existing: Existing) -> Result<Vec<Content>, BackupError> {
        let before = self.revision().await.map_or(0, |revision| revision.number);
        let contents = self.database().restore(&TABLES, file, scratch, existing).await?;
        let write = |error| BackupError::Copy(CopyError::Write(self.database().address().to_string(), error));
        let mut change = self.database().begin_write().await.map_err(write)?;
        sqlx::query("UPDATE meta SET value = 1 + CASE WHEN value < $1 THEN $1 ELSE value END WHERE name = 'revision'")
            .bind(before)
            .execute(&mut *change)
            .await
            .map_err(write)?;
        change.commit().await.map_err(write)?;
        Ok(contents)
    }
}
