//! What is particular to a SQLite file.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use leitwarte_core::profile::FoundProfile;
use tempfile::TempDir;

use sqlx::Executor as _;

use super::*;

fn config(file: &Path) -> Config {
    Config { database_url: Address::file(file.to_owned()).reveal().unwrap(), read_only: false, max_connections: 2 }
}

async fn fresh() -> (TempDir, PathBuf, Store) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("data/leitwarte.db");
    let store = Store::open(&config(&file)).await.unwrap();
    (folder, file, store)
}

async fn setting(store: &Store, query: &'static str) -> String {
    let mut connection = store.reading("reading a setting").await.unwrap();
    let row = sqlx::query(query).fetch_one(&mut *connection).await.unwrap();
    let number = sqlx::Row::try_get::<i64, _>(&row, 0).map(|number| number.to_string());
    number.unwrap_or_else(|_| sqlx::Row::get(&row, 0))
}

fn profiles(count: usize) -> Vec<FoundProfile> {
    (0..count).map(|number| FoundProfile::read(&format!("tenant-{number}"), "{")).collect()
}

fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH
}

#[tokio::test]
async fn a_power_cut_loses_no_acknowledged_write() {
    let (_folder, _, store) = fresh().await;
    // Two connections, so that not only the first has the settings.
    let _busy = store.reading("keeping a connection").await.unwrap();
    assert_eq!(setting(&store, "PRAGMA journal_mode").await, "wal");
    assert_eq!(setting(&store, "PRAGMA synchronous").await, "2", "2 is FULL");
    assert_eq!(setting(&store, "PRAGMA foreign_keys").await, "1");
    assert_eq!(setting(&store, "PRAGMA busy_timeout").await, "5000");
    assert_eq!(setting(&store, "PRAGMA temp_store").await, "2", "2 is MEMORY: the root may be read-only");
    assert_eq!(setting(&store, "PRAGMA query_only").await, "0");
}

#[tokio::test]
async fn a_readers_connection_is_query_only() {
    let (_folder, file, _writer) = fresh().await;
    let reader = Store::open(&Config { read_only: true, ..config(&file) }).await.unwrap();
    assert_eq!(setting(&reader, "PRAGMA query_only").await, "1");
}

#[tokio::test]
async fn a5_only_the_owner_can_read_the_files() {
    let (_folder, file, store) = fresh().await;
    store.finish_tick(now()).await.unwrap();
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(file.parent().unwrap()), 0o700);
    for suffix in ["", "-wal", "-shm"] {
        assert_eq!(mode(Path::new(&format!("{}{suffix}", file.display()))), 0o600, "{suffix}");
    }
}

#[tokio::test]
async fn a_damaged_file_is_refused_with_words_on_how_to_restore() {
    let (_folder, file, store) = fresh().await;
    store.close().await;
    let mut bytes = std::fs::read(&file).unwrap();
    let length = bytes.len();
    bytes[4096..length].fill(0x5a);
    std::fs::write(&file, bytes).unwrap();
    let error = Store::open(&config(&file)).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Corrupt, "{error}");
    assert!(error.to_string().contains("backup"), "{error}");
}

#[tokio::test]
async fn damage_in_a_single_page_is_found_before_anything_reads_it() {
    let (_folder, file, store) = fresh().await;
    store.register_profiles(profiles(500), now()).await.unwrap();
    store.close().await;
    let mut bytes = std::fs::read(&file).unwrap();
    let last_page = bytes.len() - 4096;
    bytes[last_page..].fill(0x5a);
    std::fs::write(&file, bytes).unwrap();
    assert_eq!(Store::open(&config(&file)).await.unwrap_err().kind(), StoreErrorKind::Corrupt);
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("leitwarte.db");
    std::fs::write(&file, "a text that somebody saved under this name".repeat(99)).unwrap();
    let error = Store::open(&config(&file)).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Corrupt, "{error}");
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused_by_writers_and_readers() {
    let (_folder, file, store) = fresh().await;
    let mut writing = store.writing("playing a newer version").await.unwrap();
    writing
        .connection()
        .execute(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
             VALUES (999, 'of the future', TRUE, x'00', 0)",
        )
        .await
        .unwrap();
    writing.commit().await.unwrap();
    let error = Store::open(&config(&file)).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::NewerVersion, "{error}");
    let reader = Store::open(&Config { read_only: true, ..config(&file) }).await.unwrap();
    assert_eq!(reader.ready().await.unwrap_err().kind(), StoreErrorKind::NewerVersion);
}

#[tokio::test]
async fn a_reader_waits_for_the_first_writer() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("data/leitwarte.db");
    let reader = Store::open(&Config { read_only: true, ..config(&file) }).await.unwrap();
    let not_ready = async |reader: &Store| reader.snapshots().await.unwrap_err().kind();
    assert_eq!(not_ready(&reader).await, StoreErrorKind::NotReady, "there is no file");
    std::fs::create_dir(file.parent().unwrap()).unwrap();
    std::fs::write(&file, "").unwrap();
    assert_eq!(not_ready(&reader).await, StoreErrorKind::NotReady, "there are no tables");
    let _writer = Store::open(&config(&file)).await.unwrap();
    reader.ready().await.unwrap();
    assert_eq!(reader.snapshots().await.unwrap(), []);
}

#[tokio::test]
async fn programs_that_start_at_once_make_the_tables_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("leitwarte.db");
    let mut starts = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let config = config(&file);
        starts.spawn(async move { Store::open(&config).await.map(|_| ()) });
    }
    for started in starts.join_all().await {
        started.unwrap();
    }
}

#[tokio::test]
async fn a_full_disk_is_named_and_leaves_what_was_there() {
    let (_folder, file, _) = fresh().await;
    let store = Store::open(&Config { max_connections: 1, ..config(&file) }).await.unwrap();
    store.register_profiles(profiles(1), now()).await.unwrap();
    let pages: i64 = setting(&store, "PRAGMA page_count").await.parse().unwrap();
    let limit = sqlx::AssertSqlSafe(format!("PRAGMA max_page_count = {}", pages + 2));
    sqlx::query(limit).execute(&mut *store.reading("limiting").await.unwrap()).await.unwrap();
    let error = store.register_profiles(profiles(1000), now()).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Full, "{error}");
    assert_eq!(store.snapshots().await.unwrap().len(), 1);
    store.finish_tick(now()).await.unwrap();
}

#[tokio::test]
async fn a_write_that_has_to_wait_too_long_is_busy_and_reading_goes_on() {
    let (_folder, file, store) = fresh().await;
    let other = Store::open(&config(&file)).await.unwrap();
    let _under_way = other.writing("holding the lock").await.unwrap();
    for _ in 0..2 {
        let mut connection = store.reading("waiting less").await.unwrap();
        connection.execute("PRAGMA busy_timeout = 1").await.unwrap();
    }
    let error = store.finish_tick(now()).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Busy, "{error}");
    assert_eq!(store.snapshots().await.unwrap(), []);
}

#[tokio::test]
async fn other_databases_are_refused_without_repeating_the_password() {
    for url in ["mysql://leitwarte:secret@db/leitwarte", "sqlite::memory:", "leitwarte.db", ""] {
        let config = Config { database_url: url.to_owned(), read_only: false, max_connections: 1 };
        let error = Store::open(&config).await.unwrap_err();
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert!(cause.contains("sqlite://FILE") && !cause.contains("secret"), "{cause}");
        assert!(!format!("{config:?}").contains("secret"));
    }
}
