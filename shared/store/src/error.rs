//! What can go wrong with the database, and what to do about it.

use std::error::Error;
use std::fmt;
use std::io;
use std::os::unix::fs::MetadataExt as _;

use leitwarte_database::ErrorKind;

/// The classes a caller decides by. All but [`Self::Other`] and [`Self::NewerVersion`] mean "not now": a server
/// answers 503.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreErrorKind {
    /// Others are writing, or every connection is in use.
    Busy,
    /// The disk is full.
    Full,
    /// The file is damaged.
    Corrupt,
    /// The database server does not answer, or ended the connection.
    Unreachable,
    /// A reader came before the first writer has made the tables.
    NotReady,
    /// A newer version of this program made the database.
    NewerVersion,
    /// Anything else; the cause says what.
    Other,
}

/// A database operation that failed: what was being done, where, the class, and the innermost cause as `source`.
#[derive(Debug)]
pub struct StoreError {
    operation: &'static str,
    database: Option<String>,
    kind: StoreErrorKind,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl StoreError {
    pub(crate) fn new(operation: &'static str, kind: StoreErrorKind) -> Self {
        Self { operation, database: None, kind, source: None }
    }

    pub(crate) fn caused(
        operation: &'static str,
        kind: StoreErrorKind,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self { source: Some(source.into()), ..Self::new(operation, kind) }
    }

    /// For `map_err`: the cause's own class, and what was being done.
    pub(crate) fn during(operation: &'static str) -> impl Fn(sqlx::Error) -> Self {
        move |error| Self::caused(operation, kind_of(&error), error)
    }

    /// For `map_err`: which database it was, a file's path or an address without its password. The first one counts.
    #[must_use]
    pub fn at(mut self, database: impl fmt::Display) -> Self {
        self.database.get_or_insert_with(|| database.to_string());
        self
    }

    /// The class of the failure.
    #[must_use]
    pub fn kind(&self) -> StoreErrorKind {
        self.kind
    }

    /// What was being done.
    #[must_use]
    pub fn operation(&self) -> &'static str {
        self.operation
    }

    /// What is wrong and what to do about it, as a sentence without capital and full stop.
    #[must_use]
    pub fn advice(&self) -> String {
        let advice = match self.kind {
            StoreErrorKind::Busy => "the database is busy; try again in a moment",
            StoreErrorKind::Full => "the disk is full; free some space, then it goes on by itself",
            StoreErrorKind::Corrupt => {
                "the database is damaged; stop everything, move the database file and its -wal and -shm files away, \
                 and bring the last backup back with `leitwarte restore FILE` (without a backup the next start begins \
                 an empty one)"
            }
            StoreErrorKind::Unreachable => {
                "the database server does not answer; check that it runs, that DATABASE_URL names it, and that the \
                 network lets this program reach it"
            }
            StoreErrorKind::NotReady => "the database is not there yet; start poll-tenant, which creates it",
            StoreErrorKind::NewerVersion => {
                "a newer version of Leitwarte made this database; start that version, or restore a backup made \
                 before the upgrade"
            }
            StoreErrorKind::Other if self.is_forbidden() => return forbidden(),
            StoreErrorKind::Other => "the database refused",
        };
        advice.to_owned()
    }

    /// Whether the operating system did not let this account at the file.
    fn is_forbidden(&self) -> bool {
        let Some(cause) = self.source() else { return false };
        if let Some(error) = cause.downcast_ref::<io::Error>() {
            return error.kind() == io::ErrorKind::PermissionDenied;
        }
        // SQLite says no more than that it cannot open the file (14), or cannot write to it (8).
        // Source: <https://www.sqlite.org/rescode.html>
        let mut causes = std::iter::successors(self.outermost(), |error| (*error).source());
        causes.any(|cause| match cause.downcast_ref::<sqlx::Error>() {
            Some(sqlx::Error::Database(error)) => {
                // A code of five characters is PostgreSQL's.
                let code = error.code().filter(|code| code.len() < 5).and_then(|code| code.parse::<i64>().ok());
                code.is_some_and(|code| matches!(code & 0xff, 8 | 14))
            }
            _ => false,
        }) || cause.to_string().contains("Permission denied")
    }

    fn outermost(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// Advice with the account's number, because it is often not the account that a person thinks of.
fn forbidden() -> String {
    // On Linux this folder belongs to whom the process runs as.
    let account = std::fs::metadata("/proc/self").map_or_else(|_| String::new(), |own| format!(" (uid {})", own.uid()));
    format!(
        "the account of this program{account} may not use the file; give file and folder to that account (chown) and \
         let it read and write there (chmod u+rw, for the folder u+rwx)"
    )
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.operation)?;
        if let Some(database) = &self.database {
            write!(f, " {database}")?;
        }
        write!(f, ": {}", self.advice())
    }
}

impl Error for StoreError {
    /// The innermost cause: the ones around it repeat its text.
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        std::iter::successors(self.outermost(), |error| (*error).source()).last()
    }
}

pub(crate) fn kind_of(error: &sqlx::Error) -> StoreErrorKind {
    match leitwarte_database::kind_of(error) {
        ErrorKind::Busy => StoreErrorKind::Busy,
        ErrorKind::Full => StoreErrorKind::Full,
        ErrorKind::Corrupt => StoreErrorKind::Corrupt,
        ErrorKind::Unreachable => StoreErrorKind::Unreachable,
        ErrorKind::Other => StoreErrorKind::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_database_is_named_once_and_the_innermost_cause_alone() {
        let cause = sqlx::Error::Io(io::Error::from(io::ErrorKind::TimedOut));
        let error = StoreError::during("reading")(cause).at("data/leitwarte.db").at("elsewhere");
        assert!(error.to_string().starts_with("reading data/leitwarte.db: the database server does not"), "{error}");
        let source = error.source().unwrap();
        assert_eq!(source.to_string(), io::Error::from(io::ErrorKind::TimedOut).to_string());
        assert!(source.source().is_none());
    }

    #[test]
    fn a_file_of_another_account_is_told_with_what_to_do() {
        let denied = || io::Error::from_raw_os_error(13);
        let text = format!("cannot make data/leitwarte.db: {}", denied());
        for error in [
            StoreError::during("opening the database")(sqlx::Error::Io(denied())),
            StoreError::caused("opening the database", StoreErrorKind::Other, text),
        ] {
            let words = error.to_string();
            assert!(words.contains("chown") && words.contains("uid "), "{words}");
        }
        let other = StoreError::caused("opening the database", StoreErrorKind::Other, "no such thing");
        assert!(!other.to_string().contains("chown"), "{other}");
    }
}
