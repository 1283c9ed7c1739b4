//! Reading both lists.

use std::sync::PoisonError;
use std::time::Duration;

use leitwarte_core::poll::{FailureKind, PollFailure};
use leitwarte_core::sharepoint::columns::{LicenceColumns, TenantColumns};
use leitwarte_core::sharepoint::profile::SharePointProfile;
use leitwarte_core::sharepoint::rows::{LicenceRow, TenantRow};
use leitwarte_graph::{AppRegistration, Budget, GraphError};
use tokio::time::Instant;

use crate::{Deps, cells};

/// How long the columns' names are believed to be the same.
const COLUMNS_LAST: Duration = Duration::from_hours(1);

/// The inner names of both lists' columns.
#[derive(Debug, Clone)]
pub(crate) struct Columns {
    pub(crate) tenants: TenantColumns,
    pub(crate) licences: LicenceColumns,
}

/// Both lists, whole.
#[derive(Debug)]
pub(crate) struct BothLists {
    pub(crate) tenants: Vec<TenantRow>,
    pub(crate) licences: Vec<LicenceRow>,
}

/// The columns, from memory if they were read during the last hour.
pub(crate) async fn columns(
    deps: &Deps,
    key: &str,
    profile: &SharePointProfile,
    app: &AppRegistration,
    budget: &Budget,
) -> Result<Columns, PollFailure> {
    let lists = &profile.lists;
    let memory_key = format!("{key} {} {:?}", lists.site_id, lists.field_mapping);
    let remembered = {
        let memory = deps.columns.lock().unwrap_or_else(PoisonError::into_inner);
        memory.get(&memory_key).filter(|(at, _)| at.elapsed() < COLUMNS_LAST).map(|(_, columns)| columns.clone())
    };
    if let Some(columns) = remembered {
        return Ok(columns);
    }
    let ids = [lists.tenant_list_id, lists.license_list_id];
    let mut found =
        deps.graph.list_columns(app, budget, &lists.site_id, &ids).await.map_err(|error| explained(&error))?;
    let (of_licences, of_tenants) = (found.pop().unwrap_or_default(), found.pop().unwrap_or_default());
    let missing = |error: leitwarte_core::sharepoint::columns::ColumnError| PollFailure {
        kind: FailureKind::Profile,
        message: format!("In SharePoint {error}."),
        fix: "Make the column in the list, or correct `field_mapping` in the profile.".to_owned(),
    };
    let columns = Columns {
        tenants: TenantColumns::resolve(&of_tenants).map_err(missing)?,
        licences: LicenceColumns::resolve(lists, &of_licences).map_err(missing)?,
    };
    let mut memory = deps.columns.lock().unwrap_or_else(PoisonError::into_inner);
    memory.insert(memory_key, (Instant::now(), columns.clone()));
    Ok(columns)
}

/// Forgets the columns: one of them may be gone.
pub(crate) fn forget_columns(deps: &Deps) {
    deps.columns.lock().unwrap_or_else(PoisonError::into_inner).clear();
}

/// All rows of both lists, or an error.
pub(crate) async fn read(
    deps: &Deps,
    profile: &SharePointProfile,
    app: &AppRegistration,
    columns: &Columns,
    budget: &Budget,
) -> Result<BothLists, PollFailure> {
    let (lists, graph) = (&profile.lists, &deps.graph);
    let (tenant_columns, licence_columns) = (columns.tenants.all(), columns.licences.all());
    let tenants = graph.list_items(app, budget, &lists.site_id, lists.tenant_list_id, &tenant_columns);
    let licences = graph.list_items(app, budget, &lists.site_id, lists.license_list_id, &licence_columns);
    let (tenants, licences) = tokio::try_join!(tenants, licences).map_err(|error| {
        forget_columns(deps);
        explained(&error)
    })?;
    Ok(BothLists {
        tenants: tenants.into_iter().map(|item| item.into_tenant_row(&columns.tenants)).collect(),
        licences: licences.into_iter().map(|item| cells::licence_row(item, &columns.licences)).collect(),
    })
}

/// What a failed call means to whoever looks after the lists.
pub(crate) fn explained(error: &GraphError) -> PollFailure {
    let mut failure = error.failure();
    if let GraphError::Refused { status: 404, .. } = error {
        "Check site_id and the ids of the lists in the profile; the site or a list is not there, or the application may \
         not see it."
            .clone_into(&mut failure.fix);
    }
    failure
}
