//! The program of the function `backup`.

use std::process::ExitCode;
use std::sync::Arc;

use backup::Deps;
use leitwarte_runtime::{Invocation, clock};

fn main() -> ExitCode {
    leitwarte_runtime::main(async |config| {
        let deps = Arc::new(Deps::open(&config).await?);
        Ok(move |_event: serde_json::Value, _invocation: Invocation| {
            let deps = Arc::clone(&deps);
            async move { backup::handle(&deps, clock::now()).await }
        })
    })
}
