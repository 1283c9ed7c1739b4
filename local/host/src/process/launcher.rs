//! Starts children that die with their parent.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::OnceLock;
use std::sync::mpsc;

use tokio::process::{Child, Command};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

/// First argument of the copy of a program that becomes a child.
const MARK: &str = "__become-child-of";
/// Exit status when the wanted program cannot be executed, as shells have it.
const CANNOT_EXECUTE: i32 = 127;

/// A program to run.
#[derive(Debug, Clone)]
pub struct Program {
    /// Name in logs and in front of forwarded lines.
    pub name: String,
    /// The executable.
    pub path: PathBuf,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// Variables beside those inherited.
    pub env: Vec<(String, String)>,
}

/// How children are started.
#[derive(Debug, Clone)]
pub struct Launcher {
    via: PathBuf,
}

impl Launcher {
    /// Children start through a copy of the running program, whose `main` calls [`die_with_parent_if_asked`].
    #[must_use]
    pub fn of_this_program() -> Self {
        // The link still works when an update has replaced the file of the running program.
        let link = Path::new("/proc/self/exe");
        let via = if link.exists() { Ok(link.to_path_buf()) } else { std::env::current_exe() };
        Self { via: via.unwrap_or_else(|_| link.to_path_buf()) }
    }

    /// Children start through another program whose `main` calls [`die_with_parent_if_asked`].
    #[must_use]
    pub fn through(program: PathBuf) -> Self {
        Self { via: program }
    }

    /// Starts `program` with both output streams going to `output`, in a process group of its own.
    ///
    /// # Errors
    /// The program does not exist or the operating system could not start it.
    pub(super) async fn start(&self, program: &Program, output: io::PipeWriter) -> io::Result<Child> {
        std::fs::metadata(&program.path)
            .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", program.path.display())))?;
        let mut command = Command::new(&self.via);
        command
            .arg(MARK)
            .arg(std::process::id().to_string())
            .arg(&program.path)
            .args(&program.args)
            .envs(program.env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            // Ctrl-C in a terminal must reach the supervisor alone; it stops its children in order.
            .process_group(0)
            .kill_on_drop(true);
        spawn(command).await
    }
}

/// In the copy of the program that is to become a child: does so and never returns. Otherwise returns at once.
pub fn die_with_parent_if_asked() {
    let mut args = std::env::args_os().skip(1);
    if args.next().is_none_or(|mark| mark != MARK) {
        return;
    }
    let parent = args.next().and_then(|pid| pid.into_string().ok()).and_then(|pid| pid.parse::<i32>().ok());
    let Some(program) = args.next() else { std::process::exit(CANNOT_EXECUTE) };
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL)) {
        eprintln!("cannot tie this process to its parent: {error}");
        std::process::exit(CANNOT_EXECUTE);
    }
    // The parent may have died before the signal was asked for.
    if rustix::process::getppid().map(|pid| pid.as_raw_nonzero().get()) != parent {
        std::process::exit(CANNOT_EXECUTE);
    }
    let error = std::process::Command::new(&program).args(args).exec();
    eprintln!("cannot execute {}: {error}", Path::new(&program).display());
    std::process::exit(CANNOT_EXECUTE);
}

type Job = (Command, Handle, oneshot::Sender<io::Result<Child>>);

/// Spawns from a thread that lives as long as the process: the kernel sends the death signal when the *thread*
/// that forked ends, and threads of the async runtime may end early.
async fn spawn(command: Command) -> io::Result<Child> {
    static SPAWNER: OnceLock<mpsc::Sender<Job>> = OnceLock::new();
    let spawner = SPAWNER.get_or_init(|| {
        let (jobs, queue) = mpsc::channel::<Job>();
        let run = move || {
            for (mut command, runtime, reply) in queue {
                let _runtime = runtime.enter();
                let _ = reply.send(command.spawn());
            }
        };
        if let Err(error) = std::thread::Builder::new().name("spawner".to_owned()).spawn(run) {
            tracing::error!(%error, "cannot start a thread; no child process can be started");
        }
        jobs
    });
    let (reply, child) = oneshot::channel();
    let gone = || io::Error::other("the thread that starts processes is gone");
    spawner.send((command, Handle::current(), reply)).map_err(|_| gone())?;
    child.await.map_err(|_| gone())?
}
