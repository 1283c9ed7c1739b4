//! `ListFunctions`, `GetFunction`, `GetFunctionConfiguration`, and the host's own report about its functions.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::response::IntoResponse;
use leitwarte_host::clock;
use serde::Serialize;

use super::Api;
use crate::function::{Function, ProcessReport};
use crate::http::error::{ApiError, REQUEST_ID, id_header};

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Configuration {
    function_name: String,
    function_arn: String,
    runtime: &'static str,
    handler: String,
    package_type: &'static str,
    version: &'static str,
    timeout: u64,
    memory_size: u32,
    state: &'static str,
    last_update_status: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct List {
    functions: Vec<Configuration>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Got {
    configuration: Configuration,
    code: Empty,
    tags: Empty,
}

#[derive(Serialize)]
struct Empty {}

#[derive(Serialize)]
struct HostReport {
    functions: Vec<FunctionReport>,
}

#[derive(Serialize)]
struct FunctionReport {
    name: String,
    #[serde(flatten)]
    process: ProcessReport,
    queued: usize,
    in_flight: usize,
    pending_async: u64,
}

fn configuration_of(function: &Function) -> Configuration {
    Configuration {
        function_name: function.name().to_owned(),
        function_arn: function.arn.clone(),
        runtime: "provided.al2023",
        handler: function.spec.handler.clone(),
        package_type: "Zip",
        version: "$LATEST",
        timeout: function.spec.timeout.as_secs(),
        memory_size: function.spec.memory_mb,
        state: "Active",
        last_update_status: "Successful",
    }
}

fn answer(document: impl Serialize) -> impl IntoResponse {
    ([(REQUEST_ID, id_header(clock::new_id()))], Json(document))
}

/// `GET /2015-03-31/functions/`
pub(super) async fn list(State(api): State<Arc<Api>>) -> impl IntoResponse {
    answer(List { functions: api.registry.all().iter().map(|function| configuration_of(function)).collect() })
}

/// `GET /2015-03-31/functions/{name}`
pub(super) async fn get(State(api): State<Arc<Api>>, Path(name): Path<String>) -> Result<impl IntoResponse, ApiError> {
    let function = api.registry.resolve(&name, None).map_err(ApiError::FunctionNotFound)?;
    Ok(answer(Got { configuration: configuration_of(function), code: Empty {}, tags: Empty {} }))
}

/// `GET /2015-03-31/functions/{name}/configuration`
pub(super) async fn configuration(
    State(api): State<Arc<Api>>,
    Path(name): Path<String>,
) -> Result<impl IntoResponse, ApiError> {
    let function = api.registry.resolve(&name, None).map_err(ApiError::FunctionNotFound)?;
    Ok(answer(configuration_of(function)))
}

/// `GET /host/functions`: how each function is doing.
pub(super) async fn report(State(api): State<Arc<Api>>) -> impl IntoResponse {
    let functions = api.registry.all().iter().map(|function| {
        let load = function.load();
        FunctionReport {
            name: function.name().to_owned(),
            process: function.process_report(),
            queued: load.callers + load.events,
            in_flight: load.running,
            pending_async: api.queue.pending(function.name()),
        }
    });
    answer(HostReport { functions: functions.collect() })
}
