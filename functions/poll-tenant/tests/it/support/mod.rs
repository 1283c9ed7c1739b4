//! A function with a real database and profiles on disk, whose source of stock is a script.

use std::cell::Cell;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use leitwarte_core::poll::{FailureKind, PollFailure, PollPolicy};
use leitwarte_core::profile::TenantProfile;
use leitwarte_core::stock::{AppliesTo, CapabilityStatus, LicenceStock};
use leitwarte_core::subscription::Subscription;
use leitwarte_runtime::FunctionError;
use leitwarte_store::{Config, Store};
use poll_tenant::{Deps, Event, Reading, Report, StockSource, handle};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::Semaphore;
use uuid::Uuid;

/// What a tenant answers.
#[derive(Clone)]
pub(crate) enum Answer {
    Stock(Vec<LicenceStock>),
    Failure(PollFailure),
    Panic,
    /// Never answers.
    Hangs,
    /// Answers when the test adds a permit.
    Waits(Arc<Semaphore>),
}

#[derive(Clone, Default)]
pub(crate) struct Script {
    answers: Arc<Mutex<HashMap<String, Answer>>>,
    asked: Arc<Mutex<Vec<String>>>,
    subscriptions: Arc<Mutex<HashMap<String, Bought>>>,
    asked_subscriptions: Arc<Mutex<Vec<String>>>,
}

/// What a tenant answers when it is asked what it has bought; without one: nothing.
#[derive(Clone)]
pub(crate) enum Bought {
    Listed(Vec<Subscription>),
    Failure(PollFailure),
    Panic,
}

impl StockSource for Script {
    async fn read(&self, profile: &TenantProfile, _deadline: tokio::time::Instant) -> Reading {
        let name = profile.tenant_name.clone();
        self.asked.lock().unwrap().push(name.clone());
        let answer = self.answers.lock().unwrap().get(&name).cloned();
        let stock = match answer.unwrap_or_else(|| Answer::Stock(vec![stock(1, 10, 3)])) {
            Answer::Stock(stock) => Ok(stock),
            Answer::Failure(failure) => Err(failure),
            Answer::Panic => panic!("a fault, on purpose"),
            Answer::Hangs => std::future::pending().await,
            Answer::Waits(permits) => {
                permits.acquire().await.unwrap().forget();
                Ok(vec![stock(1, 10, 3)])
            }
        };
        Reading { stock, requests: 1, retries: 0, certificate_ends_at: None }
    }

    async fn subscriptions(
        &self,
        profile: &TenantProfile,
        _deadline: tokio::time::Instant,
    ) -> Result<Vec<Subscription>, PollFailure> {
        let name = profile.tenant_name.clone();
        self.asked_subscriptions.lock().unwrap().push(name.clone());
        let answer = self.subscriptions.lock().unwrap().get(&name).cloned();
        match answer.unwrap_or(Bought::Listed(Vec::new())) {
            Bought::Listed(found) => Ok(found),
            Bought::Failure(failure) => Err(failure),
            Bought::Panic => panic!("a fault, on purpose"),
        }
    }
}

thread_local! {
    /// The clock of one test in milliseconds: a test and all it spawns run on one thread.
    static NOW: Cell<i64> = const { Cell::new(1_800_000_000_000) };
}

fn clock() -> DateTime<Utc> {
    DateTime::from_timestamp_millis(NOW.get()).unwrap()
}

pub(crate) struct Function {
    pub(crate) store: Store,
    pub(crate) script: Script,
    pub(crate) deps: Arc<Deps<Script>>,
    pub(crate) profiles: PathBuf,
    pub(crate) database_url: String,
    _folder: TempDir,
}

impl Function {
    /// With a profile for each of these tenants.
    pub(crate) async fn with(keys: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let profiles = folder.path().join("config-profiles");
        std::fs::create_dir(&profiles).unwrap();
        let database_url = format!("sqlite://{}/data/leitwarte.db", folder.path().display());
        let config = Config { database_url: database_url.clone(), read_only: false, max_connections: 4 };
        let store = Store::open(&config).await.unwrap();
        let script = Script::default();
        let policy = PollPolicy { interval: TimeDelta::minutes(5) };
        let deps = Deps::new(store.clone(), script.clone(), profiles.clone(), policy, clock);
        let function = Self { store, script, deps, profiles, database_url, _folder: folder };
        for key in keys {
            function.profile(key, &json!({}));
        }
        function
    }

    pub(crate) fn file(&self, key: &str) -> PathBuf {
        self.profiles.join(format!("config-{key}-profile.json"))
    }

    /// Writes a profile with some fields of its own.
    pub(crate) fn profile(&self, key: &str, fields: &Value) {
        let mut profile = json!({
            "tenant_id": Uuid::from_u128(key.bytes().fold(1, |id, byte| id * 251 + u128::from(byte))),
            "tenant_name": key, "client_id": Uuid::from_u128(7), "cert_path": "cert.pem", "expires": "2030-01-01",
            "thumbprint": "A1B2C3D4E5F60718293A4B5C6D7E8F9012345678"
        });
        for (name, value) in fields.as_object().unwrap() {
            profile[name] = value.clone();
        }
        std::fs::write(self.file(key), profile.to_string()).unwrap();
    }

    pub(crate) fn answers(&self, key: &str, answer: Answer) {
        self.script.answers.lock().unwrap().insert(key.to_owned(), answer);
    }

    pub(crate) fn has_bought(&self, key: &str, answer: Bought) {
        self.script.subscriptions.lock().unwrap().insert(key.to_owned(), answer);
    }

    /// The tenants asked for their subscriptions since the last time, in order.
    pub(crate) fn asked_for_subscriptions(&self) -> Vec<String> {
        std::mem::take(&mut self.script.asked_subscriptions.lock().unwrap())
    }

    /// The tenants asked since the last time, in order.
    pub(crate) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.script.asked.lock().unwrap())
    }

    pub(crate) async fn tick(&self) -> Report {
        handle(&self.deps, Event::default(), in_seconds(60)).await.unwrap()
    }

    pub(crate) async fn poll(&self, key: &str) -> Result<Report, FunctionError> {
        handle(&self.deps, Event::One(key.to_owned()), in_seconds(60)).await
    }

    pub(crate) async fn stock(&self, key: &str) -> Vec<LicenceStock> {
        self.store.snapshot(key).await.unwrap().unwrap().stock
    }

    pub(crate) async fn failure(&self, key: &str) -> Option<PollFailure> {
        self.store.snapshot(key).await.unwrap().unwrap().failure
    }
}

/// A deadline.
pub(crate) fn in_seconds(seconds: u64) -> Instant {
    Instant::now() + Duration::from_secs(seconds)
}

pub(crate) fn minutes_pass(minutes: i64) {
    NOW.set(NOW.get() + minutes * 60_000);
}

pub(crate) fn stock(id: u128, enabled: i64, consumed: i64) -> LicenceStock {
    LicenceStock {
        sku_id: Uuid::from_u128(id),
        part_number: format!("PRODUCT_{id}"),
        applies_to: AppliesTo::User,
        capability_status: CapabilityStatus::Enabled,
        enabled,
        warning: 0,
        suspended: 0,
        locked_out: 0,
        consumed,
    }
}

pub(crate) fn refused(message: &str) -> Answer {
    Answer::Failure(PollFailure {
        kind: FailureKind::SignIn,
        message: message.to_owned(),
        fix: "Upload the certificate.".to_owned(),
    })
}
