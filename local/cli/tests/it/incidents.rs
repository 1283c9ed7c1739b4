//! Shortages and rules on the command line.

use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use clap::Parser as _;
use leitwarte_cli::{Cli, Context, Outcome, Settings, commands};
use leitwarte_core::Uuid;
use leitwarte_core::profile::FoundProfile;
use leitwarte_core::stock::{AppliesTo, CapabilityStatus, LicenceStock};
use leitwarte_store::{ClaimOne, Config, PollResult, Store};
use serde_json::json;

/// Microsoft's GUID of `SPE_E3`.
const E3: Uuid = Uuid::from_u128(0x05e9_a617_0261_4cee_bb44_138d_3ef5_d965);

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

/// Runs a command line; what it printed and how it ended.
async fn leitwarte(data: &Path, words: &[&str]) -> (String, Result<Outcome, String>) {
    let values = [("DATA_DIR", data.display().to_string()), ("USER", "ada".to_owned())];
    let settings = Settings::new(values.map(|(name, value)| (name.to_owned(), value))).unwrap();
    let context = Context { settings, now: now() + TimeDelta::hours(3), width: 120 };
    let command = Cli::parse_from([&["leitwarte"], words].concat()).command;
    let mut out = Vec::new();
    let outcome = commands::run(command, &context, &mut out).await.map_err(|error| format!("{error:#}"));
    (anstream::adapter::strip_str(&String::from_utf8(out).unwrap()).to_string(), outcome)
}

async fn poll(data: &Path, minutes: i64, consumed: i64) {
    let database_url = format!("sqlite://{}", data.join("leitwarte.db").display());
    let store = Store::open(&Config { database_url, read_only: false, max_connections: 1 }).await.unwrap();
    let profile = json!({
        "tenant_id": Uuid::from_u128(1), "tenant_name": "Contoso AG", "client_id": Uuid::from_u128(2),
        "thumbprint": "A1B2C3D4E5F60718293A4B5C6D7E8F9012345678", "cert_path": "c.pem", "expires": "2030-01-01"
    });
    store.register_profiles(vec![FoundProfile::read("contoso", &profile.to_string())], now()).await.unwrap();
    let at = now() + TimeDelta::minutes(minutes);
    let claimed = store.claim_one("contoso", at, TimeDelta::minutes(1)).await.unwrap();
    let ClaimOne::Claimed(claim) = claimed else { panic!("{claimed:?}") };
    let stock = LicenceStock {
        sku_id: E3,
        part_number: "SPE_E3".to_owned(),
        applies_to: AppliesTo::User,
        capability_status: CapabilityStatus::Enabled,
        enabled: 10,
        warning: 0,
        suspended: 0,
        locked_out: 0,
        consumed,
    };
    let (stock, certificate_ends_at) = (Ok(vec![stock]), None);
    let result =
        PollResult { claim, started_at: at, finished_at: at, stock, requests: 1, retries: 0, certificate_ends_at };
    store.record_polls(&[result]).await.unwrap();
    store.close().await;
}

#[tokio::test]
async fn a_shortage_is_listed_ordered_and_shown_with_who_did_what() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    poll(data, 0, 12).await;
    let (list, _) = leitwarte(data, &["incidents"]).await;
    insta::assert_snapshot!("list", list);
    let order = ["incidents", "order", "1", "--quantity", "5", "--expected", "2027-01-20"];
    let (said, outcome) = leitwarte(data, &order).await;
    assert_eq!(outcome, Ok(Outcome::Well));
    assert_eq!(said, "Incident 1: Contoso AG, Microsoft 365 E3: 5 ordered, expected 2027-01-20\n");
    let (shown, _) = leitwarte(data, &["incidents", "show", "1"]).await;
    insta::assert_snapshot!("shown", shown);
    let (json, _) = leitwarte(data, &["incidents", "--json"]).await;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json[0]["phase"], &json[0]["quantity"]), (&json!("ordered"), &json!(5)));
}

