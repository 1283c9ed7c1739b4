//! The conformance suite on PostgreSQL, and what only a server can do wrong.

use crate::conformance;
use std::time::{Duration, Instant};

use crate::conformance::{Database, Fresh, at, profile, register, result};
use leitwarte_database::testing::{self, connect, execute};
use leitwarte_store::{Config, Store, StoreErrorKind};
use uuid::Uuid;

pub(crate) async fn fresh() -> Fresh {
    Fresh { url: testing::postgres_ordered_by_language().await.into(), guard: Box::new(()) }
}

crate::conformance_suite!(crate::postgres::fresh);

#[tokio::test]
async fn a_writer_that_is_cut_off_in_the_middle_leaves_nothing_and_goes_on_afterwards() {
    let database = Database::open(fresh().await).await;
    let store = &database.store;
    register(store, &["contoso"]).await;
    let claim = conformance::claim(store, "contoso", 1).await;
    let before = store.snapshots().await.unwrap();
    // A trigger holds the transaction at its last statement, after everything of the poll was written.
    execute(
        &database.url,
        "CREATE FUNCTION leitwarte.hold() RETURNS trigger LANGUAGE plpgsql AS \
         $$ BEGIN PERFORM pg_sleep(60); RETURN NEW; END $$; \
         CREATE TRIGGER hold BEFORE INSERT ON leitwarte.poll_runs FOR EACH ROW EXECUTE FUNCTION leitwarte.hold()",
    )
    .await;
    let polled = result(&claim, 1, Ok(vec![conformance::stock(1, 5, 3)]));
    let cut = async {
        let mut connection = connect(&database.url).await;
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            let ended: i64 = sqlx::query_scalar(
                "SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE wait_event = 'PgSleep' \
                 AND datname = current_database()",
            )
            .fetch_one(&mut connection)
            .await
            .unwrap();
            if ended == 1 {
                break;
            }
            assert!(Instant::now() < deadline, "the transaction never came to its last statement");
        }
    };
    let results = [polled.clone()];
    let (recorded, ()) = tokio::join!(store.record_polls(&results), cut);
    let error = recorded.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unreachable, "{error:?}");
    assert_eq!(store.snapshots().await.unwrap(), before);
    execute(&database.url, "DROP TRIGGER hold ON leitwarte.poll_runs").await;
    store.record_polls(&[polled]).await.unwrap();
    assert_eq!(store.snapshot("contoso").await.unwrap().unwrap().stock.len(), 1);
}

#[tokio::test]
async fn a_readers_session_cannot_write_whatever_it_tries() {
    let database = Database::open(fresh().await).await;
    let reader = database.reader().await;
    reader.ready().await.unwrap();
    for error in [
        reader.register_profiles(vec![profile("contoso")], at(0)).await.unwrap_err(),
        reader.finish_tick(at(0)).await.unwrap_err(),
    ] {
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert!(cause.contains("read-only transaction"), "{cause}");
    }
    assert_eq!(database.store.snapshots().await.unwrap(), []);
}

#[tokio::test]
async fn a_reader_waits_for_the_first_writer() {
    let fresh = fresh().await;
    let config = |read_only| Config { database_url: fresh.url.clone(), read_only, max_connections: 2 };
    let reader = Store::open(&config(true)).await.unwrap();
    assert_eq!(reader.snapshots().await.unwrap_err().kind(), StoreErrorKind::NotReady);
    let _writer = Store::open(&config(false)).await.unwrap();
    assert_eq!(reader.snapshots().await.unwrap(), []);
}

#[tokio::test]
async fn programs_that_start_at_once_make_the_tables_once() {
    let fresh = fresh().await;
    let mut starts = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let config = Config { database_url: fresh.url.clone(), read_only: false, max_connections: 1 };
        starts.spawn(async move { Store::open(&config).await.map(drop) });
    }
    for started in starts.join_all().await {
        started.unwrap();
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_or_does_not_answer_is_told_in_time_without_the_password() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut openings = tokio::task::JoinSet::new();
    for (port, read_only) in [(gone, true), (gone, false), (port, true), (port, false)] {
        openings.spawn(async move {
            let password = Uuid::from_u128(7).simple().to_string();
            let database_url = format!("postgres://lw:{password}@127.0.0.1:{port}/leitwarte");
            let config = Config { database_url, read_only, max_connections: 1 };
            let begun = Instant::now();
            let error = match Store::open(&config).await {
                Ok(store) => store.snapshots().await.unwrap_err(),
                Err(error) => error,
            };
            assert!(begun.elapsed() < Duration::from_secs(30));
            assert_eq!(error.kind(), StoreErrorKind::Unreachable, "{error:?}");
            assert!(error.to_string().contains("DATABASE_URL"), "{error}");
            let shown = format!("{error} {error:?} {config:?}");
            assert!(!shown.contains(&password), "{shown}");
        });
    }
    openings.join_all().await;
}

#[tokio::test]
async fn tenants_are_ordered_by_bytes_whatever_the_language_of_the_server() {
    let database = Database::open(fresh().await).await;
    register(&database.store, &["alpha", "Zeta"]).await;
    let tenants = database.store.tenants().await.unwrap();
    let keys: Vec<_> = tenants.iter().map(|tenant| tenant.key.as_str()).collect();
    assert_eq!(keys, ["Zeta", "alpha"], "as SQLite does it");
}
