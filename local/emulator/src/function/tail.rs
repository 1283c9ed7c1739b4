//! The last output of a function's process, for `X-Amz-Log-Type: Tail`.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use leitwarte_host::process::UnreadOutput;
use uuid::Uuid;

/// How much output AWS returns with an answer.
const MAX_RETURNED: usize = 4096;
/// How much output is kept for invocations that are still running.
const MAX_KEPT: usize = 64 * 1024;
/// How long an answer waits until the output that was written before it is read.
const SETTLE: Duration = Duration::from_millis(200);
const SETTLE_STEP: Duration = Duration::from_millis(1);

/// Recent output, addressed by how much was written in all.
#[derive(Debug, Default)]
pub(crate) struct Tail {
    inner: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    bytes: VecDeque<u8>,
    written: u64,
    unread: Option<UnreadOutput>,
    pid: Option<u32>,
}

/// What a finished invocation looked like, for its log.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Report {
    pub(crate) request_id: Uuid,
    pub(crate) duration: Duration,
    pub(crate) memory_mb: u32,
    pub(crate) output_mark: u64,
}

impl Tail {
    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new process writes from now on.
    pub(crate) fn attach(&self, pid: u32, unread: UnreadOutput) {
        let mut kept = self.lock();
        kept.unread = Some(unread);
        kept.pid = Some(pid);
    }

    /// The process wrote a line.
    pub(crate) fn push(&self, line: &str) {
        let mut kept = self.lock();
        kept.bytes.extend(line.as_bytes());
        kept.bytes.push_back(b'\n');
        kept.written += line.len() as u64 + 1;
        let excess = kept.bytes.len().saturating_sub(MAX_KEPT);
        kept.bytes.drain(..excess);
    }

    /// Where the output stands now.
    pub(crate) fn mark(&self) -> u64 {
        self.lock().written
    }

    /// The log of one invocation as AWS returns it: its last 4 KB. Invocations that run at the same time in one
    /// process share its output.
    pub(crate) async fn log(&self, report: Report) -> Vec<u8> {
        let steps = SETTLE.as_millis() / SETTLE_STEP.as_millis();
        for _ in 0..steps {
            if self.lock().unread.as_ref().is_none_or(UnreadOutput::is_empty) {
                break;
            }
            tokio::time::sleep(SETTLE_STEP).await;
        }
        let (lines, pid) = {
            let kept = self.lock();
            let new = usize::try_from(kept.written.saturating_sub(report.output_mark)).unwrap_or(usize::MAX);
            let skip = kept.bytes.len().saturating_sub(new);
            (kept.bytes.iter().skip(skip).copied().collect::<Vec<_>>(), kept.pid)
        };
        let mut log = format!("START RequestId: {} Version: $LATEST\n", report.request_id).into_bytes();
        log.extend(lines);
        log.extend(closing_lines(report, pid.and_then(peak_memory_mb)).into_bytes());
        log.drain(..log.len().saturating_sub(MAX_RETURNED));
        log
    }
}

fn closing_lines(report: Report, peak_memory_mb: Option<u64>) -> String {
    let Report { request_id, duration, memory_mb, .. } = report;
    let duration_ms = duration.as_secs_f64() * 1000.0;
    let mut text = format!(
        "END RequestId: {request_id}\nREPORT RequestId: {request_id}\tDuration: {duration_ms:.2} ms\tBilled Duration: {} ms\tMemory Size: {memory_mb} MB\t",
        duration.as_micros().div_ceil(1000),
    );
    if let Some(peak) = peak_memory_mb {
        let _ = write!(text, "Max Memory Used: {peak} MB\t");
    }
    text.push('\n');
    text
}

/// Peak resident memory of a process, where the operating system tells.
fn peak_memory_mb(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes.div_ceil(1024))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(output_mark: u64) -> Report {
        Report { request_id: Uuid::nil(), duration: Duration::from_micros(1234), memory_mb: 128, output_mark }
    }

    #[tokio::test]
    async fn a_log_has_the_lines_written_since_the_event_was_handed_over() {
        let tail = Tail::default();
        tail.push("before");
        let mark = tail.mark();
        tail.push("during");
        let log = String::from_utf8(tail.log(report(mark)).await).unwrap();
        insta::assert_snapshot!(log, @r"
        START RequestId: 00000000-0000-0000-0000-000000000000 Version: $LATEST
        during
        END RequestId: 00000000-0000-0000-0000-000000000000
        REPORT RequestId: 00000000-0000-0000-0000-000000000000	Duration: 1.23 ms	Billed Duration: 2 ms	Memory Size: 128 MB	
        ");
    }

    #[tokio::test]
    async fn only_the_last_4_kb_are_returned() {
        let tail = Tail::default();
        for _ in 0..10_000 {
            tail.push("0123456789");
        }
        let log = tail.log(report(0)).await;
        assert_eq!(log.len(), MAX_RETURNED);
        assert!(String::from_utf8_lossy(&log).contains("REPORT RequestId"));
        assert!(tail.lock().bytes.len() <= MAX_KEPT);
    }
}
