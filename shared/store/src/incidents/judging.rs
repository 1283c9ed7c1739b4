//! What a poll means for a tenant's incidents, in the transaction that stores it.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use leitwarte_core::incident::{Closing, Incident, Phase, Reminder, Sight, Step, step};
use leitwarte_core::message::{Message, Shortage};
use leitwarte_core::rules::Rules;
use leitwarte_core::stock::LicenceStock;
use sqlx::AnyConnection;
use uuid::Uuid;

use super::{StoredIncident, columns, note, save, stored};
use crate::outbox::{self, NewMessage};
use crate::rows::next_number;
use crate::rules;

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
                    note(connection, incident.number, polled.at, "", "told", reminder.as_str()).await?;
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
