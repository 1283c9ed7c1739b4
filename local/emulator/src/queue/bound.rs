//! Bounds what waits for a database: a server that is cut off does not say so.

use std::io;
use std::time::Duration;

use tokio::time::timeout;

/// How long a read or a group of changes may take in all. The database's own bounds are narrower; this one ends what
/// waits for a server that is gone.
pub(super) const PATIENCE: Duration = Duration::from_secs(25);

/// The result of `work`, or an error when it takes longer than `bound`.
pub(super) async fn within<T>(
    bound: Duration,
    work: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    timeout(bound, work).await.unwrap_or_else(|_| Err(too_slow(bound)))
}

pub(super) fn too_slow(bound: Duration) -> sqlx::Error {
    let text = format!("the database did not answer within {} s", bound.as_secs());
    sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, text))
}

/// Whether the database refused one change for what it says, so that the others of its group can still be made. A disk
/// that is full or a server that is gone refuses them all.
pub(super) fn is_about_one_change(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(sqlx::error::DatabaseError::code).is_some_and(|code| is_about_data(&code))
}

/// PostgreSQL: classes 22 (data) and 23 (constraint) of <https://www.postgresql.org/docs/current/errcodes-appendix.html>;
/// SQLite: `TOOBIG`, `CONSTRAINT`, `MISMATCH` of <https://www.sqlite.org/rescode.html>, also as extended codes.
fn is_about_data(code: &str) -> bool {
    if code.len() == 5 {
        return code.starts_with("22") || code.starts_with("23");
    }
    code.parse::<u32>().is_ok_and(|code| matches!(code & 0xff, 18..=20))
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[tokio::test(start_paused = true)]
    async fn waiting_for_a_database_ends() {
        let error = within(PATIENCE, std::future::pending::<Result<(), _>>()).await.unwrap_err();
        assert!(error.to_string().contains("did not answer within 25 s"), "{error}");
    }
}
