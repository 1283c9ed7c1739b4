//! The program of the function `notify`.

use std::process::ExitCode;
use std::sync::Arc;

use leitwarte_runtime::{Invocation, clock};
use notify::Deps;

fn main() -> ExitCode {
    leitwarte_runtime::main(async |config| {
        let deps = Arc::new(Deps::open(&config, clock::now, clock::new_id).await?);
        Ok(move |_event: serde_json::Value, invocation: Invocation| {
            let deps = Arc::clone(&deps);
            async move { notify::handle(&deps, invocation.deadline).await }
        })
    })
}
