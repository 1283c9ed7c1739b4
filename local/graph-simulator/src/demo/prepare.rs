//! Lays the demo out on disk and remembers when it began.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::directory;
use super::movement;
use super::tenants::{DemoTenant, HOME, HOME_NAME, LISTS_CLIENT, ROLES_CLIENT, TENANTS};
use crate::certificate::{CertificateError, RegisteredCertificate};
use crate::config::{ApiApp, AppConfig, Config, READ_LICENCES, READ_ORGANIZATION, Stock, TenantConfig};
use crate::entra::people::SignInConfig;
use crate::sharepoint::{SiteConfig, SiteRole};
use crate::workspace::{PrepareError, Workspace};

/// File with what the simulator has to know; public data only.
const FILE: &str = "simulator.json";

/// A demo started again within this time goes on where it was; later it begins anew.
const SAME_DEMO: TimeDelta = TimeDelta::hours(1);

/// What the simulator has to know to serve the demo: the content of `simulator.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setup {
    /// When the numbers began to move.
    pub started_at: DateTime<Utc>,
    /// The app registration of our API.
    pub api: ApiApp,
    /// The certificate of the sign-in application; `None` in files of earlier versions.
    #[serde(default)]
    pub sign_in_certificate_pem: Option<String>,
    /// The certificate of the app that writes roles; `None` in files of earlier versions.
    #[serde(default)]
    pub roles_certificate_pem: Option<String>,
    /// The tenants and who may sign in to them.
    pub tenants: Vec<SetupTenant>,
    /// The support company's tenant, where the SharePoint lists are, and the app that works in them; `None` in files of
    /// earlier versions.
    #[serde(default)]
    pub lists: Option<SetupTenant>,
}

/// The registration of an app in a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetupTenant {
    /// The profile's key.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Entra's GUID of it.
    pub tenant_id: Uuid,
    /// The app that reads its licences, or works in its lists.
    pub client_id: Uuid,
    /// That app's certificate.
    pub certificate_pem: String,
}

/// Writes profiles, certificates, the auth and the SharePoint profile and `simulator.json` into `dir`. `base_url` is the simulator's
/// address. Run again it keeps keys that are good for another day, and the numbers go on if the demo began less than an
/// hour ago.
///
/// # Errors
/// When a file cannot be written or a key not be made.
pub fn prepare(dir: &Path, base_url: &str, now: DateTime<Utc>) -> Result<Setup, PrepareError> {
    let workspace = Workspace { dir, base_url };
    let mut tenants = Vec::with_capacity(TENANTS.len());
    for tenant in TENANTS {
        let key = workspace.key(tenant.key, tenant.certificate_days, now)?;
        workspace.profile(tenant.key, tenant.name, (tenant.tenant_id, tenant.client_id), &key)?;
        tenants.push(SetupTenant {
            key: tenant.key.to_owned(),
            name: tenant.name.to_owned(),
            tenant_id: tenant.tenant_id,
            client_id: tenant.client_id,
            certificate_pem: key.certificate_pem,
        });
    }
    let sign_in = workspace.auth_profile(HOME, now)?;
    let key = workspace.key("adatum-sharepoint", 365, now)?;
    workspace.sharepoint_profile(HOME_NAME, LISTS_CLIENT, &key, &site())?;
    let lists = SetupTenant {
        key: HOME_NAME.to_owned(),
        name: HOME_NAME.to_owned(),
        tenant_id: HOME.tenant_id,
        client_id: LISTS_CLIENT,
        certificate_pem: key.certificate_pem,
    };
    let roles = workspace.key("adatum-roles", 365, now)?;
    workspace.role_files(HOME_NAME, ROLES_CLIENT, &roles, HOME)?;
    let started_at = earlier_start(dir).filter(|at| (TimeDelta::zero()..SAME_DEMO).contains(&(now - *at)));
    let setup = Setup {
        started_at: started_at.unwrap_or(now),
        api: HOME,
        sign_in_certificate_pem: Some(sign_in.certificate_pem),
        roles_certificate_pem: Some(roles.certificate_pem),
        tenants,
        lists: Some(lists),
    };
    workspace.json(FILE, &json!(setup))?;
    Ok(setup)
}

fn earlier_start(dir: &Path) -> Option<DateTime<Utc>> {
    let text = fs::read_to_string(dir.join(FILE)).ok()?;
    serde_json::from_str::<Setup>(&text).ok().map(|setup| setup.started_at)
}

impl Setup {
    /// The simulator's configuration: these tenants with moving numbers, the support company's lists, and tokens for the
    /// API.
    ///
    /// # Errors
    /// When a certificate cannot be read.
    pub fn config(&self) -> Result<Config, CertificateError> {
        let mut tenants: Vec<_> = self
            .tenants
            .iter()
            .map(|tenant| self.tenant(tenant, permissions(&tenant.key)))
            .collect::<Result<_, _>>()?;
        let mut sites = Vec::new();
        if let Some(lists) = &self.lists {
            let mut home = self.tenant(lists, &["Sites.Selected"])?;
            home.apps.extend(self.roles_app()?);
            tenants.push(home);
            sites.push(site());
        }
        let sign_in = self.sign_in_certificate_pem.as_deref().map(RegisteredCertificate::from_pem).transpose()?;
        let sign_in = sign_in.map(|certificate| SignInConfig::demo(Arc::new(certificate)));
        let directory = Some(directory::config());
        Ok(Config { sites, api: Some(self.api), sign_in, directory, ..Config::new(tenants) })
    }

    /// The app that writes roles.
    fn roles_app(&self) -> Result<Option<AppConfig>, CertificateError> {
        let certificate = self.roles_certificate_pem.as_deref().map(RegisteredCertificate::from_pem).transpose()?;
        let permissions = ["AppRoleAssignment.ReadWrite.All", "Application.Read.All", "User.Read.All"];
        Ok(certificate.map(|certificate| AppConfig {
            client_id: ROLES_CLIENT,
            certificates: vec![Arc::new(certificate)],
            roles: permissions.map(str::to_owned).to_vec(),
        }))
    }

    fn tenant(&self, tenant: &SetupTenant, roles: &[&str]) -> Result<TenantConfig, CertificateError> {
        let certificate = Arc::new(RegisteredCertificate::from_pem(&tenant.certificate_pem)?);
        let demo = TENANTS.into_iter().find(|demo| demo.tenant_id == tenant.tenant_id);
        let roles = roles.iter().map(|role| (*role).to_owned()).collect();
        Ok(TenantConfig {
            key: tenant.key.clone(),
            tenant_id: tenant.tenant_id,
            name: tenant.name.clone(),
            apps: vec![AppConfig { client_id: tenant.client_id, certificates: vec![certificate], roles }],
            stock: demo.map_or(Stock::Fixed(Arc::from([])), |demo| moving(demo, self.started_at)),
        })
    }
}

/// What a customer lets the app do. Fabrikam has not granted the permission to read its subscriptions.
fn permissions(key: &str) -> &'static [&'static str] {
    if key == "fabrikam" { &[READ_LICENCES] } else { &[READ_LICENCES, READ_ORGANIZATION] }
}

/// The support company's site with the three lists.
fn site() -> SiteConfig {
    SiteConfig::licence_lists(HOME.tenant_id, &TENANTS.map(|tenant| tenant.name)).grant(LISTS_CLIENT, SiteRole::Write)
}

fn moving(demo: &'static DemoTenant, started_at: DateTime<Utc>) -> Stock {
    Stock::Moving(Arc::new(move |now| movement::stock_after(demo, now - started_at)))
}
