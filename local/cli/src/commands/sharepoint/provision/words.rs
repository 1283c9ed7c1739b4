//! What `provision` says.

use std::io::Write;

use leitwarte_core::sharepoint::provision::Step;
use leitwarte_graph::{AppRegistration, GraphError};

use crate::terminal::{BAD, DIM, paint};
use crate::words::wrap;

/// A step, after "would make" or "made" for what comes into being.
pub(super) fn step(step: &Step, done: bool) -> String {
    let make = if done { "made" } else { "would make" };
    match step {
        Step::MakeList(list) => {
            let columns: Vec<&str> = list.columns.iter().map(|column| column.name).collect();
            format!("{make} the list {} with {}", list.name, columns.join(", "))
        }
        Step::AddColumn { list_name, column, .. } => {
            format!("{make} the column {} in the {list_name}, for {}", column.name, column.holds.words())
        }
        Step::ShowTitleAs { list_name, name, .. } => {
            let show = if done { "showed" } else { "would show" };
            format!("{show} the column Title of the {list_name} as {name}")
        }
    }
}

/// A row of the Parameterliste.
pub(super) fn parameter(name: &str, value: &str, done: bool) -> String {
    let make = if done { "made" } else { "would make" };
    let value = if value.is_empty() { "to be filled in".to_owned() } else { format!("\"{value}\"") };
    format!("{make} the row {name} in the Parameterliste, {value}")
}

/// Why it did not work, and what to do; a missing permission with the request that gives it.
pub(super) fn failure(
    out: &mut (dyn Write + Send),
    error: &GraphError,
    app: &AppRegistration,
    site_id: Option<&str>,
    width: usize,
) -> std::io::Result<()> {
    let failure = error.failure();
    let room = width.saturating_sub(4).max(40);
    for line in wrap(&failure.message, room) {
        writeln!(out, "  {}", paint(BAD, line))?;
    }
    let fix = match error {
        GraphError::Forbidden { .. } => return permission(out, app, site_id.unwrap_or("{site-id}"), room),
        GraphError::Refused { status: 404, .. } => {
            "Check the site's address (or site_id in the profile) and that the site belongs to the profile's tenant."
                .to_owned()
        }
        GraphError::Refused { status: 409, .. } => {
            "A list or column of that name is there, but was not a moment ago: run this again.".to_owned()
        }
        GraphError::Unavailable { .. } | GraphError::BadAnswer { .. } => {
            format!("Run this again: what was made is recognised and not made twice. {}", failure.fix)
        }
        _ => failure.fix,
    };
    wrap(&fix, room).iter().try_for_each(|line| writeln!(out, "  {line}"))
}

/// Two ways to give the permission. Source: Microsoft Learn, "Overview of Selected permissions".
fn permission(out: &mut (dyn Write + Send), app: &AppRegistration, site_id: &str, room: usize) -> std::io::Result<()> {
    let client = app.client_id;
    for line in wrap(
        &format!(
            "Give the app {client} for the time of this command either the application permission Sites.Manage.All \
             (Entra admin centre, App registrations, API permissions, with admin consent), or, with Sites.Selected, a role \
             above write for this site. An administrator sends for that, for example in Graph Explorer with \
             Sites.FullControl.All:"
        ),
        room,
    ) {
        writeln!(out, "  {line}")?;
    }
    writeln!(out, "\n    POST {}/v1.0/sites/{site_id}/permissions", app.graph_endpoint)?;
    writeln!(
        out,
        "    {{\"roles\":[\"fullcontrol\"],\"grantedToIdentities\":[{{\"application\":{{\"id\":\"{client}\",\
         \"displayName\":\"Leitwarte\"}}}}]}}\n"
    )?;
    let after = "Then run this again, and afterwards send the same with \"write\", which is all that syncing needs.";
    writeln!(out, "  {}", paint(DIM, after))
}
