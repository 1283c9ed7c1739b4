//! Backups, restores and moves as a person does them.

use std::fs::File;
use std::os::fd::AsRawFd as _;
use std::path::Path;

use clap::Parser as _;
use leitwarte_cli::{Cli, Context, Outcome, Settings, commands};
use leitwarte_database::testing::{execute, postgres};
use leitwarte_database::{Address, Database, Options};

/// Runs a command line on a data folder; what it printed, or its error.
async fn leitwarte(data: &Path, words: &[&str]) -> Result<String, String> {
    let values = [("DATA_DIR".to_owned(), data.display().to_string())];
    let now = chrono::DateTime::from_timestamp(1_800_000_000, 0).unwrap();
    let context = Context { settings: Settings::new(values).unwrap(), now, width: 100 };
    let command = Cli::parse_from([&["leitwarte"], words].concat()).command;
    let mut out = Vec::new();
    let outcome = commands::run(command, &context, &mut out).await.map_err(|error| format!("{error:#}"))?;
    assert_eq!(outcome, Outcome::Well);
    Ok(String::from_utf8(out).unwrap())
}

/// A database with a tenant, and a queue with an event.
async fn filled(data: &Path) {
    leitwarte(data, &["migrate"]).await.unwrap();
    let tenant = "INSERT INTO tenants (tenant_key, tenant_name, definition, profile_enabled, first_seen_at) \
                  VALUES ('contoso', 'Contoso', '', 1, 0)";
    execute(&format!("sqlite://{}", data.join("leitwarte.db").display()), tenant).await;
    prepare_queue(Address::file(data.join("queue.db"))).await;
    let event = "INSERT INTO schedule_slots (name, last_slot_ms) VALUES ('poll-tenant-tick', 60000)";
    execute(&format!("sqlite://{}", data.join("queue.db").display()), event).await;
}

/// Makes the queue's tables, as an emulator does at its start.
async fn prepare_queue(address: Address) {
    let tables = leitwarte_emulator::TABLES;
    let options = Options { schema: tables.schema, read_only: false, max_connections: 1 };
    let queue = Database::new(address, options).unwrap();
    queue.prepare(tables.steps).await.unwrap();
    queue.pool().close().await;
}

#[tokio::test]
async fn a_backup_is_checked_and_brought_back_but_never_over_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    filled(&data).await;
    let said = leitwarte(&data, &["backup"]).await.unwrap();
    assert!(said.contains("read back and compared") && said.contains("config-profiles/"), "{said}");
    let file = data.join("backups/leitwarte-20270115T080000Z.db");
    let file = file.to_str().unwrap();
    let said = leitwarte(&data, &["restore", "--check", file]).await.unwrap();
    assert!(said.contains("tenants") && said.contains("can be restored"), "{said}");

    let refused = leitwarte(&data, &["restore", file]).await.unwrap_err();
    assert!(refused.contains("is not empty") && refused.contains("--replace"), "{refused}");
    leitwarte(&data, &["restore", "--replace", file]).await.unwrap();
    leitwarte(&folder.path().join("elsewhere"), &["restore", file]).await.unwrap();
    let refused = leitwarte(&data, &["backup", file]).await.unwrap_err();
    assert!(refused.contains("exists already"), "{refused}");
}

#[tokio::test]
async fn a_backup_is_brought_back_from_where_nothing_can_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    filled(&data).await;
    let backup = folder.path().join("backup.db");
    leitwarte(&data, &["backup", backup.to_str().unwrap()]).await.unwrap();
    // A folder in which nobody can make a file, not even root.
    let open = File::open(&backup).unwrap();
    let file = format!("/proc/self/fd/{}", open.as_raw_fd());
    let before = std::fs::read_dir(&data).unwrap().count();
    leitwarte(&data, &["restore", "--check", &file]).await.unwrap();
    leitwarte(&data, &["restore", "--replace", &file]).await.unwrap();
    assert_eq!(std::fs::read_dir(&data).unwrap().count(), before, "nothing is left behind");
    leitwarte(&folder.path().join("elsewhere"), &["restore", &file]).await.unwrap();
}

#[tokio::test]
async fn data_and_queue_move_to_postgresql_and_nothing_of_the_password_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    filled(&data).await;
    let (from, to) = (format!("sqlite://{}", data.join("leitwarte.db").display()), postgres().await.to_string());
    let said = leitwarte(&data, &["move-database", &from, &to]).await.unwrap();
    assert!(said.contains("schedule_slots") && said.contains("Everything arrived"), "{said}");
    let password = url_password(&to);
    assert!(password.len() > 8 && !said.contains(&password), "{said}");
    let refused = leitwarte(&data, &["move-database", &from, &to]).await.unwrap_err();
    assert!(refused.contains("is not empty") && !refused.contains(&password), "{refused}");
    let back = format!("sqlite://{}", folder.path().join("back/leitwarte.db").display());
    leitwarte(&data, &["move-database", &to, &back]).await.unwrap();
    assert!(folder.path().join("back/queue.db").exists());
}

#[tokio::test]
async fn nothing_is_moved_while_an_emulator_runs() {
    let folder = tempfile::tempdir().unwrap();
    filled(folder.path()).await;
    let running = File::create(folder.path().join("emulator.lock")).unwrap();
    running.lock().unwrap();
    let from = format!("sqlite://{}", folder.path().join("leitwarte.db").display());
    let to = format!("sqlite://{}", folder.path().join("other/leitwarte.db").display());
    let refused = leitwarte(folder.path(), &["move-database", &from, &to]).await.unwrap_err();
    assert!(refused.contains("is running") && refused.contains("stop it"), "{refused}");
    assert!(!folder.path().join("other").exists());
}

#[tokio::test]
async fn nothing_is_moved_away_from_a_server_while_an_emulator_counts_there() {
    let folder = tempfile::tempdir().unwrap();
    let from = postgres().await;
    prepare_queue(Address::parse(from.as_str()).unwrap()).await;
    let to = format!("sqlite://{}", folder.path().join("other/leitwarte.db").display());
    let server = from.to_string();
    let appear = "INSERT INTO leitwarte_queue.emulators VALUES ('run', 'machine-7', 0, 0)";
    execute(&server, appear).await;
    let counting = tokio::spawn({
        let server = server.clone();
        async move {
            loop {
                execute(&server, "UPDATE leitwarte_queue.emulators SET beats = beats + 1").await;
            }
        }
    });
    let refused = leitwarte(folder.path(), &["move-database", &server, &to]).await.unwrap_err();
    counting.abort();
    assert!(refused.contains("is running") && refused.contains("machine-7"), "{refused}");
    assert!(!folder.path().join("other").exists());
}

fn url_password(url: &str) -> String {
    let (credentials, _) = url.split_once('@').unwrap();
    credentials.rsplit(':').next().unwrap().to_owned()
}
