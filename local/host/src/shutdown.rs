//! SIGTERM and Ctrl-C: stop taking work, finish what is running, leave.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Cancels the returned token at the first SIGTERM or SIGINT.
///
/// A second signal means that somebody lost patience: the process exits at once with status 130.
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
        next(&mut terminate, &mut interrupt).await;
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
