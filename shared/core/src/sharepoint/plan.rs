//! What has to be written so that the lists say what the polls found: the differences, and nothing else.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::NaiveDate;
use uuid::Uuid;

use super::rows::{Item, Licence, LicenceRow, Numbers, Tenant, TenantRow};
use crate::profile::comparable_name;

/// Which rows stand for what, remembered from earlier syncs: a row stays the same whatever a tenant or a product is
/// called later.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// Rows of the Tenantliste by the tenant's key.
    pub tenants: BTreeMap<String, String>,
    /// Rows of the Lizenzstatusliste by the tenant's key and the product.
    pub licences: BTreeMap<(String, Uuid), String>,
}

/// Everything that is in the lists, and everything that is known.
#[derive(Debug, Clone, Copy)]
pub struct Lists<'a> {
    /// All rows of the Tenantliste.
    pub tenants: &'a [TenantRow],
    /// All rows of the Lizenzstatusliste.
    pub licences: &'a [LicenceRow],
    /// What was remembered.
    pub known: &'a Known,
}

/// A value of one column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Field {
    /// Tenantliste: the tenant's name.
    TenantTitle(String),
    /// Tenantliste: whether it is watched.
    Enabled(bool),
    /// Tenantliste: whether shortages are told.
    Monitoring(bool),
    /// Tenantliste: the day its certificate ends.
    CertExpires(NaiveDate),
    /// Lizenzstatusliste: the licence.
    Licence(String),
    /// Lizenzstatusliste: the tenant's name.
    Tenant(String),
    /// Lizenzstatusliste: licences usable.
    Available(i64),
    /// Lizenzstatusliste: licences assigned.
    Consumed(i64),
    /// Lizenzstatusliste: licences left.
    Free(i64),
    /// Lizenzstatusliste: the switch that starts the flow.
    Trigger(bool),
    /// Lizenzstatusliste: whether the flow has told a technician.
    Informed(bool),
}

/// Which row a write is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Row {
    /// The tenant's row in the Tenantliste.
    Tenant(String),
    /// A licence's row in the Lizenzstatusliste: the tenant's key and the product.
    Licence(String, Uuid),
}

/// One write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// What the row stands for.
    pub row: Row,
    /// The row to change; `None` makes a new one.
    pub item: Option<Item>,
    /// The columns to set.
    pub fields: Vec<Field>,
}

/// Switches of a tenant as the Tenantliste has them; it is their master.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Switches {
    /// The tenant's key.
    pub key: String,
    /// Whether it is watched at all.
    pub enabled: bool,
    /// Whether shortages are told.
    pub monitoring: bool,
}

/// What to do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// In this order: tenants before licences, shortages before mere numbers.
    pub writes: Vec<Write>,
    /// Rows found for what is known, to be remembered.
    pub known: Known,
    /// For the local copy; of tenants that have a row.
    pub switches: Vec<Switches>,
    /// Rows of the Lizenzstatusliste that stand for the same licence as another row: left alone, to be deleted by a
    /// person.
    pub duplicates: Vec<String>,
}

/// Compares what is with what should be.
#[must_use]
pub fn plan(tenants: &[Tenant], lists: Lists<'_>) -> Plan {
    let mut plan = Plan::default();
    let names: BTreeMap<String, &str> =
        tenants.iter().map(|tenant| (comparable_name(&tenant.name), tenant.key.as_str())).collect();
    let rows = rows_by_tenant(tenants, &lists, &names);
    for tenant in tenants {
        let row = tenant_row((&tenant.key, &tenant.name), lists.tenants, lists.known, &names);
        if let Some(row) = row {
            plan.known.tenants.insert(tenant.key.clone(), row.item.id.clone());
        }
        let switches = Switches {
            key: tenant.key.clone(),
            enabled: row.map_or(tenant.switched_on, |row| row.enabled),
            monitoring: row.map_or(tenant.monitoring, |row| row.monitoring),
        };
        plan.tenant(tenant, row);
        let rows = rows.get(tenant.key.as_str()).map(Vec::as_slice).unwrap_or_default();
        plan.licences(tenant, &switches, rows, lists.known);
        // Without a row there is no master: what people set here stays, also while the profile is switched off.
        if row.is_some() {
            plan.switches.push(switches);
        }
    }
    // A shortage must not wait behind thousands of new numbers.
    plan.writes.sort_by_key(|write| match (&write.row, write.fields.contains(&Field::Trigger(true))) {
        (Row::Tenant(_), _) => 0,
        (Row::Licence(..), true) => 1,
        (Row::Licence(..), false) => 2,
    });
    plan
}

