//! The program of the function `cert-expiry`.

use std::process::ExitCode;
use std::sync::Arc;

use cert_expiry::Deps;
use leitwarte_runtime::{Invocation, clock};

fn main() -> ExitCode {
    leitwarte_runtime::main(async |config| {
        let deps = Arc::new(Deps::open(&config).await?);
        Ok(move |_event: serde_json::Value, _invocation: Invocation| {
            let deps = Arc::clone(&deps);
            async move { cert_expiry::handle(&deps, clock::now()).await }
        })
    })
}
