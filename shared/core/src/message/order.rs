//! The mail that orders licences, ready to send: a person reads it, sends it, and notes the order.

use uuid::Uuid;

use super::words::{Language, line};
use crate::catalogue;

/// What is to be ordered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Number of the incident.
    pub incident: i64,
    /// The tenant's name.
    pub tenant: String,
    /// Entra's GUID of the tenant, by which suppliers know it.
    pub tenant_id: Option<Uuid>,
    /// The product.
    pub sku_id: Uuid,
    /// Microsoft's short name.
    pub part_number: String,
    /// How many.
    pub quantity: i64,
    /// Usable, assigned, left, as of the last poll; `None` where nothing is known.
    pub numbers: Option<(i64, i64, i64)>,
}

/// The mail in one language: plain text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderMail {
    /// One line.
    pub subject: String,
    /// The text.
    pub body: String,
}

/// So many licences make a stock that is short by `free` (the reserve taken off) not short: one more than nothing.
#[must_use]
pub fn suggested_quantity(free: i64) -> i64 {
    free.saturating_neg().saturating_add(1).max(1)
}

impl Order {
    /// The mail in a language.
    #[must_use]
    pub fn mail(&self, language: Language) -> OrderMail {
        let (tenant, part_number) = (line(&self.tenant), line(&self.part_number));
        let product = match language {
            Language::De => catalogue::product_name_de(self.sku_id, &self.part_number),
            Language::En => catalogue::product_name(self.sku_id, &self.part_number),
        };
        let product = line(product);
        let named = if product == part_number { product.clone() } else { format!("{product} ({part_number})") };
        let pick = |german, english| language.pick(german, english);
        let mut facts = vec![
            (pick("Kunde", "Customer"), tenant.clone()),
            (pick("Produkt", "Product"), named),
            (pick("Anzahl", "Quantity"), self.quantity.to_string()),
            ("SKU", self.sku_id.to_string()),
        ];
        facts.extend(self.tenant_id.map(|id| (pick("Tenant-ID", "Tenant id"), id.to_string())));
        let facts: Vec<String> = facts.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        let numbers = self.numbers.map(|(usable, assigned, free)| match language {
            Language::De => format!("\nStand heute: {usable} verfügbar, {assigned} zugewiesen, {free} frei.\n"),
            Language::En => format!("\nAs of today: {usable} usable, {assigned} assigned, {free} free.\n"),
        });
        let (before, after) = match language {
            Language::De => (
                "Guten Tag\n\nBitte bestellen Sie für unseren Kunden die folgenden Lizenzen:\n",
                format!(
                    "\nBitte nennen Sie uns den Liefertermin. Unser Zeichen: Vorfall {}.\n\nFreundliche Grüsse\n",
                    self.incident
                ),
            ),
            Language::En => (
                "Hello,\n\nPlease order the following licences for our customer:\n",
                format!(
                    "\nPlease tell us when they will be there. Our reference: incident {}.\n\nKind regards\n",
                    self.incident
                ),
            ),
        };
        OrderMail {
            subject: format!("{}: {} × {product} – {tenant}", pick("Bestellung", "Order"), self.quantity),
            body: format!("{before}\n{}\n{}{after}", facts.join("\n"), numbers.unwrap_or_default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order() -> Order {
        Order {
            incident: 17,
            tenant: "Contoso AG".to_owned(),
            tenant_id: Some(Uuid::from_u128(9)),
            sku_id: Uuid::from_u128(0x05e9_a617_0261_4cee_bb44_138d_3ef5_d965),
            part_number: "SPE_E3".to_owned(),
            quantity: 3,
            numbers: Some((10, 12, -2)),
        }
    }

    #[test]
    fn an_order_names_customer_product_and_quantity_in_both_languages() {
        let [german, english] = [Language::De, Language::En].map(|language| order().mail(language));
        assert_eq!(german.subject, "Bestellung: 3 × Microsoft 365 E3 – Contoso AG");
        assert_eq!(english.subject, "Order: 3 × Microsoft 365 E3 – Contoso AG");
        for fact in ["Kunde: Contoso AG\n", "(SPE_E3)", "Anzahl: 3\n", "-2 frei", "Vorfall 17"] {
            assert!(german.body.contains(fact), "{fact} is missing in:\n{}", german.body);
        }
        assert!(english.body.contains("12 assigned, -2 free"), "{}", english.body);
    }

    #[test]
    fn a_hostile_name_makes_no_line_of_its_own() {
        let mail = Order { tenant: "a\r\nBcc: x@contoso.example\u{202e}".to_owned(), ..order() }.mail(Language::En);
        assert!(!mail.subject.contains(['\r', '\n', '\u{202e}']) && !mail.body.contains("\nBcc"), "{mail:?}");
    }

    #[test]
    fn so_many_are_suggested_that_something_is_free() {
        assert_eq!([0, -7, 3].map(suggested_quantity), [1, 8, 1]);
        assert_eq!(suggested_quantity(i64::MIN), i64::MAX);
    }
}
