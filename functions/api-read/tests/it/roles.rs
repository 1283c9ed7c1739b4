//! Roles: what is wrong with the files is said, and whoever looks is found however they signed in.

use crate::support::{World, now};
use leitwarte_core::Uuid;
use leitwarte_web::permission::Role;
use leitwarte_web::testing::{FOREIGN_TENANT, TENANT};
use serde_json::json;

const GERMAN: [(&str, &str); 2] = [("accept", "text/html"), ("accept-language", "de")];

/// The profile of `role-sync` for this tenant.
fn profile(tenant: &str) -> String {
    let profile = json!({
        "tenant_id": tenant, "tenant_name": "contoso", "client_id": Uuid::from_u128(2), "cert_path": "roles.pem",
        "thumbprint": "A1B2C3D4E5F60718293A4B5C6D7E8F9012345678", "expires": "2030-01-01",
        "application_id": Uuid::from_u128(3),
    });
    profile.to_string()
}

#[tokio::test]
async fn a_broken_table_is_told_with_the_reason() {
    let world = World::new().await;
    world.write_profile("roles/roles.json", "{");
    let page = world.get_with("/roles", &GERMAN).await;
    assert_eq!(page.status, 409, "{}", page.text());
    assert!(page.text().contains("Die Rollen lassen sich nicht zeigen") && !page.text().contains("nicht geändert"));
    assert!(page.text().contains("config-profiles/roles/roles.json cannot be used"));
}

#[tokio::test]
async fn a_profile_that_is_broken_or_anothers_is_neither_missing_nor_in_force() {
    let world = World::new().await;
    let missing = "Es fehlt roles/role-sync-profile.json";
    assert!(world.get_with("/roles", &GERMAN).await.text().contains(missing));
    for (text, words) in
        [("{".to_owned(), "ist da, aber unbrauchbar"), (profile(FOREIGN_TENANT), "für einen anderen Tenant")]
    {
        world.write_profile("roles/role-sync-profile.json", &text);
        let page = world.get_with("/roles", &GERMAN).await;
        assert!(page.text().contains(words) && !page.text().contains(missing), "{words}: {}", page.text());
    }
    world.write_profile("roles/role-sync-profile.json", &profile(TENANT));
    assert!(!world.get_with("/roles", &GERMAN).await.text().contains("Rollen werden nicht abgeglichen"));
}

#[tokio::test]
async fn a_token_sees_the_own_role_as_a_session_does() {
    let world = World::new().await;
    let session = world.session("ada", &[Role::Read], now()).await;
    let with_session = world.ask_with_session(http::Method::GET, "/api/v1/roles", &session).await.json();
    assert!(with_session["own"]["person"].is_number(), "{with_session}");
    let object_id = "ada".bytes().fold(1_u128, |seed, byte| seed * 251 + u128::from(byte));
    let bearer = format!("Bearer {}", world.token(&json!({ "oid": Uuid::from_u128(object_id) })));
    let with_token = world.ask(http::Method::GET, "/api/v1/roles", &[("authorization", &bearer)]).await.json();
    assert_eq!(with_token["own"], with_session["own"]);
    assert_eq!(world.get("/api/v1/roles").await.json()["own"], json!(null), "nobody of ours");
}
