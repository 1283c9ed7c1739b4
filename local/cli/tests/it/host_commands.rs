//! `invoke` and `dead-letters` against a host that answers as the emulator does.

use axum::Json;
use axum::extract::{Path, Query, Request};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{delete, get, post};
use chrono::DateTime;
use clap::Parser as _;
use leitwarte_cli::{Cli, Context, Outcome, Settings, commands};
use serde::Deserialize;
use serde_json::{Value, json};

/// Runs a command line against `address`: how it ended and what it wrote.
async fn leitwarte(address: &str, words: &[&str]) -> (Result<Outcome, String>, String) {
    let cli = Cli::try_parse_from([&["leitwarte"], words].concat()).expect("a valid command line");
    let settings = Settings::new([("INVOKE_ADDR".to_owned(), address.to_owned())]).expect("valid settings");
    let now = DateTime::from_timestamp(1_800_000_000, 0).expect("a time");
    let mut out = Vec::new();
    let ended = commands::run(cli.command, &Context { settings, now, width: 120 }, &mut out).await;
    let written = String::from_utf8(out).expect("text");
    (ended.map_err(|error| format!("{error:#}")), anstream::adapter::strip_str(&written).to_string())
}

/// A host on loopback for the time of a test.
async fn host() -> String {
    let routes = axum::Router::new()
        .route("/2015-03-31/functions/", get(list_functions))
        .route("/2015-03-31/functions/{name}/invocations", post(invoke))
        .route("/host/dead-letters", get(list))
        .route("/host/dead-letters/{id}", get(show))
        .route(
            "/host/dead-letters/{id}",
            delete(|Path(id): Path<u32>| async move { known(id).map(|()| StatusCode::NO_CONTENT) }),
        )
        .route("/host/dead-letters/{id}/redrive", post(redrive));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address").to_string();
    tokio::spawn(async move { axum::serve(listener, routes).await });
    address
}

type Answer<T> = Result<T, (StatusCode, Json<Value>)>;

fn not_found() -> (StatusCode, Json<Value>) {
    (StatusCode::NOT_FOUND, Json(json!({ "Type": "User", "Message": "Function not found" })))
}

async fn list_functions() -> Json<Value> {
    Json(json!({ "Functions": [{ "FunctionName": "poll-tenant" }, { "FunctionName": "api-read" }] }))
}

