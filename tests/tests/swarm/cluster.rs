//! A swarm of one machine with the whole stack on it, each service twice, and PostgreSQL beside it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use leitwarte_tests::compose::docker;
use leitwarte_tests::postgres_image;
use leitwarte_tests::services::{self, demo_for_a_stack};
use leitwarte_tests::stack::repository;
use leitwarte_tests::wait::until;

use crate::RECORDER;

/// How often each service runs.
pub(crate) const REPLICAS: usize = 2;
/// What the gateways show that they are who they say.
const TLS_CERT: &str = "tls-cert.pem";
const TLS_KEY: &str = "tls-key.pem";
/// The recording function, as an entry of the template.
const RECORDER_ENTRY: &str = "
  Recorder:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: recorder
      CodeUri: s3://leitwarte-functions/recorder.zip
      Timeout: 10
      Events:
        Tick:
          Type: ScheduleV2
          Properties: { Name: recorder-tick, ScheduleExpression: rate(1 minute) }
        Recorded:
          Type: HttpApi
          Properties: { ApiId: !Ref Api, Method: GET, Path: /recorded }
";

/// A deployed stack; removed when dropped, and the swarm with it if it was made for this test.
#[derive(Debug)]
pub(crate) struct Cluster {
    name: String,
    key: String,
    folder: tempfile::TempDir,
    made_swarm: bool,
}

/// A running container of a service.
#[derive(Debug, Clone)]
pub(crate) struct Task {
    /// Name of the service in the stack file.
    pub(crate) service: String,
    /// Number among the service's replicas, from 1.
    pub(crate) slot: usize,
    /// The container's id.
    pub(crate) container: String,
    /// Whether its health check says that it works.
    pub(crate) healthy: bool,
    ports: String,
}

impl Task {
    /// Where a port of it is published on this machine.
    pub(crate) fn address(&self, port: u16) -> Option<String> {
        let marker = format!("->{port}/tcp");
        let published = self.ports.split(", ").find_map(|one| one.strip_suffix(&marker)?.strip_prefix("0.0.0.0:"))?;
        Some(format!("127.0.0.1:{published}"))
    }
}

impl Cluster {
    /// Makes the engine a swarm if it is none, starts PostgreSQL and deploys the stack; returns when every task runs.
    pub(crate) async fn start() -> Result<Self> {
        let state = docker(&["info", "--format", "{{.Swarm.LocalNodeState}}"])
            .context("no container engine answers; scripts/test starts one")?;
        let made_swarm = state.trim() == "inactive";
        if made_swarm {
            docker(&["swarm", "init", "--advertise-addr", "127.0.0.1"])?;
        }
        let name = format!("leitwarte-test-{}", std::process::id());
        let folder = tempfile::tempdir()?;
        let cluster = Self { name, key: random(), folder, made_swarm };
        cluster.prepare().await?;
        cluster.deploy("info").map_err(|error| error.context(cluster.logs()))?;
        Ok(cluster)
    }

    /// Files, secrets, and PostgreSQL in the networks where the stack looks for it.
    async fn prepare(&self) -> Result<()> {
        // Containers' users have to reach what is mounted from it.
        fs::set_permissions(self.folder.path(), fs::Permissions::from_mode(0o711))?;
        for folder in ["records", "empty/notifications", "empty/sharepoint", "empty/sign-in", "secrets/database"] {
            fs::create_dir_all(self.file(folder))?;
        }
        fs::set_permissions(self.file("records"), fs::Permissions::from_mode(0o777))?;
        let template = fs::read_to_string(repository().join("template.yaml"))?;
        let template = template.replacen("\nOutputs:\n", &format!("{RECORDER_ENTRY}\nOutputs:\n"), 1);
        fs::write(self.file("template.yaml"), template)?;
        let password = random();
        fs::write(self.file("secrets/database/database-password"), &password)?;
        fs::write(self.file("key"), &self.key)?;
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let tls = rcgen::generate_simple_self_signed(names)?;
        fs::write(self.file(TLS_CERT), tls.cert.pem())?;
        fs::write(self.file(TLS_KEY), tls.signing_key.serialize_pem())?;
        docker(&["secret", "create", &format!("{}-invoke-key", self.name), &self.file("key")])?;

        self.run("scripts/stack", &["prepare"], "info")?;
        let (image, server) = (self.postgres(), self.postgres());
        postgres_image::build(&image, &password)?;
        let [data, queue] = ["database", "queue"].map(|network| format!("{}-{network}", self.name));
        docker(&["run", "--detach", "--name", &server, "--network", &data, "--network-alias", "postgres", &image])?;
        docker(&["network", "connect", "--alias", "postgres", &queue, &server])?;
        let ready = ["exec", &server, "pg_isready", "-h", "127.0.0.1", "-U", postgres_image::USER];
        until("PostgreSQL", Duration::from_secs(30), async || docker(&ready).ok()).await;
        Ok(())
    }

