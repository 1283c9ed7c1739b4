//! Which backups are old enough to go.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use leitwarte_store::BACKUP_NAME;

/// Of the files of a folder those backups that are older than the newest `kept`, oldest first. Other files are nobody's
/// business here.
#[must_use]
pub fn outdated(names: Vec<String>, kept: usize) -> Vec<String> {
    let mut backups: Vec<String> =
        names.into_iter().filter(|name| NaiveDateTime::parse_from_str(name, BACKUP_NAME).is_ok()).collect();
    backups.sort_unstable();
    backups.truncate(backups.len().saturating_sub(kept.max(1)));
    backups
}

/// Of the files of a folder the beginnings of backups that were never finished: those of more than a day ago.
#[must_use]
pub fn abandoned(names: Vec<String>, now: DateTime<Utc>) -> Vec<String> {
    let old = |name: &String| {
        let made = name.strip_suffix(".part").and_then(|name| NaiveDateTime::parse_from_str(name, BACKUP_NAME).ok());
        made.is_some_and(|made| now - made.and_utc() > TimeDelta::days(1))
    };
    names.into_iter().filter(old).collect()
}

#[cfg(test)]
mod tests {
    use leitwarte_store::backup_name;

    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn the_newest_are_kept_and_other_files_are_left_alone() {
        let now = "2026-11-24T02:30:00Z".parse().unwrap();
        let newest = backup_name(now);
        assert_eq!(newest, "leitwarte-20261124T023000Z.db");
        let found = names(&[
            "leitwarte-20261122T023000Z.db",
            &newest,
            "leitwarte-20261123T023000Z.db",
            "leitwarte-20261001T023000Z.db.part",
            "before-upgrade.db",
        ]);
        assert_eq!(outdated(found.clone(), 2), ["leitwarte-20261122T023000Z.db"]);
        assert_eq!(outdated(found.clone(), 9), names(&[]));
        assert_eq!(outdated(found.clone(), 0).len(), 2, "one is always kept");
        assert_eq!(abandoned(found, now), ["leitwarte-20261001T023000Z.db.part"]);
        assert_eq!(abandoned(names(&["leitwarte-20261124T022900Z.db.part"]), now), names(&[]), "perhaps still written");
    }
}
