//! Databases for the queue: a SQLite file of its own, or a PostgreSQL database that several emulators share.

use std::path::Path;

use leitwarte_database::Address;
use leitwarte_emulator::Config;
use sqlx::{AnyConnection, AssertSqlSafe, Connection as _, Executor as _};
use url::Url;

/// What a suite that holds on every database runs on.
pub(crate) enum Database {
    Sqlite,
    Postgres(Postgres),
}

/// A database on the server of `LEITWARTE_TEST_POSTGRES`. It goes with the server: dropping many at once can make each
/// wait for a minute.
pub(crate) struct Postgres {
    server: Url,
    name: String,
}

impl Database {
    pub(crate) async fn postgres() -> Self {
        Self::Postgres(Postgres::make().await)
    }

    /// Makes an emulator use it.
    pub(crate) fn configure(&self, config: &mut Config) {
        if let Self::Postgres(postgres) = self {
            config.shared_database = Some(postgres.address());
        }
    }

    /// Changes the queue of an emulator whose data directory is `data` behind its back.
    pub(crate) async fn execute(&self, data: &Path, sql: &str) {
        match self {
            Self::Sqlite => execute(&format!("sqlite://{}", data.join("queue.db").display()), sql).await,
            Self::Postgres(postgres) => postgres.execute(sql).await,
        }
    }
}

impl Postgres {
    pub(crate) async fn make() -> Self {
        let server = std::env::var("LEITWARTE_TEST_POSTGRES")
            .expect("this test needs PostgreSQL; run scripts/test, which starts one and sets LEITWARTE_TEST_POSTGRES");
        let server: Url = server.parse().expect("LEITWARTE_TEST_POSTGRES is postgres://user@host:port/database");
        let name = format!("leitwarte_test_{:016x}", rand::random::<u64>());
        execute(server.as_str(), &format!("CREATE DATABASE {name}")).await;
        Self { server, name }
    }

    pub(crate) fn url(&self) -> Url {
        let mut url = self.server.clone();
        url.set_path(&self.name);
        url
    }

    pub(crate) fn address(&self) -> Address {
        Address::parse(self.url().as_str()).expect("an address")
    }

    pub(crate) async fn execute(&self, sql: &str) {
        execute(self.url().as_str(), &format!("SET search_path = leitwarte_queue; {sql}")).await;
    }

    /// One number.
    pub(crate) async fn count(&self, sql: &str) -> i64 {
        let mut connection = connect(self.url().as_str()).await;
        connection.execute("SET search_path = leitwarte_queue").await.expect("the schema is there");
        let count = sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_one(&mut connection).await;
        connection.close().await.expect("the server is there");
        count.expect("a number")
    }
}

async fn connect(url: &str) -> AnyConnection {
    sqlx::any::install_default_drivers();
    AnyConnection::connect(url).await.expect("the database of the test answers")
}

async fn execute(url: &str, sql: &str) {
    let mut connection = connect(url).await;
    connection.execute(AssertSqlSafe(sql.to_owned())).await.expect("the test's own statement works");
    connection.close().await.expect("the database is there");
}
