//! What has to be made in a SharePoint site so that the three lists are there with all their columns, and how a profile
//! then names them. Nothing that is there is removed or changed, but for the shown name of an untouched `Title`.

use uuid::Uuid;

use super::columns::{Column, LICENCE_LIST, find};
use super::definition::{ColumnDefinition, ColumnType, ListDefinition, ListKind, PARAMETERS};
use super::profile::{FieldMapping, ListAddresses};

/// A list of the site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteList {
    /// Its GUID.
    pub id: Uuid,
    /// Its shown name.
    pub name: String,
    /// Its columns.
    pub columns: Vec<SiteColumn>,
}

/// A column of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteColumn {
    /// Its GUID.
    pub id: String,
    /// Its names.
    pub names: Column,
    /// What it holds; `None` for anything our lists do not use.
    pub holds: Option<ColumnType>,
}

/// What the profile says of the lists already; all of it may be missing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Named {
    /// `host,guid,guid`.
    pub site_id: Option<String>,
    /// The Parameterliste.
    pub parameters: Option<Uuid>,
    /// The Tenantliste.
    pub tenants: Option<Uuid>,
    /// The Lizenzstatusliste.
    pub licences: Option<Uuid>,
    /// `field_mapping` by its keys, such as `Frei`.
    pub mapping: Vec<(String, String)>,
}

/// One thing to do in the site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Make a list with all its columns.
    MakeList(ListDefinition),
    /// Make a column in a list that is there.
    AddColumn {
        /// In which list.
        list: Uuid,
        /// The list's shown name.
        list_name: String,
        /// The column.
        column: ColumnDefinition,
    },
    /// Show `Title` under another name; its inner name stays.
    ShowTitleAs {
        /// In which list.
        list: Uuid,
        /// The list's shown name.
        list_name: String,
        /// The column's GUID.
        column: String,
        /// The new shown name.
        name: &'static str,
    },
}

/// Something that a person has to mend in the browser.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Obstacle {
    /// SharePoint changes no column's kind.
    #[error(
        "the column `{column}` of the {list} does not hold {wanted}; rename or delete it in the browser, then run this again"
    )]
    WrongType {
        /// The list's shown name.
        list: String,
        /// The column's shown name.
        column: String,
        /// What it has to hold.
        wanted: &'static str,
    },
    /// Two of the three lists would be one.
    #[error("the profile names one list as {one} and as {other}; correct the ids in `sharepoint_infos`")]
    SameList {
        /// One.
        one: &'static str,
        /// The other.
        other: &'static str,
    },
}

/// What to do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Provision {
    /// In this order.
    pub steps: Vec<Step>,
    /// What no step can mend.
    pub obstacles: Vec<Obstacle>,
}

/// `field_mapping`'s keys with the names of the columns they mean.
const MAPPED: [(&str, &str); 6] = [
    ("Frei", "Frei"),
    ("Gebraucht", "Gebraucht"),
    ("Verfügbar", "Verfügbar"),
    ("Infosup", "trigger_inform_supporter"),
    ("Tenant", "tenant"),
    ("Lizenzname", "Lizenzname"),
];

/// The list of the site that is meant: the one the profile names, or else the one with our name.
#[must_use]
pub fn meant<'a>(kind: ListKind, lists: &'a [SiteList], named: &Named) -> Option<&'a SiteList> {
    let id = match kind {
        ListKind::Parameters => named.parameters,
        ListKind::Tenants => named.tenants,
        ListKind::Licences => named.licences,
    };
    let name = kind.definition().name;
    let by_id = lists.iter().find(|list| Some(list.id) == id);
    by_id.or_else(|| lists.iter().find(|list| list.name.eq_ignore_ascii_case(name)))
}

