//! What a request below `/v1.0/sites/` asks for.

use axum::http::Method;

use crate::fault::Operation;
use crate::sharepoint::SiteRole;

/// A request, understood by its method and path.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Call<'a> {
    pub(super) operation: Operation,
    pub(super) site: SiteAddress<'a>,
    pub(super) target: Target<'a>,
}

/// How a site is named.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum SiteAddress<'a> {
    /// `host,guid,guid`.
    Id(&'a str),
    /// `host:/path`.
    Path { host: &'a str, path: &'a str },
}

/// What of the site is asked for. Lists go by GUID or name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target<'a> {
    Site,
    Lists,
    List(&'a str),
    Columns(&'a str),
    Column(&'a str, &'a str),
    Items(&'a str),
    Item(&'a str, &'a str),
    Fields(&'a str, &'a str),
}

impl<'a> Call<'a> {
    /// Reads `{site}/…`, percent-decoded; `None` for what Graph does not have or this stand-in does not play.
    pub(super) fn read(method: &Method, path: &'a str) -> Option<Self> {
        let (site, rest) = SiteAddress::read(path)?;
        let segments: Vec<&str> = rest.split('/').filter(|segment| !segment.is_empty()).collect();
        let target = match segments.as_slice() {
            [] => Target::Site,
            ["lists"] => Target::Lists,
            ["lists", list] => Target::List(list),
            ["lists", list, "columns"] => Target::Columns(list),
            ["lists", list, "columns", column] => Target::Column(list, column),
            ["lists", list, "items"] => Target::Items(list),
            ["lists", list, "items", item] => Target::Item(list, item),
            ["lists", list, "items", item, "fields"] => Target::Fields(list, item),
            _ => return None,
        };
        Some(Self { operation: target.operation(method)?, site, target })
    }

    /// The least an app must be allowed to do in the site.
    pub(super) fn needs(&self) -> SiteRole {
        match self.operation {
            Operation::CreateList | Operation::CreateColumn | Operation::UpdateColumn => SiteRole::Manage,
            operation if operation.is_write() => SiteRole::Write,
            _ => SiteRole::Read,
        }
    }

    /// What it costs in resource units: reading one thing 1, reading several or writing 2 (Microsoft Learn, "Avoid getting
    /// throttled or blocked in SharePoint Online").
    pub(super) fn units(&self) -> u32 {
        match self.target {
            Target::Site | Target::List(_) | Target::Item(..) | Target::Fields(..) if !self.operation.is_write() => 1,
            _ => 2,
        }
    }
}

impl<'a> SiteAddress<'a> {
    fn read(path: &'a str) -> Option<(Self, &'a str)> {
        let Some((host, rest)) = path.split_once(":/") else {
            let (id, rest) = path.split_once('/').unwrap_or((path, ""));
            return (!id.is_empty()).then_some((Self::Id(id), rest));
        };
        let (path, rest) = rest.split_once(":/").unwrap_or((rest.trim_end_matches(':'), ""));
        Some((Self::Path { host, path: path.trim_end_matches('/') }, rest))
    }
}

impl Target<'_> {
    fn operation(self, method: &Method) -> Option<Operation> {
        Some(match (self, method.as_str()) {
            (Self::Site, "GET") => Operation::Site,
            (Self::Lists | Self::List(_), "GET") => Operation::Lists,
            (Self::Lists, "POST") => Operation::CreateList,
            (Self::Columns(_), "GET") => Operation::Columns,
            (Self::Columns(_), "POST") => Operation::CreateColumn,
            (Self::Column(..), "PATCH") => Operation::UpdateColumn,
            (Self::Items(_), "GET") => Operation::Items,
            (Self::Items(_), "POST") => Operation::CreateItem,
            (Self::Item(..) | Self::Fields(..), "GET") => Operation::Item,
            (Self::Item(..) | Self::Fields(..), "PATCH") => Operation::UpdateItem,
            (Self::Item(..), "DELETE") => Operation::DeleteItem,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sites_go_by_path_or_id_and_the_rest_follows() {
        let contoso = "contoso.sharepoint.com";
        let path = SiteAddress::Path { host: contoso, path: "sites/lizenzen" };
        for (text, site, target) in [
            ("contoso.sharepoint.com:/sites/lizenzen", path, Target::Site),
            (
                "contoso.sharepoint.com:/sites/lizenzen:/lists/Tenantliste/items",
                SiteAddress::Path { host: contoso, path: "sites/lizenzen" },
                Target::Items("Tenantliste"),
            ),
            ("c,1,2/lists", SiteAddress::Id("c,1,2"), Target::Lists),
        ] {
            let call = Call::read(&Method::GET, text).expect("understood");
            assert_eq!((call.site, call.target), (site, target), "{text}");
        }
        assert_eq!(Call::read(&Method::GET, "c,1,2/drives"), None);
        assert_eq!(Call::read(&Method::PUT, "c,1,2/lists"), None);
    }
}
