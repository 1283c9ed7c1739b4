//! Checks of the sign-in of people: what Leitwarte shows Microsoft, and where Microsoft sends people back to.

use leitwarte_core::auth_profile::{AuthCredential, AuthProfile};
use leitwarte_core::{DateTime, TimeDelta, Utc};
use leitwarte_graph::credential::resolve;
use leitwarte_graph::{Credential, CredentialError};
use url::Url;

use super::finding::{Area, Finding};
use crate::Settings;

const AREA: Area = Area::SignIn;
const SUBJECT: &str = "people";

/// A certificate with less time left is to be renewed now.
const SOON: TimeDelta = TimeDelta::days(30);

/// Checks what the profile says about people's sign-in.
pub(super) fn check(settings: &Settings, profile: &AuthProfile, now: DateTime<Utc>) -> Finding {
    let public_url = &settings.app.public_url;
    let callback = profile.redirect_uri.clone().unwrap_or_else(|| format!("{public_url}/api/v1/auth/callback"));
    if let Some(finding) = addresses(public_url, &callback) {
        return finding;
    }
    let ends = match &profile.credential {
        None => {
            return AREA.warning(
                SUBJECT,
                "The profile has neither client_secret nor cert_path, so nobody can sign in at the pages; tokens work.",
                "Upload a certificate to the application in Entra and add cert_path to the profile.",
            );
        }
        Some(AuthCredential::Secret(_)) => "with a client secret, whose end Entra shows and this cannot".to_owned(),
        Some(AuthCredential::Certificate { cert_path }) => {
            match certificate(cert_path, &settings.app.profiles_dir, now) {
                Err(error) => return AREA.bad(SUBJECT, format!("{error}."), error.fix()),
                Ok(ends) if ends - now < SOON => {
                    return AREA.warning(
                        SUBJECT,
                        format!("The certificate for people's sign-in ends on {}.", ends.date_naive()),
                        "Upload a new one to the application in Entra, then let cert_path name it.",
                    );
                }
                Ok(ends) => format!("with a certificate until {}", ends.date_naive()),
            }
        }
    };
    AREA.good(SUBJECT, format!("People sign in {ends}; register {callback} as a redirect URI (Web) in Entra."))
}

fn certificate(
    cert_path: &str,
    profiles_dir: &std::path::Path,
    now: DateTime<Utc>,
) -> Result<DateTime<Utc>, CredentialError> {
    let credential = Credential::read(&resolve(cert_path, profiles_dir)?)?;
    credential.check_validity(now)?;
    Ok(credential.not_after())
}

/// What is wrong with the addresses, if something is.
fn addresses(public_url: &str, callback: &str) -> Option<Finding> {
    let (Ok(public), Ok(back)) = (Url::parse(public_url), Url::parse(callback)) else {
        let message = format!("PUBLIC_URL={public_url} or redirect_uri={callback} is not an address.");
        return Some(AREA.bad(
            SUBJECT,
            message,
            "Set PUBLIC_URL to what people type, such as https://leitwarte.example.",
        ));
    };
    let loopback = matches!(public.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    if public.scheme() != "https" && !loopback {
        return Some(AREA.bad(
            SUBJECT,
            format!("PUBLIC_URL={public_url} is not https, so browsers keep no session."),
            "Give the gateway a certificate (TLS_CERT_FILE, TLS_KEY_FILE) or a proxy with one, and set PUBLIC_URL to https.",
        ));
    }
    (public.origin() != back.origin()).then(|| {
        AREA.bad(
            SUBJECT,
            format!("The profile's redirect_uri={callback} is not at PUBLIC_URL={public_url}, so sign-ins cannot end."),
            "Leave redirect_uri out, or set PUBLIC_URL to the same host.",
        )
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use leitwarte_graph_simulator::rsa_certificate;

    use super::super::finding::Level;
    use super::*;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).unwrap()
    }

    fn look(public_url: &str, extra: &str, days_left: i64) -> Finding {
        let folder = tempfile::tempdir().unwrap();
        let key = rsa_certificate("x", now() - TimeDelta::days(60), now() + TimeDelta::days(days_left)).unwrap();
        let pem = folder.path().join("key.pem");
        fs::write(&pem, key.pem).unwrap();
        fs::set_permissions(&pem, fs::Permissions::from_mode(0o600)).unwrap();
        let values = [("PROFILES_DIR", folder.path().to_str().unwrap()), ("PUBLIC_URL", public_url)];
        let settings = Settings::new(values.map(|(name, value)| (name.to_owned(), value.to_owned()))).unwrap();
        let profile = format!(
            r#"{{"tenant_id": "8c2b7e0e-54a1-4f5a-9d53-0d7c6d1f6a01",
                "client_id": "0b9f1b3c-2c67-4a3e-8c1e-5f2b7a9d4e02"{extra}}}"#
        );
        check(&settings, &AuthProfile::parse(&profile).unwrap(), now())
    }

    const HERE: &str = "https://leitwarte.contoso.example";
    const CERTIFICATE: &str = r#", "cert_path": "key.pem""#;

    #[test]
    fn a_certificate_or_a_secret_is_what_it_takes() {
        for credential in [CERTIFICATE, r#", "client_secret": "hunter2""#] {
            let finding = look(HERE, credential, 90);
            assert_eq!(finding.level, Level::Good, "{finding:?}");
            assert!(finding.message.contains("https://leitwarte.contoso.example/api/v1/auth/callback"), "{finding:?}");
            assert!(!format!("{finding:?}").contains("hunter2"));
        }
        assert_eq!(look(HERE, "", 90).level, Level::Warning);
    }

    #[test]
    fn a_certificate_that_ends_or_is_missing_is_told() {
        assert_eq!(look(HERE, CERTIFICATE, 20).level, Level::Warning);
        assert_eq!(look(HERE, CERTIFICATE, -1).level, Level::Bad);
        assert_eq!(look(HERE, r#", "cert_path": "missing.pem""#, 90).level, Level::Bad);
    }

    #[test]
    fn addresses_at_which_no_sign_in_can_end_are_told() {
        assert_eq!(look("http://localhost:8080", CERTIFICATE, 90).level, Level::Good);
        assert_eq!(look("http://leitwarte.contoso.example", CERTIFICATE, 90).level, Level::Bad);
        let elsewhere =
            r#", "cert_path": "key.pem", "redirect_uri": "https://old.contoso.example/api/v1/auth/callback""#;
        assert_eq!(look(HERE, elsewhere, 90).level, Level::Bad);
    }
}
