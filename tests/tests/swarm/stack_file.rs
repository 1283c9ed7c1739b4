//! local/stack.yaml against local/compose.yaml and template.yaml: the same system, on several machines.

use std::collections::BTreeSet;

use leitwarte_tests::services::{functions, names, port, shipped};
use serde_norway::Value;

/// Services of compose.yaml that are not part of a stack: commands typed by people, and a server of its own.
const NOT_IN_A_STACK: [&str; 2] = ["leitwarte", "postgres"];
/// Variables with another value in a stack, or that only a stack has; why, is said there.
const DIFFERENT: [&str; 6] = [
    "AWS_LAMBDA_RUNTIME_API",
    "DATABASE_URL",
    "DATABASE_PASSWORD_FILE",
    "RES_OPTIONS",
    "TLS_CERT_FILE",
    "TLS_KEY_FILE",
];
/// Networks in which PostgreSQL answers, which one machine need not have.
const OF_THE_DATABASE: [&str; 2] = ["database", "queue"];

struct Files {
    compose: Value,
    stack: Value,
    functions: Vec<String>,
}

impl Files {
    fn read() -> Self {
        let (compose, stack) = (shipped("local/compose.yaml"), shipped("local/stack.yaml"));
        Self { compose, stack, functions: functions() }
    }

    /// A service in both files.
    fn both(&self) -> impl Iterator<Item = (String, &Value, &Value)> {
        let services = names(&self.stack["services"]).into_iter();
        services.map(|name| {
            let (compose, stack) = (&self.compose["services"][&name], &self.stack["services"][&name]);
            (name, compose, stack)
        })
    }

    fn networks(&self, service: &str) -> BTreeSet<String> {
        names(&self.stack["services"][service]["networks"])
    }
}

#[test]
fn a_stack_has_the_services_of_one_machine_and_every_function_of_the_template() {
    let files = Files::read();
    let mut expected = names(&files.compose["services"]);
    for name in NOT_IN_A_STACK {
        expected.remove(name);
    }
    assert_eq!(names(&files.stack["services"]), expected);
    for function in &files.functions {
        let address = format!("emulator-{{{{.Task.Slot}}}}:{}", port(function));
        assert_eq!(files.stack["services"][function]["environment"]["AWS_LAMBDA_RUNTIME_API"], address, "{function}");
    }
    assert_eq!(files.stack["services"]["emulator"]["hostname"], "emulator-{{.Task.Slot}}");
}

#[test]
fn each_service_is_the_same_program_with_the_same_settings_and_bounds() {
    for (name, compose, stack) in Files::read().both() {
        let image = stack["image"].as_str().and_then(|image| image.strip_prefix("${REGISTRY:-}"));
        assert_eq!(image, compose["image"].as_str(), "{name}");
        let environment = |service: &Value| {
            let mut variables = service["environment"].clone();
            if let Value::Mapping(variables) = &mut variables {
                variables.retain(|variable, _| !DIFFERENT.iter().any(|different| variable == *different));
            }
            variables
        };
        assert_eq!(environment(stack), environment(compose), "{name}");
        for same in ["user", "read_only", "cap_drop", "logging", "stop_grace_period"] {
            assert_eq!(stack[same], compose[same], "{same} of {name}");
        }
        assert_eq!(stack["healthcheck"]["test"], compose["healthcheck"]["test"], "{name}");
        let limits = &stack["deploy"]["resources"]["limits"];
        assert_eq!((&limits["memory"], &limits["pids"]), (&compose["mem_limit"], &compose["pids_limit"]), "{name}");
    }
}

#[test]
fn nothing_but_the_gateway_is_published_under_the_same_port() {
    for (name, compose, stack) in Files::read().both() {
        let published = stack["ports"].as_sequence().into_iter().flatten().map(|port| {
            assert_eq!(port["mode"], "host", "{name}");
            let text =
                |field: &str| port[field].as_str().map(str::to_owned).or(port[field].as_u64().map(|n| n.to_string()));
            format!("{}:{}", text("published").unwrap_or_default(), text("target").unwrap_or_default())
        });
        let published: BTreeSet<String> = published.collect();
        assert_eq!(published, names(&compose["ports"]), "{name}");
        assert_eq!(published.is_empty(), name != "gateway");
    }
}

#[test]
fn everything_runs_equally_often_and_is_replaced_one_after_the_other() {
    for (name, _, stack) in Files::read().both() {
        let deploy = &stack["deploy"];
        assert_eq!(deploy["replicas"], "${REPLICAS:-2}", "{name}");
        assert_eq!(deploy["endpoint_mode"], "dnsrr", "{name}");
        assert_eq!(deploy["restart_policy"]["condition"], "any", "{name}");
        let update = &deploy["update_config"];
        assert_eq!(update["parallelism"], 1, "{name}");
        assert_eq!(update["order"], "stop-first", "{name}: two tasks of one number would share a name");
        assert_eq!(update["failure_action"], "rollback", "{name}");
    }
}

#[test]
fn functions_meet_emulators_only_in_a_network_of_their_own_and_reach_the_outside_only_through_the_proxy() {
    let files = Files::read();
    let emulator = files.networks("emulator");
    for function in &files.functions {
        let own = format!("runtime-{function}");
        let networks = files.networks(function);
        let shared: Vec<_> = networks.intersection(&emulator).collect();
        assert_eq!(shared, [&own], "{function}");
        let alias = format!("emulator.{function}");
        assert_eq!(files.stack["services"]["emulator"]["networks"][&own]["aliases"][0], alias);
        for (name, _, _) in files.both().filter(|(name, _, _)| name != function && name != "emulator") {
            assert!(!files.networks(&name).contains(&own), "{name} is in {own}");
        }
    }
    for (name, compose, _) in files.both() {
        let without_database = |mut networks: BTreeSet<String>| {
            networks.retain(|network| !OF_THE_DATABASE.contains(&network.as_str()));
            networks
        };
        let same = without_database(files.networks(&name)) == without_database(names(&compose["networks"]));
        assert!(same, "{name} is in other networks");
    }
    for (name, network) in files.stack["networks"].as_mapping().expect("networks") {
        let name = name.as_str().expect("a name");
        if network["external"] == true {
            continue;
        }
        assert_eq!(network["driver_opts"]["encrypted"], "", "{name} is encrypted between machines");
        assert_eq!(network["internal"], files.compose["networks"][name]["internal"], "{name}");
    }
}
