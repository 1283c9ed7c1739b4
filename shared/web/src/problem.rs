//! Errors as people and programs see them: RFC 9457 `application/problem+json`.

use http::header::{ALLOW, CACHE_CONTROL, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use serde::Serialize;
use serde_json::Value;

use crate::http::Answer;

/// Every kind of problem. Its slug is part of the API and never changes meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProblemKind {
    /// No token at all.
    MissingToken,
    /// A token that does not count.
    InvalidToken,
    /// A session that is over, or never was.
    SessionEnded,
    /// A request that changes something and does not come from one of our pages.
    CrossSite,
    /// A caller without the right.
    Forbidden,
    /// No such address.
    NotFound,
    /// No such tenant.
    UnknownTenant,
    /// No such incident.
    UnknownIncident,
    /// The address exists, but not with this method.
    MethodNotAllowed,
    /// A query parameter nobody knows.
    UnknownParameter,
    /// A query parameter with a value that cannot be.
    BadParameter,
    /// A body that is not said to be JSON.
    UnsupportedMediaType,
    /// A body longer than any of ours.
    BodyTooLarge,
    /// A body that is not what it has to be.
    BadBody,
    /// A wish that is well written and cannot be meant.
    ImpossibleWish,
    /// A change that does not say what it was decided on.
    PreconditionRequired,
    /// Somebody else has changed it since it was seen.
    ChangedMeanwhile,
    /// The incident is over.
    IncidentClosed,
    /// The tenant is switched off.
    TenantDisabled,
    /// The Tenantliste, which is the master of the switches, has no row of the tenant.
    NotInTenantList,
    /// SharePoint does not take the change, or does not answer.
    SharePointUnavailable,
    /// The host of the functions does not start what was asked for.
    HostUnavailable,
    /// A change of roles that is not allowed or not possible.
    RoleRefused,
    /// Roles are not set up, or their files cannot be used.
    RolesUnavailable,
    /// The answer does not fit into what Lambda carries.
    AnswerTooLarge,
    /// There are no numbers yet.
    NotPolledYet,
    /// The database cannot answer.
    StoreUnavailable,
    /// No sign-in profile, so nobody's token can be checked.
    SignInNotConfigured,
    /// The sign-in host's keys cannot be had, so no token can be checked.
    SignInUnavailable,
    /// A fault of this program.
    Internal,
}

impl ProblemKind {
    /// Every kind, for tables and tests.
    pub const ALL: [Self; 30] = [
        Self::MissingToken,
        Self::InvalidToken,
        Self::SessionEnded,
        Self::CrossSite,
        Self::Forbidden,
        Self::NotFound,
        Self::UnknownTenant,
        Self::UnknownIncident,
        Self::MethodNotAllowed,
        Self::UnknownParameter,
        Self::BadParameter,
        Self::UnsupportedMediaType,
        Self::BodyTooLarge,
        Self::BadBody,
        Self::ImpossibleWish,
        Self::PreconditionRequired,
        Self::ChangedMeanwhile,
        Self::IncidentClosed,
        Self::TenantDisabled,
        Self::NotInTenantList,
        Self::SharePointUnavailable,
        Self::HostUnavailable,
        Self::RoleRefused,
        Self::RolesUnavailable,
        Self::AnswerTooLarge,
        Self::NotPolledYet,
        Self::StoreUnavailable,
        Self::SignInNotConfigured,
        Self::SignInUnavailable,
        Self::Internal,
    ];

