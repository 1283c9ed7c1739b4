//! The program of the function `role-sync`.

use std::process::ExitCode;
use std::sync::Arc;

use leitwarte_runtime::{Invocation, clock};
use role_sync::{Deps, Event};

fn main() -> ExitCode {
    leitwarte_runtime::main(async |config| {
        let deps = Arc::new(Deps::open(&config, clock::now, clock::new_id).await?);
        Ok(move |event: Event, invocation: Invocation| {
            let deps = Arc::clone(&deps);
            async move { role_sync::handle(&deps, &event, invocation.deadline).await }
        })
    })
}
