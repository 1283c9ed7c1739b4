//! The timer against an Invoke API that records what it is asked, over real HTTP.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use leitwarte_host::invoke::InvokeClient;
use leitwarte_template::Template;
use leitwarte_timer::Pulse;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

const LIMIT: Duration = Duration::from_secs(20);

const TEMPLATE: &str = "
AWSTemplateFormatVersion: '2010-09-09'
Transform: AWS::Serverless-2016-10-31
Resources:
  Poll:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: poll
      Events:
        Tick: {Type: ScheduleV2, Properties: {Name: tick, ScheduleExpression: rate(1 day)}}
        Input: {Type: ScheduleV2, Properties: {Name: fixed, ScheduleExpression: rate(1 day), Input: '{\"a\": 1}'}}
        Off: {Type: ScheduleV2, Properties: {Name: off, ScheduleExpression: rate(1 day), State: DISABLED}}
";

#[derive(Debug)]
struct Fired {
    function: String,
    schedule: String,
    slot: i64,
    payload: Value,
}

/// An emulator as the timer sees it: it records slots and takes each once.
struct Emulator {
    slots: Mutex<BTreeMap<String, i64>>,
    refusals_left: Mutex<u32>,
    fired: mpsc::UnboundedSender<Fired>,
}

async fn invoke(
    State(emulator): State<Arc<Emulator>>,
    Path(function): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> impl IntoResponse {
    assert_eq!(headers["x-amz-invocation-type"], "Event");
    {
        let mut refusals = emulator.refusals_left.lock().unwrap();
        if *refusals > 0 {
            *refusals -= 1;
            return (StatusCode::SERVICE_UNAVAILABLE, HeaderMap::new(), "{}");
        }
    }
    let text = |name: &str| headers[name].to_str().unwrap().to_owned();
    let (schedule, slot) = (text("x-leitwarte-schedule"), text("x-leitwarte-slot").parse().unwrap());
    let mut slots = emulator.slots.lock().unwrap();
    let mut answer = HeaderMap::new();
    if slots.get(&schedule).is_some_and(|last| *last >= slot) {
        answer.insert("x-leitwarte-duplicate", "true".parse().unwrap());
    } else {
        slots.insert(schedule.clone(), slot);
        let payload = serde_json::from_slice(&body).unwrap();
        emulator.fired.send(Fired { function, schedule, slot, payload }).unwrap();
    }
    (StatusCode::ACCEPTED, answer, "")
}

async fn last_slot(State(emulator): State<Arc<Emulator>>, Path(name): Path<String>) -> Json<Value> {
    Json(json!({ "name": name, "last_slot_ms": emulator.slots.lock().unwrap().get(&name) }))
}

struct Setup {
    client: InvokeClient,
    template: Template,
    fired: mpsc::UnboundedReceiver<Fired>,
}

async fn setup(refusals: u32) -> Setup {
    let (sender, fired) = mpsc::unbounded_channel();
    let emulator = Arc::new(Emulator { slots: Mutex::default(), refusals_left: Mutex::new(refusals), fired: sender });
    let router = Router::new()
        .route("/2015-03-31/functions/{name}/invocations", post(invoke))
        .route("/host/schedules/{name}", get(last_slot))
        .with_state(emulator);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move { axum::serve(listener, router).await });
    let client = InvokeClient::new(&address, None).unwrap();
    Setup { client, template: Template::parse(TEMPLATE).unwrap(), fired }
}

/// Runs a timer until `count` slots were fired, then stops it.
async fn fire(setup: &mut Setup, count: usize) -> Vec<Fired> {
    let stop = CancellationToken::new();
    let pulse = Pulse::default();
    let timer = leitwarte_timer::run(&setup.template, &setup.client, "local-1", &pulse, &stop);
    let collect = async {
        let mut seen = Vec::new();
        while seen.len() < count {
            seen.push(setup.fired.recv().await.unwrap());
        }
        stop.cancel();
        seen
    };
    tokio::time::timeout(LIMIT, async { tokio::join!(timer, collect).1 }).await.expect("fired in time")
}

#[tokio::test]
async fn a_fresh_start_fires_every_rate_at_once_with_the_event_of_eventbridge() {
    let mut setup = setup(0).await;
    let mut fired = fire(&mut setup, 2).await;
    fired.sort_by(|a, b| a.schedule.cmp(&b.schedule));

    assert_eq!((fired[0].schedule.as_str(), &fired[0].payload), ("fixed", &json!({ "a": 1 })));
    let tick = &fired[1];
    assert_eq!((tick.function.as_str(), tick.schedule.as_str()), ("poll", "tick"));
    assert_eq!(tick.slot % 86_400_000, 0, "slots are multiples of the period");
    assert_eq!(tick.payload["source"], "aws.events");
    assert_eq!(tick.payload["detail-type"], "Scheduled Event");
    assert!(tick.payload["time"].as_str().unwrap().ends_with("T00:00:00Z"), "the time is the slot's");
}

#[tokio::test]
async fn a_second_timer_fires_no_slot_again() {
    let mut setup = setup(0).await;
    fire(&mut setup, 2).await;
    let stop = CancellationToken::new();
    let pulse = Pulse::default();
    let again = leitwarte_timer::run(&setup.template, &setup.client, "local-1", &pulse, &stop);
    let nothing = tokio::time::timeout(Duration::from_millis(300), async { tokio::join!(again, setup.fired.recv()) });
    assert!(nothing.await.is_err(), "a slot was fired twice");
}

#[tokio::test]
async fn an_emulator_that_refuses_for_a_while_gets_the_slot_when_it_works_again() {
    let mut setup = setup(3).await;
    assert_eq!(fire(&mut setup, 2).await.len(), 2);
}
