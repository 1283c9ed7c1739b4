//! Profiles and certificates on disk, as a person would lay them out: `config-profiles/`, and `certs/` beside it.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use leitwarte_core::roles::table::SHIPPED;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::certificate::{CertificateError, RegisteredCertificate};
use crate::config::ApiApp;
use crate::keys::rsa_certificate;
use crate::sharepoint::SiteConfig;

/// Why demo or synthetic tenants could not be laid out on disk.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// A file or folder could not be read or written.
    #[error("cannot prepare {path}")]
    File {
        /// Which one.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// No key or certificate could be made.
    #[error("cannot make a certificate")]
    Key(#[from] rcgen::Error),
    /// A certificate that was just made or kept is not readable.
    #[error("a prepared certificate cannot be read")]
    Certificate(#[from] CertificateError),
}

/// A key on disk with less time left than this is replaced, so that nothing expires in the middle of a demo.
const LEAST_LEFT: TimeDelta = TimeDelta::days(1);

pub(crate) struct Workspace<'a> {
    pub(crate) dir: &'a Path,
    /// `scheme://host:port` of the simulator.
    pub(crate) base_url: &'a str,
}

/// A key's place and its public half.
pub(crate) struct Prepared {
    /// Relative to the folder with `config-profiles`.
    pub(crate) cert_path: String,
    pub(crate) certificate_pem: String,
    pub(crate) certificate: RegisteredCertificate,
}

impl Workspace<'_> {
    /// Makes `certs/<name>/mycert_<name>.pem` with a key and a certificate for so many days, or keeps what is there
    /// and still good. Owner-only in any case.
    pub(crate) fn key(&self, name: &str, days: i64, now: DateTime<Utc>) -> Result<Prepared, PrepareError> {
        let cert_path = format!("certs/{name}/mycert_{name}.pem");
        let path = self.dir.join(&cert_path);
        if let Some(folder) = path.parent() {
            make_folder(folder)?;
            restrict(folder, 0o700)?;
        }
        if let Some((certificate_pem, certificate)) = kept(&path, now) {
            restrict(&path, 0o600)?;
            return Ok(Prepared { cert_path, certificate_pem, certificate });
        }
        // Certificates end at midnight: one day more leaves `days` full ones.
        let made = rsa_certificate(name, now - TimeDelta::days(1), now + TimeDelta::days(days + 1))?;
        write(&path, made.pem.as_bytes(), 0o600)?;
        let certificate = RegisteredCertificate::from_pem(&made.certificate_pem)?;
        Ok(Prepared { cert_path, certificate_pem: made.certificate_pem, certificate })
    }

    /// Writes `config-profiles/config-<key>-profile.json`.
    pub(crate) fn profile(
        &self,
        key: &str,
        name: &str,
        (tenant_id, client_id): (Uuid, Uuid),
        prepared: &Prepared,
    ) -> Result<(), PrepareError> {
        let profile = self.credential(name, (tenant_id, client_id), prepared);
        self.json(&format!("config-profiles/config-{key}-profile.json"), &profile)
    }

    /// Writes `config-profiles/sharepoint/sp-config-demo-profile.json`.
    pub(crate) fn sharepoint_profile(
        &self,
        name: &str,
        client_id: Uuid,
        prepared: &Prepared,
        site: &SiteConfig,
    ) -> Result<(), PrepareError> {
        let mut profile = self.credential(name, (site.tenant_id, client_id), prepared);
        profile["sharepoint_infos"] = site.profile_infos();
        self.json("config-profiles/sharepoint/sp-config-demo-profile.json", &profile)
    }

    /// Writes `config-profiles/roles/`: the shipped table, and the profile of the app that writes roles of `api`.
    pub(crate) fn role_files(
        &self,
        name: &str,
        client_id: Uuid,
        prepared: &Prepared,
        api: ApiApp,
    ) -> Result<(), PrepareError> {
        let table: Value = serde_json::from_str(SHIPPED).unwrap_or_default();
        self.json("config-profiles/roles/roles.json", &table)?;
        let mut profile = self.credential(name, (api.tenant_id, client_id), prepared);
        profile["application_id"] = json!(api.client_id);
        self.json("config-profiles/roles/role-sync-profile.json", &profile)
    }

    /// The keys that say who signs in where.
    fn credential(&self, name: &str, (tenant_id, client_id): (Uuid, Uuid), prepared: &Prepared) -> Value {
        json!({
            "tenant_id": tenant_id,
            "tenant_name": name,
            "client_id": client_id,
            "thumbprint": prepared.certificate.thumbprint(),
            "cert_path": prepared.cert_path,
            "expires": prepared.certificate.not_after.date_naive().to_string(),
            "authority_host": self.base_url,
            "graph_endpoint": self.base_url,
        })
    }

    /// Writes `config-profiles/auth/auth-demo-profile.json` with a key for signing in people.
    pub(crate) fn auth_profile(&self, app: ApiApp, now: DateTime<Utc>) -> Result<Prepared, PrepareError> {
        let prepared = self.key("adatum", 365, now)?;
        let profile = json!({
            "tenant_id": app.tenant_id,
            "client_id": app.client_id,
            "cert_path": prepared.cert_path,
            "authority_host": self.base_url,
        });
        self.json("config-profiles/auth/auth-demo-profile.json", &profile)?;
        Ok(prepared)
    }

    /// Writes a JSON file; its folder is made where it is missing.
    pub(crate) fn json(&self, name: &str, value: &Value) -> Result<(), PrepareError> {
        let path = self.dir.join(name);
        if let Some(folder) = path.parent() {
            make_folder(folder)?;
        }
        write(&path, format!("{value:#}\n").as_bytes(), 0o644)
    }
}

/// The certificate of a key file that need not be made anew.
fn kept(path: &Path, now: DateTime<Utc>) -> Option<(String, RegisteredCertificate)> {
    let text = fs::read_to_string(path).ok()?;
    let certificate = RegisteredCertificate::from_pem(&text).ok()?;
    let good =
        text.contains("PRIVATE KEY") && certificate.not_before <= now && certificate.not_after > now + LEAST_LEFT;
    let public = text.get(text.find("-----BEGIN CERTIFICATE-----")?..)?.to_owned();
    good.then_some((public, certificate))
}

/// Writes a file so that nobody ever sees half of it or wider rights.
fn write(path: &Path, content: &[u8], mode: u32) -> Result<(), PrepareError> {
    let draft = path.with_extension("new");
    let written = (|| {
        match fs::remove_file(&draft) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&draft)?;
        file.write_all(content)?;
        fs::rename(&draft, path)
    })();
    written.map_err(failed(path))
}

fn make_folder(path: &Path) -> Result<(), PrepareError> {
    fs::create_dir_all(path).map_err(failed(path))
}

fn restrict(path: &Path, mode: u32) -> Result<(), PrepareError> {
    fs::set_permissions(path, Permissions::from_mode(mode)).map_err(failed(path))
}

pub(crate) fn failed(path: &Path) -> impl FnOnce(io::Error) -> PrepareError {
    let path = path.to_owned();
    move |source| PrepareError::File { path, source }
}
