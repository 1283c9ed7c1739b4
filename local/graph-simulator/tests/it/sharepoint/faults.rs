//! What goes wrong on request, and what is counted.

use leitwarte_graph_simulator::{FaultKind, LICENCE_LIST, Operation};
use reqwest::Method;
use serde_json::{Value, json};

use super::Lists;
use crate::rig::graph_error;

const ITEMS: &str = "/lists/Lizenzstatusliste/items";

async fn try_create(lists: &Lists) -> Result<u16, bool> {
    let url = format!("{}/v1.0{}{ITEMS}", lists.rig.simulator.base_url(), lists.site);
    let request = lists.rig.http.post(url).bearer_auth(&lists.token).json(&json!({ "fields": { "Title": "x" } }));
    request.send().await.map(|response| response.status().as_u16()).map_err(|error| error.is_timeout())
}

fn rows(lists: &Lists) -> usize {
    lists.person().rows(LICENCE_LIST).expect("the list").len()
}

#[tokio::test]
async fn an_answer_can_be_lost_after_the_work_was_done() {
    let lists = Lists::start().await;
    lists.inject(Operation::CreateItem, FaultKind::LostAnswer, 0);
    assert_eq!(try_create(&lists).await, Err(false));
    assert_eq!(rows(&lists), 1);
    lists.inject(Operation::CreateItem, FaultKind::DropConnection, 0);
    assert_eq!(try_create(&lists).await, Err(false));
    assert_eq!(rows(&lists), 1, "this one came before the work");
    lists.inject(Operation::CreateItem, FaultKind::DoneYet { status: 504 }, 0);
    assert_eq!(try_create(&lists).await, Ok(504));
    assert_eq!(rows(&lists), 2);
}

#[tokio::test]
async fn a_fault_hits_the_operation_it_is_for_in_sharepoints_own_words() {
    let lists = Lists::start().await;
    lists.fill(1);
    let row = format!("{ITEMS}/1");
    for (operation, method, path, status, code) in [
        (Operation::Site, Method::GET, "", 503, "serviceNotAvailable"),
        (Operation::Lists, Method::GET, "/lists", 429, "activityLimitReached"),
        (Operation::Columns, Method::GET, "/lists/Tenantliste/columns", 403, "accessDenied"),
        (Operation::Items, Method::GET, ITEMS, 500, "generalException"),
        (Operation::Item, Method::GET, row.as_str(), 404, "itemNotFound"),
        (Operation::UpdateItem, Method::PATCH, row.as_str(), 401, "InvalidAuthenticationToken"),
        (Operation::DeleteItem, Method::DELETE, row.as_str(), 412, "resourceModified"),
    ] {
        lists.inject(operation, FaultKind::Status { status, retry_after: None }, 0);
        let response = lists.send(method, &format!("{}{path}", lists.site), None, None).await;
        assert_eq!(graph_error(response).await, (status, code.to_owned()), "{operation:?}");
    }
    assert_eq!(rows(&lists), 1);
}

#[tokio::test]
async fn the_nth_request_can_fail_whatever_it_is() {
    let lists = Lists::start().await;
    let failure = FaultKind::Status { status: 503, retry_after: None };
    lists.inject(Operation::AnyRequest, failure, 2);
    lists.get("/lists").await;
    lists.get("/lists/Tenantliste/columns").await;
    assert_eq!(try_create(&lists).await, Ok(503));
    assert_eq!(try_create(&lists).await, Ok(201));
    assert_eq!(rows(&lists), 1);
}

#[tokio::test]
async fn a_batch_is_lost_with_what_one_of_its_requests_loses() {
    let lists = Lists::start().await;
    let create = |id: &str| {
        json!({
            "id": id, "method": "POST", "url": format!("{}{ITEMS}", lists.site),
            "headers": { "Content-Type": "application/json" }, "body": { "fields": { "Title": id } },
        })
    };
    let url = format!("{}/v1.0/$batch", lists.rig.simulator.base_url());
    let requests = json!({ "requests": [create("1"), create("2")] });
    let send = || lists.rig.http.post(&url).bearer_auth(&lists.token).json(&requests).send();
    lists.inject(Operation::Batch, FaultKind::LostAnswer, 0);
    assert!(send().await.is_err());
    assert_eq!(rows(&lists), 2, "both were made");
    lists.inject(Operation::AnyInBatch, FaultKind::DropConnection, 1);
    assert!(send().await.is_err());
    assert_eq!(rows(&lists), 3, "the connection broke at the second");
    lists.inject(Operation::Batch, FaultKind::DropConnection, 0);
    assert!(send().await.is_err());
    assert_eq!(rows(&lists), 3);
}

#[tokio::test]
async fn the_log_tells_round_trips_from_what_was_inside() {
    let lists = Lists::start().await;
    lists.fill(1);
    lists.get(ITEMS).await;
    let read = json!({ "id": "r", "method": "GET", "url": format!("{}/lists", lists.site) });
    let write = json!({
        "id": "w", "method": "PATCH", "url": format!("{}{ITEMS}/1", lists.site),
        "headers": { "Content-Type": "application/json" }, "body": { "fields": { "Frei": 0 } },
    });
    let answers: Value = lists.batch(json!([read, write])).await.json().await.expect("JSON");
    assert_eq!(answers["responses"].as_array().map(Vec::len), Some(2));
    let report = lists.report();
    assert_eq!((report.round_trips("contoso"), report.reads("contoso"), report.writes("contoso")), (2, 2, 1));
    let of = |operation| report.requests("contoso", operation);
    assert_eq!((of(Operation::Batch), of(Operation::Items), of(Operation::UpdateItem)), (1, 1, 1));
    assert_eq!(report.total[&Operation::UpdateItem].in_batch, 1);
    assert_eq!((report.in_flight, report.most_in_flight), (0, 1));
}
