//! `leitwarte status`: every tenant's stock, worst first.

mod view;

use std::io::Write;

use anyhow::bail;
use leitwarte_core::poll::PollPolicy;
use leitwarte_core::status::{StatusRow, TenantSnapshot};
use leitwarte_store::{Store, StoreErrorKind};

use super::up::demo_runs;
use crate::words::{DEMO_RUNS, unknown_tenant};
use crate::{Context, Outcome, Settings};

/// Arguments of `status`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only this tenant, all of its licences: its short name, or exactly the name shown
    pub tenant: Option<String>,
    /// Also show the licences that are fine
    #[arg(long)]
    pub all: bool,
    /// The rows of the API as JSON
    #[arg(long)]
    pub json: bool,
    /// The demo's tenants instead of the real ones
    #[arg(long)]
    pub demo: bool,
}

/// Shows the stock.
///
/// # Errors
/// A database that cannot be read.
pub async fn run(args: Args, context: &Context, out: &mut (dyn Write + Send)) -> anyhow::Result<Outcome> {
    let (settings, is_demo) = context.settings.or_demo(args.demo)?;
    let demo_hides_them = !is_demo && demo_runs(&context.settings.app.data_dir);
    if demo_hides_them && args.json {
        writeln!(anstream::stderr(), "{DEMO_RUNS}")?;
    } else if demo_hides_them {
        writeln!(out, "{DEMO_RUNS}")?;
    }
    if let Some(error) = settings.database_unreadable() {
        let shown = settings.database_shown();
        bail!("cannot read the database {shown}: {error}. Use the account that runs `leitwarte up`.");
    }
    let store = settings.open_store(true).await?;
    let found = read(&store, args.tenant.as_deref()).await.map_err(|error| error.at(settings.database_shown()));
    store.close().await;
    let (last_tick, snapshots) = match found {
        Ok(found) => found,
        Err(error) if error.kind() == StoreErrorKind::NotReady && demo_hides_them => return Ok(Outcome::Problem),
        Err(error) if error.kind() == StoreErrorKind::NotReady => return nothing_yet(&settings, out),
        Err(error) => return Err(error.into()),
    };
    let policy = settings.app.polls;
    if args.json {
        writeln!(out, "{}", serde_json::to_string_pretty(&rows(&snapshots, &policy, context))?)?;
        return Ok(Outcome::Well);
    }
    if is_demo {
        writeln!(out, "Demo tenants, not real ones.")?;
    }
    match args.tenant {
        Some(name) if snapshots.is_empty() => {
            writeln!(out, "{}", unknown_tenant(&name))?;
            return Ok(Outcome::Problem);
        }
        None if snapshots.is_empty() && demo_hides_them => return Ok(Outcome::Problem),
        None if snapshots.is_empty() => return no_tenant(&settings, last_tick.is_some(), out),
        _ => {}
    }
    let show_all = args.all || args.tenant.is_some();
    let view = view::View { policy: &policy, now: context.now, width: context.width, show_all, last_tick };
    out.write_all(view.render(&snapshots).as_bytes())?;
    Ok(Outcome::Well)
}

type Found = (Option<chrono::DateTime<chrono::Utc>>, Vec<TenantSnapshot>);

async fn read(store: &Store, tenant: Option<&str>) -> Result<Found, leitwarte_store::StoreError> {
    let last_tick = store.revision().await?.last_tick;
    let snapshots = match tenant {
        Some(name) => store.snapshot(name).await?.into_iter().collect(),
        None => store.snapshots().await?,
    };
    Ok((last_tick, snapshots))
}

fn rows(snapshots: &[TenantSnapshot], policy: &PollPolicy, context: &Context) -> Vec<StatusRow> {
    let mut rows: Vec<StatusRow> = snapshots.iter().flat_map(|snapshot| snapshot.rows(policy, context.now)).collect();
    rows.sort_by(|a, b| a.severity().cmp(&b.severity()));
    rows
}

fn nothing_yet(settings: &Settings, out: &mut (dyn Write + Send)) -> anyhow::Result<Outcome> {
    writeln!(
        out,
        "No numbers yet: there is no database at {}. Start `leitwarte up`; it polls at once. If it runs already, \
         use the same DATA_DIR here.",
        settings.database_shown()
    )?;
    Ok(Outcome::Problem)
}

fn no_tenant(settings: &Settings, polled: bool, out: &mut (dyn Write + Send)) -> anyhow::Result<Outcome> {
    let profiles = settings.app.profiles_dir.display();
    if polled {
        writeln!(out, "No tenant is configured in {profiles}. Take one in with `leitwarte onboard --help`.")?;
    } else {
        writeln!(out, "Nothing has been polled yet. Start `leitwarte up`, or ask `leitwarte doctor` what is wrong.")?;
    }
    Ok(Outcome::Problem)
}
