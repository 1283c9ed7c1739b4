//! Plays the two Power Automate flows of the source document (licence-tool.md, section on Power Automate),
//! once each time it is asked to.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use serde_json::{Map, json};

use super::licence_lists::{LICENCE_LIST, PARAMETER_LIST, TENANT_LIST};
use super::list::{ChangeError, List, Row};
use super::site::Content;

/// A certificate with less time left is told.
const WARNING: TimeDelta = TimeDelta::days(7);

/// What a flow has sent.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FlowMessage {
    /// When.
    pub at: DateTime<Utc>,
    /// `E-Mail` or `Teams`: the Parameterliste's `communication`.
    pub channel: String,
    /// The Parameterliste's `sendermail`.
    pub sender: String,
    /// The Parameterliste's `recipientmail`.
    pub recipient: String,
    /// What it says.
    #[serde(flatten)]
    pub notice: Notice,
}

/// What a flow has to say.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "notice", rename_all = "snake_case")]
pub enum Notice {
    /// A licence is used up.
    Shortage {
        /// Whose.
        tenant: String,
        /// The row's title.
        licence: String,
        /// Column Verfügbar, in units; `None`: empty.
        available: Option<f64>,
        /// Column Gebraucht, in units.
        used: Option<f64>,
        /// Column Frei, in units.
        free: Option<f64>,
    },
    /// A certificate ends soon or has ended.
    Certificate {
        /// Whose.
        tenant: String,
        /// When.
        expires_at: DateTime<Utc>,
    },
}

/// Why a flow fails, as its run history would say it. Rows it did not reach stay as they are.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FlowError {
    #[error("there is no list `{0}`")]
    NoList(&'static str),
    #[error("`{PARAMETER_LIST}` says nothing of `{0}`")]
    NoParameter(&'static str),
    #[error(transparent)]
    Field(#[from] ChangeError),
}

/// Tells every row that asks for it, and marks it as told.
pub(crate) fn tell_shortages(content: &mut Content, now: DateTime<Utc>) -> Result<Vec<FlowMessage>, FlowError> {
    let list = list(content, LICENCE_LIST)?;
    let trigger = inner(list, "trigger_inform_supporter")?;
    let due: Vec<u64> = list.rows.values().filter(|row| row.get(&trigger) == true).map(|row| row.id).collect();
    let mut sent = Vec::with_capacity(due.len());
    for id in due {
        let letterhead = Letterhead::read(content)?;
        let list = self::list(content, LICENCE_LIST)?;
        let informed = inner(list, "technician_informed")?;
        let row = list.rows.get(&id).ok_or(ChangeError::NoItem)?;
        let message = letterhead.message(now, Notice::shortage(list, row)?);
        let done = Map::from_iter([(trigger.clone(), json!(false)), (informed, json!(true))]);
        list.change(id, None, &done, now)?;
        content.messages.push(message.clone());
        sent.push(message);
    }
    Ok(sent)
}

/// Tells every certificate of the Tenantliste that ends in less than seven days or has ended; again each time.
pub(crate) fn tell_certificates(content: &mut Content, now: DateTime<Utc>) -> Result<Vec<FlowMessage>, FlowError> {
    let list = list(content, TENANT_LIST)?;
    let column = inner(list, "cert_expires")?;
    let mut due = Vec::new();
    for row in list.rows.values() {
        let expires_at = row.get(&column).as_str().and_then(|at| at.parse::<DateTime<Utc>>().ok());
        if let Some(expires_at) = expires_at.filter(|at| *at - now < WARNING) {
            due.push(Notice::Certificate { tenant: text(list, row, "Title")?, expires_at });
        }
    }
    let mut sent = Vec::with_capacity(due.len());
    for notice in due {
        sent.push(Letterhead::read(content)?.message(now, notice));
    }
    content.messages.extend(sent.iter().cloned());
    Ok(sent)
}

impl Notice {
    fn shortage(list: &List, row: &Row) -> Result<Self, FlowError> {
        Ok(Self::Shortage {
            tenant: text(list, row, "tenant")?,
            licence: text(list, row, "Title")?,
            available: number(list, row, "Verfügbar")?,
            used: number(list, row, "Gebraucht")?,
            free: number(list, row, "Frei")?,
        })
    }
}

/// Whom to tell, and how.
struct Letterhead {
    channel: String,
    sender: String,
    recipient: String,
}

impl Letterhead {
    fn read(content: &mut Content) -> Result<Self, FlowError> {
        let list = list(content, PARAMETER_LIST)?;
        let [name, value] = [inner(list, "Parameter")?, inner(list, "Parameterwert")?];
        let parameter = |wanted: &'static str| {
            let row = list.rows.values().find(|row| row.get(&name) == wanted);
            row.and_then(|row| row.get(&value).as_str()).map(ToOwned::to_owned).ok_or(FlowError::NoParameter(wanted))
        };
        Ok(Self {
            channel: parameter("communication")?,
            sender: parameter("sendermail")?,
            recipient: parameter("recipientmail")?,
        })
    }

    fn message(self, at: DateTime<Utc>, notice: Notice) -> FlowMessage {
        let Self { channel, sender, recipient } = self;
        FlowMessage { at, channel, sender, recipient, notice }
    }
}

fn list<'a>(content: &'a mut Content, name: &'static str) -> Result<&'a mut List, FlowError> {
    content.list(name).ok_or(FlowError::NoList(name))
}

fn inner(list: &List, name: &str) -> Result<String, FlowError> {
    Ok(list.column_a_person_means(name)?.name.clone())
}

fn text(list: &List, row: &Row, column: &str) -> Result<String, FlowError> {
    Ok(row.get(&inner(list, column)?).as_str().unwrap_or_default().to_owned())
}

fn number(list: &List, row: &Row, column: &str) -> Result<Option<f64>, FlowError> {
    Ok(row.get(&inner(list, column)?).as_f64())
}
