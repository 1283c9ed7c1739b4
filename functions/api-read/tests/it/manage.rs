//! What the API shows of what people change: switches, rules, incidents, the audit log, polls they asked for. Each answer is
//! read as the form that the document names.

use crate::support::{Reply, World, now};
use leitwarte_core::rules::{Definition, Scope};
use leitwarte_core::threshold::Limit;
use leitwarte_store::{Actor, PollWished, SwitchWish};
use leitwarte_web::openapi::{
    AuditEntry, Certificate, Changes, Forecast, History, Incident, IncidentWithEvents, MonitoredTenant, PollOfAll,
    PollOfTenant, Problem, Replay, Rule, State, StatusRow,
};
use serde::de::DeserializeOwned;
use serde_json::json;

const ADA: Actor<'_> = Actor { person: None, who: "ada" };

fn read<T: DeserializeOwned>(reply: &Reply) -> T {
    assert_eq!(reply.status, 200, "{reply:?}");
    serde_json::from_slice(&reply.body).unwrap_or_else(|error| panic!("{error}: {}", reply.text()))
}

async fn as_manager(world: &World, address: &str) -> Reply {
    let bearer = format!("Bearer {}", world.token(&json!({ "roles": ["Licences.Manage"] })));
    world.ask(http::Method::GET, address, &[("authorization", &bearer)]).await
}

#[tokio::test]
async fn every_answer_has_the_form_that_the_document_names() {
    let world = World::with_tenants().await;
    let get = async |address: &str| world.get(address).await;
    read::<Vec<StatusRow>>(&get("/api/v1/licenses/status").await);
    read::<Vec<StatusRow>>(&get("/api/v1/licenses/status/northwind").await);
    read::<Vec<Certificate>>(&get("/api/v1/certificates").await);
    read::<Forecast>(&get("/api/v1/licenses/forecast/contoso").await);
    read::<Changes>(&get("/api/v1/licenses/changes/contoso").await);
    read::<History>(&get("/api/v1/licenses/history/contoso").await);
    read::<Vec<Incident>>(&get("/api/v1/incidents?closed=10").await);
    read::<State>(&get("/health").await);
    read::<State>(&get("/ready").await);
    let problem: Problem = serde_json::from_slice(&get("/api/v1/licenses/status/nobody").await.body).unwrap();
    assert_eq!(problem.status, 404);
}

#[tokio::test]
async fn switches_show_who_set_them_last() {
    let world = World::with_tenants().await;
    let off = SwitchWish { enabled: None, monitoring: Some(false) };
    world.writer().await.switch_tenant("fabrikam", None, off, ADA, now()).await.unwrap();
    let reply = world.get("/api/v1/monitoring/tenants").await;
    let tenants: Vec<MonitoredTenant> = read(&reply);
    assert_eq!(tenants.len(), 4);
    let fabrikam = tenants.iter().find(|tenant| tenant.id == "fabrikam").unwrap();
    assert_eq!((fabrikam.monitoring, fabrikam.version, fabrikam.changed_by.as_str()), (false, 2, "ada"));
    let again = world.get_with("/api/v1/monitoring/tenants", &[("if-none-match", reply.header("etag"))]).await;
    assert_eq!(again.status, 304);
}

#[tokio::test]
async fn rules_show_for_whom_they_are_and_another_threshold_is_answered() {
    let world = World::with_tenants().await;
    let rule = Definition { short_at: Some(Limit::Percent(10)), ..Definition::default() };
    let scope = Scope { tenant: Some("contoso".to_owned()), sku: None };
    world.writer().await.set_rule(&scope, &rule, None, ADA, now()).await.unwrap();
    let rules: Vec<Rule> = read(&world.get("/api/v1/rules").await);
    assert_eq!(
        (rules.len(), rules[0].tenant.as_deref(), rules[0].rule.short_at.as_deref()),
        (1, Some("contoso"), Some("10%"))
    );
    assert_eq!(rules[0].version, now().timestamp_millis());
    let replay: Replay = read(&world.get("/api/v1/rules/replay?short_at=5&tenant=contoso&days=30").await);
    assert_eq!((replay.days, replay.more), (30, false));
    let some: Replay = read(&world.get("/api/v1/rules/replay?short_at=100&limit=1").await);
    let all: Replay = read(&world.get("/api/v1/rules/replay?short_at=100").await);
    assert!(all.products.len() > 1 && !all.more, "{all:?}");
    assert_eq!((&some.products[..], some.more, some.told_then), (&all.products[..1], true, all.told_then));
    assert_eq!(world.get("/api/v1/rules/replay?short_at=5&tenant=nobody").await.problem(), "unknown-tenant");
}