/// Compares what is in the site with what has to be there.
#[must_use]
pub fn plan(lists: &[SiteList], named: &Named) -> Provision {
    let mut provision = Provision::default();
    let mut taken: Vec<(Uuid, &'static str)> = Vec::new();
    for kind in ListKind::ALL {
        let definition = kind.definition();
        let Some(list) = meant(kind, lists, named) else {
            provision.steps.push(Step::MakeList(definition));
            continue;
        };
        if let Some((_, one)) = taken.iter().find(|(id, _)| *id == list.id) {
            provision.obstacles.push(Obstacle::SameList { one, other: definition.name });
            continue;
        }
        taken.push((list.id, definition.name));
        provision.repair(definition, list, named);
    }
    provision
}

impl Provision {
    /// Whether all is as it has to be.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.steps.is_empty() && self.obstacles.is_empty()
    }

    fn repair(&mut self, definition: ListDefinition, list: &SiteList, named: &Named) {
        let (id, list_name) = (list.id, list.name.clone());
        let has_its_name = by_name(list, definition.title).is_some();
        match title(definition, list, named) {
            Some(column) if is_untouched_title(column) && !has_its_name => {
                let (list_name, column, name) = (list_name.clone(), column.id.clone(), definition.title);
                self.steps.push(Step::ShowTitleAs { list: id, list_name, column, name });
            }
            Some(column) => self.check(list, column, ColumnType::Text),
            None => {}
        }
        for column in definition.columns {
            match find_defined(definition, column.name, list, named) {
                Some(found) => self.check(list, found, column.holds),
                None => self.steps.push(Step::AddColumn { list: id, list_name: list_name.clone(), column: *column }),
            }
        }
    }

    fn check(&mut self, list: &SiteList, column: &SiteColumn, wanted: ColumnType) {
        if column.holds != Some(wanted) {
            let (list, column) = (list.name.clone(), column.names.display_name.clone());
            self.obstacles.push(Obstacle::WrongType { list, column, wanted: wanted.words() });
        }
    }
}

/// `sharepoint_infos` for a site where everything is there; `None` while something is missing.
#[must_use]
pub fn addresses(site_id: &str, lists: &[SiteList], named: &Named) -> Option<ListAddresses> {
    let [parameters, tenants, licences] = ListKind::ALL.map(|kind| meant(kind, lists, named));
    let (parameters, tenants, licences) = (parameters?, tenants?, licences?);
    let definition = ListKind::Licences.definition();
    let inner = |column: &str| Some(find_defined(definition, column, licences, named)?.names.name.clone());
    let title = title(definition, licences, named)?;
    let tenant = inner("tenant")?;
    Some(ListAddresses {
        site_id: site_id.to_owned(),
        license_list_id: licences.id,
        tenant_list_id: tenants.id,
        parameter_list_id: Some(parameters.id),
        tenant_field: tenant.clone(),
        field_mapping: FieldMapping {
            free: inner("Frei")?,
            consumed: inner("Gebraucht")?,
            available: inner("Verfügbar")?,
            trigger: inner("trigger_inform_supporter")?,
            tenant,
            licence: title.names.name.clone(),
        },
    })
}

/// Where the Parameterliste holds what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParameterPlace {
    /// The list.
    pub list: Uuid,
    /// The inner name of the column with the parameters' names.
    pub name: String,
    /// The inner name of the column with their values.
    pub value: String,
}

/// The columns of the Parameterliste; `None` while it is not there with both.
#[must_use]
pub fn parameter_place(lists: &[SiteList], named: &Named) -> Option<ParameterPlace> {
    let (list, definition) = (meant(ListKind::Parameters, lists, named)?, ListKind::Parameters.definition());
    let name = title(definition, list, named)?.names.name.clone();
    let value = by_name(list, definition.columns.first()?.name)?.names.name.clone();
    Some(ParameterPlace { list: list.id, name, value })
}

/// What the flows look up and the Parameterliste does not say yet, each with what to say of it for now.
#[must_use]
pub fn missing_parameters(said: &[String]) -> Vec<(&'static str, &'static str)> {
    let is_missing = |(name, _): &(&str, &str)| !said.iter().any(|said| said.trim().eq_ignore_ascii_case(name));
    PARAMETERS.into_iter().filter(is_missing).collect()
}

/// The column for what a row is called: `Title`, unless the profile or a column's name says otherwise.
fn title<'a>(definition: ListDefinition, list: &'a SiteList, named: &Named) -> Option<&'a SiteColumn> {
    find_defined(definition, definition.title, list, named).or_else(|| by_name(list, "Title"))
}

/// A column by the name the profile gives it, or by its own.
fn find_defined<'a>(
    definition: ListDefinition,
    name: &str,
    list: &'a SiteList,
    named: &Named,
) -> Option<&'a SiteColumn> {
    let key = MAPPED.iter().find(|(_, column)| *column == name && definition.name == LICENCE_LIST);
    let mapped = key.and_then(|(key, _)| Some(&named.mapping.iter().find(|(said, _)| said == key)?.1));
    mapped.and_then(|mapped| by_name(list, mapped)).or_else(|| by_name(list, name))
}

fn by_name<'a>(list: &'a SiteList, name: &str) -> Option<&'a SiteColumn> {
    find(&list.columns, |column| &column.names, name.trim())
}

/// As the template of a German or English site makes it.
fn is_untouched_title(column: &SiteColumn) -> bool {
    column.names.name == "Title" && matches!(column.names.display_name.as_str(), "Title" | "Titel")
}

#[cfg(test)]
mod tests;
