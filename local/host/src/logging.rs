//! Logs of the host programs: one line per event on standard output, for operators.

use std::env;

use thiserror::Error;
use tracing_subscriber::EnvFilter;

/// Why logging could not be set up.
#[derive(Debug, Error)]
pub enum LoggingError {
    /// `LOG_FORMAT` has another value than `text` or `json`.
    #[error("LOG_FORMAT is `{0}`; use `text` or `json`")]
    Format(String),
    /// `RUST_LOG` cannot be parsed.
    #[error("RUST_LOG is not a filter such as `info` or `leitwarte_emulator=debug,info`: {0}")]
    Filter(String),
    /// A subscriber is already installed.
    #[error("logging was set up twice")]
    Twice,
}

/// How log lines look (`LOG_FORMAT`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people: time, level, message, fields.
    Text,
    /// One JSON object per line, for collectors.
    Json,
}

impl LogFormat {
    /// The format `LOG_FORMAT` asks for; text when it is unset or empty.
    ///
    /// # Errors
    /// Another value than `text` or `json`.
    pub fn from_environment() -> Result<Self, LoggingError> {
        match env::var("LOG_FORMAT").unwrap_or_default().as_str() {
            "" | "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            other => Err(LoggingError::Format(other.to_owned())),
        }
    }
}

/// Installs the log for the whole process by `LOG_FORMAT` (`text`, `json`) and `RUST_LOG` (default `info`).
///
/// # Errors
/// A variable has a wrong value, or logging was set up before.
pub fn init() -> Result<(), LoggingError> {
    let format = LogFormat::from_environment()?;
    let filter = match env::var("RUST_LOG") {
        Ok(value) if !value.is_empty() => {
            value.parse::<EnvFilter>().map_err(|error| LoggingError::Filter(error.to_string()))?
        }
        _ => EnvFilter::new("info"),
    };
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_target(false);
    match format {
        LogFormat::Text => log.with_ansi(false).try_init(),
        LogFormat::Json => log.json().flatten_event(true).try_init(),
    }
    .map_err(|_| LoggingError::Twice)
}
