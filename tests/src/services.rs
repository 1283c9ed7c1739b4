//! The services of the shipped files: `template.yaml` says which functions there are, `local/compose.yaml` what each may.
//! Tests take their lists from here, so that a further function needs no line in them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use leitwarte_template::Template;
use serde_norway::{Mapping, Value};

use crate::stack::repository;

/// Function number n of the template, counted from 0, asks for its events at this port plus n.
pub const FIRST_PORT: usize = 9100;
/// A server that is not made here, so that no program of ours can look around in it.
const POSTGRES: &str = "postgres";

/// A file of the repository with its merge keys applied.
///
/// # Panics
/// It is not there or is no YAML.
#[must_use]
pub fn shipped(file: &str) -> Value {
    let text = std::fs::read_to_string(repository().join(file)).expect(file);
    let mut value: Value = serde_norway::from_str(&text).expect(file);
    value.apply_merge().expect(file);
    value
}

/// The template of the repository.
///
/// # Panics
/// The host does not understand it.
#[must_use]
pub fn template() -> Template {
    Template::load(&repository().join("template.yaml")).expect("the template")
}

/// The names of all functions, in the order of the template.
#[must_use]
pub fn functions() -> Vec<String> {
    template().functions.into_iter().map(|function| function.name).collect()
}

/// The port of a function; of a name the template has not, the port of a function that is appended to it.
#[must_use]
pub fn port(function: &str) -> usize {
    let functions = functions();
    FIRST_PORT + functions.iter().position(|name| name == function).unwrap_or(functions.len())
}

/// The names in a mapping or a list.
///
/// # Panics
/// One is no text.
#[must_use]
pub fn names(value: &Value) -> BTreeSet<String> {
    let text = |value: &Value| value.as_str().expect("a name").to_owned();
    match value {
        Value::Mapping(map) => map.keys().map(text).collect(),
        Value::Sequence(list) => list.iter().map(text).collect(),
        _ => BTreeSet::new(),
    }
}

/// The services of `local/compose.yaml`.
#[derive(Debug)]
pub struct Services(Value);

impl Services {
    /// As they are shipped.
    ///
    /// # Panics
    /// The file is not there or is no YAML.
    #[must_use]
    pub fn shipped() -> Self {
        Self(shipped("local/compose.yaml")["services"].clone())
    }

    /// Those that always run: not the tools, and nothing that has to be asked for.
    #[must_use]
    pub fn permanent(&self) -> Vec<String> {
        names(&self.0).into_iter().filter(|name| self.0[name].get("profiles").is_none()).collect()
    }

    /// Those whose program is one of ours.
    #[must_use]
    pub fn ours(&self) -> Vec<String> {
        names(&self.0).into_iter().filter(|name| name != POSTGRES).collect()
    }

    /// The networks that a service is in.
    #[must_use]
    pub fn networks(&self, service: &str) -> BTreeSet<String> {
        names(&self.0[service]["networks"])
    }

    /// Where a service has something it may write, sorted.
    #[must_use]
    pub fn writable(&self, service: &str) -> Vec<String> {
        let volumes = names(&self.0[service]["volumes"]);
        // `source:target` or `source:target:ro`; a source may hold a variable with a colon, a target does not.
        let targets = volumes.iter().filter_map(|volume| volume.rsplit_once(':')).filter(|(_, last)| *last != "ro");
        let targets: BTreeSet<&str> = targets.map(|(_, target)| target).collect();
        targets.into_iter().map(str::to_owned).collect()
    }

    /// Writes a compose file that changes each of our services in the same way, and returns where it is.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn each(&self, change: &Value, folder: &Path) -> Result<PathBuf> {
        let services = self.ours().into_iter().map(|name| (name.into(), change.clone())).collect();
        write("compose.each.yaml", services, Mapping::new(), folder)
    }
}

/// Writes what `local/compose.demo.yaml` changes of services that `local/stack.yaml` has, too, as a stack file.
///
/// # Errors
/// It cannot be written.
pub fn demo_for_a_stack(folder: &Path) -> Result<PathBuf> {
    let (demo, stack) = (shipped("local/compose.demo.yaml"), shipped("local/stack.yaml"));
    let mut services = demo["services"].as_mapping().cloned().context("the demo has services")?;
    services.retain(|name, _| stack["services"].get(name).is_some());
    let volumes = demo["volumes"].as_mapping().cloned().context("the demo has volumes")?;
    write("stack.demo.yaml", services, volumes, folder)
}

fn write(name: &str, services: Mapping, volumes: Mapping, folder: &Path) -> Result<PathBuf> {
    let parts = [("version", "3.9".into()), ("services", services.into()), ("volumes", volumes.into())];
    let file: Mapping = parts.into_iter().map(|(name, part)| (name.into(), part)).collect();
    let path = folder.join(name);
    // JSON is YAML, too, and needs no opinion on which words have to be quoted: YAML 1.1 takes a bare `no` for false.
    let text = serde_json::to_string_pretty(&file)?;
    std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}
