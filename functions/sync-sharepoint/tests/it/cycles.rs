//! Many cycles over lists of several pages. `make bench` does the same with 20 000 rows.

use std::collections::BTreeMap;

use leitwarte_core::stock::LicenceStock;
use leitwarte_graph_simulator::{Fault, FaultKind, Operation};

use crate::rig::{Rig, stock};

const TENANTS: usize = 41;
const PRODUCTS: usize = 20;
const CYCLES: usize = 100;
/// Rows that each cycle changes or makes: one in a hundred.
const CHANGED: usize = 8;
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
async fn a08_after_a_hundred_cycles_no_row_is_there_twice_and_none_is_lost() {
    let rig = Rig::with("Sites.Selected", PAGE, |deps| deps.at_pace(u32::MAX)).await;
    let keys: Vec<String> = (0..TENANTS).map(|number| format!("tenant-{number}")).collect();
    let all: Vec<_> = keys.iter().map(|key| (key.as_str(), licences(0))).collect();
    rig.polled(&all).await;
    rig.synced().await;
    assert_eq!(rig.licences().len(), TENANTS * PRODUCTS);
    let mut expected: BTreeMap<(&str, String), i64> = BTreeMap::new();
    for (key, licences) in all {
        expected.extend(licences.into_iter().map(|licence| ((key, licence.part_number), licence.consumed)));
    }
    for cycle in 1..=CYCLES {
        let (key, licences) = (keys[(cycle - 1) % TENANTS].as_str(), licences(cycle));
        rig.polled_again(&[(key, licences.clone())]).await;
        expected.extend(licences.into_iter().map(|licence| ((key, licence.part_number), licence.consumed)));
        if cycle % 5 == 0 {
            let fault = [FaultKind::LostAnswer, FaultKind::DropConnection][cycle / 5 % 2].clone();
            rig.simulator.inject(Fault::once("*", Operation::Batch, fault)).unwrap();
        }
        let written = rig.synced().await.written;
        assert!(written == CHANGED || cycle % 5 == 0, "cycle {cycle}: {written}");
    }
    let rows = rig.licences();
    let mut found: BTreeMap<(&str, String), i64> = BTreeMap::new();
    for (_, row) in &rows {
        let (tenant, title) = (row["tenant"].as_str().unwrap(), row["Title"].as_str().unwrap());
        let consumed = row["Gebraucht"].as_f64().unwrap().to_string().parse().unwrap();
        assert_eq!(found.insert((tenant, title.to_owned()), consumed), None, "{title} of {tenant} is there twice");
    }
    assert_eq!(found, expected, "each row says what the last poll of its tenant found");
    assert_eq!(rows.len(), TENANTS * PRODUCTS + CYCLES);
    assert!(rows.len() > 4 * PAGE, "it takes five pages");
}
