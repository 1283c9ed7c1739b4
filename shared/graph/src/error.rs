//! What can go wrong between this program and Microsoft, in words for a technician.

use std::fmt;
use std::time::Duration;

use leitwarte_core::poll::{FailureKind, PollFailure};

use crate::credential::CredentialError;
use crate::hosts::{HostError, Service};
use crate::token::EntraRefusal;

/// Why a call brought nothing. Never holds a token, a key, a query string or text of an answer's body beyond
/// identifiers.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GraphError {
    /// The certificate file cannot be used.
    #[error(transparent)]
    Credential(#[from] CredentialError),
    /// The address is not allowed.
    #[error(transparent)]
    Host(#[from] HostError),
    /// Entra refused the sign-in.
    #[error(transparent)]
    SignIn(#[from] Box<EntraRefusal>),
    /// Graph rejected the token and a fresh one too (401).
    #[error("{peer} rejects the token Entra gave, and a fresh one too{}", code(code_word.as_ref()))]
    Unauthorized {
        /// Who.
        peer: Peer,
        /// Graph's error code.
        code_word: Option<String>,
    },
    /// A permission is missing (403).
    #[error("{peer} refuses the call: the application lacks the permission {permission}{}", code(code_word.as_ref()))]
    Forbidden {
        /// Who.
        peer: Peer,
        /// The permission the call needs.
        permission: &'static str,
        /// Graph's error code.
        code_word: Option<String>,
    },
    /// A status that is no permission question and does not go away (400, 404 …).
    #[error("{peer} answers HTTP {status}{}", code(code_word.as_ref()))]
    Refused {
        /// Who.
        peer: Peer,
        /// The HTTP status.
        status: u16,
        /// Graph's error code.
        code_word: Option<String>,
    },
    /// Called too often (429), and the peer wants a longer pause than there is time.
    #[error("{peer} throttles this tenant and asks for a pause of {} s, more than this poll can wait", wait.as_secs_f64().ceil())]
    Throttled {
        /// Who.
        peer: Peer,
        /// How long.
        wait: Duration,
    },
    /// No answer or server errors, several times, or a server error that asks for a longer pause than there is time.
    #[error("{peer} is not available ({problem}; attempts: {attempts})")]
    Unavailable {
        /// Who.
        peer: Peer,
        /// What happened last.
        problem: String,
        /// How often it was tried; 0 while a pause asked for earlier lasts.
        attempts: u32,
    },
    /// An answer that is not what Microsoft documents.
    #[error("{peer} gave an unusable answer: {problem}")]
    BadAnswer {
        /// Who.
        peer: Peer,
        /// What is wrong with it.
        problem: BadAnswer,
    },
    /// The deadline came while waiting.
    #[error("The time for this poll was over while waiting for {peer}")]
    Timeout {
        /// For whom.
        peer: Peer,
    },
    /// A fault of this program or its machine.
    #[error("{0}")]
    Internal(String),
}

/// A service at a host, for messages.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Peer {
    /// The service.
    pub service: Service,
    /// The host name.
    pub host: String,
}

/// What is wrong with an answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadAnswer {
    /// HTML where JSON belongs.
    #[error("a web page instead of JSON (captive portal or proxy?)")]
    WebPage,
    /// A redirect, which neither Graph nor the token endpoint uses; never followed.
    #[error("a redirect to another address (HTTP {0})")]
    Redirect(u16),
    /// More than is read.
    #[error("more than {0} bytes")]
    TooLarge(usize),
    /// Cut off or damaged on the way.
    #[error("incomplete or damaged JSON")]
    Broken,
    /// Whole JSON of an unknown form.
    #[error("JSON that does not have the documented form (line {line}, column {column})")]
    Form {
        /// Line of the answer.
        line: usize,
        /// Column of the answer.
        column: usize,
    },
    /// A token answer without a usable token.
    #[error("a token answer without {0}")]
    Token(&'static str),
    /// A next page elsewhere.
    #[error("a link to a next page on another host")]
    ForeignLink,
    /// A next page that was read already.
    #[error("a link to a next page that was read already")]
    Loop,
    /// A row of a list without its version.
    #[error("a row of a list without an eTag")]
    NoVersion,
    /// A list without end.
    #[error("a list of more than {0}")]
    TooLong(String),
    /// No licences at all.
    #[error("an empty list of licences")]
    Empty,
    /// A product that cannot be understood.
    #[error("the licence {sku} {problem}")]
    Sku {
        /// Part number or GUID, or its place in the list.
        sku: String,
        /// What is wrong.
        problem: &'static str,
    },
}

impl GraphError {
    /// The class of failure.
    #[must_use]
    pub fn kind(&self) -> FailureKind {
        match self {
            Self::Credential(error) => error.kind(),
            Self::Host(_) => FailureKind::HostNotAllowed,
            Self::SignIn(refusal) => refusal.kind(),
            Self::Unauthorized { .. } => FailureKind::SignIn,
            Self::Forbidden { .. } => FailureKind::Permission,
            Self::Refused { .. } | Self::BadAnswer { .. } => FailureKind::BadAnswer,
            Self::Throttled { .. } => FailureKind::Throttled,
            Self::Unavailable { .. } => FailureKind::Unavailable,
            Self::Timeout { .. } => FailureKind::Timeout,
            Self::Internal(_) => FailureKind::Internal,
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn fix(&self) -> String {
        match self {
            Self::Credential(error) => error.fix(),
            Self::Host(error) => error.fix(),
            Self::SignIn(refusal) => refusal.fix(),
            Self::Unauthorized { .. } => "Check in the tenant's Entra admin centre that the application still exists, \
                                          is enabled and has admin consent."
                .to_owned(),
            Self::Forbidden { permission, .. } => format!(
                "In the tenant's Entra admin centre give the app registration the application permission {permission}, \
                 grant admin consent, and wait some minutes."
            ),
            Self::Refused { .. } => {
                "Check tenant_id, cloud and graph_endpoint in the profile; if they are right, Microsoft's interface \
                 has changed."
                    .to_owned()
            }
            Self::Throttled { .. } => "Nothing to do now: a later poll tries again; if it stays, find the other \
                                       program that calls Graph so often in this tenant."
                .to_owned(),
            Self::Unavailable { .. } => "Check this machine's internet connection, name resolution, proxy \
                                         (HTTPS_PROXY) and clock; if they are well, see Microsoft's service status."
                .to_owned(),
            Self::Timeout { .. } => "If it happens again, check this machine's internet connection and proxy, and \
                                     Microsoft's service status."
                .to_owned(),
            Self::BadAnswer { problem, .. } => problem.fix().to_owned(),
            Self::Internal(_) => "Look at the log of this function and report the fault.".to_owned(),
        }
    }

    /// The failure as a poll records it.
    #[must_use]
    pub fn failure(&self) -> PollFailure {
        PollFailure { kind: self.kind(), message: format!("{self}."), fix: self.fix() }
    }
}

impl From<&GraphError> for PollFailure {
    fn from(error: &GraphError) -> Self {
        error.failure()
    }
}

impl From<EntraRefusal> for GraphError {
    fn from(refusal: EntraRefusal) -> Self {
        Self::SignIn(Box::new(refusal))
    }
}

impl BadAnswer {
    fn fix(&self) -> &'static str {
        match self {
            Self::WebPage | Self::Redirect(_) => {
                "Open the internet connection of this machine for Microsoft's hosts without a login page, or set \
                 HTTPS_PROXY."
            }
            Self::Empty => {
                "Check that tenant_id is the customer's tenant; a tenant without any licence is switched off with \
                 `enabled: false`."
            }
            Self::TooLarge(_) | Self::Broken => {
                "If it happens again, check the proxy or firewall between this machine and Microsoft."
            }
            Self::Form { .. } | Self::Token(_) | Self::NoVersion | Self::TooLong(_) | Self::Sku { .. } => {
                "The last good numbers stay; if it happens again, report it with the request id from the debug log."
            }
            Self::ForeignLink | Self::Loop => {
                "Check graph_endpoint in the profile and the proxy between this machine and Microsoft."
            }
        }
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.service {
            Service::SignIn => "Entra",
            Service::Graph => "Graph",
        };
        write!(f, "{name} ({})", self.host)
    }
}

fn code(word: Option<&String>) -> String {
    word.map(|word| format!(" ({word})")).unwrap_or_default()
}

/// An identifier out of an answer's body, if it is one: error codes may be shown, free text may not.
pub(crate) fn identifier(text: &str) -> Option<String> {
    let fits = (1..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'));
    fits.then(|| text.to_owned())
}
