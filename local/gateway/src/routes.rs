//! Which function answers a request.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use leitwarte_template::Template;

/// The routes of a template, the most specific first.
///
/// API Gateway's order: a literal path before one with parameters, that before a greedy one, `$default` last; for the
/// same path the request's method before `ANY`.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html#http-api-develop-routes.evaluation>
#[derive(Debug, Clone)]
pub struct RouteTable {
    routes: Vec<Entry>,
}

#[derive(Debug, Clone)]
struct Entry {
    /// Upper-case method; `None` for `ANY`.
    method: Option<String>,
    /// `None` for `$default`.
    pattern: Option<Vec<Segment>>,
    /// `GET /path`, `ANY /path` or `$default`.
    key: String,
    function: String,
}

/// The order of the variants is the order of precedence.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Segment {
    Literal(String),
    Parameter(String),
    Greedy(String),
}

/// The route of a request.
#[derive(Debug, PartialEq, Eq)]
pub struct Match<'a> {
    /// The route's key, for example `GET /pets/{id}`.
    pub key: &'a str,
    /// Name of the function to invoke.
    pub function: &'a str,
    /// Values of the path's parameters.
    pub parameters: BTreeMap<&'a str, &'a str>,
}

/// Methods `ANY` stands for; a request with another one is for nobody.
pub(crate) const METHODS: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];

impl RouteTable {
    /// The routes of every function. The template has checked that no two are the same.
    #[must_use]
    pub fn new(template: &Template) -> Self {
        let mut routes: Vec<Entry> = template
            .functions
            .iter()
            .flat_map(|function| function.routes.iter().map(|route| Entry::new(route, &function.name)))
            .collect();
        routes.sort_by(Entry::precedence);
        Self { routes }
    }

    /// Number of routes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.routes.len()
    }

    /// Whether the template has no route at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.routes.is_empty()
    }

    /// The most specific route for this method and decoded path.
    #[must_use]
    pub fn find<'a>(&'a self, method: &str, path: &'a str) -> Option<Match<'a>> {
        if !METHODS.contains(&method) {
            return None;
        }
        self.routes.iter().find_map(|entry| {
            if entry.method.as_deref().is_some_and(|own| own != method) {
                return None;
            }
            let parameters = match &entry.pattern {
                Some(pattern) => match_path(pattern, path)?,
                None => BTreeMap::new(),
            };
            Some(Match { key: &entry.key, function: &entry.function, parameters })
        })
    }
}

impl Entry {
    fn new(route: &leitwarte_template::Route, function: &str) -> Self {
        let method = (route.method != "ANY").then(|| route.method.clone());
        if route.path == "$default" {
            return Self { method, pattern: None, key: route.path.clone(), function: function.to_owned() };
        }
        let segments = route.path.trim_start_matches('/').split('/').map(Segment::new).collect();
        let key = format!("{} {}", route.method, route.path);
        Self { method, pattern: Some(segments), key, function: function.to_owned() }
    }

    fn precedence(&self, other: &Self) -> Ordering {
        match (&self.pattern, &other.pattern) {
            (None, None) => Ordering::Equal,
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (Some(own), Some(theirs)) => specificity(own)
                .cmp(specificity(theirs))
                .then_with(|| self.method.is_none().cmp(&other.method.is_none())),
        }
    }
}

/// Compares by kind of segment from the left; the text of segments does not matter.
fn specificity(pattern: &[Segment]) -> impl Iterator<Item = u8> {
    pattern.iter().map(|segment| match segment {
        Segment::Literal(_) => 0,
        Segment::Parameter(_) => 1,
        Segment::Greedy(_) => 2,
    })
}

impl Segment {
    fn new(text: &str) -> Self {
        match text.strip_prefix('{').and_then(|inner| inner.strip_suffix('}')) {
            Some(name) => match name.strip_suffix('+') {
                Some(name) => Self::Greedy(name.to_owned()),
                None => Self::Parameter(name.to_owned()),
            },
            None => Self::Literal(text.to_owned()),
        }
    }
}

/// The parameters if the path matches. A parameter takes one segment, a greedy one the rest; neither may be empty.
fn match_path<'a>(pattern: &'a [Segment], path: &'a str) -> Option<BTreeMap<&'a str, &'a str>> {
    let mut rest = Some(path.strip_prefix('/')?);
    let mut parameters = BTreeMap::new();
    for segment in pattern {
        let here = rest?;
        let (first, remaining) = match here.split_once('/') {
            Some((first, remaining)) => (first, Some(remaining)),
            None => (here, None),
        };
        match segment {
            Segment::Literal(text) if text == first => {}
            Segment::Parameter(name) if !first.is_empty() => {
                parameters.insert(name.as_str(), first);
            }
            Segment::Greedy(name) if !here.is_empty() => {
                parameters.insert(name.as_str(), here);
                return Some(parameters);
            }
            _ => return None,
        }
        rest = remaining;
    }
    rest.is_none().then_some(parameters)
}

#[cfg(test)]
mod tests;
