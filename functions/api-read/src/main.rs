//! The program of the function `api-read`.

use std::process::ExitCode;
use std::sync::Arc;

use api_read::Deps;
use leitwarte_runtime::clock;

fn main() -> ExitCode {
    leitwarte_runtime::main(async |config| {
        let deps = Arc::new(Deps::open(&config, clock::now).await?);
        Ok(move |event, _invocation| {
            let deps = Arc::clone(&deps);
            async move { Ok(api_read::handle(&deps, event).await) }
        })
    })
}
