//! Reads what starts a function: routes of the HTTP API and schedules.

use std::collections::BTreeMap;

use crate::error::Problem;
use crate::node::Node;
use crate::{Expression, Function, Route, Schedule};

const METHODS: [&str; 8] = ["ANY", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
/// Takes every request that no other route matches.
pub(crate) const DEFAULT_ROUTE: &str = "$default";

/// Reads `Events` of one function.
pub(crate) fn read(logical_id: &str, function: &Node<'_>) -> Result<(Vec<Route>, Vec<Schedule>), Problem> {
    let (mut routes, mut schedules) = (Vec::new(), Vec::new());
    let Some(events) = function.child("Events")? else { return Ok((routes, schedules)) };
    for event in events.children()? {
        let kind = event.required("Type", "HttpApi, Schedule or ScheduleV2")?;
        match kind.text()?.as_str() {
            "HttpApi" => routes.push(route(&event)?),
            "Schedule" => schedules.push(schedule(logical_id, &event, "Schedule")?),
            "ScheduleV2" => schedules.push(schedule(logical_id, &event, "ScheduleExpression")?),
            other => {
                let expected = "expected HttpApi, Schedule or ScheduleV2";
                return Err(kind.problem(format!("event type `{other}` is not served by this host; {expected}")));
            }
        }
    }
    Ok((routes, schedules))
}

fn route(event: &Node<'_>) -> Result<Route, Problem> {
    let properties = event.child("Properties")?;
    let property = |name| properties.as_ref().map_or(Ok(None), |node| node.child(name));
    let method = match property("Method")? {
        Some(node) => {
            let method = node.text()?.to_ascii_uppercase();
            let method = if method == "X-AMAZON-APIGATEWAY-ANY-METHOD" { "ANY".to_owned() } else { method };
            if !METHODS.contains(&method.as_str()) {
                return Err(node.problem(format!("`{method}` is not a method; expected one of {}", METHODS.join(", "))));
            }
            method
        }
        None => "ANY".to_owned(),
    };
    let Some(node) = property("Path")? else {
        if method != "ANY" {
            return Err(event.problem("has a Method but no Path; expected both, or neither for the route $default"));
        }
        return Ok(Route { method, path: DEFAULT_ROUTE.to_owned() });
    };
    let path = node.text()?;
    check_path(&path).map_err(|message| node.problem(message))?;
    if path == DEFAULT_ROUTE && method != "ANY" {
        return Err(node.problem("the route $default takes every method; leave Method out"));
    }
    Ok(Route { method, path })
}

/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html>
fn check_path(path: &str) -> Result<(), String> {
    if path == DEFAULT_ROUTE {
        return Ok(());
    }
    let segments = path.strip_prefix('/').ok_or_else(|| format!("`{path}` has to start with `/`"))?;
    let mut names = Vec::new();
    let mut rest = segments.split('/').peekable();
    while let Some(segment) = rest.next() {
        if !segment.contains(['{', '}']) {
            continue;
        }
        let name = segment.strip_prefix('{').and_then(|inner| inner.strip_suffix('}'));
        let Some(name) = name.filter(|name| !name.contains(['{', '}'])) else {
            return Err(format!("`{segment}`: a parameter has to fill the whole segment, as in `/{{name}}`"));
        };
        let greedy = name.strip_suffix('+');
        if greedy.is_some() && rest.peek().is_some() {
            return Err(format!("`{segment}`: a greedy parameter has to be the last segment"));
        }
        let name = greedy.unwrap_or(name);
        if name.is_empty() || names.contains(&name) {
            return Err(format!("`{segment}`: every parameter needs a name of its own"));
        }
        names.push(name);
    }
    Ok(())
}

fn schedule(logical_id: &str, event: &Node<'_>, expression_key: &str) -> Result<Schedule, Problem> {
    let properties = event.required("Properties", "the properties of the schedule")?;
    for unsupported in ["StartDate", "EndDate"] {
        if let Some(node) = properties.child(unsupported)? {
            return Err(node.problem("is not kept by this host's timer; remove it"));
        }
    }
    let node = properties.required(expression_key, "`rate(…)` or `cron(…)`")?;
    let expression = Expression::parse(&node.text()?).map_err(|error| node.problem(error.to_string()))?;
    let time_zone = match properties.child("ScheduleExpressionTimezone")? {
        Some(zone) => zone.parse("an IANA time zone such as `Europe/Zurich`")?,
        None => chrono_tz::UTC,
    };
    let input = match properties.child("Input")? {
        Some(node) => {
            let text = node.text()?;
            let value = serde_json::from_str(&text).map_err(|e| node.problem(format!("is not JSON: {e}")))?;
            Some(value)
        }
        None => None,
    };
    Ok(Schedule {
        name: match properties.child("Name")? {
            Some(node) => {
                let name = node.text()?;
                check_name(&name).map_err(|message| node.problem(message))?;
                name
            }
            None => format!("{logical_id}-{}", event.key()),
        },
        expression,
        time_zone,
        input,
        enabled: enabled(&properties)?,
    })
}

/// <https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html>
fn check_name(name: &str) -> Result<(), String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if (1..=64).contains(&name.len()) && name.chars().all(allowed) {
        return Ok(());
    }
    Err(format!("`{name}` is not a schedule's name; expected up to 64 letters, digits, `-`, `_` and `.`"))
}

fn enabled(properties: &Node<'_>) -> Result<bool, Problem> {
    if let Some(state) = properties.child("State")? {
        return match state.text()?.as_str() {
            "ENABLED" => Ok(true),
            "DISABLED" => Ok(false),
            other => Err(state.problem(format!("expected ENABLED or DISABLED, found `{other}`"))),
        };
    }
    properties.child("Enabled")?.map_or(Ok(true), |enabled| enabled.parse("true or false"))
}

/// Two functions must not claim the same requests, nor two schedules the same name.
pub(crate) fn check_across(functions: &[Function], resources: &Node<'_>) -> Result<(), Problem> {
    let complain = |function: &Function, message: String| {
        let mut problem = resources.problem(message);
        problem.path.extend([function.logical_id.clone(), "Properties".to_owned(), "Events".to_owned()]);
        problem
    };
    let mut routes: BTreeMap<(&str, String), &str> = BTreeMap::new();
    let mut schedules: BTreeMap<&str, &str> = BTreeMap::new();
    for function in functions {
        for route in &function.routes {
            if let Some(owner) = routes.insert((&route.method, shape(&route.path)), &function.logical_id) {
                let key = format!("{} {}", route.method, route.path);
                return Err(complain(function, format!("the route `{key}` already leads to {owner}")));
            }
        }
        for schedule in &function.schedules {
            if let Some(owner) = schedules.insert(&schedule.name, &function.logical_id) {
                let name = &schedule.name;
                return Err(complain(function, format!("the schedule name `{name}` is already used by {owner}")));
            }
        }
    }
    Ok(())
}

/// The path without the parameters' names: `/a/{x}` and `/a/{y}` match the same requests.
fn shape(path: &str) -> String {
    let anonymous = |segment: &str| match (segment.starts_with('{'), segment.ends_with("+}")) {
        (true, true) => "{+}".to_owned(),
        (true, false) => "{}".to_owned(),
        _ => segment.to_owned(),
    };
    path.split('/').map(anonymous).collect::<Vec<_>>().join("/")
}
