//! A small strict reader of HTML: elements nest, nothing is inline, and what screen readers need is there.

use std::collections::HashSet;

/// Elements that have no end tag.
const VOID: [&str; 8] = ["area", "br", "hr", "img", "input", "link", "meta", "wbr"];

/// One start tag.
#[derive(Debug, Clone)]
struct Tag {
    name: String,
    attributes: Vec<(String, String)>,
}

impl Tag {
    fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }
}

/// Looks at a whole page; says what the first fault is.
pub(crate) fn check(html: &str) -> Result<(), String> {
    let tags = read(html)?;
    once(&tags, "h1")?;
    once(&tags, "main")?;
    once(&tags, "title")?;
    references(&tags)?;
    tags.iter().try_for_each(one)
}

/// All start tags; fails when elements do not nest.
fn read(html: &str) -> Result<Vec<Tag>, String> {
    let mut rest = html.strip_prefix("<!doctype html>").ok_or("no doctype")?;
    let (mut open, mut tags): (Vec<String>, Vec<Tag>) = (Vec::new(), Vec::new());
    while let Some(start) = rest.find('<') {
        let end = rest[start..].find('>').ok_or("a tag that does not end")? + start;
        let inside = &rest[start + 1..end];
        rest = &rest[end + 1..];
        if let Some(name) = inside.strip_prefix('/') {
            let last = open.pop().unwrap_or_default();
            if last != name {
                return Err(format!("</{name}> where </{last}> was expected"));
            }
            continue;
        }
        let tag = tag(inside.trim_end_matches('/'))?;
        if !VOID.contains(&tag.name.as_str()) && !inside.ends_with('/') {
            open.push(tag.name.clone());
        }
        tags.push(tag);
    }
    if open.is_empty() { Ok(tags) } else { Err(format!("not closed: {open:?}")) }
}

fn tag(inside: &str) -> Result<Tag, String> {
    let (name, mut rest) = inside.split_once(char::is_whitespace).unwrap_or((inside, ""));
    let mut attributes: Vec<(String, String)> = Vec::new();
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            return Ok(Tag { name: name.to_owned(), attributes });
        }
        let end = rest.find(|c: char| c == '=' || c.is_whitespace()).unwrap_or(rest.len());
        let key = rest[..end].to_owned();
        rest = &rest[end..];
        let value = match rest.strip_prefix("=\"") {
            Some(quoted) => {
                let (value, after) = quoted.split_once('"').ok_or("a value that does not end")?;
                rest = after;
                value.to_owned()
            }
            None if rest.starts_with('=') => return Err(format!("{key} of <{name}> without quotes")),
            None => String::new(),
        };
        if attributes.iter().any(|(given, _)| *given == key) {
            return Err(format!("{key} twice in <{name}>"));
        }
        attributes.push((key, value));
    }
}

fn once(tags: &[Tag], name: &str) -> Result<(), String> {
    match tags.iter().filter(|tag| tag.name == name).count() {
        1 => Ok(()),
        count => Err(format!("<{name}> {count} times")),
    }
}

/// What names another element names one that is there, and no name is given twice.
fn references(tags: &[Tag]) -> Result<(), String> {
    let mut ids = HashSet::new();
    for id in tags.iter().filter_map(|tag| tag.get("id")) {
        if !ids.insert(id) {
            return Err(format!("id {id} twice"));
        }
    }
    for tag in tags {
        let local = tag.get("href").and_then(|href| href.strip_prefix('#')).into_iter();
        let named = ["for", "aria-labelledby", "aria-describedby", "aria-controls", "data-opens"];
        let named = named.into_iter().filter_map(|name| tag.get(name)).flat_map(str::split_whitespace);
        if let Some(missing) = local.chain(named).find(|id| !ids.contains(id)) {
            return Err(format!("<{}> names {missing}, which is not there", tag.name));
        }
    }
    Ok(())
}

/// What holds for a single element.
fn one(tag: &Tag) -> Result<(), String> {
    let Tag { name, attributes } = tag;
    for (key, value) in attributes {
        let elsewhere = value.starts_with("//") || value.contains("://");
        if key == "style" || key.starts_with("on") || (matches!(key.as_str(), "href" | "src" | "action") && elsewhere) {
            return Err(format!("{key}=\"{value}\" in <{name}>"));
        }
    }
    let has = |key: &str| tag.get(key).is_some_and(|value| !value.is_empty());
    let fault = match name.as_str() {
        "style" => Some("is inline"),
        "script" if !has("src") => Some("is inline"),
        "img" if tag.get("alt").is_none() => Some("has no alt"),
        "th" if !has("scope") => Some("has no scope"),
        "button" if !has("type") => Some("has no type"),
        "input" | "select" | "textarea" if !has("id") && tag.get("type") != Some("hidden") => {
            Some("has no id for its label")
        }
        "nav" | "dialog" if !has("aria-label") && !has("aria-labelledby") => Some("has no name"),
        "svg" if !has("aria-hidden") && tag.get("role") != Some("img") => Some("is neither hidden nor a picture"),
        _ => None,
    };
    fault.map_or(Ok(()), |fault| Err(format!("<{name}> {fault}: {tag:?}")))
}

#[test]
fn faults_are_found() {
    let page = |body: &str| format!("<!doctype html><html><title>x</title><main><h1>x</h1>{body}</main></html>");
    assert_eq!(check(&page("<p id=\"a\">x</p><a href=\"#a\">x</a>")), Ok(()));
    for body in [
        "<p>",
        "</p>",
        "<p><b></p></b>",
        "<h1></h1>",
        "<p style=\"x\"></p>",
        "<p onclick=\"x\"></p>",
        "<style></style>",
        "<script>x</script>",
        "<a href=\"https://x\"></a>",
        "<a href=\"//x\"></a>",
        "<img src=\"/x\">",
        "<th></th>",
        "<button></button>",
        "<input>",
        "<nav></nav>",
        "<svg></svg>",
        "<a href=\"#b\"></a>",
        "<p id=a></p>",
        "<p id=\"a\" id=\"b\"></p>",
        "<p id=\"a\"></p><p id=\"a\"></p>",
        "<label for=\"z\"></label>",
    ] {
        assert!(check(&page(body)).is_err(), "{body}");
    }
}