/// The rows of the Lizenzstatusliste by the tenant they belong to: remembered, or by its name.
fn rows_by_tenant<'a>(
    tenants: &'a [Tenant],
    lists: &Lists<'a>,
    names: &BTreeMap<String, &'a str>,
) -> HashMap<&'a str, Vec<&'a LicenceRow>> {
    let keys: BTreeSet<&str> = tenants.iter().map(|tenant| tenant.key.as_str()).collect();
    let remembered: HashMap<&str, &str> =
        lists.known.licences.iter().map(|((key, _), id)| (id.as_str(), key.as_str())).collect();
    let mut rows: HashMap<&str, Vec<&LicenceRow>> = HashMap::new();
    for row in lists.licences {
        let by_memory = remembered.get(row.item.id.as_str()).filter(|key| keys.contains(*key));
        if let Some(key) = by_memory.or_else(|| names.get(&comparable_name(&row.tenant))) {
            rows.entry(key).or_default().push(row);
        }
    }
    for rows in rows.values_mut() {
        rows.sort_by(|one, other| age(&one.item).cmp(&age(&other.item)));
    }
    rows
}

/// Sorts items by when they were made.
fn age(item: &Item) -> (u64, &str) {
    (item.id.parse().unwrap_or(u64::MAX), &item.id)
}

/// The row of the Tenantliste that stands for a tenant, given by its key and its name: the one that is remembered, unless
/// it bears another tenant's name by now; else the oldest of its name. `names` leads from every tenant's comparable name to
/// its key.
#[must_use]
pub fn tenant_row<'a>(
    (key, name): (&str, &str),
    rows: &'a [TenantRow],
    known: &Known,
    names: &BTreeMap<String, &str>,
) -> Option<&'a TenantRow> {
    let remembered = known.tenants.get(key);
    let by_memory = rows.iter().find(|row| {
        let others = names.get(&comparable_name(&row.title)).is_some_and(|owner| *owner != key);
        Some(&row.item.id) == remembered && !others
    });
    let name = comparable_name(name);
    let by_name = rows.iter().filter(|row| comparable_name(&row.title) == name);
    by_memory.or_else(|| by_name.min_by(|one, other| age(&one.item).cmp(&age(&other.item))))
}

impl Plan {
    fn tenant(&mut self, tenant: &Tenant, row: Option<&TenantRow>) {
        let mut fields = Vec::new();
        match row {
            None if !tenant.enabled => return,
            None => {
                let (on, monitoring) = (Field::Enabled(tenant.switched_on), Field::Monitoring(tenant.monitoring));
                fields.extend([Field::TenantTitle(tenant.name.clone()), on, monitoring]);
            }
            Some(row) if row.title != tenant.name => fields.push(Field::TenantTitle(tenant.name.clone())),
            Some(_) => {}
        }
        let known_day = row.and_then(|row| row.cert_expires);
        if let Some(day) = tenant.cert_expires.filter(|day| known_day != Some(*day)) {
            fields.push(Field::CertExpires(day));
        }
        if !fields.is_empty() {
            let (row, item) = (Row::Tenant(tenant.key.clone()), row.map(|row| row.item.clone()));
            self.writes.push(Write { row, item, fields });
        }
    }

    fn licences(&mut self, tenant: &Tenant, switches: &Switches, rows: &[&LicenceRow], known: &Known) {
        let licences = tenant.licences.as_deref().unwrap_or_default();
        let found = Found::look(tenant, licences, rows, known);
        for licence in licences {
            let row = found.rows.get(&licence.sku_id).copied();
            if let Some(row) = row {
                self.known.licences.insert((tenant.key.clone(), licence.sku_id), row.item.id.clone());
            }
            if tenant.enabled && switches.enabled {
                self.licence(tenant, licence, row, switches.monitoring);
            }
        }
        let doubled = rows.iter().filter(|row| !found.taken.contains(row.item.id.as_str()));
        let doubled = doubled.filter(|row| licences.iter().any(|licence| licence.is_meant_by(&row.title)));
        self.duplicates.extend(doubled.map(|row| row.item.id.clone()));
        let gone = known.licences.range((tenant.key.clone(), Uuid::nil())..=(tenant.key.clone(), Uuid::max()));
        for ((_, sku), id) in gone {
            let Some(row) = rows.iter().find(|row| row.item.id == *id && !found.taken.contains(id.as_str())) else {
                continue;
            };
            self.known.licences.insert((tenant.key.clone(), *sku), id.clone());
            if tenant.licences.is_some() && tenant.enabled && switches.enabled {
                self.vanished(tenant, *sku, row);
            }
        }
    }

