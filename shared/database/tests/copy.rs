//! Copies and backups, on SQLite and on a real PostgreSQL.

use std::path::Path;

use leitwarte_database::{Address, BackupError, CopyError, Database, Existing, Options, Step, Tables, testing};
use sqlx::{AssertSqlSafe, Executor as _};

const FIRST: Step = Step {
    version: 1,
    name: "people and their things",
    sql: "CREATE TABLE people (id TEXT NOT NULL PRIMARY KEY, name TEXT, born BIGINT); \
          CREATE TABLE belongings (owner TEXT NOT NULL REFERENCES people (id), thing TEXT NOT NULL, worn INTEGER, \
          PRIMARY KEY (owner, thing)); \
          CREATE TABLE counters (name TEXT NOT NULL PRIMARY KEY, value BIGINT NOT NULL); \
          INSERT INTO counters (name, value) VALUES ('revision', 0)",
};
const SECOND: Step = Step { version: 2, name: "notes", sql: "CREATE TABLE notes (text TEXT NOT NULL PRIMARY KEY)" };

const OLD: Tables = Tables { schema: "copied", steps: &[FIRST], seeded: &["counters"] };
const TABLES: Tables = Tables { schema: "copied", steps: &[FIRST, SECOND], seeded: &["counters"] };

async fn open(address: Address, tables: &Tables) -> Database {
    let options = Options { schema: tables.schema, read_only: false, max_connections: 2 };
    let database = Database::new(address, options).unwrap();
    database.prepare(tables.steps).await.unwrap();
    database
}

async fn file(folder: &Path, name: &str) -> Database {
    open(Address::file(folder.join(name)), &TABLES).await
}

async fn postgres() -> Database {
    open(Address::parse(testing::postgres().await.as_str()).unwrap(), &TABLES).await
}

async fn execute(database: &Database, sql: &'static str) {
    sqlx::raw_sql(sql).execute(database.pool()).await.unwrap();
}

async fn filled(folder: &Path, name: &str) -> Database {
    let database = file(folder, name).await;
    let mut change = database.begin_write().await.unwrap();
    for number in 0..25_000_i64 {
        sqlx::query("INSERT INTO people (id, name, born) VALUES ($1, $2, $3)")
            .bind(format!("{number:05}"))
            .bind((number % 3 > 0).then(|| format!("Zoë '{number}'\n\u{202e}\u{1F600}")))
            .bind((number % 5 > 0).then_some(i64::MIN + number))
            .execute(&mut *change)
            .await
            .unwrap();
    }
    sqlx::raw_sql(
        "INSERT INTO belongings (owner, thing, worn) VALUES ('00001', 'hat', 1), ('00001', '', 0), ('00002', 'hat', -7); \
         UPDATE counters SET value = 41 WHERE name = 'revision'",
    )
    .execute(&mut *change)
    .await
    .unwrap();
    change.commit().await.unwrap();
    database
}

#[tokio::test]
async fn everything_arrives_on_postgresql_and_back() {
    let folder = tempfile::tempdir().unwrap();
    let (source, server, back) =
        (filled(folder.path(), "source.db").await, postgres().await, file(folder.path(), "back.db").await);
    let sent = source.copy_to(&server, &TABLES, Existing::Refuse).await.unwrap();
    server.copy_to(&back, &TABLES, Existing::Refuse).await.unwrap();
    let mut found = back.contents(&TABLES).await.unwrap();
    let mut sent_rows: Vec<_> = sent.iter().map(|table| (table.table.as_str(), table.rows)).collect();
    sent_rows.sort_unstable();
    assert_eq!(sent_rows, [("belongings", 3), ("counters", 1), ("notes", 0), ("people", 25_000)]);
    for content in sent {
        found.retain(|other| *other != content);
    }
    assert_eq!(found, []);
}

#[tokio::test]
async fn a_target_that_holds_something_is_left_alone_unless_it_is_to_be_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let source = file(folder.path(), "source.db").await;
    execute(&source, "INSERT INTO people (id) VALUES ('new')").await;
    for target in [file(folder.path(), "target.db").await, postgres().await] {
        execute(&target, "INSERT INTO people (id) VALUES ('old'); INSERT INTO belongings VALUES ('old', 'hat', 1)")
            .await;
        let before = target.contents(&TABLES).await.unwrap();
        let error = source.copy_to(&target, &TABLES, Existing::Refuse).await.unwrap_err();
        assert!(matches!(&error, CopyError::NotEmpty { rows: 1, .. }), "{error}");
        assert_eq!(target.contents(&TABLES).await.unwrap(), before);
        source.copy_to(&target, &TABLES, Existing::Replace).await.unwrap();
        assert_eq!(target.contents(&TABLES).await.unwrap(), source.contents(&TABLES).await.unwrap());
    }
}

#[tokio::test]
async fn what_changes_on_the_way_is_noticed_and_undone() {
    let folder = tempfile::tempdir().unwrap();
    let source = file(folder.path(), "source.db").await;
    execute(&source, "INSERT INTO people (id, born) VALUES ('one', 1), ('two', 2)").await;
    let target = file(folder.path(), "target.db").await;
    execute(
        &target,
        "CREATE TRIGGER bend AFTER INSERT ON people BEGIN UPDATE people SET born = 3 WHERE id = 'two'; END",
    )
    .await;
    let error = source.copy_to(&target, &TABLES, Existing::Refuse).await.unwrap_err();
    assert!(error.to_string().contains("what arrived in table people is not what was sent"), "{error}");
    execute(
        &target,
        "DROP TRIGGER bend; CREATE TRIGGER stop BEFORE INSERT ON belongings BEGIN SELECT RAISE(ABORT, 'no'); END",
    )
    .await;
    execute(&source, "INSERT INTO belongings VALUES ('one', 'hat', 1)").await;
    let error = source.copy_to(&target, &TABLES, Existing::Refuse).await.unwrap_err();
    assert!(matches!(&error, CopyError::Write(..)), "{error}");
    let rows: u64 = target.contents(&TABLES).await.unwrap().iter().map(|table| table.rows).sum();
    assert_eq!(rows, 1, "only the counter that every new database has");
}

