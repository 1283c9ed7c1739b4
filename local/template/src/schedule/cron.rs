//! `cron(0 8 ? * MON-FRI *)` in EventBridge's six-field form.
//!
//! The fields are checked here, because AWS takes less than cron libraries do and numbers weekdays from SUN = 1; the
//! calendar arithmetic is croner's, on local wall-clock time. Daylight saving follows EventBridge Scheduler: a slot
//! in the hour that does not exist is skipped, one in the hour that comes twice is due once, the first time.
//! <https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html>

use chrono::{DateTime, MappedLocalTime, NaiveDateTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};

use super::ExpressionError;

const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
/// No repeated stretch of local time in the time zone database since 1970 is longer.
const LONGEST_REPEAT: TimeDelta = TimeDelta::hours(24);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CronExpression {
    cron: Cron,
}

/// What one field may hold.
struct Field {
    name: &'static str,
    lowest: u16,
    highest: u16,
    /// Words for `lowest`, `lowest + 1` and so on.
    words: &'static [&'static str],
}

const MINUTES: Field = Field { name: "minutes field", lowest: 0, highest: 59, words: &[] };
const HOURS: Field = Field { name: "hours field", lowest: 0, highest: 23, words: &[] };
const DAY_OF_MONTH: Field = Field { name: "day of month", lowest: 1, highest: 31, words: &[] };
const MONTH: Field = Field { name: "month", lowest: 1, highest: 12, words: &MONTHS };
const DAY_OF_WEEK: Field = Field { name: "day of week", lowest: 1, highest: 7, words: &WEEKDAYS };
const YEAR: Field = Field { name: "year", lowest: 1970, highest: 2199, words: &[] };

impl CronExpression {
    pub(super) fn parse(fields: &str) -> Result<Self, ExpressionError> {
        let [minutes, hours, day_of_month, month, day_of_week, year] = fields
            .split_whitespace()
            .collect::<Vec<_>>()
            .try_into()
            .map_err(|_| ExpressionError::FieldCount(fields.to_owned()))?;
        if (day_of_month == "?") == (day_of_week == "?") {
            return Err(ExpressionError::Days {
                day_of_month: day_of_month.to_owned(),
                day_of_week: day_of_week.to_owned(),
            });
        }
        let pattern = [
            "0".to_owned(),
            MINUTES.translate(minutes, &[])?,
            HOURS.translate(hours, &[])?,
            DAY_OF_MONTH.translate(day_of_month, &[any_day, last_day, closest_weekday])?,
            MONTH.translate(month, &[])?,
            DAY_OF_WEEK.translate(day_of_week, &[any_day, last_weekday, nth_weekday])?,
            YEAR.translate(year, &[])?,
        ]
        .join(" ");
        let parser =
            CronParser::builder().seconds(Seconds::Required).year(Year::Required).alternative_weekdays(true).build();
        let never = |_| ExpressionError::Never(fields.to_owned());
        let expression = Self { cron: parser.parse(&pattern).map_err(never)? };
        expression.cron.find_next_occurrence(&DateTime::UNIX_EPOCH.naive_utc(), true).map_err(never)?;
        Ok(expression)
    }

    pub(super) fn next_slot(&self, after: DateTime<Utc>, zone: Tz) -> Option<DateTime<Utc>> {
        let mut local = after.with_timezone(&zone).naive_local();
        loop {
            local = self.cron.find_next_occurrence(&local, false).ok()?;
            // In the second pass of a repeated hour the first wall-clock slots lie in the past.
            if let Some(slot) = instant(local, zone).filter(|slot| *slot > after) {
                return Some(slot);
            }
        }
    }

    pub(super) fn latest_slot(&self, now: DateTime<Utc>, zone: Tz) -> Option<DateTime<Utc>> {
        let mut local = now.with_timezone(&zone).naive_local();
        // In the second pass of a repeated hour, wall-clock slots ahead of `local` were due in the first pass.
        if instant(local, zone).is_some_and(|first| first < now) {
            local += LONGEST_REPEAT;
        }
        let mut inclusive = true;
        loop {
            local = self.cron.find_previous_occurrence(&local, inclusive).ok()?;
            inclusive = false;
            if let Some(slot) = instant(local, zone).filter(|slot| *slot <= now) {
                return Some(slot);
            }
        }
    }
}

