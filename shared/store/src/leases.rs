//! Leases: work that only one process may do at a time.

use chrono::{DateTime, TimeDelta, Utc};

use crate::error::StoreError;
use crate::store::Store;

impl Store {
    /// Takes the lease on `name` for `holder` for so long; tells whether it was free, over, or the holder's own. One that
    /// ends later than any could have been given was made before the clock was set back, and binds nobody.
    ///
    /// # Errors
    /// Those of writing.
    pub async fn take_lease(
        &self,
        name: &str,
        holder: &str,
        now: DateTime<Utc>,
        time: TimeDelta,
    ) -> Result<bool, StoreError> {
        const OPERATION: &str = "taking a lease";
        let error = StoreError::during(OPERATION);
        let mut writing = self.writing(OPERATION).await?;
        let until = (now + time).timestamp_millis();
        let taken = sqlx::query(
            "INSERT INTO leases (name, holder, lease_until) VALUES ($1, $2, $3) ON CONFLICT (name) DO UPDATE SET \
             holder = excluded.holder, lease_until = excluded.lease_until \
             WHERE leases.lease_until <= $4 OR leases.lease_until > $3 OR leases.holder = $2",
        )
        .bind(name)
        .bind(holder)
        .bind(until)
        .bind(now.timestamp_millis())
        .execute(writing.connection())
        .await
        .map_err(&error)?
        .rows_affected();
        writing.commit().await?;
        Ok(taken > 0)
    }

    /// Gives a lease back, if it is still the holder's.
    ///
    /// # Errors
    /// Those of writing.
    pub async fn release_lease(&self, name: &str, holder: &str) -> Result<(), StoreError> {
        const OPERATION: &str = "giving a lease back";
        let mut writing = self.writing(OPERATION).await?;
        sqlx::query("DELETE FROM leases WHERE name = $1 AND holder = $2")
            .bind(name)
            .bind(holder)
            .execute(writing.connection())
            .await
            .map_err(StoreError::during(OPERATION))?;
        writing.commit().await
    }
}
