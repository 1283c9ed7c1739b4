//! What a program could do inside each container.

use std::path::PathBuf;

use leitwarte_tests::compose::{Compose, docker};
use serde_json::{Value, json};

use crate::{file, left_out};

#[test]
fn inside_each_container_there_is_little_to_do() {
    if left_out() {
        return;
    }
    let files = [file("local/compose.yaml"), file("tests/containers/compose.probe.yaml")];
    let probe = file("target/images/probe/program").display().to_string();
    let empty = tempfile::tempdir().unwrap();
    let folder = empty.path().display().to_string();
    let env = ["PROFILES", "CERTS", "SECRETS"].map(|name| (name, folder.clone()));
    let env = [("PROBE", probe), env[0].clone(), env[1].clone(), env[2].clone()];
    let compose = Compose::up(&files.each_ref().map(PathBuf::as_path), &env).unwrap();
    let volumes = [
        ("poll-tenant", vec!["/data"]),
        ("api-read", vec!["/data"]),
        ("backup", vec!["/backups", "/data"]),
        ("sync-sharepoint", vec!["/data"]),
        ("notify", vec!["/data"]),
        ("cert-expiry", vec!["/data"]),
        ("emulator", vec!["/data", "/run/leitwarte"]),
        ("gateway", vec![]),
        ("timer", vec![]),
        ("egress", vec![]),
        ("leitwarte", vec!["/backups", "/data"]),
    ];
    for (service, writable) in volumes {
        let printed = if service == "leitwarte" {
            compose.run(&["run", "--rm", "-T", service]).unwrap()
        } else {
            let container = compose.containers(service).unwrap().remove(0);
            docker(&["wait", &container]).unwrap();
            docker(&["logs", &container]).unwrap()
        };
        let report: Value = serde_json::from_str(&printed).unwrap_or_else(|_| panic!("{service}: {printed}"));
        let none = "0000000000000000";
        let wanted = json!({
            "uid": "10001", "capabilities": [none, none, none, none, none], "no_new_privileges": "1",
            "writable": writable,
        });
        assert_eq!(report, wanted, "{service}");
    }
}
