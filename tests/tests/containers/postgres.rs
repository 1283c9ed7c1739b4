//! The profile `postgres` of the compose file: data and queue on a server in a container of its own.

use std::time::Instant;

use leitwarte_tests::compose::docker;
use leitwarte_tests::postgres_image;
use leitwarte_tests::wait::until;

use crate::system::{System, TENANTS};
use crate::{LIMIT, left_out};

const URL: &str = "postgres://leitwarte@postgres/leitwarte";

#[tokio::test(flavor = "multi_thread")]
async fn with_the_profile_postgres_everything_is_on_a_server_and_can_move_away_from_it() {
    if left_out() {
        return;
    }
    let image = Image::build();
    let secrets = tempfile::tempdir().unwrap();
    std::fs::create_dir(secrets.path().join("database")).unwrap();
    std::fs::write(secrets.path().join("database/database-password"), PASSWORD).unwrap();
    let system = System::start_as(&[
        ("COMPOSE_PROFILES", "postgres".to_owned()),
        ("POSTGRES_IMAGE", image.0.clone()),
        ("DATABASE_URL", URL.to_owned()),
        ("SECRETS", secrets.path().display().to_string()),
    ])
    .await;
    let run = |words: &[&str]| system.compose.run(&[&["run", "--rm", "-T", "leitwarte"], words].concat());
    run(&["invoke", "poll-tenant"]).unwrap();
    assert_eq!(system.tenants().await, Some(TENANTS.len()));
    assert_eq!(query(&system, "SELECT count(*) FROM leitwarte.tenants"), TENANTS.len().to_string());
    assert_eq!(query(&system, "SELECT count(*) FROM leitwarte_queue.emulators"), "1");
    let function = system.compose.containers("poll-tenant").unwrap().remove(0);
    assert_eq!(system.compose.file(&function, "/data/leitwarte.db").unwrap(), "", "nothing is beside the server");

    system.compose.crash("postgres").unwrap();
    let began = Instant::now();
    until("the API after the server was killed", LIMIT, async || system.rows().await).await;
    println!("the API answers {} ms after PostgreSQL was killed", began.elapsed().as_millis());

    let away = ["move-database", URL, "sqlite:///data/leitwarte.db"];
    let refused = run(&away).unwrap_err().to_string();
    assert!(refused.contains("Leitwarte is running"), "{refused}");
    system.compose.run(&["stop", "emulator"]).unwrap();
    let moved = run(&away).unwrap();
    assert!(moved.contains("Everything arrived"), "{moved}");
}

const PASSWORD: &str = "a password for this test";

/// The server's image, gone when dropped.
struct Image(String);

impl Image {
    fn build() -> Self {
        let name = format!("leitwarte-test-postgres-{}", std::process::id());
        postgres_image::build(&name, PASSWORD).unwrap();
        Self(name)
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        if let Err(error) = docker(&["image", "rm", &self.0]) {
            eprintln!("an image stays behind: {error:#}");
        }
    }
}

fn query(system: &System, sql: &str) -> String {
    let server = system.compose.containers("postgres").unwrap().remove(0);
    let password = format!("PGPASSWORD={PASSWORD}");
    let ask = ["-h", "127.0.0.1", "-U", postgres_image::USER, "--no-align", "--tuples-only", "--command", sql];
    docker(&[&["exec", "-e", &password, &server, "psql"][..], &ask].concat()).unwrap().trim().to_owned()
}
