//! Whose certificate it is: a profile of a tenant, or of the lists in SharePoint.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use leitwarte_core::profile::{TenantProfile, file_name, is_key};
use leitwarte_core::sharepoint::profile::DraftProfile;

use crate::UsageError;

/// A profile that names a certificate.
pub(super) struct Owner {
    /// The profile's short name.
    pub(super) name: String,
    /// Its file.
    pub(super) file: PathBuf,
    /// Its text.
    pub(super) text: String,
    /// Who signs in with the certificate.
    pub(super) profile: TenantProfile,
    is_sharepoint: bool,
}

impl Owner {
    /// Reads the profile of this name.
    pub(super) fn read(profiles: &Path, name: &str, is_sharepoint: bool) -> anyhow::Result<Self> {
        if !is_key(name) {
            bail!(UsageError(format!("`{name}` is no short name of a profile")));
        }
        let sharepoint = format!("sharepoint/sp-config-{name}-profile.json");
        let file = profiles.join(if is_sharepoint { sharepoint } else { file_name(name) });
        let text =
            std::fs::read_to_string(&file).with_context(|| format!("cannot read the profile {}", file.display()))?;
        let profile =
            if is_sharepoint { DraftProfile::parse(&text).map(|draft| draft.app) } else { TenantProfile::parse(&text) };
        let profile = profile.with_context(|| format!("{} cannot be used", file.display()))?;
        Ok(Self { name: name.to_owned(), file, text, profile, is_sharepoint })
    }

    /// The folder of its certificates, below that of the profiles' folder and relative to it.
    pub(super) fn folder(&self) -> String {
        if self.is_sharepoint { format!("certs/sharepoint/{}", self.name) } else { format!("certs/{}", self.name) }
    }

    /// What to type to renew it.
    pub(super) fn command(&self) -> String {
        let end = if self.is_sharepoint { " --sharepoint" } else { "" };
        format!("leitwarte certificate renew {}{end}", self.name)
    }
}
