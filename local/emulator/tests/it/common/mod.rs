//! An emulator with its callers and functions, for tests.

pub(crate) mod database;
pub(crate) mod program;
pub(crate) mod proxy;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use leitwarte_emulator::{Config, Emulator, Limits, RetryDelays};
use leitwarte_host::env::Environment;
use leitwarte_host::process::Launcher;
use leitwarte_template::Template;
use reqwest::header::HeaderMap;
use serde_json::Value;
use tokio::time::{Instant, sleep};

/// Nothing in these tests takes longer unless it is broken.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// A template with functions given as name and further properties, one per line.
pub(crate) fn template(functions: &[(&str, &str)]) -> String {
    let resource = |(name, properties): &(&str, &str)| {
        let logical_id: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
        let properties: Vec<_> = properties.lines().map(|property| format!("      {property}")).collect();
        format!(
            "  '{logical_id}':\n    Type: AWS::Serverless::Function\n    Properties:\n      FunctionName: '{name}'\n      \
             Runtime: provided.al2023\n      Handler: bootstrap\n      CodeUri: .\n{}\n",
            properties.join("\n")
        )
    };
    let resources: Vec<_> = functions.iter().map(resource).collect();
    format!("Transform: AWS::Serverless-2016-10-31\nResources:\n{}", resources.concat())
}

/// Retry delays that a test can wait for.
pub(crate) fn quick_retries() -> RetryDelays {
    RetryDelays {
        function_error: vec![Duration::from_millis(20), Duration::from_millis(40)],
        throttle_first: Duration::from_millis(20),
        throttle_max: Duration::from_millis(100),
    }
}

/// An emulator in this process.
pub(crate) struct Host {
    emulator: Emulator,
    pub(crate) folder: tempfile::TempDir,
    pub(crate) caller: Caller,
}

impl Host {
    /// Functions connect by themselves.
    pub(crate) async fn start(functions: &[(&str, &str)]) -> Self {
        Self::with(functions, false, |_| ()).await
    }

    /// The emulator starts every function as a copy of the scripted example.
    pub(crate) async fn spawned(functions: &[(&str, &str)]) -> Self {
        Self::with(functions, true, |_| ()).await
    }

    pub(crate) async fn with(functions: &[(&str, &str)], spawn: bool, change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self::again(folder, functions, spawn, change).await
    }

    /// Functions connect by themselves; the queue is in `database`.
    pub(crate) async fn on(
        database: &database::Database,
        functions: &[(&str, &str)],
        change: impl FnOnce(&mut Config),
    ) -> Self {
        Self::with(functions, false, |config| {
            database.configure(config);
            change(config);
        })
        .await
    }

    /// Starts in the data directory of an emulator that stopped.
    pub(crate) async fn again(
        folder: tempfile::TempDir,
        functions: &[(&str, &str)],
        spawn: bool,
        change: impl FnOnce(&mut Config),
    ) -> Self {
        let template = Template::parse(&template(functions)).expect("a template");
        let free: SocketAddr = "127.0.0.1:0".parse().expect("an address");
        let programs = folder.path().join("programs");
        if spawn {
            install_scripted(&programs, functions.iter().map(|(name, _)| *name));
        }
        let mut config = Config {
            invoke_addr: free,
            runtime_addr: free,
            runtime_host: None,
            metrics_addr: free,
            data_dir: folder.path().join("data"),
            shared_database: None,
            invoke_key_file: folder.path().join("invoke.key"),
            functions_dir: spawn.then_some(programs),
            environment: Environment::default(),
            limits: Limits::default(),
            retries: quick_retries(),
        };
        change(&mut config);
        let launcher = Launcher::through(env!("CARGO_BIN_EXE_emulator").into());
        let emulator = Emulator::start(&template, config, launcher).await.expect("the emulator starts");
        let caller = Caller::new(emulator.invoke_addr());
        Self { emulator, folder, caller }
    }

    /// The Runtime API of a function.
    pub(crate) fn runtime(&self, name: &str) -> Runtime {
        let (_, address) =
            self.emulator.runtime_addrs().iter().find(|(function, _)| function == name).expect("a function");
        Runtime::new(*address)
    }

    /// The Runtime API of a function, reached through one of this machine's addresses.
    pub(crate) fn runtime_through(&self, ip: &str, name: &str) -> Runtime {
        let addresses = self.emulator.runtime_addrs();
        let (_, address) = addresses.iter().find(|(function, _)| function == name).expect("a function");
        Runtime::new(SocketAddr::new(ip.parse().expect("an address"), address.port()))
    }

    pub(crate) fn metrics_addr(&self) -> SocketAddr {
        self.emulator.metrics_addr()
    }

    pub(crate) async fn metrics(&self, path: &str) -> (u16, String) {
        let response = client().get(format!("http://{}{path}", self.emulator.metrics_addr())).send().await;
        let response = response.expect("an answer");
        (response.status().as_u16(), response.text().await.expect("a text"))
    }

    pub(crate) async fn ready(&self) {
        eventually("every function is ready", async || self.metrics("/ready").await.0 == 200).await;
    }

    pub(crate) async fn stop(self) -> tempfile::TempDir {
        self.emulator.stop().await;
        self.folder
    }
}

/// Puts the scripted example where the emulator looks for the functions.
pub(crate) fn install_scripted<'a>(folder: &Path, functions: impl Iterator<Item = &'a str>) {
    std::fs::create_dir_all(folder).expect("a folder");
    for name in functions {
        let link = folder.join(name);
        if !link.exists() {
            std::os::unix::fs::symlink(scripted_example(), link).expect("a link");
        }
    }
}

