//! The tenants and their licences as Prometheus metrics, in the text format 0.0.4.
//!
//! Numbers that are too old to rely on follow the rule of the status pages: a shortage stays one, whatever looked good is
//! unknown. A count that is unknown is not exported at all, so that no threshold takes it for a good one.

use std::fmt::Write as _;

use leitwarte_core::poll::PollPolicy;
use leitwarte_core::status::TenantSnapshot;
use leitwarte_core::stock::StockState;
use leitwarte_core::{DateTime, Utc};
use leitwarte_store::{OutboxCounts, SyncInfo};

/// What the answer calls itself.
pub(crate) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

const STATES: [StockState; 7] = [
    StockState::Short,
    StockState::Unknown,
    StockState::Low,
    StockState::Fine,
    StockState::Excluded,
    StockState::Unmetered,
    StockState::CompanyWide,
];

/// What the metrics are made of.
#[derive(Debug)]
pub(crate) struct Known {
    /// Every configured tenant.
    pub tenants: Vec<TenantSnapshot>,
    /// The keys of tenants whose certificate was read, and when that ends.
    pub certificates: Vec<(String, DateTime<Utc>)>,
    /// How the lists of each SharePoint profile fare.
    pub syncs: Vec<SyncInfo>,
    /// Shortages that are open, and those of them of which nobody has said anything.
    pub incidents: (usize, usize),
    /// What people have not been told yet.
    pub outbox: OutboxCounts,
    /// When a poll of all due tenants was last completed.
    pub last_tick: Option<DateTime<Utc>>,
}

/// Everything as text, judged by the time `now`.
pub(crate) fn render(known: &Known, policy: &PollPolicy, now: DateTime<Utc>) -> String {
    let mut text = Text(String::new());
    text.head("leitwarte_last_tick_timestamp_seconds", "When a poll of all due tenants was last completed.");
    if let Some(at) = known.last_tick {
        text.sample("leitwarte_last_tick_timestamp_seconds", &[], at.timestamp());
    }
    tenants(&mut text, known, policy, now);
    licences(&mut text, known, policy, now);
    lists(&mut text, &known.syncs);
    people(&mut text, known);
    text.0
}

fn people(text: &mut Text, known: &Known) {
    let OutboxCounts { waiting, given_up, oldest_waiting } = known.outbox;
    let (open, untouched) = known.incidents;
    let mut one = |name, help, value: i64| {
        text.head(name, help);
        text.sample(name, &[], value);
    };
    let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    one("leitwarte_incidents_open", "Shortages that are open.", number(open));
    one("leitwarte_incidents_untouched", "Open shortages of which nobody has said anything.", number(untouched));
    one("leitwarte_messages_waiting", "Messages that people have not been told yet, each channel counted.", waiting);
    one(
        "leitwarte_messages_given_up",
        "Messages that nobody was told, because their channel failed for three days.",
        given_up,
    );
    let name = "leitwarte_messages_oldest_waiting_timestamp_seconds";
    text.head(name, "When the oldest message was written that waits.");
    if let Some(at) = oldest_waiting {
        text.sample(name, &[], at.timestamp());
    }
}

