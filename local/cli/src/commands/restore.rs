//! `leitwarte restore`: the database from a backup.

use std::fs::DirBuilder;
use std::io::Write;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::PathBuf;

use anyhow::Context as _;
use leitwarte_store::{Actor, Content, Existing};
use tempfile::TempDir;

use crate::table::{left, right};
use crate::terminal::{DIM, GOOD, paint};
use crate::{Context, Outcome};

/// Arguments of `restore`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The backup
    pub file: PathBuf,
    /// Replace what the database holds now; without this it must be empty
    #[arg(long, conflicts_with = "check")]
    pub replace: bool,
    /// Change nothing, only look whether the backup could be restored, and show what it holds
    #[arg(long)]
    pub check: bool,
}

/// Restores, or checks.
///
/// # Errors
/// A backup that cannot be used, or a database that is not empty. The database is then as it was before.
pub async fn run(args: Args, context: &Context, out: &mut (dyn Write + Send)) -> anyhow::Result<Outcome> {
    if args.check {
        let contents = check(&args, context).await?;
        show(&contents, out)?;
        writeln!(out, "\n{} {} can be restored.", paint(GOOD, "✔"), args.file.display())?;
        return Ok(Outcome::Well);
    }
    let existing = if args.replace { Existing::Replace } else { Existing::Refuse };
    let store = context.settings.open_store(false).await?;
    let scratch = scratch(context)?;
    let restored = store.restore(&args.file, scratch.path(), existing).await;
    if restored.is_ok() {
        // A session that was ended after the backup was made must not live again.
        let actor = Actor { person: None, who: context.settings.user() };
        store.end_all_sessions(actor, context.now).await?;
    }
    store.close().await;
    let contents = restored.map_err(|error| {
        let advice = match &error {
            leitwarte_store::BackupError::Copy(leitwarte_store::CopyError::NotEmpty { .. }) => {
                ". Make a backup of it first, then replace it with --replace"
            }
            _ => "",
        };
        anyhow::anyhow!("{:#}{advice}", anyhow::Error::from(error))
    })?;
    show(&contents, out)?;
    let shown = context.settings.database_shown();
    writeln!(out, "\n{} {shown} holds what {} held.", paint(GOOD, "✔"), args.file.display())?;
    Ok(Outcome::Well)
}

/// Restores into a database that is thrown away.
async fn check(args: &Args, context: &Context) -> anyhow::Result<Vec<Content>> {
    let scratch = scratch(context)?;
    let database_url = format!("sqlite://{}", scratch.path().join("leitwarte.db").display());
    let config = leitwarte_store::Config { database_url, read_only: false, max_connections: 1 };
    let store = leitwarte_store::Store::open(&config).await?;
    let contents = store.restore(&args.file, scratch.path(), Existing::Refuse).await?;
    store.close().await;
    Ok(contents)
}

/// A folder for what is needed meanwhile, gone when dropped. Not beside the backup, which may lie where nothing can be
/// written, and not where temporary files usually are: a container has no such place.
fn scratch(context: &Context) -> anyhow::Result<TempDir> {
    let data = &context.settings.app.data_dir;
    let make = || {
        DirBuilder::new().recursive(true).mode(0o700).create(data)?;
        tempfile::Builder::new().prefix("restore-").tempdir_in(data)
    };
    make()
        .with_context(|| format!("cannot write into {}; set DATA_DIR to a folder with room for a copy", data.display()))
}

/// The tables with their rows and what is in them.
pub(super) fn show(contents: &[Content], out: &mut (dyn Write + Send)) -> std::io::Result<()> {
    let width = contents.iter().map(|table| table.table.len()).max().unwrap_or(0).max(5) + 2;
    writeln!(out, "{}", paint(DIM, format!("{}{}  SHA-256 sum of the rows", left("table", width), right("rows", 10))))?;
    for table in contents {
        let sum = table.sum.to_string();
        writeln!(out, "{}{}  {}…", left(&table.table, width), right(&table.rows.to_string(), 10), &sum[..16])?;
    }
    Ok(())
}
