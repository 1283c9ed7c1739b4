//! Reads the functions of a template.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_norway::Value;

use crate::error::Problem;
use crate::intrinsic::Scope;
use crate::node::Node;
use crate::{AsyncPolicy, Function, Template, events};

const FUNCTION_TYPE: &str = "AWS::Serverless::Function";
/// What Lambda takes where the template says nothing.
/// <https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html>
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(3);
const DEFAULT_MEMORY_MB: u32 = 128;
const DEFAULT_HANDLER: &str = "bootstrap";
/// <https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionEventInvokeConfig.html>
const DEFAULT_RETRIES: u32 = 2;
const MAXIMUM_RETRIES: u32 = 2;
const MINIMUM_EVENT_AGE_SECONDS: u32 = 60;
const MAXIMUM_EVENT_AGE_SECONDS: u32 = 21_600;

/// Reads every function, merges `Globals` into it, and checks what only shows across functions.
pub(crate) fn read_all(root: &Value) -> Result<Template, Problem> {
    let nothing = Scope::default();
    let resources = Node::new(root, &[], &nothing).required("Resources", "the resources of a SAM template")?;
    let merged = functions_with_globals(root, &resources)?;
    if merged.is_empty() {
        return Err(resources.problem(format!("has no resource of the type {FUNCTION_TYPE}")));
    }

    let scope = scope(root, &resources, &merged)?;
    let mut functions = Vec::new();
    for (logical_id, properties) in &merged {
        let node = Node::new(properties, &["Resources", logical_id, "Properties"], &scope);
        functions.push(function(logical_id, &node)?);
    }
    check_names(&functions, &resources)?;
    events::check_across(&functions, &resources)?;
    Ok(Template { functions })
}

/// Logical id and properties of every function, in the order of the file.
fn functions_with_globals(root: &Value, resources: &Node<'_>) -> Result<Vec<(String, Value)>, Problem> {
    let globals = root.get("Globals").and_then(|globals| globals.get("Function"));
    let mut found = Vec::new();
    for resource in resources.children()? {
        let kind = resource.required("Type", "the type of the resource")?.text()?;
        if kind != FUNCTION_TYPE {
            continue;
        }
        let own = root["Resources"][resource.key()].get("Properties").cloned().unwrap_or_default();
        let properties = match globals {
            Some(globals) => merge(globals, own),
            None => own,
        };
        let properties = if properties.is_null() { Value::Mapping(serde_norway::Mapping::new()) } else { properties };
        found.push((resource.key().to_owned(), properties));
    }
    Ok(found)
}

/// SAM's rule for `Globals`: mappings are merged, lists are joined, for all else the resource's own value wins.
/// <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-template-anatomy-globals.html>
fn merge(global: &Value, own: Value) -> Value {
    match (global, own) {
        (_, Value::Null) => global.clone(),
        (Value::Mapping(global), Value::Mapping(own)) => {
            let mut merged = global.clone();
            for (key, value) in own {
                let value = match global.get(&key) {
                    Some(inherited) => merge(inherited, value),
                    None => value,
                };
                merged.insert(key, value);
            }
            Value::Mapping(merged)
        }
        (Value::Sequence(global), Value::Sequence(own)) => Value::Sequence(global.iter().cloned().chain(own).collect()),
        (_, own) => own,
    }
}

/// What `!Ref` and its siblings can refer to.
fn scope(root: &Value, resources: &Node<'_>, functions: &[(String, Value)]) -> Result<Scope, Problem> {
    let mut scope = Scope::default();
    if let Some(Value::Mapping(parameters)) = root.get("Parameters") {
        for (name, parameter) in parameters {
            let default = parameter.get("Default").and_then(|value| Scope::default().text(value).ok());
            if let (Value::String(name), Some(default)) = (name, default) {
                scope.parameters.insert(name.clone(), default);
            }
        }
    }
    for (logical_id, properties) in functions {
        let node = Node::new(properties, &["Resources", logical_id, "Properties"], &scope);
        let name = match node.child("FunctionName")? {
            Some(name) => name.text()?,
            None => logical_id.clone(),
        };
        scope.functions.insert(logical_id.clone(), name);
    }
    let others = resources.children()?.into_iter().map(|resource| resource.key().to_owned());
    scope.other_resources = others.filter(|id| !scope.functions.contains_key(id)).collect();
    Ok(scope)
}

