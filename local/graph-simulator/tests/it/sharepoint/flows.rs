//! The two Power Automate flows of the source, and the person beside them.

use chrono::TimeDelta;
use leitwarte_graph_simulator::{LICENCE_LIST, Notice, OrderError, PARAMETER_LIST, SiteConfig, TENANT_LIST};
use serde_json::json;

use super::Lists;
use crate::rig::CONTOSO;

#[tokio::test]
async fn a_shortage_is_told_once_and_marked_as_told() {
    let lists = Lists::start().await;
    let person = lists.person();
    lists.fill(1);
    let short = json!({ "Lizenzname": "Office 365 E3", "tenant": "B", "Verfügbar": 25, "Gebraucht": 27, "Frei": -2 });
    let row = person.add_row(LICENCE_LIST, &short).expect("it fits");
    assert_eq!(person.run_flows(), Ok(Vec::new()));
    person.set_field(LICENCE_LIST, row, "trigger_inform_supporter", true).expect("it fits");
    let sent = person.run_flows().expect("the flows run");
    assert_eq!(sent.len(), 1);
    let notice = Notice::Shortage {
        tenant: "B".to_owned(),
        licence: "Office 365 E3".to_owned(),
        available: Some(25.0),
        used: Some(27.0),
        free: Some(-2.0),
    };
    assert_eq!(sent[0].notice, notice);
    let post = (sent[0].channel.as_str(), sent[0].sender.as_str(), sent[0].recipient.as_str());
    assert_eq!(post, ("E-Mail", "leitwarte@contoso.com", "support@contoso.com"));
    let told = &person.rows(LICENCE_LIST).expect("the list")[1];
    assert_eq!((told.get("trigger_inform_supporter"), told.get("technician_informed")), (&json!(false), &json!(true)));
    assert_eq!(told.version, 3, "made, triggered, told");
    assert_eq!(person.run_flows(), Ok(Vec::new()), "once");
    assert_eq!(person.messages(), sent);
}

#[tokio::test]
async fn the_parameter_list_says_whom_to_tell_and_how() {
    let lists = Lists::start().await;
    let person = lists.person();
    lists.fill(1);
    person.set_field(LICENCE_LIST, 1, "trigger_inform_supporter", true).expect("it fits");
    person.set_field(PARAMETER_LIST, 3, "Parameterwert", "Teams").expect("it fits");
    person.delete_row(PARAMETER_LIST, 2).expect("it is there");
    let failed = person.run_flows().expect_err("nobody to tell");
    assert_eq!(failed, OrderError::Flow("`Parameterliste` says nothing of `recipientmail`".to_owned()));
    assert!(person.messages().is_empty());
    assert_eq!(person.rows(LICENCE_LIST).expect("the list")[0].get("trigger_inform_supporter"), &json!(true));
    let somebody = json!({ "Parameter": "recipientmail", "Parameterwert": "helpdesk@contoso.com" });
    person.add_row(PARAMETER_LIST, &somebody).expect("it fits");
    let sent = person.run_flows().expect("the flows run");
    assert_eq!((sent[0].channel.as_str(), sent[0].recipient.as_str()), ("Teams", "helpdesk@contoso.com"));
}

#[tokio::test]
async fn a_certificate_is_told_when_less_than_seven_days_are_left() {
    let lists = Lists::start().await;
    let person = lists.person();
    let expires = |row, at: chrono::DateTime<chrono::Utc>| {
        person.set_field(TENANT_LIST, row, "cert_expires", at.to_rfc3339()).expect("it fits");
    };
    expires(1, lists.rig.now() + TimeDelta::days(7) + TimeDelta::hours(1));
    expires(2, lists.rig.now() - TimeDelta::days(1));
    let told = |person: &leitwarte_graph_simulator::SiteVisit<'_>| -> Vec<String> {
        let tenant = |notice| match notice {
            Notice::Certificate { tenant, .. } => tenant,
            Notice::Shortage { licence, .. } => licence,
        };
        person.run_flows().expect("the flows run").into_iter().map(|message| tenant(message.notice)).collect()
    };
    assert_eq!(told(&person), ["B"]);
    lists.rig.pass(TimeDelta::hours(2));
    assert_eq!(told(&person), ["A", "B"], "told again at every run");
}

#[tokio::test]
async fn a_person_sees_what_apps_write_and_reset_keeps_it() {
    let lists = Lists::start().await;
    let written = lists.post("/lists/Tenantliste/items", json!({ "fields": { "Title": "C" } })).await;
    assert_eq!(written.status(), 201);
    lists.rig.simulator.reset();
    let rows = lists.person().rows(TENANT_LIST).expect("the list");
    assert_eq!((rows[2].id, rows[2].get("Title"), rows[2].get("enabled")), (3, &json!("C"), &json!(null)));
    assert_eq!(lists.report().round_trips("contoso"), 0);
    assert!(matches!(lists.person().rows("x"), Err(OrderError::UnknownList(_))));
    assert!(matches!(lists.person().set_field(TENANT_LIST, 9, "enabled", true), Err(OrderError::List(_))));
}

#[tokio::test]
async fn a_profiles_infos_lead_to_the_lists() {
    let lists = Lists::start().await;
    let infos = SiteConfig::licence_lists(CONTOSO, &[]).profile_infos();
    assert_eq!(infos["site_id"], json!(lists.person().id()));
    for (key, list) in
        [("license_list_id", LICENCE_LIST), ("tenant_list_id", TENANT_LIST), ("parameter_list_id", PARAMETER_LIST)]
    {
        assert_eq!(infos[key], json!(lists.person().list_id(list).expect("the list")), "{list}");
    }
    let columns = lists.person().columns(LICENCE_LIST).expect("the list");
    for (_, name) in infos["field_mapping"].as_object().expect("names") {
        assert!(columns.iter().any(|(inner, _)| name == inner), "{name}");
    }
}
