//! Whatever the polls bring, the history replayed is the current stock.

mod conformance;

use conformance::{Database, Fresh, at, failure, record, register, stock};
use leitwarte_core::change;
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
