//! What must happen when functions or callers fail; functions connect by themselves here, as in containers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::common::{Host, SOON, eventually};
use futures::{StreamExt as _, stream};
use leitwarte_emulator::Config;
use serde_json::json;
use tokio::time::{Instant, timeout};

#[tokio::test]
async fn a_function_that_dies_mid_call_is_noticed_at_once() {
    let host = Host::start(&[("echo", "Timeout: 60")]).await;
    let runtime = host.runtime("echo");
    let caller = host.caller.clone();
    let call = tokio::spawn(async move { caller.invoke("echo", "{}").await });
    let event = runtime.next().await;
    let died = Instant::now();
    drop(runtime);
    let reply = timeout(SOON, call).await.expect("long before the timeout").unwrap();
    assert!(died.elapsed() < Duration::from_secs(5));
    assert_eq!((reply.status, reply.header("x-amz-function-error")), (200, "Unhandled"));
    assert_eq!(
        reply.json(),
        json!({
            "errorType": "Runtime.ExitError",
            "errorMessage": format!("RequestId: {} Error: Runtime exited with error: connection closed", event.id),
        })
    );
    assert_eq!(host.caller.report("echo").await["in_flight"], 0, "and it is not run again");
}

#[tokio::test]
async fn another_open_connection_of_the_process_shows_that_it_lives() {
    let host = Host::with(&[("echo", "Timeout: 60")], false, |config| config.limits.crash_grace = Duration::ZERO).await;
    let (taker, sibling) = (host.runtime("echo"), host.runtime("echo"));
    let caller = host.caller.clone();
    let call = tokio::spawn(async move { caller.invoke("echo", "{}").await });
    let event = taker.next().await;
    let idle = tokio::spawn({
        let sibling = sibling.clone();
        async move { sibling.next().await }
    });
    eventually("two connections", async || host.caller.report("echo").await["connected"] == 2).await;
    drop(taker);
    eventually("one connection", async || host.caller.report("echo").await["connected"] == 1).await;
    assert_eq!(sibling.answer(&event, "\"alive\"").await, 202);
    assert_eq!(call.await.unwrap().json(), json!("alive"));
    idle.abort();
}

#[tokio::test]
async fn a_client_that_connects_for_each_request_is_believed_after_its_first_late_answer() {
    let host = Host::with(&[("echo", "Timeout: 60")], false, |config| config.limits.crash_grace = Duration::ZERO).await;
    for (round, expected) in [(0, 410), (1, 202)] {
        let taker = host.runtime("echo");
        let caller = host.caller.clone();
        let call = tokio::spawn(async move { caller.invoke("echo", "{}").await });
        let event = taker.next().await;
        drop(taker);
        eventually("no connection", async || host.caller.report("echo").await["connected"] == 0).await;
        if round == 0 {
            eventually("given up", async || host.caller.report("echo").await["in_flight"] == 0).await;
        }
        assert_eq!(host.runtime("echo").answer(&event, "1").await, expected);
        call.await.unwrap();
    }
}

#[tokio::test]
async fn a_call_past_its_timeout_is_ended_and_the_late_answer_is_gone() {
    let host = Host::start(&[("slow", "Timeout: 1")]).await;
    let runtime = host.runtime("slow");
    let caller = host.caller.clone();
    let call = tokio::spawn(async move { caller.invoke("slow", "{}").await });
    let event = runtime.next().await;
    let started = Instant::now();
    let reply = call.await.unwrap();
    assert!((Duration::from_millis(800)..Duration::from_secs(5)).contains(&started.elapsed()));
    assert_eq!((reply.status, reply.header("x-amz-function-error")), (200, "Unhandled"));
    let message = reply.json()["errorMessage"].as_str().unwrap().to_owned();
    assert!(message.ends_with(&format!(" {} Task timed out after 1.00 seconds", event.id)), "{message}");
    assert_eq!(runtime.answer(&event, "\"late\"").await, 410);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_calls_to_a_function_that_is_down_do_not_slow_another() {
    leitwarte_host::limits::raise_open_files();
    let patient = |config: &mut Config| config.limits.process_wait = Duration::from_mins(1);
    let host = Host::with(&[("down", ""), ("echo", "")], false, patient).await;
    host.runtime("echo").echo();
    host.caller.invoke("echo", "{}").await;

    let (count, refused) = (Arc::new(AtomicU32::new(0)), 9000);
    let flood = tokio::spawn({
        let (caller, count) = (host.caller.clone(), Arc::clone(&count));
        let call = move |_| {
            let (caller, count) = (caller.clone(), Arc::clone(&count));
            async move {
                let reply = caller.invoke("down", "{}").await;
                if reply.status == 429 {
                    assert_eq!(reply.error_type(), "TooManyRequestsException");
                    assert_eq!(reply.json()["Reason"], "ReservedFunctionConcurrentInvocationLimitExceeded");
                    count.fetch_add(1, Ordering::Relaxed);
                }
                reply.status
            }
        };
        stream::iter(0..10_000).map(call).buffer_unordered(3000).collect::<Vec<_>>()
    });
    eventually("the rest is refused", async || count.load(Ordering::Relaxed) == refused).await;
    assert_eq!(host.caller.report("down").await["queued"], 1000);
    for _ in 0..20 {
        let started = Instant::now();
        assert_eq!(host.caller.invoke("echo", "{}").await.status, 200);
        assert!(started.elapsed() < Duration::from_millis(250), "{:?}", started.elapsed());
    }

    host.runtime("down").echo();
    let statuses = timeout(SOON, flood).await.expect("those who waited are served").unwrap();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1000);
}

