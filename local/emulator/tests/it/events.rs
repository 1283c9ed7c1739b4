//! Asynchronous events: kept, retried, given up, handed on. Everything here holds on every database.

use crate::common;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::common::database::Database;
use crate::common::{Host, Reply, eventually};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

/// Runs each of these tests, `async fn name(database: Database)`, on every database.
macro_rules! on_every_database {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test] async fn $name() { super::$name(crate::common::database::Database::Sqlite).await })+
        }
        mod postgres {
            $(#[tokio::test] async fn $name() { super::$name(crate::common::database::Database::postgres().await).await })+
        }
    };
}

on_every_database!(
    an_event_is_run_after_its_202,
    a_function_error_is_retried_twice_with_the_same_id_and_then_given_up,
    a_dead_letter_can_be_looked_at_run_again_and_forgotten,
    dead_letters_are_kept_for_a_while_and_the_newest_of_each_function,
    an_event_nobody_can_take_is_given_up_at_its_age,
    a_crash_counts_as_an_attempt,
    destinations_get_the_record_of_success_and_failure,
    destinations_that_lead_in_a_circle_end,
    a_slot_of_a_schedule_becomes_one_event_only,
    many_events_at_once_are_all_kept_and_all_run,
    pending_events_are_bounded,
    without_a_queue_events_are_refused_and_calls_go_on,
    what_operators_want_to_know_of_the_queue_is_in_the_metrics,
    text_that_no_database_can_hold_is_looked_for_in_vain,
);

const POLICY: &str = "EventInvokeConfig: {MaximumRetryAttempts: 2, MaximumEventAgeInSeconds: 3600}";

