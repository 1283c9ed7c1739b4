//! The one place that answers who is asking: by bearer token first, else by the cookie of a session; and whether that
//! caller may have what is asked for.

use std::collections::BTreeSet;

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use chrono::{DateTime, Utc};
use http::header::AUTHORIZATION;

use crate::bearer::{Bearer, Refusal};
use crate::csrf::{self, CsrfFault};
use crate::http::CookieName;
use crate::pages::{is_page, login_address};
use crate::permission::{Permission, Principal, PrincipalKind, Role, SessionInfo, Via, Who};
use crate::problem::{Problem, ProblemKind};
use crate::session::SessionId;

/// The word in the name of the session's cookie.
pub const SESSION_COOKIE: &str = "leitwarte";

/// Where sessions are kept.
pub trait Sessions: Send + Sync {
    /// The session with this hash of an id, if it may be used now. That it is used is noted.
    fn find(
        &self,
        id_hash: &str,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Result<Option<KnownSession>, SessionsUnavailable>> + Send;
}

/// A session that may be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownSession {
    /// Who signed in: always a person with an account of the home tenant.
    pub who: Who,
    /// The rights Entra gave at sign-in.
    pub roles: BTreeSet<Role>,
}

/// Sessions cannot be looked up now. The reason is in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("sessions cannot be looked up")]
pub struct SessionsUnavailable;

/// Why nobody is asking. The text is for the operator's log and holds nothing secret.
#[derive(Debug, Clone, thiserror::Error)]
pub enum NoPrincipal {
    /// What is wrong with the bearer token, or that there is neither token nor session.
    #[error(transparent)]
    Bearer(#[from] Refusal),
    /// There is a cookie, and no session that may be used.
    #[error("the session is over")]
    SessionEnded,
    /// There is a session, and the request is not one of our pages'.
    #[error("refused as cross-site: {0}")]
    CrossSite(#[from] CsrfFault),
    /// Sessions cannot be looked up.
    #[error(transparent)]
    Unavailable(#[from] SessionsUnavailable),
}

/// What a caller who may not gets instead.
#[derive(Debug, Clone)]
pub enum Denied {
    /// A problem document.
    Problem(Problem),
    /// A browser on its way to a page, which is led to sign-in: the address.
    SignIn(String),
}

/// Finds out who asks, and decides.
#[derive(Debug)]
pub struct Access<S> {
    bearer: Bearer,
    sessions: S,
    cookie: CookieName,
    public_url: String,
}

impl<S: Sessions> Access<S> {
    /// `public_url` is the address at which browsers reach the pages.
    #[must_use]
    pub fn new(bearer: Bearer, sessions: S, public_url: &str) -> Self {
        let cookie = CookieName::new(SESSION_COOKIE, public_url);
        Self { bearer, sessions, cookie, public_url: public_url.to_owned() }
    }

    /// Finds out who asks. A token counts before a cookie, and one that is refused is not made up for by a cookie.
    ///
    /// # Errors
    /// Why nobody does.
    pub async fn who(&self, request: &ApiGatewayV2httpRequest, now: DateTime<Utc>) -> Result<Principal, NoPrincipal> {
        let cookie = self.cookie.read(request).filter(|value| !value.is_empty());
        let value = match cookie {
            Some(value) if !request.headers.contains_key(AUTHORIZATION) => value,
            _ => return Ok(self.bearer.authenticate(&request.headers, now).await?),
        };
        let id = SessionId::from_cookie(value).ok_or(NoPrincipal::SessionEnded)?;
        let session = self.sessions.find(&id.hash(), now).await?.ok_or(NoPrincipal::SessionEnded)?;
        let csrf = id.csrf_token();
        if !csrf::is_safe(&request.request_context.http.method) {
            csrf::check(&request.headers, csrf::token(&request.headers), &csrf, &self.public_url)?;
        }
        Ok(Principal {
            kind: PrincipalKind::HomePerson,
            roles: session.roles,
            who: session.who,
            via: Via::Session(SessionInfo { csrf }),
        })
    }

    /// Lets through who may do what a route demands, and logs who may not.
    ///
    /// # Errors
    /// What to answer instead.
    pub async fn authorise(
        &self,
        request: &ApiGatewayV2httpRequest,
        permission: Permission,
        now: DateTime<Utc>,
    ) -> Result<Principal, Denied> {
        let request_id = request.request_context.request_id.as_deref().unwrap_or_default();
        match self.who(request, now).await {
            Ok(principal) if principal.may(permission) => Ok(principal),
            Ok(principal) => {
                tracing::info!(
                    http_request_id = request_id,
                    ?permission,
                    "refused: the caller has no role that allows this"
                );
                Err(Denied::Problem(forbidden(&principal, permission)))
            }
            Err(nobody) => {
                tracing::info!(http_request_id = request_id, "{nobody}");
                Err(nobody.denied(request))
            }
        }
    }
}

impl NoPrincipal {
    /// What to answer: a browser on its way to a page is led to sign-in, everybody else is told what is missing.
    #[must_use]
    pub fn denied(&self, request: &ApiGatewayV2httpRequest) -> Denied {
        let path = request.raw_path.as_deref().unwrap_or("/");
        let signed_out = matches!(self, Self::SessionEnded | Self::Bearer(Refusal::Missing(_)));
        if signed_out && csrf::is_safe(&request.request_context.http.method) && is_page(path) {
            return Denied::SignIn(login_address(path, request.raw_query_string.as_deref().unwrap_or_default()));
        }
        Denied::Problem(self.problem())
    }

    fn problem(&self) -> Problem {
        match self {
            Self::Bearer(refusal) => refusal.problem(),
            Self::SessionEnded => Problem::new(
                ProblemKind::SessionEnded,
                "You are signed out: after 30 minutes without use, after 8 hours, or because your roles were changed. \
                 Sign in again.",
            ),
            Self::CrossSite(_) => Problem::new(
                ProblemKind::CrossSite,
                "Only this site's own pages may change something with your session. Load the page anew and try again; a \
                 program uses `Authorization: Bearer` instead.",
            ),
            Self::Unavailable(_) => Problem::new(
                ProblemKind::StoreUnavailable,
                "Your session cannot be looked up because the database does not answer. Try again in a moment.",
            ),
        }
    }
}

fn forbidden(principal: &Principal, permission: Permission) -> Problem {
    let role = match permission {
        Permission::Public | Permission::Read => Role::Read,
        Permission::Manage => Role::Manage,
        Permission::Admin => Role::Admin,
    };
    let (subject, then) = match principal.via {
        Via::Bearer => ("The token", "get a new token"),
        Via::Session(_) => ("Your account", "sign in again"),
    };
    let higher = if role == Role::Admin { "" } else { " (or a higher one)" };
    Problem::new(
        ProblemKind::Forbidden,
        format!(
            "{subject} carries no role that allows this. Have the app role {}{higher} assigned in Entra, then {then}.",
            role.as_str()
        ),
    )
}
