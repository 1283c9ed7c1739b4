//! What `local/compose.yaml` repeats of other files, and what it promises, compared.

use std::collections::BTreeSet;
use std::time::Duration;

use leitwarte_core::profile::Cloud;
use leitwarte_tests::services::{FIRST_PORT, names, shipped, template};
use leitwarte_tests::stack::repository;
use serde_norway::{Mapping, Value};

fn compose() -> Value {
    shipped("local/compose.yaml")
}

fn services(compose: &Value) -> &Mapping {
    compose["services"].as_mapping().unwrap()
}

/// A value as compose takes it when no variable is set: `${NAME:-default}` is its default.
fn by_default(text: &str) -> &str {
    let inner = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
    inner.and_then(|inner| inner.split_once(":-")).map_or(text, |(_, default)| default)
}

/// `5m10s`
fn duration(text: &str) -> Duration {
    let (minutes, seconds) = text.split_once('m').unwrap_or(("0", text));
    let seconds = if seconds.is_empty() { "0s" } else { seconds };
    Duration::from_secs(60 * minutes.parse::<u64>().unwrap() + seconds.trim_end_matches('s').parse::<u64>().unwrap())
}

#[test]
fn every_function_of_the_template_has_a_service_with_its_settings() {
    let compose = compose();
    let networks = &compose["networks"];
    for (number, function) in template().functions.iter().enumerate() {
        let name = &function.name;
        let service = &compose["services"][name.as_str()];
        let variable = |name: &str| service["environment"][name].as_str().map(by_default);
        assert_eq!(variable("AWS_LAMBDA_FUNCTION_NAME"), Some(name.as_str()));
        let address = format!("emulator.{name}:{}", FIRST_PORT + number);
        assert_eq!(variable("AWS_LAMBDA_RUNTIME_API"), Some(address.as_str()));
        for (setting, value) in &function.environment {
            assert_eq!(variable(setting), Some(value.as_str()), "{setting} of {name}");
        }
        let network = format!("runtime-{name}");
        let mine = names(&service["networks"]);
        let known = ["outbound", "database", network.as_str()];
        assert!(mine.contains(&network), "{name}");
        assert!(mine.iter().all(|one| known.contains(&one.as_str())), "{name}: {mine:?}");
        assert_eq!(networks[network.as_str()]["internal"], true);
        let alias = &compose["services"]["emulator"]["networks"][network.as_str()]["aliases"][0];
        assert_eq!(alias.as_str(), Some(format!("emulator.{name}").as_str()));
        let grace = duration(service["stop_grace_period"].as_str().unwrap());
        assert!(grace > function.timeout, "{name} is killed while it finishes");
        let emulator = duration(compose["services"]["emulator"]["stop_grace_period"].as_str().unwrap());
        assert!(emulator > function.timeout);
    }
}

#[test]
fn nothing_but_the_gateway_is_published_and_only_it_and_egress_face_outside() {
    let compose = compose();
    for (name, service) in services(&compose) {
        let name = name.as_str().unwrap();
        assert_eq!(service.get("ports").is_some(), name == "gateway", "{name}");
        let networks = names(&service["networks"]);
        let outside = networks.iter().any(|network| compose["networks"][network]["internal"] != true);
        assert_eq!(outside, matches!(name, "gateway" | "egress"), "{name} is in {networks:?}");
    }
}

#[test]
fn in_a_functions_network_there_are_the_function_and_the_emulator() {
    let compose = compose();
    for function in template().functions {
        let network = format!("runtime-{}", function.name);
        let members = services(&compose).iter().filter(|(_, service)| names(&service["networks"]).contains(&network));
        let members: BTreeSet<_> = members.filter_map(|(name, _)| name.as_str()).collect();
        assert_eq!(members, BTreeSet::from(["emulator", function.name.as_str()]), "{network}");
    }
}

#[test]
fn only_named_volumes_can_be_written() {
    for (name, service) in services(&compose()) {
        for volume in names(&service["volumes"]) {
            let named = volume.starts_with(|first: char| first.is_ascii_lowercase());
            assert!(named || volume.ends_with(":ro"), "{name:?} may write into {volume}");
        }
    }
}

/// Who has the tenants' private keys: those who sign in as an app or look at certificates, and the command line. Above all
/// nobody who answers people.
const WITH_KEYS: [&str; 4] = ["cert-expiry", "leitwarte", "poll-tenant", "sync-sharepoint"];

