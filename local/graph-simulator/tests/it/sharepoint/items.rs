//! Rows: reading pages, writing, versions, filters.

use leitwarte_graph_simulator::{LICENCE_LIST, Settings};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Lists, body};
use crate::rig::graph_error;

const ITEMS: &str = "/lists/Lizenzstatusliste/items";

/// All rows, page by page, and how many pages there were.
async fn all_pages(lists: &Lists, query: &str) -> (Vec<Value>, usize) {
    let mut page = lists.get(&format!("{ITEMS}?{query}")).await;
    let (mut rows, mut pages) = (Vec::new(), 1);
    loop {
        rows.extend(page["value"].as_array().expect("rows").iter().cloned());
        let Some(next) = page["@odata.nextLink"].as_str() else { return (rows, pages) };
        assert!(next.starts_with(lists.rig.simulator.base_url()), "{next}");
        page = body(lists.rig.http.get(next).bearer_auth(&lists.token).send().await.expect("an answer")).await;
        pages += 1;
    }
}

fn ids(rows: &[Value]) -> Vec<u64> {
    rows.iter().map(|row| row["id"].as_str().expect("text").parse().expect("a number")).collect()
}

#[tokio::test]
async fn a_page_has_200_rows_unless_asked_otherwise_and_the_pages_make_the_whole() {
    let lists = Lists::start().await;
    lists.fill(450);
    for (query, pages) in [("$expand=fields", 3), ("expand=fields&$top=100", 5), ("$top=450", 1), ("$top=449", 2)] {
        let (rows, counted) = all_pages(&lists, query).await;
        assert_eq!((ids(&rows), counted), ((1..=450).collect(), pages), "{query}");
    }
}

#[tokio::test]
async fn a_settings_page_size_is_the_most_a_page_has() {
    let lists = Lists::start_with(Settings { list_page_size: Some(3), ..Settings::default() }).await;
    lists.fill(7);
    let (rows, pages) = all_pages(&lists, "$expand=fields($select=Title)&$top=1000").await;
    assert_eq!((ids(&rows), pages), ((1..=7).collect(), 3));
    assert_eq!(rows[6]["fields"], json!({ "@odata.etag": rows[6]["eTag"], "Title": "L7" }), "the select goes on");
}

#[tokio::test]
async fn rows_that_come_and_go_between_pages_shift_nothing() {
    let lists = Lists::start().await;
    lists.fill(4);
    let first = lists.get(&format!("{ITEMS}?$top=2")).await;
    lists.person().delete_row(LICENCE_LIST, 1).expect("it is there");
    lists.fill(1);
    let next = first["@odata.nextLink"].as_str().expect("a second page");
    let second = body(lists.rig.http.get(next).bearer_auth(&lists.token).send().await.expect("an answer")).await;
    assert_eq!(ids(second["value"].as_array().expect("rows")), [3, 4], "neither twice nor left out");
}

#[tokio::test]
async fn cells_come_by_inner_name_and_only_where_they_are_asked_for() {
    let lists = Lists::start().await;
    lists.fill(1);
    let bare = lists.get(&format!("{ITEMS}/1")).await;
    assert_eq!(bare.get("fields"), None);
    assert_eq!((&bare["id"], &bare["eTag"]), (&json!("1"), &bare["@odata.etag"]));
    let full = lists.get(&format!("{ITEMS}/1?expand=fields")).await["fields"].clone();
    assert_eq!((&full["Title"], &full["Verf_x00fc_gbar"], &full["id"]), (&json!("L1"), &json!(10.0), &json!("1")));
    assert_eq!(full.get("Gebraucht"), None, "an empty cell is missing");
    let chosen = lists.get(&format!("{ITEMS}/1?$expand=fields($select=Frei,tenant)")).await["fields"].clone();
    assert_eq!(chosen, json!({ "@odata.etag": bare["eTag"], "Frei": 1.0, "tenant": "A" }));
    let alone = lists.get(&format!("{ITEMS}/1/fields?$select=Frei")).await;
    assert_eq!(alone["Frei"], json!(1.0));
}

#[tokio::test]
async fn a_new_row_is_a_201_with_its_first_version() {
    let lists = Lists::start().await;
    let fields = json!({ "Title": "Office 365 E3", "tenant": "A", "Verf_x00fc_gbar": 25, "Frei": -3 });
    let response = lists.post(ITEMS, json!({ "fields": fields })).await;
    assert_eq!(response.status(), 201);
    let row = body(response).await;
    assert_eq!((&row["id"], &row["fields"]["Frei"]), (&json!("1"), &json!(-3.0)));
    assert!(row["eTag"].as_str().expect("text").ends_with(",1\""), "{row}");
    let seen = lists.person().rows(LICENCE_LIST).expect("the list");
    assert_eq!((seen.len(), seen[0].get("Verf_x00fc_gbar")), (1, &json!(25.0)));
}