#[tokio::test]
async fn nobody_waits_longer_for_a_function_that_is_down_than_agreed() {
    let brief = |config: &mut Config| config.limits.process_wait = Duration::from_millis(50);
    let host = Host::with(&[("down", "Timeout: 900")], false, brief).await;
    let reply = timeout(SOON, host.caller.invoke("down", "{}")).await.expect("an answer");
    assert_eq!((reply.status, reply.error_type()), (429, "TooManyRequestsException"));
}

#[tokio::test]
async fn a_caller_that_leaves_while_queued_is_never_served() {
    let host = Host::start(&[("echo", "")]).await;
    let leaving = tokio::spawn({
        let caller = host.caller.clone();
        async move { caller.invoke("echo", "\"left\"").await }
    });
    eventually("it is queued", async || host.caller.report("echo").await["queued"] == 1).await;
    leaving.abort();
    let _ = leaving.await;
    let staying = tokio::spawn({
        let caller = host.caller.clone();
        async move { caller.invoke("echo", "\"stayed\"").await }
    });
    let runtime = host.runtime("echo");
    let event = runtime.next().await;
    assert_eq!(event.json(), json!("stayed"));
    runtime.answer(&event, "1").await;
    staying.await.unwrap();
}

#[tokio::test]
async fn a_call_goes_on_when_its_caller_leaves_after_the_start() {
    let host = Host::start(&[("echo", "")]).await;
    let runtime = host.runtime("echo");
    let leaving = tokio::spawn({
        let caller = host.caller.clone();
        async move { caller.invoke("echo", "{}").await }
    });
    let event = runtime.next().await;
    leaving.abort();
    let _ = leaving.await;
    assert_eq!(runtime.answer(&event, "1").await, 202);
}

#[tokio::test]
async fn an_event_on_its_way_to_a_process_that_hangs_up_goes_to_the_next_one() {
    let host = Host::start(&[("echo", "")]).await;
    let leaving = host.runtime("echo");
    let waiting = tokio::spawn(async move { leaving.next().await });
    eventually("it waits for work", async || host.caller.report("echo").await["connected"] == 1).await;
    waiting.abort();
    let _ = waiting.await;
    let call = tokio::spawn({
        let caller = host.caller.clone();
        async move { caller.invoke("echo", "7").await }
    });
    host.runtime("echo").echo();
    let reply = timeout(SOON, call).await.expect("an answer").unwrap();
    assert_eq!(reply.json(), json!(7));
}

#[tokio::test]
async fn an_init_error_reaches_the_waiters_of_that_function_only() {
    let host = Host::start(&[("broken", ""), ("echo", "")]).await;
    host.runtime("echo").echo();
    let call = tokio::spawn({
        let caller = host.caller.clone();
        async move { caller.invoke("broken", "{}").await }
    });
    eventually("it is queued", async || host.caller.report("broken").await["queued"] == 1).await;
    assert_eq!(host.runtime("broken").init_error("Runtime.ImportModuleError").await, 202);
    let reply = call.await.unwrap();
    assert_eq!((reply.status, reply.header("x-amz-function-error")), (200, "Unhandled"));
    assert_eq!(reply.json()["errorType"], "Runtime.ImportModuleError");
    let report = host.caller.report("broken").await;
    assert_eq!(report["state"], "down");
    assert_eq!(report["last_error"], "Runtime.ImportModuleError: as asked");
    assert_eq!(host.caller.invoke("echo", "{}").await.status, 200);
}

#[tokio::test]
async fn stopping_finishes_what_runs_and_refuses_what_is_new() {
    let host = Host::start(&[("echo", "Timeout: 30")]).await;
    let runtime = host.runtime("echo");
    let caller = host.caller.clone();
    let call = tokio::spawn({
        let caller = caller.clone();
        async move { caller.invoke("echo", "{}").await }
    });
    let event = runtime.next().await;
    let stopping = tokio::spawn(host.stop());
    eventually("new calls are refused", async || caller.dry_run("echo").await == 503).await;
    assert_eq!(runtime.answer(&event, "\"done\"").await, 202);
    assert_eq!(call.await.unwrap().json(), json!("done"));
    timeout(SOON, stopping).await.expect("the emulator stops").unwrap();
}