async fn an_event_is_run_after_its_202(database: Database) {
    let host = Host::on(&database, &[("work", "")], |_| ()).await;
    let id = host.caller.event("work", r#"{"n":1}"#).await;
    assert_eq!(host.caller.report("work").await["pending_async"], 1);
    let runtime = host.runtime("work");
    let event = runtime.next().await;
    assert_eq!((&event.id, event.json()), (&id, json!({"n": 1})));
    assert_eq!(runtime.answer(&event, "1").await, 202);
    eventually("it is finished", async || host.caller.report("work").await["pending_async"] == 0).await;
}

async fn a_function_error_is_retried_twice_with_the_same_id_and_then_given_up(database: Database) {
    let host = Host::on(&database, &[("work", POLICY)], |_| ()).await;
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

async fn a_dead_letter_can_be_looked_at_run_again_and_forgotten(database: Database) {
    let host = Host::on(&database, &[("work", "EventInvokeConfig: {MaximumRetryAttempts: 0}")], |_| ()).await;
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

async fn dead_letters_are_kept_for_a_while_and_the_newest_of_each_function(database: Database) {
    let host = Host::on(&database, &[("work", "")], |config| {
        config.limits.dead_letters_kept = Duration::from_hours(24);
        config.limits.dead_letters_per_function = 2;
        config.limits.dead_letters_look_every = Duration::from_millis(50);
    })
    .await;
    let day_ms = 24 * 60 * 60 * 1000;
    let now_ms = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap();
    let letter = |(id, function, age_ms): (&str, &str, i64)| {
        format!("('{id}', '{id}', '{function}', '{{}}', 0, {}, 3, 'RetriesExhausted')", now_ms - age_ms)
    };
    let letters = [
        ("01", "other", day_ms + 60_000),
        ("02", "other", day_ms - 60_000),
        ("03", "work", 3),
        ("04", "work", 2),
        ("05", "work", 1),
    ];
    let sql = format!(
        "INSERT INTO dead_letters (id, request_id, function_name, payload, accepted_at_ms, dead_at_ms, attempts, reason) \
         VALUES {}",
        letters.map(letter).join(", ")
    );
    database.execute(&host.folder.path().join("data"), &sql).await;
    let kept = async || -> Vec<String> {
        let letters = host.caller.dead_letters().await;
        letters.iter().map(|letter| letter["id"].as_str().unwrap().to_owned()).collect()
    };
    eventually("old ones and too many are forgotten", async || kept().await == ["05", "04", "02"]).await;
}

async fn an_event_nobody_can_take_is_given_up_at_its_age(database: Database) {
    // The youngest age a template allows is a minute: let the event be accepted by an emulator whose clock it passed.
    let host = Host::on(&database, &[("work", "EventInvokeConfig: {MaximumEventAgeInSeconds: 60}")], |_| ()).await;
    host.caller.event("work", "1").await;
    let folder = host.stop().await;
    database.execute(&folder.path().join("data"), "UPDATE events SET expires_at_ms = 1").await;
    let host = Host::again(folder, &[("work", "")], false, |config| database.configure(config)).await;
    eventually("it is given up", async || !host.caller.dead_letters().await.is_empty()).await;
    let letter = host.caller.dead_letters().await.remove(0);
    assert_eq!(
        (&letter["reason"], &letter["attempts"], &letter["error"]),
        (&json!("EventAgeExceeded"), &json!(0), &Value::Null)
    );
}

async fn a_crash_counts_as_an_attempt(database: Database) {
    let host = Host::on(&database, &[("work", POLICY)], |config| config.limits.crash_grace = Duration::ZERO).await;
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

async fn destinations_get_the_record_of_success_and_failure(database: Database) {
    let policy = "EventInvokeConfig:\n  MaximumRetryAttempts: 0\n  DestinationConfig:\n    \
                  OnSuccess: {Type: Lambda, Destination: !GetAtt good.Arn}\n    \
                  OnFailure: {Type: Lambda, Destination: !GetAtt bad.Arn}";
    let host = Host::on(&database, &[("work", policy), ("good", ""), ("bad", "")], |_| ()).await;
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

async fn destinations_that_lead_in_a_circle_end(database: Database) {
    let policy = "EventInvokeConfig: {DestinationConfig: {OnSuccess: {Type: Lambda, Destination: !GetAtt work.Arn}}}";
    let host = Host::on(&database, &[("work", policy)], |_| ()).await;
    host.caller.event("work", "1").await;
    let runtime = host.runtime("work");
    for _ in 0..=16 {
        let event = runtime.next().await;
        runtime.answer(&event, "1").await;
    }
    eventually("nothing is left", async || host.caller.report("work").await["pending_async"] == 0).await;
}

async fn a_slot_of_a_schedule_becomes_one_event_only(database: Database) {
    let host = Host::on(&database, &[("work", "")], |_| ()).await;
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

async fn many_events_at_once_are_all_kept_and_all_run(database: Database) {
    let host = Host::on(&database, &[("work", "")], |_| ()).await;
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

async fn pending_events_are_bounded(database: Database) {
    let host = Host::on(&database, &[("work", "")], |config| config.limits.pending_events = 2).await;
    host.caller.event("work", "1").await;
    host.caller.event("work", "2").await;
    let reply = host.caller.post("work", &[("x-amz-invocation-type", "Event")], "3").await;
    assert_eq!((reply.status, reply.error_type()), (429, "TooManyRequestsException"));
    assert_eq!(host.caller.report("work").await["pending_async"], 2);
}

async fn without_a_queue_events_are_refused_and_calls_go_on(database: Database) {
    let host = Host::on(&database, &[("work", "")], |_| ()).await;
    host.runtime("work").echo();
    // Stands for a full disk: no event can be written any more.
    database.execute(&host.folder.path().join("data"), "ALTER TABLE events RENAME TO gone").await;
    let reply = host.caller.post("work", &[("x-amz-invocation-type", "Event")], "1").await;
    assert_eq!((reply.status, reply.error_type()), (500, "ServiceException"));
    assert_eq!(host.caller.invoke("work", "1").await.status, 200);
}

/// On a shared queue such an event is not even taken: see `a_busy_emulator_leaves_events_to_others`.
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

async fn what_operators_want_to_know_of_the_queue_is_in_the_metrics(database: Database) {
    let functions = [("work", "EventInvokeConfig: {MaximumRetryAttempts: 0}"), ("idle", "")];
    let host = Host::on(&database, &functions, |_| ()).await;
    let value = async |metric: &str| -> String {
        let text = host.metrics("/metrics").await.1;
        let line = text.lines().find_map(|line| line.strip_prefix(metric)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no {metric} in:\n{text}")).to_owned()
    };
    let oldest = r#"emulator_events_oldest_due_seconds{function="work"}"#;
    assert_eq!((value(oldest).await.as_str(), value("emulator_queue_readable").await.as_str()), ("0", "1"));
    host.caller.event("work", "1").await;
    let data = host.folder.path().join("data");
    database.execute(&data, "UPDATE events SET next_attempt_at_ms = next_attempt_at_ms - 90000").await;
    let age: f64 = value(oldest).await.parse().unwrap();
    assert!((90.0..120.0).contains(&age), "{age}");
    assert_eq!(value(r#"emulator_events_oldest_due_seconds{function="idle"}"#).await, "0");

    let runtime = host.runtime("work");
    let event = runtime.next().await;
    assert_eq!(value(oldest).await, "0", "it waits no more");
    runtime.fail(&event, "Broken").await;
    let dead = r#"emulator_dead_letters{function="work"}"#;
    eventually("it is given up", async || value(dead).await == "1").await;

    assert_eq!(value("emulator_queue_write_errors_total").await, "0");
    database.execute(&data, "ALTER TABLE events RENAME TO gone").await;
    assert_eq!(host.caller.post("work", &[("x-amz-invocation-type", "Event")], "1").await.status, 500);
    assert_ne!(value("emulator_queue_write_errors_total").await, "0");
    assert_eq!(value("emulator_queue_readable").await, "0");
    assert_eq!(value("emulator_takeovers_total").await, "0");
}

async fn text_that_no_database_can_hold_is_looked_for_in_vain(database: Database) {
    let host = Host::on(&database, &[("work", "")], |_| ()).await;
    assert_eq!(host.caller.get("/host/dead-letters/%00").await.status, 404);
    assert_eq!(host.caller.get("/host/dead-letters?after=%00").await.status, 200);
    assert_eq!(host.caller.get("/host/schedules/%00").await.status, 200);

    let context = BASE64_STANDARD.encode(r#"{"custom":"\u0000"}"#);
    let headers = [("x-amz-invocation-type", "Event"), ("x-amz-client-context", context.as_str())];
    let event = r#"{"escaped":"\u0000"}"#;
    assert_eq!(host.caller.post("work", &headers, event).await.status, 202);
    let got = host.runtime("work").next().await;
    assert_eq!(String::from_utf8_lossy(&got.body), event);
    assert_eq!(got.headers["lambda-runtime-client-context"], r#"{"custom":"\u0000"}"#);
}
