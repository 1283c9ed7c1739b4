//! People and programs that use the system all the time, and what they see of it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::Result;
use leitwarte_tests::wait::until;
use tokio::task::{JoinSet, spawn_blocking};

use crate::cluster::{Cluster, REPLICAS, Task};

/// How long anything may take to come back.
pub(crate) const LIMIT: Duration = Duration::from_mins(1);
const SENDERS: usize = 4;
/// Some take long enough that whoever is killed is at work on one.
const EVENTS: [&str; 3] = ["{}", "{}", r#"{"do":"wait"}"#];
const BETWEEN_EVENTS: Duration = Duration::from_millis(100);
const BETWEEN_READS: Duration = Duration::from_millis(100);
/// Containers get other ports when they are replaced.
const LOOK_FOR_PORTS_EVERY: Duration = Duration::from_millis(500);
/// Answers in a row after which a way through the system counts as whole: gateways choose among the emulators.
const IN_A_ROW: usize = 4 * REPLICAS;

/// Asynchronous events and reads through the gateways, without end.
pub(crate) struct Load {
    cluster: Arc<Cluster>,
    http: reqwest::Client,
    emulators: Mutex<Vec<String>>,
    gateways: Mutex<Vec<String>>,
    accepted: Mutex<Vec<String>>,
    refused: AtomicU64,
    reads: Mutex<Reads>,
    stop: AtomicBool,
}

/// What somebody saw who reads all the time and tries the other gateway when one does not answer.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Reads {
    /// Reads that worked.
    pub(crate) good: u64,
    /// Reads that no gateway answered well.
    pub(crate) bad: u64,
    /// The longest time without a good answer.
    pub(crate) longest_outage: Duration,
}

impl Reads {
    fn note(&mut self, good: bool, since_last_good: Duration) {
        if good {
            self.good += 1;
            self.longest_outage = self.longest_outage.max(since_last_good);
        } else {
            self.bad += 1;
        }
    }
}

impl Load {
    /// Begins.
    pub(crate) fn start(cluster: Arc<Cluster>) -> Result<(Arc<Self>, JoinSet<()>)> {
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(12));
        let http = http.tls_certs_only([cluster.authority()?]).build()?;
        let load = Arc::new(Self {
            emulators: Mutex::new(cluster.doors("emulator", 9001)?),
            gateways: Mutex::new(cluster.doors("gateway", 8080)?),
            cluster,
            http,
            accepted: Mutex::default(),
            refused: AtomicU64::default(),
            reads: Mutex::default(),
            stop: AtomicBool::default(),
        });
        let mut tasks = JoinSet::new();
        for number in 0..SENDERS {
            tasks.spawn(Arc::clone(&load).send(number));
        }
        tasks.spawn(Arc::clone(&load).read());
        tasks.spawn(Arc::clone(&load).look_for_ports());
        Ok((load, tasks))
    }

    /// Ends; request ids of the acknowledged events, the number of those not taken, and what the reads saw.
    pub(crate) async fn end(&self, tasks: JoinSet<()>) -> (Vec<String>, u64, Reads) {
        self.stop.store(true, Ordering::Relaxed);
        tasks.join_all().await;
        let accepted = self.accepted.lock().expect("ids").clone();
        (accepted, self.refused.load(Ordering::Relaxed), *self.reads.lock().expect("reads"))
    }

    /// A call of the recording function at one emulator; its request id.
    async fn invoke(&self, emulator: &str, kind: &str, event: &'static str) -> Option<String> {
        let request = self.http.post(format!("http://{emulator}/2015-03-31/functions/recorder/invocations"));
        let request = request.bearer_auth(self.cluster.key()).header("X-Amz-Invocation-Type", kind).body(event);
        let answer = request.send().await.ok()?.error_for_status().ok()?;
        let headers = answer.headers();
        let id = headers.get("x-amzn-requestid")?.to_str().ok()?.to_owned();
        (!headers.contains_key("x-amz-function-error")).then_some(id)
    }

    async fn send(self: Arc<Self>, number: usize) {
        for turn in number.. {
            if self.stop.load(Ordering::Relaxed) {
                return;
            }
            let emulator = nth(&self.emulators, turn);
            let accepted = match &emulator {
                Some(emulator) => self.invoke(emulator, "Event", EVENTS[turn % EVENTS.len()]).await,
                None => None,
            };
            match accepted {
                Some(id) => self.accepted.lock().expect("ids").push(id),
                None => _ = self.refused.fetch_add(1, Ordering::Relaxed),
            }
            tokio::time::sleep(BETWEEN_EVENTS).await;
        }
    }

    async fn read(self: Arc<Self>) {
        let mut last_good = Instant::now();
        for turn in 0.. {
            if self.stop.load(Ordering::Relaxed) {
                return;
            }
            let mut good = false;
            for attempt in 0..REPLICAS {
                let gateway = nth(&self.gateways, turn + attempt);
                good = good || matches!(&gateway, Some(gateway) if self.works(gateway).await);
            }
            self.reads.lock().expect("reads").note(good, last_good.elapsed());
            if good {
                last_good = Instant::now();
            }
            tokio::time::sleep(BETWEEN_READS).await;
        }
    }

    async fn look_for_ports(self: Arc<Self>) {
        while !self.stop.load(Ordering::Relaxed) {
            let cluster = Arc::clone(&self.cluster);
            let look = move || anyhow::Ok((cluster.doors("emulator", 9001)?, cluster.doors("gateway", 8080)?));
            if let Ok(Ok((emulators, gateways))) = spawn_blocking(look).await {
                *self.emulators.lock().expect("ports") = emulators;
                *self.gateways.lock().expect("ports") = gateways;
            }
            tokio::time::sleep(LOOK_FOR_PORTS_EVERY).await;
        }
    }

    /// Whether the recording function answers through a gateway.
    async fn works(&self, gateway: &str) -> bool {
        let answer = self.http.get(format!("https://{gateway}/recorded")).send().await;
        answer.is_ok_and(|answer| answer.status() == 200)
    }

    /// Waits until another container than `killed` does its work, and says how long it took until it ran and until
    /// everything worked as before.
    pub(crate) async fn replaced(&self, killed: &Task) -> Result<(Duration, Duration)> {
        let began = Instant::now();
        let (service, slot) = (killed.service.as_str(), killed.slot);
        let ready = async || {
            let task = self.cluster.replica(service, slot).ok()?;
            (task.healthy && task.container != killed.container).then_some(())
        };
        until(&format!("{service} {slot} to be replaced"), LIMIT, ready).await;
        let runs = began.elapsed();
        for number in 1..=REPLICAS {
            let emulator = self.cluster.replica("emulator", number)?;
            let address = emulator.address(9001).unwrap_or_default();
            let answers = async || self.invoke(&address, "RequestResponse", "{}").await;
            until(&format!("emulator {number} to run functions after {service} {slot} was killed"), LIMIT, answers)
                .await;
            let gateway = self.cluster.replica("gateway", number)?.address(8080).unwrap_or_default();
            let mut good = 0;
            while good < IN_A_ROW {
                good = if self.works(&gateway).await { good + 1 } else { 0 };
                anyhow::ensure!(began.elapsed() < LIMIT, "gateway {number} fails after {service} {slot} was killed");
            }
        }
        Ok((runs, began.elapsed()))
    }
}

fn nth(list: &Mutex<Vec<String>>, number: usize) -> Option<String> {
    let list = list.lock().expect("ports");
    list.get(number % list.len().max(1)).cloned()
}
