//! How many requests a sync takes.

use std::collections::HashSet;

use leitwarte_core::stock::LicenceStock;
use leitwarte_graph_simulator::Operation;

use crate::rig::{Rig, stock};

impl Rig {
    /// Requests since the last time: to read (tokens apart), batches of writes, rows written.
    fn asked(&self) -> (u64, u64, u64) {
        let report = self.simulator.requests();
        let of = |operation| report.total.get(&operation).map_or(0, |count| count.requests);
        let reading = of(Operation::Items) + u64::from(of(Operation::Columns) > 0);
        let writing = of(Operation::Batch) - u64::from(of(Operation::Columns) > 0);
        self.simulator.reset();
        (reading, writing, report.writes("intranet"))
    }
}

fn tenant(free: i64) -> Vec<LicenceStock> {
    (1..=25).map(|id| stock(id, free)).collect()
}

#[tokio::test]
async fn two_tenants_of_25_licences_take_three_reads_and_three_batches_then_two_reads() {
    let rig = Rig::new().await;
    rig.polled(&[("contoso", tenant(3)), ("fabrikam", tenant(5))]).await;
    rig.synced().await;
    assert_eq!(rig.asked(), (3, 3, 52));
    rig.synced().await;
    assert_eq!(rig.asked(), (2, 0, 0));
    let mut changed = tenant(3);
    changed[7].consumed += 1;
    rig.polled(&[("contoso", changed), ("fabrikam", tenant(5))]).await;
    rig.synced().await;
    assert_eq!(rig.asked(), (2, 1, 1));
}

#[tokio::test]
async fn a08_lists_of_many_pages_never_hold_a_row_twice() {
    const TENANTS: usize = 16;
    let rig = Rig::new().await;
    let keys: Vec<String> = (0..TENANTS).map(|number| format!("tenant-{number}")).collect();
    for changed in 0..4 {
        // Of each 25 licences of each second tenant another one has changed.
        let polled = keys.iter().enumerate().map(|(number, key)| {
            let mut licences = tenant(3);
            licences[changed].consumed += i64::from(number % 2 == 0);
            (key.as_str(), licences)
        });
        let polled: Vec<_> = polled.collect();
        rig.polled(&polled).await;
        rig.synced().await;
        let rows = rig.licences();
        let distinct: HashSet<_> =
            rows.iter().map(|(_, row)| (row["tenant"].to_string(), row["Title"].to_string())).collect();
        assert_eq!((rows.len(), distinct.len()), (TENANTS * 25, TENANTS * 25));
    }
}
