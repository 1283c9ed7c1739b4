//! What a person sees of a running `up`: short state lines of its own, and the children's log lines behind their names.

use std::io::{IsTerminal as _, Write as _};
use std::sync::Arc;
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use anyhow::Context as _;
use chrono::{DateTime, Utc};
use leitwarte_host::logging::LogFormat;
use leitwarte_host::process::{Exit, Observer};
use serde_json::{Map, Value, json};

use crate::Outcome;
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
    /// JSON for a collector (`LOG_FORMAT=json`): one object a line.
    Machine,
}

/// Our name in objects for a collector.
const OWN_NAME: &str = "leitwarte";

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

    /// A message of our own.
    pub(super) fn say(&self, message: impl std::fmt::Display) {
        self.tell("INFO", message);
    }

    /// A message of our own about something that is not as it should be.
    pub(super) fn warn(&self, message: impl std::fmt::Display) {
        self.tell("WARN", message);
    }

    /// Says why it ends, if a collector reads it: `error:` in front of a text is for people.
    pub(super) fn take_error(&self, error: anyhow::Error) -> anyhow::Result<Outcome> {
        if self.form != Form::Machine {
            return Err(error);
        }
        self.tell("ERROR", format_args!("{error:#}"));
        Ok(Outcome::Problem)
    }

    fn tell(&self, level: &str, message: impl std::fmt::Display) {
        match self.form {
            Form::Machine => print(own_object(level, &message.to_string())),
            Form::Terminal | Form::Plain => print(message),
        }
    }

    /// A log line of a child.
    fn child_line(&self, child: &str, line: &str) {
        print(self.form.of(child, line, leitwarte_runtime::clock::now()));
    }
}

fn print(line: impl std::fmt::Display) {
    // Standard output may be closed; what runs must go on all the same.
    let _ = writeln!(anstream::stdout().lock(), "{line}");
}

/// A message of our own for a collector, without styles.
fn own_object(level: &str, message: &str) -> String {
    let message = anstream::adapter::strip_str(message).to_string();
    json!({ "level": level, "message": message.trim(), "program": OWN_NAME }).to_string()
}

/// A child's line for a collector: its own object with the program's name added, or an object around its text.
fn object_of(program: &str, line: &str) -> String {
    let Ok(fields) = serde_json::from_str::<Map<String, Value>>(line) else {
        let message = anstream::adapter::strip_str(line).to_string();
        return json!({ "level": "INFO", "message": message, "program": program }).to_string();
    };
    if fields.contains_key("program") {
        return line.trim().to_owned();
    }
    // Put in as text, so that everything else stays exactly as the program wrote it.
    let rest = line.trim().strip_prefix('{').unwrap_or_default();
    let comma = if fields.is_empty() { "" } else { "," };
    format!("{{\"program\":{}{comma}{rest}", json!(program))
}

impl Form {
    /// How a child's line is shown. The emulator passes its functions' lines on as `[function] line`.
    fn of(self, child: &str, line: &str, now: DateTime<Utc>) -> String {
        let (name, line) = inner_name(line).unwrap_or((child, line));
        if self == Self::Machine {
            return object_of(name, line);
        }
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
        self.screen.warn(format_args!("{} {text}", paint(BAD, "✘")));
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
        assert_eq!(shown(Form::Terminal, "[poll-tenant] WARN slow"), "08:00:00 poll-tenant    │ WARN slow");
        assert_eq!(shown(Form::Terminal, ""), "08:00:00 emulator       │ ");
    }

    #[test]
    fn a_collector_gets_one_object_a_line_with_the_programs_name() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let shown = |line| Form::Machine.of("emulator", line, now);
        assert_eq!(shown(r#"{"z":1,"a":2}"#), r#"{"program":"emulator","z":1,"a":2}"#);
        assert_eq!(shown("{}"), r#"{"program":"emulator"}"#);
        assert_eq!(shown(r#"{"program":"other"}"#), r#"{"program":"other"}"#);
        assert_eq!(shown(r#"[poll-tenant] {"a":2}"#), r#"{"program":"poll-tenant","a":2}"#);
        for line in ["thread 'main' panicked", "", "[1, 2]", "{\"cut off", "{} {}"] {
            let object: Map<String, Value> = serde_json::from_str(&shown(line)).unwrap();
            assert_eq!((&object["message"], &object["program"]), (&json!(line), &json!("emulator")));
        }
    }

    #[test]
    fn our_own_messages_are_objects_without_styles() {
        let own = own_object("INFO", &format!("\n{} at\nhttp://x\n", paint(BAD, "ready")));
        let object: Value = serde_json::from_str(&own).unwrap();
        assert_eq!(object, json!({ "level": "INFO", "message": "ready at\nhttp://x", "program": "leitwarte" }));
        assert_eq!(own.lines().count(), 1);
    }
}
