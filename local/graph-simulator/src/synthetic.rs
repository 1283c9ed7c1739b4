//! Many tenants with made-up numbers, for the benchmark and for tests that need crowds. All share one certificate,
//! because making a thousand RSA keys takes minutes.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use leitwarte_core::stock::{AppliesTo, CapabilityStatus, LicenceStock};
use uuid::Uuid;

use crate::certificate::RegisteredCertificate;
use crate::config::{AppConfig, Config, READ_LICENCES, Stock, TenantConfig};
use crate::demo::{HOME, TENANTS, scatter};
use crate::entra::people::SignInConfig;
use crate::workspace::{PrepareError, Workspace, failed};

/// Key of the synthetic tenant with this number, counted from 1.
#[must_use]
pub fn tenant_key(number: usize) -> String {
    format!("tenant-{number:04}")
}

/// So many tenants with so many products each; the same certificate signs for all of them.
#[must_use]
pub fn tenants(tenants: usize, skus: usize, certificate: &Arc<RegisteredCertificate>) -> Vec<TenantConfig> {
    (1..=tenants)
        .map(|number| {
            let (tenant_id, client_id) = ids(number);
            let app = AppConfig {
                client_id,
                certificates: vec![Arc::clone(certificate)],
                roles: vec![READ_LICENCES.to_owned()],
            };
            TenantConfig {
                key: tenant_key(number),
                tenant_id,
                name: tenant_key(number),
                apps: vec![app],
                stock: Stock::Fixed(stock(number, skus).into()),
            }
        })
        .collect()
}

/// Writes profiles for synthetic tenants, their shared key and an auth profile into `dir`, and removes profiles of an
/// earlier, larger crowd. Returns the simulator's configuration.
///
/// # Errors
/// When a file cannot be written or a key not be made.
pub fn prepare(
    dir: &Path,
    base_url: &str,
    count: usize,
    skus: usize,
    now: DateTime<Utc>,
) -> Result<Config, PrepareError> {
    let workspace = Workspace { dir, base_url };
    let key = workspace.key("shared", 365, now)?;
    for number in 1..=count {
        let name = tenant_key(number);
        workspace.profile(&name, &name, ids(number), &key)?;
    }
    for number in count + 1.. {
        let path = dir.join(format!("config-profiles/config-{}-profile.json", tenant_key(number)));
        if !path.exists() {
            break;
        }
        fs::remove_file(&path).map_err(failed(&path))?;
    }
    let sign_in = workspace.auth_profile(HOME, now)?;
    let tenants = tenants(count, skus, &Arc::new(key.certificate));
    let sign_in = Some(SignInConfig::demo(Arc::new(sign_in.certificate)));
    Ok(Config { api: Some(HOME), sign_in, ..Config::new(tenants) })
}

/// Tenant and client id of a synthetic tenant.
#[must_use]
pub fn ids(number: usize) -> (Uuid, Uuid) {
    let number = number as u64;
    (
        Uuid::from_u64_pair(0x5e17_0000_0000_4000, 0x8000_0000_0000_0000 + number),
        Uuid::from_u64_pair(0x5e17_c11e_0000_4000, 0x8000_0000_0000_0000 + number),
    )
}

/// Real products first, made-up ones when those are used up.
fn stock(number: usize, skus: usize) -> Vec<LicenceStock> {
    let mut products: Vec<(Uuid, String)> = Vec::with_capacity(skus);
    for line in TENANTS.into_iter().flat_map(|tenant| tenant.lines) {
        if line.applies_to == AppliesTo::User && products.iter().all(|(id, _)| *id != line.sku_id) {
            products.push((line.sku_id, line.part_number.to_owned()));
        }
    }
    let made_up =
        |index: usize| (Uuid::from_u64_pair(0x5e17_5000_0000_4000, index as u64 + 1), format!("MADE_UP_{index}"));
    products.extend((products.len()..skus).map(made_up));
    products
        .into_iter()
        .take(skus)
        .enumerate()
        .map(|(index, (sku_id, part_number))| {
            let chance = scatter((number as u64) << 16 | index as u64);
            let enabled = 10 + (chance % 490).cast_signed();
            // One product in twenty is over-assigned by a few.
            let over = i64::from((chance >> 20).is_multiple_of(20)) * 3;
            let consumed = if over > 0 { enabled + over } else { enabled * ((chance >> 32) % 95).cast_signed() / 100 };
            LicenceStock {
                sku_id,
                part_number,
                applies_to: AppliesTo::User,
                capability_status: CapabilityStatus::Enabled,
                enabled,
                warning: 0,
                suspended: 0,
                locked_out: 0,
                consumed,
            }
        })
        .collect()
}