#[test]
fn private_keys_and_secrets_are_where_they_are_needed_and_nowhere_else() {
    for file in ["local/compose.yaml", "local/stack.yaml"] {
        let file = shipped(file);
        for (name, service) in services(&file) {
            let name = name.as_str().unwrap();
            let volumes = names(&service["volumes"]);
            let keys = volumes.iter().any(|volume| volume.contains(":/etc/leitwarte/certs:"));
            assert_eq!(keys, WITH_KEYS.contains(&name), "{name}: {volumes:?}");
            let secrets = volumes.iter().filter(|volume| volume.contains("SECRETS")).map(String::as_str);
            for secret in secrets {
                let kind = if name == "gateway" { "tls" } else { "database" };
                assert_eq!(secret, format!("${{SECRETS:-../secrets}}/{kind}:/run/secrets:ro"), "{name}");
            }
        }
    }
}

#[test]
fn whoever_reads_profiles_has_those_of_the_demo_in_the_demo() {
    let (compose, demo) = (compose(), shipped("local/compose.demo.yaml"));
    for (name, service) in services(&compose) {
        let reads_profiles = names(&service["volumes"]).iter().any(|volume| volume.contains("config-profiles"));
        let has_demo = demo["services"].get(name).is_some_and(|demo| names(&demo["volumes"]).contains("demo:/demo:ro"));
        assert_eq!(has_demo, reads_profiles, "{name:?}");
    }
}

#[test]
fn no_internal_network_leads_to_the_machine_and_through_the_gateways_nobody_gets_out() {
    let compose = compose();
    for (name, network) in compose["networks"].as_mapping().unwrap() {
        let option = |option: &str| network["driver_opts"][format!("com.docker.network.bridge.{option}")].as_str();
        match name.as_str().unwrap() {
            "outside" => {}
            "public" => assert_eq!(option("enable_ip_masquerade"), Some("false")),
            _ => assert_eq!((network["internal"].as_bool(), option("inhibit_ipv4")), (Some(true), Some("true"))),
        }
    }
}

#[test]
fn every_container_is_locked_down() {
    let (compose, demo) = (compose(), shipped("local/compose.demo.yaml"));
    let simulator = demo["services"].as_mapping().unwrap().iter().filter(|(_, service)| service.get("image").is_some());
    for (name, service) in services(&compose).iter().chain(simulator) {
        let name = name.as_str().unwrap();
        // The one image that is not made here has a user of its own.
        let user = if name == "postgres" { "999:999" } else { "10001:10001" };
        assert_eq!(service["user"].as_str().map(by_default), Some(user), "{name}");
        assert_eq!(service["read_only"], true, "{name}");
        assert_eq!(service["cap_drop"][0].as_str(), Some("ALL"), "{name}");
        assert_eq!(service["security_opt"][0].as_str(), Some("no-new-privileges:true"), "{name}");
        for bound in ["pids_limit", "mem_limit", "logging"] {
            assert!(service.get(bound).is_some(), "{name} has no {bound}");
        }
        assert!(service.get("healthcheck").is_some() || name == "graph-simulator", "{name}");
    }
}

#[test]
fn the_way_out_leads_to_microsofts_hosts_only() {
    let compose = compose();
    let list = compose["services"]["egress"]["environment"]["EGRESS_ALLOW"].as_str().unwrap();
    let listed: BTreeSet<_> = list.split_whitespace().filter(|entry| !entry.starts_with('$')).collect();
    let hosts = Cloud::ALL.into_iter().flat_map(|cloud| [cloud.authority_host(), cloud.graph_endpoint()]);
    let wanted: Vec<_> = hosts.map(|url| format!("{}:443", url.trim_start_matches("https://"))).collect();
    assert_eq!(listed, wanted.iter().map(String::as_str).collect());
}

#[test]
fn both_dockerfiles_make_the_same_image() {
    let last = |file: &str| {
        let text = std::fs::read_to_string(repository().join(file)).unwrap();
        text[text.find("# Runtime clients").unwrap()..].to_owned()
    };
    assert_eq!(last("local/Dockerfile"), last("local/packed.Dockerfile"));
}

#[test]
fn d9_the_certificate_that_may_write_roles_is_in_one_container_only() {
    for file in ["local/compose.yaml", "local/stack.yaml"] {
        let services = shipped(file)["services"].as_mapping().unwrap().clone();
        let has = |folder: &str, service: &Value| {
            names(&service["volumes"]).iter().any(|volume| volume.contains(&format!(":/etc/leitwarte/{folder}:")))
        };
        let with = services.iter().filter(|(_, service)| has("role-certs", service));
        let with: Vec<_> = with.filter_map(|(name, _)| name.as_str()).collect();
        assert_eq!(with, ["role-sync"], "{file}");
        assert!(!has("certs", &services["role-sync"]), "{file}: and it has no other");
    }
}
