//! `leitwarte roles`: roles in Entra and here, and changes under way.

mod view;

use std::io::Write;

use anyhow::bail;
use bytes::Bytes;
use leitwarte_core::roles::RoleTable;
use leitwarte_core::roles::profile::RoleSyncProfile;
use leitwarte_host::invoke::CallOptions;
use leitwarte_runtime::role_files;
use leitwarte_store::Store;
use serde_json::{Value, json};

use super::invoke::{LONGEST_CALL, client, function_error, in_words};
use crate::words::count;
use crate::{Context, Outcome, Settings};

const FUNCTION: &str = "role-sync";

/// Arguments of `roles`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to do
    #[command(subcommand)]
    pub wish: Wish,
    /// The demo's roles instead of the real ones
    #[arg(long, global = true)]
    pub demo: bool,
}

/// What can be done with roles.
#[derive(Debug, clap::Subcommand)]
pub enum Wish {
    /// Check roles.json and the profile, and show what the last comparison with Entra found
    Check {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Compare everybody with Entra now
    Reconcile,
    /// Show changes under way with their steps, and the last ones that are over
    Operations {
        /// So many that are over
        #[arg(long, value_name = "NUMBER", default_value_t = 10, value_parser = clap::value_parser!(u32).range(0..=1000))]
        closed: u32,
    },
}

/// Does what was asked.
///
/// # Errors
/// A file that cannot be used, the database cannot be read, or no host runs.
pub async fn run(args: Args, context: &Context, out: &mut (dyn Write + Send)) -> anyhow::Result<Outcome> {
    let (settings, _) = context.settings.or_demo(args.demo)?;
    let (table, profile) = files(&settings)?;
    let Some(profile) = profile else {
        writeln!(
            out,
            "Roles are not kept in step with Entra: there is no roles/role-sync-profile.json. The README says how."
        )?;
        return Ok(Outcome::Well);
    };
    match args.wish {
        Wish::Check { json } => {
            let store = settings.open_store(true).await?;
            let outcome = check(&store, &table, &profile, json, context, out).await;
            store.close().await;
            outcome
        }
        Wish::Reconcile => reconcile(context, out).await,
        Wish::Operations { closed } => {
            let store = settings.open_store(true).await?;
            let outcome = operations(&store, &table, &profile, closed, context, out).await;
            store.close().await;
            outcome
        }
    }
}

fn files(settings: &Settings) -> anyhow::Result<(RoleTable, Option<RoleSyncProfile>)> {
    let folder = &settings.app.profiles_dir;
    let unusable = |error: String| anyhow::anyhow!("{error}. Correct the file.");
    Ok((role_files::table(folder).map_err(unusable)?, role_files::profile(folder).map_err(unusable)?))
}

async fn check(
    store: &Store,
    table: &RoleTable,
    profile: &RoleSyncProfile,
    json: bool,
    context: &Context,
    out: &mut (dyn Write + Send),
) -> anyhow::Result<Outcome> {
    let tenant = profile.app.tenant_id;
    let (last, findings) = (store.last_reconciliation(tenant).await?, store.role_findings(tenant).await?);
    let people = store.role_people(tenant).await?;
    let failed = last.as_ref().is_some_and(|last| last.problem.is_some());
    if json {
        let found = findings.iter().map(|one| json!({ "person": one.person, "drift": one.drift, "since": one.since }));
        let value = json!({
            "roles": table.roles().len(), "people": people.len(), "compared_at": last.as_ref().map(|last| last.at),
            "problem": last.as_ref().and_then(|last| last.problem.as_ref()), "findings": found.collect::<Vec<_>>(),
        });
        writeln!(out, "{value:#}")?;
    } else {
        write!(out, "{}", view::findings(table, &people, last.as_ref(), &findings, context.now))?;
    }
    Ok(if failed || !findings.is_empty() { Outcome::Problem } else { Outcome::Well })
}

/// Asks the running `role-sync`, which alone has what comparing takes.
async fn reconcile(context: &Context, out: &mut (dyn Write + Send)) -> anyhow::Result<Outcome> {
    let options = CallOptions { log_tail: false, client_context: None };
    let payload = Bytes::from_static(br#"{"action":"reconcile"}"#);
    let answer = match client(&context.settings)?.call(FUNCTION, payload, &options, LONGEST_CALL).await {
        Ok(answer) => answer,
        Err(error) => return Err(in_words(error, FUNCTION, &context.settings).await),
    };
    let text = String::from_utf8_lossy(&answer.payload);
    if answer.function_error.is_some() {
        bail!("{}", function_error(FUNCTION, &text));
    }
    let report: Value = serde_json::from_str(&text)?;
    let compared = &report["compared"];
    if let Some(problem) = compared["problem"].as_str() {
        bail!("{problem}");
    }
    let number = |name: &str| usize::try_from(compared[name].as_u64().unwrap_or_default()).unwrap_or_default();
    if compared.is_null() {
        writeln!(out, "A comparison is under way right now; `leitwarte roles check` shows what it finds.")?;
        return Ok(Outcome::Well);
    }
    let (people, findings) = (number("people"), number("findings"));
    let people = if people == 1 { "1 person".to_owned() } else { format!("{people} people") };
    writeln!(out, "Compared {people}: {}.", count(findings, "difference"))?;
    if findings > 0 {
        writeln!(out, "`leitwarte roles check` shows them; an administrator decides on the page /roles.")?;
        return Ok(Outcome::Problem);
    }
    Ok(Outcome::Well)
}

async fn operations(
    store: &Store,
    table: &RoleTable,
    profile: &RoleSyncProfile,
    closed: u32,
    context: &Context,
    out: &mut (dyn Write + Send),
) -> anyhow::Result<Outcome> {
    let tenant = profile.app.tenant_id;
    let mut stuck = false;
    for number in store.role_operations_under_way(tenant).await? {
        let Some(operation) = store.role_operation(number).await? else { continue };
        let steps = store.role_steps(number).await?;
        stuck |= operation.trouble.is_some();
        write!(out, "{}", view::under_way(table, &operation, &steps, context.now))?;
    }
    let over = store.role_operations(tenant, None, closed).await?;
    write!(out, "{}", view::over(table, &over, context.now))?;
    Ok(if stuck { Outcome::Problem } else { Outcome::Well })
}
