//! What people and flows see over time.

use leitwarte_graph_simulator::{Notice, TENANT_LIST};
use serde_json::json;
use sync_sharepoint::{Event, Report, handle};

use crate::rig::{Rig, in_seconds, minutes_pass, stock};

#[tokio::test]
async fn short_is_told_once_and_again_after_there_was_stock() {
    let rig = Rig::new().await;
    let mut told = Vec::new();
    for free in [0, -2, 0, 4, 4, 0, 0] {
        rig.polled(&[("contoso", vec![stock(1, free)])]).await;
        rig.synced().await;
        told.push(rig.flows().len());
    }
    assert_eq!(told, [1, 0, 0, 0, 0, 1, 0]);
}

#[tokio::test]
async fn the_message_names_tenant_licence_and_numbers_and_goes_where_the_parameterliste_says() {
    let rig = Rig::new().await;
    rig.polled(&[("contoso", vec![stock(1, -2)])]).await;
    rig.synced().await;
    let told = rig.person().run_flows().unwrap();
    let notice = Notice::Shortage {
        tenant: "contoso".to_owned(),
        licence: "PRODUCT_1".to_owned(),
        available: Some(10.0),
        used: Some(12.0),
        free: Some(-2.0),
    };
    assert_eq!((&told[0].notice, told[0].channel.as_str()), (&notice, "E-Mail"));
}

#[tokio::test]
async fn the_switches_of_the_tenantliste_are_obeyed_and_copied() {
    let rig = Rig::new().await;
    rig.polled(&[("contoso", vec![stock(1, 3)]), ("fabrikam", vec![stock(1, 3)])]).await;
    rig.synced().await;
    let (id, row) = rig.tenants().remove(0);
    assert_eq!(
        (&row["enabled"], &row["monitoring"], &row["cert_expires"]),
        (&json!(true), &json!(true), &json!("2030-03-17T00:00:00Z"))
    );
    rig.person().set_fields(TENANT_LIST, id, &json!({ "monitoring": false })).unwrap();
    rig.polled(&[("contoso", vec![stock(1, 0)]), ("fabrikam", vec![stock(1, 0)])]).await;
    rig.synced().await;
    assert_eq!(rig.flows(), ["fabrikam: PRODUCT_1"]);
    rig.person().set_fields(TENANT_LIST, id, &json!({ "enabled": false })).unwrap();
    rig.synced().await;
    let tenants = rig.store.tenants().await.unwrap();
    assert_eq!((tenants[0].enabled, tenants[0].monitoring, tenants[1].enabled), (false, false, true));
}

#[tokio::test]
async fn a_profile_that_is_switched_off_for_a_time_leaves_the_tenant_switched_on() {
    let rig = Rig::new().await;
    rig.profiles_are(&[("contoso", false)]).await;
    rig.synced().await;
    assert_eq!(rig.tenants().len(), 0);
    rig.polled(&[("contoso", vec![stock(1, 0)])]).await;
    rig.synced().await;
    assert_eq!(rig.tenants()[0].1["enabled"], json!(true));
    assert!(rig.store.tenants().await.unwrap()[0].enabled);
    assert_eq!(rig.flows(), ["contoso: PRODUCT_1"]);
}

#[tokio::test]
async fn old_numbers_are_not_carried_on() {
    let rig = Rig::new().await;
    rig.polled(&[("contoso", vec![stock(1, 3)])]).await;
    rig.synced().await;
    rig.polled(&[("contoso", vec![stock(1, 0)])]).await;
    minutes_pass(60);
    assert_eq!(rig.synced().await.written, 0, "nobody knows whether it is still short");
}

#[tokio::test]
async fn a_tick_without_polls_asks_nobody() {
    let rig = Rig::new().await;
    let report = handle(&rig.deps, &Event::Polled { tenants: 0 }, in_seconds(60)).await.unwrap();
    assert_eq!(report, Report::default());
    assert_eq!(rig.simulator.requests().recent.len(), 0);
}

#[tokio::test]
async fn without_a_sharepoint_profile_there_is_nothing_to_do() {
    let rig = Rig::new().await;
    std::fs::remove_dir_all(rig.profiles.join("sharepoint")).unwrap();
    assert_eq!(handle(&rig.deps, &Event::Now, in_seconds(60)).await.unwrap(), Report::default());
}
