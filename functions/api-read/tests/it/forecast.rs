//! Looking ahead, as the API shows it.

use crate::support::{E3, World, failure, now, profile, record, stock};
use leitwarte_core::TimeDelta;
use leitwarte_core::poll::{FailureKind, PollFailure};
use leitwarte_store::SubscriptionsRead;
use serde_json::json;

#[tokio::test]
async fn growth_of_three_weeks_is_told_with_its_reasoning_in_both_languages() {
    let world = World::with_tenants().await;
    let store = world.writer().await;
    store.register_profiles(vec![profile("adventure", "Adventure Works")], now() - TimeDelta::days(21)).await.unwrap();
    for day in 0..=20_i64 {
        let at = now() - TimeDelta::days(20 - day) - TimeDelta::minutes(1);
        record(&store, at, vec![("adventure", Ok(vec![stock(E3, "SPE_E3", 60, 20 + day)]))]).await;
    }
    let refused = PollFailure { kind: FailureKind::Permission, ..failure() };
    let asked = SubscriptionsRead { key: "adventure".to_owned(), asked_at: now(), found: Err(refused) };
    store.record_subscriptions(&[asked]).await.unwrap();
    let known = world.get("/api/v1/licenses/subscriptions/Adventure%20Works").await.json();
    assert_eq!((&known["known"], &known["subscriptions"]), (&json!("not_permitted"), &json!([])));
    let note = known["note"].as_str().unwrap();
    assert!(
        ["not permitted", "Organization.Read.All", "renewal dates"].iter().all(|word| note.contains(word)),
        "{note}"
    );
    let reply = world.get("/api/v1/licenses/forecast/adventure").await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let body = reply.json();
    assert_eq!(body["subscriptions"]["known"], "not_permitted");
    let product = &body["products"][0];
    assert_eq!((&product["skupartnumber"], &product["free_units"]), (&json!("SPE_E3"), &json!(20)));
    assert_eq!((&product["forecast"]["outlook"], &product["forecast"]["days_left"]), (&json!("runs_out"), &json!(20)));
    assert!(product["words"].as_str().unwrap().starts_with("+7 a week over"), "{product}");
    assert!(product["words_de"].as_str().unwrap().starts_with("+7 pro Woche"), "{product}");
}
