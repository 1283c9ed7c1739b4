//! Databases for the queue: a SQLite file of its own, or a PostgreSQL database that several emulators share.

use std::path::Path;

use leitwarte_database::Address;
use leitwarte_database::testing::{self, connect, execute};
use leitwarte_emulator::Config;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};
use url::Url;

/// What a suite that holds on every database runs on.
pub(crate) enum Database {
    Sqlite,
    Postgres(Postgres),
}

/// A database of its own on the server of the tests.
pub(crate) struct Postgres {
    url: Url,
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
        Self { url: testing::postgres().await }
    }

    pub(crate) fn url(&self) -> Url {
        self.url.clone()
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