fn function(logical_id: &str, node: &Node<'_>) -> Result<Function, Problem> {
    let name = match node.child("FunctionName")? {
        Some(name) => name.text()?,
        None => logical_id.to_owned(),
    };
    let (routes, schedules) = events::read(logical_id, node)?;
    Ok(Function {
        logical_id: logical_id.to_owned(),
        timeout: match node.child("Timeout")? {
            Some(timeout) => Duration::from_secs(timeout.whole_number(1, 900, "seconds")?.into()),
            None => DEFAULT_TIMEOUT,
        },
        handler: match node.child("Handler")? {
            Some(handler) => handler.text()?,
            None => DEFAULT_HANDLER.to_owned(),
        },
        memory_mb: match node.child("MemorySize")? {
            Some(memory) => memory.whole_number(128, 10_240, "MiB")?,
            None => DEFAULT_MEMORY_MB,
        },
        environment: environment(node)?,
        asynchronous: async_policy(node)?,
        routes,
        schedules,
        name,
    })
}

fn environment(node: &Node<'_>) -> Result<BTreeMap<String, String>, Problem> {
    let Some(environment) = node.child("Environment")? else { return Ok(BTreeMap::new()) };
    let Some(variables) = environment.child("Variables")? else { return Ok(BTreeMap::new()) };
    variables.children()?.into_iter().map(|variable| Ok((variable.key().to_owned(), variable.text()?))).collect()
}

fn async_policy(node: &Node<'_>) -> Result<AsyncPolicy, Problem> {
    let mut policy = AsyncPolicy {
        maximum_retry_attempts: DEFAULT_RETRIES,
        maximum_event_age: Duration::from_secs(MAXIMUM_EVENT_AGE_SECONDS.into()),
        on_success: None,
        on_failure: None,
    };
    let Some(config) = node.child("EventInvokeConfig")? else { return Ok(policy) };
    if let Some(attempts) = config.child("MaximumRetryAttempts")? {
        policy.maximum_retry_attempts = attempts.whole_number(0, MAXIMUM_RETRIES, "retries")?;
    }
    if let Some(age) = config.child("MaximumEventAgeInSeconds")? {
        let seconds = age.whole_number(MINIMUM_EVENT_AGE_SECONDS, MAXIMUM_EVENT_AGE_SECONDS, "seconds")?;
        policy.maximum_event_age = Duration::from_secs(seconds.into());
    }
    if let Some(destinations) = config.child("DestinationConfig")? {
        policy.on_success = destination(destinations.child("OnSuccess")?)?;
        policy.on_failure = destination(destinations.child("OnFailure")?)?;
    }
    Ok(policy)
}

/// The name of the function a destination leads to.
fn destination(node: Option<Node<'_>>) -> Result<Option<String>, Problem> {
    let Some(node) = node else { return Ok(None) };
    if let Some(kind) = node.child("Type")? {
        let name = kind.text()?;
        if name != "Lambda" {
            return Err(kind.problem(format!("destination type `{name}` is not served here; expected Lambda")));
        }
    }
    let target = node.required("Destination", "a function of this template, for example `!GetAtt Sync.Arn`")?;
    let arn = target.text()?;
    match arn.rsplit_once(":function:").map(|(_, name)| name) {
        Some(name) if node.scope().functions.values().any(|known| known == name) => Ok(Some(name.to_owned())),
        _ => Err(target
            .problem(format!("`{arn}` is not a function of this template; expected for example `!GetAtt Sync.Arn`"))),
    }
}

fn check_names(functions: &[Function], resources: &Node<'_>) -> Result<(), Problem> {
    let mut seen = BTreeSet::new();
    for function in functions {
        let complain = |message: String| {
            let mut problem = resources.problem(message);
            problem.path.extend([function.logical_id.clone(), "Properties".to_owned(), "FunctionName".to_owned()]);
            problem
        };
        let name = &function.name;
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if name.is_empty() || name.len() > 64 || !name.chars().all(allowed) {
            return Err(complain(format!(
                "`{name}` is not a function name; expected up to 64 letters, digits, `-` and `_`"
            )));
        }
        if !seen.insert(name) {
            return Err(complain(format!("another function is already called `{name}`; names must be unique")));
        }
    }
    Ok(())
}
