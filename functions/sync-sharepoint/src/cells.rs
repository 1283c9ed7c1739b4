//! Between rows as the planner knows them and cells as the lists hold them.

use leitwarte_core::sharepoint::columns::{LicenceColumns, TenantColumns};
use leitwarte_core::sharepoint::plan::Field;
use leitwarte_core::sharepoint::rows::{LicenceRow, Numbers};
use leitwarte_graph::ListItem;
use serde_json::{Map, Value, json};

/// A row of the Lizenzstatusliste.
pub(crate) fn licence_row(item: ListItem, columns: &LicenceColumns) -> LicenceRow {
    let cell = |column: &str| item.fields.get(column);
    let number = |column: &str| cell(column).and_then(whole);
    let numbers = (|| {
        let (available, consumed) = (number(&columns.available)?, number(&columns.consumed)?);
        Some(Numbers { available, consumed, free: number(&columns.free)? })
    })();
    LicenceRow {
        title: text(cell(&columns.licence)),
        tenant: text(cell(&columns.tenant)),
        numbers,
        trigger: cell(&columns.trigger).and_then(Value::as_bool).unwrap_or(false),
        informed: cell(&columns.informed).and_then(Value::as_bool).unwrap_or(false),
        item: item.item,
    }
}

/// The cells to write.
pub(crate) fn cells(fields: &[Field], tenants: &TenantColumns, licences: &LicenceColumns) -> Map<String, Value> {
    let cell = |field: &Field| {
        let (column, value) = match field {
            Field::TenantTitle(name) => (&tenants.title, json!(name)),
            Field::Enabled(on) => (&tenants.enabled, json!(on)),
            Field::Monitoring(on) => (&tenants.monitoring, json!(on)),
            Field::CertExpires(day) => (&tenants.cert_expires, json!(format!("{day}T00:00:00Z"))),
            Field::Licence(title) => (&licences.licence, json!(title)),
            Field::Tenant(name) => (&licences.tenant, json!(name)),
            Field::Available(number) => (&licences.available, json!(number)),
            Field::Consumed(number) => (&licences.consumed, json!(number)),
            Field::Free(number) => (&licences.free, json!(number)),
            Field::Trigger(on) => (&licences.trigger, json!(on)),
            Field::Informed(on) => (&licences.informed, json!(on)),
        };
        (column.clone(), value)
    };
    fields.iter().map(cell).collect()
}

fn text(cell: Option<&Value>) -> String {
    cell.and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// SharePoint's numbers are floating.
#[expect(clippy::cast_possible_truncation, reason = "checked to be whole and within the whole numbers of f64")]
fn whole(cell: &Value) -> Option<i64> {
    const LARGEST: f64 = 9_007_199_254_740_992.0;
    let number = cell.as_f64()?;
    (number.fract() == 0.0 && number.abs() <= LARGEST).then_some(number as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_numbers_are_numbers_of_licences() {
        let read = [json!(5.0), json!(-7), json!(0.5), json!("5"), json!(1e300)].map(|cell| whole(&cell));
        assert_eq!(read, [Some(5), Some(-7), None, None, None]);
    }
}
