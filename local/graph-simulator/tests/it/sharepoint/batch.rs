//! Several requests in one.

use leitwarte_graph_simulator::{Fault, FaultKind, LICENCE_LIST, Operation, RetryAfter};
use serde_json::{Value, json};

use super::{Lists, body};
use crate::rig::graph_error;

fn answer<'a>(body: &'a Value, id: &str) -> &'a Value {
    let answers = body["responses"].as_array().expect("answers");
    answers.iter().find(|answer| answer["id"] == id).expect("an answer to each")
}

fn write(lists: &Lists, id: &str, row: &str, fields: &Value) -> Value {
    json!({
        "id": id, "method": "PATCH", "url": format!("{}/lists/Lizenzstatusliste/items/{row}/fields", lists.site),
        "headers": { "Content-Type": "application/json" }, "body": fields,
    })
}

#[tokio::test]
async fn each_request_has_its_own_status_and_the_order_is_another() {
    let lists = Lists::start().await;
    lists.fill(1);
    let answered = lists
        .batch(json!([
            { "id": "skus", "method": "GET", "url": "/subscribedSkus?$select=skuId" },
            write(&lists, "good", "1", &json!({ "Frei": 0 })),
            write(&lists, "none", "9", &json!({ "Frei": 0 })),
            { "id": "rows", "method": "GET", "url": format!("{}/lists/Lizenzstatusliste/items?$expand=fields($select=Frei)", lists.site) },
        ]))
        .await;
    assert_eq!(answered.status(), 200);
    let answers = body(answered).await;
    let order: Vec<&str> =
        answers["responses"].as_array().expect("answers").iter().filter_map(|a| a["id"].as_str()).collect();
    assert_eq!(order, ["rows", "none", "good", "skus"]);
    for (id, status) in [("skus", 200), ("good", 200), ("none", 404), ("rows", 200)] {
        assert_eq!(answer(&answers, id)["status"], json!(status), "{id}");
    }
    assert_eq!(answer(&answers, "skus")["body"]["value"].as_array().map(Vec::len), Some(5));
    assert_eq!(
        answer(&answers, "rows")["body"]["value"][0]["fields"]["Frei"],
        json!(0.0),
        "written before it was read"
    );
}

#[tokio::test]
async fn versions_hold_inside_a_batch_and_a_deletion_has_no_body() {
    let lists = Lists::start().await;
    lists.fill(1);
    let mut late = write(&lists, "late", "1", &json!({ "Frei": 7 }));
    late["headers"]["If-Match"] = json!("\"00000000-0000-0000-0000-000000000000,1\"");
    let delete =
        json!({ "id": "gone", "method": "DELETE", "url": format!("{}/lists/Lizenzstatusliste/items/1", lists.site) });
    let answers = body(lists.batch(json!([late, delete])).await).await;
    assert_eq!(answer(&answers, "late")["status"], json!(412));
    assert_eq!(answer(&answers, "late")["body"]["error"]["code"], json!("resourceModified"));
    assert_eq!((&answer(&answers, "gone")["status"], answer(&answers, "gone").get("body")), (&json!(204), None));
}

#[tokio::test]
async fn whoever_depends_on_a_failure_fails_with_424() {
    let lists = Lists::start().await;
    lists.fill(1);
    let mut second = write(&lists, "second", "1", &json!({ "Frei": 7 }));
    second["dependsOn"] = json!(["first"]);
    let mut third = write(&lists, "third", "1", &json!({ "Frei": 8 }));
    third["dependsOn"] = json!(["second"]);
    let fourth = write(&lists, "fourth", "1", &json!({ "Gebraucht": 9 }));
    let first = write(&lists, "first", "9", &json!({}));
    let answers = body(lists.batch(json!([first, second, third, fourth])).await).await;
    for (id, status) in [("first", 404), ("second", 424), ("third", 424), ("fourth", 200)] {
        assert_eq!(answer(&answers, id)["status"], json!(status), "{id}");
    }
    let row = &lists.person().rows(LICENCE_LIST).expect("the list")[0];
    assert_eq!((row.get("Frei"), row.get("Gebraucht")), (&json!(1.0), &json!(9.0)));
}

#[tokio::test]
async fn a_batch_that_is_not_well_formed_is_refused_as_a_whole() {
    let lists = Lists::start().await;
    lists.fill(1);
    let get = |id: &str| json!({ "id": id, "method": "GET", "url": "/subscribedSkus" });
    let many: Vec<Value> = (0..21).map(|id| get(&id.to_string())).collect();
    let refused = lists.batch(json!(many)).await;
    assert_eq!(graph_error(refused).await, (400, "MaximumValueExceeded".to_owned()));
    let mut untyped = write(&lists, "1", "1", &json!({ "Frei": 0 }));
    untyped["headers"] = json!({});
    let mut orphan = get("1");
    orphan["dependsOn"] = json!(["2"]);
    let absolute = json!({ "id": "1", "method": "GET", "url": "https://graph.microsoft.com/v1.0/subscribedSkus" });
    for requests in
        [json!([get("1"), get("1")]), json!([untyped]), json!([orphan]), json!([absolute]), json!([{ "id": "1" }])]
    {
        let refused = lists.batch(requests.clone()).await;
        assert_eq!(graph_error(refused).await, (400, "BadRequest".to_owned()), "{requests}");
    }
    assert_eq!(lists.report().writes("contoso"), 0);
    assert_eq!(lists.batch(json!(many[..20])).await.status(), 200);
}

#[tokio::test]
async fn a_throttled_request_carries_its_own_pause() {
    let lists = Lists::start().await;
    lists.fill(2);
    let throttled = FaultKind::Status { status: 429, retry_after: Some(RetryAfter::Seconds(9)) };
    lists.rig.simulator.inject(Fault::once("contoso", Operation::AnyInBatch, throttled).after(1)).expect("possible");
    let writes =
        json!([write(&lists, "1", "1", &json!({ "Frei": 0 })), write(&lists, "2", "2", &json!({ "Frei": 0 }))]);
    let answers = body(lists.batch(writes).await).await;
    assert_eq!(answer(&answers, "1")["status"], json!(200));
    let second = answer(&answers, "2");
    assert_eq!((&second["status"], &second["headers"]["Retry-After"]), (&json!(429), &json!("9")));
    assert_eq!(second["body"]["error"]["code"], json!("activityLimitReached"));
    assert_eq!(lists.person().rows(LICENCE_LIST).expect("the list")[1].get("Frei"), &json!(2.0), "not written");
}
