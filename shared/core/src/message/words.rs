//! Messages in words.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::{Certificate, Message, Shortage};
use crate::catalogue;
use crate::incident::Reminder;

/// A language people read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// German.
    #[default]
    De,
    /// English.
    En,
}

impl Language {
    /// Of two texts the one in this language.
    #[must_use]
    pub fn pick<'a>(self, german: &'a str, english: &'a str) -> &'a str {
        match self {
            Self::De => german,
            Self::En => english,
        }
    }
}

/// A message in one language: plain text, to be escaped wherever it is more than that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// One line: what a person needs who reads nothing else.
    pub subject: String,
    /// What it is about, in one sentence.
    pub headline: String,
    /// Names and values.
    pub facts: Vec<(String, String)>,
    /// What to do.
    pub advice: String,
}

impl Message {
    /// The message in words.
    #[must_use]
    pub fn text(&self, language: Language) -> Text {
        match self {
            Self::Shortage(shortage) => shortage.text(language),
            Self::Certificate(certificate) => certificate.text(language),
            Self::RoleChange(change) => change.text(language),
        }
    }
}

impl Text {
    /// Everything but the subject, as the body of a mail.
    #[must_use]
    pub fn plain(&self) -> String {
        let width = self.facts.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default() + 1;
        let mut body = format!("{}\n\n", self.headline);
        for (name, value) in &self.facts {
            let name = format!("{name}:");
            let _ = writeln!(body, "{name:<width$} {value}");
        }
        let _ = write!(body, "\n{}\n", self.advice);
        body
    }
}

impl Shortage {
    fn text(&self, language: Language) -> Text {
        let pick = |german, english| language.pick(german, english).to_owned();
        let product = self.product(language);
        let tenant = line(&self.tenant);
        let left = self.left(language);
        let (what, advice) = match self.again {
            None => (
                pick("Lizenzen gehen aus", "Licences run out"),
                pick(
                    "Bitte nachbestellen oder zugewiesene Lizenzen freigeben. Zu diesem Engpass kommt keine weitere Meldung, bis wieder Lizenzen frei waren.",
                    "Please order more or release assigned ones. There will be no other message about this shortage until licences were free again.",
                ),
            ),
            Some(Reminder::Overdue) => (
                pick("Bestellung überfällig", "Order overdue"),
                pick(
                    "Die bestellten Lizenzen sind am erwarteten Tag nicht eingetroffen. Bitte beim Lieferanten nachfragen.",
                    "The licences ordered have not arrived on the expected day. Please ask the supplier.",
                ),
            ),
            Some(Reminder::SnoozeOver) => (
                pick("Erinnerung: Lizenzen fehlen", "Reminder: licences missing"),
                pick(
                    "Die Zeit, für die diese Meldung zurückgestellt war, ist um.",
                    "The time this was put off for is over.",
                ),
            ),
        };
        Text {
            subject: format!("{what}: {product} – {tenant} ({left})"),
            headline: format!("{what}: {tenant}, {product}"),
            facts: vec![
                ("Tenant".to_owned(), tenant),
                (pick("Lizenz", "Licence"), named(&product, &line(&self.part_number))),
                (pick("Verfügbar", "Usable"), self.usable.to_string()),
                (pick("Verbraucht", "Assigned"), self.consumed.to_string()),
                (pick("Frei", "Free"), self.free.to_string()),
                (pick("Stand", "As of"), self.polled_at.format("%Y-%m-%d %H:%M UTC").to_string()),
                (pick("Vorfall", "Incident"), self.incident.to_string()),
            ],
            advice,
        }
    }

    fn product(&self, language: Language) -> String {
        let name = match language {
            Language::De => catalogue::product_name_de(self.sku_id, &self.part_number),
            Language::En => catalogue::product_name(self.sku_id, &self.part_number),
        };
        line(name)
    }

    fn left(&self, language: Language) -> String {
        match self.free {
            i64::MIN..0 => {
                format!("{} {}", self.free.unsigned_abs(), language.pick("zu viel zugewiesen", "over-assigned"))
            }
            free => format!("{free} {}", language.pick("frei", "free")),
        }
    }
}

impl Certificate {
    fn text(&self, language: Language) -> Text {
        let pick = |german, english| language.pick(german, english).to_owned();
        let owner = line(&self.owner);
        let days = self.days_left;
        let when = match days {
            ..=0 => pick("ist abgelaufen", "has expired"),
            1 => pick("läuft innerhalb eines Tages ab", "expires within a day"),
            _ => match language {
                Language::De => format!("läuft in {days} Tagen ab"),
                Language::En => format!("expires in {days} days"),
            },
        };
        let certificate = pick("Zertifikat", "Certificate");
        Text {
            subject: format!("{certificate} {when}: {owner}"),
            headline: format!("{certificate} – {owner}: {when}"),
            facts: vec![
                (pick("Für", "Of"), owner),
                (pick("Letzter Tag", "Last day"), self.ends_on.to_string()),
                (pick("Tage", "Days left"), days.max(0).to_string()),
            ],
            advice: match language {
                Language::De => format!(
                    "Erneuern mit `leitwarte certificate renew {}`; der Befehl sagt, was in Entra zu tun ist. Danach ist Ruhe.",
                    self.key
                ),
                Language::En => format!(
                    "Renew it with `leitwarte certificate renew {}`; it says what to do in Entra. After that it is quiet.",
                    self.key
                ),
            },
        }
    }
}

