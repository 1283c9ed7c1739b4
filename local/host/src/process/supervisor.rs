//! Keeps one child running until told to stop.

use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::Child;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use super::output::{self, UnreadOutput};
use super::{Backoff, Launcher, Program};

/// How long output that a dead child left in the pipe is read before it counts as lost.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// What somebody wants to know about a child.
pub trait Observer: Send + Sync + 'static {
    /// The program runs as process `pid`.
    fn started(&self, pid: u32, output: UnreadOutput) {
        let _ = (pid, output);
    }

    /// It wrote a line, on either stream.
    fn line(&self, line: &str);

    /// It ended without having been asked to, or could not be started. Returns whether it had worked well, so
    /// that the next start need not wait longer than the one before.
    fn exited(&self, exit: &Exit) -> bool;
}

/// How a child ended.
#[derive(Debug, Clone)]
pub struct Exit {
    /// `exit status 1`, `signal: killed` as AWS words it, or why it could not be started.
    pub reason: String,
    /// Whether it ended by itself with status 0.
    pub success: bool,
    /// How long it ran.
    pub ran_for: Duration,
}

/// When to restart and how to stop.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Delays between an end and the next start.
    pub backoff: Backoff,
    /// Time between SIGTERM and SIGKILL.
    pub stop_within: Duration,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            backoff: Backoff::new(Duration::from_millis(100), Duration::from_secs(30)),
            stop_within: Duration::from_secs(10),
        }
    }
}

enum Control {
    Kill,
    Stop,
}

/// A supervised child. Dropping the handle kills the child.
#[derive(Debug)]
pub struct Supervised {
    control: mpsc::UnboundedSender<Control>,
    task: JoinHandle<()>,
}

impl Supervised {
    /// Kills the running process with everything it started; it is then started again.
    pub fn kill(&self) {
        let _ = self.control.send(Control::Kill);
    }

    /// Asks the process to end (SIGTERM), kills it after [`Policy::stop_within`], and does not start it again.
    pub async fn stop(mut self) {
        let _ = self.control.send(Control::Stop);
        let _ = (&mut self.task).await;
    }
}

impl Drop for Supervised {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Starts `program` and keeps it running.
pub fn supervise(program: Program, launcher: Launcher, policy: Policy, observer: Arc<dyn Observer>) -> Supervised {
    let (control, commands) = mpsc::unbounded_channel();
    Supervised { control, task: tokio::spawn(run(program, launcher, policy, observer, commands)) }
}

async fn run(
    program: Program,
    launcher: Launcher,
    mut policy: Policy,
    observer: Arc<dyn Observer>,
    mut commands: mpsc::UnboundedReceiver<Control>,
) {
    loop {
        let started = Instant::now();
        let (reason, success) = match start(&program, &launcher, &observer).await {
            Ok(mut running) => {
                let stopped = running.until_exit(&mut commands, policy.stop_within).await;
                let Some(ended) = stopped else { return };
                ended
            }
            Err(error) => (format!("cannot start: {error}"), false),
        };
        if observer.exited(&Exit { reason, success, ran_for: started.elapsed() }) {
            policy.backoff.reset();
        }
        let pause = sleep(policy.backoff.delay());
        tokio::pin!(pause);
        loop {
            tokio::select! {
                () = &mut pause => break,
                command = commands.recv() => if !matches!(command, Some(Control::Kill)) { return },
            }
        }
    }
}

struct Running {
    child: Child,
    group: Option<Pid>,
    output: JoinHandle<()>,
}

async fn start(program: &Program, launcher: &Launcher, observer: &Arc<dyn Observer>) -> std::io::Result<Running> {
    let (reader, writer, unread) = output::open()?;
    let child = launcher.start(program, writer).await?;
    let pid = child.id().unwrap_or_default();
    observer.started(pid, unread);
    let listener = Arc::clone(observer);
    let output = tokio::spawn(output::read_lines(reader, move |line| listener.line(line)));
    Ok(Running { child, group: i32::try_from(pid).ok().and_then(Pid::from_raw), output })
}

impl Running {
    /// How it ended and whether well, when it ended by itself or was killed; nothing when it was asked to stop.
    async fn until_exit(
        &mut self,
        commands: &mut mpsc::UnboundedReceiver<Control>,
        stop_within: Duration,
    ) -> Option<(String, bool)> {
        let ended = loop {
            tokio::select! {
                status = self.child.wait() => break status,
                command = commands.recv() => match command {
                    Some(Control::Kill) => self.signal(Signal::KILL),
                    Some(Control::Stop) | None => {
                        self.stop(stop_within).await;
                        return None;
                    }
                },
            }
        };
        self.clean_up().await;
        Some(ended.map_or_else(|error| (format!("lost: {error}"), false), describe))
    }

    async fn stop(&mut self, within: Duration) {
        self.signal(Signal::TERM);
        if timeout(within, self.child.wait()).await.is_err() {
            self.signal(Signal::KILL);
            let _ = self.child.wait().await;
        }
        self.clean_up().await;
    }

    /// Ends what the child itself started and forwards its last words.
    async fn clean_up(&mut self) {
        self.signal(Signal::KILL);
        if timeout(LAST_WORDS, &mut self.output).await.is_err() {
            self.output.abort();
        }
    }

    fn signal(&self, signal: Signal) {
        if let Some(group) = self.group {
            // The group may be gone already, which is what a signal is sent for.
            let _ = kill_process_group(group, signal);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
        self.output.abort();
    }
}

/// The words AWS uses in `Runtime exited with error: …`.
fn describe(status: ExitStatus) -> (String, bool) {
    let reason = match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit status {code}"),
        (None, Some(9)) => "signal: killed".to_owned(),
        (None, Some(15)) => "signal: terminated".to_owned(),
        (None, Some(11)) => "signal: segmentation fault".to_owned(),
        (None, Some(6)) => "signal: aborted".to_owned(),
        (None, number) => format!("signal: {}", number.unwrap_or_default()),
    };
    (reason, status.success())
}
