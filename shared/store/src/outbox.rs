//! The outbox: what people are to be told, and how far that is on each channel.
//!
//! A message is written in the transaction that found out what it says, so it exists if and only if that is stored.
//! Sending is at least once: who sends notes the attempt before and its end after. Between the two only a crash can
//! make a second copy, and it then carries the same mark (`bundle`), by which mail systems know it.

use chrono::{DateTime, Utc};
use leitwarte_core::message::Message;
use leitwarte_database::{PATIENCE, within};
use serde_json::{Value, json};
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use crate::rows::{get, next_number, optional_time, time, unreadable};
use crate::{Store, StoreError};

/// At most this many messages are spread, or deliveries handed out, at once.
const AT_ONCE: i64 = 500;

/// A message to be written.
#[derive(Debug)]
pub(crate) struct NewMessage<'a> {
    /// What it is about; the same subject is never written twice.
    pub(crate) subject: String,
    pub(crate) tenant: Option<&'a str>,
    pub(crate) incident: Option<i64>,
    pub(crate) message: &'a Message,
}

/// One message to be sent on one channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Number of the message.
    pub number: i64,
    /// The channel's name.
    pub channel: String,
    /// What to say.
    pub message: Message,
    /// When it was written.
    pub written_at: DateTime<Utc>,
    /// How often it was tried.
    pub attempts: i64,
    /// The mark of the last attempt whose end is unknown.
    pub bundle: Option<String>,
}

/// What became of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attempt {
    /// The channel took it.
    Sent,
    /// It did not; try again then.
    Later {
        /// When.
        at: DateTime<Utc>,
        /// Why, in words.
        error: String,
        /// Whether it may have arrived all the same.
        unknown: bool,
    },
    /// It never will.
    GivenUp {
        /// Why, in words.
        error: String,
    },
}

/// How many messages wait or were given up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OutboxCounts {
    /// Waiting.
    pub waiting: i64,
    /// Given up.
    pub given_up: i64,
    /// When the oldest that waits was written.
    pub oldest_waiting: Option<DateTime<Utc>>,
}

