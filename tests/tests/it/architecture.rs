//! The dependency directions that ARCHITECTURE.md promises.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use leitwarte_tests::stack::repository;

/// What each crate may build on, tests aside. A function may build on all of [`SHARED`]; any other crate that is not listed
/// fails the test.
const ALLOWED: &[(&str, &[&str])] = &[
    ("leitwarte-core", &[]),
    ("leitwarte-graph", &["leitwarte-core"]),
    ("leitwarte-database", &[]),
    ("leitwarte-store", &["leitwarte-core", "leitwarte-database"]),
    ("leitwarte-web", &["leitwarte-core"]),
    (
        "leitwarte-runtime",
        &["leitwarte-core", "leitwarte-database", "leitwarte-graph", "leitwarte-store", "leitwarte-web"],
    ),
    ("leitwarte-template", &[]),
    ("leitwarte-host", &[]),
    // The one crate of the application that the host may use: the queue is a database, too.
    ("leitwarte-emulator", &["leitwarte-database", "leitwarte-host", "leitwarte-template"]),
    ("leitwarte-gateway", HOST),
    ("leitwarte-timer", HOST),
    ("leitwarte-egress", HOST),
    ("leitwarte-graph-simulator", &["leitwarte-core", "leitwarte-host"]),
    (
        "leitwarte-cli",
        &[
            "leitwarte-core",
            "leitwarte-database",
            "leitwarte-graph",
            "leitwarte-store",
            "leitwarte-web",
            "leitwarte-runtime",
            "leitwarte-template",
            "leitwarte-host",
            // For the queue's tables, which `move-database` carries over.
            "leitwarte-emulator",
            "leitwarte-graph-simulator",
        ],
    ),
];

const SHARED: &[&str] = &["leitwarte-core", "leitwarte-graph", "leitwarte-store", "leitwarte-web", "leitwarte-runtime"];
const HOST: &[&str] = &["leitwarte-host", "leitwarte-template"];

/// What the domain may never see: anything that waits, asks, stores or reads the environment.
const NEVER_IN_CORE: &[&str] = &["tokio", "reqwest", "sqlx", "hyper", "axum", "lambda_runtime", "tracing-subscriber"];

fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let cargo = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--no-deps", "--offline"])
        .current_dir(repository())
        .output()
        .expect("cargo metadata");
    assert!(cargo.status.success(), "{}", String::from_utf8_lossy(&cargo.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&cargo.stdout).expect("JSON");
    let text = |value: &serde_json::Value| value.as_str().expect("a string").to_owned();
    let packages = metadata["packages"].as_array().expect("packages");
    packages
        .iter()
        .map(|package| {
            let used = package["dependencies"].as_array().expect("dependencies");
            let used = used.iter().filter(|one| one["kind"].is_null()).map(|one| text(&one["name"])).collect();
            (text(&package["name"]), used)
        })
        .collect()
}

#[test]
fn crates_only_depend_in_the_documented_directions() {
    let dependencies = dependencies();
    let own: BTreeSet<&String> = dependencies.keys().collect();
    for (name, used) in &dependencies {
        if name == "leitwarte-tests" {
            continue;
        }
        let allowed = ALLOWED.iter().find(|(crate_name, _)| crate_name == name).map(|(_, allowed)| *allowed);
        let allowed = allowed.or(is_function(name).then_some(SHARED));
        let allowed = allowed.unwrap_or_else(|| panic!("{name} has no entry: say what it may depend on"));
        for one in used.iter().filter(|one| own.contains(one)) {
            assert!(allowed.contains(&one.as_str()), "{name} must not depend on {one}");
        }
    }
}

/// Whether a crate is one of `functions/`, which all carry their folder's name.
fn is_function(name: &str) -> bool {
    repository().join("functions").join(name).is_dir()
}

#[test]
fn the_domain_is_pure() {
    let dependencies = dependencies();
    for never in NEVER_IN_CORE {
        assert!(!dependencies["leitwarte-core"].contains(*never), "leitwarte-core must not depend on {never}");
    }
    let forbidden = ["std::env::", "std::fs::", "std::net::", "Utc::now", "SystemTime::now", "Instant::now"];
    for file in rust_files(&repository().join("shared/core/src")) {
        let code = std::fs::read_to_string(&file).expect("readable");
        let code = code.split("#[cfg(test)]").next().unwrap_or_default();
        for word in forbidden {
            assert!(!code.contains(word), "{} uses {word}", file.display());
        }
    }
}

#[test]
fn nobody_writes_unsafe_code_or_leaves_work_unfinished() {
    for folder in ["functions", "shared", "local", "tests"] {
        for file in rust_files(&repository().join(folder)) {
            let code = std::fs::read_to_string(&file).expect("readable");
            for word in [concat!("to", "do!("), concat!("unimple", "mented!("), concat!("#[ig", "nore")] {
                assert!(!code.contains(word), "{} has {word}", file.display());
            }
        }
    }
}

fn rust_files(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
    files
}
