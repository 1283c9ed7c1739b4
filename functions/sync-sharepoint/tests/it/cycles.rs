//! Many cycles over lists of several pages. `make bench` does the same with 20 000 rows.

use std::collections::HashSet;

use leitwarte_core::stock::LicenceStock;
use leitwarte_graph_simulator::{Fault, FaultKind, Operation};
use serde_json::{Map, Value};

use crate::rig::{Rig, stock};

const TENANTS: usize = 15;
const PRODUCTS: usize = 20;
const CYCLES: usize = 100;
/// Rows that each cycle changes or makes: one in a hundred.
const CHANGED: usize = 3;
/// As SharePoint sends them when nothing is said.
const PAGE: usize = 200;

/// What a tenant has when it is polled in this cycle: each time a product more, and other numbers of some.
fn licences(cycle: usize) -> Vec<LicenceStock> {
    let polls = cycle.div_ceil(TENANTS);
    let mut licences: Vec<_> = (1..=(PRODUCTS + polls) as u128).map(|id| stock(id, 3)).collect();
    for licence in licences.iter_mut().take(CHANGED - 1) {
        licence.consumed -= i64::try_from(polls).unwrap();
    }
    licences
}

#[tokio::test]
async fn a08_after_a_hundred_cycles_no_row_is_there_twice() {
    let rig = Rig::with("Sites.Selected", PAGE, |deps| deps.at_pace(u32::MAX)).await;
    let keys: Vec<String> = (0..TENANTS).map(|number| format!("tenant-{number}")).collect();
    let all: Vec<_> = keys.iter().map(|key| (key.as_str(), licences(0))).collect();
    rig.polled(&all).await;
    rig.synced().await;
    assert_eq!(rig.licences().len(), TENANTS * PRODUCTS);
    for cycle in 1..=CYCLES {
        rig.polled_again(&[(&keys[(cycle - 1) % TENANTS], licences(cycle))]).await;
        if cycle % 5 == 0 {
            let fault = [FaultKind::LostAnswer, FaultKind::DropConnection][cycle / 5 % 2].clone();
            rig.simulator.inject(Fault::once("*", Operation::Batch, fault)).unwrap();
        }
        let written = rig.synced().await.written;
        assert!(written == CHANGED || cycle % 5 == 0, "cycle {cycle}: {written}");
    }
    let rows = rig.licences();
    let title = |row: &Map<String, Value>| (row["tenant"].to_string(), row["Title"].to_string());
    let distinct: HashSet<_> = rows.iter().map(|(_, row)| title(row)).collect();
    assert_eq!((rows.len(), distinct.len()), (TENANTS * PRODUCTS + CYCLES, TENANTS * PRODUCTS + CYCLES));
    assert!(rows.len() >= 2 * PAGE, "it takes several pages");
}
