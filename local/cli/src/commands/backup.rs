//! `leitwarte backup`: the application's database in one file, checked.

use std::io::Write;
use std::path::PathBuf;

use leitwarte_store::backup_name;

use crate::terminal::{GOOD, paint};
use crate::words::count;
use crate::{Context, Outcome};

/// Arguments of `backup`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The new file; without it, one named after the time in the folder of backups
    pub file: Option<PathBuf>,
}

/// Makes a backup.
///
/// # Errors
/// A database that cannot be read, or a file that cannot be written. There is no new file then.
pub async fn run(args: Args, context: &Context, out: &mut (dyn Write + Send)) -> anyhow::Result<Outcome> {
    let file = args.file.unwrap_or_else(|| context.settings.app.backups.folder.join(backup_name(context.now)));
    let store = context.settings.open_store(true).await?;
    store.ready().await.map_err(|error| error.at(context.settings.database_shown()))?;
    let made = store.back_up(&file).await;
    store.close().await;
    let contents = made?;
    let rows = contents.iter().map(|table| table.rows).sum::<u64>();
    let (tables, rows) = (count(contents.len(), "table"), count(usize::try_from(rows)?, "row"));
    writeln!(
        out,
        "{} {} holds everything: {tables}, {rows}, read back and compared.",
        paint(GOOD, "✔"),
        file.display()
    )?;
    writeln!(
        out,
        "Keep it outside of this machine, together with config-profiles/, certs/ and secrets/, which are not in it."
    )?;
    Ok(Outcome::Well)
}
