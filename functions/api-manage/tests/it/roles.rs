//! A person's own role, and what an administrator decides.

use std::collections::BTreeSet;

use http::Method;
use leitwarte_core::Uuid;
use leitwarte_core::roles::RoleTable;
use leitwarte_core::roles::standing::{Drift, Effect, OpenSessions};
use leitwarte_core::roles::table::SHIPPED;
use leitwarte_store::{Account, FoundPerson, RolePerson, SignIn};
use leitwarte_web::session::SessionId;
use serde_json::{Value, json};

use crate::world::{Reply, SITE, World, now};

const CHANGES: &str = "/api/v1/roles/changes";

fn home() -> Uuid {
    leitwarte_web::testing::TENANT.parse().unwrap()
}

/// A world in which roles are kept, and people 1 (finance), 2 (head) and 3 (member) have signed in.
pub(crate) async fn with_roles() -> World {
    let world = World::new().await;
    let folder = world.folder.path().join("roles");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("roles.json"), SHIPPED).unwrap();
    let profile = json!({
        "tenant_id": home(), "tenant_name": "contoso", "client_id": Uuid::from_u128(2), "cert_path": "roles.pem",
        "thumbprint": "A1B2C3D4E5F60718293A4B5C6D7E8F9012345678", "expires": "2030-01-01",
        "application_id": Uuid::from_u128(3),
    });
    std::fs::write(folder.join("role-sync-profile.json"), profile.to_string()).unwrap();
    for (number, claim) in [(1, "vorstand_finanzen"), (2, "ressortleiter"), (3, "mitglied")] {
        sign_in(&world, number, claim).await;
    }
    world
}

fn session_id(number: u8) -> SessionId {
    SessionId::new([number; 32])
}

async fn sign_in(world: &World, number: u8, claim: &str) {
    let account = Account {
        tenant_id: home(),
        object_id: Uuid::from_u128(u128::from(number)),
        user_name: format!("person{number}@contoso.example"),
        name: format!("Person {number}"),
    };
    let (id, rights, table) = (session_id(number), BTreeSet::new(), RoleTable::shipped());
    let sign_in = SignIn {
        account,
        claims: &[claim.to_owned()],
        issued_at: now(),
        table: &table,
        rights: &rights,
        id_hash: &id.hash(),
        attempt: &id.cookie_value(),
        replaces: None,
    };
    world.store.sign_in(&sign_in, now()).await.unwrap();
}

/// What a person sends with the own session, from our page.
async fn post(world: &World, number: u8, address: &str, body: &Value, language: &str) -> Reply {
    let id = session_id(number);
    let (cookie, csrf) = (format!("__Host-leitwarte={}", id.cookie_value()), id.csrf_token());
    let headers = [
        ("cookie", cookie.as_str()),
        ("x-csrf-token", &csrf),
        ("origin", SITE),
        ("content-type", "application/json"),
        ("accept-language", language),
        ("if-match", "*"),
    ];
    world.ask(Method::POST, address, &headers, &body.to_string()).await
}

async fn person(world: &World, number: i64) -> RolePerson {
    let people = world.store.role_people(home()).await.unwrap();
    people.into_iter().find(|person| person.number == number).unwrap()
}

#[tokio::test]
async fn an_office_is_handed_over_and_the_one_who_gives_is_signed_out_at_once() {
    let world = with_roles().await;
    let wish = json!({ "to": "member", "successor": 2 });
    let reply = post(&world, 1, CHANGES, &wish, "de").await;
    assert_eq!((reply.status, &reply.json()["number"]), (202, &json!(1)), "{reply:?}");
    assert_eq!(world.events().await, [json!({ "action": "operation", "number": 1 })]);
    assert_eq!(person(&world, 1).await.ceiling.as_deref(), Some("member"));
    assert_eq!(post(&world, 1, CHANGES, &wish, "de").await.problem(), "session-ended");
}

#[tokio::test]
async fn test_3_of_the_source_a_missing_object_id_is_told_in_its_words() {
    let world = with_roles().await;
    // A token for an account that has never signed in.
    let bearer = format!("Bearer {}", world.token(&json!({ "name": "Ada Muster" })));
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
        ("accept-language", "de"),
        ("if-match", "*"),
    ];
    let reply = world.ask(Method::POST, CHANGES, &headers, r#"{"to":"member"}"#).await;
    assert_eq!(reply.problem(), "role-refused");
    let words = "Azure-Synchronisierung nicht möglich: Fehlende Azure-Daten. Bitte melden Sie sich erneut an.";
    assert!(reply.json()["detail"].as_str().unwrap().starts_with(words), "{reply:?}");
}