#[tokio::test]
async fn an_incident_shows_what_happened_to_it() {
    let world = World::with_tenants().await;
    let one: IncidentWithEvents = read(&world.get("/api/v1/incidents/1").await);
    assert_eq!((one.incident.number, one.events[0].what.as_str()), (1, "opened"));
    for number in ["99", "x", "-1", "99999999999999999999"] {
        assert_eq!(world.get(&format!("/api/v1/incidents/{number}")).await.problem(), "unknown-incident", "{number}");
    }
}

#[tokio::test]
async fn the_audit_log_is_read_in_parts() {
    let world = World::with_tenants().await;
    let store = world.writer().await;
    for monitoring in [false, true, false] {
        let wish = SwitchWish { enabled: None, monitoring: Some(monitoring) };
        store.switch_tenant("contoso", None, wish, ADA, now()).await.unwrap();
    }
    let first = as_manager(&world, "/api/v1/audit?limit=2&subject=contoso").await;
    let entries: Vec<AuditEntry> = read(&first);
    assert_eq!(entries.iter().map(|entry| entry.number).collect::<Vec<_>>(), [3, 2]);
    let next = first.header("link").trim_start_matches('<').split('>').next().unwrap().to_owned();
    assert_eq!(next, "/api/v1/audit?limit=2&cursor=2&subject=contoso");
    let rest = as_manager(&world, &next).await;
    assert_eq!((read::<Vec<AuditEntry>>(&rest).len(), rest.header("link")), (1, ""));
}

#[tokio::test]
async fn a_poll_that_was_asked_for_shows_how_far_it_is() {
    let world = World::with_tenants().await;
    let store = world.writer().await;
    assert_eq!(store.wish_poll("contoso", ADA, now()).await.unwrap(), PollWished::New { after: 1 });
    let waiting: PollOfTenant = read(&world.get("/api/v1/licenses/polls/contoso?after=1").await);
    assert_eq!((waiting.state.as_str(), waiting.poll), ("waiting", 1));
    let failed: PollOfTenant = read(&world.get("/api/v1/licenses/polls/northwind?after=0").await);
    assert_eq!((failed.state.as_str(), failed.failure.is_some()), ("failed", true));
    let address = format!("/api/v1/licenses/polls?since={}", now().timestamp_millis());
    let all: PollOfAll = read(&world.get(&address).await);
    assert_eq!((all.state.as_str(), all.tenants, all.done), ("running", 4, 0));
    for wrong in ["/api/v1/licenses/polls", "/api/v1/licenses/polls?since=x", "/api/v1/licenses/polls/contoso?after=-1"]
    {
        assert_eq!(world.get(wrong).await.problem(), "bad-parameter", "{wrong}");
    }
}

#[tokio::test]
async fn a7_pages_with_switches_rules_and_incidents_carry_hostile_names_as_text() {
    let world = World::with_tenants().await;
    let hostile = "<img src=x onerror=alert(1)>";
    let store = world.writer().await;
    let actor = Actor { person: None, who: hostile };
    let off = SwitchWish { enabled: None, monitoring: Some(false) };
    store.switch_tenant("fabrikam", None, off, actor, now()).await.unwrap();
    let excluded = Definition { excluded: Some(hostile.to_owned()), ..Definition::default() };
    store.set_rule(&Scope::default(), &excluded, None, actor, now()).await.unwrap();
    for page in ["/monitoring", "/settings", "/incidents", "/incidents/1", "/audit"] {
        let reply = as_manager(&world, page).await;
        assert_eq!(reply.status, 200, "{page}");
        assert!(!reply.text().contains("<img src=x"), "{page}");
        assert!(reply.header("content-security-policy").contains("default-src 'none'"), "{page}");
    }
}

#[tokio::test]
async fn a13_the_documentation_is_for_people_who_have_signed_in() {
    let world = World::with_tenants().await;
    for address in ["/api/v1/openapi.json", "/api/v1/docs/swagger-ui-bundle.js"] {
        assert_eq!(world.ask(http::Method::GET, address, &[]).await.status, 401, "{address}");
    }
    let anonymous = world.ask(http::Method::GET, "/api/v1/docs", &[]).await;
    assert_eq!((anonymous.status, anonymous.header("location")), (303, "/api/v1/auth/login?return=%2Fapi%2Fv1%2Fdocs"));
    let page = world.get("/api/v1/docs").await;
    assert!(
        page.text().contains("/api/v1/docs/swagger-ui-bundle.js") && !page.text().contains("://"),
        "{}",
        page.text()
    );
    let script = world.get_with("/api/v1/docs/swagger-ui-bundle.js", &[("accept-encoding", "gzip")]).await;
    assert_eq!((script.status, script.header("content-encoding")), (200, "gzip"));
    assert!(script.payload_bytes < 2_000_000, "{}", script.payload_bytes);
}
