//! SIGTERM and Ctrl-C: stop taking work, finish what is running, leave.

use std::io;
use std::time::{Duration, Instant};

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Signals within this time count as one.
const ONE_WISH: Duration = Duration::from_secs(1);

/// Cancels the returned token at the first SIGTERM or SIGINT.
///
/// A second signal, more than a moment later, means that somebody lost patience: the process exits at once with status
/// 130. Signals that come together are one wish: `timeout` and terminals send them to a process and to its group.
///
/// # Errors
/// The operating system refused to install a signal handler.
pub fn on_signal() -> io::Result<CancellationToken> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let token = CancellationToken::new();
    let cancelled = token.clone();
    tokio::spawn(async move {
        next(&mut terminate, &mut interrupt).await;
        tracing::info!("stopping: finishing what is running; a second signal stops at once");
        cancelled.cancel();
        let first = Instant::now();
        loop {
            next(&mut terminate, &mut interrupt).await;
            if first.elapsed() > ONE_WISH {
                break;
            }
        }
        tracing::warn!("second signal: stopped without waiting for running work");
        std::process::exit(130);
    });
    Ok(token)
}

async fn next(terminate: &mut Signal, interrupt: &mut Signal) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}
