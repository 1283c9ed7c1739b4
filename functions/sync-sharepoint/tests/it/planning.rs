//! Saying what would be written, without writing.

use sync_sharepoint::{Event, ProfileReport, handle};

use crate::rig::{Rig, in_seconds, stock};

impl Rig {
    async fn plan(&self) -> ProfileReport {
        handle(&self.deps, &Event::Plan, in_seconds(60)).await.unwrap().profiles.remove(0)
    }
}

#[tokio::test]
async fn a_plan_names_every_write_and_makes_none() {
    let rig = Rig::new().await;
    rig.polled(&[("contoso", vec![stock(1, 0), stock(2, 3)])]).await;
    let before = rig.content();
    let plan = rig.plan().await;
    let lines = plan.planned.unwrap();
    assert_eq!((lines.len(), plan.written, plan.left), (3, 0, 3));
    assert!(lines[0].starts_with("new row in Tenantliste, contoso: title \"contoso\", enabled on"), "{lines:#?}");
    let short = lines.iter().find(|line| line.contains("PRODUCT_1")).unwrap();
    assert!(short.contains("free 0") && short.contains("trigger on"), "{short}");
    assert_eq!(rig.content(), before, "nothing was written");
    assert!(rig.store.syncs().await.unwrap().is_empty(), "and it does not count as a sync");
    rig.synced().await;
    assert_eq!(rig.plan().await.planned.unwrap(), Vec::<String>::new(), "a plan after the sync is empty");
    rig.polled(&[("contoso", vec![stock(1, 4), stock(2, 3)])]).await;
    let lines = rig.plan().await.planned.unwrap();
    assert_eq!(lines.len(), 1);
    assert!(lines[0].starts_with("change in Lizenzstatusliste, contoso, PRODUCT_1"), "{lines:#?}");
}
