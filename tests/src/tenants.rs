//! Tenants of the simulator as a person would have set them up: profile and certificate files in a folder.

use std::path::Path;

use anyhow::Result;
use leitwarte_core::stock::LicenceStock;
use leitwarte_graph_simulator::{Binding, Config, Simulator, synthetic};

/// A simulator with `count` tenants `tenant-0001`, … of three products each; their profiles, certificates and
/// an auth profile lie in `folder`.
///
/// # Errors
/// If files cannot be written or no port is free.
pub async fn simulator(folder: &Path, count: usize) -> Result<Simulator> {
    let binding = Binding::bind("127.0.0.1:0".parse()?, None).await?;
    let config: Config = synthetic::prepare(folder, binding.base_url(), count, 3, leitwarte_runtime::clock::now())?;
    Ok(binding.serve(config)?)
}

/// The same product list with one product's consumption set so that `free` licences are left.
#[must_use]
pub fn with_free(stock: &[LicenceStock], product: usize, free: i64) -> Vec<LicenceStock> {
    let mut stock = stock.to_vec();
    if let Some(one) = stock.get_mut(product) {
        one.consumed = one.usable(true) - free;
    }
    stock
}
