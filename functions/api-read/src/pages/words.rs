//! Numbers, times and ages as people read them.

use std::fmt;

use askama::filters::HtmlSafe;
use leitwarte_core::{DateTime, NaiveDate, TimeDelta, Utc};
use leitwarte_web::http::Language;

use super::texts::pick;

/// A count with its thousands apart and a real minus: `−1’250` (German as in Switzerland), `−1,250`.
pub(crate) fn count(language: Language, value: i64) -> String {
    let digits = value.unsigned_abs().to_string();
    let mut text = String::with_capacity(digits.len() * 2 + 3);
    if value < 0 {
        text.push('−');
    }
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push_str(pick(language, "’", ","));
        }
        text.push(digit);
    }
    text
}

/// A day: `28.11.2026`, `28 Nov 2026`.
pub(crate) fn day(language: Language, day: NaiveDate) -> String {
    day.format(pick(language, "%-d.%-m.%Y", "%-d %b %Y")).to_string()
}

/// How long ago something was: `vor 3 min`, `in 5 days`. A moment is less than a minute.
pub(crate) fn ago(language: Language, at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let age = now - at;
    if age.abs() < TimeDelta::minutes(1) {
        return pick(language, "gerade eben", "just now").to_owned();
    }
    let length = length(language, age.abs());
    match (age > TimeDelta::zero(), language) {
        (true, Language::German) => format!("vor {length}"),
        (true, Language::English) => format!("{length} ago"),
        (false, _) => format!("in {length}"),
    }
}

/// A length of time in one unit: `3 min`, `2 h`, `5 Tagen`.
fn length(language: Language, time: TimeDelta) -> String {
    if time < TimeDelta::hours(1) {
        return format!("{} min", time.num_minutes());
    }
    if time < TimeDelta::days(2) {
        return format!("{} h", time.num_hours());
    }
    format!("{} {}", time.num_days(), pick(language, "Tagen", "days"))
}

/// `1 Tag`, `2 Tage`: a count with the word for one or for more.
pub(crate) fn counted(language: Language, value: i64, one: &str, more: &str) -> String {
    format!("{} {}", count(language, value), if value == 1 { one } else { more })
}

/// A moment as its age, the exact time beside it for those who point at it and for programs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Age {
    language: Language,
    at: DateTime<Utc>,
    now: DateTime<Utc>,
}

impl Age {
    /// The age of `at`.
    pub(crate) fn of(language: Language, at: DateTime<Utc>, now: DateTime<Utc>) -> Self {
        Self { language, at, now }
    }
}

impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exact = self.at.format("%Y-%m-%d %H:%M:%S UTC");
        let text = ago(self.language, self.at, self.now);
        write!(f, "<time datetime=\"{}\" title=\"{exact}\">{text}</time>", self.at.format("%Y-%m-%dT%H:%M:%SZ"))
    }
}

/// Made of numbers and our own words alone.
impl HtmlSafe for Age {}

/// A moment as day and time. A script turns it into the reader's own time zone.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment(pub(crate) DateTime<Utc>);

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.format("%Y-%m-%d %H:%M UTC");
        write!(f, "<time datetime=\"{}\" data-local>{text}</time>", self.0.format("%Y-%m-%dT%H:%M:%SZ"))
    }
}

/// Made of numbers alone.
impl HtmlSafe for Moment {}

/// A text of ours whose commands stand in backticks: they become `<code>`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Marked(&'static str);

/// The text, ready for a template. Only for texts that are part of this program.
pub(crate) fn marked(text: &'static str) -> Marked {
    Marked(text)
}

impl fmt::Display for Marked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, part) in self.0.split('`').enumerate() {
            let part = askama::filters::escape(part, askama::filters::Html).map_err(|_| fmt::Error)?;
            if index % 2 == 1 { write!(f, "<code>{part}</code>")? } else { write!(f, "{part}")? }
        }
        Ok(())
    }
}

/// It escapes what it holds.
impl HtmlSafe for Marked {}

/// A text without the marks that turn its direction (Unicode, bidirectional formatting characters), for places where it
/// cannot be kept apart from what is around it.
pub(crate) fn plain(text: &str) -> String {
    text.chars()
        .filter(|c| !matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart_and_minus_is_a_minus() {
        let german = |value| count(Language::German, value);
        assert_eq!([0, 999, 1250, -1_250_000].map(german), ["0", "999", "1’250", "−1’250’000"]);
        assert_eq!(count(Language::English, i64::MIN), "−9,223,372,036,854,775,808");
    }

    #[test]
    fn an_age_is_told_in_one_unit() {
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
        let told = |seconds| ago(Language::German, now - TimeDelta::seconds(seconds), now);
        assert_eq!(
            [0, 59, 60, 3599, 3600, 172_799, 172_800, -30, -7200].map(told),
            [
                "gerade eben",
                "gerade eben",
                "vor 1 min",
                "vor 59 min",
                "vor 1 h",
                "vor 47 h",
                "vor 2 Tagen",
                "gerade eben",
                "in 2 h"
            ]
        );
        assert_eq!(ago(Language::English, now - TimeDelta::days(3), now), "3 days ago");
    }

    #[test]
    fn commands_in_a_text_are_code_and_the_rest_stays_text() {
        assert_eq!(marked("a < b: `x --y <z>`.").to_string(), "a &#60; b: <code>x --y &#60;z&#62;</code>.");
        assert_eq!(marked("plain").to_string(), "plain");
    }

    #[test]
    fn days_are_written_as_people_write_them() {
        let date = NaiveDate::from_ymd_opt(2026, 3, 5).unwrap();
        assert_eq!(
            [Language::German, Language::English].map(|language| day(language, date)),
            ["5.3.2026", "5 Mar 2026"]
        );
    }
}
