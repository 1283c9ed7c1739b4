//! What can go wrong with the database, and what to do about it.

use std::fmt;

use crate::sqlite;

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
    /// A reader came before the first writer has made the tables.
    NotReady,
    /// A newer version of this program made the database.
    NewerVersion,
    /// Anything else; the cause says what.
    Other,
}

/// A database operation that failed: what was being done, the class, and the cause as `source`.
#[derive(Debug)]
pub struct StoreError {
    operation: &'static str,
    kind: StoreErrorKind,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl StoreError {
    pub(crate) fn new(operation: &'static str, kind: StoreErrorKind) -> Self {
        Self { operation, kind, source: None }
    }

    pub(crate) fn caused(
        operation: &'static str,
        kind: StoreErrorKind,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self { operation, kind, source: Some(source.into()) }
    }

    /// For `map_err`: the cause's own class, and what was being done.
    pub(crate) fn during(operation: &'static str) -> impl Fn(sqlx::Error) -> Self {
        move |error| Self::caused(operation, kind_of(&error), error)
    }

    /// The class of the failure.
    #[must_use]
    pub fn kind(&self) -> StoreErrorKind {
        self.kind
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let advice = match self.kind {
            StoreErrorKind::Busy => "the database is busy; try again in a moment",
            StoreErrorKind::Full => "the disk is full; free some space, then it goes on by itself",
            StoreErrorKind::Corrupt => {
                "the database is damaged; stop everything, move the database file and its -wal and -shm files away, \
                 and put the last backup in its place (without a backup the next start begins an empty one)"
            }
            StoreErrorKind::NotReady => "the database is not there yet; start poll-tenant, which creates it",
            StoreErrorKind::NewerVersion => {
                "a newer version of Leitwarte made this database; start that version, or restore a backup made \
                 before the upgrade"
            }
            StoreErrorKind::Other => "the database refused",
        };
        write!(f, "{}: {advice}", self.operation)
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

pub(crate) fn kind_of(error: &sqlx::Error) -> StoreErrorKind {
    match error {
        sqlx::Error::PoolTimedOut => StoreErrorKind::Busy,
        sqlx::Error::Database(error) => error.code().map_or(StoreErrorKind::Other, |code| sqlite::kind_of_code(&code)),
        _ => StoreErrorKind::Other,
    }
}
