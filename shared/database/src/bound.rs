//! Bounds what waits for a database: a server that is cut off does not say so.

use std::io;
use std::time::Duration;

use tokio::time::timeout;

/// How long a read or a group of changes may take in all. The database's own bounds are narrower; this one ends what
/// waits for a server that is gone.
pub const PATIENCE: Duration = Duration::from_secs(25);

/// The result of `work`, or an error when it takes longer than `bound`.
///
/// # Errors
/// Those of `work`; [`sqlx::Error::Io`] with `TimedOut` when the time is over.
pub async fn within<T>(
    bound: Duration,
    work: impl Future<Output = Result<T, sqlx::Error>> + Send,
) -> Result<T, sqlx::Error> {
    timeout(bound, work).await.unwrap_or_else(|_| Err(too_slow(bound)))
}

fn too_slow(bound: Duration) -> sqlx::Error {
    let text = format!("the database did not answer within {} s", bound.as_secs());
    sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn waiting_for_a_database_ends() {
        let error = within(PATIENCE, std::future::pending::<Result<(), _>>()).await.unwrap_err();
        assert!(error.to_string().contains("did not answer within 25 s"), "{error}");
    }
}
