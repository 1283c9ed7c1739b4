//! The function `sign-in`: people sign in with their Microsoft account and out again. It alone has the credential of the
//! sign-in application.
//!
//! The code flow of OIDC with PKCE. What has to be remembered between leaving for Microsoft and coming back
//! travels in a sealed cookie (`attempt`), so that beginning a sign-in writes nothing and several hosts can share the
//! work. Coming back is the one `GET` that writes: the session.

mod attempt;
mod credential;
mod endpoints;
mod id_token;
pub mod openapi;
mod outside;
mod provider;
pub mod routes;

use std::sync::Arc;

use anyhow::Context;
use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use leitwarte_core::auth_profile::AuthProfile;
use leitwarte_core::hosts::AllowedHosts;
use leitwarte_core::{DateTime, Utc, Uuid};
use leitwarte_runtime::{Config, clock};
use leitwarte_store::Store;
use leitwarte_web::access::SESSION_COOKIE;
use leitwarte_web::auth_file::AuthFile;
use leitwarte_web::http::{Answer, CookieName};
use leitwarte_web::problem::{Problem, ProblemKind};
use leitwarte_web::routes::{Match, find};
use leitwarte_web::sign_in_problem::SignInProblem;

use crate::attempt::Attempts;
use crate::credential::ClientCredential;
use crate::provider::Provider;
use crate::routes::ROUTES;

/// Connections to the database.
const CONNECTIONS: u32 = 2;

/// The path Microsoft sends people back to.
const CALLBACK: &str = "/api/v1/auth/callback";

/// Where time, ids and randomness come from.
#[derive(Debug, Clone, Copy)]
pub struct Sources {
    /// The time now.
    pub clock: fn() -> DateTime<Utc>,
    /// An id used once.
    pub new_id: fn() -> Uuid,
    /// Bytes nobody can guess.
    pub random: fn() -> [u8; 32],
}

impl Sources {
    /// Those of the system.
    #[must_use]
    pub fn of_system() -> Self {
        Self { clock: clock::now, new_id: clock::new_id, random: clock::random }
    }
}

/// What the handler needs.
#[derive(Debug)]
pub struct Deps {
    store: Store,
    profile: AuthFile,
    profiles_dir: std::path::PathBuf,
    provider: Provider,
    attempts: Attempts,
    session_cookie: CookieName,
    public_url: String,
    sources: Sources,
}

impl Deps {
    /// Opens the database and prepares the way to Microsoft.
    ///
    /// # Errors
    /// A setting that cannot be used, or a database that cannot be opened.
    pub async fn open(config: &Config, sources: Sources) -> anyhow::Result<Self> {
        let hosts = AllowedHosts::parse(&config.graph_extra_hosts)?;
        let store = leitwarte_store::Config {
            database_url: config.database_url.clone(),
            read_only: false,
            max_connections: CONNECTIONS,
        };
        Ok(Self {
            store: Store::open(&store).await.context("cannot open the database")?,
            profile: AuthFile::new(&config.profiles_dir, hosts.clone()),
            profiles_dir: config.profiles_dir.clone(),
            provider: Provider::new(hosts).context("cannot build the TLS client")?,
            attempts: Attempts::new(&config.public_url),
            session_cookie: CookieName::new(SESSION_COOKIE, &config.public_url),
            public_url: config.public_url.clone(),
            sources,
        })
    }

    fn now(&self) -> DateTime<Utc> {
        (self.sources.clock)()
    }

    /// The sign-in profile and what this program shows Microsoft by it.
    fn set_up(&self, now: DateTime<Utc>) -> Result<(Arc<AuthProfile>, ClientCredential), SignInProblem> {
        let profile = self.profile.current(now).map_err(|fault| {
            tracing::warn!("nobody can sign in: {fault}");
            SignInProblem::NotSetUp
        })?;
        let credential = ClientCredential::of(&profile, &self.profiles_dir, now).map_err(|fault| {
            tracing::warn!("nobody can sign in: {fault}");
            SignInProblem::NotSetUp
        })?;
        Ok((profile, credential))
    }

    /// Where Microsoft sends people back to: registered there as a redirect URI.
    fn redirect_uri(&self, profile: &AuthProfile) -> String {
        profile.redirect_uri.clone().unwrap_or_else(|| format!("{}{CALLBACK}", self.public_url))
    }
}

/// Answers one request.
pub async fn handle(deps: &Deps, request: ApiGatewayV2httpRequest) -> ApiGatewayV2httpResponse {
    let answer = match find(&ROUTES, &request) {
        Match::Route(route, _) => endpoints::answer(deps, route.endpoint, &request).await,
        Match::OtherMethod(allowed) => Err(Problem::method_not_allowed(allowed)),
        Match::Nothing => Err(Problem::new(ProblemKind::NotFound, "There is nothing at this address.")),
    };
    let request_id = request.request_context.request_id.as_deref().unwrap_or_default();
    let answer: Answer = answer.unwrap_or_else(|problem| problem.into_answer(request_id));
    answer.into_lambda(&request.request_context.http.method)
}
