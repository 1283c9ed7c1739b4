//! This function's part of the API's document. Endpoints of the API describe themselves where they are; pages are listed
//! here.

use leitwarte_web::openapi::complete;
use leitwarte_web::sign_in_problem::SignInProblem;
use serde_json::{Value, json};
use utoipa::OpenApi;

use crate::endpoints;
use crate::routes::ROUTES;

#[derive(OpenApi)]
#[openapi(
    paths(
        endpoints::audit::answer,
        endpoints::certificates::answer,
        endpoints::changes::answer,
        endpoints::docs::document,
        endpoints::forecast::answer,
        endpoints::health::answer,
        endpoints::history::answer,
        endpoints::incident::answer,
        endpoints::incidents::answer,
        endpoints::metrics::answer,
        endpoints::monitoring::answer,
        endpoints::polls::all,
        endpoints::polls::one,
        endpoints::ready::answer,
        endpoints::replay::answer,
        endpoints::revision::answer,
        endpoints::roles::answer,
        endpoints::rules::answer,
        endpoints::status_of_all::answer,
        endpoints::status_of_tenant::answer,
        endpoints::subscriptions::answer,
    ),
    components(schemas(leitwarte_web::openapi::Problem))
)]
struct Document;

/// Addresses that answer the same as another.
const SAME: [(&str, &str); 2] = [
    ("/api/v1/licenses/status/show", "/api/v1/licenses/status"),
    ("/api/v1/licenses/status/show/{tenant}", "/api/v1/licenses/status/{tenant}"),
];

const PROBLEM: &str = "application/problem+json";

/// Pages and their files: address, content type, what it is.
const PAGES: [(&str, &str, &str); 23] = [
    ("/", "text/html", "The public main page"),
    ("/certificates", "text/html", "The page of certificates"),
    ("/overview", "text/html", "The page of all tenants, worst first"),
    ("/licences", "text/html", "The page of all licences"),
    ("/licences.csv", "text/csv", "The same for a spreadsheet"),
    ("/tenants", "text/html", "The page of all tenants by name"),
    ("/tenants/{tenant}", "text/html", "The page of one tenant"),
    ("/help", "text/html", "The page of help"),
    ("/api/v1/licenses/statusall", "text/html", "Where the page of all licences was in the system before"),
    ("/api/v1/licenses/status/tenant", "text/html", "Where the page of the tenants was in the system before"),
    ("/api/v1/monitoring/", "text/html", "Where the page of the switches was in the system before"),
    ("/monitoring", "text/html", "The page of the switches"),
    ("/incidents", "text/html", "The page of all incidents"),
    ("/incidents/{number}", "text/html", "The page of one incident"),
    ("/settings", "text/html", "The page of the rules"),
    ("/audit", "text/html", "The page of the audit log"),
    ("/roles", "text/html", "The page of roles"),
    ("/sign-in-problem", "text/html", "Why a sign-in did not work"),
    ("/api/v1/docs", "text/html", "Swagger UI"),
    ("/api/v1/docs/{file}", "*/*", "A file of Swagger UI"),
    ("/preferences/{name}/{value}", "text/html", "Language and appearance of the pages"),
    ("/assets/{proxy}", "*/*", "Style sheets, scripts and icon of the pages"),
    ("/favicon.ico", "image/svg+xml", "The icon where browsers look for it unasked"),
];

/// What this function answers, as OpenAPI 3.1.
///
/// # Errors
/// Never, as long as a document can be written as JSON.
pub fn document() -> serde_json::Result<Value> {
    let mut document = serde_json::to_value(Document::openapi())?;
    for (same, as_this) in SAME {
        let mut operations = document["paths"][as_this].clone();
        operations["get"]["operationId"] = json!(operation_id(same));
        document["paths"][same] = operations;
    }
    for (path, content_type, what) in PAGES {
        document["paths"][path]["get"] = page(path, content_type, what);
    }
    complete(&mut document, ROUTES);
    Ok(document)
}

fn page(path: &str, content_type: &str, what: &str) -> Value {
    let parameters = path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'));
    let parameter = |name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } });
    let mut parameters: Vec<Value> = parameters.map(parameter).collect();
    if path == "/sign-in-problem" {
        let reasons = SignInProblem::ALL.map(SignInProblem::reason);
        parameters.push(json!({
            "name": "reason", "in": "query", "required": true, "schema": { "type": "string", "enum": reasons },
        }));
    }
    let refused = |what: &str| {
        let mut content = json!({ PROBLEM: { "schema": { "$ref": "#/components/schemas/Problem" } } });
        if content_type == "text/html" {
            content["text/html"] = json!({ "schema": { "type": "string" } });
        }
        json!({ "description": what, "content": content })
    };
    json!({
        "tags": ["pages"], "operationId": operation_id(path), "summary": what, "parameters": parameters,
        "responses": {
            "200": { "description": what, "content": { content_type: { "schema": { "type": "string" } } } },
            "303": { "description": "To the sign-in" },
            "400": refused("An address that cannot be used, by name"),
            "404": refused("There is none"),
        },
    })
}

/// A name made of an address.
fn operation_id(path: &str) -> String {
    let words = path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let words: Vec<&str> = words.collect();
    if words.is_empty() { "main_page".to_owned() } else { format!("page_{}", words.join("_")) }
}

#[cfg(test)]
mod tests {
    use leitwarte_web::openapi::{documented_path, method};

    use super::*;

    #[test]
    fn every_route_is_in_the_document_and_the_document_has_no_other() {
        let document = document().unwrap();
        let paths = document["paths"].as_object().unwrap();
        for route in ROUTES {
            let operation = paths.get(&documented_path(route.path)).map(|path| &path[method(&route.method)]);
            assert!(operation.is_some_and(Value::is_object), "{} is not described in openapi.rs", route.path);
        }
        let routes: Vec<String> = ROUTES.iter().map(|route| documented_path(route.path)).collect();
        assert!(paths.keys().all(|path| routes.contains(path)));
    }
}
