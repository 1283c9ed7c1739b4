//! Lines a child writes.

use std::io::{self, Write as _};
use std::os::fd::OwnedFd;
use std::sync::{Arc, OnceLock};

use serde_json::{Map, Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::net::unix::pipe;

use crate::logging::LogFormat;

/// Longest line that is passed on in one piece; longer ones are split.
const MAX_LINE: u64 = 64 * 1024;

/// Tells whether a child has written more than was read so far.
#[derive(Debug, Clone)]
pub struct UnreadOutput(Arc<OwnedFd>);

impl UnreadOutput {
    /// Whether everything written so far was read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        rustix::io::ioctl_fionread(&*self.0).map_or(true, |bytes| bytes == 0)
    }
}

/// Opens the pipe a child writes to.
pub(super) fn open() -> io::Result<(pipe::Receiver, io::PipeWriter, UnreadOutput)> {
    let (reader, writer) = io::pipe()?;
    let unread = UnreadOutput(Arc::new(OwnedFd::from(reader.try_clone()?)));
    Ok((pipe::Receiver::from_owned_fd(OwnedFd::from(reader))?, writer, unread))
}

/// Calls `each` with every line until the last writer is gone. What is not UTF-8 is replaced.
pub(super) async fn read_lines(output: pipe::Receiver, mut each: impl FnMut(&str)) {
    let mut output = BufReader::new(output);
    let mut line = Vec::new();
    loop {
        line.clear();
        match (&mut output).take(MAX_LINE).read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => return,
            Ok(_) => each(String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r'])),
        }
    }
}

/// Writes a child's line to standard output behind its name, `[name] line`, or as JSON if that is the log format.
pub fn print_line(name: &str, line: &str) {
    static FORMAT: OnceLock<LogFormat> = OnceLock::new();
    let format = *FORMAT.get_or_init(|| LogFormat::from_environment().unwrap_or(LogFormat::Text));
    // Standard output may be closed; the child must go on all the same.
    let _ = writeln!(io::stdout().lock(), "{}", labelled(format, name, line));
}

fn labelled(format: LogFormat, name: &str, line: &str) -> String {
    match format {
        LogFormat::Text => format!("[{name}] {line}"),
        LogFormat::Json => match serde_json::from_str::<Map<String, Value>>(line) {
            // A child that logs JSON keeps its fields.
            Ok(mut fields) => {
                fields.entry("program").or_insert_with(|| name.into());
                Value::Object(fields).to_string()
            }
            Err(_) => json!({ "program": name, "message": line }).to_string(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_lines_stand_behind_the_name_of_their_program() {
        assert_eq!(labelled(LogFormat::Text, "poll", "done"), "[poll] done");
    }

    #[test]
    fn json_logs_stay_json_and_name_the_innermost_program() {
        let parse = |line: String| serde_json::from_str::<Value>(&line).unwrap();
        let plain = labelled(LogFormat::Json, "poll", "done");
        assert_eq!(parse(plain.clone()), json!({ "program": "poll", "message": "done" }));
        assert_eq!(parse(labelled(LogFormat::Json, "emulator", &plain)), parse(plain));
    }
}
