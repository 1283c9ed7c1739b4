//! The Power Automate flows that are handed out: their packages fit together, and what they name is there.
//!
//! Microsoft's schema of workflow definitions is in no package that could be had; the rules here are those of "Schema
//! reference guide for the Workflow Definition Language in Azure Logic Apps" that a flow of this kind can break.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Command;

use leitwarte_core::sharepoint::definition::ListKind;
use leitwarte_tests::foreign;
use leitwarte_tests::stack::repository;
use serde_json::{Value, json};

const FLOWS: [&str; 2] = ["shortage", "certificate"];
const LISTS: [(&str, ListKind); 3] = [
    ("{{PARAMETER_LIST_ID}}", ListKind::Parameters),
    ("{{TENANT_LIST_ID}}", ListKind::Tenants),
    ("{{LICENCE_LIST_ID}}", ListKind::Licences),
];

fn folder(flow: &str) -> PathBuf {
    repository().join("local/power-automate").join(flow)
}

fn read(path: &PathBuf) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A package.
struct Package {
    flow: &'static str,
    manifest: Value,
    apis: Value,
    connections: Value,
    properties: Value,
}

impl Package {
    fn all() -> [Self; 2] {
        FLOWS.map(|flow| {
            let flows = folder(flow).join("Microsoft.Flow/flows");
            let assets = read(&flows.join("manifest.json"));
            let asset = flows.join(assets["flowAssets"]["assetPaths"][0].as_str().expect("a path"));
            Self {
                flow,
                manifest: read(&folder(flow).join("manifest.json")),
                apis: read(&asset.join("apisMap.json")),
                connections: read(&asset.join("connectionsMap.json")),
                properties: read(&asset.join("definition.json"))["properties"].clone(),
            }
        })
    }

    fn definition(&self) -> &Value {
        &self.properties["definition"]
    }

    /// Every action and the trigger, by name, at whatever depth, with the names beside it.
    fn steps(&self) -> BTreeMap<String, (Value, BTreeSet<String>)> {
        let mut steps = BTreeMap::new();
        for start in ["triggers", "actions"] {
            collect(&self.definition()[start], &mut steps);
        }
        steps
    }
}

fn collect(actions: &Value, steps: &mut BTreeMap<String, (Value, BTreeSet<String>)>) {
    let beside: BTreeSet<String> = actions.as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect();
    for (name, step) in actions.as_object().into_iter().flatten() {
        let before = steps.insert(name.clone(), (step.clone(), beside.clone()));
        assert!(before.is_none(), "two steps are called {name}");
        collect(&step["actions"], steps);
        collect(&step["else"]["actions"], steps);
    }
}

/// Every text in a value.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(values) => values.iter().flat_map(texts).collect(),
        Value::Object(values) => values.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn a_package_is_made_as_another_maker_of_packages_makes_it() {
    let check = repository().join("tests/foreign/power_automate/check.py");
    let output = Command::new(foreign::python()).arg(check).args(FLOWS.map(folder)).output().expect("python runs");
    foreign::assert_success("the comparison with pypowerautomate", &output);
    assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), FLOWS.len());
}

