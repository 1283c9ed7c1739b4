//! Product names of Microsoft's licences and which of them nobody pays for.
//!
//! Source: Microsoft's "Product names and service plan identifiers for licensing" reference, kept in
//! `data/sku-names.csv`; German names and the free and trial products stand beside it.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use uuid::Uuid;

static NAMES: &str = include_str!("../data/sku-names.csv");
static GERMAN_NAMES: &str = include_str!("../data/sku-names-de.csv");
static UNMETERED: &str = include_str!("../data/sku-unmetered.csv");

struct Catalogue {
    by_id: HashMap<Uuid, &'static str>,
    by_part_number: HashMap<&'static str, &'static str>,
    german: HashMap<&'static str, &'static str>,
    unmetered: HashSet<Uuid>,
}

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| {
    let mut by_id = HashMap::new();
    let mut by_part_number = HashMap::new();
    for row in rows(NAMES) {
        if let [id, part_number, name] = row[..] {
            by_id.insert(parse_id(id), name);
            by_part_number.insert(part_number, name);
        }
    }
    let german = rows(GERMAN_NAMES).filter_map(|row| Some((*row.first()?, *row.get(1)?))).collect();
    let unmetered = rows(UNMETERED).filter_map(|row| row.first().map(|id| parse_id(id))).collect();
    Catalogue { by_id, by_part_number, german, unmetered }
});

/// The product's English name, found by GUID first and by part number if Microsoft's list does not know
/// the GUID; an unknown product shows its part number.
#[must_use]
pub fn product_name(sku_id: Uuid, part_number: &str) -> &str {
    let catalogue = &*CATALOGUE;
    catalogue.by_id.get(&sku_id).or_else(|| catalogue.by_part_number.get(part_number)).copied().unwrap_or(part_number)
}

/// The product's German name where one is known, else [`product_name`].
#[must_use]
pub fn product_name_de(sku_id: Uuid, part_number: &str) -> &str {
    CATALOGUE.german.get(part_number).copied().unwrap_or_else(|| product_name(sku_id, part_number))
}

/// The product's English name, if Microsoft's list knows its GUID.
#[must_use]
pub fn name_of_sku(sku_id: Uuid) -> Option<&'static str> {
    CATALOGUE.by_id.get(&sku_id).copied()
}

/// The GUID of a product by Microsoft's short name, if exactly one product has it; letter case does not matter.
#[must_use]
pub fn sku_of_part_number(part_number: &str) -> Option<Uuid> {
    let mut found = rows(NAMES).filter(|row| row.get(1).is_some_and(|name| name.eq_ignore_ascii_case(part_number)));
    let id = parse_id(found.next()?.first()?);
    found.next().is_none().then_some(id)
}

/// Whether the product is free, viral or a trial: shown, but no reason to wake anybody.
#[must_use]
pub fn is_unmetered(sku_id: Uuid) -> bool {
    CATALOGUE.unmetered.contains(&sku_id)
}

/// The rows of an embedded CSV file without its header. Quoted cells keep their commas.
fn rows(text: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    text.lines().skip(1).filter(|line| !line.is_empty()).map(cells)
}

fn cells(line: &'static str) -> Vec<&'static str> {
    let mut cells = Vec::new();
    let mut rest = line;
    loop {
        let (cell, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => match rest.find(',') {
                Some(comma) => rest.split_at(comma),
                None => (rest, ""),
            },
        };
        cells.push(cell);
        match after.strip_prefix(',') {
            Some(next) => rest = next,
            None => return cells,
        }
    }
}

fn parse_id(text: &str) -> Uuid {
    // The files are part of this program; a test reads all of them.
    Uuid::parse_str(text).unwrap_or_default()
}

#[cfg(test)]
mod tests;