/// Writes a message down, if its subject is new; tells whether it was.
pub(crate) async fn put(
    connection: &mut AnyConnection,
    new: &NewMessage<'_>,
    at: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    if is_known(connection, &new.subject).await? {
        return Ok(false);
    }
    let number = next_number(connection, "last_message").await?;
    let body = serde_json::to_string(new.message).map_err(|error| sqlx::Error::Encode(error.into()))?;
    sqlx::query(
        "INSERT INTO messages (number, subject, tenant_key, incident, body, written_at) VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(number)
    .bind(&new.subject)
    .bind(new.tenant)
    .bind(new.incident)
    .bind(body)
    .bind(at.timestamp_millis())
    .execute(connection)
    .await?;
    Ok(true)
}

/// Whether a message of this subject was ever written.
pub(crate) async fn is_known(connection: &mut AnyConnection, subject: &str) -> Result<bool, sqlx::Error> {
    let known =
        sqlx::query("SELECT 1 FROM messages WHERE subject = $1").bind(subject).fetch_optional(connection).await?;
    Ok(known.is_some())
}

/// Nothing more is sent of an incident.
pub(crate) async fn cancel(
    connection: &mut AnyConnection,
    incident: i64,
    at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    for sql in [
        "UPDATE deliveries SET state = 'cancelled', ended_at = $2 \
         WHERE state = 'waiting' AND message IN (SELECT number FROM messages WHERE incident = $1)",
        "UPDATE messages SET spread_at = $2 WHERE incident = $1 AND spread_at IS NULL",
    ] {
        sqlx::query(sql).bind(incident).bind(at.timestamp_millis()).execute(&mut *connection).await?;
    }
    Ok(())
}

impl Store {
    /// Gives each new message a delivery on each channel; without channels nobody is told, and it is done with.
    /// Returns how many messages were new.
    ///
    /// # Errors
    /// Those of writing.
    pub async fn spread_messages(&self, channels: &[String], now: DateTime<Utc>) -> Result<usize, StoreError> {
        const OPERATION: &str = "preparing messages";
        let error = StoreError::during(OPERATION);
        let mut connection = self.reading(OPERATION).await?;
        let sql = "SELECT number FROM messages WHERE spread_at IS NULL ORDER BY number LIMIT $1";
        let new = within(PATIENCE, sqlx::query_scalar::<_, i64>(sql).bind(AT_ONCE).fetch_all(&mut *connection));
        let new = new.await.map_err(&error)?;
        drop(connection);
        // Nearly always: not worth everybody's turn to write.
        if new.is_empty() {
            return Ok(0);
        }
        let mut writing = self.writing(OPERATION).await?;
        let mut spread = 0;
        for number in new {
            let done = sqlx::query("UPDATE messages SET spread_at = $2 WHERE number = $1 AND spread_at IS NULL")
                .bind(number)
                .bind(now.timestamp_millis())
                .execute(writing.connection())
                .await
                .map_err(&error)?;
            if done.rows_affected() == 0 {
                continue;
            }
            spread += 1;
            for channel in channels {
                sqlx::query(
                    "INSERT INTO deliveries (message, channel, state, attempts, next_attempt_at) \
                     VALUES ($1, $2, 'waiting', 0, $3) ON CONFLICT (message, channel) DO NOTHING",
                )
                .bind(number)
                .bind(channel)
                .bind(now.timestamp_millis())
                .execute(writing.connection())
                .await
                .map_err(&error)?;
            }
        }
        writing.commit().await?;
        Ok(spread)
    }

    /// What is to be sent now, oldest first.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn due_deliveries(&self, now: DateTime<Utc>) -> Result<Vec<Delivery>, StoreError> {
        const OPERATION: &str = "reading the messages to be sent";
        let error = StoreError::during(OPERATION);
        let mut connection = self.reading(OPERATION).await?;
        let query = sqlx::query(
            "SELECT m.number, d.channel, m.body, m.written_at, d.attempts, d.bundle FROM deliveries d \
             JOIN messages m ON m.number = d.message WHERE d.state = 'waiting' AND d.next_attempt_at <= $1 \
             ORDER BY m.number, d.channel LIMIT $2",
        );
        let query = query.bind(now.timestamp_millis()).bind(AT_ONCE);
        let rows = within(PATIENCE, query.fetch_all(&mut *connection)).await.map_err(&error)?;
        rows.iter().filter_map(|row| delivery(row).transpose()).collect::<Result<_, _>>().map_err(error)
    }

    /// Notes that an attempt begins, under a mark. Until [`Store::end_attempt`] it counts as one whose end is unknown,
    /// to be repeated under the same mark at `again_at`. Answers the messages that are still wanted: an incident may
    /// have ended meanwhile.
    ///
    /// # Errors
    /// Those of writing; nothing is to be sent then.
    pub async fn begin_attempt(
        &self,
        channel: &str,
        numbers: &[i64],
        bundle: &str,
        again_at: DateTime<Utc>,
    ) -> Result<Vec<i64>, StoreError> {
        const OPERATION: &str = "noting that a message is sent";
        let error = StoreError::during(OPERATION);
        let mut writing = self.writing(OPERATION).await?;
        let mut wanted = Vec::with_capacity(numbers.len());
        for number in numbers {
            let done = sqlx::query(
                "UPDATE deliveries SET attempts = attempts + 1, bundle = $3, next_attempt_at = $4 \
                 WHERE message = $1 AND channel = $2 AND state = 'waiting'",
            )
            .bind(number)
            .bind(channel)
            .bind(bundle)
            .bind(again_at.timestamp_millis())
            .execute(writing.connection())
            .await
            .map_err(&error)?;
            if done.rows_affected() > 0 {
                wanted.push(*number);
            }
        }
        writing.commit().await?;
        Ok(wanted)
    }

    /// Notes how an attempt ended.
    ///
    /// # Errors
    /// Those of writing; the attempt then counts as one whose end is unknown.
    pub async fn end_attempt(
        &self,
        channel: &str,
        numbers: &[i64],
        attempt: &Attempt,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        const OPERATION: &str = "noting that a message was sent";
        let error = StoreError::during(OPERATION);
        let mut writing = self.writing(OPERATION).await?;
        let ended = Some(now.timestamp_millis());
        let (state, ended_at, next, words, keep_mark) = match attempt {
            Attempt::Sent => ("sent", ended, None, None, true),
            Attempt::Later { at, error, unknown } => {
                ("waiting", None, Some(at.timestamp_millis()), Some(error), *unknown)
            }
            Attempt::GivenUp { error } => ("given_up", ended, None, Some(error), true),
        };
        for number in numbers {
            sqlx::query(
                "UPDATE deliveries SET state = $3, ended_at = $4, next_attempt_at = COALESCE($5, next_attempt_at), \
                 error = $6, bundle = CASE WHEN $7 = 1 THEN bundle ELSE NULL END \
                 WHERE message = $1 AND channel = $2 AND (state = 'waiting' OR state = 'cancelled' AND $3 = 'sent')",
            )
            .bind(number)
            .bind(channel)
            .bind(state)
            .bind(ended_at)
            .bind(next)
            .bind(words)
            .bind(i64::from(keep_mark))
            .execute(writing.connection())
            .await
            .map_err(&error)?;
        }
        writing.commit().await
    }

    /// Why the last attempt on a channel that failed did so; `None` when none of its messages waits or was given up.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn last_delivery_error(&self, channel: &str) -> Result<Option<String>, StoreError> {
        const OPERATION: &str = "reading why messages wait";
        let error = StoreError::during(OPERATION);
        let mut connection = self.reading(OPERATION).await?;
        let query = sqlx::query_scalar(
            "SELECT error FROM deliveries WHERE channel = $1 AND state IN ('waiting', 'given_up') AND error IS NOT NULL \
             ORDER BY message DESC LIMIT 1",
        );
        within(PATIENCE, query.bind(channel).fetch_optional(&mut *connection)).await.map_err(error)
    }

    /// Every message about one tenant as JSON, oldest first, with how far it is on each channel.
    pub(crate) async fn messages_of(&self, tenant: &str) -> Result<Vec<Value>, StoreError> {
        const OPERATION: &str = "reading the messages about a tenant";
        let error = StoreError::during(OPERATION);
        let mut connection = self.reading(OPERATION).await?;
        let query = sqlx::query(
            "SELECT m.number, m.body, m.written_at, d.channel, d.state, d.ended_at FROM messages m \
             LEFT JOIN deliveries d ON d.message = m.number WHERE m.tenant_key = $1 ORDER BY m.number, d.channel",
        );
        let rows = within(PATIENCE, query.bind(tenant).fetch_all(&mut *connection)).await.map_err(&error)?;
        let mut messages: Vec<(i64, Value)> = Vec::new();
        for row in &rows {
            let (number, message) = kept(row).map_err(&error)?;
            if messages.last().is_none_or(|(last, _)| *last != number) {
                messages.push((number, message));
            }
            let delivery = kept_delivery(row).map_err(&error)?;
            if let (Some((_, message)), Some(delivery)) = (messages.last_mut(), delivery) {
                message["deliveries"].as_array_mut().into_iter().for_each(|all| all.push(delivery.clone()));
            }
        }
        Ok(messages.into_iter().map(|(_, message)| message).collect())
    }

    /// How many messages wait and how many were given up.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn outbox_counts(&self) -> Result<OutboxCounts, StoreError> {
        const OPERATION: &str = "counting messages";
        let error = StoreError::during(OPERATION);
        let mut connection = self.reading(OPERATION).await?;
        let query = sqlx::query(
            "SELECT d.state, COUNT(*) AS number, MIN(m.written_at) AS oldest FROM deliveries d \
             JOIN messages m ON m.number = d.message WHERE d.state IN ('waiting', 'given_up') GROUP BY d.state",
        );
        let rows = within(PATIENCE, query.fetch_all(&mut *connection)).await.map_err(&error)?;
        let mut counts = OutboxCounts::default();
        for row in &rows {
            let number = get(row, "number").map_err(&error)?;
            match get(row, "state").map_err(&error)? {
                "waiting" => {
                    counts.waiting = number;
                    counts.oldest_waiting = Some(time(row, "oldest").map_err(&error)?);
                }
                _ => counts.given_up = number,
            }
        }
        Ok(counts)
    }
}