    /// The shortage rule. Source: `docs/design.md`, "Shortage rule", after the source document's own.
    fn licence(&mut self, tenant: &Tenant, licence: &Licence, row: Option<&LicenceRow>, monitoring: bool) {
        let mut fields = Vec::new();
        if row.is_none() {
            fields.push(Field::Licence(licence.title.clone()));
        }
        if row.is_none_or(|row| row.tenant != tenant.name) {
            fields.push(Field::Tenant(tenant.name.clone()));
        }
        numbers(&mut fields, row, licence.numbers);
        let (trigger, informed) = row.map_or((false, false), |row| (row.trigger, row.informed));
        let short = licence.numbers.free <= 0;
        let tells = short && licence.alerts && monitoring;
        if tells && !informed && !trigger {
            fields.push(Field::Trigger(true));
        } else if !tells && trigger {
            // The flow has not run yet, and what it would tell is over, or not to be told any more.
            fields.push(Field::Trigger(false));
        }
        if !short && informed {
            fields.push(Field::Informed(false));
        }
        self.licence_write(tenant, licence.sku_id, row, fields);
    }

    /// A product that the tenant has no more: nothing of it is left, and nobody has to be told. Its shortage is over: should it
    /// come back short, that is the next one, as it is for incidents.
    fn vanished(&mut self, tenant: &Tenant, sku: Uuid, row: &LicenceRow) {
        let mut fields = Vec::new();
        numbers(&mut fields, Some(row), Numbers::default());
        if row.trigger {
            fields.push(Field::Trigger(false));
        }
        if row.informed {
            fields.push(Field::Informed(false));
        }
        self.licence_write(tenant, sku, Some(row), fields);
    }

    fn licence_write(&mut self, tenant: &Tenant, sku: Uuid, row: Option<&LicenceRow>, fields: Vec<Field>) {
        if !fields.is_empty() {
            let (row, item) = (Row::Licence(tenant.key.clone(), sku), row.map(|row| row.item.clone()));
            self.writes.push(Write { row, item, fields });
        }
    }
}

/// Which row is which licence's.
struct Found<'a> {
    rows: HashMap<Uuid, &'a LicenceRow>,
    taken: BTreeSet<&'a str>,
}

impl<'a> Found<'a> {
    /// Memory first, for all, then titles; of several rows with one meaning the oldest.
    fn look(tenant: &Tenant, licences: &[Licence], rows: &[&'a LicenceRow], known: &Known) -> Self {
        let mut found = Self { rows: HashMap::new(), taken: BTreeSet::new() };
        for by_memory in [true, false] {
            for licence in licences {
                let remembered = known.licences.get(&(tenant.key.clone(), licence.sku_id));
                let is_its = |row: &&&'a LicenceRow| {
                    let same =
                        if by_memory { Some(&row.item.id) == remembered } else { licence.is_meant_by(&row.title) };
                    same && !found.taken.contains(row.item.id.as_str())
                };
                if !found.rows.contains_key(&licence.sku_id)
                    && let Some(&row) = rows.iter().find(is_its)
                {
                    found.rows.insert(licence.sku_id, row);
                    found.taken.insert(&row.item.id);
                }
            }
        }
        found
    }
}

fn numbers(fields: &mut Vec<Field>, row: Option<&LicenceRow>, wanted: Numbers) {
    let now = row.and_then(|row| row.numbers);
    for (now, wanted) in [
        (now.map(|now| Field::Available(now.available)), Field::Available(wanted.available)),
        (now.map(|now| Field::Consumed(now.consumed)), Field::Consumed(wanted.consumed)),
        (now.map(|now| Field::Free(now.free)), Field::Free(wanted.free)),
    ] {
        if now.as_ref() != Some(&wanted) {
            fields.push(wanted);
        }
    }
}
