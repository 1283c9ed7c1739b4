//! A function's table of routes: what there is, who may use it, and which entry a request means.

use std::collections::HashMap;

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use http::Method;

use crate::permission::Permission;

/// One entry. `GET` answers `HEAD` too.
#[derive(Debug, Clone)]
pub struct Route<Endpoint> {
    /// Method.
    pub method: Method,
    /// Path as in template.yaml, with `{parameter}` for one segment and, at the end, `{parameter+}` for all that is left.
    pub path: &'static str,
    /// What the caller has to be allowed.
    pub permission: Permission,
    /// What answers.
    pub endpoint: Endpoint,
}

/// What a request means.
#[derive(Debug)]
pub enum Match<'table, Endpoint> {
    /// This entry, with the values of its path's parameters, decoded.
    Route(&'table Route<Endpoint>, HashMap<String, String>),
    /// The path exists with other methods, named for `Allow`.
    OtherMethod(String),
    /// Nothing.
    Nothing,
}

/// Looks a request up. The gateway's own match (`routeKey`, `pathParameters`) counts first; a request that came by
/// `$default`, such as one with another method, is matched by its path, which API Gateway hands on decoded.
pub fn find<'table, Endpoint>(
    table: &'table [Route<Endpoint>],
    request: &ApiGatewayV2httpRequest,
) -> Match<'table, Endpoint> {
    let by_gateway = request.route_key.as_deref().and_then(|key| key.split_once(' ')).map(|(_, path)| path);
    let found = match table.iter().find(|route| Some(route.path) == by_gateway) {
        Some(route) => Some((route.path, request.path_parameters.clone())),
        None => by_path(table, request.raw_path.as_deref().unwrap_or("/")),
    };
    let Some((path, parameters)) = found else { return Match::Nothing };
    let method = &request.request_context.http.method;
    let looked_up = if method == Method::HEAD { &Method::GET } else { method };
    let mut same_path = table.iter().filter(|route| route.path == path);
    match same_path.clone().find(|route| route.method == looked_up) {
        Some(route) => Match::Route(route, parameters),
        None => Match::OtherMethod(same_path.by_ref().map(allowed).collect::<Vec<_>>().join(", ")),
    }
}

fn allowed<Endpoint>(route: &Route<Endpoint>) -> &str {
    if route.method == Method::GET { "GET, HEAD" } else { route.method.as_str() }
}

/// The first entry whose path has the form of this one; entries without parameters come first.
fn by_path<Endpoint>(table: &[Route<Endpoint>], path: &str) -> Option<(&'static str, HashMap<String, String>)> {
    let literal = table.iter().filter(|route| !route.path.contains('{'));
    let with_parameters = table.iter().filter(|route| route.path.contains('{'));
    literal.chain(with_parameters).find_map(|route| Some((route.path, parameters(route.path, path)?)))
}

/// The values of a pattern's parameters in a decoded path, if it has that form.
#[must_use]
pub fn parameters(pattern: &str, path: &str) -> Option<HashMap<String, String>> {
    let mut found = HashMap::new();
    let mut given = path.split('/');
    for wanted in pattern.split('/') {
        let name = wanted.strip_prefix('{').and_then(|name| name.strip_suffix('}'));
        let value = match name {
            Some(name) if name.ends_with('+') => given.by_ref().collect::<Vec<_>>().join("/"),
            _ => given.next()?.to_owned(),
        };
        match name {
            Some(name) if !value.is_empty() => {
                found.insert(name.trim_end_matches('+').to_owned(), value);
            }
            None if wanted == value => {}
            Some(_) | None => return None,
        }
    }
    given.next().is_none().then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(method: Method, path: &'static str) -> Route<()> {
        Route { method, path, permission: Permission::Read, endpoint: () }
    }

    fn table() -> Vec<Route<()>> {
        vec![
            route(Method::GET, "/a/{name}"),
            route(Method::GET, "/a/show"),
            route(Method::GET, "/b"),
            route(Method::POST, "/b"),
            route(Method::GET, "/files/{name+}"),
        ]
    }

    fn request(method: Method, route_key: &str, path: &str) -> ApiGatewayV2httpRequest {
        let mut request = ApiGatewayV2httpRequest::default();
        request.route_key = Some(route_key.to_owned());
        request.raw_path = Some(path.to_owned());
        request.request_context.http.method = method;
        request
    }

    /// Path and parameter that a request means; `Err` carries the other methods, empty for nothing at all.
    fn meaning(request: &ApiGatewayV2httpRequest) -> Result<(&'static str, Option<String>), String> {
        match find(&table(), request) {
            Match::Route(route, mut parameters) => Ok((route.path, parameters.remove("name"))),
            Match::OtherMethod(allowed) => Err(allowed),
            Match::Nothing => Err(String::new()),
        }
    }

    #[test]
    fn the_gateways_match_counts_and_brings_the_parameters() {
        let mut asked = request(Method::GET, "GET /a/{name}", "/stage/a/x");
        asked.path_parameters.insert("name".into(), "x".into());
        assert_eq!(meaning(&asked), Ok(("/a/{name}", Some("x".into()))));
    }

    #[test]
    fn a_default_route_is_matched_by_its_path_which_is_decoded_already() {
        let named = |name: &str| Ok(("/a/{name}", Some(name.to_owned())));
        for name in ["Züri AG", "100%", "%41", "a+b"] {
            assert_eq!(meaning(&request(Method::GET, "$default", &format!("/a/{name}"))), named(name));
        }
        assert_eq!(meaning(&request(Method::GET, "$default", "/a/show")), Ok(("/a/show", None)));
    }

    #[test]
    fn a_greedy_parameter_takes_all_that_is_left() {
        let meaning = |path| meaning(&request(Method::GET, "$default", path));
        assert_eq!(meaning("/files/a/b.css"), Ok(("/files/{name+}", Some("a/b.css".into()))));
        assert_eq!(meaning("/files/"), Err(String::new()));
        assert_eq!(meaning("/files"), Err(String::new()));
    }

    #[test]
    fn head_is_answered_where_get_is() {
        assert_eq!(meaning(&request(Method::HEAD, "$default", "/b")), Ok(("/b", None)));
    }

    #[test]
    fn another_method_learns_which_there_are() {
        assert_eq!(meaning(&request(Method::DELETE, "$default", "/b")), Err("GET, HEAD, POST".into()));
        assert_eq!(meaning(&request(Method::PUT, "ANY /a/{name}", "/a/x")), Err("GET, HEAD".into()));
    }

    #[test]
    fn what_is_not_in_the_table_is_nothing() {
        for path in ["/", "", "/a", "/a/", "/a//", "/a/x/y", "/b/", "//b", "/B", "/a/../b"] {
            assert_eq!(meaning(&request(Method::GET, "$default", path)), Err(String::new()), "{path}");
        }
    }
}
