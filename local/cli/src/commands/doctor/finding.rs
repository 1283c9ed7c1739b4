//! What a check found, and the list of findings as a page.

use std::fmt::Write as _;

use anstyle::Style;
use leitwarte_core::poll::PollFailure;
use serde::Serialize;

use crate::table::left;
use crate::terminal::{BAD, BOLD, DIM, GOOD, WARN, paint};
use crate::words::{count, wrap};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Level {
    /// As it should be.
    Good,
    /// Worth knowing, nothing to do.
    Note,
    /// Works now, and will not for long.
    Warning,
    /// Does not work.
    Bad,
}

/// The result of one check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    pub(super) area: Area,
    /// What was looked at: a tenant's key, a variable, a program.
    pub(super) subject: String,
    pub(super) level: Level,
    pub(super) message: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) fix: Option<String>,
}

/// Headings, in the order of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Area {
    Machine,
    Programs,
    Database,
    SignIn,
    Tenants,
    SharePoint,
    Notifications,
    Running,
}

impl Area {
    const ALL: [Self; 8] = [
        Self::Machine,
        Self::Programs,
        Self::Database,
        Self::SignIn,
        Self::Tenants,
        Self::SharePoint,
        Self::Notifications,
        Self::Running,
    ];

    fn heading(self) -> &'static str {
        match self {
            Self::Machine => "Machine",
            Self::Programs => "Programs",
            Self::Database => "Database",
            Self::SignIn => "Sign-in",
            Self::Tenants => "Tenants",
            Self::SharePoint => "SharePoint",
            Self::Notifications => "Telling people",
            Self::Running => "Running now",
        }
    }

    pub(super) fn good(self, subject: impl Into<String>, message: impl Into<String>) -> Finding {
        Finding { area: self, subject: subject.into(), level: Level::Good, message: message.into(), fix: None }
    }

    pub(super) fn note(self, subject: impl Into<String>, message: impl Into<String>) -> Finding {
        Finding { level: Level::Note, ..self.good(subject, message) }
    }

    pub(super) fn warning(
        self,
        subject: impl Into<String>,
        message: impl Into<String>,
        fix: impl Into<String>,
    ) -> Finding {
        Finding { level: Level::Warning, fix: Some(fix.into()), ..self.good(subject, message) }
    }

    pub(super) fn bad(self, subject: impl Into<String>, message: impl Into<String>, fix: impl Into<String>) -> Finding {
        Finding { level: Level::Bad, fix: Some(fix.into()), ..self.good(subject, message) }
    }

    pub(super) fn failure(self, subject: impl Into<String>, failure: &PollFailure) -> Finding {
        self.bad(subject, &failure.message, &failure.fix)
    }
}

/// Whether any finding is one that does not work.
pub(super) fn any_bad(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.level == Level::Bad)
}

/// The findings as text with styles, by area.
pub(super) fn render(findings: &[Finding], width: usize) -> String {
    let widest = findings.iter().map(|finding| finding.subject.chars().count()).max().unwrap_or(0);
    let subject_width = widest.clamp(10, 24) + 2;
    let mut text = String::new();
    for area in Area::ALL {
        let in_area = || findings.iter().filter(|finding| finding.area == area);
        if in_area().next().is_none() {
            continue;
        }
        let _ = writeln!(text, "{}", paint(BOLD, area.heading()));
        for finding in in_area() {
            write_finding(&mut text, finding, subject_width, width);
        }
        text.push('\n');
    }
    let number = |level| findings.iter().filter(|finding| finding.level == level).count();
    let verdict = match (number(Level::Bad), number(Level::Warning)) {
        (0, 0) => paint(GOOD, "All is well."),
        (0, warnings) => paint(WARN, format_args!("Works, with {}.", count(warnings, "warning"))),
        (bad, 0) => paint(BAD, format_args!("{}.", count(bad, "problem"))),
        (bad, warnings) => paint(BAD, format_args!("{} and {}.", count(bad, "problem"), count(warnings, "warning"))),
    };
    let _ = writeln!(text, "{verdict}");
    text
}

fn write_finding(text: &mut String, finding: &Finding, subject_width: usize, width: usize) {
    let (mark, style) = mark(finding.level);
    let indent = 4 + subject_width;
    let room = width.min(120).saturating_sub(indent + 2).max(30);
    let mut message = wrap(&finding.message, room).into_iter();
    let subject = left(&finding.subject, subject_width - 2);
    let _ = writeln!(text, "  {} {subject}  {}", paint(style, mark), message.next().unwrap_or_default());
    for line in message {
        let _ = writeln!(text, "{:indent$}{line}", "");
    }
    for (index, line) in finding.fix.iter().flat_map(|fix| wrap(fix, room - 2)).enumerate() {
        let arrow = if index == 0 { "→" } else { " " };
        let _ = writeln!(text, "{:indent$}{} {line}", "", paint(style, arrow));
    }
}

fn mark(level: Level) -> (char, Style) {
    match level {
        Level::Good => ('✔', GOOD),
        Level::Note => ('·', DIM),
        Level::Warning => ('!', WARN),
        Level::Bad => ('✘', BAD),
    }
}
