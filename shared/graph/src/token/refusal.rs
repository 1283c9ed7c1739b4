//! Entra's refusals, explained.
//!
//! Source: Microsoft Learn, "Microsoft Entra authentication and authorization error codes". Decided on `error` and
//! `error_codes` only: the description is prose that changes and may hold names.

use leitwarte_core::Uuid;
use leitwarte_core::poll::FailureKind;
use serde::Deserialize;

use crate::app::AppRegistration;
use crate::error::{BadAnswer, Peer, identifier};
use crate::retry::Fault;
use crate::transport::{Answer, bad};

/// Entra's answer to a sign-in it does not accept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{peer} refuses the sign-in: {}{}", self.meaning(), self.reference())]
pub struct EntraRefusal {
    /// Who.
    pub peer: Peer,
    /// The OAuth error word, such as `invalid_client`.
    pub error: String,
    /// The numbers of the AADSTS codes, the most specific first.
    pub codes: Vec<u32>,
    /// Entra's id of this attempt, for Microsoft's support and the tenant's sign-in log.
    pub correlation_id: Option<Uuid>,
    /// The tenant that was asked.
    pub tenant_id: Uuid,
    /// The application that signed in.
    pub client_id: Uuid,
    /// Thumbprint of its certificate.
    pub thumbprint: String,
}

#[derive(Deserialize)]
struct WireRefusal {
    error: String,
    #[serde(default)]
    error_codes: Option<Vec<u32>>,
    #[serde(default)]
    correlation_id: Option<String>,
}

/// What a code means to a technician.
struct Explanation {
    kind: FailureKind,
    meaning: String,
    fix: String,
}

impl EntraRefusal {
    pub(super) fn read(peer: &Peer, app: &AppRegistration, answer: &Answer) -> Result<Self, Fault> {
        let wire: WireRefusal = answer.json(peer)?;
        let error = identifier(&wire.error).ok_or_else(|| bad(peer, BadAnswer::Token("an error word")))?;
        Ok(Self {
            peer: peer.clone(),
            error,
            codes: wire.error_codes.unwrap_or_default(),
            correlation_id: wire.correlation_id.and_then(|id| Uuid::parse_str(&id).ok()),
            tenant_id: app.tenant_id,
            client_id: app.client_id,
            thumbprint: app.thumbprint.clone(),
        })
    }

    /// The class of failure.
    #[must_use]
    pub fn kind(&self) -> FailureKind {
        self.explanation().kind
    }

    /// What to do about it.
    #[must_use]
    pub fn fix(&self) -> String {
        self.explanation().fix
    }

    /// Whether another attempt with the certificate as it is now on disk may help.
    pub(super) fn blames_the_certificate(&self) -> bool {
        self.codes.iter().any(|code| matches!(code, 700_027 | 700_024 | 7_000_214))
    }

    /// RFC 6749 section 4.1.2.1: the server is overloaded or down for a while.
    pub(super) fn is_passing(&self) -> bool {
        self.error == "temporarily_unavailable"
    }

    fn meaning(&self) -> String {
        self.explanation().meaning
    }

    fn reference(&self) -> String {
        let code = self.codes.first().map_or_else(|| self.error.clone(), |code| format!("AADSTS{code}"));
        match self.correlation_id {
            Some(id) => format!(" ({code}, correlation id {id})"),
            None => format!(" ({code})"),
        }
    }

    fn explanation(&self) -> Explanation {
        self.codes.iter().find_map(|code| self.explain(*code)).unwrap_or_else(|| self.unknown())
    }

    fn explain(&self, code: u32) -> Option<Explanation> {
        let Self { client_id, tenant_id, thumbprint, .. } = self;
        let (kind, meaning, fix) = match code {
            700_027 => (
                FailureKind::SignIn,
                format!(
                    "the certificate {thumbprint} is not registered for the application {client_id}, or its \
                         signature is wrong"
                ),
                "Upload the certificate to the app registration (Certificates & secrets); after a renewal wait some \
                 minutes."
                    .to_owned(),
            ),
            700_024 => (
                FailureKind::SignIn,
                "the signed request is outside its time range".to_owned(),
                "Correct this machine's clock (time synchronisation); it is more than five minutes wrong.".to_owned(),
            ),
            700_023 => (
                FailureKind::SignIn,
                "the signed request is addressed to another audience".to_owned(),
                "Correct cloud or authority_host in the profile; they must belong to the tenant's cloud.".to_owned(),
            ),
            700_016 => (
                FailureKind::SignIn,
                format!(
                    "the application {client_id} does not exist in the tenant {tenant_id}, or nobody there has \
                         consented to it"
                ),
                "Correct client_id or tenant_id in the profile, or have an administrator of the tenant grant consent."
                    .to_owned(),
            ),
            90_002 => (
                FailureKind::SignIn,
                format!("there is no tenant {tenant_id}"),
                "Correct tenant_id in the profile; if it is right, correct cloud (global, usgov, dod, china)."
                    .to_owned(),
            ),
            1_000_502 => (
                FailureKind::CertificateExpired,
                format!("the certificate {thumbprint} has expired"),
                "Make a new certificate, upload it to the app registration, and put its thumbprint into the profile."
                    .to_owned(),
            ),
            7_000_214 => (
                FailureKind::SignIn,
                format!("the certificate {thumbprint} has been revoked"),
                "Make a new certificate, upload it to the app registration, and put its thumbprint into the profile."
                    .to_owned(),
            ),
            7_000_215 => (
                FailureKind::SignIn,
                format!("the secret of the application {client_id} is wrong"),
                "Put the secret's value (not its id) into the profile, or make a new secret.".to_owned(),
            ),
            7_000_222 => (
                FailureKind::SignIn,
                format!("the secret of the application {client_id} has expired"),
                "Make a new secret in the app registration and put its value into the profile.".to_owned(),
            ),
            7_000_112 => (
                FailureKind::SignIn,
                format!("the application {client_id} is disabled in the tenant"),
                "Enable it in the tenant's Entra admin centre (Enterprise applications, Properties).".to_owned(),
            ),
            53_003 => (
                FailureKind::SignIn,
                "a Conditional Access policy of the tenant blocks it".to_owned(),
                "Have an administrator exclude the application, or this machine's public address, from the policy for \
                 workload identities."
                    .to_owned(),
            ),
            _ => return None,
        };
        Some(Explanation { kind, meaning, fix })
    }