/// A product's name and Microsoft's short name, once where there is no other.
fn named(product: &str, part_number: &str) -> String {
    if product == part_number { product.to_owned() } else { format!("{product} ({part_number})") }
}

/// A name that may come from anywhere, as part of one line: no control characters, none that turn the direction of
/// writing, and not endless.
pub(super) fn line(name: &str) -> String {
    cut(name, 120)
}

/// The same for a whole sentence or two.
pub(super) fn long_line(text: &str) -> String {
    cut(text, 600)
}

fn cut(text: &str, longest: usize) -> String {
    let turning = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).filter(|c| !turning(*c)).collect();
    let clean = clean.split_whitespace().collect::<Vec<_>>().join(" ");
    if clean.chars().count() <= longest {
        return clean;
    }
    clean.chars().take(longest - 1).chain(['…']).collect()
}

/// Several messages as one, so that nobody gets thirty at once.
#[must_use]
pub fn digest(messages: &[Message], language: Language) -> Text {
    let texts: Vec<Text> = messages.iter().map(|message| message.text(language)).collect();
    let count = texts.len();
    let what = match language {
        Language::De => format!("{count} Meldungen der Leitwarte"),
        Language::En => format!("{count} messages of Leitwarte"),
    };
    Text {
        subject: what.clone(),
        headline: what,
        facts: (1..).zip(&texts).map(|(number, text): (usize, _)| (number.to_string(), text.subject.clone())).collect(),
        advice: language
            .pick(
                "Zu jeder dieser Meldungen kommt keine weitere, bis sich etwas ändert.",
                "There will be no other message about any of these until something changes.",
            )
            .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};
    use uuid::Uuid;

    use super::*;

    fn shortage() -> Shortage {
        Shortage {
            incident: 17,
            tenant: "Contoso AG".to_owned(),
            sku_id: Uuid::from_u128(0x05e9_a617_0261_4cee_bb44_138d_3ef5_d965),
            part_number: "SPE_E3".to_owned(),
            usable: 10,
            consumed: 12,
            free: -2,
            polled_at: DateTime::UNIX_EPOCH + TimeDelta::days(20_000),
            again: None,
        }
    }

    #[test]
    fn a_shortage_names_tenant_licence_and_numbers() {
        let text = Message::Shortage(shortage()).text(Language::De);
        assert_eq!(text.subject, "Lizenzen gehen aus: Microsoft 365 E3 – Contoso AG (2 zu viel zugewiesen)");
        let plain = text.plain();
        for fact in
            ["Tenant:     Contoso AG\n", "SPE_E3", "Frei:       -2\n", "Verbraucht: 12\n", "2024-10-04 00:00 UTC"]
        {
            assert!(plain.contains(fact), "{fact} is missing in:\n{plain}");
        }
    }

    #[test]
    fn a_reminder_says_why_it_comes() {
        let text =
            Message::Shortage(Shortage { again: Some(Reminder::Overdue), free: 0, ..shortage() }).text(Language::En);
        assert_eq!(text.subject, "Order overdue: Microsoft 365 E3 – Contoso AG (0 free)");
    }

    #[test]
    fn a_hostile_name_stays_one_harmless_line() {
        let tenant = format!("a\r\nBcc: x@contoso.example\u{202e}{}", "b".repeat(500));
        let text = Message::Shortage(Shortage { tenant, ..shortage() }).text(Language::En);
        assert!(
            !text.subject.contains(['\r', '\n', '\u{202e}']) && text.subject.chars().count() < 250,
            "{}",
            text.subject
        );
    }

    #[test]
    fn a_certificate_says_when_it_ends_and_what_to_do() {
        let certificate = |days_left| {
            let ends_on = (DateTime::UNIX_EPOCH + TimeDelta::days(20_000)).date_naive();
            Message::Certificate(Certificate { owner: "Contoso".into(), key: "contoso".into(), ends_on, days_left })
        };
        assert_eq!(certificate(30).text(Language::De).subject, "Zertifikat läuft in 30 Tagen ab: Contoso");
        assert_eq!(certificate(0).text(Language::En).subject, "Certificate has expired: Contoso");
        assert!(certificate(7).text(Language::En).advice.contains("leitwarte certificate renew contoso"));
    }

    #[test]
    fn a_digest_lists_every_message() {
        let text = digest(&[Message::Shortage(shortage()), Message::Shortage(shortage())], Language::En);
        assert_eq!(text.subject, "2 messages of Leitwarte");
        assert_eq!(text.plain().matches("Contoso AG").count(), 2);
    }
}
