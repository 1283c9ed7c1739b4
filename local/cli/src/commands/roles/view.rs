//! Roles as text.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use leitwarte_core::message::words::Language;
use leitwarte_core::roles::operation::Phase;
use leitwarte_core::roles::words::shown;
use leitwarte_core::roles::{Operation, RoleTable};
use leitwarte_store::{LastReconciliation, RoleFinding, RolePerson, RoleStep};

use crate::terminal::{BAD, BOLD, DIM, GOOD, WARN, paint};
use crate::words::ago;

/// What the last comparison found.
pub(super) fn findings(
    table: &RoleTable,
    people: &[RolePerson],
    last: Option<&LastReconciliation>,
    findings: &[RoleFinding],
    now: DateTime<Utc>,
) -> String {
    let mut text = format!("{} roles in roles.json, {} people known.\n", table.roles().len(), people.len());
    match last {
        None => text.push_str("Nobody has been compared with Entra yet; role-sync does it each quarter of an hour.\n"),
        Some(LastReconciliation { at, problem: None }) => {
            let _ = writeln!(text, "Compared with Entra {}.", ago(*at, now));
        }
        Some(LastReconciliation { at, problem: Some(problem) }) => {
            let problem = problem.text(table, Language::En);
            let _ =
                writeln!(text, "{}", paint(BAD, format_args!("Could not be compared {}: {problem}", ago(*at, now))));
        }
    }
    for finding in findings {
        let person = people.iter().find(|person| Some(person.number) == finding.person);
        let who = person.map_or("Offices", |person| person.name.as_str());
        let what = finding.drift.text(table, Language::En);
        let _ =
            writeln!(text, "  {} {what} {}", paint(WARN, format_args!("{who}:")), paint(DIM, ago(finding.since, now)));
    }
    if findings.is_empty() && last.is_some_and(|last| last.problem.is_none()) {
        let _ = writeln!(text, "{}", paint(GOOD, "Both sides agree."));
    }
    text
}

/// An operation under way, with its steps.
pub(super) fn under_way(table: &RoleTable, operation: &Operation, steps: &[RoleStep], now: DateTime<Utc>) -> String {
    let mut text = format!("{}\n", paint(BOLD, line(table, operation, now)));
    for step in steps {
        let what = step.detail["step"].as_str().unwrap_or_default().replace('_', " ");
        let _ = writeln!(text, "    {}  {what}", paint(DIM, step.at.format("%H:%M:%S")));
    }
    if let Some(trouble) = &operation.trouble {
        let _ = writeln!(text, "    {}", paint(BAD, trouble.text(table, Language::En)));
    }
    text
}

/// Operations that are over.
pub(super) fn over(table: &RoleTable, operations: &[Operation], now: DateTime<Utc>) -> String {
    let mut text = String::new();
    for operation in operations.iter().filter(|operation| operation.phase.is_over()) {
        let _ = writeln!(text, "{}", line(table, operation, now));
        if let Some(problem) = &operation.problem {
            let _ = writeln!(text, "    {}", paint(WARN, problem.text(table, Language::En)));
        }
    }
    if operations.is_empty() {
        text.push_str("No role has been changed yet.\n");
    }
    text
}

fn line(table: &RoleTable, operation: &Operation, now: DateTime<Utc>) -> String {
    let moves = operation.moves.iter().map(|one| {
        let from = one.from.as_deref().map(|role| shown(table, role, Language::En)).unwrap_or_default();
        format!("{}: {from} → {}", one.name, shown(table, &one.to, Language::En))
    });
    let state = match operation.phase {
        Phase::Reading | Phase::Granting => "under way, can still be given up".to_owned(),
        Phase::Revoking => "under way, beyond the point of no return".to_owned(),
        Phase::Undoing => "being undone".to_owned(),
        Phase::Done => format!("done {}", ago(operation.ended_at.unwrap_or(now), now)),
        Phase::Aborted => format!("given up {}", ago(operation.ended_at.unwrap_or(now), now)),
    };
    format!("{}  {} ({state})", operation.number, moves.collect::<Vec<_>>().join("; "))
}
