use leitwarte_template::Template;
use proptest::prelude::*;

use super::RouteTable;

/// A table whose functions are named after their routes' keys, in this order of the file.
fn table(keys: &[&str]) -> RouteTable {
    let functions: String = keys
        .iter()
        .enumerate()
        .map(|(index, key)| {
            let event = match key.split_once(' ') {
                Some((method, path)) => format!("{{Type: HttpApi, Properties: {{Method: {method}, Path: '{path}'}}}}"),
                None => "{Type: HttpApi}".to_owned(),
            };
            format!("  F{index}: {{Type: AWS::Serverless::Function, Properties: {{Events: {{R: {event}}}}}}}\n")
        })
        .collect::<Vec<_>>()
        .concat();
    RouteTable::new(&Template::parse(&format!("Resources:\n{functions}")).unwrap())
}

fn key(table: &RouteTable, method: &str, path: &str) -> Option<String> {
    table.find(method, path).map(|found| found.key.to_owned())
}

/// The example of API Gateway's developer guide, "Routing API requests".
#[test]
fn documented_example() {
    let mut keys = ["GET /pets/dog/1", "GET /pets/dog/{id}", "GET /pets/{proxy+}", "ANY /{proxy+}", "$default"];
    for _ in 0..keys.len() {
        keys.rotate_left(1);
        let table = table(&keys);
        let found = |method, path| key(&table, method, path).unwrap();
        assert_eq!(found("GET", "/pets/dog/1"), "GET /pets/dog/1");
        assert_eq!(found("GET", "/pets/dog/2"), "GET /pets/dog/{id}");
        assert_eq!(found("GET", "/pets/cat/1"), "GET /pets/{proxy+}");
        assert_eq!(found("POST", "/test/5"), "ANY /{proxy+}");
        assert_eq!(found("GET", "/"), "$default");
    }
}

#[test]
fn the_requests_own_method_wins_over_any_but_a_more_specific_path_wins_over_both() {
    let table = table(&["ANY /a", "GET /a", "GET /{p}", "ANY /b"]);
    assert_eq!(key(&table, "GET", "/a").unwrap(), "GET /a");
    assert_eq!(key(&table, "POST", "/a").unwrap(), "ANY /a");
    assert_eq!(key(&table, "GET", "/b").unwrap(), "ANY /b");
    assert_eq!(key(&table, "GET", "/c").unwrap(), "GET /{p}");
    assert_eq!(key(&table, "POST", "/c"), None);
}

#[test]
fn parameters_take_exactly_what_they_match() {
    let table = table(&["GET /t/{tenant}/sku/{sku}", "GET /assets/{proxy+}"]);
    let found = table.find("GET", "/t/contoso/sku/E 5").unwrap();
    assert_eq!(found.parameters.into_iter().collect::<Vec<_>>(), [("sku", "E 5"), ("tenant", "contoso")]);
    let found = table.find("GET", "/assets/css/site.css").unwrap();
    assert_eq!(found.parameters.into_iter().collect::<Vec<_>>(), [("proxy", "css/site.css")]);
}

#[test]
fn empty_segments_and_trailing_slashes_are_other_paths() {
    let table = table(&["GET /a", "GET /t/{x}", "GET /f/{p+}", "GET /"]);
    for path in ["/a/", "//a", "/t/", "/t", "/f/", "/f", "/A", "", "a", "/t/x/"] {
        assert_eq!(key(&table, "GET", path), None, "{path}");
    }
    assert_eq!(key(&table, "GET", "/f/x/").unwrap(), "GET /f/{p+}");
    assert_eq!(key(&table, "GET", "/").unwrap(), "GET /");
}

#[test]
fn head_is_not_get_and_unknown_methods_have_no_route() {
    let table = table(&["GET /a", "$default"]);
    assert_eq!(key(&table, "HEAD", "/a").unwrap(), "$default");
    assert_eq!(key(&table, "TRACE", "/a"), None);
    assert_eq!(key(&table, "BREW", "/a"), None);
}

const SEGMENTS: [&str; 5] = ["a", "b", "{x}", "{y}", "{rest+}"];

/// Route paths of up to three segments, without a greedy segment before the last or a name twice.
fn route_path() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(SEGMENTS.to_vec()), 1..4).prop_filter_map("well formed", |segments| {
        let greedy_inside = segments[..segments.len() - 1].contains(&"{rest+}");
        let twice = segments.iter().any(|s| s.starts_with('{') && segments.iter().filter(|t| *t == s).count() > 1);
        (!greedy_inside && !twice).then(|| format!("/{}", segments.join("/")))
    })
}

/// AWS's rule read literally: kinds of segments from the left, literal before parameter before greedy.
fn rank(route: &str) -> Vec<u8> {
    let kind = |s: &str| if s.ends_with("+}") { 2 } else { u8::from(s.starts_with('{')) };
    route[1..].split('/').map(kind).collect()
}

fn matches(route: &str, path: &str) -> bool {
    let (mut route, mut path) = (route[1..].split('/'), path[1..].split('/'));
    loop {
        match (route.next(), path.next()) {
            (Some("{rest+}"), Some(_)) | (None, None) => return true,
            (Some(r), Some(p)) if r.starts_with('{') || r == p => {}
            _ => return false,
        }
    }
}

proptest! {
    #[test]
    fn the_best_of_all_matching_routes_is_found(
        routes in prop::collection::vec(route_path(), 1..8),
        path in prop::collection::vec(prop::sample::select(vec!["a", "b", "c"]), 1..4),
    ) {
        let mut shapes = std::collections::BTreeSet::new();
        let routes: Vec<&String> = routes.iter().filter(|r| shapes.insert((rank(r), r.replace(['x', 'y'], "")))).collect();
        let keys: Vec<String> = routes.iter().map(|route| format!("GET {route}")).collect();
        let table = table(&keys.iter().map(String::as_str).collect::<Vec<_>>());
        let path = format!("/{}", path.join("/"));

        let best = routes.iter().filter(|route| matches(route, &path)).map(|route| rank(route)).min();
        let found = key(&table, "GET", &path).map(|key| rank(&key[4..]));
        prop_assert_eq!(found, best);
    }
}
