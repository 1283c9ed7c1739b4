//! The template this repository ships is one the host understands.

use std::path::Path;

use leitwarte_template::Template;

fn shipped() -> Template {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../template.yaml");
    Template::load(&path).unwrap()
}

#[test]
fn the_shipped_template_loads() {
    let template = shipped();
    for name in ["poll-tenant", "api-read"] {
        assert!(template.function(name).is_some(), "{name} is missing");
    }
}

#[test]
fn every_schedule_is_on_and_waits_behind_one_full_run() {
    for function in shipped().functions.iter().filter(|function| !function.schedules.is_empty()) {
        assert!(function.schedules.iter().all(|schedule| schedule.enabled), "{}", function.name);
        assert!(function.asynchronous.maximum_event_age >= function.timeout, "{}", function.name);
    }
}

#[test]
fn unknown_paths_are_answered_by_a_function() {
    let template = shipped();
    let routes = template.functions.iter().flat_map(|function| &function.routes);
    assert_eq!(routes.filter(|route| route.path == "$default").count(), 1);
}
