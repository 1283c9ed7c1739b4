//! The program of the function `sign-in`.

use std::process::ExitCode;
use std::sync::Arc;

use sign_in::{Deps, Sources};

fn main() -> ExitCode {
    leitwarte_runtime::main(async |config| {
        let deps = Arc::new(Deps::open(&config, Sources::of_system()).await?);
        Ok(move |event, _invocation| {
            let deps = Arc::clone(&deps);
            async move { Ok(sign_in::handle(&deps, event).await) }
        })
    })
}