    /// Deploys the stack as it is now, with the given `RUST_LOG`, and waits until it runs.
    pub(crate) fn deploy(&self, log: &str) -> Result<()> {
        self.deploy_with(log, &[])
    }

    /// Deploys a version of one service that cannot start; what is said of it.
    pub(crate) fn deploy_broken(&self, log: &str, service: &str) -> Result<String> {
        let file = self.file("broken.yaml");
        // A setting that every program reads at its start, and refuses.
        fs::write(
            &file,
            format!("version: '3.9'\nservices: {{ {service}: {{ environment: {{ WORKERS: many }} }} }}\n"),
        )?;
        match self.deploy_with(log, &[&file]) {
            Ok(()) => anyhow::bail!("a {service} that cannot start was deployed"),
            Err(error) => Ok(format!("{error:#}")),
        }
    }

    fn deploy_with(&self, log: &str, further: &[&str]) -> Result<()> {
        let demo = demo_for_a_stack(self.folder.path())?.display().to_string();
        self.run("scripts/stack", &[&["deploy", &demo, "tests/containers/stack.test.yaml"], further].concat(), log)?;
        Ok(())
    }

    /// Whom a client of the gateways has to trust.
    pub(crate) fn authority(&self) -> Result<reqwest::Certificate> {
        Ok(reqwest::Certificate::from_pem(&fs::read(self.file(TLS_CERT))?)?)
    }

    /// The stack's containers that run.
    pub(crate) fn tasks(&self) -> Result<Vec<Task>> {
        let label = format!("label=com.docker.stack.namespace={}", self.name);
        let format = "{{.Names}}|{{.ID}}|{{.Status}}|{{.Ports}}";
        let listed = docker(&["ps", "--no-trunc", "--filter", &label, "--format", format])?;
        Ok(listed.lines().filter_map(|line| self.task(line)).collect())
    }

    fn task(&self, line: &str) -> Option<Task> {
        let mut fields = line.split('|');
        let (name, container, status) = (fields.next()?, fields.next()?, fields.next()?);
        let (service, rest) = name.strip_prefix(&self.name)?.strip_prefix('_')?.split_once('.')?;
        Some(Task {
            service: service.to_owned(),
            slot: rest.split('.').next()?.parse().ok()?,
            container: container.to_owned(),
            healthy: status.ends_with("(healthy)"),
            ports: fields.next().unwrap_or_default().to_owned(),
        })
    }

    /// The container that is replica number `slot` of a service.
    pub(crate) fn replica(&self, service: &str, slot: usize) -> Result<Task> {
        let mut tasks = self.tasks()?.into_iter();
        let found = tasks.find(|task| task.service == service && task.slot == slot);
        found.with_context(|| format!("{service} {slot} does not run"))
    }

    /// Where a port of a service's replicas is published.
    pub(crate) fn doors(&self, service: &str, port: u16) -> Result<Vec<String>> {
        let of_service = |task: &Task| task.service == service;
        Ok(self.tasks()?.iter().filter(|task| of_service(task)).filter_map(|task| task.address(port)).collect())
    }

