//! The client that functions use.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use reqwest::{Method, StatusCode};
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use tokio::time::Instant;
use url::Url;

use crate::app::AppRegistration;
use crate::budget::Budget;
use crate::config::Config;
use crate::credential::{Credential, CredentialCache};
use crate::error::{BadAnswer, GraphError, Peer, identifier};
use crate::hosts::Service;
use crate::pause::{Lane, Pauses};
use crate::retry::{Fault, RetryPolicy, persevere};
use crate::token::{Authenticator, Token, TokenCache, TokenKey};
use crate::transport::{Answer, Transport, bad};

/// Calls Microsoft Graph for many tenants over one pool of connections. Cheap to clone; the clones share tokens,
/// certificates, pauses and connections.
#[derive(Clone)]
pub struct GraphClient {
    inner: Arc<Inner>,
}

struct Inner {
    transport: Arc<Transport>,
    authenticator: Authenticator,
    tokens: TokenCache,
    pauses: Arc<Pauses>,
    retry: RetryPolicy,
    max_pages: usize,
    max_items: usize,
}

/// A sign-in that worked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignedIn {
    /// How long the token can be used from now.
    pub lifetime: Duration,
}

/// What one piece of work may do: as whom, for how long, and whether its token was replaced already.
pub(crate) struct Session<'a> {
    pub(crate) app: &'a AppRegistration,
    pub(crate) budget: &'a Budget,
    /// The permission its calls need, for the message when it is missing.
    pub(crate) permission: &'static str,
    refreshed: bool,
}

/// Whether a call may be sent again when nobody knows what became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// It reads, or writes what is there already.
    Always,
    /// Only when the peer said that it did nothing (429): a second one could write twice.
    IfRefused,
}

/// Graph's error body. Source: Microsoft Learn, "Microsoft Graph error responses".
#[derive(Deserialize)]
struct WireError {
    error: WireErrorBody,
}

#[derive(Deserialize)]
struct WireErrorBody {
    code: String,
}

impl GraphClient {
    /// Makes a client. It holds no connection until it is used.
    ///
    /// # Errors
    /// When TLS cannot be set up on this machine.
    pub fn new(config: Config) -> Result<Self, GraphError> {
        let transport = Arc::new(Transport::new(&config)?);
        let pauses = Arc::new(Pauses::default());
        let authenticator = Authenticator {
            transport: Arc::clone(&transport),
            pauses: Arc::clone(&pauses),
            retry: config.retry,
            credentials: Arc::new(CredentialCache::default()),
            profiles_dir: config.profiles_dir.into(),
        };
        Ok(Self {
            inner: Arc::new(Inner {
                transport,
                authenticator,
                tokens: TokenCache::default(),
                pauses,
                retry: config.retry,
                max_pages: config.limits.max_pages,
                max_items: config.limits.max_items,
            }),
        })
    }

    /// Signs in, or finds that there is a usable token already, and tells until when. Does not call Graph.
    ///
    /// # Errors
    /// What keeps the application from signing in.
    pub async fn sign_in(&self, app: &AppRegistration, budget: &Budget) -> Result<SignedIn, GraphError> {
        let token = self.token(app, budget).await?;
        Ok(SignedIn { lifetime: token.ends.saturating_duration_since(Instant::now()) })
    }

    /// The certificate of an app registration, from memory if its file is unchanged, checked against the profile and
    /// the clock. Sends nothing.
    ///
    /// # Errors
    /// What is wrong with the certificate.
    pub async fn credential(&self, app: &AppRegistration, budget: &Budget) -> Result<Arc<Credential>, GraphError> {
        self.inner.authenticator.credential(app, budget).await
    }

