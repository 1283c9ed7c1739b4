//! The printed result: Markdown that can stand in the README as it is.

use crate::load::Measured;

/// Collects and prints lines as they come.
#[derive(Debug, Default)]
pub(crate) struct Report {
    rows_in_table: usize,
}

impl Report {
    /// A new section.
    pub(crate) fn heading(&mut self, text: &str) {
        self.rows_in_table = 0;
        println!("\n### {text}\n");
    }

    /// A row of the current table; the first one is its head.
    pub(crate) fn row(&mut self, cells: &[&str]) {
        println!("| {} |", cells.join(" | "));
        if self.rows_in_table == 0 {
            println!("|{}", "---|".repeat(cells.len()));
        }
        self.rows_in_table += 1;
    }

    /// A sentence.
    pub(crate) fn line(&mut self, text: &str) {
        self.rows_in_table = 0;
        println!("\n{text}");
    }
}

/// The round with the middle rate.
pub(crate) fn middle(mut rounds: Vec<Measured>) -> Measured {
    rounds.sort_by(|a, b| a.per_second.total_cmp(&b.per_second));
    rounds.swap_remove(rounds.len() / 2)
}
