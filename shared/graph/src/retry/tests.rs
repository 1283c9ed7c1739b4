use std::cell::Cell;

use leitwarte_core::Uuid;
use reqwest::header::HeaderValue;
use tokio::time::Instant;

use super::*;
use crate::hosts::Service;

const POLICY: RetryPolicy = RetryPolicy {
    first_delay: Duration::from_secs(3),
    max_delay: Duration::from_mins(3),
    max_attempts: 10,
    max_attempts_when_broken: 3,
};

fn lane(tenant: u128) -> Lane {
    Lane {
        peer: Peer { service: Service::Graph, host: "graph.microsoft.com".to_owned() },
        tenant: Uuid::from_u128(tenant),
    }
}

fn passing(nature: Nature, asked: Option<u64>) -> Fault {
    Fault::Passing(Passing { nature, asked: asked.map(Duration::from_secs) })
}

fn server_error() -> Fault {
    passing(Nature::Unavailable("HTTP 503".to_owned()), None)
}

/// Runs a call whose first outcomes are `faults` and which works after them; gives the outcome, how often it was
/// tried and how long it took.
async fn run(
    pauses: &Pauses,
    tenant: u128,
    budget: &Budget,
    fault: impl Fn(u32) -> Option<Fault>,
) -> (Result<(), GraphError>, u32, Duration) {
    let attempts = Cell::new(0);
    let began = Instant::now();
    let outcome = persevere(&POLICY, pauses, &lane(tenant), budget, || {
        let attempt = attempts.get();
        attempts.set(attempt + 1);
        std::future::ready(fault(attempt).map_or(Ok(()), Err))
    })
    .await;
    (outcome, attempts.get(), began.elapsed())
}

fn hour() -> Budget {
    Budget::of(Duration::from_hours(1))
}

#[test]
fn the_pause_doubles_from_three_seconds_to_the_cap() {
    let middle = |retry| POLICY.delay(retry, 0.5).as_millis();
    assert_eq!([0, 1, 2, 5, 6, 9, 40].map(middle), [3_000, 6_000, 12_000, 96_000, 180_000, 180_000, 180_000]);
}

#[test]
fn jitter_spreads_the_pause_by_a_fifth_and_never_beyond_the_cap() {
    assert_eq!(POLICY.delay(0, 0.0), Duration::from_millis(2400));
    assert_eq!(POLICY.delay(0, 1.0), Duration::from_millis(3600));
    assert_eq!(POLICY.delay(20, 1.0), Duration::from_mins(3));
}

