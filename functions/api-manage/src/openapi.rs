//! This function's part of the API's document.

use serde_json::{Value, json};
use utoipa::OpenApi;

use crate::endpoints;
use crate::routes::ROUTES;

#[derive(OpenApi)]
#[openapi(
    paths(
        endpoints::switch_tenant::answer,
        endpoints::act_on_incident::answer,
        endpoints::set_rule::answer,
        endpoints::poll_now::all,
        endpoints::poll_now::one,
        endpoints::change_role::answer,
        endpoints::decide_role::answer,
    ),
    components(schemas(leitwarte_web::openapi::Problem))
)]
struct Document;

/// What this function answers, as OpenAPI 3.1.
///
/// # Errors
/// Never, as long as a document can be written as JSON.
pub fn document() -> serde_json::Result<Value> {
    let mut document = serde_json::to_value(Document::openapi())?;
    // utoipa leaves this out for the variants of an enum, which refuse other fields all the same.
    if let Some(actions) = document["components"]["schemas"]["IncidentAction"]["oneOf"].as_array_mut() {
        for action in actions {
            action["additionalProperties"] = json!(false);
        }
    }
    leitwarte_web::openapi::complete(&mut document, &ROUTES);
    Ok(document)
}
