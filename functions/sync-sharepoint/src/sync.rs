//! One sync: read, plan, write, remember.

use std::sync::PoisonError;
use std::time::Duration;

use leitwarte_core::poll::{FailureKind, PollFailure};
use leitwarte_core::sharepoint::plan::{Field, Known, Lists, Plan, Row, Write, plan};
use leitwarte_core::sharepoint::profile::SharePointProfile;
use leitwarte_core::sharepoint::rows::Tenant;
use leitwarte_graph::{AppRegistration, Budget, GraphError, ItemWrite, MOST_IN_A_BATCH, Written};
use leitwarte_store::StoreError;
use tokio::time::Instant;

use crate::event::ProfileReport;
use crate::lists::{self, Columns};
use crate::pace::{Pace, UNITS_OF_A_WRITE};
use crate::{Deps, cells, tenants, words};

/// A row that somebody changes at the same time, or an answer that is lost, is met by reading and planning again.
const ROUNDS: u32 = 3;
/// Less is too little for another batch.
const SHORTEST: Duration = Duration::from_secs(2);

/// What one round left open.
#[derive(Debug, Default)]
struct Round {
    /// Somebody else changed a row, or nobody knows what became of a write.
    again: bool,
    /// Why nobody knows: a failure unless the next round finds everything in order.
    unanswered: Option<PollFailure>,
    failure: Option<PollFailure>,
}

pub(crate) async fn sync(
    deps: &Deps,
    profile: &SharePointProfile,
    budget: &Budget,
    report: &mut ProfileReport,
) -> Result<(), PollFailure> {
    let app = AppRegistration::from(&profile.app);
    let mut failure = Some(no_time());
    for _ in 0..ROUNDS {
        let key = report.profile.clone();
        let Some(Look { columns, known, plan, .. }) = look(deps, &key, profile, &app, budget).await? else { break };
        deps.store.set_switches(&plan.switches).await.map_err(stored)?;
        deps.store.remember_rows(&key, &known, &plan.known).await.map_err(stored)?;
        report.doubled_rows = plan.duplicates;
        let writer = Writer { deps, profile, app: &app, columns: &columns, budget };
        let round = writer.write(&plan.writes, report).await?;
        failure = round.failure.or(round.unanswered);
        if !round.again {
            break;
        }
    }
    failure.map_or(Ok(()), Err)
}

/// The lists as they are, and what is to be done about them.
struct Look {
    columns: Columns,
    known: Known,
    tenants: Vec<Tenant>,
    plan: Plan,
}

/// Reads everything and plans; nothing when there is no time for that.
async fn look(
    deps: &Deps,
    key: &str,
    profile: &SharePointProfile,
    app: &AppRegistration,
    budget: &Budget,
) -> Result<Option<Look>, PollFailure> {
    let columns = lists::columns(deps, key, profile, app, budget).await?;
    if !may_go_on(deps, key, Pace::reading, budget).await {
        return Ok(None);
    }
    let before = budget.spent().requests;
    let both = lists::read(deps, profile, app, &columns, budget).await;
    with_pace(deps, key, |pace| pace.have_read(Instant::now(), budget.spent().requests - before));
    let both = both?;
    let known = deps.store.known_rows(key).await.map_err(stored)?;
    let tenants = tenants::read(&deps.store, &deps.polls, (deps.clock)()).await.map_err(stored)?;
    let plan = plan(&tenants, Lists { tenants: &both.tenants, licences: &both.licences, known: &known });
    Ok(Some(Look { columns, known, tenants, plan }))
}

/// What a sync would write now, a line each. Writes nothing, not even into the database.
pub(crate) async fn planned(
    deps: &Deps,
    profile: &SharePointProfile,
    budget: &Budget,
    report: &mut ProfileReport,
) -> Result<(), PollFailure> {
    let app = AppRegistration::from(&profile.app);
    let key = report.profile.clone();
    let Look { tenants, plan, .. } = look(deps, &key, profile, &app, budget).await?.ok_or_else(no_time)?;
    report.left = plan.writes.len();
    report.planned = Some(plan.writes.iter().map(|write| words::line(write, &tenants)).collect());
    report.doubled_rows = plan.duplicates;
    Ok(())
}

struct Writer<'a> {
    deps: &'a Deps,
    profile: &'a SharePointProfile,
    app: &'a AppRegistration,
    columns: &'a Columns,
    budget: &'a Budget,
}

