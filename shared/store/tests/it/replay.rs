//! Whatever the polls bring, the history replayed is the current stock.

use crate::conformance::{Database, Fresh, at, failure, record, register, stock};
use chrono::TimeDelta;
use leitwarte_core::change;
use leitwarte_core::retention::Retention;
use leitwarte_core::stock::LicenceStock;
use proptest::prelude::*;

fn fresh() -> Fresh {
    let folder = tempfile::tempdir().unwrap();
    Fresh { url: format!("sqlite://{}/leitwarte.db", folder.path().display()), guard: Box::new(folder) }
}

/// Polls of few products with small numbers, some of them failing.
fn polls() -> impl Strategy<Value = Vec<Option<Vec<LicenceStock>>>> {
    let product = (1..5_u128, 0..3_i64, 0..3_i64).prop_map(|(id, enabled, consumed)| stock(id, enabled, consumed));
    prop::collection::vec(prop::option::weighted(0.8, prop::collection::vec(product, 0..5)), 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// However much of it was cut off, row by row; and what came after the cut is as it was.
    #[test]
    fn history_that_was_cut_and_is_replayed_equals_current_stock(polls in polls(), cut in 0..60_i64) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let Database { store, .. } = &Database::open(fresh()).await;
            register(store, &["contoso"]).await;
            for (poll, minutes) in polls.iter().zip((0..).step_by(5)) {
                record(store, "contoso", minutes, poll.clone().ok_or_else(|| failure("Refused."))).await;
            }
            let stored = store.snapshot("contoso").await.unwrap().unwrap().stock;
            let young = store.history("contoso", None, at(cut)).await.unwrap();
            let now = at(cut) + TimeDelta::days(60);
            let retention = Retention { history: 60, ..Retention::default() };
            while store.forget(&retention, now, 1).await.unwrap().changes > 0 {
                let history = store.history("contoso", None, at(0)).await.unwrap();
                let changes: Vec<_> = history.into_iter().map(|entry| entry.change).collect();
                assert_eq!(change::apply(&[], &changes), stored);
            }
            let left = store.history("contoso", None, at(0)).await.unwrap();
            assert!(left.ends_with(&young), "what is younger than the cut stays");
            assert_eq!(store.snapshot("contoso").await.unwrap().unwrap().stock, stored);
            let old = left.len() - young.len();
            let products: std::collections::BTreeSet<_> = left.iter().map(|entry| entry.change.sku_id).collect();
            assert!(old <= products.len(), "at most one old row of each product: {old}");
        });
    }

    #[test]
    fn history_replayed_equals_current_stock(polls in polls()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (stored, replayed, last) = runtime.block_on(async {
            let Database { store, .. } = &Database::open(fresh()).await;
            register(store, &["contoso"]).await;
            for (poll, minutes) in polls.iter().zip((0..).step_by(5)) {
                record(store, "contoso", minutes, poll.clone().ok_or_else(|| failure("Refused."))).await;
            }
            let history = store.history("contoso", None, at(0)).await.unwrap();
            let changes: Vec<_> = history.into_iter().map(|entry| entry.change).collect();
            let last = polls.iter().rev().flatten().next().cloned().unwrap_or_default();
            let stored = store.snapshot("contoso").await.unwrap().unwrap().stock;
            (stored, change::apply(&[], &changes), change::apply(&last, &[]))
        });
        prop_assert_eq!(&stored, &replayed);
        prop_assert_eq!(&stored, &last);
    }
}
