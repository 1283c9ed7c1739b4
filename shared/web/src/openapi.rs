//! The parts of the API's document (OpenAPI 3.1) that every function shares.
//!
//! A function describes its endpoints where they are (`#[utoipa::path]`); [`complete`] adds what follows from its table of
//! routes: who may ask, and the problems that any caller may meet. So the document cannot say anything else about rights
//! than what is enforced.

mod schemas;

use http::Method;
use serde_json::{Map, Value, json};

pub use schemas::{
    AuditEntry, Certificate, Changes, Forecast, ForecastOfProduct, History, Incident, IncidentEvent,
    IncidentWithEvents, MonitoredTenant, PollAsked, PollOfAll, PollOfTenant, Problem, Replay, ReplayedProduct,
    Revision, Rule, RuleDefinition, State, StatusRow,
};

use crate::permission::Permission;
use crate::routes::Route;

/// The name of a path in the document: a greedy parameter (`{tenant+}`) is a plain one there.
#[must_use]
pub fn documented_path(path: &str) -> String {
    path.replace("+}", "}")
}

/// Adds rights and common problems to the operations of a document, by the table of the function's routes.
pub fn complete<Endpoint>(document: &mut Value, routes: &[Route<Endpoint>]) {
    for route in routes {
        let pointer = [documented_path(route.path).as_str(), &method(&route.method)].map(escaped).join("/");
        let Some(operation) = document.pointer_mut(&format!("/paths/{pointer}")) else { continue };
        operation["x-permission"] = json!(format!("{:?}", route.permission).to_lowercase());
        operation["security"] = match route.permission {
            Permission::Public => json!([]),
            _ => json!([{ "bearer": [] }, { "session": [] }]),
        };
        if let Some(responses) = operation["responses"].as_object_mut() {
            problems(responses, route.permission, &route.method);
        }
    }
}

/// The names of methods in a document are lower case.
#[must_use]
pub fn method(method: &Method) -> String {
    method.as_str().to_lowercase()
}

/// A segment of a JSON pointer (RFC 6901).
fn escaped(segment: &str) -> String {
    segment.replace('~', "~0").replace('/', "~1")
}

fn problems(responses: &mut Map<String, Value>, permission: Permission, method: &Method) {
    let mut add = |status: &str, what: &str| {
        responses.entry(status).or_insert_with(|| json!({ "description": what }));
    };
    add("400", "A parameter or a body that cannot be used, by name");
    if permission != Permission::Public {
        add("401", "Neither a valid token nor a session");
        add("403", "The caller has no role that allows this");
        add("503", "Database, sign-in or another part does not answer; try again");
    }
    if method != Method::GET {
        add("413", "The body is too long");
        add("415", "The body is not said to be JSON");
        add("428", "`If-Match` is missing");
    }
    add("500", "A fault of Leitwarte; the log says more under the id in `instance`");
    for (status, response) in responses {
        if status.starts_with(['4', '5']) && response.get("content").is_none() {
            response["content"] = json!({
                "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } }
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn completed(permission: Permission) -> Value {
        let mut document = json!({ "paths": { "/a/{name}": { "get": {
            "responses": { "200": { "description": "Well" }, "404": { "description": "None of that name" } }
        } } } });
        complete(&mut document, &[Route { method: Method::GET, path: "/a/{name+}", permission, endpoint: () }]);
        document["paths"]["/a/{name}"]["get"].take()
    }

    #[test]
    fn rights_come_from_the_table() {
        assert_eq!(completed(Permission::Public)["security"], json!([]));
        let closed = completed(Permission::Manage);
        assert_eq!((&closed["security"][0], &closed["x-permission"]), (&json!({ "bearer": [] }), &json!("manage")));
    }

    #[test]
    fn every_refusal_is_a_problem_and_what_an_endpoint_says_itself_stays() {
        let operation = completed(Permission::Read);
        let responses = &operation["responses"];
        assert_eq!(responses["404"]["description"], "None of that name");
        for status in ["401", "403", "404", "500", "503"] {
            assert!(responses[status]["content"]["application/problem+json"].is_object(), "{status}");
        }
        assert!(responses["200"].get("content").is_none());
        assert!(completed(Permission::Public)["responses"].get("401").is_none());
    }
}
