//! The stock as a page of text: one block per tenant, the worst tenant first.

use std::fmt::Write as _;

use anstyle::Style;
use chrono::{DateTime, Utc};
use leitwarte_core::poll::PollPolicy;
use leitwarte_core::status::{StatusRow, TenantSnapshot};
use leitwarte_core::stock::StockState;
use unicode_width::UnicodeWidthStr as _;

use crate::table::{cut, left, right};
use crate::terminal::{BAD, BOLD, DIM, GOOD, UNKNOWN, WARN, paint};
use crate::words::{ago, count, wrap};

/// How to show it.
pub(super) struct View<'a> {
    pub(super) policy: &'a PollPolicy,
    pub(super) now: DateTime<Utc>,
    pub(super) width: usize,
    /// Also the rows that need nobody's attention.
    pub(super) show_all: bool,
    /// When poll-tenant last went through all tenants.
    pub(super) last_tick: Option<DateTime<Utc>>,
}

/// One tenant with its rows, worst first.
struct Block<'a> {
    tenant: &'a TenantSnapshot,
    rows: Vec<StatusRow>,
}

const STATE: usize = 14;
const NUMBER: usize = 11;

impl View<'_> {
    /// Everything, as one text with styles.
    pub(super) fn render(&self, snapshots: &[TenantSnapshot]) -> String {
        let mut blocks: Vec<Block<'_>> =
            snapshots.iter().map(|tenant| Block { tenant, rows: tenant.rows(self.policy, self.now) }).collect();
        // A tenant that is switched off worries nobody, however old its numbers are.
        blocks.sort_by(|a, b| {
            let worst = |block: &Block<'_>| (!block.tenant.enabled, block.rows.first().map(|row| row.state));
            worst(a).cmp(&worst(b)).then_with(|| {
                let severity = |row| StatusRow::severity(row);
                a.rows.first().map(severity).cmp(&b.rows.first().map(severity))
            })
        });
        let mut text = self.summary(&blocks);
        let name = self.name_width();
        let heads = ["available", "assigned", "free"].map(|head| right(head, NUMBER)).concat();
        let _ = writeln!(text, "\n{}", paint(DIM, format_args!("{:STATE$}{}{heads}", "", left("licence", name))));
        for block in &blocks {
            self.block(&mut text, block);
        }
        text
    }

    fn name_width(&self) -> usize {
        // Wider than this, the numbers stand too far from the names they belong to.
        (self.width - STATE - 3 * NUMBER).min(76)
    }

    fn summary(&self, blocks: &[Block<'_>]) -> String {
        let states: Vec<StockState> = blocks
            .iter()
            .filter(|block| block.tenant.enabled)
            .flat_map(|block| block.rows.iter().filter(|row| row.skuid.is_some()).map(|row| row.state))
            .collect();
        let unread = blocks.iter().filter(|block| block.tenant.enabled && block.tenant.stock.is_empty()).count();
        let mut text = paint(BOLD, count(blocks.len(), "tenant"));
        if unread > 0 {
            text.push_str(&paint(UNKNOWN, format_args!(", {unread} without numbers")));
        }
        let age = self
            .last_tick
            .map_or("first poll not finished".to_owned(), |at| format!("last poll {}", ago(at, self.now)));
        let _ = writeln!(text, " · {age}");
        let mut licences = Vec::new();
        for state in [StockState::Short, StockState::Low, StockState::Unknown, StockState::Fine] {
            let number = states.iter().filter(|other| **other == state).count();
            if number > 0 {
                licences.push(paint(style(state), format_args!("{number} {}", label(state))));
            }
        }
        if !licences.is_empty() {
            let _ = writeln!(text, "licences: {}", licences.join(", "));
        }
        text
    }

    fn block(&self, text: &mut String, block: &Block<'_>) {
        self.heading(text, block.tenant);
        if let Some(reason) = block.rows.first().and_then(|row| row.stale_reason.as_deref()) {
            let style = if block.tenant.enabled { UNKNOWN } else { DIM };
            for line in wrap(&cut(reason, 1000), self.line_width() - 2) {
                let _ = writeln!(text, "  {}", paint(style, line));
            }
        }
        let known = || block.rows.iter().filter(|row| row.skuid.is_some());
        let is_shown = |row: &StatusRow| self.is_shown(block.tenant, row);
        for row in known().filter(|row| is_shown(row)) {
            self.row(text, row);
        }
        let mut hidden = Vec::new();
        for state in [
            StockState::Short,
            StockState::Unknown,
            StockState::Low,
            StockState::Fine,
            StockState::Excluded,
            StockState::Unmetered,
            StockState::CompanyWide,
        ] {
            let number = known().filter(|row| !is_shown(row) && row.state == state).count();
            if number > 0 {
                hidden.push(format!("{number} {}", label(state)));
            }
        }
        if !hidden.is_empty() {
            let line = format!("+ {}; --all shows them", hidden.join(", "));
            let _ = writeln!(text, "  {}", paint(DIM, line));
        }
    }

    /// What needs somebody. Nobody looks after a tenant that is switched off.
    fn is_shown(&self, tenant: &TenantSnapshot, row: &StatusRow) -> bool {
        self.show_all || (tenant.enabled && matches!(row.state, StockState::Short | StockState::Low))
    }

    fn line_width(&self) -> usize {
        STATE + self.name_width() + 3 * NUMBER
    }

    /// The tenant's name and key, and on the right how old its numbers are.
    fn heading(&self, text: &mut String, tenant: &TenantSnapshot) {
        let age = match tenant.polled_at {
            Some(at) => format!("read {}", ago(at, self.now)),
            None => "never read".to_owned(),
        };
        let key = if tenant.key == tenant.tenant_name { String::new() } else { format!(" ({})", tenant.key) };
        let name = cut(&tenant.tenant_name, self.line_width() - key.width() - age.width() - 2);
        let gap = self.line_width() - name.width() - key.width() - age.width();
        let _ = writeln!(text, "\n{}{}{:gap$}{}", paint(BOLD, name), paint(DIM, key), "", paint(DIM, age));
    }

    /// Product name and numbers, and below them part number and, where there is room, GUID.
    fn row(&self, text: &mut String, row: &StatusRow) {
        let width = self.name_width();
        let style = style(row.state);
        let state = left(&format!("  {} {}", mark(row.state), label(row.state)), STATE);
        let part_number = row.skupartnumber.as_deref().unwrap_or_default();
        let name = left(row.product_name.as_deref().unwrap_or(part_number), width);
        let cell = |number: Option<i64>| right(&number.map_or("–".to_owned(), |n| n.to_string()), NUMBER);
        let (usable, assigned) = (cell(row.available_units), cell(row.consumed_units));
        let free = paint(style, cell(row.free_units));
        let _ = writeln!(text, "{}{name}{usable}{assigned}{free}", paint(style, state));
        let id = row.skuid.map(|id| format!("  {id}")).unwrap_or_default();
        let below = if part_number.width() + id.width() <= width {
            format!("{part_number}{id}")
        } else {
            cut(part_number, width)
        };
        let _ = writeln!(text, "{:STATE$}{}", "", paint(DIM, below));
    }
}

fn mark(state: StockState) -> char {
    match state {
        StockState::Short => '✘',
        StockState::Unknown => '?',
        StockState::Low => '!',
        StockState::Fine => '✔',
        StockState::Excluded => '–',
        StockState::Unmetered | StockState::CompanyWide => ' ',
    }
}

fn label(state: StockState) -> &'static str {
    match state {
        StockState::Unmetered => "no charge",
        StockState::CompanyWide => "company-wide",
        other => other.as_str(),
    }
}

fn style(state: StockState) -> Style {
    match state {
        StockState::Short => BAD,
        StockState::Unknown => UNKNOWN,
        StockState::Low => WARN,
        StockState::Fine => GOOD,
        StockState::Excluded | StockState::Unmetered | StockState::CompanyWide => DIM,
    }
}

#[cfg(test)]
mod tests;
