//! Sessions as text.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use leitwarte_core::auth_profile::Role;
use leitwarte_core::roles::{RoleTable, standing};
use leitwarte_store::StoredSession;

use crate::table::{cut, left, right};
use crate::terminal::{BOLD, DIM, paint};
use crate::words::{ago, count};

const NUMBER: usize = 6;
const TIME: usize = 14;
const LONGEST_NAME: usize = 40;

/// What somebody may do with a session now.
pub(super) fn rights(table: &RoleTable, session: &StoredSession) -> BTreeSet<Role> {
    standing::rights(table, session.role.as_deref(), session.ceiling.as_deref(), &session.rights)
}

/// A name as a terminal may show it.
pub(super) fn name(name: &str) -> String {
    cut(name, LONGEST_NAME)
}

/// The list.
pub(super) fn list(sessions: &[StoredSession], table: &RoleTable, now: DateTime<Utc>) -> String {
    if sessions.is_empty() {
        return "Nobody is signed in.\n".to_owned();
    }
    let widest = sessions.iter().map(|one| one.name.chars().count()).max().unwrap_or_default();
    let width = widest.clamp(4, LONGEST_NAME) + 2;
    let mut text = String::new();
    let head = format!(
        "{}  {}{}{}rights",
        right("person", NUMBER),
        left("name", width),
        left("since", TIME),
        left("last used", TIME)
    );
    let _ = writeln!(text, "{}", paint(DIM, head));
    for one in sessions {
        let rights = rights(table, one);
        let rights = if rights.is_empty() { "may see".to_owned() } else { Role::join(&rights) };
        let _ = writeln!(
            text,
            "{}  {}{}{}{rights}",
            right(&one.person.to_string(), NUMBER),
            left(&one.name, width),
            left(&ago(one.times.created_at, now), TIME),
            left(&ago(one.times.last_seen_at, now), TIME)
        );
    }
    let _ = writeln!(
        text,
        "\n{}. `leitwarte sessions end PERSON` ends all of a person, `… end --all` everybody's.",
        paint(BOLD, count(sessions.len(), "session"))
    );
    text
}
