//! One `up` per data folder: a lock that ends with the process, however it ends.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use anyhow::{Context as _, bail};
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

/// The lock, held until this is dropped.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

/// Makes the data folder (for its owner only) if it is missing, and takes its lock.
///
/// # Errors
/// Another `up` works on this folder, or the folder cannot be written to.
pub(super) fn take(data_dir: &Path) -> anyhow::Result<Lock> {
    let shown = data_dir.display();
    let advice = || format!("cannot use the data folder {shown}; give it to this account, or set DATA_DIR");
    DirBuilder::new().recursive(true).mode(0o700).create(data_dir).with_context(advice)?;
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(data_dir.join("up.lock"))
        .with_context(advice)?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(Errno::WOULDBLOCK) => {
            let mut holder = String::new();
            // Who holds it is only a help; that it is held is what counts.
            let _ = file.read_to_string(&mut holder);
            bail!(
                "`leitwarte up` already runs with the data in {shown} (process {}). Stop that one first; for a second \
                 one beside it, set DATA_DIR, GATEWAY_ADDR, INVOKE_ADDR and METRICS_ADDR to others.",
                holder.trim()
            );
        }
        Err(error) => return Err(error).with_context(advice),
    }
    file.set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| writeln!(file, "{}", std::process::id()))
        .with_context(advice)?;
    Ok(Lock { _file: file })
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
}