    /// Slug of the `type`, HTTP status and title.
    fn entry(self) -> (&'static str, StatusCode, &'static str) {
        match self {
            Self::MissingToken => ("missing-token", StatusCode::UNAUTHORIZED, "Sign-in needed"),
            Self::InvalidToken => ("invalid-token", StatusCode::UNAUTHORIZED, "Token not accepted"),
            Self::SessionEnded => ("session-ended", StatusCode::UNAUTHORIZED, "Signed out"),
            Self::CrossSite => ("cross-site", StatusCode::FORBIDDEN, "Not from our page"),
            Self::Forbidden => ("forbidden", StatusCode::FORBIDDEN, "Right missing"),
            Self::NotFound => ("not-found", StatusCode::NOT_FOUND, "No such address"),
            Self::UnknownTenant => ("unknown-tenant", StatusCode::NOT_FOUND, "No such tenant"),
            Self::MethodNotAllowed => {
                ("method-not-allowed", StatusCode::METHOD_NOT_ALLOWED, "Method not possible here")
            }
            Self::UnknownParameter => ("unknown-parameter", StatusCode::BAD_REQUEST, "Unknown query parameter"),
            Self::BadParameter => ("bad-parameter", StatusCode::BAD_REQUEST, "Query parameter cannot be used"),
            Self::UnknownIncident => ("unknown-incident", StatusCode::NOT_FOUND, "No such incident"),
            Self::UnsupportedMediaType => {
                ("unsupported-media-type", StatusCode::UNSUPPORTED_MEDIA_TYPE, "Body is not JSON")
            }
            Self::BodyTooLarge => ("body-too-large", StatusCode::PAYLOAD_TOO_LARGE, "Body too large"),
            Self::BadBody => ("bad-body", StatusCode::BAD_REQUEST, "Body cannot be used"),
            Self::ImpossibleWish => ("impossible-wish", StatusCode::UNPROCESSABLE_ENTITY, "This cannot be meant"),
            Self::PreconditionRequired => {
                ("precondition-required", StatusCode::PRECONDITION_REQUIRED, "If-Match is missing")
            }
            Self::ChangedMeanwhile => ("changed-meanwhile", StatusCode::PRECONDITION_FAILED, "Changed meanwhile"),
            Self::IncidentClosed => ("incident-closed", StatusCode::CONFLICT, "Incident is over"),
            Self::TenantDisabled => ("tenant-disabled", StatusCode::CONFLICT, "Tenant is switched off"),
            Self::NotInTenantList => ("not-in-tenant-list", StatusCode::CONFLICT, "Not in the Tenantliste yet"),
            Self::SharePointUnavailable => {
                ("sharepoint-unavailable", StatusCode::SERVICE_UNAVAILABLE, "SharePoint does not take it")
            }
            Self::HostUnavailable => ("host-unavailable", StatusCode::SERVICE_UNAVAILABLE, "Cannot be started now"),
            Self::RoleRefused => ("role-refused", StatusCode::CONFLICT, "Role not changed"),
            Self::RolesUnavailable => ("roles-unavailable", StatusCode::CONFLICT, "Roles not set up"),
            Self::AnswerTooLarge => ("answer-too-large", StatusCode::PAYLOAD_TOO_LARGE, "Answer too large"),
            Self::NotPolledYet => ("not-polled-yet", StatusCode::SERVICE_UNAVAILABLE, "No numbers yet"),
            Self::StoreUnavailable => {
                ("store-unavailable", StatusCode::SERVICE_UNAVAILABLE, "Database does not answer")
            }
            Self::SignInNotConfigured => {
                ("sign-in-not-configured", StatusCode::SERVICE_UNAVAILABLE, "Sign-in not set up")
            }
            Self::SignInUnavailable => {
                ("sign-in-unavailable", StatusCode::SERVICE_UNAVAILABLE, "Tokens cannot be checked now")
            }
            Self::Internal => ("internal", StatusCode::INTERNAL_SERVER_ERROR, "Fault in Leitwarte"),
        }
    }

    /// The stable `type`, a relative URI.
    #[must_use]
    pub fn type_uri(self) -> String {
        format!("/problems/{}", self.entry().0)
    }

    /// The HTTP status it is answered with.
    #[must_use]
    pub fn status(self) -> StatusCode {
        self.entry().1
    }
}

/// One problem on its way to the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    kind: ProblemKind,
    detail: String,
    /// Methods for `Allow`.
    allowed: Option<String>,
    /// How it is now, where somebody has changed it.
    current: Option<Value>,
}

#[derive(Serialize)]
struct Wire<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    detail: &'a str,
    instance: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    current: Option<&'a Value>,
}

