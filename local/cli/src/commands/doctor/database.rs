//! Checks of the database: there, readable, of this version, undamaged, writable.

use leitwarte_store::{StoreError, StoreErrorKind, TenantInfo};

use super::finding::{Area, Finding};
use crate::queue_file::{self, QueueFile};
use crate::{Settings, words};

const AREA: Area = Area::Database;
const SUBJECT: &str = "database";

/// The finding, and the tenants the database knows.
pub(super) async fn check(settings: &Settings) -> (Finding, Vec<TenantInfo>) {
    let shown = settings.database_shown();
    if let Some(error) = settings.database_unreadable() {
        let fix =
            "Run this as the account that runs Leitwarte, or give file and folder to this account (chown, chmod).";
        return (AREA.bad(SUBJECT, format!("{shown} cannot be read: {error}."), fix), Vec::new());
    }
    if settings.database_is_file() && !std::path::Path::new(&shown).exists() {
        return (AREA.note(SUBJECT, format!("{shown} does not exist yet; the first poll makes it.")), Vec::new());
    }
    let finding = match look(settings).await {
        Ok(tenants) => {
            let number = words::count(tenants.len(), "tenant");
            let good = format!("{shown} is undamaged, up to date and can be written to; it holds {number}.");
            return (AREA.good(SUBJECT, good), tenants);
        }
        Err(error) if error.kind() == StoreErrorKind::NotReady => AREA.warning(
            SUBJECT,
            format!("{shown} is from an older version or empty."),
            "It is brought up to date at the next start; or do it now: leitwarte migrate",
        ),
        Err(error) => bad(&shown, &error),
    };
    (finding, Vec::new())
}

/// Reads first: only a database of this version is then opened for writing, so that looking never upgrades it.
/// Opening for writing looks for damage.
async fn look(settings: &Settings) -> Result<Vec<TenantInfo>, StoreError> {
    let reader = settings.open_store(true).await?;
    let read = match reader.ready().await {
        Ok(()) => reader.tenants().await,
        Err(error) => Err(error),
    };
    reader.close().await;
    let tenants = read?;
    settings.open_store(false).await?.close().await;
    Ok(tenants)
}

fn bad(shown: &str, error: &StoreError) -> Finding {
    let cause = std::error::Error::source(error).map(|cause| format!(" ({cause})")).unwrap_or_default();
    let operation = error.operation();
    let advice = words::capitalised(&error.advice());
    AREA.bad(SUBJECT, format!("{shown}: {operation} failed{cause}."), format!("{advice}."))
}

/// The emulator's queue, once there is one. With a server, it is in the same database as everything else.
pub(super) async fn queue(settings: &Settings) -> Option<Finding> {
    const SUBJECT: &str = "queue";
    if !settings.database_is_file() {
        return None;
    }
    let data_dir = &settings.app.data_dir;
    let shown = queue_file::path(data_dir).display().to_string();
    match queue_file::look(data_dir).await {
        QueueFile::Missing => None,
        QueueFile::Good => Some(AREA.good(SUBJECT, format!("{shown} is undamaged."))),
        QueueFile::Bad(problem) => {
            let message = format!("{shown} cannot be used: {problem}.");
            Some(AREA.bad(SUBJECT, message, format!("{}.", queue_file::ADVICE)))
        }
    }
}