#[tokio::test]
async fn refusals_say_why_in_the_callers_language_and_change_nothing() {
    let world = with_roles().await;
    for (who, wish, language, words) in [
        (1, json!({ "to": "member" }), "de", "darf nicht frei werden"),
        (1, json!({ "to": "member" }), "en", "must not be vacant"),
        (2, json!({ "to": "board_finance" }), "en", "by themselves"),
        (3, json!({ "to": "chief" }), "en", "There is no role `chief`"),
        (1, json!({ "to": "member", "successor": 99 }), "en", "no such person"),
    ] {
        let reply = post(&world, who, CHANGES, &wish, language).await;
        assert_eq!((reply.status, reply.problem().as_str()), (409, "role-refused"), "{wish}");
        assert!(reply.json()["detail"].as_str().unwrap().contains(words), "{}", reply.json());
    }
    assert!(world.store.role_operations_under_way(home()).await.unwrap().is_empty());
    assert_eq!(world.events().await.len(), 0);
}

#[tokio::test]
async fn a_change_upon_an_old_version_is_refused() {
    let world = with_roles().await;
    let id = session_id(2);
    let (cookie, csrf) = (format!("__Host-leitwarte={}", id.cookie_value()), id.csrf_token());
    let headers = [
        ("cookie", cookie.as_str()),
        ("x-csrf-token", &csrf),
        ("origin", SITE),
        ("content-type", "application/json"),
        ("if-match", "\"999\""),
    ];
    let reply = world.ask(Method::POST, CHANGES, &headers, r#"{"to":"member"}"#).await;
    assert_eq!((reply.status, reply.problem().as_str()), (412, "changed-meanwhile"));
}

#[tokio::test]
async fn when_the_host_does_not_take_the_event_the_change_waits_for_the_schedule() {
    let world = with_roles().await;
    world.host.reset().await;
    let reply = post(&world, 2, CHANGES, &json!({ "to": "member" }), "en").await;
    assert_eq!(reply.status, 202, "{reply:?}");
    assert_eq!(world.store.role_operations_under_way(home()).await.unwrap(), [1]);
}

#[tokio::test]
async fn an_administrator_decides_about_a_difference_once() {
    let world = with_roles().await;
    let drifts = vec![Drift::Differs { stored: Some("member".to_owned()), entra: "alumni".to_owned() }];
    let version = person(&world, 3).await.version;
    let found = FoundPerson {
        person: 3,
        version,
        drifts,
        effect: Effect::Limit("alumni".to_owned()),
        sessions: OpenSessions::Stay,
    };
    world.store.record_reconciliation(home(), &[found], &[], now()).await.unwrap();
    let seen = json!({ "drift": "differs", "stored": "member", "entra": "alumni" });
    let decision = json!({ "person": 3, "holds": "entra", "drift": seen });
    let decide = async |who| post(&world, who, "/api/v1/roles/decisions", &decision, "en").await;
    assert_eq!(decide(2).await.problem(), "forbidden", "a head of department is no administrator");
    assert_eq!(decide(1).await.status, 200, "the board is, by the table of roles");
    assert_eq!(person(&world, 3).await.role.as_deref(), Some("alumni"));
    assert_eq!(world.events().await, [json!({ "action": "reconcile" })], "whether Entra still says so");
    // The decision has ended the sessions of person 3 alone.
    let again = post(&world, 1, "/api/v1/roles/decisions", &decision, "de").await;
    assert_eq!((again.status, again.problem().as_str()), (412, "changed-meanwhile"));
    assert!(again.json()["detail"].as_str().unwrap().starts_with("Diese Abweichung gibt es nicht mehr"), "{again:?}");
}

#[tokio::test]
async fn a_decision_counts_only_for_the_difference_that_was_seen() {
    let world = with_roles().await;
    let find = async |entra: &str| {
        let drifts = vec![Drift::Differs { stored: Some("member".to_owned()), entra: entra.to_owned() }];
        let version = person(&world, 3).await.version;
        let effect = Effect::Limit("member".to_owned());
        let found = FoundPerson { person: 3, version, drifts, effect, sessions: OpenSessions::Stay };
        world.store.record_reconciliation(home(), &[found], &[], now()).await.unwrap();
    };
    // The page showed alumni; the next comparison has found a head of department.
    find("head").await;
    let decide = async |drift: Value| {
        let decision = json!({ "person": 3, "holds": "entra", "drift": drift });
        post(&world, 1, "/api/v1/roles/decisions", &decision, "en").await
    };
    let now = json!({ "drift": "differs", "stored": "member", "entra": "head" });
    let reply = decide(json!({ "drift": "differs", "stored": "member", "entra": "alumni" })).await;
    assert_eq!((reply.status, reply.problem().as_str()), (412, "changed-meanwhile"));
    assert_eq!(reply.json()["current"], json!({ "drifts": [now] }));
    assert_eq!(person(&world, 3).await.role.as_deref(), Some("member"));
    let without = post(&world, 1, "/api/v1/roles/decisions", &json!({ "person": 3, "holds": "entra" }), "en").await;
    assert_eq!((without.status, without.problem().as_str()), (400, "bad-body"));
    assert_eq!(decide(now).await.status, 200);
    assert_eq!(person(&world, 3).await.role.as_deref(), Some("head"));
}
