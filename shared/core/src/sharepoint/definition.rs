//! The three lists, as the source document describes them ("Übersicht der SharePoint-Listen und Felder").
//!
//! Every list that SharePoint makes begins with a column whose inner name is `Title`; in each of ours it holds what a row
//! is called. Only its shown name differs.

/// One of the three lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ListKind {
    /// Whom the flows tell, and how.
    Parameters,
    /// Which tenants are watched.
    Tenants,
    /// The numbers of each licence.
    Licences,
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnType {
    /// A single line of text.
    Text,
    /// A number.
    Number,
    /// Yes or no.
    YesNo,
    /// A day.
    Date,
}

impl ColumnType {
    /// The word for it in the browser, for messages.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Text => "a single line of text",
            Self::Number => "a number",
            Self::YesNo => "yes/no",
            Self::Date => "a date",
        }
    }
}

/// A column beside `Title`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ColumnDefinition {
    /// What people see. The inner name is what SharePoint makes of it.
    pub name: &'static str,
    /// What it holds.
    pub holds: ColumnType,
}

/// A list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListDefinition {
    /// Which one.
    pub kind: ListKind,
    /// Its name.
    pub name: &'static str,
    /// What it is for, in the language of those who see it.
    pub description: &'static str,
    /// What people see in place of "Title".
    pub title: &'static str,
    /// Its further columns.
    pub columns: &'static [ColumnDefinition],
}

/// What the flows look up in the Parameterliste, each with what a new list says of it.
pub const PARAMETERS: [(&str, &str); 3] = [("sendermail", ""), ("recipientmail", ""), ("communication", "E-Mail")];

const fn column(name: &'static str, holds: ColumnType) -> ColumnDefinition {
    ColumnDefinition { name, holds }
}

impl ListKind {
    /// All three, in the order they are made.
    pub const ALL: [Self; 3] = [Self::Parameters, Self::Tenants, Self::Licences];

    /// How it is made.
    #[must_use]
    pub fn definition(self) -> ListDefinition {
        use ColumnType::{Date, Number, Text, YesNo};
        match self {
            Self::Parameters => ListDefinition {
                kind: self,
                name: "Parameterliste",
                description: "Leitwarte: wem die Flows wie Bescheid sagen",
                title: "Parameter",
                columns: const { &[column("Parameterwert", Text)] },
            },
            Self::Tenants => ListDefinition {
                kind: self,
                name: "Tenantliste",
                description: "Leitwarte: welche Tenants überwacht werden",
                title: "Title",
                columns: const { &[column("enabled", YesNo), column("monitoring", YesNo), column("cert_expires", Date)] },
            },
            Self::Licences => ListDefinition {
                kind: self,
                name: "Lizenzstatusliste",
                description: "Leitwarte: Lizenzstand je Tenant und Produkt",
                title: "Lizenzname",
                columns: const {
                    &[
                        column("Verfügbar", Number),
                        column("Gebraucht", Number),
                        column("Frei", Number),
                        column("tenant", Text),
                        column("trigger_inform_supporter", YesNo),
                        column("technician_informed", YesNo),
                    ]
                },
            },
        }
    }
}
