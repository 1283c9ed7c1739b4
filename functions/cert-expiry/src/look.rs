//! One look at every certificate.

use std::path::Path;

use chrono::{DateTime, Utc};
use leitwarte_core::poll::PollFailure;
use leitwarte_core::profile::TenantProfile;
use leitwarte_graph::Credential;
use leitwarte_graph::credential::resolve;
use leitwarte_runtime::{FunctionError, PROFILES_UNREADABLE, profiles, sharepoint_profiles};
use leitwarte_store::{CertificateKind, CertificateLook};

/// Looks at the certificate of every profile. Blocks on the disk.
///
/// # Errors
/// A folder cannot be read.
pub(crate) fn at_all(dir: &Path, now: DateTime<Utc>) -> Result<Vec<CertificateLook>, FunctionError> {
    let tenants = profiles::load(dir).map_err(|error| FunctionError::caused_by(PROFILES_UNREADABLE, &error))?;
    let lists = sharepoint_profiles::load(dir).map_err(|problem| FunctionError::new(PROFILES_UNREADABLE, problem))?;
    let tenants = tenants.into_iter().map(|found| match found.profile {
        Ok(profile) => at(CertificateKind::Tenant, &found.key, &profile, dir, now),
        Err(failure) => broken(CertificateKind::Tenant, found.key, &failure),
    });
    let lists = lists.into_iter().map(|(key, profile)| match profile {
        Ok(profile) => at(CertificateKind::SharePoint, &key, &profile.app, dir, now),
        Err(failure) => broken(CertificateKind::SharePoint, key, &failure),
    });
    Ok(tenants.chain(lists).collect())
}

fn at(kind: CertificateKind, key: &str, profile: &TenantProfile, dir: &Path, now: DateTime<Utc>) -> CertificateLook {
    let read = resolve(&profile.cert_path, dir).and_then(|path| Credential::read(&path));
    let owner = match kind {
        CertificateKind::Tenant => profile.shown_name().to_owned(),
        CertificateKind::SharePoint => format!("SharePoint ({key})"),
    };
    let look = CertificateLook {
        kind,
        key: key.to_owned(),
        owner,
        certificate: None,
        problem: None,
        note: None,
        told: profile.enabled,
    };
    match read {
        Err(error) => CertificateLook { problem: Some(problem(&error.failure())), ..look },
        Ok(credential) => {
            let checked =
                credential.check_thumbprint(&profile.thumbprint).and_then(|()| credential.check_validity(now));
            CertificateLook {
                certificate: Some((credential.thumbprint_sha256(), credential.not_after())),
                problem: checked.err().map(|error| problem(&error.failure())),
                note: credential.expiry_note(profile.expires),
                ..look
            }
        }
    }
}

fn broken(kind: CertificateKind, key: String, failure: &PollFailure) -> CertificateLook {
    let problem = Some(problem(failure));
    CertificateLook { kind, owner: key.clone(), key, certificate: None, problem, note: None, told: false }
}

fn problem(failure: &PollFailure) -> (String, String) {
    (failure.message.clone(), failure.fix.clone())
}