    fn unknown(&self) -> Explanation {
        let (meaning, fix) = match self.codes.first() {
            Some(code) => (
                format!("{} with a code this program does not know", self.error),
                format!(
                    "Look it up at https://login.microsoftonline.com/error?code={code} and in the tenant's sign-in log."
                ),
            ),
            None => (
                self.error.clone(),
                "Look into the tenant's sign-in log (Service principal sign-ins) in the Entra admin centre.".to_owned(),
            ),
        };
        Explanation { kind: FailureKind::SignIn, meaning, fix }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hosts::Service;

    fn refusal(codes: &[u32]) -> EntraRefusal {
        EntraRefusal {
            peer: Peer { service: Service::SignIn, host: "login.microsoftonline.com".to_owned() },
            error: "invalid_client".to_owned(),
            codes: codes.to_vec(),
            correlation_id: Some(Uuid::from_u128(7)),
            tenant_id: Uuid::from_u128(1),
            client_id: Uuid::from_u128(2),
            thumbprint: "AB".repeat(20),
        }
    }

    #[test]
    fn every_known_code_says_what_is_wrong_and_what_to_do() {
        for (code, meaning, fix) in [
            (700_027, "not registered", "Upload the certificate"),
            (700_024, "time range", "clock"),
            (700_023, "another audience", "authority_host"),
            (700_016, "does not exist in the tenant", "consent"),
            (90_002, "there is no tenant", "tenant_id"),
            (1_000_502, "has expired", "new certificate"),
            (7_000_215, "secret", "not its id"),
            (7_000_222, "has expired", "new secret"),
            (7_000_214, "revoked", "new certificate"),
            (7_000_112, "disabled", "Enable it"),
            (53_003, "Conditional Access", "exclude"),
        ] {
            let refusal = refusal(&[code]);
            let message = refusal.to_string();
            assert!(message.contains(meaning), "{code}: {message}");
            assert!(message.contains(&format!("AADSTS{code}")), "{code}: {message}");
            assert!(message.contains("00000000-0000-0000-0000-000000000007"), "{code}: {message}");
            assert!(refusal.fix().contains(fix), "{code}: {}", refusal.fix());
            let expired = if code == 1_000_502 { FailureKind::CertificateExpired } else { FailureKind::SignIn };
            assert_eq!(refusal.kind(), expired, "{code}");
        }
    }

    #[test]
    fn an_unknown_code_is_shown_with_the_place_to_look_it_up() {
        let refusal = refusal(&[4_711]);
        assert!(refusal.to_string().contains("AADSTS4711"));
        assert!(refusal.fix().contains("https://login.microsoftonline.com/error?code=4711"));
        assert_eq!(refusal.kind(), FailureKind::SignIn);
    }

    #[test]
    fn a_refusal_without_a_code_shows_its_word() {
        assert!(refusal(&[]).to_string().contains("invalid_client"));
        assert!(refusal(&[]).fix().contains("sign-in log"));
    }

    #[test]
    fn a_known_code_behind_an_unknown_one_is_found() {
        assert!(refusal(&[4_711, 90_002]).to_string().contains("there is no tenant"));
    }

    #[test]
    fn only_the_three_certificate_codes_ask_for_another_look_at_the_file() {
        for code in [700_027, 700_024, 7_000_214] {
            assert!(refusal(&[code]).blames_the_certificate(), "{code}");
        }
        for code in [700_023, 700_016, 90_002, 1_000_502, 7_000_215, 7_000_222, 53_003] {
            assert!(!refusal(&[code]).blames_the_certificate(), "{code}");
        }
    }
}
