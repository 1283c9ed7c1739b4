//! Mail through Microsoft Graph.

use std::sync::{Arc, LazyLock};

use chrono::TimeDelta;
use leitwarte_graph_simulator::{
    AppConfig, Config, Fault, FaultKind, KeyAndCertificate, Operation, RegisteredCertificate, SEND_MAIL, Simulator,
    Stock, TenantConfig, rsa_certificate,
};
use notify::Report;
use serde_json::json;
use uuid::Uuid;

use crate::rig::{Rig, sent};

const HOME: Uuid = Uuid::from_u128(0x11);
const CLIENT: Uuid = Uuid::from_u128(0x33);

/// Making an RSA key takes long, so the tests of a process share one.
static KEY: LazyLock<KeyAndCertificate> = LazyLock::new(|| {
    let now = leitwarte_runtime::clock::now();
    rsa_certificate("mail", now - TimeDelta::days(1), now + TimeDelta::days(30)).unwrap()
});

/// A company's tenant whose app has this permission, and a channel that uses it.
async fn with_graph(permission: &str) -> (Rig, Simulator) {
    let certificate = RegisteredCertificate::from_pem(&KEY.pem).unwrap();
    let thumbprint = certificate.thumbprint();
    let app =
        AppConfig { client_id: CLIENT, certificates: vec![Arc::new(certificate)], roles: vec![permission.to_owned()] };
    let tenant = TenantConfig {
        key: "adatum".to_owned(),
        tenant_id: HOME,
        name: "Adatum".to_owned(),
        apps: vec![app],
        stock: Stock::Fixed(Arc::from([])),
    };
    let simulator = Simulator::start(Config::new(vec![tenant])).await.unwrap();
    let rig = Rig::new(simulator.host()).await;
    rig.secret("mail.pem", &KEY.pem);
    rig.channels(&json!([{
        "type": "graph", "name": "mail", "sender": "leitwarte@adatum.example", "recipients": ["support@adatum.example"],
        "app": {
            "tenant_id": HOME, "tenant_name": "adatum", "client_id": CLIENT, "thumbprint": thumbprint,
            "cert_path": "mail.pem", "expires": "2030-01-01",
            "authority_host": simulator.base_url(), "graph_endpoint": simulator.base_url()
        }
    }]));
    (rig, simulator)
}

#[tokio::test]
async fn a_shortage_is_mailed_once_from_the_companys_mailbox() {
    let (rig, simulator) = with_graph(SEND_MAIL).await;
    rig.poll(&[10]).await;
    assert_eq!(rig.notify().await, sent(1, 1), "{:?}", rig.deps.store.last_delivery_error("mail").await);
    let mails = simulator.mails();
    assert_eq!((mails.len(), mails[0].mailbox.as_str()), (1, "leitwarte@adatum.example"));
    for line in ["To: support@adatum.example", "Auto-Submitted: auto-generated", "Assigned: 10"] {
        assert!(mails[0].mime.contains(line), "{line}: {}", mails[0].mime);
    }
    rig.poll(&[11]).await;
    assert_eq!(rig.notify().await, Report::default());
    assert_eq!(simulator.mails().len(), 1);
}

#[tokio::test]
async fn a_mail_whose_answer_was_lost_is_sent_again_under_the_same_id() {
    let (rig, simulator) = with_graph(SEND_MAIL).await;
    simulator.inject(Fault::once("adatum", Operation::SendMail, FaultKind::LostAnswer)).unwrap();
    rig.poll(&[10]).await;
    assert_eq!(rig.notify().await, Report { new: 1, later: 1, ..Report::default() });
    assert_eq!(simulator.mails().len(), 1, "not twice in one attempt");
    rig.wait(1);
    assert_eq!(rig.notify().await, sent(0, 1));
    let ids: Vec<String> = simulator
        .mails()
        .iter()
        .map(|mail| mail.mime.lines().find(|line| line.starts_with("Message-ID:")).unwrap().to_owned())
        .collect();
    assert_eq!(ids.len(), 2);
    assert_eq!(ids[0], ids[1], "mail systems know it for the same mail");
}

#[tokio::test]
async fn a_missing_permission_says_which() {
    let (rig, simulator) = with_graph("LicenseAssignment.Read.All").await;
    rig.poll(&[10]).await;
    assert_eq!(rig.notify().await, Report { new: 1, later: 1, ..Report::default() });
    let problem = rig.deps.store.last_delivery_error("mail").await.unwrap().unwrap();
    assert!(problem.contains("Mail.Send") && problem.contains("consent"), "{problem}");
    assert!(simulator.mails().is_empty());
}