fn scripted_example() -> PathBuf {
    let test = std::env::current_exe().expect("the test knows its own path");
    test.parent().and_then(Path::parent).expect("tests live in target/*/deps").join("examples/scripted")
}

/// Waits until a condition holds.
pub(crate) async fn eventually(what: &str, condition: impl AsyncFnMut() -> bool) {
    eventually_within(SOON, what, condition).await;
}

/// Waits until a condition holds that may take longer.
pub(crate) async fn eventually_within(bound: Duration, what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + bound;
    while !condition().await {
        assert!(Instant::now() < deadline, "never happened: {what}");
        sleep(Duration::from_millis(2)).await;
    }
}

fn client() -> reqwest::Client {
    reqwest::Client::builder().timeout(Duration::from_mins(1)).build().expect("a client")
}

/// An answer of the Invoke API.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("a text header"))
    }

    pub(crate) fn error_type(&self) -> &str {
        self.header("x-amzn-errortype")
    }
}

/// Somebody who invokes functions.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) http: reqwest::Client,
    pub(crate) base: String,
}

impl Caller {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self { http: client(), base: format!("http://{address}") }
    }

    pub(crate) async fn invoke(&self, name: &str, payload: impl Into<reqwest::Body>) -> Reply {
        self.post(name, &[], payload).await
    }

    /// Brings an asynchronous event in and returns its request id.
    pub(crate) async fn event(&self, name: &str, payload: impl Into<reqwest::Body>) -> String {
        let reply = self.post(name, &[("x-amz-invocation-type", "Event")], payload).await;
        assert_eq!(reply.status, 202, "{}", reply.text());
        reply.header("x-amzn-requestid").to_owned()
    }

    /// Asks whether a call would be taken, and returns the status.
    pub(crate) async fn dry_run(&self, name: &str) -> u16 {
        self.post(name, &[("x-amz-invocation-type", "DryRun")], "").await.status
    }

    pub(crate) async fn post(&self, name: &str, headers: &[(&str, &str)], payload: impl Into<reqwest::Body>) -> Reply {
        let mut request = self.http.post(format!("{}/2015-03-31/functions/{name}/invocations", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        reply(request.body(payload)).await
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        reply(self.http.get(format!("{}{path}", self.base))).await
    }

    /// The host's report about one function.
    pub(crate) async fn report(&self, name: &str) -> Value {
        let report = self.get("/host/functions").await.json();
        let functions = report["functions"].as_array().expect("a list").clone();
        functions.into_iter().find(|function| function["name"] == name).expect("the function")
    }

    pub(crate) async fn dead_letters(&self) -> Vec<Value> {
        self.get("/host/dead-letters").await.json()["dead_letters"].as_array().expect("a list").clone()
    }
}

pub(crate) async fn reply(request: reqwest::RequestBuilder) -> Reply {
    let response = request.send().await.expect("an answer");
    Reply {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        body: response.bytes().await.expect("a body").to_vec(),
    }
}

/// An event as a function gets it.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Event {
    pub(crate) fn attempt(&self) -> &str {
        self.headers["lambda-runtime-invocation-id"].to_str().expect("a text header")
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }
}

/// A function's process, as far as the emulator can see: one client of the Runtime API.
#[derive(Clone)]
pub(crate) struct Runtime {
    http: reqwest::Client,
    base: String,
}

impl Runtime {
    fn new(address: SocketAddr) -> Self {
        Self { http: client(), base: format!("http://{address}/2018-06-01/runtime") }
    }

    /// Whether the emulator closes the connection instead of taking a request.
    pub(crate) async fn is_refused(&self) -> bool {
        self.http.post(format!("{}/init/error", self.base)).body("{}").send().await.is_err()
    }

    /// Waits for work.
    pub(crate) async fn next(&self) -> Event {
        let reply = reply(self.http.get(format!("{}/invocation/next", self.base))).await;
        assert_eq!(reply.status, 200);
        Event { id: reply.header("lambda-runtime-aws-request-id").to_owned(), headers: reply.headers, body: reply.body }
    }

    pub(crate) async fn answer(&self, event: &Event, body: impl Into<reqwest::Body>) -> u16 {
        self.report(event, "response", body).await
    }

    pub(crate) async fn fail(&self, event: &Event, error_type: &str) -> u16 {
        self.report(event, "error", format!(r#"{{"errorType":"{error_type}","errorMessage":"as asked"}}"#)).await
    }

    async fn report(&self, event: &Event, kind: &str, body: impl Into<reqwest::Body>) -> u16 {
        let request = self
            .http
            .post(format!("{}/invocation/{}/{kind}", self.base, event.id))
            .header("lambda-runtime-invocation-id", event.attempt());
        reply(request.body(body)).await.status
    }

    pub(crate) async fn init_error(&self, error_type: &str) -> u16 {
        let body = format!(r#"{{"errorType":"{error_type}","errorMessage":"as asked"}}"#);
        reply(self.http.post(format!("{}/init/error", self.base)).body(body)).await.status
    }

    /// Registers as an extension, as `lambda_runtime`'s graceful shutdown does.
    pub(crate) async fn register(&self) -> (u16, String) {
        let url = self.base.replace("2018-06-01/runtime", "2020-01-01/extension/register");
        let reply = reply(self.http.post(url).body(r#"{"events":[]}"#)).await;
        (reply.status, reply.header("lambda-extension-identifier").to_owned())
    }

    /// Answers every event with itself.
    pub(crate) fn echo(self) -> tokio::task::JoinHandle<()> {
        tokio::spawn(async move {
            loop {
                let event = self.next().await;
                let body = event.body.clone();
                self.answer(&event, body).await;
            }
        })
    }
}
