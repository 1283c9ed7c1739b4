//! Forecasts in words.

use std::fmt::Write as _;

use chrono::Datelike as _;

use super::{Forecast, LEAST_DAYS, Outlook, Silence};
use crate::message::words::Language;

impl Outlook {
    /// The forecast with its reasoning, or why there is none.
    #[must_use]
    pub fn words(&self, language: Language) -> String {
        let pick = |german: &str, english: &str| language.pick(german, english).to_owned();
        match self {
            Self::Exhausted => pick("Nichts mehr frei.", "Nothing is free."),
            Self::RunsOut(forecast) => forecast.words(language),
            Self::Silent { why: Silence::TooShort } => match language {
                Language::De => format!("Keine Vorhersage: weniger als {LEAST_DAYS} Tage bekannt."),
                Language::En => format!("No forecast: less than {LEAST_DAYS} days are known."),
            },
            Self::Silent { why: Silence::NoGrowth } => pick("Kein Wachstum.", "No growth."),
            Self::Silent { why: Silence::Unsteady } => {
                pick("Keine Vorhersage: es geht auf und ab.", "No forecast: it goes up and down.")
            }
            Self::Silent { why: Silence::FarAway } => {
                pick("Reicht für mehr als ein Jahr.", "Lasts for more than a year.")
            }
        }
    }
}

impl Forecast {
    fn words(&self, language: Language) -> String {
        let Self { per_week, days_seen, free, days_left, margin_days, on, .. } = self;
        let weeks = days_seen / 7;
        let mut text = match language {
            Language::De => format!(
                "+{} pro Woche über {weeks} Wochen; {free} frei; leer in {} (± {margin_days}), am {on}",
                number(*per_week).replace('.', ","),
                days(*days_left, "Tag", "Tagen")
            ),
            Language::En => format!(
                "+{} a week over {weeks} weeks; {free} free; empty in {} (± {margin_days}), on {on}",
                number(*per_week),
                days(*days_left, "day", "days")
            ),
        };
        if let (Some(day), Some(delivery)) = (self.order_by, self.delivery_days) {
            let name = weekday(day.weekday(), language);
            // Writing to a string cannot fail.
            let _ = match language {
                Language::De => {
                    write!(
                        text,
                        "; bestellen bis {name}, {day}, denn die Lieferung dauert {}",
                        days(delivery.into(), "Tag", "Tage")
                    )
                }
                Language::En => write!(
                    text,
                    "; order by {name}, {day}, because delivery takes {}",
                    days(delivery.into(), "day", "days")
                ),
            };
        }
        text + "."
    }
}

/// `1 day`, `2 days`.
fn days(count: i64, one: &str, more: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { more })
}

/// `3`, `2.5`.
fn number(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

fn weekday(day: chrono::Weekday, language: Language) -> &'static str {
    const GERMAN: [&str; 7] = ["Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"];
    const ENGLISH: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
    let index = usize::try_from(day.num_days_from_monday()).unwrap_or_default();
    language.pick(GERMAN[index], ENGLISH[index])
}
