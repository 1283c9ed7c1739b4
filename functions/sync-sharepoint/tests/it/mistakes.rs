//! Whatever is wrong with a profile or a list is said once, with what to do, and harms nobody else.

use leitwarte_core::poll::FailureKind;
use leitwarte_graph_simulator::{Fault, FaultKind, LICENCE_LIST, Operation};
use serde_json::json;
use sync_sharepoint::{Event, handle};
use uuid::Uuid;

use crate::rig::{Rig, in_seconds, stock};

async fn failure(rig: &Rig, words: &[&str]) {
    rig.polled(&[("contoso", vec![stock(1, 0)])]).await;
    let failure = rig.sync().await.failure.expect("it fails");
    for word in words {
        assert!(failure.contains(word), "{word} is not in: {failure}");
    }
}

#[tokio::test]
async fn a_missing_column_is_named_and_nothing_is_written() {
    let rig = Rig::new().await;
    rig.person().delete_column(LICENCE_LIST, "technician_informed").unwrap();
    failure(&rig, &["Lizenzstatusliste", "`technician_informed`", "field_mapping"]).await;
    assert_eq!((rig.licences().len(), rig.tenants().len()), (0, 0));
}

#[tokio::test]
async fn a_column_that_goes_away_later_is_named_too() {
    let rig = Rig::new().await;
    rig.polled(&[("contoso", vec![stock(1, 3)])]).await;
    rig.synced().await;
    rig.person().delete_column(LICENCE_LIST, "Frei").unwrap();
    rig.sync().await;
    failure(&rig, &["Lizenzstatusliste", "`Frei`"]).await;
}

#[tokio::test]
async fn a_revoked_permission_is_named() {
    failure(&Rig::with_permission("Mail.Send").await, &["Sites.Selected", "consent"]).await;
}

#[tokio::test]
async fn a_list_that_is_not_there_leads_to_the_profile() {
    let rig = Rig::new().await;
    rig.profile("intranet", |profile| profile["sharepoint_infos"]["tenant_list_id"] = json!(Uuid::from_u128(99)));
    failure(&rig, &["404", "site_id"]).await;
}

#[tokio::test]
async fn a_certificate_that_does_not_fit_is_named() {
    let rig = Rig::new().await;
    rig.profile("intranet", |profile| profile["thumbprint"] = json!("A1B2C3D4E5F60718293A4B5C6D7E8F9012345678"));
    failure(&rig, &["thumbprint"]).await;
}

#[tokio::test]
async fn a_broken_profile_does_not_stop_another() {
    let rig = Rig::new().await;
    rig.profile("a-copy", |profile| profile["sharepoint_infos"] = json!({}));
    rig.polled(&[("contoso", vec![stock(1, 3)])]).await;
    let report = handle(&rig.deps, &Event::Now, in_seconds(60)).await.unwrap();
    let broken = report.profiles[0].failure.as_deref().unwrap();
    assert!(broken.contains("sp-config-a-copy-profile.json") && broken.contains("sharepoint_infos"), "{broken}");
    assert_eq!((report.profiles[1].failure.as_ref(), report.profiles[1].written), (None, 2));
    let syncs = rig.store.syncs().await.unwrap();
    assert_eq!(syncs[0].failure.as_ref().unwrap().kind, FailureKind::Profile);
    assert!(syncs[1].last_success_at.is_some());
}

#[tokio::test]
async fn rows_that_sharepoint_does_not_take_for_long_are_a_failure_and_no_success() {
    for (operation, times) in [(Operation::CreateItem, 100), (Operation::Batch, 100)] {
        let rig = Rig::new().await;
        rig.polled(&[("contoso", vec![stock(1, 3)])]).await;
        // The columns come in a batch, too.
        rig.synced().await;
        rig.polled(&[("contoso", vec![stock(1, 3), stock(2, 0)])]).await;
        let kind = FaultKind::Status { status: 500, retry_after: None };
        rig.simulator.inject(Fault::once("*", operation, kind).times(times)).unwrap();
        let report = rig.sync().await;
        assert_eq!((report.written, report.left), (0, 1), "{operation:?}");
        assert!(report.failure.is_some_and(|failure| failure.contains("SharePoint") || failure.contains("500")));
        let sync = rig.store.syncs().await.unwrap().remove(0);
        assert_eq!(sync.failure.map(|failure| failure.kind), Some(FailureKind::Unavailable), "{operation:?}");
        assert!(sync.last_success_at < Some(sync.started_at));
    }
}

#[tokio::test]
async fn whoever_has_no_time_to_read_the_lists_has_not_synced_them() {
    let rig = Rig::new().await;
    rig.polled(&[("contoso", vec![stock(1, 3)])]).await;
    rig.synced().await;
    let report = handle(&rig.deps, &Event::Now, in_seconds(6)).await.unwrap();
    let failure = report.profiles[0].failure.as_deref();
    assert!(failure.is_some_and(|failure| failure.contains("no time")), "{failure:?}");
    assert_eq!(rig.store.syncs().await.unwrap()[0].failure.as_ref().unwrap().kind, FailureKind::Timeout);
}
