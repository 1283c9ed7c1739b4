//! Events and calls without end, and what became of them.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use leitwarte_tests::wait::until;
use serde_json::json;
use tokio::task::JoinSet;

use crate::system::System;

/// The first run and two retries, and one more for a host that died between a run and noting it.
const MOST_RUNS: usize = 4;
/// A run that was killed is tried again after a minute, and after two more.
const UNTIL_ALL_RAN: Duration = Duration::from_mins(4);

#[derive(Default)]
pub(crate) struct Load {
    /// Request ids of events that were acknowledged.
    acknowledged: Mutex<Vec<String>>,
    /// Request ids of calls that were answered well.
    answered: Mutex<Vec<String>>,
    failed_calls: AtomicUsize,
    stop: AtomicBool,
}

impl Load {
    pub(crate) fn start(system: &Arc<System>) -> (Arc<Self>, JoinSet<()>) {
        let load = Arc::new(Self::default());
        let mut tasks = JoinSet::new();
        tasks.spawn(Arc::clone(&load).send_events(Arc::clone(system)));
        tasks.spawn(Arc::clone(&load).call(Arc::clone(system)));
        (load, tasks)
    }

    async fn send_events(self: Arc<Self>, system: Arc<System>) {
        while !self.stop.load(Ordering::Relaxed) {
            if let Some(answer) = system.invoke("recorder", "Event", &json!({})).await {
                self.acknowledged.lock().unwrap().push(request_id(&answer));
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn call(self: Arc<Self>, system: Arc<System>) {
        for number in 0.. {
            if self.stop.load(Ordering::Relaxed) {
                return;
            }
            match system.call(&json!({ "call": number })).await {
                Some(answer) => self.answered.lock().unwrap().push(request_id(&answer)),
                None => _ = self.failed_calls.fetch_add(1, Ordering::Relaxed),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Ends it, and compares what was promised with what the function noted.
    pub(crate) async fn judge(&self, tasks: JoinSet<()>, system: &System) {
        self.stop.store(true, Ordering::Relaxed);
        tasks.join_all().await;
        let take = |ids: &Mutex<Vec<String>>| std::mem::take(&mut *ids.lock().unwrap());
        let (acknowledged, answered) = (take(&self.acknowledged), take(&self.answered));
        let recorder = system.compose.containers("recorder").unwrap().remove(0);
        let noted = || system.compose.file(&recorder, "/data/runs").unwrap_or_default();
        let missing = async || {
            let noted = noted();
            let ran: HashSet<&str> = noted.lines().filter_map(|line| line.split(' ').next()).collect();
            acknowledged.iter().all(|id| ran.contains(id.as_str())).then_some(())
        };
        until("every acknowledged event to run", UNTIL_ALL_RAN, missing).await;

        let noted = noted();
        let (mut events, mut calls) = (HashMap::<&str, usize>::new(), HashMap::<&str, usize>::new());
        for (id, event) in noted.lines().filter_map(|line| line.split_once(' ')) {
            *if event.contains("call") { &mut calls } else { &mut events }.entry(id).or_default() += 1;
        }
        let most = events.values().copied().max().unwrap_or_default();
        assert!(most <= MOST_RUNS, "an event ran {most} times");
        assert!(calls.values().all(|runs| *runs == 1), "a call ran more than once");
        assert!(answered.iter().all(|id| calls.contains_key(id.as_str())), "a call was answered by nobody");
        let repeated = events.values().filter(|runs| **runs > 1).count();
        println!(
            "{} events acknowledged: all ran, {repeated} of them more than once, none more than {most} times; \
             {} calls answered, {} failed, none ran twice",
            acknowledged.len(),
            answered.len(),
            self.failed_calls.load(Ordering::Relaxed)
        );
    }
}

fn request_id(answer: &reqwest::Response) -> String {
    answer.headers()["x-amzn-requestid"].to_str().unwrap().to_owned()
}
