//! Numbers and times in words.

use chrono::{DateTime, TimeDelta, Utc};

/// Why a real tenant does not show, although its profile is right.
pub(crate) const DEMO_RUNS: &str =
    "The demo is running, so your own tenants are not polled: stop it and start `leitwarte up` again.";

/// A name that no tenant has.
pub(crate) fn unknown_tenant(name: &str) -> String {
    format!("There is no tenant `{name}`. `leitwarte status` lists all of them.")
}

/// How long ago something was: `just now`, `2 min ago`, `3 h ago`, `5 days ago`.
pub(crate) fn ago(then: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let age = now - then;
    if age < TimeDelta::zero() {
        // A clock that was set back; a negative age would only puzzle.
        "in the future".to_owned()
    } else if age < TimeDelta::seconds(10) {
        "just now".to_owned()
    } else if age < TimeDelta::minutes(2) {
        format!("{} s ago", age.num_seconds())
    } else if age < TimeDelta::hours(2) {
        format!("{} min ago", age.num_minutes())
    } else if age < TimeDelta::days(2) {
        format!("{} h ago", age.num_hours())
    } else {
        format!("{} days ago", age.num_days())
    }
}

/// A count with its noun: `1 tenant`, `2 tenants`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// A sentence's first letter made large.
pub(crate) fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Breaks a text at spaces into lines of at most `width` columns; a longer word stands alone.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    use unicode_width::UnicodeWidthStr as _;
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.width() + 1 + word.width() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_told_in_the_unit_that_fits() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let told = |seconds| ago(now - TimeDelta::seconds(seconds), now);
        assert_eq!(told(-5), "in the future");
        assert_eq!(told(9), "just now");
        assert_eq!(told(119), "119 s ago");
        assert_eq!(told(120), "2 min ago");
        assert_eq!(told(7_199), "119 min ago");
        assert_eq!(told(7_200), "2 h ago");
        assert_eq!(told(172_800), "2 days ago");
    }

    #[test]
    fn one_is_not_a_plural() {
        assert_eq!(count(1, "tenant"), "1 tenant");
        assert_eq!(count(0, "tenant"), "0 tenants");
    }

    #[test]
    fn text_is_broken_at_spaces() {
        assert_eq!(wrap("ab cd  efghijkl m", 5), ["ab cd", "efghijkl", "m"]);
        assert!(wrap("  ", 5).is_empty());
    }
}