fn kept(row: &AnyRow) -> Result<(i64, Value), sqlx::Error> {
    let body: Value = serde_json::from_str(get(row, "body")?).map_err(|_| unreadable("body", "JSON"))?;
    let message = json!({ "written_at": time(row, "written_at")?, "message": body, "deliveries": [] });
    Ok((get(row, "number")?, message))
}

fn kept_delivery(row: &AnyRow) -> Result<Option<Value>, sqlx::Error> {
    let Some(channel) = get::<Option<String>>(row, "channel")? else { return Ok(None) };
    let (state, ended_at) = (get::<String>(row, "state")?, optional_time(row, "ended_at")?);
    Ok(Some(json!({ "channel": channel, "state": state, "ended_at": ended_at })))
}

/// Nothing when a newer version has written it, as during an update: it waits for that version and holds up no other.
fn delivery(row: &AnyRow) -> Result<Option<Delivery>, sqlx::Error> {
    let number = get(row, "number")?;
    let Ok(message) = serde_json::from_str(get(row, "body")?) else {
        tracing::error!(number, "this version does not know such a message; it waits for a version that does");
        return Ok(None);
    };
    Ok(Some(Delivery {
        number,
        channel: get(row, "channel")?,
        message,
        written_at: time(row, "written_at")?,
        attempts: get(row, "attempts")?,
        bundle: get(row, "bundle")?,
    }))
}
