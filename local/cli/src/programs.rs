//! Where the programs are that `up` starts.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use rustix::fs::{Access, access};

/// The folder of the running `leitwarte`, where its fellow programs are, too.
///
/// # Errors
/// The operating system does not tell it.
pub(crate) fn own_folder() -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe().context("cannot tell where this program is")?;
    Ok(own.parent().unwrap_or(Path::new("/")).to_owned())
}

/// A program that is missing.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the program `{name}` is not in {}; run `make build` first", folder.display())]
pub(crate) struct Missing {
    name: String,
    /// Where it was looked for.
    pub(crate) folder: PathBuf,
}

/// The path of one of the host's own programs.
pub(crate) fn find(folder: &Path, name: &str) -> Result<PathBuf, Missing> {
    let path = folder.join(name);
    if is_program(&path) { Ok(path) } else { Err(Missing { name: name.to_owned(), folder: folder.to_owned() }) }
}

/// The program of a function: `<name>/bootstrap` as cargo-lambda lays it out, or `<name>`.
pub(crate) fn find_function(functions_dir: &Path, name: &str) -> Result<PathBuf, Missing> {
    let bootstrap = functions_dir.join(name).join("bootstrap");
    if is_program(&bootstrap) { Ok(bootstrap) } else { find(functions_dir, name) }
}

fn is_program(path: &Path) -> bool {
    path.is_file() && access(path, Access::EXEC_OK).is_ok()
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn program(path: &Path, mode: u32) {
        fs::write(path, "#!/bin/sh\n").unwrap();
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_function_is_found_in_either_layout() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("one")).unwrap();
        program(&folder.path().join("one/bootstrap"), 0o755);
        program(&folder.path().join("two"), 0o755);
        assert_eq!(find_function(folder.path(), "one"), Ok(folder.path().join("one/bootstrap")));
        assert_eq!(find_function(folder.path(), "two"), Ok(folder.path().join("two")));
    }

    #[test]
    fn a_folder_or_a_file_that_cannot_be_run_is_no_program() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("folder")).unwrap();
        program(&folder.path().join("text"), 0o644);
        for name in ["folder", "text", "nothing"] {
            let words = find_function(folder.path(), name).unwrap_err().to_string();
            assert!(words.contains(name) && words.contains("make build"), "{words}");
        }
    }
}
