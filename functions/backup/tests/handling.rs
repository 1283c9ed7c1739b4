//! The function on a real SQLite database.

use std::path::Path;

use backup::{Deps, handle};
use chrono::{DateTime, TimeDelta, Utc};
use leitwarte_store::{Config, Existing, Store};

fn now() -> DateTime<Utc> {
    "2026-11-24T02:30:00Z".parse().unwrap()
}

async fn store(file: &Path, read_only: bool) -> Store {
    let database_url = format!("sqlite://{}", file.display());
    Store::open(&Config { database_url, read_only, max_connections: 1 }).await.unwrap()
}

async fn deps(folder: &Path) -> Deps {
    store(&folder.join("leitwarte.db"), false).await.close().await;
    Deps { store: store(&folder.join("leitwarte.db"), true).await, folder: folder.join("backups"), kept: 2 }
}

#[tokio::test]
async fn a_backup_can_be_restored_and_the_newest_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let deps = deps(folder.path()).await;
    let first = handle(&deps, now()).await.unwrap();
    handle(&deps, now() + TimeDelta::days(1)).await.unwrap();
    let third = handle(&deps, now() + TimeDelta::days(2)).await.unwrap();
    assert_eq!(third.removed, ["leitwarte-20261124T023000Z.db"]);
    assert!(!Path::new(&first.file).exists());
    assert_eq!(std::fs::read_dir(&deps.folder).unwrap().count(), 2);

    let restored = store(&folder.path().join("restored.db"), false).await;
    let contents = restored.restore(Path::new(&third.file), folder.path(), Existing::Refuse).await.unwrap();
    assert_eq!(contents.iter().map(|table| table.rows).sum::<u64>(), third.rows);
}

#[tokio::test]
async fn a_folder_that_cannot_be_used_is_named_and_nothing_is_removed() {
    let folder = tempfile::tempdir().unwrap();
    let deps = deps(folder.path()).await;
    std::fs::write(&deps.folder, "a file").unwrap();
    let error = handle(&deps, now()).await.unwrap_err().to_string();
    assert!(error.contains("BACKUP_DIR"), "{error}");
}

#[tokio::test]
async fn two_backups_in_one_second_do_not_overwrite_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let deps = deps(folder.path()).await;
    handle(&deps, now()).await.unwrap();
    let error = handle(&deps, now()).await.unwrap_err().to_string();
    assert!(error.contains("exists already"), "{error}");
    assert_eq!(std::fs::read_dir(&deps.folder).unwrap().count(), 1);
}
