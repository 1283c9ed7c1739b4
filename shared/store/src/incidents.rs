//! Incidents as they are stored: raised and closed by polls ([`judging`]), dealt with by people ([`acting`]).

mod acting;
mod judging;

use chrono::{DateTime, NaiveDate, Utc};
use leitwarte_core::catalogue::product_name;
use leitwarte_core::incident::{Closing, Incident, Phase};
use leitwarte_database::{PATIENCE, within};
use serde_json::json;
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use crate::rows::{get, id, optional_time, time, unreadable};
use crate::{Store, StoreError};

pub use acting::Acted;
pub(crate) use judging::{Desk, Found, Polled};

macro_rules! columns {
    () => {
        "i.number, i.tenant_key, i.sku_id, i.part_number, i.opened_at, i.closed_at, i.closing, i.phase, i.quantity, \
         i.expected_on, i.snoozed_until, i.told, i.version"
    };
}
use columns;

/// An incident as it is stored, open or closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredIncident {
    /// What the rules know of it.
    pub incident: Incident,
    /// Microsoft's short name of the product.
    pub part_number: String,
    /// The tenant's name.
    pub tenant_name: String,
    /// When and why it ended.
    pub closed: Option<(DateTime<Utc>, Closing)>,
    /// Grows with every change.
    pub version: i64,
}

impl StoredIncident {
    /// As the API shows it.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        let Incident { number, tenant, sku_id, opened_at, phase, snoozed_until, told } = &self.incident;
        let (quantity, expected_on) = match phase {
            Phase::Ordered { quantity, expected_on } => (Some(quantity), Some(expected_on)),
            Phase::Open | Phase::Acknowledged => (None, None),
        };
        json!({
            "number": number, "tenant_key": tenant, "tenant": self.tenant_name, "skuid": sku_id,
            "skupartnumber": self.part_number, "product_name": product_name(*sku_id, &self.part_number),
            "opened_at": opened_at, "phase": phase.as_str(), "quantity": quantity, "expected_on": expected_on,
            "snoozed_until": snoozed_until, "told": told, "closed_at": self.closed.map(|(at, _)| at),
            "closing": self.closed.map(|(_, closing)| closing.as_str()), "version": self.version,
        })
    }
}

/// What happened to an incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncidentEvent {
    /// When.
    pub at: DateTime<Utc>,
    /// Who; empty when it was this program.
    pub who: String,
    /// One word: `opened`, `told`, `closed`, or the action.
    pub what: String,
    /// More about it, for people; may be empty.
    pub detail: String,
}

impl Store {
    /// Incidents, the newest first: all that are open (of tenants that still have a profile), and at most `closed` of those that are not.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn incidents(&self, closed: u32) -> Result<Vec<StoredIncident>, StoreError> {
        const OPERATION: &str = "reading the incidents";
        let error = StoreError::during(OPERATION);
        let mut connection = self.reading(OPERATION).await?;
        let sql = concat!(
            "SELECT ",
            columns!(),
            ", t.tenant_name FROM incidents i JOIN tenants t ON t.tenant_key = i.tenant_key \
             WHERE i.closed_at IS NULL AND t.removed_at IS NULL OR i.number IN \
             (SELECT number FROM incidents WHERE closed_at IS NOT NULL ORDER BY number DESC LIMIT $1) \
             ORDER BY i.number DESC"
        );
        let rows = within(PATIENCE, sqlx::query(sql).bind(i64::from(closed)).fetch_all(&mut *connection))
            .await
            .map_err(&error)?;
        rows.iter().map(stored).collect::<Result<_, _>>().map_err(error)
    }

    /// Incidents of one tenant, the newest first: all that are open, and the last `closed` of those that are not.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn incidents_of_tenant(&self, key: &str, closed: u32) -> Result<Vec<StoredIncident>, StoreError> {
        const OPERATION: &str = "reading a tenant's incidents";
        let error = StoreError::during(OPERATION);
        let mut connection = self.reading(OPERATION).await?;
        let sql = concat!(
            "SELECT ",
            columns!(),
            ", t.tenant_name FROM incidents i JOIN tenants t ON t.tenant_key = i.tenant_key \
             WHERE i.tenant_key = $1 AND (i.closed_at IS NULL OR i.number IN (SELECT number FROM incidents \
             WHERE tenant_key = $1 AND closed_at IS NOT NULL ORDER BY number DESC LIMIT $2)) ORDER BY i.number DESC"
        );
        let query = sqlx::query(sql).bind(key).bind(i64::from(closed));
        let rows = within(PATIENCE, query.fetch_all(&mut *connection)).await.map_err(&error)?;
        rows.iter().map(stored).collect::<Result<_, _>>().map_err(error)
    }

    /// One incident and what happened to it, oldest first.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn incident(&self, number: i64) -> Result<Option<(StoredIncident, Vec<IncidentEvent>)>, StoreError> {
        const OPERATION: &str = "reading an incident";
        let error = StoreError::during(OPERATION);
        let mut connection = self.reading(OPERATION).await?;
        let Some(incident) = within(PATIENCE, one(&mut connection, number)).await.map_err(&error)? else {
            return Ok(None);
        };
        let sql = "SELECT at, who, what, detail FROM incident_events WHERE number = $1 ORDER BY step";
        let rows = within(PATIENCE, sqlx::query(sql).bind(number).fetch_all(&mut *connection)).await.map_err(&error)?;
        let event = |row: &AnyRow| {
            Ok(IncidentEvent {
                at: time(row, "at")?,
                who: get(row, "who")?,
                what: get(row, "what")?,
                detail: get(row, "detail")?,
            })
        };
        let events = rows.iter().map(event).collect::<Result<_, sqlx::Error>>().map_err(error)?;
        Ok(Some((incident, events)))
    }
}

