//! The program of the function `poll-tenant`.

use std::process::ExitCode;
use std::sync::Arc;

use leitwarte_runtime::clock;
use poll_tenant::Deps;

fn main() -> ExitCode {
    leitwarte_runtime::main(async |config| {
        let deps = Deps::open(&config, clock::now, clock::new_id).await?;
        Ok(move |event, invocation: leitwarte_runtime::Invocation| {
            let deps = Arc::clone(&deps);
            async move {
                let asked_for_one = matches!(event, poll_tenant::Event::One(_));
                poll_tenant::handle(&deps, event, invocation.deadline).await?.answer(asked_for_one)
            }
        })
    })
}
