//! The command line's grammar. The arguments of each command stand in that command's file.

use clap::{Parser, Subcommand};

use crate::commands::{
    backup, certificate, changes, dead_letters, doctor, forecast, incidents, invoke, move_database, onboard, person,
    restore, roles, rules, sessions, sharepoint, status, tenant, up,
};

const AFTER_HELP: &str = "\
Settings come from the environment; all have defaults:
  PROFILES_DIR   config-profiles           tenant profiles
  DATA_DIR       data                      database, queue, generated secrets
  DATABASE_URL   sqlite://$DATA_DIR/leitwarte.db, or postgres://USER@HOST/DATABASE
  DATABASE_PASSWORD_FILE   not set         a file with the server's password
  BACKUP_DIR     $DATA_DIR/backups         where backups lie
  GATEWAY_ADDR   127.0.0.1:8080            pages and API
  INVOKE_ADDR    127.0.0.1:9001            Lambda Invoke API
  METRICS_ADDR   127.0.0.1:9002            metrics and health of the host
  RUNTIME_ADDR   127.0.0.1:0               where functions fetch their work; 0 takes free ports
  NO_COLOR       not set                   any value: no colours

Exit codes: 0 all is well, 1 something is wrong or failed, 2 the command line cannot be used.";

/// Watches the Microsoft 365 licences of many tenants and tells you before they run out.
#[derive(Debug, Parser)]
#[command(name = "leitwarte", version, about, after_help = AFTER_HELP, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start everything and keep it running until Ctrl-C
    Up(up::Args),
    /// Show every tenant's licences, worst first
    Status(status::Args),
    /// Show shortages, and say what is done about them
    Incidents(incidents::Args),
    /// Show what runs out when, and by when to order
    Forecast(forecast::Args),
    /// Show what was bought, assigned, suspended in a tenant
    Changes(changes::Args),
    /// Show and set what counts as a shortage
    Rules(rules::Args),
    /// Check profiles, certificates, permissions, database and machine, and say what to do
    Doctor(doctor::Args),
    /// Take in a new tenant: make its key, certificate and profile, and say what to do in Entra
    Onboard(onboard::Args),
    /// Show the certificates, and renew them
    Certificate(certificate::Args),
    /// Run a function by hand and print its answer
    Invoke(invoke::Args),
    /// Look after asynchronous events that could not be delivered
    DeadLetters(dead_letters::Args),
    /// Make the lists in SharePoint, and show what the next sync would write
    Sharepoint(sharepoint::Args),
    /// Show roles in Entra and here, and changes under way
    Roles(roles::Args),
    /// Show who is signed in, and end sessions
    Sessions(sessions::Args),
    /// Hand over or erase everything that is kept of one person who has signed in
    Person(person::Args),
    /// Hand over or erase everything that is kept of one tenant
    Tenant(tenant::Args),
    /// Create the database, or bring it up to date after an upgrade
    Migrate,
    /// Write the database into a file, while everything goes on working
    Backup(backup::Args),
    /// Bring the database back from a backup, or only look whether that would work
    Restore(restore::Args),
    /// Carry everything from one database into another, for example from SQLite to PostgreSQL
    MoveDatabase(move_database::Args),
}