impl Writer<'_> {
    /// Writes what it can in the time there is; `report.left` is what it could not.
    async fn write(&self, writes: &[Write], report: &mut ProfileReport) -> Result<Round, PollFailure> {
        let mut round = Round::default();
        report.left = writes.len();
        let mut waiting: Vec<&Write> = writes.iter().rev().collect();
        while !waiting.is_empty() && self.budget.deadline() > Instant::now() + SHORTEST {
            let batch: Vec<&Write> =
                waiting.split_off(waiting.len().saturating_sub(MOST_IN_A_BATCH)).into_iter().rev().collect();
            let units = UNITS_OF_A_WRITE * u32::try_from(batch.len()).unwrap_or(u32::MAX);
            if !may_go_on(self.deps, &report.profile, |_| units, self.budget).await {
                break;
            }
            with_pace(self.deps, &report.profile, |pace| pace.spend(Instant::now(), units));
            let items: Vec<ItemWrite> = batch.iter().map(|write| self.item(write)).collect();
            let site = &self.profile.lists.site_id;
            let outcomes = match self.deps.graph.write_items(self.app, self.budget, site, &items).await {
                Ok(outcomes) => outcomes,
                // Nobody knows what became of them; reading again tells.
                Err(error @ (GraphError::Unavailable { .. } | GraphError::BadAnswer { .. })) => {
                    round.again = true;
                    round.unanswered = Some(lists::explained(&error));
                    break;
                }
                Err(error) => return Err(lists::explained(&error)),
            };
            let mut made = Known::default();
            let mut pause = None;
            for (write, outcome) in batch.into_iter().zip(outcomes) {
                match outcome {
                    Written::Done { id } => {
                        report.left -= 1;
                        report.written += 1;
                        report.triggered += usize::from(write.fields.contains(&Field::Trigger(true)));
                        if write.item.is_none() {
                            note(&mut made, &write.row, id);
                        }
                    }
                    Written::Outdated => round.again = true,
                    Written::Unknown => {
                        round.again = true;
                        round.unanswered.get_or_insert_with(|| not_taken(write));
                    }
                    Written::Throttled(asked) => {
                        waiting.push(write);
                        pause = pause.max(Some(asked));
                    }
                    Written::Refused(error) => {
                        lists::forget_columns(self.deps);
                        round.failure.get_or_insert_with(|| refused(write, &error));
                    }
                }
            }
            self.deps.store.remember_rows(&report.profile, &Known::default(), &made).await.map_err(stored)?;
            if let Some(pause) = pause {
                if Instant::now() + pause >= self.budget.deadline() {
                    break;
                }
                tokio::time::sleep(pause).await;
            }
        }
        Ok(round)
    }

    fn item(&self, write: &Write) -> ItemWrite {
        let lists = &self.profile.lists;
        let list = match write.row {
            Row::Tenant(_) => lists.tenant_list_id,
            Row::Licence(..) => lists.license_list_id,
        };
        let fields = cells::cells(&write.fields, &self.columns.tenants, &self.columns.licences);
        ItemWrite { list, item: write.item.clone(), fields }
    }
}

fn note(known: &mut Known, row: &Row, id: String) {
    match row {
        Row::Tenant(key) => known.tenants.insert(key.clone(), id),
        Row::Licence(key, sku) => known.licences.insert((key.clone(), *sku), id),
    };
}

/// Waits until SharePoint may be asked for so many units more; tells whether there is time for that.
async fn may_go_on(deps: &Deps, key: &str, units: impl FnOnce(&Pace) -> u32, budget: &Budget) -> bool {
    let wait = |pace: &mut Pace| pace.wait(Instant::now(), units(pace));
    let at = Instant::now() + with_pace(deps, key, wait);
    if at + SHORTEST >= budget.deadline() {
        return false;
    }
    tokio::time::sleep_until(at).await;
    true
}

/// The pace of one profile: only one run at a time has its lease.
fn with_pace<T>(deps: &Deps, key: &str, work: impl FnOnce(&mut Pace) -> T) -> T {
    let mut paces = deps.paces.lock().unwrap_or_else(PoisonError::into_inner);
    work(paces.entry(key.to_owned()).or_insert_with(|| Pace::new(deps.units_per_minute)))
}

/// The row that a write is about, in words.
fn row(write: &Write) -> String {
    match &write.row {
        Row::Tenant(key) => format!("the row of {key} in the Tenantliste"),
        Row::Licence(key, sku) => format!("the row of {key} and {sku} in the Lizenzstatusliste"),
    }
}

fn no_time() -> PollFailure {
    PollFailure {
        kind: FailureKind::Timeout,
        message: "There was no time left to read the lists.".to_owned(),
        fix: "The next sync tries again; if it stays, see whether the lists of another profile take all the time."
            .to_owned(),
    }
}

/// SharePoint answered with an error of its own, each time.
fn not_taken(write: &Write) -> PollFailure {
    PollFailure {
        kind: FailureKind::Unavailable,
        message: format!("SharePoint has trouble of its own with {}, and perhaps with others.", row(write)),
        fix: "The next sync tries again; if it stays, see Microsoft's service status.".to_owned(),
    }
}

fn refused(write: &Write, error: &GraphError) -> PollFailure {
    let row = row(write);
    let failure = lists::explained(error);
    PollFailure {
        message: format!("SharePoint does not take {row}: {}", failure.message),
        fix: format!("Check the list's columns: text, number, yes/no, date. {}", failure.fix),
        ..failure
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn stored(error: StoreError) -> PollFailure {
    let cause = std::error::Error::source(&error).map(|cause| format!(" ({cause})")).unwrap_or_default();
    PollFailure {
        kind: FailureKind::Internal,
        message: format!("The database failed: {}{cause}.", error.operation()),
        fix: format!("{}.", error.advice()),
    }
}
