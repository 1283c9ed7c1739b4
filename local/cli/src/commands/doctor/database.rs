//! Checks of the database: there, readable, of this version, undamaged, writable.

use leitwarte_store::{Config, Store, StoreError, StoreErrorKind, TenantInfo};

use super::finding::{Area, Finding};
use crate::{Settings, words};

const AREA: Area = Area::Database;
const SUBJECT: &str = "database";

/// The finding, and the tenants the database knows.
pub(super) async fn check(settings: &Settings) -> (Finding, Vec<TenantInfo>) {
    let shown = settings.database_shown();
    let is_file = settings.app.database_url.starts_with("sqlite:");
    if is_file && !std::path::Path::new(&shown).exists() {
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
    let config = |read_only| Config { database_url: settings.app.database_url.clone(), read_only, max_connections: 1 };
    let reader = Store::open(&config(true)).await?;
    let read = match reader.ready().await {
        Ok(()) => reader.tenants().await,
        Err(error) => Err(error),
    };
    reader.close().await;
    let tenants = read?;
    Store::open(&config(false)).await?.close().await;
    Ok(tenants)
}

fn bad(shown: &str, error: &StoreError) -> Finding {
    let cause = std::error::Error::source(error).map(|cause| format!(" ({cause})")).unwrap_or_default();
    // The error's own text already says what to do, after what was being done.
    let text = error.to_string();
    let (operation, advice) = text.split_once(": ").unwrap_or((text.as_str(), "look into the log"));
    AREA.bad(SUBJECT, format!("{shown}: {operation} failed{cause}."), format!("{}.", words::capitalised(advice)))
}