async fn invoke(
    Path(name): Path<String>,
    headers: HeaderMap,
    request: Request,
) -> Answer<(StatusCode, HeaderMap, String)> {
    let body = axum::body::to_bytes(request.into_body(), 1 << 20).await.expect("a body");
    let mut answer = HeaderMap::new();
    answer.insert("x-amzn-requestid", "3f2a".parse().expect("a value"));
    let kind = headers["x-amz-invocation-type"].to_str().expect("text");
    match (name.as_str(), kind) {
        ("poll-tenant", "Event") => Ok((StatusCode::ACCEPTED, answer, String::new())),
        ("poll-tenant", _) => Ok((StatusCode::OK, answer, format!(r#"{{"got":{}}}"#, String::from_utf8_lossy(&body)))),
        ("api-read", _) => {
            answer.insert("x-amz-function-error", "Unhandled".parse().expect("a value"));
            let error = json!({ "errorType": "Runtime.ExitError", "errorMessage": "exit status 1" });
            Ok((StatusCode::OK, answer, error.to_string()))
        }
        _ => Err(not_found()),
    }
}

fn letter(id: u32) -> Value {
    json!({
        "id": id, "function": "poll-tenant", "request_id": format!("r-{id}"), "reason": "RetriesExhausted",
        "attempts": 3, "accepted_at": "2027-01-15T07:00:00Z", "dead_at": "2027-01-15T07:30:00Z",
        "error": "the handler failed"
    })
}

fn known(id: u32) -> Answer<()> {
    if (1..=150).contains(&id) { Ok(()) } else { Err(not_found()) }
}

#[derive(Deserialize)]
struct Range {
    limit: u32,
    after: Option<u32>,
}

/// 150 letters, so that a list needs two pages.
async fn list(Query(range): Query<Range>) -> Json<Value> {
    let first = range.after.map_or(1, |after| after + 1);
    let letters: Vec<Value> = (first..(first + range.limit).min(151)).map(letter).collect();
    Json(json!({ "dead_letters": letters }))
}

async fn show(Path(id): Path<u32>) -> Answer<Json<Value>> {
    known(id)?;
    let mut letter = letter(id);
    letter["payload"] = json!({ "tenant": "contoso" });
    Ok(Json(letter))
}

async fn redrive(Path(id): Path<u32>) -> Answer<(StatusCode, Json<Value>)> {
    known(id)?;
    Ok((StatusCode::ACCEPTED, Json(json!({ "request_id": format!("new-{id}") }))))
}

#[tokio::test]
async fn invoke_prints_the_answer() {
    let (ended, written) = leitwarte(&host().await, &["invoke", "poll-tenant", "--payload", r#"{"a":1}"#]).await;
    assert_eq!(ended, Ok(Outcome::Well));
    assert_eq!(serde_json::from_str::<Value>(&written).expect("JSON"), json!({ "got": { "a": 1 } }));
}

#[tokio::test]
async fn invoke_async_names_the_request() {
    let (ended, written) = leitwarte(&host().await, &["invoke", "poll-tenant", "--async"]).await;
    assert_eq!((ended, written.as_str()), (Ok(Outcome::Well), "Accepted; request id 3f2a.\n"));
}

#[tokio::test]
async fn a_functions_error_fails_the_command() {
    let (ended, written) = leitwarte(&host().await, &["invoke", "api-read"]).await;
    assert_eq!(ended, Err("api-read failed: exit status 1 [Runtime.ExitError]".to_owned()));
    assert_eq!(written, "");
}

#[tokio::test]
async fn an_unknown_function_is_answered_with_those_there_are() {
    let (ended, _) = leitwarte(&host().await, &["invoke", "pol-tenant"]).await;
    assert_eq!(ended, Err("there is no function `pol-tenant`. There are: poll-tenant, api-read.".to_owned()));
}

#[tokio::test]
async fn without_a_host_the_question_is_whether_up_runs() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port");
    let (ended, _) = leitwarte(&free.to_string(), &["dead-letters", "list"]).await;
    assert!(ended.expect_err("no host").contains("is `leitwarte up` running?"));
}

#[tokio::test]
async fn the_list_has_every_page() {
    let (ended, written) = leitwarte(&host().await, &["dead-letters", "list", "--json"]).await;
    assert_eq!(ended, Ok(Outcome::Well));
    let letters: Vec<Value> = serde_json::from_str(&written).expect("JSON");
    assert_eq!(letters.len(), 150);
    assert_eq!(letters[149]["id"], 150);
}

#[tokio::test]
async fn the_list_is_readable() {
    let (_, written) = leitwarte(&host().await, &["dead-letters", "list"]).await;
    let lines: Vec<&str> = written.lines().collect();
    insta::assert_snapshot!(format!("{}\n{}\n…\n{}", lines[0], lines[1], lines[lines.len() - 1]));
}

#[tokio::test]
async fn show_has_the_payload() {
    let (_, written) = leitwarte(&host().await, &["dead-letters", "show", "7"]).await;
    let shown: Value = serde_json::from_str(&written).expect("JSON");
    assert_eq!(shown["payload"], json!({ "tenant": "contoso" }));
}

#[tokio::test]
async fn redrive_and_delete_say_what_became_of_it() {
    let host = host().await;
    let (_, written) = leitwarte(&host, &["dead-letters", "redrive", "7"]).await;
    assert_eq!(written, "✔ 7 is back in the queue as new-7.\n");
    let (_, written) = leitwarte(&host, &["dead-letters", "redrive", "--all"]).await;
    assert_eq!(written, "150 events back in the queue.\n");
    let (_, written) = leitwarte(&host, &["dead-letters", "delete", "7"]).await;
    assert_eq!(written, "✔ 7 is deleted.\n");
    let (ended, _) = leitwarte(&host, &["dead-letters", "delete", "999"]).await;
    assert!(ended.expect_err("unknown").contains("there is no dead letter 999"));
}
