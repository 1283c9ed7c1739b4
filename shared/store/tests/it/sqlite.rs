//! The conformance suite on SQLite.

use crate::conformance::Fresh;

pub(crate) async fn fresh() -> Fresh {
    let folder = tempfile::tempdir().unwrap();
    // A folder that is not there yet, with characters that an address has to escape.
    let url = format!("sqlite://{}/new folder/ü#1/leitwarte.db", folder.path().display());
    Fresh { url, guard: Box::new(folder) }
}

crate::conformance_suite!(crate::sqlite::fresh);
