//! What `leitwarte doctor` says of tenants that it asks: a stand-in for Entra and Graph, real files.

use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

use chrono::TimeDelta;
use clap::Parser as _;
use leitwarte_cli::{Cli, Context, Settings, commands};
use leitwarte_core::Uuid;
use leitwarte_core::stock::{AppliesTo, CapabilityStatus, LicenceStock};
use leitwarte_graph_simulator::{
    AppConfig, Config, Fault, FaultKind, Operation, READ_LICENCES, READ_ORGANIZATION, RegisteredCertificate, Simulator,
    Stock, TenantConfig, rsa_certificate,
};
use leitwarte_runtime::clock;
use serde_json::{Value, json};

const CLIENT: Uuid = Uuid::from_u128(0x22);

fn stock() -> LicenceStock {
    LicenceStock {
        sku_id: Uuid::from_u128(1),
        part_number: "PRODUCT_1".to_owned(),
        applies_to: AppliesTo::User,
        capability_status: CapabilityStatus::Enabled,
        enabled: 10,
        warning: 0,
        suspended: 0,
        locked_out: 0,
        consumed: 3,
    }
}

/// Tenants with these permissions; the findings about them as (subject, level, message, fix).
async fn found(tenants: &[(&str, &[&str])], fault: Option<Fault>) -> Vec<(String, String, String, String)> {
    let (from, to) = (clock::now() - TimeDelta::days(1), clock::now() + TimeDelta::days(300));
    let key = rsa_certificate("tenants", from, to).unwrap();
    let certificate = Arc::new(RegisteredCertificate::from_pem(&key.pem).unwrap());
    let tenant_id = |name: &str| Uuid::from_u128(name.bytes().fold(1, |id, byte| id * 251 + u128::from(byte)));
    let config = |&(name, roles): &(&str, &[&str])| TenantConfig {
        key: name.to_owned(),
        tenant_id: tenant_id(name),
        name: name.to_owned(),
        apps: vec![AppConfig {
            client_id: CLIENT,
            certificates: vec![Arc::clone(&certificate)],
            roles: roles.iter().map(|&role| role.to_owned()).collect(),
        }],
        stock: Stock::Fixed(Arc::from([stock()])),
    };
    let simulator = Simulator::start(Config::new(tenants.iter().map(config).collect())).await.unwrap();
    if let Some(fault) = fault {
        simulator.inject(fault).unwrap();
    }
    let base = tempfile::tempdir().unwrap();
    let profiles = base.path().join("config-profiles");
    std::fs::create_dir_all(&profiles).unwrap();
    std::fs::write(profiles.join("key.pem"), &key.pem).unwrap();
    std::fs::set_permissions(profiles.join("key.pem"), std::fs::Permissions::from_mode(0o600)).unwrap();
    for (name, _) in tenants {
        let profile = json!({
            "tenant_id": tenant_id(name), "tenant_name": name, "client_id": CLIENT, "cert_path": "key.pem",
            "thumbprint": certificate.thumbprint(), "expires": certificate.not_after.date_naive(),
            "authority_host": simulator.base_url(), "graph_endpoint": simulator.base_url(),
        });
        std::fs::write(profiles.join(format!("config-{name}-profile.json")), profile.to_string()).unwrap();
    }
    let values = [
        ("PROFILES_DIR", profiles.display().to_string()),
        ("DATA_DIR", base.path().join("data").display().to_string()),
        ("GRAPH_EXTRA_HOSTS", simulator.host().to_owned()),
    ];
    let settings = Settings::new(values.map(|(name, value)| (name.to_owned(), value))).unwrap();
    let context = Context { settings, now: clock::now(), width: 100 };
    let mut out = Vec::new();
    let command = Cli::parse_from(["leitwarte", "doctor", "--json"]).command;
    commands::run(command, &context, &mut out).await.unwrap();
    let findings: Vec<Value> = serde_json::from_slice(&out).unwrap();
    let text = |finding: &Value, field: &str| finding[field].as_str().unwrap_or_default().to_owned();
    let of_tenants = findings.iter().filter(|finding| finding["area"] == "tenants");
    of_tenants.map(|one| (text(one, "subject"), text(one, "level"), text(one, "message"), text(one, "fix"))).collect()
}

#[tokio::test]
async fn a_missing_permission_for_renewal_dates_is_named_as_such_and_is_no_fault_of_the_tenant() {
    let both: &[&str] = &[READ_LICENCES, READ_ORGANIZATION];
    let found = found(&[("contoso", both), ("fabrikam", &[READ_LICENCES]), ("tailspin", &[READ_LICENCES])], None).await;
    let seen: Vec<_> = found.iter().map(|(subject, level, ..)| (subject.as_str(), level.as_str())).collect();
    let expected = [("Organization.Read.All", "note"), ("contoso", "good"), ("fabrikam", "good"), ("tailspin", "good")];
    assert_eq!(seen, expected, "{found:#?}");
    let (_, _, message, fix) = &found[0];
    assert!(message.contains("fabrikam, tailspin") && message.contains("renewal dates"), "{message}");
    assert!(!message.contains("contoso"), "{message}");
    assert!(fix.contains("Organization.Read.All") && fix.contains("admin consent"), "{fix}");
}

#[tokio::test]
async fn the_permission_that_reads_licences_is_another_matter() {
    let found = found(&[("contoso", &[READ_ORGANIZATION])], None).await;
    // Graph lets whoever reads the organisation read its licences, too.
    assert_eq!(found.iter().map(|one| one.1.as_str()).collect::<Vec<_>>(), ["good"], "{found:#?}");
    let found = self::found(&[("contoso", &["Mail.Send"])], None).await;
    assert_eq!(found.len(), 1, "what is not known of the licences is not told twice: {found:#?}");
    assert!(found[0].1 == "bad" && found[0].3.contains("LicenseAssignment.Read.All"), "{found:#?}");
}

#[tokio::test]
async fn another_trouble_with_subscriptions_is_a_warning_of_its_tenant() {
    let both: &[&str] = &[READ_LICENCES, READ_ORGANIZATION];
    let broken = Fault::once("contoso", Operation::Subscriptions, FaultKind::Html);
    let found = found(&[("contoso", both)], Some(broken)).await;
    let levels: Vec<_> = found.iter().map(|(subject, level, ..)| (subject.as_str(), level.as_str())).collect();
    assert_eq!(levels, [("contoso", "warning"), ("contoso", "good")], "{found:#?}");
    assert!(found[0].2.contains("subscriptions end"), "{found:#?}");
}
