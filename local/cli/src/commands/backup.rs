//! `leitwarte backup`: the application's database in one file, checked.

use std::fs::DirBuilder;
use std::io::Write;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::PathBuf;

use anyhow::Context as _;

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
    let file = args.file.unwrap_or_else(|| {
        let name = context.now.format("leitwarte-%Y%m%dT%H%M%SZ.db").to_string();
        context.settings.app.backups.folder.join(name)
    });
    let store = context.settings.open_store(true).await?;
    store.ready().await.map_err(|error| error.at(context.settings.database_shown()))?;
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    }
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
