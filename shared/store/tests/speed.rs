//! How long a thousand tenants with twenty products each take. Prints, and fails beyond generous limits.
//! Run with `cargo test --release -p leitwarte-store --test speed -- --ignored --nocapture`.

mod conformance;

use std::time::{Duration, Instant};

use conformance::{Database, Fresh, LEASE, POLICY, at, profile, result, stock};
use leitwarte_store::Claim;

const TENANTS: usize = 1000;
const PRODUCTS: u128 = 20;

async fn timed<T>(what: &str, limit_ms: u64, work: impl Future<Output = T>) -> T {
    let began = Instant::now();
    let value = work.await;
    let took = began.elapsed();
    println!("{what}: {took:.1?}");
    assert!(took < Duration::from_millis(limit_ms), "{what} took {took:?}");
    value
}

async fn record_all(database: &Database, claims: &[Claim], minutes: i64, consumed: i64) {
    for claims in claims.chunks(100) {
        let products: Vec<_> = (1..=PRODUCTS).map(|id| stock(id, 100, consumed)).collect();
        let results: Vec<_> = claims.iter().map(|claim| result(claim, minutes, Ok(products.clone()))).collect();
        database.store.record_polls(&results).await.unwrap();
    }
}

#[tokio::test]
#[ignore = "measures; meaningful in a release build"]
async fn a_thousand_tenants_with_twenty_products() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/leitwarte.db", folder.path().display());
    let database = Database::open(Fresh { url, guard: Box::new(folder) }).await;
    let keys: Vec<String> = (0..TENANTS).map(|number| format!("tenant-{number:04}")).collect();
    let profiles = || keys.iter().map(|key| profile(key)).collect();
    let store = &database.store;
    timed("register 1000 new tenants", 5000, store.register_profiles(profiles(), at(0))).await.unwrap();
    timed("register them again, unchanged", 1000, store.register_profiles(profiles(), at(0))).await.unwrap();
    for (minutes, consumed, what) in [
        (0, 1, "record first polls (20 000 changes)"),
        (5, 1, "record unchanged polls"),
        (10, 2, "record changed polls"),
    ] {
        let claims = timed("claim 1000", 2000, store.claim_due(&keys, &POLICY, at(minutes), LEASE)).await.unwrap();
        assert_eq!(claims.len(), TENANTS);
        timed(what, 10_000, record_all(&database, &claims, minutes, consumed)).await;
    }
    timed("finish the tick", 1000, store.finish_tick(at(11))).await.unwrap();
    let reader = database.reader().await;
    for _ in 0..5 {
        timed("revision", 200, reader.revision()).await.unwrap();
        assert_eq!(timed("all snapshots", 500, reader.snapshots()).await.unwrap().len(), TENANTS);
        timed("one snapshot", 200, reader.snapshot("tenant-0500")).await.unwrap().unwrap();
    }
}
