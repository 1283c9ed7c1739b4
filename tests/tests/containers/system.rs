//! The demo in containers, and its use as people and programs use it.

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use leitwarte_tests::compose::Compose;
use leitwarte_tests::services;
use leitwarte_tests::stack::free_address;
use leitwarte_tests::wait::until;
use serde_json::{Value, json};

use crate::{LIMIT, file};

/// The function that notes each of its runs.
pub(crate) const RECORDER: &str = "recorder";
/// The tenants of the demo.
pub(crate) const TENANTS: [&str; 4] = ["contoso-school", "fabrikam", "northwind", "tailspin"];
const DEMO: [&str; 2] = ["local/compose.yaml", "local/compose.demo.yaml"];
/// How long one try may take.
const ONE_TRY: Duration = Duration::from_secs(4);

/// A running demo.
pub(crate) struct System {
    pub(crate) compose: Compose,
    http: reqwest::Client,
    /// Where the Invoke API is published, if it is.
    invoke: String,
    key: String,
    /// Files that are mounted.
    _folder: tempfile::TempDir,
}

impl System {
    /// Starts it as it is, and waits until the API answers.
    pub(crate) async fn start() -> Self {
        Self::start_with(&DEMO, &[]).await
    }

    /// The same with further variables, which win.
    pub(crate) async fn start_as(env: &[(&str, String)]) -> Self {
        Self::start_with(&DEMO, env).await
    }

    /// Starts it with a function that notes each of its runs, and with the Invoke API published.
    pub(crate) async fn start_with_recorder() -> Self {
        let system = Self::start_with(&[DEMO[0], DEMO[1], "tests/containers/compose.test.yaml"], &[]).await;
        let emulator = system.compose.containers("emulator").unwrap().remove(0);
        let key = system.compose.file(&emulator, "/run/leitwarte/invoke.key").unwrap();
        Self { key: key.trim().to_owned(), ..system }
    }

    async fn start_with(files: &[&str], further: &[(&str, String)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let empty = folder.path().join("empty").display().to_string();
        std::fs::create_dir(&empty).unwrap();
        let address = free_address().unwrap();
        let mut env = vec![
            ("TEST_TEMPLATE", template(folder.path())),
            ("RECORDER_PORT", services::port(RECORDER).to_string()),
            ("INVOKE_PORT", address.rsplit(':').next().unwrap().to_owned()),
            ("PROFILES", empty.clone()),
            ("CERTS", empty.clone()),
            ("ROLE_CERTS", empty.clone()),
            ("SECRETS", empty),
        ];
        env.extend_from_slice(further);
        let files: Vec<PathBuf> = files.iter().map(|path| file(path)).collect();
        let paths: Vec<_> = files.iter().map(PathBuf::as_path).collect();
        let began = Instant::now();
        let compose = Compose::up(&paths, &env).unwrap();
        // The demo's certificate is made at its start; what is tested of it is tested elsewhere.
        let http = reqwest::Client::builder().danger_accept_invalid_certs(true).timeout(ONE_TRY).no_proxy();
        let invoke = format!("http://{address}");
        let system = Self { compose, http: http.build().unwrap(), invoke, key: String::new(), _folder: folder };
        until("the API", LIMIT, async || system.rows().await).await;
        println!("the API answers {} ms after the start", began.elapsed().as_millis());
        system
    }

    /// Every row of the API, read with a token through the published port.
    pub(crate) async fn rows(&self) -> Option<Vec<Value>> {
        let token = self.http.get(format!("https://127.0.0.1:{}/demo/token", self.compose.variable("DEMO_PORT")));
        let token = token.send().await.ok()?.text().await.ok()?;
        let status = self.http.get(self.gateway("/api/v1/licenses/status")).bearer_auth(token);
        status.send().await.ok()?.error_for_status().ok()?.json().await.ok()
    }

    /// How many tenants' numbers the API shows.
    pub(crate) async fn tenants(&self) -> Option<usize> {
        let rows = self.rows().await?;
        let read = rows.iter().filter(|row| row["polled_at"].is_string()).map(|row| row["tenant"].to_string());
        Some(read.collect::<HashSet<_>>().len())
    }

    /// An address at the published port.
    pub(crate) fn gateway(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.compose.variable("GATEWAY_PORT"))
    }

    pub(crate) fn http(&self) -> &reqwest::Client {
        &self.http
    }

    /// Invokes a function; nothing if that does not work.
    pub(crate) async fn invoke(&self, function: &str, kind: &str, event: &Value) -> Option<reqwest::Response> {
        let request = self.http.post(format!("{}/2015-03-31/functions/{function}/invocations", self.invoke));
        let request = request.bearer_auth(&self.key).header("X-Amz-Invocation-Type", kind).body(event.to_string());
        request.send().await.ok()?.error_for_status().ok()
    }

    /// Calls the recording function and returns its answer; nothing if that does not work.
    pub(crate) async fn call(&self, event: &Value) -> Option<reqwest::Response> {
        let answer = self.invoke(RECORDER, "RequestResponse", event).await?;
        (!answer.headers().contains_key("x-amz-function-error")).then_some(answer)
    }

    /// Polls one tenant by hand, through the proxy.
    pub(crate) async fn poll(&self, tenant: &str) -> Option<()> {
        let answer = self.invoke("poll-tenant", "RequestResponse", &json!({ "tenant": tenant })).await?;
        (!answer.headers().contains_key("x-amz-function-error")).then_some(())
    }

    /// Waits until all of it works, and says how long each part took.
    pub(crate) async fn works(&self, after: &str, began: Instant) {
        let calls = async {
            until(&format!("calls after {after}"), LIMIT, async || self.call(&json!({})).await).await;
            began.elapsed()
        };
        let reads = async {
            until(&format!("the API after {after}"), LIMIT, async || self.rows().await).await;
            began.elapsed()
        };
        let polls = async {
            until(&format!("polls after {after}"), LIMIT, async || self.poll(TENANTS[2]).await).await;
            began.elapsed()
        };
        let (calls, reads, polls) = tokio::join!(calls, reads, polls);
        let [calls, reads, polls] = [calls, reads, polls].map(|took| took.as_millis());
        println!("{after}: calls work after {calls} ms, the API after {reads} ms, polls after {polls} ms");
    }
}

/// The project's template with the recording function.
fn template(folder: &std::path::Path) -> String {
    let text = std::fs::read_to_string(file("template.yaml")).unwrap();
    let recorder = "\n  Recorder:\n    Type: AWS::Serverless::Function\n    Properties:\n      FunctionName: recorder\n      \
                    CodeUri: s3://leitwarte-functions/recorder.zip\n      Timeout: 3\n\nOutputs:\n";
    let path = folder.join("template.yaml");
    std::fs::write(&path, text.replacen("\nOutputs:\n", recorder, 1)).unwrap();
    path.display().to_string()
}
