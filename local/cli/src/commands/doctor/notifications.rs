//! Checks of whom people are told by, and whether they are.

use chrono::{DateTime, TimeDelta, Utc};
use leitwarte_core::notifications::{FILE, Notifications};
use leitwarte_store::OutboxCounts;

use super::finding::{Area, Finding};
use crate::Settings;
use crate::words::{ago, count};

const AREA: Area = Area::Notifications;
/// A message goes out within a minute or two.
const LATE: TimeDelta = TimeDelta::minutes(10);

/// What is wrong with the ways to people, or which there are.
pub(super) async fn check(settings: &Settings, has_sharepoint: bool, now: DateTime<Utc>) -> Vec<Finding> {
    let json = match std::fs::read_to_string(settings.app.profiles_dir.join(FILE)) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return vec![nobody(has_sharepoint)],
        Err(error) => {
            return vec![AREA.bad("profile", format!("{FILE} cannot be read: {error}."), "Give it to this account.")];
        }
        Ok(json) => json,
    };
    let profile = match Notifications::parse(&json) {
        Err(error) => {
            return vec![AREA.bad(
                "profile",
                format!("{FILE} cannot be used: {error}."),
                "Correct it; messages wait meanwhile.",
            )];
        }
        Ok(profile) => profile,
    };
    let names: Vec<&str> = profile.channels.iter().map(leitwarte_core::notifications::Channel::name).collect();
    let mut findings = vec![if names.is_empty() {
        AREA.warning(
            "profile",
            format!("{FILE} has no channel: nobody is told anything."),
            "Add one; the README shows how.",
        )
    } else {
        AREA.good("profile", format!("People are told by: {}.", names.join(", ")))
    }];
    // Whatever is wrong with the database is told where the database is looked at.
    if let Ok(store) = settings.open_store(true).await {
        for name in names {
            if let Ok(Some(problem)) = store.last_delivery_error(name).await {
                findings.push(AREA.bad(
                    name,
                    format!("The last message did not go out: {problem}."),
                    "Mend that; what waits is sent by itself.",
                ));
            }
        }
        findings.extend(judged(store.outbox_counts().await.unwrap_or_default(), now));
        store.close().await;
    }
    findings
}

fn nobody(has_sharepoint: bool) -> Finding {
    if has_sharepoint {
        return AREA.note("profile", "People are told by the flows of SharePoint alone.");
    }
    AREA.warning(
        "profile",
        format!("Nobody is told of a shortage: there is neither {FILE} nor a SharePoint profile."),
        "Write one of them; the README shows how.",
    )
}

fn judged(counts: OutboxCounts, now: DateTime<Utc>) -> Vec<Finding> {
    let number = |count: i64| usize::try_from(count).unwrap_or_default();
    let mut findings = Vec::new();
    if let Some(oldest) = counts.oldest_waiting.filter(|oldest| now - *oldest > LATE) {
        let waiting = count(number(counts.waiting), "message");
        let message = format!("Not told yet: {waiting}; the oldest was written {}.", ago(oldest, now));
        findings.push(AREA.bad(
            "waiting",
            message,
            "Check that the timer and notify run (`leitwarte up`), and the channels above.",
        ));
    }
    if counts.given_up > 0 {
        let lost = count(number(counts.given_up), "message");
        let message = format!("Given up after three days: {lost}.");
        findings.push(AREA.warning(
            "given up",
            message,
            "Look at `leitwarte incidents`: nobody was told of some of them.",
        ));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::finding::Level;
    use super::*;

    #[test]
    fn messages_that_wait_for_long_or_were_given_up_are_told() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let counts = |minutes, given_up| OutboxCounts {
            waiting: 2,
            given_up,
            oldest_waiting: Some(now - TimeDelta::minutes(minutes)),
        };
        assert_eq!(judged(counts(2, 0), now), []);
        let late = judged(counts(30, 1), now);
        assert_eq!(late.iter().map(|finding| finding.level).collect::<Vec<_>>(), [Level::Bad, Level::Warning]);
        assert!(late[0].message.contains("2 messages") && late[0].message.contains("30 min ago"), "{late:?}");
    }

    #[test]
    fn without_any_way_to_people_that_is_said() {
        assert_eq!(nobody(false).level, Level::Warning);
        assert_eq!(nobody(true).level, Level::Note);
    }
}