    pub(crate) fn session<'a>(app: &'a AppRegistration, budget: &'a Budget, permission: &'static str) -> Session<'a> {
        Session { app, budget, permission, refreshed: false }
    }

    pub(crate) fn allowed(&self, address: &str) -> Result<(Url, Peer), GraphError> {
        self.inner.transport.allowed(Service::Graph, address)
    }

    pub(crate) fn max_pages(&self) -> usize {
        self.inner.max_pages
    }

    pub(crate) fn max_items(&self) -> usize {
        self.inner.max_items
    }

    /// Reads one address of Graph as JSON. A rejected token is replaced once in a session.
    pub(crate) async fn get<T: DeserializeOwned>(
        &self,
        session: &mut Session<'_>,
        url: &Url,
        peer: &Peer,
    ) -> Result<T, GraphError> {
        let permission = session.permission;
        let request = || self.inner.transport.request(Method::GET, url.clone());
        self.call(session, peer, Repeat::Always, request, |answer| read(peer, permission, answer)).await
    }

    /// Sends JSON to one address of Graph and reads the answer as JSON.
    pub(crate) async fn post<T: DeserializeOwned>(
        &self,
        session: &mut Session<'_>,
        (url, peer): (&Url, &Peer),
        repeat: Repeat,
        body: &serde_json::Value,
    ) -> Result<T, GraphError> {
        self.write(session, Method::POST, (url, peer), repeat, body).await
    }

    /// Sends JSON by this method and reads the answer as JSON.
    pub(crate) async fn write<T: DeserializeOwned>(
        &self,
        session: &mut Session<'_>,
        method: Method,
        (url, peer): (&Url, &Peer),
        repeat: Repeat,
        body: &serde_json::Value,
    ) -> Result<T, GraphError> {
        let permission = session.permission;
        let request = || self.inner.transport.request(method.clone(), url.clone()).json(body);
        self.call(session, peer, repeat, request, |answer| read(peer, permission, answer)).await
    }

    /// Sends text to one address of Graph that answers nothing but that it was taken. Never sent twice.
    pub(crate) async fn post_text(
        &self,
        session: &mut Session<'_>,
        (url, peer): (&Url, &Peer),
        body: &str,
    ) -> Result<(), GraphError> {
        let post = || self.inner.transport.request(Method::POST, url.clone());
        let request = || post().header(CONTENT_TYPE, "text/plain").body(body.to_owned());
        let permission = session.permission;
        self.call(session, peer, Repeat::IfRefused, request, |answer| taken(peer, permission, answer)).await
    }

    /// Sends a request whose answer has a meaning of its own for some statuses; `understand` gives `None` for the others.
    pub(crate) async fn send<T>(
        &self,
        session: &mut Session<'_>,
        (method, url, peer): (Method, &Url, &Peer),
        repeat: Repeat,
        body: Option<&serde_json::Value>,
        understand: impl Fn(&Answer) -> Option<T>,
    ) -> Result<T, GraphError> {
        let permission = session.permission;
        let request = || {
            let request = self.inner.transport.request(method.clone(), url.clone());
            if let Some(body) = body { request.json(body) } else { request }
        };
        let understand =
            |answer: &Answer| understand(answer).map_or_else(|| Err(refused(peer, permission, answer)), Ok);
        self.call(session, peer, repeat, request, understand).await
    }

    async fn call<T>(
        &self,
        session: &mut Session<'_>,
        peer: &Peer,
        repeat: Repeat,
        request: impl Fn() -> reqwest::RequestBuilder,
        read: impl Fn(&Answer) -> Result<T, Fault>,
    ) -> Result<T, GraphError> {
        let lane = Lane { peer: peer.clone(), tenant: session.app.tenant_id };
        loop {
            let token = self.token(session.app, session.budget).await?;
            let inner = &self.inner;
            let outcome = persevere(&inner.retry, &inner.pauses, &lane, session.budget, || async {
                let request = request().bearer_auth(token.secret.expose_secret());
                let answer = inner.transport.send(peer, session.budget, request).await;
                let read = answer.and_then(|answer| read(&answer));
                if repeat == Repeat::Always { read } else { read.map_err(|fault| fault.unless_refused(peer)) }
            })
            .await;
            match outcome {
                Err(GraphError::Unauthorized { .. }) if !session.refreshed => {
                    session.refreshed = true;
                    session.budget.count_retry();
                    inner.tokens.invalidate(TokenKey::from(session.app), &token).await;
                }
                outcome => return outcome,
            }
        }
    }

    async fn token(&self, app: &AppRegistration, budget: &Budget) -> Result<Token, GraphError> {
        let (_, peer) = self.inner.transport.allowed(Service::SignIn, &app.token_address())?;
        // Before the token is asked for: it must not be made for a host it may not be sent to.
        self.inner.transport.allowed(Service::Graph, &app.graph_endpoint)?;
        let ask = || self.inner.authenticator.sign_in(app, budget);
        self.inner.tokens.get(TokenKey::from(app), &peer, budget, ask).await
    }
}

impl std::fmt::Debug for GraphClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GraphClient").finish_non_exhaustive()
    }
}

/// An answer that has no body when all is well (202).
fn taken(peer: &Peer, permission: &'static str, answer: &Answer) -> Result<(), Fault> {
    if answer.status == StatusCode::ACCEPTED { Ok(()) } else { read::<IgnoredAny>(peer, permission, answer).map(drop) }
}

fn read<T: DeserializeOwned>(peer: &Peer, permission: &'static str, answer: &Answer) -> Result<T, Fault> {
    if matches!(answer.status, StatusCode::OK | StatusCode::CREATED) {
        return answer.json(peer);
    }
    Err(refused(peer, permission, answer))
}

/// What an answer means that is no success.
fn refused(peer: &Peer, permission: &'static str, answer: &Answer) -> Fault {
    // A page of a proxy says nothing about permissions in the tenant, whatever its status.
    if answer.is_web_page() {
        return bad(peer, BadAnswer::WebPage).into();
    }
    // The error's word helps but is not needed.
    let code_word = answer.json::<WireError>(peer).ok().and_then(|body| identifier(&body.error.code));
    let peer = peer.clone();
    Fault::Final(match answer.status {
        StatusCode::UNAUTHORIZED => GraphError::Unauthorized { peer, code_word },
        StatusCode::FORBIDDEN => GraphError::Forbidden { peer, permission, code_word },
        status => GraphError::Refused { peer, status: status.as_u16(), code_word },
    })
}
