//! What the running simulator knows. Locks are held for a lookup or a change, never while waiting.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use chrono::{DateTime, Utc};
use leitwarte_core::stock::LicenceStock;
use leitwarte_core::subscription::Subscription;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::bucket::Bucket;
use crate::certificate::RegisteredCertificate;
use crate::config::{AppConfig, Config, Settings, Stock, TenantConfig};
use crate::directory::Directory;
use crate::edge::Clock;
use crate::entra::api_token::ApiTokens;
use crate::entra::assertion::SeenAssertions;
use crate::entra::codes::Codes;
use crate::entra::grant::Grants;
use crate::entra::people::{DemoPerson, SignInConfig};
use crate::fault::{Fault, Faults, MOST_PENDING};
use crate::graph::SentMail;
use crate::journal::Journal;
use crate::sharepoint::ChangeError;
use crate::sharepoint::site::Site;
use crate::subscriptions;

/// A lock's content, even if a thread panicked while it held it: every change here is a single step.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) struct World {
    /// `scheme://host:port` of the listener, without a trailing slash.
    pub(crate) base_url: String,
    pub(crate) scheme: &'static str,
    pub(crate) clock: Clock,
    pub(crate) tenants: HashMap<Uuid, Arc<Tenant>>,
    pub(crate) grants: Grants,
    pub(crate) faults: Faults,
    pub(crate) journal: Journal,
    pub(crate) api: Option<ApiTokens>,
    pub(crate) sign_in: Option<SignIn>,
    pub(crate) sites: Vec<Site>,
    /// Mails that were sent, oldest first.
    pub(crate) mails: Mutex<Vec<SentMail>>,
    pub(crate) directory: Option<Directory>,
    /// Set when the simulator ends; requests that hang give up.
    pub(crate) stopping: CancellationToken,
    initial_settings: Settings,
    settings: RwLock<Settings>,
}

pub(crate) struct Tenant {
    pub(crate) id: Uuid,
    pub(crate) key: String,
    pub(crate) name: String,
    pub(crate) apps: HashMap<Uuid, App>,
    /// The requests it may make to Graph.
    pub(crate) bucket: Mutex<Bucket>,
    /// The resource units it may use up in SharePoint.
    pub(crate) resource_units: Mutex<Bucket>,
    initial_stock: Stock,
    stock: RwLock<Stock>,
    /// Set by hand; `None`: what would be behind the stock.
    subscriptions: RwLock<Option<Arc<[Subscription]>>>,
}

/// The application people sign in to.
pub(crate) struct SignIn {
    pub(crate) app: App,
    pub(crate) secret: Option<String>,
    pub(crate) redirect_uris: Vec<String>,
    pub(crate) people: Vec<DemoPerson>,
    pub(crate) codes: Codes,
}

impl SignIn {
    fn new(client_id: Uuid, config: SignInConfig) -> Self {
        let SignInConfig { redirect_uris, certificates, secret, people } = config;
        let app = App::new(AppConfig { client_id, certificates, roles: Vec::new() });
        Self { app, secret, redirect_uris, people, codes: Codes::default() }
    }
}

pub(crate) struct App {
    pub(crate) roles: Arc<[String]>,
    pub(crate) seen: SeenAssertions,
    certificates: RwLock<Vec<Arc<RegisteredCertificate>>>,
}

