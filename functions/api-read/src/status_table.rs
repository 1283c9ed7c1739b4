//! The rows of every tenant, sorted and written as JSON once, so that any part of them is a copy of bytes.

use std::ops::Range;
use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use leitwarte_core::poll::PollPolicy;
use leitwarte_core::status::{StatusRow, TenantSnapshot};
use leitwarte_core::stock::StockState;
use leitwarte_core::{DateTime, TimeDelta, Utc, Uuid};
use leitwarte_web::http::{ETag, gzip};
use serde::{Deserialize, Serialize};

/// Longest cursor that is looked at: names of 255 characters with room to spare.
const LONGEST_CURSOR_BYTES: usize = 4096;

/// Where a row stands: state, free units, tenant's name, part number, tenant's key, SKU. No two rows share one, so a
/// cursor stays meaningful whatever changes in between: the next page begins after it, wherever that now is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Position(StockState, i64, String, String, String, Uuid);

/// The same, borrowed; both sort alike.
type PositionRef<'a> = (StockState, i64, &'a str, &'a str, &'a str, Uuid);

fn position_of<'a>(key: &'a str, row: &'a StatusRow) -> PositionRef<'a> {
    let (state, free, tenant, part_number) = row.severity();
    (state, free, tenant, part_number, key, row.skuid.unwrap_or_default())
}

impl Position {
    fn borrowed(&self) -> PositionRef<'_> {
        (self.0, self.1, &self.2, &self.3, &self.4, self.5)
    }

    /// The opaque form for an address.
    pub(crate) fn to_cursor(&self) -> String {
        // A tuple of numbers and strings always becomes JSON.
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default())
    }

    /// Reads the opaque form; `None` for anything that is none.
    pub(crate) fn from_cursor(cursor: &str) -> Option<Self> {
        let json = (cursor.len() <= LONGEST_CURSOR_BYTES).then(|| URL_SAFE_NO_PAD.decode(cursor).ok())??;
        serde_json::from_slice(&json).ok()
    }
}

/// Where a row's JSON stands, and whose row it is (index into the tenants' keys).
#[derive(Debug)]
struct Place {
    bytes: Range<usize>,
    tenant: usize,
}

/// All rows, worst first.
#[derive(Debug)]
pub(crate) struct StatusTable {
    /// The rows as one JSON array.
    json: Bytes,
    rows: Vec<Place>,
    /// The keys of the tenants.
    keys: Vec<String>,
    tag: ETag,
    /// When the passing of time alone changes a row; `None` for never.
    valid_until: Option<DateTime<Utc>>,
    whole_gzipped: OnceLock<Bytes>,
}

impl StatusTable {
    /// Judges, sorts and writes.
    ///
    /// # Errors
    /// If a row cannot be written as JSON.
    pub(crate) fn build(
        snapshots: &[TenantSnapshot],
        policy: &PollPolicy,
        now: DateTime<Utc>,
    ) -> Result<Self, serde_json::Error> {
        let rows_of = |(tenant, snapshot): (usize, &TenantSnapshot)| {
            snapshot.rows(policy, now).into_iter().map(move |row| (tenant, row)).collect::<Vec<_>>()
        };
        let rows: Vec<(usize, StatusRow)> = snapshots.iter().enumerate().flat_map(rows_of).collect();
        let position = |index: usize| {
            let (tenant, row) = &rows[index];
            position_of(&snapshots[*tenant].key, row)
        };
        // Indices are sorted, because rows are large.
        let mut order: Vec<usize> = (0..rows.len()).collect();
        order.sort_unstable_by(|a, b| position(*a).cmp(&position(*b)));

        let mut json = Vec::with_capacity(rows.len() * 512 + 2);
        let mut places = Vec::with_capacity(rows.len());
        json.push(b'[');
        for index in order {
            let (tenant, row) = &rows[index];
            if !places.is_empty() {
                json.push(b',');
            }
            let start = json.len();
            serde_json::to_writer(&mut json, row)?;
            places.push(Place { bytes: start..json.len(), tenant: *tenant });
        }
        json.push(b']');
        json.shrink_to_fit();
        Ok(Self {
            tag: ETag::of(&json),
            json: json.into(),
            rows: places,
            keys: snapshots.iter().map(|snapshot| snapshot.key.clone()).collect(),
            valid_until: snapshots.iter().filter_map(|snapshot| next_change(snapshot, policy, now)).min(),
            whole_gzipped: OnceLock::new(),
        })
    }

    /// Whether the rows still say what is true at this time.
    pub(crate) fn is_valid_at(&self, now: DateTime<Utc>) -> bool {
        self.valid_until.is_none_or(|until| now < until)
    }

    /// How many rows there are.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The place of the row before this index.
    pub(crate) fn position_before(&self, index: usize) -> Option<Position> {
        let (key, row) = self.read(self.rows.get(index.checked_sub(1)?)?)?;
        let (state, free, tenant, part_number, key, sku) = position_of(key, &row);
        Some(Position(state, free, tenant.to_owned(), part_number.to_owned(), key.to_owned(), sku))
    }

    /// The first row after a place, whether or not there is a row at that place.
    pub(crate) fn first_after(&self, position: &Position) -> usize {
        self.rows.partition_point(|place| {
            self.read(place).is_some_and(|(key, row)| position_of(key, &row) <= position.borrowed())
        })
    }

    /// A row read back, and its tenant's key. Pages are rare; keeping where every row stands would double the memory.
    fn read(&self, place: &Place) -> Option<(&str, StatusRow)> {
        let row = serde_json::from_slice(&self.json[place.bytes.clone()]).ok()?;
        Some((&self.keys[place.tenant], row))
    }

    /// These rows as a JSON array.
    pub(crate) fn json(&self, rows: &Range<usize>) -> Bytes {
        if rows.len() == self.len() {
            return self.json.clone();
        }
        let part = match &self.rows[rows.clone()] {
            [] => 0..0,
            [only] => only.bytes.clone(),
            [first, .., last] => first.bytes.start..last.bytes.end,
        };
        Bytes::from([b"[", &self.json[part], b"]"].concat())
    }

    /// These rows as a compressed JSON array.
    pub(crate) fn gzipped(&self, rows: &Range<usize>) -> Bytes {
        if rows.len() == self.len() {
            return self.whole_gzipped.get_or_init(|| gzip(&self.json).into()).clone();
        }
        gzip(&self.json(rows)).into()
    }

    /// The entity tag of these rows.
    pub(crate) fn tag(&self, rows: &Range<usize>) -> ETag {
        if rows.len() == self.len() {
            return self.tag.clone();
        }
        let numbers = [rows.start.to_le_bytes(), rows.end.to_le_bytes()];
        ETag::of_parts(&[self.tag.as_str().as_bytes(), &numbers[0], &numbers[1]])
    }
}

/// When the passing of time alone changes what a tenant's rows say: fresh numbers become stale, and stale ones tell
/// their age in whole minutes.
pub(crate) fn next_change(snapshot: &TenantSnapshot, policy: &PollPolicy, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    if let Some(until) = snapshot.fresh_until(policy, now) {
        // Numbers of exactly that age still count as fresh.
        return Some(until + TimeDelta::milliseconds(1));
    }
    let polled_at = snapshot.polled_at.filter(|_| snapshot.enabled && snapshot.failure.is_none())?;
    Some(polled_at + TimeDelta::minutes((now - polled_at).num_minutes() + 1))
}

#[cfg(test)]
mod tests;
