//! Starts the functions' programs as children of the emulator.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use leitwarte_host::process::{Backoff, Launcher, Policy, Program, supervise};
use leitwarte_template::REGION;
use uuid::Uuid;

use crate::config::Config;
use crate::function::{Function, ProcessObserver};

/// Time between SIGTERM and SIGKILL. At that point nothing is running any more.
const STOP_WITHIN: Duration = Duration::from_secs(5);

/// Starts the process of `function`, whose Runtime API is at `runtime_api`, and keeps it running.
pub(crate) fn start(
    function: &Arc<Function>,
    config: &Config,
    folder: &Path,
    runtime_api: SocketAddr,
    launcher: Launcher,
    (now, instance): (DateTime<Utc>, Uuid),
) {
    let path = program(folder, &function.spec);
    let program = Program {
        name: function.name().to_owned(),
        env: environment(&function.spec, config, &path, runtime_api, (now, instance)),
        path,
        args: Vec::new(),
    };
    let policy = Policy {
        backoff: Backoff::new(config.limits.restart_first, config.limits.restart_max),
        stop_within: STOP_WITHIN,
    };
    let observer = Arc::new(ProcessObserver(Arc::clone(function)));
    function.supervised_by(supervise(program, launcher, policy, observer));
}

/// `<folder>/<name>/bootstrap` (the layout of cargo-lambda) or `<folder>/<name>`; the logical id serves as name, too.
fn program(folder: &Path, spec: &leitwarte_template::Function) -> PathBuf {
    let names = [&spec.name, &spec.logical_id];
    names
        .iter()
        .flat_map(|name| [folder.join(name).join("bootstrap"), folder.join(name)])
        .find(|path| path.is_file())
        .map_or_else(|| folder.join(&spec.name), |path| std::path::absolute(&path).unwrap_or(path))
}

/// The variables AWS sets, and those of the template that the host's environment does not have.
/// <https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html>
fn environment(
    spec: &leitwarte_template::Function,
    config: &Config,
    program: &Path,
    runtime_api: SocketAddr,
    (now, instance): (DateTime<Utc>, Uuid),
) -> Vec<(String, String)> {
    let ip = match runtime_api.ip() {
        ip if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        ip => ip,
    };
    let folder = program.parent().unwrap_or(Path::new("."));
    let own = [
        ("AWS_LAMBDA_RUNTIME_API", SocketAddr::new(ip, runtime_api.port()).to_string()),
        ("AWS_LAMBDA_FUNCTION_NAME", spec.name.clone()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", spec.memory_mb.to_string()),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".to_owned()),
        ("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{}", spec.name)),
        ("AWS_LAMBDA_LOG_STREAM_NAME", format!("{}/[$LATEST]{}", now.format("%Y/%m/%d"), instance.simple())),
        // Runtime clients set it for each event. Being there from the start, it is only ever replaced, which is safe
        // beside threads that read the environment; adding a variable would not be.
        ("_X_AMZN_TRACE_ID", String::new()),
        ("LAMBDA_TASK_ROOT", folder.display().to_string()),
        ("_HANDLER", spec.handler.clone()),
    ];
    let region = ["AWS_REGION", "AWS_DEFAULT_REGION"]
        .into_iter()
        .filter(|name| config.environment.get(name).is_none())
        .map(|name| (name.to_owned(), REGION.to_owned()));
    let template = spec.environment.iter().filter(|(name, _)| config.environment.get(name).is_none());
    own.into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .chain(region)
        .chain(template.map(|(name, value)| (name.clone(), value.clone())))
        .collect()
}
