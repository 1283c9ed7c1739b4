//! Foreign programs from the Python environment that `make test` prepares.

use std::path::PathBuf;
use std::process::Output;

use crate::stack::repository;

/// The environment's Python.
///
/// # Panics
/// Without the variable that `make test` sets: a test that needs a foreign client fails, it is not skipped.
#[must_use]
pub fn python() -> PathBuf {
    let python = std::env::var_os("LEITWARTE_PYTHON");
    PathBuf::from(
        python.expect(
            "LEITWARTE_PYTHON is not set: run `make test`, or `scripts/setup test` and set it to .venv/bin/python",
        ),
    )
}

/// A program installed beside that Python.
#[must_use]
pub fn tool(name: &str) -> PathBuf {
    python().with_file_name(name)
}

/// A file of a package of `tests/foreign/<folder>` that `make test` has installed for Node.js.
#[must_use]
pub fn npm(folder: &str, file: &str) -> PathBuf {
    repository().join(".tools").join(folder).join("node_modules").join(file)
}

/// Fails with all a program printed unless it succeeded.
///
/// # Panics
/// If it did not.
pub fn assert_success(what: &str, output: &Output) {
    assert!(
        output.status.success(),
        "{what} ended with {}:\n{}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}
