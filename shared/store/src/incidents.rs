//! Incidents: raised and closed in the transaction that stores the poll that shows them.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, NaiveDate, Utc};
use leitwarte_core::catalogue::product_name;
use leitwarte_core::incident::{Action, ActionError, Closing, Incident, Phase, Reminder, Sight, Step, step};
use leitwarte_core::message::{Message, Shortage};
use leitwarte_core::rules::Rules;
use leitwarte_core::stock::LicenceStock;
use leitwarte_database::{PATIENCE, within};
use serde_json::json;
use sqlx::AnyConnection;
use sqlx::any::AnyRow;
use uuid::Uuid;

use crate::audit::{self, Actor};
use crate::outbox::{self, NewMessage};
use crate::rows::{get, id, next_number, optional_time, time, unreadable};
use crate::{Store, StoreError, rules};

macro_rules! columns {
    () => {
        "i.number, i.tenant_key, i.sku_id, i.part_number, i.opened_at, i.closed_at, i.closing, i.phase, i.quantity, \
         i.expected_on, i.snoozed_until, i.told, i.version"
    };
}

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

/// What became of a wish about an incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Acted {
    /// Done; the incident afterwards.
    Done(Box<StoredIncident>),
    /// There is no such incident.
    Unknown,
    /// It is closed already.
    Closed,
    /// Somebody has changed it since the version that was seen; the incident as it is.
    Changed(Box<StoredIncident>),
    /// The wish cannot be meant.
    Refused(ActionError),
}

/// How many incidents a poll opened and closed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) opened: usize,
    pub(crate) closed: usize,
}

/// A tenant whose stock was just stored.
#[derive(Debug)]
pub(crate) struct Polled<'a> {
    pub(crate) key: &'a str,
    pub(crate) name: String,
    pub(crate) count_warning_units: bool,
    pub(crate) monitoring: bool,
    /// Products that it has on trial alone.
    pub(crate) trials: BTreeSet<Uuid>,
    pub(crate) stock: &'a [LicenceStock],
    pub(crate) at: DateTime<Utc>,
}

/// What is needed to judge any number of polls in one transaction.
#[derive(Debug, Default)]
pub(crate) struct Desk {
    open: HashMap<(String, Uuid), Incident>,
    rules: Rules,
}

impl Desk {
    pub(crate) async fn read(connection: &mut AnyConnection) -> Result<Self, sqlx::Error> {
        let sql = concat!(
            "SELECT ",
            columns!(),
            ", t.tenant_name FROM incidents i JOIN tenants t ON t.tenant_key = i.tenant_key WHERE i.closed_at IS NULL"
        );
        let rows = sqlx::query(sql).fetch_all(&mut *connection).await?;
        let open = rows.iter().map(stored).collect::<Result<Vec<_>, _>>()?;
        let by_product = |StoredIncident { incident, .. }| ((incident.tenant.clone(), incident.sku_id), incident);
        Ok(Self { open: open.into_iter().map(by_product).collect(), rules: rules::read(connection).await? })
    }

    /// Takes every step that follows from a poll.
    pub(crate) async fn judge(
        &mut self,
        connection: &mut AnyConnection,
        polled: &Polled<'_>,
    ) -> Result<Found, sqlx::Error> {
        let mut found = Found::default();
        for stock in polled.stock {
            let rule = self.rules.of(polled.key, stock.sku_id);
            let sight = Sight {
                level: rule.level(stock, polled.count_warning_units),
                alerts: rule.alerts(stock, polled.trials.contains(&stock.sku_id)),
                monitoring: polled.monitoring,
            };
            let place = (polled.key.to_owned(), stock.sku_id);
            match step(self.open.get(&place), Some(sight), polled.at) {
                Step::Nothing => {}
                Step::Open => {
                    self.open.insert(place, open(connection, polled, stock).await?);
                    found.opened += 1;
                }
                Step::Remind(reminder) => {
                    let Some(incident) = self.open.get_mut(&place) else { continue };
                    *incident = incident.reminded();
                    save(connection, incident).await?;
                    let words = format!("{reminder:?}").to_lowercase();
                    note(connection, incident.number, polled.at, "", "told", &words).await?;
                    tell(connection, polled, stock, incident, Some(reminder)).await?;
                }
                Step::Close(closing) => {
                    if let Some(incident) = self.open.remove(&place) {
                        close(connection, incident.number, closing, polled.at).await?;
                        found.closed += 1;
                    }
                }
            }
        }
        found.closed += self.close_vanished(connection, polled).await?;
        Ok(found)
    }

    /// Closes incidents of products that the tenant no longer has.
    async fn close_vanished(
        &mut self,
        connection: &mut AnyConnection,
        polled: &Polled<'_>,
    ) -> Result<usize, sqlx::Error> {
        let listed = |sku: Uuid| polled.stock.iter().any(|stock| stock.sku_id == sku);
        let gone: Vec<_> = self.open.keys().filter(|(key, sku)| key == polled.key && !listed(*sku)).cloned().collect();
        for place in &gone {
            if let Some(incident) = self.open.remove(place) {
                close(connection, incident.number, Closing::Gone, polled.at).await?;
            }
        }
        Ok(gone.len())
    }
}

