//! Who may do what.

use leitwarte_graph_simulator::{LICENCE_LIST, ListAccess, SiteRole};
use reqwest::Method;
use serde_json::{Value, json};

use super::Lists;
use crate::rig::{CLIENT, CONTOSO, FABRIKAM, POWERLESS, PROVISIONER, graph_error};

const ITEMS: &str = "/lists/Lizenzstatusliste/items";

/// Status of a read, a write and making a list.
async fn allowed(lists: &Lists) -> [u16; 3] {
    let read = lists.send(Method::GET, &format!("{}{ITEMS}", lists.site), None, None).await;
    let write = lists.post(ITEMS, json!({ "fields": { "Title": "x" } })).await;
    let make = lists.post("/lists", json!({ "displayName": "Neue Liste" })).await;
    [read, write, make].map(|response| response.status().as_u16())
}

#[tokio::test]
async fn sites_selected_allows_what_the_sites_role_allows() {
    let lists = Lists::start().await;
    assert_eq!(allowed(&lists).await, [200, 201, 403]);
    for (role, expected) in
        [(Some(SiteRole::Read), [200, 403, 403]), (None, [403, 403, 403]), (Some(SiteRole::Manage), [200, 201, 201])]
    {
        lists.person().set_role(CLIENT, role);
        assert_eq!(allowed(&lists).await, expected, "{role:?}");
    }
}

#[tokio::test]
async fn what_the_directory_gave_counts_for_every_site() {
    let mut lists = Lists::start().await;
    lists.sign_in_as(POWERLESS).await;
    assert_eq!(allowed(&lists).await, [403, 403, 403]);
    lists.sign_in_as(PROVISIONER).await;
    assert_eq!(allowed(&lists).await, [200, 201, 201]);
}

#[tokio::test]
async fn another_tenants_app_does_not_find_the_site() {
    let mut lists = Lists::start().await;
    lists.token = lists.rig.token(FABRIKAM, PROVISIONER).await;
    assert_eq!(allowed(&lists).await, [404, 404, 404]);
}

#[tokio::test]
async fn a_list_can_be_taken_away_for_writing_or_wholly() {
    let lists = Lists::start().await;
    lists.person().set_access(LICENCE_LIST, ListAccess::ReadOnly).expect("the list");
    let refused = lists.post(ITEMS, json!({ "fields": { "Title": "x" } })).await;
    assert_eq!(graph_error(refused).await, (403, "accessDenied".to_owned()));
    lists.get(ITEMS).await;
    lists.person().set_access(LICENCE_LIST, ListAccess::None).expect("the list");
    assert_eq!(lists.send(Method::GET, &format!("{}{ITEMS}", lists.site), None, None).await.status(), 403);
    lists.get("/lists/Tenantliste/items").await;
}

#[tokio::test]
async fn a_token_is_needed_for_a_batch_and_inside_it() {
    let mut lists = Lists::start().await;
    lists.token = "x".to_owned();
    let refused = lists.batch(json!([])).await;
    assert_eq!(graph_error(refused).await, (401, "InvalidAuthenticationToken".to_owned()));
    lists.token = lists.rig.token(CONTOSO, POWERLESS).await;
    let read = json!({ "id": "1", "method": "GET", "url": format!("{}/lists", lists.site) });
    let answers: Value = lists.batch(json!([read])).await.json().await.expect("JSON");
    assert_eq!(answers["responses"][0]["status"], json!(403));
}