    /// Answers of PostgreSQL in text, a row a line.
    pub(crate) fn query(&self, sql: &str) -> Result<String> {
        let password = fs::read_to_string(self.file("secrets/database/database-password"))?;
        let password = format!("PGPASSWORD={password}");
        let ask = ["-h", "127.0.0.1", "-U", postgres_image::USER, "--no-align", "--tuples-only", "--command", sql];
        docker(&[&["exec", "-e", &password, &self.postgres(), "psql"][..], &ask].concat())
    }

    /// What the recording function wrote into `runs` or `done`.
    pub(crate) fn record(&self, name: &str) -> String {
        fs::read_to_string(self.folder.path().join("records").join(name)).unwrap_or_default()
    }

    /// The key that the Invoke API asks for.
    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// What every service printed last.
    pub(crate) fn logs(&self) -> String {
        let mut all = docker(&["stack", "ps", "--no-trunc", &self.name]).unwrap_or_default();
        for service in docker(&["stack", "services", "--format", "{{.Name}}", &self.name]).unwrap_or_default().lines() {
            // Ends by itself, but not when a task's engine does not answer.
            let logs =
                Command::new("timeout").args(["10", "docker", "service", "logs", "--tail", "12", service]).output();
            all.push_str(&logs.map(|logs| String::from_utf8_lossy(&logs.stdout).into_owned()).unwrap_or_default());
        }
        all
    }

    fn postgres(&self) -> String {
        format!("{}-postgres", self.name)
    }

    fn file(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn run(&self, script: &str, args: &[&str], log: &str) -> Result<String> {
        let mut command = Command::new(Path::new(&repository()).join(script));
        command.args(args).current_dir(repository()).env("STACK", &self.name).env("RUST_LOG", log);
        command.env("REPLICAS", REPLICAS.to_string()).env("GATEWAY_PORT", "0").env("STACK_TIMEOUT", "90");
        command.env("POLL_INTERVAL_SECONDS", "30").env("RECORDER_PORT", services::port(RECORDER).to_string());
        let files = [("TEMPLATE", "template.yaml"), ("SECRETS", "secrets"), ("RECORDS", "records")];
        let tls = [("TLS_CERT_FILE", TLS_CERT), ("TLS_KEY_FILE", TLS_KEY)];
        for (variable, file) in
            files.into_iter().chain(tls).chain(["PROFILES", "CERTS", "ROLE_CERTS"].map(|name| (name, "empty")))
        {
            command.env(variable, self.file(file));
        }
        let done = command.output().with_context(|| format!("cannot run {script}"))?;
        let [out, err] = [done.stdout, done.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        ensure!(done.status.success(), "{script} {args:?} failed:\n{out}{err}");
        Ok(out)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let failed = |what: &str, result: Result<String>| {
            if let Err(error) = result {
                eprintln!("{what} stays behind: {error:#}");
            }
        };
        failed("the stack", self.run("scripts/stack", &["remove"], "info"));
        let (server, image) = (self.postgres(), self.postgres());
        failed("PostgreSQL", docker(&["rm", "--force", "--volumes", &server]));
        failed("its image", docker(&["image", "rm", &image]));
        for volume in ["demo", "backups"] {
            failed("a volume", docker(&["volume", "rm", "--force", &format!("{}_{volume}", self.name)]));
        }
        for network in ["database", "queue"] {
            failed("a network", docker(&["network", "rm", &format!("{}-{network}", self.name)]));
        }
        let secrets = docker(&["secret", "ls", "--quiet", "--filter", &format!("name={}-", self.name)]);
        for secret in secrets.unwrap_or_default().split_whitespace() {
            failed("a secret", docker(&["secret", "rm", secret]));
        }
        if self.made_swarm {
            failed("the swarm", docker(&["swarm", "leave", "--force"]));
        }
    }
}

fn random() -> String {
    let id = || leitwarte_runtime::clock::new_id().simple().to_string();
    id() + &id()
}
