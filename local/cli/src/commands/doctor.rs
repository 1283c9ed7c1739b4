//! `leitwarte doctor`: looks at everything that has to be right, and says what to do about what is not.

mod clock;
mod connection;
mod database;
mod finding;
mod machine;
mod notifications;
mod people;
mod programs;
mod running;
mod sharepoint;
mod sign_in;
mod tenants;

use std::io::Write;

use super::up::demo_runs;
use crate::{Context, Outcome};

/// Arguments of `doctor`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Ask neither Entra nor Graph
    #[arg(long)]
    pub offline: bool,
    /// The findings as JSON
    #[arg(long)]
    pub json: bool,
    /// Look at the demo instead of the real tenants
    #[arg(long)]
    pub demo: bool,
}

/// Makes every check and prints what it found.
///
/// # Errors
/// Only when the result cannot be written; what is wrong is a finding.
pub async fn run(args: Args, context: &Context, out: &mut (dyn Write + Send)) -> anyhow::Result<Outcome> {
    let (settings, is_demo) = context.settings.or_demo(args.demo)?;
    let mut findings = machine::check(&settings);
    findings.extend(programs::check(&settings, &crate::programs::own_folder()?));
    let (database, known) = database::check(&settings).await;
    findings.push(database);
    findings.extend(database::queue(&settings).await);
    let profiles_dir = &settings.app.profiles_dir;
    findings.extend(sign_in::check(&settings, !args.offline, context.now).await);
    findings.extend(tenants::folder(&settings));
    let mut examined = tenants::check(profiles_dir, &known, context.now);
    // Without a usable tenant there is nothing to tell of.
    let has_tenants = !examined.usable.is_empty();
    if !args.offline {
        findings.extend(clock::check(&settings, &examined.usable).await);
        connection::check(&settings, &mut examined).await;
    }
    findings.extend(examined.into_findings());
    let lists = sharepoint::check(&settings, context.now).await;
    if has_tenants {
        findings.extend(notifications::check(&settings, !lists.is_empty(), context.now).await);
    }
    findings.extend(lists);
    findings.extend(running::check(&settings).await);
    if !is_demo && demo_runs(&context.settings.app.data_dir) {
        findings.push(running::demo());
    }
    findings.sort_by_key(|finding| finding.area);

    if args.json {
        writeln!(out, "{}", serde_json::to_string_pretty(&findings)?)?;
    } else {
        if is_demo {
            writeln!(out, "This looks at the demo, not at real tenants.\n")?;
        }
        out.write_all(finding::render(&findings, context.width).as_bytes())?;
    }
    Ok(if finding::any_bad(&findings) { Outcome::Problem } else { Outcome::Well })
}

#[cfg(test)]
mod tests;
