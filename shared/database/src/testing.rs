//! For tests, with the feature `testing`: databases on a real PostgreSQL server, and what a test does behind a program's
//! back.

use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{AnyConnection, AssertSqlSafe, Connection as _, Executor as _};
use url::Url;

/// Makes a database on the server of `LEITWARTE_TEST_POSTGRES`. It goes with the server: dropping many at once can make
/// each wait for a minute.
///
/// # Panics
/// The variable is not set, or the server does not do it.
pub async fn postgres() -> Url {
    postgres_with("").await
}

/// The same, ordered by language, as many servers are: no order of answers may depend on that.
///
/// # Panics
/// As [`postgres`].
pub async fn postgres_ordered_by_language() -> Url {
    postgres_with("TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en'").await
}

async fn postgres_with(options: &str) -> Url {
    /// Tells, with the process, tests apart that run at once.
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    let server = std::env::var("LEITWARTE_TEST_POSTGRES")
        .expect("this test needs PostgreSQL; run scripts/test, which starts one and sets LEITWARTE_TEST_POSTGRES");
    let mut url: Url = server.parse().expect("LEITWARTE_TEST_POSTGRES is postgres://user@host:port/database");
    let name = format!("leitwarte_test_{}_{}", std::process::id(), COUNTER.fetch_add(1, Ordering::Relaxed));
    // A server that outlives one run may have it from a process of the same number.
    execute(&server, &format!("DROP DATABASE IF EXISTS {name}")).await;
    execute(&server, &format!("CREATE DATABASE {name} {options}")).await;
    url.set_path(&name);
    url
}

/// A plain connection to any database.
///
/// # Panics
/// It does not answer.
pub async fn connect(url: &str) -> AnyConnection {
    sqlx::any::install_default_drivers();
    AnyConnection::connect(url).await.expect("the database of the test answers")
}

/// Runs statements on any database.
///
/// # Panics
/// They do not work.
pub async fn execute(url: &str, sql: &str) {
    let mut connection = connect(url).await;
    connection.execute(AssertSqlSafe(sql.to_owned())).await.expect("the test's own statement works");
    connection.close().await.expect("the database is there");
}
