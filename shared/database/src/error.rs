//! Classes of database errors, the same for every backend.

use std::io;

use sqlx::error::DatabaseError;

/// What a caller decides by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// Others are writing, or every connection is in use.
    Busy,
    /// The disk is full.
    Full,
    /// Stored data is damaged.
    Corrupt,
    /// The server does not answer, or ended the connection.
    Unreachable,
    /// Anything else; the error says what.
    Other,
}

/// The class of an error.
#[must_use]
pub fn kind_of(error: &sqlx::Error) -> ErrorKind {
    match error {
        sqlx::Error::PoolTimedOut => ErrorKind::Busy,
        sqlx::Error::Database(error) => error.code().map_or(ErrorKind::Other, |code| kind_of_code(&code)),
        // What the operating system refuses about a file. Anything else is the network: a name that is not known has
        // no kind of its own.
        sqlx::Error::Io(error) => match error.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::NotFound | io::ErrorKind::InvalidInput => ErrorKind::Other,
            _ => ErrorKind::Unreachable,
        },
        _ => ErrorKind::Other,
    }
}

/// Whether the database refused a change for what it says, so that others made with it can still be made. A disk
/// that is full or a server that is gone refuses them all.
#[must_use]
pub fn concerns_data(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(DatabaseError::code).is_some_and(|code| is_about_data(&code))
}

/// PostgreSQL: classes 22 (data) and 23 (constraint); SQLite: `TOOBIG`, `CONSTRAINT`, `MISMATCH`, also as extended codes.
fn is_about_data(code: &str) -> bool {
    if is_sqlstate(code) {
        return code.starts_with("22") || code.starts_with("23");
    }
    code.parse::<u32>().is_ok_and(|code| matches!(code & 0xff, 18..=20))
}

/// SQLite's result codes have four digits at most.
fn is_sqlstate(code: &str) -> bool {
    code.len() == 5
}

fn kind_of_code(code: &str) -> ErrorKind {
    if is_sqlstate(code) { kind_of_sqlstate(code) } else { kind_of_sqlite(code) }
}

/// Source: <https://www.postgresql.org/docs/current/errcodes-appendix.html>
fn kind_of_sqlstate(code: &str) -> ErrorKind {
    match code {
        // Serialisation, deadlock, too many connections, lock not available, statement or transaction took too long.
        "40001" | "40P01" | "53300" | "55P03" | "57014" | "25P03" | "25P04" => ErrorKind::Busy,
        "53100" => ErrorKind::Full,
        "XX001" | "XX002" => ErrorKind::Corrupt,
        // The server stops, has crashed or is starting.
        "57P01" | "57P02" | "57P03" => ErrorKind::Unreachable,
        _ if code.starts_with("08") => ErrorKind::Unreachable,
        _ => ErrorKind::Other,
    }
}

/// A primary or extended result code. Source: <https://www.sqlite.org/rescode.html>
fn kind_of_sqlite(code: &str) -> ErrorKind {
    const SHM_CANNOT_GROW: i64 = 4874;
    let Ok(code) = code.parse::<i64>() else { return ErrorKind::Other };
    match (code, code & 0xff) {
        (_, 5 | 6) => ErrorKind::Busy,
        (SHM_CANNOT_GROW, _) | (_, 13) => ErrorKind::Full,
        (_, 11 | 26) => ErrorKind::Corrupt,
        _ => ErrorKind::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::ErrorKind::{Busy, Corrupt, Full, Other, Unreachable};
    use super::*;

    #[test]
    fn sqlites_codes_are_classed_by_their_primary_code() {
        for (code, kind) in [
            ("5", Busy),
            ("517", Busy),
            ("6", Busy),
            ("13", Full),
            ("4874", Full),
            ("11", Corrupt),
            ("267", Corrupt),
            ("26", Corrupt),
            ("19", Other),
            ("778", Other),
            ("x", Other),
        ] {
            assert_eq!(kind_of_code(code), kind, "{code}");
        }
    }

    #[test]
    fn postgresqls_codes_are_classed_by_what_to_do() {
        for (code, kind) in [
            ("55P03", Busy),
            ("57014", Busy),
            ("53300", Busy),
            ("53100", Full),
            ("XX001", Corrupt),
            ("57P01", Unreachable),
            ("08006", Unreachable),
            ("42P01", Other),
            ("25006", Other),
        ] {
            assert_eq!(kind_of_code(code), kind, "{code}");
        }
    }

    #[test]
    fn a_constraint_concerns_one_change_and_a_full_disk_all() {
        for (code, one) in [
            ("23505", true),  // unique_violation
            ("22021", true),  // character_not_in_repertoire
            ("57P01", false), // admin_shutdown
            ("53100", false), // disk_full
            ("55P03", false), // lock_not_available
            ("1555", true),   // SQLITE_CONSTRAINT_PRIMARYKEY
            ("1811", true),   // SQLITE_CONSTRAINT_TRIGGER
            ("13", false),    // SQLITE_FULL
            ("5", false),     // SQLITE_BUSY
            ("778", false),   // SQLITE_IOERR_WRITE
        ] {
            assert_eq!(is_about_data(code), one, "{code}");
        }
    }

    #[test]
    fn a_network_error_is_not_a_refused_file() {
        let kind = |kind: io::ErrorKind| kind_of(&sqlx::Error::Io(kind.into()));
        assert_eq!(kind(io::ErrorKind::ConnectionRefused), Unreachable);
        assert_eq!(kind(io::ErrorKind::PermissionDenied), Other);
    }
}