fn tenants(text: &mut Text, known: &Known, policy: &PollPolicy, now: DateTime<Utc>) {
    text.head("leitwarte_tenant_info", "The name of the tenant with this key; always 1.");
    for tenant in &known.tenants {
        text.sample("leitwarte_tenant_info", &[("tenant", &tenant.key), ("tenant_name", &tenant.tenant_name)], 1);
    }
    let mut each = |name, help, value: &dyn Fn(&TenantSnapshot) -> Option<i64>| {
        text.head(name, help);
        for tenant in &known.tenants {
            if let Some(value) = value(tenant) {
                text.sample(name, &[("tenant", &tenant.key)], value);
            }
        }
    };
    each("leitwarte_tenant_enabled", "0 when the tenant is switched off and not polled.", &|tenant| {
        Some(i64::from(tenant.enabled))
    });
    let help = "When the tenant's stock was last read without error.";
    each("leitwarte_tenant_last_good_poll_timestamp_seconds", help, &|tenant| {
        tenant.polled_at.map(|at| at.timestamp())
    });
    each("leitwarte_tenant_stale", "1 when the tenant's numbers are too old or too doubtful to rely on.", &|tenant| {
        Some(i64::from(tenant.stale_reason(policy, now).is_some()))
    });
    each("leitwarte_tenant_failing", "1 when the tenant's last poll brought no numbers.", &|tenant| {
        Some(i64::from(tenant.failure.is_some()))
    });
    let name = "leitwarte_tenant_certificate_end_timestamp_seconds";
    text.head(name, "When the certificate ends with which the tenant was last polled.");
    for (key, ends_at) in &known.certificates {
        text.sample(name, &[("tenant", key)], ends_at.timestamp());
    }
}

fn licences(text: &mut Text, known: &Known, policy: &PollPolicy, now: DateTime<Utc>) {
    let judged: Vec<_> = known.tenants.iter().map(|tenant| (&tenant.key, tenant.rows(policy, now))).collect();
    text.head("leitwarte_licences", "Licence products of the tenant by state; without a stock one that is unknown.");
    for (key, rows) in &judged {
        for state in STATES {
            let count = rows.iter().filter(|row| row.state == state).count();
            text.sample("leitwarte_licences", &[("tenant", key), ("state", state.as_str())], count);
        }
    }
    let name = "leitwarte_licence_free_units";
    text.head(name, "Licences left to assign; negative when over-assigned. Missing while unknown.");
    for (key, rows) in &judged {
        for row in rows.iter().filter(|row| row.state != StockState::Unknown) {
            if let (Some(sku), Some(part_number), Some(free)) = (row.skuid, &row.skupartnumber, row.free_units) {
                let labels = [("tenant", key.as_str()), ("sku_part_number", part_number), ("sku_id", &sku.to_string())];
                text.sample(name, &labels, free);
            }
        }
    }
}

fn lists(text: &mut Text, syncs: &[SyncInfo]) {
    let mut each = |name, help, value: &dyn Fn(&SyncInfo) -> Option<i64>| {
        text.head(name, help);
        for sync in syncs {
            if let Some(value) = value(sync) {
                text.sample(name, &[("profile", &sync.profile)], value);
            }
        }
    };
    each(
        "leitwarte_sharepoint_last_good_sync_timestamp_seconds",
        "When the lists were last brought up to date.",
        &|sync| sync.last_success_at.map(|at| at.timestamp()),
    );
    each("leitwarte_sharepoint_failing", "1 when the last sync with the lists failed.", &|sync| {
        Some(i64::from(sync.failure.is_some()))
    });
    each("leitwarte_sharepoint_doubled_rows", "Rows that stand for the same licence as an older one.", &|sync| {
        Some(sync.doubled_rows)
    });
}

/// Text in the making. All metrics are gauges.
struct Text(String);

impl Text {
    fn head(&mut self, name: &str, help: &str) {
        // Writing to a string cannot fail, here and below.
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} gauge");
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl std::fmt::Display) {
        self.0.push_str(name);
        for (index, (label, value)) in labels.iter().enumerate() {
            self.0.push(if index == 0 { '{' } else { ',' });
            let _ = write!(self.0, "{label}=\"");
            self.escaped(value);
            self.0.push('"');
        }
        let end = if labels.is_empty() { "" } else { "}" };
        let _ = writeln!(self.0, "{end} {value}");
    }

    /// The three characters that the format wants escaped in a label's value.
    fn escaped(&mut self, value: &str) {
        for character in value.chars() {
            match character {
                '\\' => self.0.push_str("\\\\"),
                '"' => self.0.push_str("\\\""),
                '\n' => self.0.push_str("\\n"),
                other => self.0.push(other),
            }
        }
    }
}

#[cfg(test)]
mod tests;
