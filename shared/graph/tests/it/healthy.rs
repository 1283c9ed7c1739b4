//! What is sent and what comes out when everybody behaves.

use leitwarte_core::Uuid;
use serde_json::json;

use crate::support::stand_in::{Reply, StandIn, sku};
use crate::support::{Setup, minute};

#[tokio::test]
async fn the_licences_of_one_page_are_read_ordered_by_guid() {
    let server = StandIn::graph(|_| Reply::skus(&[sku(2, 40), sku(1, 10)])).await;
    let stock = Setup::new(&server.address).poll().await.unwrap();
    assert_eq!(stock.iter().map(|stock| stock.sku_id.as_u128()).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(stock[0].free(true), 15);
    assert_eq!(stock[1].free(true), -15, "over-assigned is negative");
}

#[tokio::test]
async fn the_request_asks_for_what_is_needed_with_the_token_and_who_asks() {
    let server = StandIn::graph(|_| Reply::skus(&[sku(1, 10)])).await;
    Setup::new(&server.address).poll().await.unwrap();
    let request = &server.requests("GET")[0];
    assert_eq!(
        request.target,
        "/v1.0/subscribedSkus?$select=skuId,skuPartNumber,appliesTo,capabilityStatus,consumedUnits,prepaidUnits"
    );
    assert_eq!(request.headers["authorization"], "Bearer token-1");
    assert_eq!(request.headers["accept"], "application/json");
    assert_eq!(request.headers["user-agent"], "NONISV|Company|Leitwarte/1.0");
    assert!(Uuid::parse_str(&request.headers["client-request-id"]).is_ok());
}

#[tokio::test]
async fn every_page_is_read_by_its_whole_link_and_empty_pages_are_fine() {
    let server = StandIn::graph(|request| {
        let host = format!("http://{}", request.headers["host"]);
        let next = |token: &str| format!("{host}/v1.0/subscribedSkus?$select=x&$skiptoken={token}");
        match request.target.split_once("$skiptoken=").map(|(_, token)| token) {
            None => Reply::json(200, &json!({"value": [sku(1, 1)], "@odata.nextLink": next("a%2Bb")})),
            Some("a%2Bb") => Reply::json(200, &json!({"value": [], "@odata.nextLink": next("c")})),
            Some("c") => Reply::json(200, &json!({"value": [sku(2, 2), sku(1, 1)], "@odata.nextLink": null})),
            Some(other) => panic!("{other}"),
        }
    })
    .await;
    let setup = Setup::new(&server.address);
    let budget = minute();
    let stock = setup.client.subscribed_skus(&setup.app(1), &budget).await.unwrap();
    assert_eq!(stock.len(), 2);
    assert!(server.requests("GET").iter().all(|request| request.headers["authorization"] == "Bearer token-1"));
    assert_eq!((budget.spent().requests, budget.spent().retries), (4, 0));
}

#[tokio::test]
async fn a_profile_that_ends_in_a_slash_or_names_the_cloud_makes_the_right_addresses() {
    let profile = leitwarte_core::profile::TenantProfile::parse(
        &json!({
            "tenant_id": "8d0b3f43-9c6c-4b2c-b3c2-8a9b6a3c0001", "tenant_name": "contoso",
            "client_id": "8d0b3f43-9c6c-4b2c-b3c2-8a9b6a3c0002", "cert_path": "x.pem", "expires": "2027-05-19",
            "thumbprint": "01:23:45:67:89:ab:cd:ef:01:23:45:67:89:ab:cd:ef:01:23:45:67", "cloud": "dod",
            "authority_host": "http://localhost:8085/",
        })
        .to_string(),
    )
    .unwrap();
    let app = leitwarte_graph::AppRegistration::from(&profile);
    assert_eq!(app.token_address(), "http://localhost:8085/8d0b3f43-9c6c-4b2c-b3c2-8a9b6a3c0001/oauth2/v2.0/token");
    assert_eq!(app.scope(), "https://dod-graph.microsoft.us/.default");
    assert_eq!(app.thumbprint, "0123456789ABCDEF0123456789ABCDEF01234567");
}

#[tokio::test]
async fn a_poll_can_run_on_any_thread() {
    let server = StandIn::graph(|_| Reply::skus(&[sku(1, 10)])).await;
    let setup = Setup::new(&server.address);
    let (client, app) = (setup.client.clone(), setup.app(1));
    tokio::spawn(async move { client.subscribed_skus(&app, &minute()).await }).await.unwrap().unwrap();
}
