//! The program of the function `api-manage`.

use std::process::ExitCode;
use std::sync::Arc;

use api_manage::Deps;
use leitwarte_runtime::clock;

fn main() -> ExitCode {
    leitwarte_runtime::main(async |config| {
        let deps = Arc::new(Deps::open(&config, clock::now, clock::new_id).await?);
        Ok(move |event, _invocation| {
            let deps = Arc::clone(&deps);
            async move { Ok(api_manage::handle(&deps, event).await) }
        })
    })
}
