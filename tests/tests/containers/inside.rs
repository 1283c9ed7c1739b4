//! What a program could do inside each container.

use std::path::PathBuf;

use leitwarte_tests::compose::{Compose, docker};
use leitwarte_tests::services::Services;
use serde_json::{Value, json};

use crate::{file, left_out};

#[test]
fn inside_each_container_there_is_little_to_do() {
    if left_out() {
        return;
    }
    let services = Services::shipped();
    let folder = tempfile::tempdir().unwrap();
    // Every service as it is defined, but what runs in it is a program that looks around.
    let probe = format!("{}:/probe:ro", file("target/images/probe/program").display());
    let look_around = json!({ "entrypoint": ["/probe"], "restart": "no", "volumes": [probe] });
    let look_around = services.each(&serde_norway::to_value(look_around).unwrap(), folder.path()).unwrap();
    let files = [file("local/compose.yaml"), look_around];
    let empty = folder.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    let env = ["PROFILES", "CERTS", "ROLE_CERTS", "SECRETS"].map(|name| (name, empty.display().to_string()));
    let compose = Compose::up(&files.each_ref().map(PathBuf::as_path), &env).unwrap();
    let permanent = services.permanent();
    for service in services.ours() {
        let printed = if permanent.contains(&service) {
            let container = compose.containers(&service).unwrap().remove(0);
            docker(&["wait", &container]).unwrap();
            docker(&["logs", &container]).unwrap()
        } else {
            compose.run(&["run", "--rm", "-T", &service]).unwrap()
        };
        let report: Value = serde_json::from_str(&printed).unwrap_or_else(|_| panic!("{service}: {printed}"));
        let none = "0000000000000000";
        let wanted = json!({
            "uid": "10001", "capabilities": [none, none, none, none, none], "no_new_privileges": "1",
            "writable": services.writable(&service),
        });
        assert_eq!(report, wanted, "{service}");
    }
}