impl Problem {
    /// `detail` says what is wrong, where, and what to do; it goes to the caller as it stands.
    #[must_use]
    pub fn new(kind: ProblemKind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), allowed: None, current: None }
    }

    /// A method that this address does not have; `allowed` are those it has.
    #[must_use]
    pub fn method_not_allowed(allowed: String) -> Self {
        let detail = format!("This address can only be used with {allowed}.");
        Self { allowed: Some(allowed), ..Self::new(ProblemKind::MethodNotAllowed, detail) }
    }

    /// Somebody else has changed it; `current` is how it is now, as reading it would show.
    #[must_use]
    pub fn changed_meanwhile(detail: impl Into<String>, current: Value) -> Self {
        Self { current: Some(current), ..Self::new(ProblemKind::ChangedMeanwhile, detail) }
    }

    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> ProblemKind {
        self.kind
    }

    /// What is wrong, where, and what to do.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The answer to the caller. `request_id` becomes the `instance`, by which the log can be searched.
    #[must_use]
    pub fn into_answer(self, request_id: &str) -> Answer {
        let (_, status, title) = self.kind.entry();
        let wire = Wire {
            r#type: self.kind.type_uri(),
            title,
            status: status.as_u16(),
            detail: &self.detail,
            instance: request_id,
            current: self.current.as_ref(),
        };
        // A struct of strings and a number always becomes JSON.
        let body = serde_json::to_string(&wire).unwrap_or_default();
        let mut answer = Answer::text(status, "application/problem+json", body);
        answer.headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        let challenge = match self.kind {
            ProblemKind::MissingToken | ProblemKind::SessionEnded => Some("Bearer"),
            ProblemKind::InvalidToken => Some(r#"Bearer error="invalid_token""#),
            ProblemKind::Forbidden => Some(r#"Bearer error="insufficient_scope""#),
            _ => None,
        };
        if let Some(challenge) = challenge {
            answer.headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            answer.headers.insert(RETRY_AFTER, HeaderValue::from_static("5"));
        }
        if let Some(allowed) = self.allowed.and_then(|allowed| HeaderValue::from_str(&allowed).ok()) {
            answer.headers.insert(ALLOW, allowed);
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use http::header::CONTENT_TYPE;

    use super::*;

    #[test]
    fn every_kind_has_its_own_type() {
        let types: HashSet<String> = ProblemKind::ALL.iter().map(|kind| kind.type_uri()).collect();
        assert_eq!(types.len(), ProblemKind::ALL.len());
    }

    #[test]
    fn a_problem_is_rfc_9457_json_with_the_request_id() {
        let answer = Problem::new(ProblemKind::UnknownTenant, "No tenant `x`.").into_answer("req-1");
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
        assert_eq!(answer.headers[CONTENT_TYPE], "application/problem+json");
        assert_eq!(answer.headers[CACHE_CONTROL], "no-store");
        insta::assert_snapshot!(answer.body_text(), @r#"{"type":"/problems/unknown-tenant","title":"No such tenant","status":404,"detail":"No tenant `x`.","instance":"req-1"}"#);
    }

    #[test]
    fn what_passes_by_itself_says_when_to_ask_again() {
        for kind in ProblemKind::ALL {
            let answer = Problem::new(kind, "").into_answer("");
            let temporary = answer.status == StatusCode::SERVICE_UNAVAILABLE;
            assert_eq!(answer.headers.contains_key(RETRY_AFTER), temporary, "{kind:?}");
        }
    }

    #[test]
    fn refusals_challenge_as_rfc_6750_says() {
        let challenge = |kind| Problem::new(kind, "").into_answer("").headers[WWW_AUTHENTICATE].clone();
        assert_eq!(challenge(ProblemKind::MissingToken), "Bearer");
        assert_eq!(challenge(ProblemKind::InvalidToken), r#"Bearer error="invalid_token""#);
        assert_eq!(challenge(ProblemKind::Forbidden), r#"Bearer error="insufficient_scope""#);
    }

    #[test]
    fn a_wrong_method_names_the_right_ones() {
        let answer = Problem::method_not_allowed("GET, HEAD".into()).into_answer("");
        assert_eq!(answer.headers[ALLOW], "GET, HEAD");
    }
}