#[tokio::test]
async fn what_cannot_be_done_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    poll(data, 0, 12).await;
    let (said, outcome) = leitwarte(data, &["incidents", "acknowledge", "7"]).await;
    assert_eq!(outcome, Ok(Outcome::Problem));
    assert!(said.contains("no incident 7"), "{said}");
    let past = ["incidents", "order", "1", "--quantity", "5", "--expected", "2020-01-01"];
    assert!(leitwarte(data, &past).await.1.unwrap_err().contains("today"));
    poll(data, 5, 3).await;
    let (said, outcome) = leitwarte(data, &["incidents", "snooze", "1", "--days", "3"]).await;
    assert_eq!(outcome, Ok(Outcome::Problem));
    assert!(said.contains("closed"), "{said}");
    assert_eq!(leitwarte(data, &["incidents"]).await.0, "No shortage is known.\n");
    let (said, _) = leitwarte(data, &["incidents", "--closed", "5"]).await;
    assert!(said.contains("refilled") && said.contains("0 shortages open"), "{said}");
}

#[tokio::test]
async fn a_rule_is_set_by_names_counts_from_the_next_poll_on_and_is_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    poll(data, 0, 7).await;
    let set = ["rules", "set", "--tenant", "contoso", "--sku", "spe_e3", "--short-at", "30%", "--delivery-days", "6"];
    let (said, _) = leitwarte(data, &set).await;
    assert_eq!(said, "contoso, Microsoft 365 E3: short at 30%, 6 days of delivery. It counts from the next poll on.\n");
    poll(data, 5, 7).await;
    assert!(leitwarte(data, &["incidents"]).await.0.contains("1 shortage open"));
    let (said, _) =
        leitwarte(data, &["rules", "set", "--tenant", "contoso", "--sku", "SPE_E3", "--reserve", "2"]).await;
    assert!(said.contains("short at 30%, 2 in reserve"), "what is not given stays: {said}");
    let (list, _) = leitwarte(data, &["rules"]).await;
    assert!(list.contains("contoso, Microsoft 365 E3") && list.contains("Where no rule says otherwise"), "{list}");
    let (said, outcome) = leitwarte(data, &["rules", "remove", "--tenant", "contoso", "--sku", "SPE_E3"]).await;
    assert_eq!((said.as_str(), outcome), ("The rule is gone.\n", Ok(Outcome::Well)));
    poll(data, 10, 7).await;
    assert_eq!(leitwarte(data, &["incidents"]).await.0, "No shortage is known.\n");
}

#[tokio::test]
async fn what_happened_is_listed_and_another_threshold_is_tried_on_it() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    for (minutes, consumed) in [(0, 3), (5, 8), (10, 10), (15, 8), (20, 3)] {
        poll(data, minutes, consumed).await;
    }
    let (said, outcome) = leitwarte(data, &["changes", "contoso"]).await;
    assert_eq!(outcome, Ok(Outcome::Well));
    for words in ["Microsoft 365 E3", "new, 10 bought, 3 assigned  (7 free)", "5 assigned  (2 free)", "5 released"] {
        assert!(said.contains(words), "{words} is missing in:\n{said}");
    }
    assert!(said.find("5 released") < said.find("5 assigned"), "the newest first");
    assert_eq!(leitwarte(data, &["changes", "nobody"]).await.1, Ok(Outcome::Problem));

    let (said, _) = leitwarte(data, &["rules", "replay", "--short-at", "2", "--sku", "SPE_E3"]).await;
    assert!(said.contains("Contoso AG") && said.contains("1 → 1"), "{said}");
    assert!(said.contains("1 message → 1 message in 90 days"), "{said}");
    let (said, _) = leitwarte(data, &["rules", "replay", "--short-at", "0"]).await;
    assert!(said.contains("1 message → 1 message"), "{said}");
}

#[tokio::test]
async fn a_rule_for_nobody_or_against_itself_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    poll(data, 0, 7).await;
    let error = async |words: &[&str]| leitwarte(data, words).await.1.unwrap_err();
    assert!(error(&["rules", "set", "--tenant", "nobody", "--reserve", "1"]).await.contains("no tenant `nobody`"));
    assert!(error(&["rules", "set", "--sku", "SPE_E33", "--reserve", "1"]).await.contains("SPE_E33"));
    assert!(error(&["rules", "set", "--short-at", "5", "--clear-above", "3"]).await.contains("at least 5"));
}
