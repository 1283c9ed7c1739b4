//! Whatever happens to a container, the rest goes on, and what was promised is kept.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use leitwarte_tests::compose::docker;
use leitwarte_tests::services::Services;
use leitwarte_tests::wait::until;
use serde_json::{Value, json};

use crate::load::Load;
use crate::system::{RECORDER, System, TENANTS};
use crate::{LIMIT, left_out};

#[tokio::test(flavor = "multi_thread")]
async fn whatever_happens_to_a_container_no_acknowledged_event_is_lost() {
    if left_out() {
        return;
    }
    let system = Arc::new(System::start_with_recorder().await);
    let (load, tasks) = Load::start(&system);
    let began = Instant::now();
    until("a poll by hand", LIMIT, async || system.invoke("poll-tenant", "RequestResponse", &json!({})).await).await;
    until("the demo's tenants in the API", LIMIT, async || {
        system.tenants().await.filter(|read| *read == TENANTS.len())
    })
    .await;
    println!("polled through the proxy and shown after {} ms", began.elapsed().as_millis());
    system.works("the start", began).await;

    let services = [vec![RECORDER.to_owned()], Services::shipped().permanent()].concat();
    for service in &services {
        killed(&system, service).await;
    }
    hung(&system).await;
    cut_off(&system).await;
    for service in &services {
        stopped_and_started(&system, service).await;
    }
    replicated(&system).await;
    ticked(&system).await;
    load.judge(tasks, &system).await;
}

/// The process dies, as by a crash or for want of memory.
async fn killed(system: &System, service: &str) {
    let before = system.compose.processes(service).unwrap();
    system.compose.crash(service).unwrap();
    let began = Instant::now();
    system.works(&format!("{service} killed"), began).await;
    let replaced = async || {
        let now = system.compose.processes(service).ok()?;
        (now != before && now.iter().all(|pid| *pid != 0)).then_some(())
    };
    until(&format!("another process of {service}"), LIMIT, replaced).await;
}

/// A function hangs for good: its own watchdog ends the process, the engine starts another.
async fn hung(system: &System) {
    let before = system.compose.processes("recorder").unwrap();
    let began = Instant::now();
    let answer = system.invoke("recorder", "RequestResponse", &json!({ "do": "block" })).await.expect("an answer");
    assert!(answer.text().await.unwrap().contains("Task timed out after 3.00 seconds"));
    let replaced = async || system.compose.processes("recorder").ok().filter(|now| *now != before && !now.contains(&0));
    until("the process that hung to be replaced", LIMIT, replaced).await;
    system.works("recorder hung (its time-out of 3 s included)", began).await;
}

/// A network goes away until that is felt, and comes back.
async fn cut_off(system: &System) {
    let networks = [("runtime-recorder", "emulator", "emulator.recorder"), ("invoke", "gateway", "gateway")];
    for (network, service, alias) in networks {
        let container = system.compose.containers(service).unwrap().remove(0);
        let network = system.compose.network(network);
        docker(&["network", "disconnect", &network, &container]).unwrap();
        let felt = async || {
            let works = if service == "gateway" {
                system.rows().await.is_some()
            } else {
                system.call(&json!({})).await.is_some()
            };
            (!works).then_some(())
        };
        until(&format!("{service} to be cut off"), LIMIT, felt).await;
        docker(&["network", "connect", "--alias", alias, &network, &container]).unwrap();
        system.works(&format!("{service} was cut off and came back"), Instant::now()).await;
    }
}

/// One container after the other is stopped, as for an update, and started; meanwhile the others do their work.
async fn stopped_and_started(system: &System, service: &str) {
    system.compose.run(&["stop", service]).unwrap();
    match service {
        "emulator" => {}
        RECORDER => {
            let acknowledged = async || system.invoke("recorder", "Event", &json!({})).await;
            until("an event to be taken while its function is away", LIMIT, acknowledged).await;
        }
        _ => _ = until(&format!("calls without {service}"), LIMIT, async || system.call(&json!({})).await).await,
    }
    let began = Instant::now();
    system.compose.run(&["start", service]).unwrap();
    system.works(&format!("{service} stopped and started"), began).await;
}

/// Three processes of each function share its events.
async fn replicated(system: &System) {
    let up = ["up", "--detach", "--no-build", "--no-recreate"];
    let scale = ["--scale", "recorder=3", "--scale", "poll-tenant=3", "recorder", "poll-tenant"];
    system.compose.run(&[&up[..], &scale[..]].concat()).unwrap();
    let hosts = Mutex::new(HashSet::new());
    let spread = async || {
        let wait = json!({ "do": "wait" });
        for answer in futures::future::join_all((0..12).map(|_| system.call(&wait))).await.into_iter().flatten() {
            let answer: Value = answer.json().await.ok()?;
            hosts.lock().unwrap().insert(answer["host"].as_str()?.to_owned());
        }
        (hosts.lock().unwrap().len() == 3).then_some(())
    };
    until("three replicas of the recorder that share the load", LIMIT, spread).await;
    let replicas = system.compose.containers("poll-tenant").unwrap();
    assert_eq!(replicas.len(), 3);
    let spread = async || {
        // Four at a time are polled, the others are told that somebody polls the tenant already.
        let calls = (0..12).map(|number| system.poll(TENANTS[number % TENANTS.len()]));
        futures::future::join_all(calls).await;
        let took_part = |replica: &String| log(replica).iter().any(|line| line["span"]["request_id"].is_string());
        replicas.iter().all(took_part).then_some(())
    };
    until("three replicas of poll-tenant that share the polls", LIMIT, spread).await;
}

/// The timer fired, too: a poll of whoever was due, not of a tenant that was asked for by hand.
async fn ticked(system: &System) {
    let replicas = system.compose.containers("poll-tenant").unwrap();
    let by_itself = |line: &Value| line["message"] == "polled" && line.get("tenant").is_none();
    let tick = async || replicas.iter().any(|replica| log(replica).iter().any(by_itself)).then_some(());
    until("a tick of the timer", 2 * LIMIT, tick).await;
}

/// What a container logged.
fn log(container: &str) -> Vec<Value> {
    let lines = docker(&["logs", container]).unwrap_or_default();
    lines.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}