#[tokio::test]
async fn a_write_needs_the_version_that_was_read_if_it_names_one() {
    let lists = Lists::start().await;
    lists.fill(1);
    let row = format!("{ITEMS}/1");
    let read = lists.get(&row).await["eTag"].as_str().expect("text").to_owned();
    let changed = lists.patch(&format!("{row}/fields"), Some(&read), json!({ "Frei": 0, "Gebraucht": 10 })).await;
    assert_eq!(changed.status(), 200);
    let fields = body(changed).await;
    assert_eq!((&fields["Frei"], &fields["Title"]), (&json!(0.0), &json!("L1")));
    let newer = fields["@odata.etag"].as_str().expect("text").to_owned();
    assert!(newer.ends_with(",2\"") && newer != read, "{newer}");

    let late = lists.patch(&format!("{row}/fields"), Some(&read), json!({ "Frei": 5 })).await;
    assert_eq!(graph_error(late).await, (412, "resourceModified".to_owned()));
    let late = lists.send(Method::DELETE, &format!("{}{row}", lists.site), Some(&read), None).await;
    assert_eq!(late.status(), 412);
    assert_eq!(lists.person().rows(LICENCE_LIST).expect("the list")[0].get("Frei"), &json!(0.0));

    let whole = lists.patch(&row, Some(&newer), json!({ "fields": { "Frei": null } })).await;
    assert_eq!(whole.status(), 200);
    assert_eq!(body(whole).await["fields"].get("Frei"), None, "null empties a cell");
    assert_eq!(lists.patch(&format!("{row}/fields"), Some("*"), json!({ "Frei": 1 })).await.status(), 200);
    assert_eq!(lists.send(Method::DELETE, &format!("{}{row}", lists.site), None, None).await.status(), 204);
    let gone = lists.patch(&format!("{row}/fields"), None, json!({ "Frei": 1 })).await;
    assert_eq!(graph_error(gone).await, (404, "itemNotFound".to_owned()));
}

#[tokio::test]
async fn a_column_that_is_unknown_read_only_or_of_another_type_is_refused_and_nothing_written() {
    let lists = Lists::start().await;
    for (fields, message) in [
        (json!({ "Title": "x", "Verfügbar": 1 }), "Field 'Verfügbar' is not recognized"),
        (json!({ "Title": "x", "Modified": "2026-01-01T00:00:00Z" }), "Field 'Modified' is read-only"),
        (json!({ "Title": "x", "Frei": "3" }), "The value of field 'Frei' does not fit its type"),
        (json!({ "Title": 7 }), "The value of field 'Title' does not fit its type"),
    ] {
        let response = lists.post(ITEMS, json!({ "fields": fields })).await;
        assert_eq!(response.status(), 400);
        let error = body(response).await["error"].clone();
        assert_eq!((&error["code"], &error["message"]), (&json!("invalidRequest"), &json!(message)));
    }
    assert!(lists.person().rows(LICENCE_LIST).expect("the list").is_empty());
    lists.fill(1);
    let path = format!("{}{ITEMS}?$expand=fields($select=Lizenzname)", lists.site);
    let unknown = lists.send(Method::GET, &path, None, None).await;
    assert_eq!(graph_error(unknown).await, (400, "invalidRequest".to_owned()));
}

#[tokio::test]
async fn sites_go_by_path_and_lists_by_name_or_guid() {
    let lists = Lists::start().await;
    let by_path = "/sites/contoso.sharepoint.com:/sites/lizenzen";
    let site = body(lists.send(Method::GET, by_path, None, None).await).await;
    assert_eq!(format!("/sites/{}", site["id"].as_str().expect("text")), lists.site);
    assert_eq!(site["id"], json!(lists.person().id()));
    let id = lists.person().list_id("Tenantliste").expect("the list");
    assert_eq!(lists.get(&format!("/lists/{id}/items")).await["value"].as_array().map(Vec::len), Some(2));
    let through = format!("{by_path}:/lists/Tenantliste/items?expand=fields");
    let tenants = body(lists.send(Method::GET, &through, None, None).await).await;
    assert_eq!(tenants["value"][1]["fields"]["Title"], json!("B"));
    for nowhere in ["/sites/contoso.sharepoint.com:/sites/x", &format!("{}/lists/x/items", lists.site)] {
        let response = lists.send(Method::GET, nowhere, None, None).await;
        assert_eq!(graph_error(response).await, (404, "itemNotFound".to_owned()));
    }
}

#[tokio::test]
async fn a_filter_needs_an_index_or_the_callers_will_to_try() {
    let lists = Lists::start().await;
    lists.fill(3);
    let query = "$expand=fields&$filter=fields/tenant%20eq%20'A'%20and%20fields/Frei%20gt%201";
    let url = format!("{}/v1.0{}{ITEMS}?{query}", lists.rig.simulator.base_url(), lists.site);
    let request = || lists.rig.http.get(&url).bearer_auth(&lists.token);
    let refused = request().send().await.expect("an answer");
    assert_eq!(refused.status(), 400);
    let message = body(refused).await["error"]["message"].as_str().expect("text").to_owned();
    assert!(message.contains("HonorNonIndexedQueriesWarningMayFailRandomly"), "{message}");
    let header = "HonorNonIndexedQueriesWarningMayFailRandomly";
    let tried = body(request().header("Prefer", header).send().await.expect("an answer")).await;
    assert_eq!(ids(tried["value"].as_array().expect("rows")), [2, 3]);
    lists.fill(4998);
    let too_long = request().header("Prefer", header).send().await.expect("an answer");
    assert_eq!(too_long.status(), 400, "beyond 5000 rows SharePoint does not even try");
}
