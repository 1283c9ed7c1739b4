//! The API's document says what the functions answer, and says it today.

use std::collections::BTreeSet;

use leitwarte_template::Template;
use leitwarte_tests::openapi::{FILE, document, routes};
use leitwarte_tests::stack::repository;
use leitwarte_web::openapi::{documented_path, method};
use serde_json::Value;

#[test]
fn the_file_is_up_to_date() {
    let file = std::fs::read_to_string(repository().join(FILE)).unwrap_or_default();
    assert!(file == document().unwrap(), "{FILE} is not what the code says: run `make openapi`");
}

#[test]
fn every_route_of_the_template_is_described_and_nothing_else() {
    let document: Value = serde_json::from_str(&document().unwrap()).unwrap();
    let described: BTreeSet<(String, String)> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, operations)| {
            operations.as_object().unwrap().keys().map(move |method| (path.clone(), method.clone()))
        })
        .collect();
    let template = Template::load(&repository().join("template.yaml")).unwrap();
    let all = template.functions.iter().flat_map(|function| &function.routes);
    // `$default` is where whatever has no route gets its 404.
    let all = all.filter(|route| route.path != "$default");
    let in_template: BTreeSet<(String, String)> = all
        .map(|route| {
            let name = route.method.parse().unwrap_or_else(|_| panic!("{} is no method", route.method));
            (documented_path(&route.path), method(&name))
        })
        .collect();
    assert_eq!(described, in_template);
    assert_eq!(described, routes().into_iter().collect());
}

#[test]
fn operations_have_names_of_their_own_and_every_form_they_name_is_there() {
    let text = document().unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    let mut names = BTreeSet::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let name = operation["operationId"].as_str().unwrap_or_default();
            assert!(!name.is_empty() && names.insert(name), "{method} {path}: `{name}`");
            assert!(operation["summary"].is_string() && operation["x-permission"].is_string(), "{method} {path}");
        }
    }
    for reference in text.split("\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(document.pointer(reference).is_some(), "{reference} is not there");
    }
}
