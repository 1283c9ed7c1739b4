//! One `up` per data folder: a lock that ends with the process, however it ends.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, bail};
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

/// The lock, held until this is dropped.
#[derive(Debug)]
pub(crate) struct Lock {
    file: File,
}

/// The file in the data folder.
const NAME: &str = "up.lock";

/// The second line of the file when what runs is the demo.
const DEMO: &str = "demo";

/// Those who only look ([`demo_runs`]) hold the lock for a moment.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_millis(20);

impl Lock {
    /// Notes for other commands which process holds this, and whether it runs the demo.
    pub(crate) fn note(&mut self, is_demo: bool) -> io::Result<()> {
        let demo = if is_demo { DEMO } else { "" };
        self.file.set_len(0)?;
        self.file.rewind()?;
        writeln!(self.file, "{}\n{demo}", std::process::id())
    }
}

/// Whether an `up` works on this data folder and what it runs is the demo.
pub(crate) fn demo_runs(data_dir: &Path) -> bool {
    let Ok(mut file) = File::open(data_dir.join(NAME)) else { return false };
    let mut text = String::new();
    let is_held = flock(&file, FlockOperation::NonBlockingLockShared) == Err(Errno::WOULDBLOCK);
    is_held && file.read_to_string(&mut text).is_ok() && text.lines().nth(1) == Some(DEMO)
}

/// Makes the data folder (for its owner only) if it is missing, and takes its lock.
///
/// # Errors
/// Another `up` works on this folder, or the folder cannot be written to.
pub(crate) fn take(data_dir: &Path) -> anyhow::Result<Lock> {
    let shown = data_dir.display();
    let advice = || format!("cannot use the data folder {shown}; give it to this account, or set DATA_DIR");
    DirBuilder::new().recursive(true).mode(0o700).create(data_dir).with_context(advice)?;
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(data_dir.join(NAME))
        .with_context(advice)?;
    match patiently(&file) {
        Ok(()) => {}
        Err(Errno::WOULDBLOCK) => {
            let mut holder = String::new();
            // Who holds it is only a help; that it is held is what counts.
            let _ = file.read_to_string(&mut holder);
            bail!(
                "`leitwarte up` already runs with the data in {shown} (process {}). Stop that one first; for a second \
                 one beside it, set DATA_DIR, GATEWAY_ADDR, INVOKE_ADDR and METRICS_ADDR to others.",
                holder.lines().next().unwrap_or_default()
            );
        }
        Err(error) => return Err(error).with_context(advice),
    }
    let mut lock = Lock { file };
    lock.note(false).with_context(advice)?;
    Ok(lock)
}

/// Takes the lock although somebody may be looking at it right now.
#[expect(clippy::disallowed_methods, reason = "lookers leave at once and tell nobody; nothing else runs yet")]
fn patiently(file: &File) -> Result<(), Errno> {
    for _ in 1..TRIES {
        match flock(file, FlockOperation::NonBlockingLockExclusive) {
            Err(Errno::WOULDBLOCK) => std::thread::sleep(PAUSE),
            other => return other,
        }
    }
    flock(file, FlockOperation::NonBlockingLockExclusive)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_up_on_the_same_data_is_refused_with_the_first_ones_process() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let first = take(&data).unwrap();
        let words = take(&data).unwrap_err().to_string();
        assert!(words.contains(&format!("process {}", std::process::id())), "{words}");
        assert!(words.contains("DATA_DIR"), "{words}");
        drop(first);
        take(&data).unwrap();
    }

    #[test]
    fn others_see_that_it_is_the_demo_as_long_as_it_runs() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!demo_runs(folder.path()));
        let mut lock = take(folder.path()).unwrap();
        assert!(!demo_runs(folder.path()));
        lock.note(true).unwrap();
        assert!(demo_runs(folder.path()));
        drop(lock);
        assert!(!demo_runs(folder.path()));
    }
}
