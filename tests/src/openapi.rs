//! The API's document, put together from the parts that the functions describe of themselves. Functions never import each
//! other, so this is done here, and the result is a file that `api-read` serves.

use anyhow::{Context, Result};
use leitwarte_web::openapi::{documented_path, method};
use serde_json::{Map, Value, json};

/// The file, seen from the repository's folder.
pub const FILE: &str = "functions/api-read/assets/openapi.json";

/// The whole document as the file holds it.
///
/// # Errors
/// Two functions describe the same operation, or forms of one name that differ.
pub fn document() -> Result<String> {
    let parts = [
        ("api-read", api_read::openapi::document()?),
        ("api-manage", api_manage::openapi::document()?),
        ("sign-in", sign_in::openapi::document()),
    ];
    let (mut paths, mut schemas) = (Map::new(), Map::new());
    for (function, part) in parts {
        for (path, operations) in object(&part, "/paths") {
            let known = paths.entry(path).or_insert_with(|| json!({}));
            for (method, operation) in operations.as_object().context("a path without operations")? {
                anyhow::ensure!(known.get(method).is_none(), "{method} {path} of {function} is described twice");
                known[method] = operation.clone();
            }
        }
        for (name, schema) in object(&part, "/components/schemas") {
            let known = schemas.entry(name).or_insert_with(|| schema.clone());
            anyhow::ensure!(known == schema, "{function} has another form of the name {name}");
        }
    }
    let document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Leitwarte",
            "version": "1",
            "summary": "Licences of Microsoft 365 tenants",
            "description": "Errors are problems (RFC 9457). Reads carry an `ETag`; changes name the version that was seen in `If-Match`.",
            "license": { "name": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "bearer": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "An Entra access token for this API" },
                "session": {
                    "type": "apiKey", "in": "cookie", "name": "__Host-leitwarte",
                    "description": "The session of somebody who has signed in; changes need the header `X-CSRF-Token`, too",
                },
            },
        },
    });
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}

fn object<'a>(value: &'a Value, pointer: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    value.pointer(pointer).and_then(Value::as_object).into_iter().flatten()
}

/// Every route of the functions that the document has to describe: path and method as they stand there.
#[must_use]
pub fn routes() -> Vec<(String, String)> {
    let read = api_read::routes::ROUTES.iter().map(|route| (documented_path(route.path), method(&route.method)));
    let manage = api_manage::routes::ROUTES.iter().map(|route| (documented_path(route.path), method(&route.method)));
    let sign_in = sign_in::routes::ROUTES.iter().map(|route| (documented_path(route.path), method(&route.method)));
    read.chain(manage).chain(sign_in).collect()
}