#[test]
fn the_parts_of_a_package_fit_together() {
    for package in Package::all() {
        let (flow, resources) = (package.flow, package.manifest["resources"].as_object().expect("resources"));
        let of = |kind: &str| resources.iter().filter(|(_, one)| one["type"] == kind).collect::<BTreeMap<_, _>>();
        let flows = of("Microsoft.Flow/flows");
        let (id, root) = flows.first_key_value().expect("a flow");
        assert!(folder(flow).join("Microsoft.Flow/flows").join(id).is_dir(), "{flow}: the folder has the flow's id");
        let needed: BTreeSet<_> =
            root["dependsOn"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
        assert_eq!(needed.len(), resources.len() - 1, "{flow}: it depends on all the others");
        for (name, reference) in package.properties["connectionReferences"].as_object().expect("references") {
            let (api, connection) = (&package.apis[name], &package.connections[name]);
            let api_resource = &resources[api.as_str().expect("an id")];
            let connection_resource = &resources[connection.as_str().expect("an id")];
            assert_eq!(api_resource["name"], json!(name), "{flow}");
            assert_eq!(reference["id"], api_resource["id"], "{flow}");
            assert_eq!(connection_resource["dependsOn"], json!([api]), "{flow}");
            assert_eq!(connection_resource["configurableBy"], json!("User"), "{flow}: so that it is asked for");
        }
        for (name, (step, _)) in package.steps() {
            let host = &step["inputs"]["host"];
            if let Some(connection) = host["connectionName"].as_str() {
                let reference = &package.properties["connectionReferences"][connection];
                assert_eq!(reference["id"], host["apiId"], "{flow}: {name}");
            }
        }
    }
}

#[test]
fn each_step_has_what_its_kind_needs_and_runs_after_steps_beside_it() {
    for package in Package::all() {
        let definition = package.definition();
        assert!(
            definition["$schema"]
                .as_str()
                .is_some_and(|schema| schema.ends_with("/2016-06-01/workflowdefinition.json#"))
        );
        assert_eq!(definition["triggers"].as_object().map(serde_json::Map::len), Some(1), "{}", package.flow);
        for (name, (step, beside)) in package.steps() {
            let context = format!("{}: {name}", package.flow);
            assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'), "{context}");
            let needed: &[&str] = match step["type"].as_str().expect("a type") {
                "OpenApiConnection" => &["/inputs/host/apiId", "/inputs/host/operationId", "/inputs/parameters"],
                "Query" => &["/inputs/from", "/inputs/where"],
                "If" => &["/expression/and", "/actions", "/else/actions"],
                "Foreach" => &["/foreach", "/actions"],
                "Recurrence" => &["/recurrence/frequency", "/recurrence/interval"],
                other => panic!("{context}: {other} is not known here"),
            };
            for pointer in needed {
                assert!(step.pointer(pointer).is_some(), "{context} has no {pointer}");
            }
            let is_trigger = definition["triggers"].get(&name).is_some();
            assert_eq!(step.get("runAfter").is_none(), is_trigger, "{context}");
            for (before, statuses) in step["runAfter"].as_object().into_iter().flatten() {
                assert!(beside.contains(before) && *before != name, "{context} runs after {before}");
                assert_eq!(statuses, &json!(["Succeeded"]), "{context}");
            }
            assert!(reaches_a_start(&package, &name), "{context} is never run");
        }
    }
}

/// Whether going back from step to step ends.
fn reaches_a_start(package: &Package, name: &str) -> bool {
    let (steps, mut place) = (package.steps(), name.to_owned());
    for _ in 0..steps.len() {
        let Some((before, _)) = steps[&place].0["runAfter"].as_object().and_then(|after| after.iter().next()) else {
            return true;
        };
        place.clone_from(before);
    }
    false
}

/// The expressions of a text: all of it after an `@`, or the parts in `@{…}`.
fn expressions(text: &str) -> Vec<String> {
    if text.starts_with('@') && !text.starts_with("@{") {
        return vec![text[1..].to_owned()];
    }
    text.split("@{").skip(1).map(|rest| rest.split('}').next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn expressions_are_closed_and_name_functions_and_steps_that_are_there() {
    const FUNCTIONS: [&str; 14] = [
        "addDays",
        "body",
        "coalesce",
        "equals",
        "first",
        "formatDateTime",
        "item",
        "items",
        "outputs",
        "parameters",
        "toLower",
        "triggerOutputs",
        "trim",
        "utcNow",
    ];
    for package in Package::all() {
        let steps = package.steps();
        let found: Vec<String> = texts(package.definition()).iter().flat_map(|text| expressions(text)).collect();
        assert!(found.len() > 20, "{}", package.flow);
        for expression in found {
            for (open, close) in [('(', ')'), ('[', ']')] {
                assert_eq!(expression.matches(open).count(), expression.matches(close).count(), "{expression}");
            }
            assert_eq!(expression.matches('\'').count() % 2, 0, "{expression}");
            // Outside of quotes; every second part is inside.
            let outside: String = expression.split('\'').step_by(2).collect();
            for (end, _) in outside.match_indices('(') {
                let name =
                    outside[..end].rsplit(|letter: char| !letter.is_ascii_alphanumeric()).next().unwrap_or_default();
                assert!(FUNCTIONS.contains(&name), "{name} in {expression}");
            }
            for function in ["outputs('", "body('", "items('"] {
                for (start, _) in expression.match_indices(function) {
                    let name = expression[start + function.len()..].split('\'').next().unwrap_or_default();
                    assert!(steps.contains_key(name), "there is no step {name}: {expression}");
                }
            }
        }
    }
}

/// Inner names of the columns that a list has as it is provisioned.
fn columns(list: ListKind) -> BTreeSet<String> {
    let named = list.definition().columns.iter().map(|column| column.name.replace('ü', "_x00fc_"));
    named.chain(["ID", "Title"].map(str::to_owned)).collect()
}

/// What follows `['` and `['body/` in an expression, but for what every answer has.
fn cells(expression: &str) -> Vec<&str> {
    let names = expression.split("['").skip(1).filter_map(|rest| rest.split('\'').next());
    names.map(|name| name.strip_prefix("body/").unwrap_or(name)).filter(|name| *name != "value").collect()
}

#[test]
fn every_column_that_a_flow_names_is_in_the_list_it_reads() {
    for package in Package::all() {
        let steps = package.steps();
        // Which list a step's rows are from.
        let list_of = |step: &str| {
            let table = &steps[step].0["inputs"]["parameters"]["table"];
            LISTS.iter().find(|(placeholder, _)| table == placeholder).map(|(_, list)| *list)
        };
        let trigger = package.definition()["triggers"].as_object().and_then(|triggers| triggers.keys().next().cloned());
        let mut seen = 0;
        for text in texts(package.definition()) {
            for expression in expressions(&text) {
                let named: Vec<&str> = cells(&expression);
                let list = if expression.contains("triggerOutputs()") {
                    list_of(trigger.as_deref().expect("a trigger"))
                } else if expression.contains("item()") || expression.contains("first(body('") {
                    Some(ListKind::Parameters)
                } else if expression.contains("items('Je_Tenant')") {
                    Some(ListKind::Tenants)
                } else {
                    expression.split("outputs('").nth(1).and_then(|rest| list_of(rest.split('\'').next()?))
                };
                for name in named {
                    let list = list.unwrap_or_else(|| panic!("{expression} is of no list"));
                    assert!(columns(list).contains(name), "{name} is no column of {list:?}: {expression}");
                    seen += 1;
                }
            }
        }
        for (step, (content, _)) in &steps {
            let parameters = content["inputs"]["parameters"].as_object().into_iter().flatten();
            for name in parameters.filter_map(|(key, _)| key.strip_prefix("item/")) {
                assert!(columns(list_of(step).expect("a list")).contains(name), "{step} writes {name}");
            }
            if let Some(filter) = content["inputs"]["parameters"]["$filter"].as_str() {
                let name = filter.split(' ').next().unwrap_or_default();
                assert!(columns(list_of(step).expect("a list")).contains(name), "{step} asks for {name}");
            }
        }
        assert!(seen >= 8, "{}: {seen}", package.flow);
    }
}

#[test]
fn the_shortage_flow_tells_first_and_then_says_so_in_the_row() {
    let [package, _] = Package::all();
    let (steps, definition) = (package.steps(), package.definition());
    let trigger = definition["triggers"].as_object().and_then(|triggers| triggers.values().next()).expect("a trigger");
    assert_eq!(trigger["inputs"]["host"]["operationId"], json!("GetOnUpdatedItems"), "new rows and changed ones");
    assert_eq!(trigger["splitOn"], json!("@triggerOutputs()?['body/value']"), "each row by itself");
    assert_eq!(trigger["runtimeConfiguration"]["concurrency"]["runs"], json!(1), "and one after the other");
    let condition = json!("@equals(triggerOutputs()?['body/trigger_inform_supporter'], true)");
    assert_eq!(trigger["conditions"][0]["expression"], condition);
    let noted = &steps["Als_gemeldet_vermerken"].0;
    assert_eq!(noted["runAfter"], json!({ "Bescheid_geben": ["Succeeded"] }));
    let parameters = &noted["inputs"]["parameters"];
    assert_eq!(noted["inputs"]["host"]["operationId"], json!("PatchItem"));
    assert_eq!(parameters["item/trigger_inform_supporter"], json!(false));
    assert_eq!(parameters["item/technician_informed"], json!(true));
    let told = steps["Mail"].0["inputs"]["parameters"]["emailMessage/Body"].as_str().expect("a text").to_owned();
    for column in ["tenant", "Title", "Verf_x00fc_gbar", "Gebraucht", "Frei"] {
        assert!(told.contains(&format!("body/{column}")), "{column} is not told");
    }
    assert_eq!(json!(told), steps["Teams"].0["inputs"]["parameters"]["body/messageBody"]);
}

#[test]
fn the_certificate_flow_tells_what_ends_within_seven_days() {
    let [_, package] = Package::all();
    let steps = package.steps();
    let filter = &steps["Tenantliste"].0["inputs"]["parameters"]["$filter"];
    assert_eq!(filter, &json!("cert_expires lt '@{addDays(utcNow(), 7)}'"));
    assert_eq!(steps["Jeden_Morgen"].0["recurrence"]["frequency"], json!("Day"));
}

#[test]
fn there_is_no_id_of_anybody_in_them() {
    let known: BTreeSet<&str> = LISTS.iter().map(|(placeholder, _)| *placeholder).chain(["{{SITE_ADDRESS}}"]).collect();
    let instructions = std::fs::read_to_string(repository().join("local/power-automate/README.md")).expect("README");
    for package in Package::all() {
        let everything = [&package.manifest, &package.apis, &package.connections, &package.properties];
        for text in everything.into_iter().flat_map(texts) {
            assert!(!text.contains(".sharepoint.com") && !text.contains(".onmicrosoft."), "{text}");
            for word in text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-') {
                let id = word.len().checked_sub(36).and_then(|start| word.get(start..));
                if let Some(id) = id.filter(|id| leitwarte_core::Uuid::parse_str(id).is_ok()) {
                    assert!(id.starts_with("1e170000-"), "{id} in {}", package.flow);
                }
            }
            for placeholder in text.split("{{").skip(1).filter_map(|rest| rest.split("}}").next()) {
                let placeholder = format!("{{{{{placeholder}}}}}");
                assert!(known.contains(placeholder.as_str()) && instructions.contains(&placeholder), "{placeholder}");
            }
        }
    }
}
