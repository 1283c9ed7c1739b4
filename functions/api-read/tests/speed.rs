//! How long reading takes with a thousand tenants of twenty products. Prints, and fails beyond the limits of the issue.
//! Run with `cargo test --release -p api-read --test speed -- --ignored --nocapture`.

mod support;

use std::time::{Duration, Instant};

use http::Method;
use leitwarte_core::{TimeDelta, Uuid};
use serde_json::json;
use support::{World, now, profile, record, stock};

const ALL: &str = "/api/v1/licenses/status";
const GZIP: (&str, &str) = ("accept-encoding", "gzip");

#[tokio::test(flavor = "multi_thread")]
#[ignore = "measures; meaningful in a release build"]
async fn a_thousand_tenants_with_twenty_products() {
    let world = World::new().await;
    let store = world.writer().await;
    let keys: Vec<String> = (0..1000).map(|number| format!("tenant-{number:04}")).collect();
    store.register_profiles(keys.iter().map(|key| profile(key, key)).collect(), now()).await.unwrap();
    let bearer = format!("Bearer {}", world.token(&json!({})));
    let get = async |address: &str, headers: &[(&str, &str)]| {
        let headers: Vec<_> = [("authorization", bearer.as_str())].into_iter().chain(headers.iter().copied()).collect();
        world.ask(Method::GET, address, &headers).await
    };
    let poll_all = async |minutes_ago: i64| {
        let product = |id: u128, tenant: usize| {
            let consumed = i64::try_from((tenant * 7 + 13) % 120).unwrap();
            stock(Uuid::from_u128(id), &format!("PRODUCT_{id}"), 100, consumed)
        };
        let products = |tenant| (1..=20).map(|id| product(id, tenant)).collect();
        let polls = keys.iter().enumerate().map(|(tenant, key)| (key.as_str(), Ok(products(tenant)))).collect();
        record(&store, now() - TimeDelta::minutes(minutes_ago), polls).await;
    };

    poll_all(20).await;
    let cold = Instant::now();
    assert_eq!(get(ALL, &[GZIP]).await.status, 200);
    println!("all, first request of the process, gzip: {:.1?}", cold.elapsed());
    let mut took = Vec::new();
    for minutes_ago in 1..10 {
        poll_all(10 - minutes_ago).await;
        let began = Instant::now();
        let reply = get(ALL, &[GZIP]).await;
        took.push(began.elapsed());
        assert_eq!(reply.status, 200);
        if minutes_ago == 1 {
            println!("{} bytes of payload", reply.payload_bytes);
        }
    }
    took.sort_unstable();
    println!("all, after a poll of everybody, gzip: median {:.1?}, slowest {:.1?}", took[4], took[8]);
    assert!(took[4] < Duration::from_millis(100));
    let tag = get(ALL, &[GZIP]).await.header("etag").to_owned();
    let slowest = measure("all, again, gzip", 50, async |_| {
        assert_eq!(get(ALL, &[GZIP]).await.status, 200);
    });
    assert!(slowest.await < Duration::from_millis(50));
    let slowest = measure("all, unchanged (304)", 500, async |_| {
        assert_eq!(get(ALL, &[GZIP, ("if-none-match", &tag)]).await.status, 304);
    });
    assert!(slowest.await < Duration::from_millis(5));
    let slowest = measure("a page of 100 in the middle", 200, async |_| {
        assert_eq!(get(&format!("{ALL}?limit=100"), &[GZIP]).await.status, 200);
    });
    assert!(slowest.await < Duration::from_millis(5));
    let slowest = measure("one tenant", 2000, async |turn| {
        let key = &keys[turn * 37 % keys.len()];
        assert_eq!(get(&format!("{ALL}/{key}"), &[]).await.status, 200);
    });
    assert!(slowest.await < Duration::from_millis(5));
}

/// Repeats, prints median and 99th percentile, and returns the latter.
async fn measure(what: &str, times: usize, work: impl AsyncFn(usize)) -> Duration {
    let mut took = Vec::with_capacity(times);
    for turn in 0..times {
        let began = Instant::now();
        work(turn).await;
        took.push(began.elapsed());
    }
    took.sort_unstable();
    let (median, slow) = (took[times / 2], took[times * 99 / 100]);
    println!("{what}: median {median:.1?}, 99 % within {slow:.1?}");
    slow
}
