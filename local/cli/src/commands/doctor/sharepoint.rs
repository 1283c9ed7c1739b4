//! Checks of the SharePoint profiles and of the last sync of each.

use chrono::{DateTime, TimeDelta, Utc};
use leitwarte_runtime::sharepoint_profiles;
use leitwarte_store::SyncInfo;

use super::finding::{Area, Finding};
use crate::Settings;
use crate::words::{ago, count};

const AREA: Area = Area::SharePoint;

/// The schedule syncs every 15 minutes.
const LATE: TimeDelta = TimeDelta::hours(1);

/// A finding for each SharePoint profile; none where there is no SharePoint.
pub(super) async fn check(settings: &Settings, now: DateTime<Utc>) -> Vec<Finding> {
    let profiles = match sharepoint_profiles::load(&settings.app.profiles_dir) {
        Ok(profiles) => profiles,
        Err(problem) => return vec![AREA.bad("profiles", format!("{problem}."), "Give the folder to this account.")],
    };
    if profiles.is_empty() {
        return Vec::new();
    }
    let syncs = syncs(settings).await;
    let judge = |(key, profile): sharepoint_profiles::Found| match profile {
        Err(failure) => AREA.bad(key, failure.message, failure.fix),
        Ok(_) => judged(&key, syncs.iter().find(|sync| sync.profile == key), now),
    };
    profiles.into_iter().map(judge).collect()
}

/// Whatever is wrong with the database is told where the database is looked at.
async fn syncs(settings: &Settings) -> Vec<SyncInfo> {
    let Ok(store) = settings.open_store(true).await else { return Vec::new() };
    let syncs = store.syncs().await.unwrap_or_default();
    store.close().await;
    syncs
}

fn judged(key: &str, sync: Option<&SyncInfo>, now: DateTime<Utc>) -> Finding {
    let Some(sync) = sync else {
        return AREA.note(key, "The profile is right; its lists have not been written yet.");
    };
    let last = sync.last_success_at.map_or_else(|| "never".to_owned(), |at| ago(at, now));
    if let Some(failure) = &sync.failure {
        let message = format!("{} The lists were last brought up to date: {last}.", failure.message);
        return AREA.bad(key, message, failure.fix.clone());
    }
    if now - sync.started_at > LATE {
        let message = format!("The lists were last brought up to date {last}.");
        return AREA.warning(key, message, "Check that the timer and sync-sharepoint run (`leitwarte up`).");
    }
    if sync.doubled_rows > 0 {
        let rows = count(usize::try_from(sync.doubled_rows).unwrap_or(usize::MAX), "row");
        let message = format!("In the Lizenzstatusliste {rows} stand for a licence that has an older row, too.");
        return AREA.warning(key, message, "Delete the younger rows; only the oldest one is kept up to date.");
    }
    AREA.good(key, format!("The lists were brought up to date {last}."))
}

#[cfg(test)]
mod tests {
    use leitwarte_core::poll::{FailureKind, PollFailure};

    use super::super::finding::Level;
    use super::*;

    #[test]
    fn each_state_of_the_lists_is_told_apart() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let good = SyncInfo {
            profile: "intranet".to_owned(),
            started_at: now,
            last_success_at: Some(now),
            failure: None,
            failing_since: None,
            doubled_rows: 0,
        };
        let failure = PollFailure {
            kind: FailureKind::Permission,
            message: "Refused.".to_owned(),
            fix: "Give the permission.".to_owned(),
        };
        let failing = SyncInfo { failure: Some(failure), ..good.clone() };
        let late = SyncInfo { started_at: now - TimeDelta::hours(2), ..good.clone() };
        let doubled = SyncInfo { doubled_rows: 2, ..good.clone() };
        for (sync, level, word) in [
            (Some(&good), Level::Good, "brought up to date"),
            (None, Level::Note, "not been written yet"),
            (Some(&failing), Level::Bad, "Refused."),
            (Some(&late), Level::Warning, "timer"),
            (Some(&doubled), Level::Warning, "2 rows"),
        ] {
            let finding = judged("intranet", sync, now);
            let text = format!("{} {}", finding.message, finding.fix.unwrap_or_default());
            assert_eq!((finding.level, text.contains(word)), (level, true), "{text}");
        }
    }
}