/// The first instant at which clocks show this time; `None` when they skip it.
fn instant(local: NaiveDateTime, zone: Tz) -> Option<DateTime<Utc>> {
    match zone.from_local_datetime(&local) {
        MappedLocalTime::Single(time) | MappedLocalTime::Ambiguous(time, _) => Some(time.to_utc()),
        MappedLocalTime::None => None,
    }
}

/// A form that only some fields know: croner's spelling of the item, or `None` if the item has another form.
type SpecialForm = fn(&Field, &str) -> Option<String>;

impl Field {
    /// Croner's spelling of the field: words become numbers, `a/n` becomes `a-highest/n`.
    fn translate(&self, text: &str, special: &[SpecialForm]) -> Result<String, ExpressionError> {
        let text = text.to_ascii_uppercase();
        let items: Vec<&str> = text.split(',').collect();
        let translated: Option<Vec<String>> = items
            .iter()
            .map(|item| special.iter().find_map(|form| form(self, item)).or_else(|| self.common_form(item)))
            .collect();
        match translated {
            // AWS: `3#1,6#3` is not valid; and `?` or `*` beside something else says nothing.
            Some(translated) if translated.len() == 1 || !text.contains(['#', '?']) => Ok(translated.join(",")),
            _ => Err(ExpressionError::Field { field: self.name, value: text, expected: self.expectation() }),
        }
    }

    /// `*`, `5`, `1-5`, and each with `/step`. A range may run over the end: `20-2` in hours, `FRI-MON`.
    fn common_form(&self, item: &str) -> Option<String> {
        let (range, step) = match item.split_once('/') {
            Some((range, step)) => (range, Some(step.parse::<u16>().ok().filter(|step| *step > 0)?)),
            None => (item, None),
        };
        if item == "*" && self.highest != YEAR.highest {
            // Croner has to see the asterisk itself to know that a day field says nothing.
            return Some("*".to_owned());
        }
        let (from, to) = match range.split_once('-') {
            _ if range == "*" => (self.lowest, self.highest),
            Some((from, to)) => (self.value(from)?, self.value(to)?),
            None if step.is_some() => (self.value(range)?, self.highest),
            None => return self.value(range).map(|value| value.to_string()),
        };
        let step = step.unwrap_or(1);
        if from <= to {
            return Some(format!("{from}-{to}/{step}"));
        }
        let count = self.highest - self.lowest + 1;
        let wrapped = (from..=to + count).step_by(step.into());
        let values = wrapped.map(|value| if value > self.highest { value - count } else { value }.to_string());
        (self.highest != YEAR.highest).then(|| values.collect::<Vec<_>>().join(","))
    }

    fn value(&self, text: &str) -> Option<u16> {
        if let Some(index) = self.words.iter().position(|word| *word == text) {
            return self.lowest.checked_add(u16::try_from(index).ok()?);
        }
        let number = text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<u16>().ok())??;
        (self.lowest..=self.highest).contains(&number).then_some(number)
    }

    fn expectation(&self) -> String {
        let words = match self.words {
            [first, .., last] => format!(" or {first}-{last}"),
            _ => String::new(),
        };
        let special = match self.name {
            "day of month" => ", `L`, `15W` or `?`",
            "day of week" => ", `6L`, `6#3` or `?`",
            _ => "",
        };
        format!("expected {}-{}{words} with `,` `-` `*` `/`{special}", self.lowest, self.highest)
    }
}

fn any_day(_: &Field, item: &str) -> Option<String> {
    (item == "?").then(|| "*".to_owned())
}

fn last_day(_: &Field, item: &str) -> Option<String> {
    (item == "L" || item == "LW").then(|| item.to_owned())
}

/// `15W`: the weekday nearest to the 15th, within the month.
fn closest_weekday(field: &Field, item: &str) -> Option<String> {
    field.value(item.strip_suffix('W')?).map(|day| format!("{day}W"))
}

/// `6L` and `FRIL`: the month's last Friday. `L` alone: the week's last day, Saturday.
fn last_weekday(field: &Field, item: &str) -> Option<String> {
    match item.strip_suffix('L')? {
        "" => Some("7".to_owned()),
        day => field.value(day).map(|day| format!("{day}#L")),
    }
}

/// `3#2`: the month's second Tuesday.
fn nth_weekday(field: &Field, item: &str) -> Option<String> {
    let (day, nth) = item.split_once('#')?;
    let nth = nth.parse::<u8>().ok().filter(|nth| (1..=5).contains(nth))?;
    field.value(day).map(|day| format!("{day}#{nth}"))
}
