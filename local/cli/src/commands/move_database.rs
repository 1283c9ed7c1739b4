//! `leitwarte move-database`: everything from one database into another.

mod emulators;

use std::fs::{File, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use leitwarte_database::{Address, Database, Existing, Options, Tables};

use super::restore::show;
use crate::terminal::{BOLD, GOOD, paint};
use crate::{Context, Outcome};

/// Arguments of `move-database`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// From where: `sqlite://FILE` or `postgres://USER@HOST/DATABASE`
    pub from: String,
    /// To where: a database in which nothing is stored yet
    pub to: String,
}

/// Copies the application's tables and the event queue, and compares. The source stays as it is.
///
/// # Errors
/// One of them cannot be used, the target is not empty, or something still runs. The target is then as it was before.
pub async fn run(args: &Args, context: &Context, out: &mut (dyn Write + Send)) -> anyhow::Result<Outcome> {
    let (from, to) = (address(&args.from, context, "FROM")?, address(&args.to, context, "TO")?);
    if from == to {
        bail!("FROM and TO are the same database");
    }
    // Held until all is copied: no emulator starts meanwhile.
    let _locks = [lock(&from)?, lock(&to)?];
    // Nothing of the kind keeps them from a server, so there they are looked for before and after.
    let known = if from.is_postgres() { Some(emulators::none_runs(&from).await?) } else { None };
    let parts = [
        ("Application", &leitwarte_store::TABLES, from.clone(), to.clone()),
        ("Event queue", &leitwarte_emulator::TABLES, queue(&from), queue(&to)),
    ];
    for (name, tables, from, to) in parts {
        writeln!(out, "{}: {from} → {to}", paint(BOLD, name))?;
        if file(&from).is_some_and(|file| !file.exists()) {
            if name == "Application" {
                bail!("there is no file {from}");
            }
            writeln!(out, "  there is none\n")?;
            continue;
        }
        let (source, target) = (open(from, tables).await?, open(to, tables).await?);
        let contents = source.copy_to(&target, tables, Existing::Refuse).await?;
        source.pool().close().await;
        target.pool().close().await;
        show(&contents, out)?;
        writeln!(out)?;
    }
    if let Some(known) = known {
        emulators::still_none(&from, &known).await?;
    }
    writeln!(out, "{} Everything arrived; rows and sums are the same on both sides.", paint(GOOD, "✔"))?;
    writeln!(
        out,
        "Now set DATABASE_URL={to} everywhere and start again. {from} is as it was; keep it until all is well."
    )?;
    Ok(Outcome::Well)
}

/// The address an argument gives; a server's password may come from `DATABASE_PASSWORD_FILE`.
fn address(text: &str, context: &Context, which: &str) -> anyhow::Result<Address> {
    let lookup = |name: &str| match name {
        "DATABASE_URL" => Some(text.to_owned()),
        name => context.settings.host.get(name).map(ToOwned::to_owned),
    };
    Address::from_lookup(lookup, "".as_ref()).with_context(|| format!("{which} cannot be used"))
}

/// The file of an address that is not a server's.
fn file(address: &Address) -> Option<PathBuf> {
    (!address.is_postgres()).then(|| PathBuf::from(address.to_string()))
}

/// Where the event queue belongs: beside the application's file, or in the same server's database.
fn queue(address: &Address) -> Address {
    file(address).map_or_else(|| address.clone(), |file| Address::file(file.with_file_name("queue.db")))
}

/// Keeps an emulator from using the folder of a file, if one has ever done so.
fn lock(address: &Address) -> anyhow::Result<Option<File>> {
    let Some(path) = file(address).map(|file| file.with_file_name("emulator.lock")) else { return Ok(None) };
    let lock = match File::open(&path) {
        Ok(lock) => lock,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("cannot use {}", path.display())),
    };
    match lock.try_lock() {
        Ok(()) => Ok(Some(lock)),
        Err(TryLockError::WouldBlock) => {
            let folder = path.parent().unwrap_or(Path::new("."));
            bail!(
                "Leitwarte is running on {}; stop it, or what it does meanwhile would be left behind",
                folder.display()
            )
        }
        Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("cannot use {}", path.display())),
    }
}

async fn open(address: Address, tables: &Tables) -> anyhow::Result<Database> {
    let shown = address.to_string();
    let options = Options { schema: tables.schema, read_only: false, max_connections: 1 };
    let database = Database::new(address, options).with_context(|| format!("cannot use {shown}"))?;
    database.prepare(tables.steps).await.with_context(|| format!("cannot use {shown}"))?;
    Ok(database)
}
