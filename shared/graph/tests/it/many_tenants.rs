//! Many tenants share one client.

use std::time::{Duration, Instant};

use leitwarte_core::poll::FailureKind;
use leitwarte_graph::Budget;

use crate::support::stand_in::{Reply, StandIn, sku};
use crate::support::{Setup, minute};

#[tokio::test]
async fn a_throttled_tenant_does_not_delay_another() {
    // Which tenant a call of Graph is for shows in its token only.
    let server = StandIn::scripted(|request| match request.method.as_str() {
        "POST" if request.target.contains("00000001/") => Reply::token("slow"),
        "POST" => Reply::token("fast"),
        _ if request.headers["authorization"] == "Bearer slow" => Reply::status(429, &[("retry-after", "30")]),
        _ => Reply::skus(&[sku(1, 10)]),
    })
    .await;
    let setup = Setup::new(&server.address);
    let budget = Budget::of(Duration::from_secs(10));
    let throttled = setup.client.subscribed_skus(&setup.app(1), &budget).await.unwrap_err();
    assert_eq!(throttled.kind(), FailureKind::Throttled);
    let began = Instant::now();
    for tenant in 2..10 {
        setup.client.subscribed_skus(&setup.app(tenant), &minute()).await.unwrap();
    }
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    let sent = server.requests("GET").len();
    let again = setup.client.subscribed_skus(&setup.app(1), &budget).await.unwrap_err();
    assert_eq!(again.kind(), FailureKind::Throttled);
    assert_eq!(server.requests("GET").len(), sent, "a call was sent during the pause");
}

#[tokio::test]
async fn no_more_calls_than_allowed_are_under_way_at_once() {
    let server = StandIn::scripted(|_| Reply::Hang).await;
    let setup = Setup::with(&server.address, |config| config.limits.max_in_flight = 1);
    let (client, app) = (setup.client.clone(), setup.app(1));
    let first = tokio::spawn(async move { client.subscribed_skus(&app, &minute()).await });
    while server.requests("POST").is_empty() {
        tokio::task::yield_now().await;
    }
    let budget = Budget::of(Duration::from_millis(100));
    let second = setup.client.subscribed_skus(&setup.app(2), &budget).await.unwrap_err();
    assert_eq!(second.kind(), FailureKind::Timeout, "{second}");
    assert_eq!((server.requests("POST").len(), budget.spent().requests), (1, 0));
    first.abort();
}