#[tokio::test(start_paused = true)]
async fn a_passing_failure_is_tried_again_and_counted() {
    let budget = hour();
    let (outcome, attempts, took) =
        run(&Pauses::default(), 1, &budget, |attempt| (attempt < 2).then(server_error)).await;
    assert_eq!((outcome, attempts), (Ok(()), 3));
    assert_eq!(budget.spent().retries, 2);
    assert!((Duration::from_secs(7)..Duration::from_secs(11)).contains(&took), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_final_failure_is_not_tried_again() {
    let timeout = GraphError::Timeout { peer: lane(1).peer };
    let (outcome, attempts, _) = run(&Pauses::default(), 1, &hour(), |_| Some(Fault::Final(timeout.clone()))).await;
    assert_eq!((outcome, attempts), (Err(timeout.clone()), 1));
}

#[tokio::test(start_paused = true)]
async fn ten_attempts_are_enough() {
    let (outcome, attempts, _) = run(&Pauses::default(), 1, &hour(), |_| Some(server_error())).await;
    assert!(matches!(outcome, Err(GraphError::Unavailable { attempts: 10, .. })), "{outcome:?}");
    assert_eq!(attempts, 10);
}

#[tokio::test(start_paused = true)]
async fn three_damaged_answers_are_enough() {
    let (outcome, attempts, _) = run(&Pauses::default(), 1, &hour(), |_| Some(passing(Nature::Broken, None))).await;
    assert!(matches!(outcome, Err(GraphError::BadAnswer { problem: BadAnswer::Broken, .. })), "{outcome:?}");
    assert_eq!(attempts, 3);
}

#[tokio::test(start_paused = true)]
async fn the_pause_the_server_asks_for_is_kept_even_beyond_the_cap() {
    let (outcome, _, took) =
        run(&Pauses::default(), 1, &hour(), |attempt| (attempt == 0).then(|| passing(Nature::Throttled, Some(400))))
            .await;
    assert_eq!(outcome, Ok(()));
    assert!((Duration::from_secs(400)..Duration::from_secs(401)).contains(&took), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_pause_beyond_the_deadline_fails_at_once_and_says_why_and_how_long() {
    let unavailable =
        |problem: &str, attempts| GraphError::Unavailable { peer: lane(1).peer, problem: problem.to_owned(), attempts };
    let throttled = |seconds| GraphError::Throttled { peer: lane(1).peer, wait: Duration::from_secs(seconds) };
    for (nature, error, later) in [
        (Nature::Throttled, throttled(120), throttled(90)),
        (
            Nature::Unavailable("HTTP 503".to_owned()),
            unavailable("HTTP 503, asks for a pause of 120 s", 1),
            unavailable("HTTP 503, asks for a pause of 90 s", 0),
        ),
    ] {
        let pauses = Pauses::default();
        let fault = Cell::new(Some(passing(nature, Some(120))));
        let (outcome, attempts, took) = run(&pauses, 1, &Budget::of(Duration::from_mins(1)), |_| fault.take()).await;
        assert_eq!((outcome, attempts, took), (Err(error), 1, Duration::ZERO));

        tokio::time::advance(Duration::from_secs(30)).await;
        let (outcome, attempts, _) = run(&pauses, 1, &Budget::of(Duration::from_mins(1)), |_| None).await;
        assert_eq!((outcome, attempts), (Err(later), 0), "what the pause was for was forgotten");
    }
}

#[tokio::test(start_paused = true)]
async fn an_own_pause_beyond_the_deadline_is_not_begun() {
    let budget = Budget::of(Duration::from_secs(2));
    let (outcome, attempts, took) = run(&Pauses::default(), 1, &budget, |_| Some(server_error())).await;
    assert!(matches!(outcome, Err(GraphError::Unavailable { attempts: 1, .. })), "{outcome:?}");
    assert_eq!((attempts, took), (1, Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn one_tenants_throttling_pauses_that_tenant_only_also_for_later_calls() {
    let pauses = Pauses::default();
    let short = Budget::of(Duration::from_secs(10));
    let (outcome, ..) = run(&pauses, 1, &short, |_| Some(passing(Nature::Throttled, Some(30)))).await;
    assert!(matches!(outcome, Err(GraphError::Throttled { .. })), "{outcome:?}");

    let (outcome, attempts, took) = run(&pauses, 2, &short, |_| None).await;
    assert_eq!((outcome, attempts, took), (Ok(()), 1, Duration::ZERO), "another tenant waited");

    let (outcome, attempts, _) = run(&pauses, 1, &short, |_| None).await;
    assert!(matches!(outcome, Err(GraphError::Throttled { .. })), "{outcome:?}");
    assert_eq!(attempts, 0, "a call was sent during the pause");

    let (outcome, attempts, took) = run(&pauses, 1, &hour(), |_| None).await;
    assert_eq!((outcome, attempts), (Ok(()), 1));
    assert!(took >= Duration::from_secs(29), "{took:?}");
}

#[test]
fn the_pause_asked_for_is_read_as_seconds_or_as_a_date() {
    let now = DateTime::from_timestamp(784_111_777, 0).unwrap();
    let asked = |name: HeaderName, value: &'static str| {
        asked_pause(&HeaderMap::from_iter([(name, HeaderValue::from_static(value))]), now).map(|pause| pause.as_secs())
    };
    assert_eq!(asked(RETRY_AFTER, "17"), Some(17));
    assert_eq!(asked(RETRY_AFTER, " 17 "), Some(17));
    // 37 seconds after `now`, which is 08:49:37.
    assert_eq!(asked(RETRY_AFTER, "Sun, 06 Nov 1994 08:50:14 GMT"), Some(37));
    assert_eq!(asked(RETRY_AFTER, "Sun, 06 Nov 1994 08:49:00 GMT"), None);
    assert_eq!(asked(RETRY_AFTER, "0"), None);
    assert_eq!(asked(RETRY_AFTER, "-5"), None);
    assert_eq!(asked(RETRY_AFTER, "soon"), None);
    assert_eq!(asked(RATELIMIT_RESET, "9"), Some(9));
    assert_eq!(asked_pause(&HeaderMap::new(), now), None);
}

#[test]
fn the_longer_of_retry_after_and_rate_limit_reset_counts() {
    let pause = |retry_after: &'static str, reset: &'static str| {
        let headers = [(RETRY_AFTER, retry_after), (RATELIMIT_RESET, reset)];
        let headers = headers.map(|(name, value)| (name, HeaderValue::from_static(value)));
        asked_pause(&HeaderMap::from_iter(headers), DateTime::UNIX_EPOCH).map(|pause| pause.as_secs())
    };
    assert_eq!(pause("10", "31"), Some(31));
    assert_eq!(pause("31", "10"), Some(31));
}