async fn open(
    connection: &mut AnyConnection,
    polled: &Polled<'_>,
    stock: &LicenceStock,
) -> Result<Incident, sqlx::Error> {
    let number = next_number(connection, "last_incident").await?;
    let incident = Incident {
        number,
        tenant: polled.key.to_owned(),
        sku_id: stock.sku_id,
        opened_at: polled.at,
        phase: Phase::Open,
        snoozed_until: None,
        told: 1,
    };
    sqlx::query(
        "INSERT INTO incidents (number, tenant_key, sku_id, part_number, opened_at, phase, told, version) \
         VALUES ($1, $2, $3, $4, $5, 'open', 1, 1)",
    )
    .bind(number)
    .bind(polled.key)
    .bind(stock.sku_id.to_string())
    .bind(&stock.part_number)
    .bind(polled.at.timestamp_millis())
    .execute(&mut *connection)
    .await?;
    note(connection, number, polled.at, "", "opened", "").await?;
    tell(connection, polled, stock, &incident, None).await?;
    Ok(incident)
}

/// Writes down what people are to be told, once for each time an incident is told.
async fn tell(
    connection: &mut AnyConnection,
    polled: &Polled<'_>,
    stock: &LicenceStock,
    incident: &Incident,
    again: Option<Reminder>,
) -> Result<(), sqlx::Error> {
    let message = Message::Shortage(Shortage {
        incident: incident.number,
        tenant: polled.name.clone(),
        sku_id: stock.sku_id,
        part_number: stock.part_number.clone(),
        usable: stock.usable(polled.count_warning_units),
        consumed: stock.consumed,
        free: stock.free(polled.count_warning_units),
        polled_at: polled.at,
        again,
    });
    let message = NewMessage {
        subject: format!("incident/{}/{}", incident.number, incident.told),
        tenant: Some(polled.key),
        incident: Some(incident.number),
        message: &message,
    };
    outbox::put(connection, &message, polled.at).await?;
    Ok(())
}

async fn close(
    connection: &mut AnyConnection,
    number: i64,
    closing: Closing,
    at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE incidents SET closed_at = $2, closing = $3, version = version + 1 WHERE number = $1")
        .bind(number)
        .bind(at.timestamp_millis())
        .bind(closing.as_str())
        .execute(&mut *connection)
        .await?;
    note(connection, number, at, "", "closed", closing.as_str()).await?;
    // Nobody needs to hear of a shortage that is over.
    outbox::cancel(connection, number, at).await
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

    /// Every incident of one tenant, open or closed, with or without a profile; the newest first.
    pub(crate) async fn incidents_of(&self, key: &str) -> Result<Vec<StoredIncident>, StoreError> {
        const OPERATION: &str = "reading the incidents of a tenant";
        let error = StoreError::during(OPERATION);
        let mut connection = self.reading(OPERATION).await?;
        let sql = concat!(
            "SELECT ",
            columns!(),
            ", t.tenant_name FROM incidents i JOIN tenants t ON t.tenant_key = i.tenant_key \
             WHERE i.tenant_key = $1 ORDER BY i.number DESC"
        );
        let rows = within(PATIENCE, sqlx::query(sql).bind(key).fetch_all(&mut *connection)).await.map_err(&error)?;
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

    /// Does what a person wants with an incident, if it is still as that person saw it (`version`; `None` whatever it
    /// is). It stands in the audit log if and only if it was done.
    ///
    /// # Errors
    /// Those of writing.
    pub async fn act_on_incident(
        &self,
        number: i64,
        version: Option<i64>,
        action: Action,
        actor: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<Acted, StoreError> {
        const OPERATION: &str = "changing an incident";
        let error = StoreError::during(OPERATION);
        let mut writing = self.writing(OPERATION).await?;
        let Some(before) = one(writing.connection(), number).await.map_err(&error)? else { return Ok(Acted::Unknown) };
        if before.closed.is_some() {
            return Ok(Acted::Closed);
        }
        if version.is_some_and(|version| version != before.version) {
            return Ok(Acted::Changed(Box::new(before)));
        }
        let after = match action.on(&before.incident, now) {
            Ok(after) => after,
            Err(refusal) => return Ok(Acted::Refused(refusal)),
        };
        save(writing.connection(), &after).await.map_err(&error)?;
        let detail = match action {
            Action::Order { quantity, expected_on } => format!("{quantity}, {expected_on}"),
            Action::Snooze { until } => until.to_rfc3339(),
            Action::Acknowledge | Action::Reopen => String::new(),
        };
        note(writing.connection(), number, now, actor.who, action.as_str(), &detail).await.map_err(&error)?;
        let (word, subject) = (format!("incident-{}", action.as_str()), number.to_string());
        let detail = json!({ "tenant": before.incident.tenant, "skuid": before.incident.sku_id, "action": action });
        audit::note(writing.connection(), actor, &word, &subject, &detail, now).await.map_err(&error)?;
        writing.revise();
        writing.commit().await?;
        Ok(Acted::Done(Box::new(StoredIncident { incident: after, version: before.version + 1, ..before })))
    }
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
