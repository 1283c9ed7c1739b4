//! Reasons not to take in a tenant, found before anything is made.

use std::path::{Path, PathBuf};

use leitwarte_core::profile::{FoundProfile, TenantProfile, comparable_name};
use leitwarte_runtime::profiles;

use super::Args;
use super::files::Paths;

/// Why nothing was made, and what to do instead.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    #[error(
        "{} exists already, and nothing is ever overwritten. Choose another name, or move the old files away to start \
         this tenant afresh.", .0.display()
    )]
    FileExists(PathBuf),
    #[error(
        "The tenant {tenant_id} is already watched as `{key}`. One tenant has one profile; to renew its certificate, \
         move config-{key}-profile.json and certs/{key} away first."
    )]
    SameTenant { key: String, tenant_id: leitwarte_core::Uuid },
    #[error("The name `{tenant_name}` is already that of the tenant `{key}`. Give another one with --tenant-name.")]
    SameName { key: String, tenant_name: String },
    #[error("--tenant-name {0}.")]
    BadTenantName(&'static str),
    #[error("{0}")]
    Profiles(String),
}

/// Decides whether a tenant may be taken in. Profiles that cannot be read do not stand in the way; `doctor` names them.
pub(super) fn check(args: &Args, tenant_name: &str, paths: &Paths, profiles_dir: &Path) -> Result<(), Refusal> {
    if tenant_name.is_empty() {
        return Err(Refusal::BadTenantName("is empty"));
    }
    if tenant_name.chars().count() > 255 || tenant_name.chars().any(char::is_control) {
        return Err(Refusal::BadTenantName("must be one line of at most 255 characters"));
    }
    if let Some(path) = paths.existing() {
        return Err(Refusal::FileExists(path.to_owned()));
    }
    if !profiles_dir.exists() {
        return Ok(());
    }
    let found = profiles::load(profiles_dir)
        .map_err(|error| Refusal::Profiles(format!("{:#}.", anyhow::Error::from(error))))?;
    found
        .iter()
        .filter_map(|FoundProfile { key, profile }| Some((key, profile.as_ref().ok()?)))
        .try_for_each(|(key, other)| clash(args, tenant_name, key, other))
}

fn clash(args: &Args, tenant_name: &str, key: &str, other: &TenantProfile) -> Result<(), Refusal> {
    if other.tenant_id == args.tenant_id {
        return Err(Refusal::SameTenant { key: key.to_owned(), tenant_id: other.tenant_id });
    }
    let taken = comparable_name(&other.tenant_name);
    if taken == comparable_name(tenant_name) || taken == comparable_name(&args.name) || key == tenant_name {
        return Err(Refusal::SameName { key: key.to_owned(), tenant_name: tenant_name.to_owned() });
    }
    Ok(())
}
