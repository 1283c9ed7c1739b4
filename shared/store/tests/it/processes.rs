//! Two processes on one file: this program runs itself as the second and third.

use std::collections::HashSet;
use std::process::{Command, Stdio};

use crate::conformance::{Database, Fresh, LEASE, POLICY, at, profile};
use leitwarte_store::{Config, Store};

const DATABASE: &str = "LEITWARTE_TEST_DATABASE";
const TENANTS: usize = 200;

fn keys() -> Vec<String> {
    (0..TENANTS).map(|number| format!("tenant-{number:03}")).collect()
}

#[tokio::test]
async fn of_two_processes_that_claim_at_once_one_wins_each_tenant() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/leitwarte.db", folder.path().display());
    let database = Database::open(Fresh { url: url.clone(), guard: Box::new(folder) }).await;
    let found = keys().iter().map(|key| profile(key)).collect();
    database.store.register_profiles(found, at(0)).await.unwrap();
    let children: Vec<_> = (0..2)
        .map(|_| {
            Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "processes::child_claims_one_by_one", "--nocapture"])
                .env(DATABASE, &url)
                .stdout(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    let mut claimed = Vec::new();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        let text = String::from_utf8(output.stdout).unwrap();
        claimed.extend(text.split_whitespace().filter_map(|word| word.strip_prefix("claimed:").map(str::to_owned)));
    }
    let distinct: HashSet<&String> = claimed.iter().collect();
    assert_eq!((claimed.len(), distinct.len()), (TENANTS, TENANTS));
}

/// Run by the test above as a process of its own; without its variable there is nothing to do.
#[tokio::test]
async fn child_claims_one_by_one() {
    let Ok(database_url) = std::env::var(DATABASE) else { return };
    let store = Store::open(&Config { database_url, read_only: false, max_connections: 2 }).await.unwrap();
    for key in keys() {
        for claim in store.claim_due(&[key], &POLICY, at(0), LEASE).await.unwrap() {
            println!("claimed:{}", claim.key);
        }
    }
}
