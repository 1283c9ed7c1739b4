//! Graph misbehaving: the right stock or a failure that says why, never a part of the stock and never an empty success.

use std::time::{Duration, Instant};

use leitwarte_core::poll::{FailureKind, PollFailure};
use leitwarte_graph::{AppRegistration, Budget};
use serde_json::json;

use crate::support::stand_in::{Reply, Request, StandIn, sku};
use crate::support::{Setup, minute};

fn good() -> Reply {
    Reply::skus(&[sku(1, 10), sku(2, 40)])
}

fn page_with_link(link: &str) -> Reply {
    Reply::json(200, &json!({"value": [sku(1, 10)], "@odata.nextLink": link}))
}

/// Polls a Graph that answers by the script and expects a failure.
async fn failure(script: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> PollFailure {
    let server = StandIn::graph(script).await;
    let failure = Setup::new(&server.address).poll().await.unwrap_err().failure();
    assert!(failure.message.ends_with('.') && failure.fix.ends_with('.'), "{failure:?}");
    failure
}

/// Polls a Graph whose first answer is `fault` and whose later ones are good; expects the right stock.
async fn recovers(fault: impl Fn() -> Reply + Send + Sync + 'static) {
    recovers_within(Duration::from_secs(30), fault).await;
}

async fn recovers_within(call_timeout: Duration, fault: impl Fn() -> Reply + Send + Sync + 'static) {
    let server = StandIn::graph(move |request| if request.nth == 0 { fault() } else { good() }).await;
    let setup = Setup::with(&server.address, |config| config.limits.call_timeout = call_timeout);
    let budget = minute();
    let stock = setup.client.subscribed_skus(&setup.app(1), &budget).await.unwrap();
    assert_eq!(stock.len(), 2);
    assert_eq!((budget.spent().requests, budget.spent().retries), (3, 1));
}

#[tokio::test]
async fn passing_server_errors_are_survived() {
    for status in [429, 500, 502, 503, 504, 408] {
        recovers(move || Reply::status(status, &[])).await;
    }
}

#[tokio::test]
async fn an_error_page_of_a_proxy_with_a_passing_status_is_survived() {
    recovers(|| Reply::html(502)).await;
}

#[tokio::test]
async fn a_truncated_answer_is_read_again() {
    recovers(Reply::truncated).await;
}

#[tokio::test]
async fn whole_but_damaged_json_is_read_again() {
    recovers(|| Reply::Whole { status: 200, headers: vec![], body: b"{\"value\":[{\"skuId".to_vec() }).await;
    recovers(|| Reply::Whole { status: 200, headers: vec![], body: Vec::new() }).await;
}

#[tokio::test]
async fn a_connection_that_closes_without_an_answer_is_survived() {
    recovers(|| Reply::Raw(Vec::new())).await;
}

#[tokio::test]
async fn a_call_that_hangs_or_drips_is_given_up_and_repeated() {
    recovers_within(Duration::from_secs(1), || Reply::Hang).await;
    recovers_within(Duration::from_secs(1), || Reply::Drip).await;
}

#[tokio::test]
async fn server_errors_that_stay_are_unavailable() {
    let failure = failure(|_| Reply::status(503, &[])).await;
    assert_eq!(failure.kind, FailureKind::Unavailable);
    assert!(failure.message.contains("HTTP 503") && failure.message.contains("attempts: 4"), "{}", failure.message);
}

#[tokio::test]
async fn throttling_that_stays_is_told_as_such() {
    let failure = failure(|_| Reply::status(429, &[])).await;
    assert_eq!(failure.kind, FailureKind::Throttled);
}

#[tokio::test]
async fn a_pause_longer_than_the_poll_is_reported_at_once() {
    for retry_after in ["600", "Sun, 22 Nov 2026 10:10:00 GMT"] {
        for (status, kind) in [(429, FailureKind::Throttled), (503, FailureKind::Unavailable)] {
            let began = Instant::now();
            let failure = failure(move |_| Reply::status(status, &[("retry-after", retry_after)])).await;
            assert_eq!(failure.kind, kind);
            assert!(failure.message.contains("600 s"), "{}", failure.message);
            assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
        }
    }
}

#[tokio::test]
async fn a_hanging_graph_costs_no_more_than_the_deadline() {
    let server = StandIn::graph(|_| Reply::Hang).await;
    let setup = Setup::new(&server.address);
    // The token first, so that the deadline falls into the call of Graph on any machine.
    setup.client.sign_in(&setup.app(1), &minute()).await.unwrap();
    let began = Instant::now();
    let budget = Budget::of(Duration::from_millis(200));
    let error = setup.client.subscribed_skus(&setup.app(1), &budget).await.unwrap_err();
    assert_eq!(error.kind(), FailureKind::Timeout, "{error}");
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

#[tokio::test]
async fn nothing_is_sent_after_the_deadline() {
    let server = StandIn::graph(|_| good()).await;
    let setup = Setup::new(&server.address);
    setup.client.sign_in(&setup.app(1), &minute()).await.unwrap();
    let budget = Budget::of(Duration::ZERO);
    let error = setup.client.subscribed_skus(&setup.app(1), &budget).await.unwrap_err();
    assert_eq!(error.kind(), FailureKind::Timeout, "{error}");
    assert_eq!((server.requests("GET").len(), budget.spent().requests), (0, 0));
}

#[tokio::test]
async fn answers_that_stay_truncated_are_bad_after_three_tries() {
    let server = StandIn::graph(|_| Reply::truncated()).await;
    let error = Setup::new(&server.address).poll().await.unwrap_err();
    assert_eq!(error.kind(), FailureKind::BadAnswer, "{error}");
    assert_eq!(server.requests("GET").len(), 3);
}

#[tokio::test]
async fn a_web_page_is_a_bad_answer_at_once() {
    let server = StandIn::graph(|_| Reply::html(200)).await;
    let failure = Setup::new(&server.address).poll().await.unwrap_err().failure();
    assert_eq!(failure.kind, FailureKind::BadAnswer);
    assert!(failure.message.contains("a web page instead of JSON (captive portal or proxy?)"), "{}", failure.message);
    assert_eq!(server.requests("GET").len(), 1);
}

#[tokio::test]
async fn a_web_page_with_a_refusing_status_is_not_taken_for_graphs_refusal() {
    for status in [400, 401, 403, 404, 407] {
        let server = StandIn::graph(move |_| Reply::html(status)).await;
        let failure = Setup::new(&server.address).poll().await.unwrap_err().failure();
        assert_eq!(failure.kind, FailureKind::BadAnswer, "{status}");
        assert!(failure.message.contains("a web page instead of JSON"), "{status}: {}", failure.message);
        assert_eq!((server.requests("POST").len(), server.requests("GET").len()), (1, 1), "{status} was repeated");
    }
}

#[tokio::test]
async fn a_web_page_that_claims_to_be_json_is_told_as_such() {
    let failure = failure(|_| Reply::Whole {
        status: 200,
        headers: vec![("content-type", "application/json".to_owned())],
        body: b"\r\n <html>".to_vec(),
    })
    .await;
    assert!(failure.message.contains("web page"), "{}", failure.message);
}

#[tokio::test]
async fn json_of_another_form_is_a_bad_answer_without_its_text() {
    for body in [
        json!({"error": "hunter2"}),
        json!({"value": null}),
        json!({"value": "hunter2"}),
        json!({"value": [{"consumedUnits": "hunter2"}]}),
        json!([]),
    ] {
        let failure = failure(move |_| Reply::json(200, &body)).await;
        assert_eq!(failure.kind, FailureKind::BadAnswer);
        assert!(!failure.message.contains("hunter2"), "{}", failure.message);
    }
}

#[tokio::test]
async fn a11_an_empty_list_is_a_failure() {
    let failure = failure(|_| Reply::skus(&[])).await;
    assert_eq!(failure.kind, FailureKind::BadAnswer);
    assert!(failure.message.contains("empty list"), "{}", failure.message);
}

#[tokio::test]
async fn one_bad_product_spoils_the_whole_list() {
    let failure = failure(|_| Reply::skus(&[sku(1, 10), sku(2, -1)])).await;
    assert_eq!(failure.kind, FailureKind::BadAnswer);
    assert!(failure.message.contains("SKU_2"), "{}", failure.message);
}

#[tokio::test]
async fn a_missing_permission_is_named() {
    let failure =
        failure(|_| Reply::json(403, &json!({"error": {"code": "Authorization_RequestDenied", "message": "hunter2"}})))
            .await;
    assert_eq!(failure.kind, FailureKind::Permission);
    assert!(failure.message.contains("LicenseAssignment.Read.All"), "{}", failure.message);
    assert!(failure.message.contains("Authorization_RequestDenied"), "{}", failure.message);
    assert!(failure.fix.contains("admin consent"), "{}", failure.fix);
    assert!(!failure.message.contains("hunter2"));
}

#[tokio::test]
async fn another_refusal_shows_its_status_and_code() {
    let failure =
        failure(|_| Reply::json(404, &json!({"error": {"code": "ResourceNotFound", "message": "hunter2"}}))).await;
    assert_eq!(failure.kind, FailureKind::BadAnswer);
    assert!(failure.message.contains("HTTP 404 (ResourceNotFound)"), "{}", failure.message);
}

#[tokio::test]
async fn a_token_rejected_in_the_middle_is_replaced_and_the_list_goes_on() {
    let server = StandIn::graph(|request| {
        let second = format!("http://{}/v1.0/subscribedSkus?page=2", request.headers["host"]);
        match (request.target.contains("page=2"), request.headers["authorization"].as_str()) {
            (false, _) => page_with_link(&second),
            (true, "Bearer token-1") => Reply::status(401, &[]),
            (true, _) => Reply::skus(&[sku(2, 40)]),
        }
    })
    .await;
    let setup = Setup::new(&server.address);
    assert_eq!(setup.poll().await.unwrap().len(), 2);
    let pages: Vec<bool> = server.requests("GET").iter().map(|request| request.target.contains("page=2")).collect();
    assert_eq!(pages, [false, true, true], "a page was read again");
    setup.client.sign_in(&setup.app(1), &minute()).await.unwrap();
    assert_eq!(server.requests("POST").len(), 2, "the second token was not kept");
}

#[tokio::test]
async fn a_token_is_replaced_once_and_not_for_ever() {
    let server = StandIn::graph(|_| Reply::status(401, &[])).await;
    let failure = Setup::new(&server.address).poll().await.unwrap_err().failure();
    assert_eq!(failure.kind, FailureKind::SignIn);
    assert_eq!(server.requests("POST").len(), 2);
    assert_eq!(server.requests("GET").len(), 2);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let other = StandIn::graph(|_| good()).await;
    for status in [301, 302, 307, 308] {
        let target = other.address.clone();
        let failure = failure(move |_| Reply::status(status, &[("location", target.as_str())])).await;
        assert_eq!(failure.kind, FailureKind::BadAnswer);
        assert!(failure.message.contains("redirect"), "{}", failure.message);
    }
    assert!(other.requests("GET").is_empty(), "the token went to another host");
}

#[tokio::test]
async fn a_next_page_on_another_host_is_not_read_even_if_that_host_is_allowed() {
    let other = StandIn::graph(|_| good()).await;
    let link = format!("{}/v1.0/subscribedSkus?page=2", other.address);
    let server = StandIn::graph(move |_| page_with_link(&link)).await;
    let hosts = format!("{},{}", &server.address[7..], &other.address[7..]);
    let setup = Setup::with(&server.address, |config| {
        config.allowed_hosts = leitwarte_graph::AllowedHosts::parse(&hosts).unwrap();
    });
    let failure = setup.poll().await.unwrap_err().failure();
    assert_eq!(failure.kind, FailureKind::BadAnswer);
    assert!(failure.message.contains("another host"), "{}", failure.message);
    assert!(other.requests("GET").is_empty(), "the token went to another host");
}

#[tokio::test]
async fn a_list_that_leads_back_to_itself_ends() {
    let server = StandIn::graph(|request| {
        let page = if request.target.contains("page=2") { 3 } else { 2 };
        page_with_link(&format!("http://{}/v1.0/subscribedSkus?page={page}", request.headers["host"]))
    })
    .await;
    let failure = Setup::new(&server.address).poll().await.unwrap_err().failure();
    assert_eq!(failure.kind, FailureKind::BadAnswer);
    assert!(failure.message.contains("read already"), "{}", failure.message);
}

#[tokio::test]
async fn a_list_without_end_ends() {
    let endless = |request: &Request| {
        page_with_link(&format!("http://{}/v1.0/subscribedSkus?page={}", request.headers["host"], request.nth))
    };
    let server = StandIn::graph(endless).await;
    let setup = Setup::with(&server.address, |config| config.limits.max_pages = 20);
    let failure = setup.poll().await.unwrap_err().failure();
    assert!(failure.message.contains("more than 20 pages"), "{}", failure.message);
    assert_eq!(server.requests("GET").len(), 20);

    let server = StandIn::graph(endless).await;
    let setup = Setup::with(&server.address, |config| config.limits.max_items = 10);
    let failure = setup.poll().await.unwrap_err().failure();
    assert!(failure.message.contains("more than 10 entries"), "{}", failure.message);
    assert_eq!(server.requests("GET").len(), 11);
}

#[tokio::test]
async fn an_answer_too_large_is_refused_by_its_length_and_while_it_comes() {
    for large in [|| Reply::Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 9999999999\r\n\r\n".to_vec()), || Reply::Endless] {
        let server = StandIn::graph(move |_| large()).await;
        let setup = Setup::with(&server.address, |config| config.limits.max_body_bytes = 100_000);
        let failure = setup.poll().await.unwrap_err().failure();
        assert_eq!(failure.kind, FailureKind::BadAnswer);
        assert!(failure.message.contains("more than 100000 bytes"), "{}", failure.message);
        assert_eq!(server.requests("GET").len(), 1);
    }
}

#[tokio::test]
async fn a_host_that_is_not_allowed_gets_nothing_not_even_a_sign_in() {
    let server = StandIn::graph(|_| good()).await;
    let stranger = StandIn::graph(|_| good()).await;
    let setup = Setup::new(&server.address);
    for app in [
        AppRegistration { graph_endpoint: stranger.address.clone(), ..setup.app(1) },
        AppRegistration { authority_host: stranger.address.clone(), ..setup.app(1) },
    ] {
        let failure = setup.client.subscribed_skus(&app, &minute()).await.unwrap_err().failure();
        assert_eq!(failure.kind, FailureKind::HostNotAllowed);
        let failure = setup.client.sign_in(&app, &minute()).await.unwrap_err().failure();
        assert_eq!(failure.kind, FailureKind::HostNotAllowed);
        assert!(failure.fix.contains("GRAPH_EXTRA_HOSTS"), "{}", failure.fix);
    }
    assert!(stranger.requests("GET").is_empty() && stranger.requests("POST").is_empty());
    assert!(server.requests("POST").is_empty());
}

#[tokio::test]
async fn a_machine_that_is_down_is_unavailable_with_the_reason() {
    let address = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let failure = Setup::new(&address).poll().await.unwrap_err().failure();
    assert_eq!(failure.kind, FailureKind::Unavailable);
    assert!(failure.message.contains("refused"), "{}", failure.message);
}
