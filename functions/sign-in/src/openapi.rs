//! This function's part of the API's document. All of it is for browsers, which are sent from one address to the next.

use serde_json::{Value, json};

use crate::routes::ROUTES;

/// What this function answers, as OpenAPI 3.1.
#[must_use]
pub fn document() -> Value {
    let query =
        |name, what| json!({ "name": name, "in": "query", "description": what, "schema": { "type": "string" } });
    let operation = |name: &str, what: &str, parameters: Value, (status, answer): (&str, &str)| {
        json!({
            "tags": ["sign-in"], "operationId": name, "summary": what, "parameters": parameters,
            "responses": { status: { "description": answer } },
        })
    };
    let mut document = json!({ "paths": {
        "/api/v1/auth/login": { "get": operation(
            "login", "Sign in with a Microsoft account",
            json!([query("return", "The page to come back to")]), ("303", "To Microsoft's sign-in"),
        ) },
        "/api/v1/auth/callback": { "get": operation(
            "callback", "Come back from Microsoft's sign-in",
            json!([query("code", "From Microsoft"), query("state", "From Microsoft"), query("error", "From Microsoft")]),
            ("303", "To the page, or to what went wrong"),
        ) },
        "/api/v1/auth/logout": {
            "post": operation("logout", "End the session", json!([]), ("303", "To Microsoft's sign-out")),
            "get": operation("logout_by_link", "Following a link ends no session", json!([]), ("405", "Use POST")),
        },
    } });
    leitwarte_web::openapi::complete(&mut document, &ROUTES);
    document
}
