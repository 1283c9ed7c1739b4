//! What a person sees of a running `up`: short state lines of its own, and the children's log lines behind their names.

use std::io::{IsTerminal as _, Write as _};
use std::sync::Arc;
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use anyhow::Context as _;
use chrono::{DateTime, Utc};
use leitwarte_host::logging::LogFormat;
use leitwarte_host::process::{Exit, Observer};

use crate::table::left;
use crate::terminal::{BAD, DIM, WARN, paint};

/// Standard output, shared by everything that runs.
#[derive(Debug)]
pub(super) struct Screen {
    form: Form,
}

/// How the children's log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// On a terminal: time of day, name, line.
    Terminal,
    /// In a file or a pipe: name, line with its full time.
    Plain,
    /// JSON for a collector (`LOG_FORMAT=json`): as it is.
    Machine,
}

/// Width of the names in front of log lines; longer ones push their line to the right.
const NAME: usize = 15;

impl Screen {
    /// By `LOG_FORMAT` and what standard output is.
    ///
    /// # Errors
    /// Another value than `text` or `json`.
    pub(super) fn from_env() -> anyhow::Result<Arc<Self>> {
        let format = LogFormat::from_environment().context("cannot tell how to print log lines")?;
        let form = match format {
            LogFormat::Json => Form::Machine,
            LogFormat::Text if std::io::stdout().is_terminal() => Form::Terminal,
            LogFormat::Text => Form::Plain,
        };
        Ok(Arc::new(Self { form }))
    }

    /// A line of our own.
    #[expect(clippy::unused_self, reason = "whoever writes needs the screen")]
    pub(super) fn say(&self, line: impl std::fmt::Display) {
        // Standard output may be closed; what runs must go on all the same.
        let _ = writeln!(anstream::stdout().lock(), "{line}");
    }

    /// A log line of a child.
    fn child_line(&self, child: &str, line: &str) {
        self.say(self.form.of(child, line, leitwarte_runtime::clock::now()));
    }
}

impl Form {
    /// How a child's line is shown. The emulator passes its functions' lines on as `[function] line`.
    fn of(self, child: &str, line: &str, now: DateTime<Utc>) -> String {
        if self == Self::Machine {
            return line.to_owned();
        }
        let (name, line) = inner_name(line).unwrap_or((child, line));
        let line = line.trim_start();
        let shown_name = paint(colour(name), left(name, NAME.max(name.len())));
        let bar = paint(DIM, "│ ");
        if self == Self::Plain {
            return format!("{shown_name}{bar}{line}");
        }
        let (time, line) = without_time(line).unwrap_or((now, line));
        let time = paint(DIM, time.format("%H:%M:%S "));
        let line = match line.split_once(' ') {
            Some(("ERROR", rest)) => format!("{} {rest}", paint(BAD, "ERROR")),
            Some(("WARN", rest)) => format!("{} {rest}", paint(WARN, "WARN")),
            Some(("INFO", rest)) => rest.to_owned(),
            _ => line.to_owned(),
        };
        format!("{time}{shown_name}{bar}{line}")
    }
}

/// A line's own time, and what follows it.
fn without_time(line: &str) -> Option<(DateTime<Utc>, &str)> {
    let (time, rest) = line.split_once(' ')?;
    Some((DateTime::parse_from_rfc3339(time).ok()?.to_utc(), rest.trim_start()))
}

fn inner_name(line: &str) -> Option<(&str, &str)> {
    let (name, rest) = line.strip_prefix('[')?.split_once("] ")?;
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    is_name.then_some((name, rest))
}

/// A colour that stays the same for one name.
fn colour(name: &str) -> Style {
    const COLOURS: [AnsiColor; 5] =
        [AnsiColor::Cyan, AnsiColor::Blue, AnsiColor::Magenta, AnsiColor::Green, AnsiColor::Yellow];
    let sum: usize = name.bytes().map(usize::from).sum();
    COLOURS[sum % COLOURS.len()].on_default()
}

/// A child that ran this long had worked.
const WORKED: Duration = Duration::from_secs(30);

/// Watches one child and tells what happens to it.
#[derive(Debug)]
pub(super) struct Watcher {
    pub(super) name: &'static str,
    pub(super) screen: Arc<Screen>,
}

impl Observer for Watcher {
    fn line(&self, line: &str) {
        self.screen.child_line(self.name, line);
    }

    fn exited(&self, exit: &Exit) -> bool {
        let text = format!("{} ended ({}); starting it again", self.name, exit.reason);
        self.screen.say(format_args!("{} {text}", paint(BAD, "✘")));
        exit.ran_for >= WORKED
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_functions_line_stands_behind_the_functions_name() {
        assert_eq!(inner_name("[poll-tenant] INFO done"), Some(("poll-tenant", "INFO done")));
        for other in ["INFO done", "[a b] x", "[] x", "[1, 2] x", "[poll-tenant]x"] {
            assert_eq!(inner_name(other), None, "{other}");
        }
    }

    #[test]
    fn a_terminal_shows_the_time_of_day_and_a_file_the_whole_time() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let shown = |form: Form, line| anstream::adapter::strip_str(&form.of("emulator", line, now)).to_string();
        let line = "2026-11-22T08:19:19.177604Z  INFO function ready";
        assert_eq!(shown(Form::Terminal, line), "08:19:19 emulator       │ function ready");
        assert_eq!(shown(Form::Plain, line), format!("emulator       │ {line}"));
        assert_eq!(shown(Form::Machine, line), line);
        assert_eq!(shown(Form::Terminal, "[poll-tenant] WARN slow"), "08:00:00 poll-tenant    │ WARN slow");
        assert_eq!(shown(Form::Terminal, ""), "08:00:00 emulator       │ ");
    }
}