#[tokio::test]
async fn a_copy_shows_one_moment_while_others_write() {
    let folder = tempfile::tempdir().unwrap();
    for source in [file(folder.path(), "source.db").await, postgres().await] {
        let writer = async {
            for number in 0..40 {
                let mut change = source.begin_write().await.unwrap();
                for table in ["people (id)", "notes (text)"] {
                    let sql = format!("INSERT INTO {table} VALUES ('{number}')");
                    change.execute(AssertSqlSafe(sql)).await.unwrap();
                }
                change.commit().await.unwrap();
            }
        };
        let reader = async {
            for number in 0..5 {
                let target = file(folder.path(), &format!("{}{number}.db", source.address().is_postgres())).await;
                let sent = source.copy_to(&target, &TABLES, Existing::Refuse).await.unwrap();
                let rows = |name: &str| sent.iter().find(|table| table.table == name).unwrap().rows;
                assert_eq!(rows("people"), rows("notes"));
            }
        };
        tokio::join!(writer, reader);
    }
}

#[tokio::test]
async fn a_backup_stands_for_itself_and_is_brought_back() {
    let folder = tempfile::tempdir().unwrap();
    let backup = folder.path().join("backup.db");
    let source = postgres().await;
    execute(&source, "INSERT INTO people (id, name) VALUES ('one', 'Ümit')").await;
    source.back_up(&TABLES, &backup).await.unwrap();
    let files: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(files, ["backup.db"]);
    let error = source.back_up(&TABLES, &backup).await.unwrap_err();
    assert!(matches!(error, BackupError::Exists(_)), "{error}");

    execute(&source, "DELETE FROM people; INSERT INTO people (id) VALUES ('two')").await;
    assert!(source.restore(&TABLES, &backup, folder.path(), Existing::Refuse).await.is_err());
    source.restore(&TABLES, &backup, folder.path(), Existing::Replace).await.unwrap();
    let (name,): (String,) = sqlx::query_as("SELECT name FROM people").fetch_one(source.pool()).await.unwrap();
    assert_eq!(name, "Ümit");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left behind");
}

#[tokio::test]
async fn a_backup_of_an_older_version_is_brought_up_to_date_and_stays_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let backup = folder.path().join("backup.db");
    let old = open(Address::file(folder.path().join("old.db")), &OLD).await;
    execute(&old, "INSERT INTO people (id) VALUES ('one')").await;
    old.back_up(&OLD, &backup).await.unwrap();
    let before = std::fs::read(&backup).unwrap();
    let target = file(folder.path(), "target.db").await;
    target.restore(&TABLES, &backup, folder.path(), Existing::Refuse).await.unwrap();
    assert!(std::fs::read(&backup).unwrap() == before);
    let newer = open(Address::file(folder.path().join("old-target.db")), &OLD).await;
    target.back_up(&TABLES, &folder.path().join("newer.db")).await.unwrap();
    let error =
        newer.restore(&OLD, &folder.path().join("newer.db"), folder.path(), Existing::Refuse).await.unwrap_err();
    assert!(matches!(error, BackupError::Unusable(..)), "{error}");
}

#[tokio::test]
async fn a_file_that_is_no_backup_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let target = file(folder.path(), "target.db").await;
    let backup = folder.path().join("backup.db");
    let restore = async || target.restore(&TABLES, &backup, folder.path(), Existing::Refuse).await.unwrap_err();
    assert!(matches!(restore().await, BackupError::Missing(_)));
    for content in ["", "this is not a database"] {
        std::fs::write(&backup, content.repeat(999)).unwrap();
        let error = restore().await;
        assert!(error.to_string().contains("not a backup"), "{error}");
    }
    let source = filled(folder.path(), "source.db").await;
    std::fs::remove_file(&backup).unwrap();
    source.back_up(&TABLES, &backup).await.unwrap();
    let mut damaged = std::fs::read(&backup).unwrap();
    let half = damaged.len() / 2;
    damaged[half..half + 4096].fill(0xA5);
    std::fs::write(&backup, damaged).unwrap();
    assert!(target.restore(&TABLES, &backup, folder.path(), Existing::Refuse).await.is_err());
    assert_eq!(target.contents(&TABLES).await.unwrap().iter().map(|table| table.rows).sum::<u64>(), 1);
}

#[tokio::test]
async fn a_backup_that_cannot_be_written_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let source = file(folder.path(), "source.db").await;
    let error = source.back_up(&TABLES, &folder.path().join("missing").join("backup.db")).await;
    // The folder is made for its owner, as every database's is; a file in its place is not replaced.
    error.unwrap();
    std::fs::write(folder.path().join("file"), "").unwrap();
    let error = source.back_up(&TABLES, &folder.path().join("file").join("backup.db")).await.unwrap_err();
    assert!(error.to_string().contains("file/backup.db"), "{error}");
}
