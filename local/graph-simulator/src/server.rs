//! Starts a simulator and steers it from Rust; the same orders exist over HTTP, see [`crate`].

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use chrono::TimeDelta;
use leitwarte_core::stock::LicenceStock;
use leitwarte_core::subscription::Subscription;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::certificate::RegisteredCertificate;
use crate::config::{Config, Settings, Stock};
use crate::entra::api_token::{ApiTokens, DemoRole, KeyError};
use crate::fault::Fault;
use crate::graph::SentMail;
use crate::journal::RequestReport;
use crate::sharepoint::{ChangeError, SiteVisit};
use crate::tls::TlsError;
use crate::world::{OrderError, World, locked};
use crate::{control, entra, graph, tls, transport};

/// Why a simulator cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address is taken or not this machine's.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// TLS was asked for and cannot be served.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The key for the API's tokens could not be made.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The settings are impossible.
    #[error("{0}")]
    Settings(&'static str),
    /// A site's list has a row that does not fit it.
    #[error("a list of a site cannot be made")]
    List(#[from] ChangeError),
}

/// A listener that has its address but does not answer yet, so that profiles can name the address first.
pub struct Binding {
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    scheme: &'static str,
    base_url: String,
}

impl Binding {
    /// Takes an address; port 0 takes a free one. With `tls_dir` it speaks TLS and writes [`crate::CA_FILE`] there.
    ///
    /// # Errors
    /// When the address is taken or the TLS folder cannot be written.
    pub async fn bind(listen: SocketAddr, tls_dir: Option<&Path>) -> Result<Self, StartError> {
        Self::bind_as(None, listen, tls_dir).await
    }

    /// As [`Self::bind`], for clients that know this host by a name: profiles and the TLS certificate hold it.
    ///
    /// # Errors
    /// As [`Self::bind`].
    pub async fn bind_as(name: Option<&str>, listen: SocketAddr, tls_dir: Option<&Path>) -> Result<Self, StartError> {
        let failed = |source| StartError::Listen { address: listen, source };
        let listener = TcpListener::bind(listen).await.map_err(failed)?;
        let mut address = listener.local_addr().map_err(failed)?;
        if address.ip().is_unspecified() {
            // Whoever listens everywhere is reached here at least; clients elsewhere address it by name.
            address.set_ip(Ipv4Addr::LOCALHOST.into());
        }
        let tls = tls_dir.map(|dir| tls::acceptor(dir, name, address)).transpose()?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let base_url = match name {
            Some(name) => format!("{scheme}://{name}:{}", address.port()),
            None => format!("{scheme}://{address}"),
        };
        Ok(Self { listener, tls, scheme, base_url })
    }

    /// `http://host:port`, for `authority_host` and `graph_endpoint` of profiles.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Starts answering. Needs a Tokio runtime.
    ///
    /// # Errors
    /// When the settings or a list are impossible or no key for API tokens can be made.
    pub fn serve(self, config: Config) -> Result<Simulator, StartError> {
        if let Some(problem) = config.settings.problem() {
            return Err(StartError::Settings(problem));
        }
        let api = config.api.map(|app| ApiTokens::new(app, self.base_url.clone())).transpose()?;
        let stopping = CancellationToken::new();
        let world = Arc::new(World::new(config, api, self.scheme, self.base_url, stopping.clone())?);
        let router: Router = Router::new()
            .merge(entra::routes())
            .merge(graph::routes())
            .merge(control::routes())
            .with_state(Arc::clone(&world));
        let serving = tokio::spawn(transport::serve(self.listener, self.tls, router, stopping.clone()));
        Ok(Simulator { world, stopping, serving: Some(serving) })
    }
}

/// A running simulator. Stops when dropped.
pub struct Simulator {
    world: Arc<World>,
    stopping: CancellationToken,
    serving: Option<JoinHandle<()>>,
}

impl Simulator {
    /// Starts one on a free loopback port, without TLS.
    ///
    /// # Errors
    /// See [`Binding::bind`] and [`Binding::serve`].
    pub async fn start(config: Config) -> Result<Self, StartError> {
        Binding::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), None).await?.serve(config)
    }

    /// `http://127.0.0.1:port`, without a trailing slash.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.world.base_url
    }

    /// `127.0.0.1:port`, as `GRAPH_EXTRA_HOSTS` wants it.
    #[must_use]
    pub fn host(&self) -> &str {
        self.world.base_url.split_once("://").map_or("", |(_, host)| host)
    }

    /// Orders a fault.
    ///
    /// # Errors
    /// For a tenant it does not know, an impossible status, or too many faults.
    pub fn inject(&self, fault: Fault) -> Result<(), OrderError> {
        self.world.inject(fault)
    }

    /// What was asked and answered so far.
    #[must_use]
    pub fn requests(&self) -> RequestReport {
        self.world.journal.report()
    }

    /// The mails that were sent, oldest first.
    #[must_use]
    pub fn mails(&self) -> Vec<SentMail> {
        locked(&self.world.mails).clone()
    }

    /// Sets a tenant's numbers (key or GUID); they stay until set anew or reset.
    ///
    /// # Errors
    /// For a tenant it does not know.
    pub fn set_stock(&self, tenant: &str, stock: Vec<LicenceStock>) -> Result<(), OrderError> {
        self.world.tenant(tenant)?.set_stock(Stock::Fixed(stock.into()));
        Ok(())
    }

    /// Sets a tenant's subscriptions (key or GUID); they stay until set anew or reset. Without that they are made up from its
    /// numbers.
    ///
    /// # Errors
    /// For a tenant it does not know.
    pub fn set_subscriptions(&self, tenant: &str, subscriptions: Vec<Subscription>) -> Result<(), OrderError> {
        self.world.tenant(tenant)?.set_subscriptions(Some(subscriptions.into()));
        Ok(())
    }

    /// Lets one more certificate sign for a tenant's apps.
    ///
    /// # Errors
    /// For a tenant it does not know.
    pub fn register(&self, tenant: &str, certificate: RegisteredCertificate) -> Result<(), OrderError> {
        self.world.tenant(tenant)?.register(&Arc::new(certificate));
        Ok(())
    }

    /// A SharePoint site as a person sees it in the browser, by its id, its path
    /// (`sites/lizenzen`) or the path's last part.
    ///
    /// # Errors
    /// For a site it does not know.
    pub fn site(&self, path_or_id: &str) -> Result<SiteVisit<'_>, OrderError> {
        Ok(SiteVisit::of(self.world.site(path_or_id)?, &self.world.clock))
    }

    /// The values of the app roles a person really holds of an application, sorted; nothing lags behind here.
    #[must_use]
    pub fn roles_of(&self, person: Uuid, client_id: Uuid) -> Vec<String> {
        self.world.directory.as_ref().map(|one| one.values_of(person, client_id)).unwrap_or_default()
    }

    /// Gives a person exactly these app roles of an application, as an administrator does in the portal.
    ///
    /// # Errors
    /// There is no such person, application or app role.
    pub fn set_roles(&self, person: Uuid, client_id: Uuid, values: &[&str]) -> Result<(), OrderError> {
        self.world.set_roles(person, client_id, values)
    }

    /// Deletes a person; tells whether there was one.
    #[must_use]
    pub fn delete_user(&self, person: Uuid) -> bool {
        self.world.directory.as_ref().is_some_and(|directory| directory.delete_user(person))
    }

    /// How it behaves now.
    #[must_use]
    pub fn settings(&self) -> Settings {
        self.world.settings()
    }

    /// Changes how it behaves.
    ///
    /// # Errors
    /// For impossible settings.
    pub fn set_settings(&self, settings: Settings) -> Result<(), OrderError> {
        self.world.set_settings(settings)
    }

    /// Forgets faults and the request log, and goes back to the numbers and settings it started with. Lists keep their
    /// rows.
    pub fn reset(&self) {
        self.world.reset();
    }

    /// A token for our own API; `None` without [`Config::api`]. A negative life gives one that is over.
    #[must_use]
    pub fn api_token(&self, role: DemoRole, lifetime: TimeDelta) -> Option<String> {
        self.world.api.as_ref()?.issue(role, self.world.clock.now(), lifetime).ok()
    }

    /// Stops taking connections, finishes what is in flight within five seconds, and ends.
    pub async fn stop(mut self) {
        self.stopping.cancel();
        if let Some(serving) = self.serving.take() {
            // An error would be a panic in the accept loop, which has nothing left to do anyway.
            let _ = serving.await;
        }
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.stopping.cancel();
    }
}
