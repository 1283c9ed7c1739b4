//! One file per command.

pub mod backup;
pub mod certificate;
pub mod changes;
pub mod dead_letters;
pub mod doctor;
pub mod forecast;
pub mod incidents;
pub mod invoke;
pub mod migrate;
pub mod move_database;
pub mod onboard;
mod one_person;
pub mod person;
pub mod restore;
pub mod roles;
pub mod rules;
pub mod sessions;
pub mod sharepoint;
pub mod status;
pub mod tenant;
pub mod up;

use std::io::Write;

use crate::{Command, Context, Outcome};

/// Runs one command.
///
/// # Errors
/// What kept the command from running to its end, in words.
pub async fn run(command: Command, context: &Context, out: &mut (dyn Write + Send)) -> anyhow::Result<Outcome> {
    match command {
        Command::Up(args) => up::run(args, context).await,
        Command::Status(args) => status::run(args, context, out).await,
        Command::Incidents(args) => incidents::run(args, context, out).await,
        Command::Forecast(args) => forecast::run(args, context, out).await,
        Command::Rules(args) => rules::run(args, context, out).await,
        Command::Doctor(args) => doctor::run(args, context, out).await,
        Command::Onboard(args) => onboard::run(&args, context, out),
        Command::Certificate(args) => certificate::run(args, context, out).await,
        Command::Invoke(args) => invoke::run(args, context, out).await,
        Command::DeadLetters(args) => dead_letters::run(args, context, out).await,
        Command::Sessions(args) => sessions::run(args, context, out).await,
        Command::Person(args) => person::run(args, context, out).await,
        Command::Tenant(args) => tenant::run(args, context, out).await,
        Command::Sharepoint(args) => sharepoint::run(args, context, out).await,
        Command::Roles(args) => roles::run(args, context, out).await,
        Command::Changes(args) => changes::run(args, context, out).await,
        Command::Migrate => migrate::run(context, out).await,
        Command::Backup(args) => backup::run(args, context, out).await,
        Command::Restore(args) => restore::run(args, context, out).await,
        Command::MoveDatabase(args) => move_database::run(&args, context, out).await,
    }
}
