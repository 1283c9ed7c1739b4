//! Columns and making lists.

use leitwarte_graph_simulator::{ColumnConfig, ColumnKind, LICENCE_LIST};
use serde_json::{Value, json};

use super::{Lists, body};
use crate::rig::{PROVISIONER, graph_error};

fn column<'a>(columns: &'a Value, name: &str) -> &'a Value {
    let columns = columns["value"].as_array().expect("columns");
    columns.iter().find(|column| column["name"] == name).unwrap_or(&Value::Null)
}

#[tokio::test]
async fn columns_tell_inner_name_visible_name_and_kind() {
    let lists = Lists::start().await;
    let columns = lists.get("/lists/Lizenzstatusliste/columns").await;
    let available = column(&columns, "Verf_x00fc_gbar");
    assert_eq!((&available["displayName"], available["number"].is_object()), (&json!("Verfügbar"), true));
    let title = column(&columns, "Title");
    assert_eq!((&title["displayName"], &title["required"]), (&json!("Lizenzname"), &json!(true)));
    for name in ["ID", "Modified", "Created", "Author"] {
        assert_eq!(column(&columns, name)["readOnly"], json!(true), "{name}");
    }
    assert_eq!(column(&columns, "_ComplianceFlags")["hidden"], json!(true));
    let trigger = column(&columns, "trigger_inform_supporter");
    assert_eq!((&trigger["boolean"], trigger.get("defaultValue")), (&json!({}), None));
    let names = lists.get("/lists/Lizenzstatusliste/columns?$select=name,displayName").await;
    assert_eq!(column(&names, "Frei"), &json!({ "name": "Frei", "displayName": "Frei" }));
}

#[tokio::test]
async fn people_rename_delete_and_make_columns() {
    let lists = Lists::start().await;
    let person = lists.person();
    lists.fill(1);
    person.rename_column(LICENCE_LIST, "Verfügbar", "Gekauft").expect("it is there");
    person.delete_column(LICENCE_LIST, "Frei").expect("it is there");
    person.add_column(LICENCE_LIST, ColumnConfig::new("Größe", ColumnKind::Number).indexed()).expect("it is new");
    let columns = lists.get("/lists/Lizenzstatusliste/columns").await;
    assert_eq!(column(&columns, "Verf_x00fc_gbar")["displayName"], json!("Gekauft"));
    assert_eq!(column(&columns, "Frei"), &Value::Null);
    assert_eq!(column(&columns, "Gr_x00f6__x00df_e")["indexed"], json!(true));
    let row = lists.get("/lists/Lizenzstatusliste/items/1?$expand=fields").await;
    assert_eq!((row["fields"].get("Frei"), &row["fields"]["Verf_x00fc_gbar"]), (None, &json!(10.0)));
}

#[tokio::test]
async fn a_list_is_made_with_its_columns_and_only_once() {
    let mut lists = Lists::start().await;
    lists.sign_in_as(PROVISIONER).await;
    let wanted = json!({
        "displayName": "Neue Liste",
        "columns": [
            { "name": "Verfügbar", "number": {} },
            { "name": "available", "displayName": "Ja oder nein", "boolean": {}, "defaultValue": { "value": "1" } },
        ],
        "list": { "template": "genericList" },
    });
    let made = lists.post("/lists", wanted.clone()).await;
    assert_eq!(made.status(), 201);
    let id = body(made).await["id"].as_str().expect("text").to_owned();
    let columns = lists.get(&format!("/lists/{id}/columns")).await;
    assert_eq!(column(&columns, "Verf_x00fc_gbar")["displayName"], json!("Verfügbar"));
    assert_eq!(column(&columns, "available")["displayName"], json!("Ja oder nein"));
    assert_eq!(graph_error(lists.post("/lists", wanted).await).await, (409, "nameAlreadyExists".to_owned()));
    let listed = lists.get("/lists?$select=displayName").await;
    let names: Vec<&str> =
        listed["value"].as_array().expect("lists").iter().filter_map(|list| list["displayName"].as_str()).collect();
    assert_eq!(names, ["Parameterliste", "Tenantliste", "Lizenzstatusliste", "Neue Liste"]);
    assert_eq!(lists.person().lists(), names);
    let row = lists.post(&format!("/lists/{id}/items"), json!({ "fields": { "Title": "x" } })).await;
    assert_eq!(body(row).await["fields"]["available"], json!(true), "the default");
}

#[tokio::test]
async fn a_missing_column_is_added_and_a_bad_one_refused() {
    let mut lists = Lists::start().await;
    lists.sign_in_as(PROVISIONER).await;
    let path = "/lists/Tenantliste/columns";
    let made = lists.post(path, json!({ "name": "note", "text": {} })).await;
    assert_eq!((made.status().as_u16(), &body(made).await["name"]), (201, &json!("note")));
    for (definition, status) in [
        (json!({ "name": "Note", "text": {} }), 409),
        (json!({ "name": "Title", "text": {} }), 409),
        (json!({ "name": "both", "text": {}, "number": {} }), 400),
        (json!({ "name": "neither" }), 400),
        (json!({ "text": {} }), 400),
    ] {
        assert_eq!(lists.post(path, definition.clone()).await.status(), status, "{definition}");
    }
    let names = lists.person().columns("Tenantliste").expect("the list");
    let names: Vec<&str> = names.iter().map(|(inner, _)| inner.as_str()).collect();
    assert_eq!(names, ["Title", "enabled", "monitoring", "cert_expires", "note"]);
}

#[tokio::test]
async fn a_column_can_be_shown_under_another_name() {
    let mut lists = Lists::start().await;
    let columns = lists.get("/lists/Tenantliste/columns").await;
    let id = column(&columns, "Title")["id"].as_str().expect("text").to_owned();
    let (path, change) = (format!("/lists/Tenantliste/columns/{id}"), json!({ "displayName": "Kunde" }));
    assert_eq!(lists.patch(&path, None, change.clone()).await.status(), 403, "it takes more than writing rows");
    lists.sign_in_as(PROVISIONER).await;
    let changed = lists.patch(&path, None, change.clone()).await;
    assert_eq!((changed.status().as_u16(), &body(changed).await["displayName"]), (200, &json!("Kunde")));
    let columns = lists.get("/lists/Tenantliste/columns").await;
    assert_eq!(column(&columns, "Title")["displayName"], json!("Kunde"), "its inner name stays");
    assert_eq!(lists.patch("/lists/Tenantliste/columns/x", None, change).await.status(), 404);
    assert_eq!(lists.patch(&path, None, json!({ "name": "other" })).await.status(), 400);
}