/// Why an order to the simulator cannot be followed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OrderError {
    /// No tenant of this key or GUID.
    #[error("no tenant `{0}`; use its key or GUID")]
    UnknownTenant(String),
    /// A value that cannot be.
    #[error("{0}")]
    Impossible(&'static str),
    /// No site of this id or path.
    #[error("no site `{0}`; use its id, its path or the last part of its path")]
    UnknownSite(String),
    /// No list of this name or GUID in the site.
    #[error("no list `{0}` in this site; use its name or GUID")]
    UnknownList(String),
    /// A list cannot be changed that way.
    #[error(transparent)]
    List(#[from] ChangeError),
    /// A flow failed, as it would in Power Automate.
    #[error("the flow fails: {0}")]
    Flow(String),
    /// Too many faults are waiting.
    #[error("more than {MOST_PENDING} faults are waiting; POST /simulator/reset forgets them")]
    TooMany,
}

impl World {
    pub(crate) fn new(
        config: Config,
        api: Option<ApiTokens>,
        scheme: &'static str,
        base_url: String,
        stopping: CancellationToken,
    ) -> Result<Self, ChangeError> {
        let now = config.clock.now();
        let sites = config.sites.into_iter().map(|site| Site::new(site, now)).collect::<Result<_, _>>()?;
        let tenants = config.tenants.into_iter().map(|tenant| (tenant.tenant_id, Arc::new(Tenant::new(tenant))));
        let client_id = api.as_ref().map(|api| api.app.client_id);
        let sign_in = config.sign_in.zip(client_id).map(|(sign_in, client_id)| SignIn::new(client_id, sign_in));
        Ok(Self {
            base_url,
            scheme,
            clock: config.clock,
            tenants: tenants.collect(),
            grants: Grants::default(),
            faults: Faults::default(),
            journal: Journal::default(),
            api,
            sign_in,
            sites,
            mails: Mutex::default(),
            directory: config.directory.map(|directory| Directory::new(directory, now)),
            stopping,
            initial_settings: config.settings.clone(),
            settings: RwLock::new(config.settings),
        })
    }

    pub(crate) fn settings(&self) -> Settings {
        self.settings.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set_settings(&self, settings: Settings) -> Result<(), OrderError> {
        if let Some(problem) = settings.problem() {
            return Err(OrderError::Impossible(problem));
        }
        *self.settings.write().unwrap_or_else(PoisonError::into_inner) = settings;
        Ok(())
    }

    /// The tenant of a key or GUID.
    pub(crate) fn tenant(&self, key_or_id: &str) -> Result<&Arc<Tenant>, OrderError> {
        let by_id = Uuid::parse_str(key_or_id).ok().and_then(|id| self.tenants.get(&id));
        by_id
            .or_else(|| self.tenants.values().find(|tenant| tenant.key == key_or_id))
            .ok_or_else(|| OrderError::UnknownTenant(key_or_id.to_owned()))
    }

    /// The site of an id, a path or a path's last part.
    pub(crate) fn site(&self, path_or_id: &str) -> Result<&Site, OrderError> {
        let named = |site: &&Site| {
            let last = site.config.path.rsplit('/').next();
            site.id == path_or_id || site.config.path == path_or_id || last == Some(path_or_id)
        };
        self.sites.iter().find(named).ok_or_else(|| OrderError::UnknownSite(path_or_id.to_owned()))
    }

    /// Gives a person exactly these app roles.
    pub(crate) fn set_roles(&self, person: Uuid, client_id: Uuid, values: &[&str]) -> Result<(), OrderError> {
        let directory = self.directory.as_ref().ok_or(OrderError::Impossible("this simulator has no directory"))?;
        let set = directory.set_values(person, client_id, values, self.clock.now());
        set.map_err(|_| OrderError::Impossible("there is no such person, application or app role"))
    }

    pub(crate) fn inject(&self, fault: Fault) -> Result<(), OrderError> {
        if let Some(problem) = fault.kind.problem() {
            return Err(OrderError::Impossible(problem));
        }
        let tenant = if fault.tenant == "*" { None } else { Some(self.tenant(&fault.tenant)?.id) };
        if self.faults.add(tenant, fault) { Ok(()) } else { Err(OrderError::TooMany) }
    }

    /// Back to how it started, but for tokens and certificates, which stay good, and for lists, which keep their rows.
    pub(crate) fn reset(&self) {
        self.faults.clear();
        self.journal.clear();
        locked(&self.mails).clear();
        *self.settings.write().unwrap_or_else(PoisonError::into_inner) = self.initial_settings.clone();
        for tenant in self.tenants.values() {
            tenant.set_stock(tenant.initial_stock.clone());
            tenant.set_subscriptions(None);
            *locked(&tenant.bucket) = Bucket::default();
            *locked(&tenant.resource_units) = Bucket::default();
        }
    }
}

impl Tenant {
    fn new(config: TenantConfig) -> Self {
        Self {
            id: config.tenant_id,
            key: config.key,
            name: config.name,
            apps: config.apps.into_iter().map(|app| (app.client_id, App::new(app))).collect(),
            bucket: Mutex::default(),
            resource_units: Mutex::default(),
            initial_stock: config.stock.clone(),
            stock: RwLock::new(config.stock),
            subscriptions: RwLock::default(),
        }
    }

    pub(crate) fn subscriptions_at(&self, now: DateTime<Utc>) -> Arc<[Subscription]> {
        let set = self.subscriptions.read().unwrap_or_else(PoisonError::into_inner).clone();
        set.unwrap_or_else(|| subscriptions::behind(self.id, &self.stock_at(now), now).into())
    }

    pub(crate) fn set_subscriptions(&self, subscriptions: Option<Arc<[Subscription]>>) {
        *self.subscriptions.write().unwrap_or_else(PoisonError::into_inner) = subscriptions;
    }

    pub(crate) fn stock_at(&self, now: DateTime<Utc>) -> Arc<[LicenceStock]> {
        self.stock.read().unwrap_or_else(PoisonError::into_inner).at(now)
    }

    pub(crate) fn set_stock(&self, stock: Stock) {
        *self.stock.write().unwrap_or_else(PoisonError::into_inner) = stock;
    }

    /// Lets one more certificate sign for every app of this tenant.
    pub(crate) fn register(&self, certificate: &Arc<RegisteredCertificate>) {
        for app in self.apps.values() {
            app.certificates.write().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(certificate));
        }
    }
}

impl App {
    fn new(config: AppConfig) -> Self {
        Self {
            roles: config.roles.into(),
            seen: SeenAssertions::default(),
            certificates: RwLock::new(config.certificates),
        }
    }

    /// The registered certificate that `matches`.
    pub(crate) fn certificate(
        &self,
        matches: impl Fn(&RegisteredCertificate) -> bool,
    ) -> Option<Arc<RegisteredCertificate>> {
        let certificates = self.certificates.read().unwrap_or_else(PoisonError::into_inner);
        certificates.iter().find(|certificate| matches(certificate)).cloned()
    }
}
