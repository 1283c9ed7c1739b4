//! Messages of another version, as an update leaves them that is undone.

use leitwarte_store::{CertificateKind, CertificateLook, Config, Store};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};

use crate::conformance::at;

#[tokio::test]
async fn a_message_of_a_newer_version_waits_and_holds_up_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("leitwarte.db");
    let database_url = format!("sqlite://{}", file.display());
    let store = Store::open(&Config { database_url, read_only: false, max_connections: 2 }).await.unwrap();
    let look = |key: &str| CertificateLook {
        kind: CertificateKind::SharePoint,
        key: key.to_owned(),
        owner: key.to_owned(),
        certificate: Some((key.to_owned(), at(60))),
        problem: None,
        note: None,
        told: true,
    };
    store.record_certificates(&[look("one"), look("two")], at(0)).await.unwrap();
    store.spread_messages(&["mail".to_owned()], at(0)).await.unwrap();
    let due = async || {
        let due = store.due_deliveries(at(1)).await.unwrap();
        due.iter().map(|delivery| delivery.number).collect::<Vec<_>>()
    };
    assert_eq!(due().await, [1, 2]);
    let pool = SqlitePool::connect_with(SqliteConnectOptions::new().filename(&file)).await.unwrap();
    let of_tomorrow = sqlx::query(r#"UPDATE messages SET body = '{"kind":"of_tomorrow"}' WHERE number = 1"#);
    of_tomorrow.execute(&pool).await.unwrap();
    assert_eq!(due().await, [2]);
    let waiting = store.outbox_counts().await.unwrap().waiting;
    assert_eq!(waiting, 2, "it is not lost, and `doctor` sees that it waits");
}
