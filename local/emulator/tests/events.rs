//! Asynchronous events: kept, retried, given up, handed on.

mod common;

use std::time::Duration;

use common::{Host, Reply, eventually};
use serde_json::{Value, json};

const POLICY: &str = "EventInvokeConfig: {MaximumRetryAttempts: 2, MaximumEventAgeInSeconds: 3600}";

#[tokio::test]
async fn an_event_is_run_after_its_202() {
    let host = Host::start(&[("work", "")]).await;
    let id = host.caller.event("work", r#"{"n":1}"#).await;
    assert_eq!(host.caller.report("work").await["pending_async"], 1);
    let runtime = host.runtime("work");
    let event = runtime.next().await;
    assert_eq!((&event.id, event.json()), (&id, json!({"n": 1})));
    assert_eq!(runtime.answer(&event, "1").await, 202);
    eventually("it is finished", async || host.caller.report("work").await["pending_async"] == 0).await;
}

#[tokio::test]
async fn a_function_error_is_retried_twice_with_the_same_id_and_then_given_up() {
    let host = Host::start(&[("work", POLICY)]).await;
    let id = host.caller.event("work", r#"{"n":1}"#).await;
    let runtime = host.runtime("work");
    let mut attempts = Vec::new();
    for _ in 0..3 {
        let event = runtime.next().await;
        assert_eq!(event.id, id);
        attempts.push(event.attempt().to_owned());
        runtime.fail(&event, "Broken").await;
    }
    attempts.dedup();
    assert_eq!(attempts.len(), 3, "each attempt can be told from the others");
    eventually("it is given up", async || !host.caller.dead_letters().await.is_empty()).await;
    let letter = host.caller.dead_letters().await.remove(0);
    assert_eq!(letter["request_id"], json!(id));
    assert_eq!(
        (&letter["function"], &letter["reason"], &letter["attempts"]),
        (&json!("work"), &json!("RetriesExhausted"), &json!(3))
    );
    assert_eq!(letter["error"], json!({"errorType": "Broken", "errorMessage": "as asked"}));
    assert_eq!(host.caller.report("work").await["pending_async"], 0);
}

#[tokio::test]
async fn a_dead_letter_can_be_looked_at_run_again_and_forgotten() {
    let host = Host::start(&[("work", "EventInvokeConfig: {MaximumRetryAttempts: 0}")]).await;
    let runtime = host.runtime("work");
    for n in 0..2 {
        host.caller.event("work", n.to_string()).await;
        let event = runtime.next().await;
        runtime.fail(&event, "Broken").await;
        eventually("it is given up", async || host.caller.dead_letters().await.len() == n + 1).await;
    }
    let letters = host.caller.dead_letters().await;
    let id = |index: usize| letters[index]["id"].as_str().unwrap().to_owned();
    let page = host.caller.get(&format!("/host/dead-letters?limit=1&after={}", id(0))).await.json();
    assert_eq!(page["dead_letters"][0]["id"], id(1).as_str(), "newest first, page by page");
    assert_eq!(host.caller.get(&format!("/host/dead-letters/{}", id(0))).await.json()["payload"], 1);

    let redriven = host.caller.http.post(format!("{}/host/dead-letters/{}/redrive", host.caller.base, id(0)));
    let redriven = common::reply(redriven).await;
    assert_eq!(redriven.status, 202);
    let event = runtime.next().await;
    assert_eq!(redriven.json()["request_id"], event.id.as_str());
    assert_ne!(letters[0]["request_id"], event.id.as_str(), "a new request");
    assert_eq!(event.json(), json!(1));
    runtime.answer(&event, "1").await;

    let url = format!("{}/host/dead-letters/{}", host.caller.base, id(1));
    assert_eq!(common::reply(host.caller.http.delete(&url)).await.status, 204);
    let gone = common::reply(host.caller.http.delete(&url)).await;
    assert_eq!((gone.status, gone.error_type()), (404, "ResourceNotFoundException"));
    assert!(host.caller.dead_letters().await.is_empty());
}

#[tokio::test]
async fn an_event_nobody_can_take_is_given_up_at_its_age() {
    // The youngest age a template allows is a minute: let the event be accepted by an emulator whose clock it passed.
    let host = Host::start(&[("work", "EventInvokeConfig: {MaximumEventAgeInSeconds: 60}")]).await;
    host.caller.event("work", "1").await;
    let folder = host.stop().await;
    age_all_events(&folder.path().join("data/queue.db")).await;
    let host = Host::again(folder, &[("work", "")], false, |_| ()).await;
    eventually("it is given up", async || !host.caller.dead_letters().await.is_empty()).await;
    let letter = host.caller.dead_letters().await.remove(0);
    assert_eq!(
        (&letter["reason"], &letter["attempts"], &letter["error"]),
        (&json!("EventAgeExceeded"), &json!(0), &Value::Null)
    );
}

async fn age_all_events(queue: &std::path::Path) {
    sqlx::any::install_default_drivers();
    let pool = sqlx::AnyPool::connect(&format!("sqlite://{}", queue.display())).await.unwrap();
    sqlx::query("UPDATE events SET expires_at_ms = 1").execute(&pool).await.unwrap();
    pool.close().await;
}

#[tokio::test]
async fn a_crash_counts_as_an_attempt() {
    let host = Host::with(&[("work", POLICY)], false, |config| config.limits.crash_grace = Duration::ZERO).await;
    let id = host.caller.event("work", "1").await;
    let crashing = host.runtime("work");
    assert_eq!(crashing.next().await.id, id);
    drop(crashing);
    let runtime = host.runtime("work");
    let event = runtime.next().await;
    assert_eq!(event.id, id);
    runtime.answer(&event, "1").await;
    eventually("it is finished", async || host.caller.report("work").await["pending_async"] == 0).await;
}

#[tokio::test]
async fn destinations_get_the_record_of_success_and_failure() {
    let policy = "EventInvokeConfig:\n  MaximumRetryAttempts: 0\n  DestinationConfig:\n    \
                  OnSuccess: {Type: Lambda, Destination: !GetAtt good.Arn}\n    \
                  OnFailure: {Type: Lambda, Destination: !GetAtt bad.Arn}";
    let host = Host::start(&[("work", policy), ("good", ""), ("bad", "")]).await;
    let (work, good, bad) = (host.runtime("work"), host.runtime("good"), host.runtime("bad"));

    let id = host.caller.event("work", r#"{"n":1}"#).await;
    let event = work.next().await;
    work.answer(&event, r#"{"stored":1}"#).await;
    let record = good.next().await;
    let document = record.json();
    assert_eq!(document["requestContext"]["requestId"], json!(id));
    assert_eq!(document["requestContext"]["condition"], "Success");
    assert_eq!(document["requestContext"]["functionArn"], "arn:aws:lambda:local-1:000000000000:function:work:$LATEST");
    assert_eq!((&document["requestPayload"], &document["responsePayload"]), (&json!({"n": 1}), &json!({"stored": 1})));
    good.answer(&record, "1").await;

    host.caller.event("work", r#"{"n":2}"#).await;
    let event = work.next().await;
    work.fail(&event, "Broken").await;
    let record = bad.next().await;
    let document = record.json();
    assert_eq!(document["requestContext"]["condition"], "RetriesExhausted");
    assert_eq!(document["responseContext"]["functionError"], "Unhandled");
    assert_eq!(document["responsePayload"]["errorType"], "Broken");
    bad.answer(&record, "1").await;
    assert_eq!(host.caller.dead_letters().await.len(), 1, "a failure is kept for operators, too");
}

#[tokio::test]
async fn destinations_that_lead_in_a_circle_end() {
    let policy = "EventInvokeConfig: {DestinationConfig: {OnSuccess: {Type: Lambda, Destination: !GetAtt work.Arn}}}";
    let host = Host::start(&[("work", policy)]).await;
    host.caller.event("work", "1").await;
    let runtime = host.runtime("work");
    for _ in 0..=16 {
        let event = runtime.next().await;
        runtime.answer(&event, "1").await;
    }
    eventually("nothing is left", async || host.caller.report("work").await["pending_async"] == 0).await;
}

#[tokio::test]
async fn a_slot_of_a_schedule_becomes_one_event_only() {
    let host = Host::start(&[("work", "")]).await;
    let fire = async |slot: &str| -> Reply {
        let headers =
            [("x-amz-invocation-type", "Event"), ("x-leitwarte-schedule", "tick"), ("x-leitwarte-slot", slot)];
        host.caller.post("work", &headers, "{}").await
    };
    let last = async || host.caller.get("/host/schedules/tick").await.json();
    assert_eq!(last().await, json!({"name": "tick", "last_slot_ms": null}));
    for (slot, duplicate) in [("60000", ""), ("60000", "true"), ("120000", ""), ("60000", "true")] {
        let reply = fire(slot).await;
        assert_eq!((reply.status, reply.header("x-leitwarte-duplicate")), (202, duplicate), "{slot}");
    }
    assert_eq!(last().await, json!({"name": "tick", "last_slot_ms": 120_000}));

    // A slot of the far future was fired under a clock that has been set back since: it does not silence the schedule.
    let future = "32503680000000";
    for (slot, duplicate) in [(future, ""), ("180000", ""), ("120000", "true")] {
        let reply = fire(slot).await;
        assert_eq!((reply.status, reply.header("x-leitwarte-duplicate")), (202, duplicate), "{slot}");
    }
    assert_eq!(last().await, json!({"name": "tick", "last_slot_ms": 180_000}));
    assert_eq!(host.caller.report("work").await["pending_async"], 4);
    assert_eq!(fire("soon").await.status, 400);
}

#[tokio::test]
async fn many_events_at_once_are_all_kept_and_all_run() {
    let host = Host::start(&[("work", "")]).await;
    let senders: Vec<_> = (0..500)
        .map(|n: i32| {
            let caller = host.caller.clone();
            tokio::spawn(async move { caller.event("work", n.to_string()).await })
        })
        .collect();
    let mut sent = Vec::new();
    for sender in senders {
        sent.push(sender.await.unwrap());
    }
    let runtime = host.runtime("work");
    let mut ran = Vec::new();
    for _ in 0..500 {
        let event = runtime.next().await;
        runtime.answer(&event, "1").await;
        ran.push(event.id);
    }
    sent.sort();
    ran.sort();
    assert_eq!(ran, sent);
}

#[tokio::test]
async fn pending_events_are_bounded() {
    let host = Host::with(&[("work", "")], false, |config| config.limits.pending_events = 2).await;
    host.caller.event("work", "1").await;
    host.caller.event("work", "2").await;
    let reply = host.caller.post("work", &[("x-amz-invocation-type", "Event")], "3").await;
    assert_eq!((reply.status, reply.error_type()), (429, "TooManyRequestsException"));
    assert_eq!(host.caller.report("work").await["pending_async"], 2);
}

#[tokio::test]
async fn without_a_queue_events_are_refused_and_calls_go_on() {
    let host = Host::start(&[("work", "")]).await;
    host.runtime("work").echo();
    break_queue(&host.folder.path().join("data/queue.db")).await;
    let reply = host.caller.post("work", &[("x-amz-invocation-type", "Event")], "1").await;
    assert_eq!((reply.status, reply.error_type()), (500, "ServiceException"));
    assert_eq!(host.caller.invoke("work", "1").await.status, 200);
}

/// Stands for a full disk: no row can be written any more.
async fn break_queue(queue: &std::path::Path) {
    sqlx::any::install_default_drivers();
    let pool = sqlx::AnyPool::connect(&format!("sqlite://{}", queue.display())).await.unwrap();
    let trigger = "CREATE TRIGGER full BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'disk full'); END";
    sqlx::query(trigger).execute(&pool).await.unwrap();
    pool.close().await;
}

#[tokio::test]
async fn an_event_that_no_process_took_in_time_is_tried_again_without_counting_as_attempt() {
    let host = Host::with(&[("work", "EventInvokeConfig: {MaximumRetryAttempts: 0}")], false, |config| {
        config.limits.process_wait = Duration::from_millis(50);
    })
    .await;
    let busy = host.runtime("work");
    let call = tokio::spawn({
        let caller = host.caller.clone();
        async move { caller.invoke("work", "1").await }
    });
    busy.next().await;
    let id = host.caller.event("work", "2").await;
    eventually("the event is next", async || host.caller.report("work").await["queued"] == 1).await;
    drop(busy);
    let throttled = "emulator_invocations_total{function=\"work\",outcome=\"throttle\"} 1\n";
    eventually("it waited in vain", async || host.metrics("/metrics").await.1.contains(throttled)).await;
    call.await.unwrap();

    let runtime = host.runtime("work");
    let event = runtime.next().await;
    assert_eq!(event.id, id);
    runtime.answer(&event, "1").await;
    eventually("it is finished", async || host.caller.report("work").await["pending_async"] == 0).await;
    assert!(host.caller.dead_letters().await.is_empty());
}
