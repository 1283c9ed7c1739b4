//! Lines a child writes.

use std::io::{self, Write as _};
use std::os::fd::OwnedFd;
use std::sync::Arc;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::net::unix::pipe;

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

/// Writes a child's line to standard output behind its name: `[name] line`.
pub fn print_line(name: &str, line: &str) {
    // Standard output may be closed; the child must go on all the same.
    let _ = writeln!(io::stdout().lock(), "[{name}] {line}");
}
