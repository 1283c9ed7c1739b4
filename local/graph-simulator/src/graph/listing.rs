//! What lists of the directory have in common: `$select` and paging.

use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use crate::graph::error::GraphError;
use crate::seen::Seen;
use crate::world::World;

/// A list that Graph has.
#[derive(Debug)]
pub(crate) struct Listing {
    /// Its address.
    pub(crate) path: &'static str,
    /// Its name in `@odata.context`.
    pub(crate) context: &'static str,
    /// Type of its entries.
    pub(crate) of: &'static str,
    /// Their properties, in Graph's spelling.
    pub(crate) properties: &'static [&'static str],
}

impl Listing {
    /// The page that a query asks for.
    pub(crate) fn page(
        &self,
        world: &World,
        seen: &Seen,
        query: Option<&str>,
        rows: Vec<Map<String, Value>>,
    ) -> Result<Value, GraphError> {
        let query = self.parse(query.unwrap_or_default())?;
        let page_size = world.settings().page_size.unwrap_or(usize::MAX);
        let all = rows.len();
        if query.skip > 0 && query.skip >= all {
            return Err(expired_page());
        }
        let selected = query.selected.as_ref();
        let rows: Vec<Value> = rows
            .into_iter()
            .skip(query.skip)
            .take(page_size)
            .map(|mut row| {
                if let Some(selected) = selected {
                    row.retain(|name, _| selected.contains(&name.as_str()));
                }
                Value::Object(row)
            })
            .collect();
        let next = query.skip + rows.len();
        let columns = selected.map(|names| format!("({})", names.join(","))).unwrap_or_default();
        let mut page = json!({
            "@odata.context": format!("{}/v1.0/$metadata#{}{columns}", seen.base, self.context),
            "value": rows,
        });
        if next < all {
            let select = selected.map(|names| format!("$select={}&", names.join(","))).unwrap_or_default();
            let token = PageToken(next).encode();
            page["@odata.nextLink"] = json!(format!("{}{}?{select}$skiptoken={token}", seen.base, self.path));
        }
        Ok(page)
    }

    fn parse(&self, raw: &str) -> Result<Query, GraphError> {
        let mut query = Query { selected: None, skip: 0 };
        for (name, value) in url::form_urlencoded::parse(raw.as_bytes()) {
            match name.as_ref() {
                "$select" => {
                    query.selected = Some(value.split(',').map(|name| self.property(name)).collect::<Result<_, _>>()?);
                }
                "$skiptoken" => query.skip = PageToken::decode(&value).ok_or_else(expired_page)?.0,
                option if option.starts_with('$') => {
                    let text = format!("The query option '{option}' is not supported on {}.", self.context);
                    return Err(GraphError::new(StatusCode::BAD_REQUEST, "Request_UnsupportedQuery", text));
                }
                other => {
                    return Err(GraphError::bad_request(format!("Unrecognized query argument specified: '{other}'.")));
                }
            }
        }
        Ok(query)
    }

    fn property(&self, name: &str) -> Result<&'static str, GraphError> {
        let name = name.trim();
        self.properties.iter().copied().find(|known| *known == name).ok_or_else(|| {
            let text = format!(
                "Parsing OData Select and Expand failed: Could not find a property named '{name}' on type \
                 'microsoft.graph.{}'.",
                self.of
            );
            GraphError::new(StatusCode::BAD_REQUEST, "BadRequest", text)
        })
    }
}

fn expired_page() -> GraphError {
    let text = "The specified page token value has expired and can no longer be included in your request.";
    GraphError::new(StatusCode::BAD_REQUEST, "Directory_ExpiredPageToken", text)
}

/// What a request asks for.
#[derive(Debug, PartialEq, Eq)]
struct Query {
    /// Properties wanted, in the order asked for; `None`: all.
    selected: Option<Vec<&'static str>>,
    /// Entries on the pages before.
    skip: usize,
}

/// Where a page starts; clients must not read it.
#[derive(Debug, PartialEq, Eq)]
struct PageToken(usize);

impl PageToken {
    fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(format!("page:{}", self.0))
    }

    fn decode(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let start = std::str::from_utf8(&bytes).ok()?.strip_prefix("page:")?.parse().ok()?;
        Some(Self(start))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SKUS: Listing = Listing {
        path: "/v1.0/subscribedSkus",
        context: "subscribedSkus",
        of: "subscribedSku",
        properties: &["skuId", "consumedUnits"],
    };

    #[test]
    fn select_names_properties_in_graphs_spelling() {
        let query = SKUS.parse("$select=skuId,%20consumedUnits").expect("both exist");
        assert_eq!(query, Query { selected: Some(vec!["skuId", "consumedUnits"]), skip: 0 });
        assert!(SKUS.parse("$select=skuid").is_err());
    }

    #[test]
    fn a_page_token_leads_back_to_its_page_and_a_made_up_one_nowhere() {
        let token = PageToken(40).encode();
        assert_eq!(SKUS.parse(&format!("$skiptoken={token}")).expect("ours").skip, 40);
        assert!(SKUS.parse("$skiptoken=40").is_err());
    }
}
