//! What is to be written, in words.

use leitwarte_core::sharepoint::plan::{Field, Row, Write};
use leitwarte_core::sharepoint::rows::Tenant;

/// One write as a line: which list, which row, which values.
pub(crate) fn line(write: &Write, tenants: &[Tenant]) -> String {
    let verb = if write.item.is_none() { "new row" } else { "change" };
    let of = |key: &str| tenants.iter().find(|tenant| tenant.key == key);
    let name = |key: &str| of(key).map_or_else(|| key.to_owned(), |tenant| tenant.name.clone());
    let row = match &write.row {
        Row::Tenant(key) => format!("Tenantliste, {}", name(key)),
        Row::Licence(key, sku) => {
            let licences = of(key).and_then(|tenant| tenant.licences.as_deref()).unwrap_or_default();
            let title = licences.iter().find(|licence| licence.sku_id == *sku).map(|licence| licence.title.clone());
            format!("Lizenzstatusliste, {}, {}", name(key), title.unwrap_or_else(|| sku.to_string()))
        }
    };
    let fields: Vec<String> = write.fields.iter().map(field).collect();
    format!("{verb} in {row}: {}", fields.join(", "))
}

fn field(field: &Field) -> String {
    let switch = |name: &str, on: &bool| format!("{name} {}", if *on { "on" } else { "off" });
    match field {
        Field::TenantTitle(text) | Field::Licence(text) => format!("title \"{text}\""),
        Field::Tenant(text) => format!("tenant \"{text}\""),
        Field::Enabled(on) => switch("enabled", on),
        Field::Monitoring(on) => switch("monitoring", on),
        Field::CertExpires(day) => format!("cert_expires {day}"),
        Field::Available(number) => format!("available {number}"),
        Field::Consumed(number) => format!("assigned {number}"),
        Field::Free(number) => format!("free {number}"),
        Field::Trigger(on) => switch("trigger", on),
        Field::Informed(on) => switch("technician_informed", on),
    }
}