async fn save(connection: &mut AnyConnection, incident: &Incident) -> Result<(), sqlx::Error> {
    let (quantity, expected_on) = match incident.phase {
        Phase::Ordered { quantity, expected_on } => (Some(quantity), Some(expected_on.to_string())),
        Phase::Open | Phase::Acknowledged => (None, None),
    };
    sqlx::query(
        "UPDATE incidents SET phase = $2, quantity = $3, expected_on = $4, snoozed_until = $5, told = $6, \
         version = version + 1 WHERE number = $1",
    )
    .bind(incident.number)
    .bind(incident.phase.as_str())
    .bind(quantity)
    .bind(expected_on)
    .bind(incident.snoozed_until.map(|at| at.timestamp_millis()))
    .bind(incident.told)
    .execute(connection)
    .await?;
    Ok(())
}

async fn note(
    connection: &mut AnyConnection,
    number: i64,
    at: DateTime<Utc>,
    who: &str,
    what: &str,
    detail: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO incident_events (number, step, at, who, what, detail) \
         SELECT CAST($1 AS BIGINT), COALESCE(MAX(step), 0) + 1, CAST($2 AS BIGINT), CAST($3 AS TEXT), \
         CAST($4 AS TEXT), CAST($5 AS TEXT) FROM incident_events WHERE number = $1",
    )
    .bind(number)
    .bind(at.timestamp_millis())
    .bind(who)
    .bind(what)
    .bind(detail)
    .execute(connection)
    .await?;
    Ok(())
}

async fn one(connection: &mut AnyConnection, number: i64) -> Result<Option<StoredIncident>, sqlx::Error> {
    let sql = concat!(
        "SELECT ",
        columns!(),
        ", t.tenant_name FROM incidents i JOIN tenants t ON t.tenant_key = i.tenant_key WHERE i.number = $1"
    );
    let row = sqlx::query(sql).bind(number).fetch_optional(connection).await?;
    row.as_ref().map(stored).transpose()
}

fn stored(row: &AnyRow) -> Result<StoredIncident, sqlx::Error> {
    let closed = match (optional_time(row, "closed_at")?, get::<Option<&str>>(row, "closing")?) {
        (Some(at), Some(word)) => {
            Some((at, Closing::parse(word).ok_or_else(|| unreadable("closing", "a word this version knows"))?))
        }
        _ => None,
    };
    Ok(StoredIncident {
        incident: Incident {
            number: get(row, "number")?,
            tenant: get(row, "tenant_key")?,
            sku_id: id(row, "sku_id")?,
            opened_at: time(row, "opened_at")?,
            phase: phase(row)?,
            snoozed_until: optional_time(row, "snoozed_until")?,
            told: get(row, "told")?,
        },
        part_number: get(row, "part_number")?,
        tenant_name: get(row, "tenant_name")?,
        closed,
        version: get(row, "version")?,
    })
}

fn phase(row: &AnyRow) -> Result<Phase, sqlx::Error> {
    match get::<&str>(row, "phase")? {
        "open" => Ok(Phase::Open),
        "acknowledged" => Ok(Phase::Acknowledged),
        "ordered" => {
            let day = get::<Option<&str>>(row, "expected_on")?.and_then(|day| day.parse::<NaiveDate>().ok());
            let quantity = get::<Option<i64>>(row, "quantity")?;
            let (Some(quantity), Some(expected_on)) = (quantity, day) else {
                return Err(unreadable("expected_on", "a day and a quantity"));
            };
            Ok(Phase::Ordered { quantity, expected_on })
        }
        _ => Err(unreadable("phase", "a word this version knows")),
    }
}
