//! The program of the function `role-sync`.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use leitwarte_runtime::{Invocation, clock};
use role_sync::{Deps, Event};

/// No event sets a limit to the run at the start.
const LONGEST: Duration = Duration::from_mins(4);

fn main() -> ExitCode {
    leitwarte_runtime::main(async |config| {
        let deps = Arc::new(Deps::open(&config, clock::now, clock::new_id).await?);
        tokio::spawn(begin(Arc::clone(&deps)));
        Ok(move |event: Event, invocation: Invocation| {
            let deps = Arc::clone(&deps);
            async move { role_sync::handle(&deps, &event, invocation.deadline).await }
        })
    })
}

/// What a process that ended has left is gone on with as soon as the next one is there, not only with the next minute. Should
/// this one end meanwhile, nothing is lost, as with any other run.
async fn begin(deps: Arc<Deps>) {
    if let Err(error) = role_sync::handle(&deps, &Event::Tick, Instant::now() + LONGEST).await {
        tracing::warn!(%error, "changes of roles under way could not be gone on with; the next minute's run tries again");
    }
}
