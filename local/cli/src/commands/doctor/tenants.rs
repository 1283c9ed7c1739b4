//! Checks of tenant profiles and their certificates, without asking anybody.

use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use leitwarte_core::profile::{
    FoundProfile, TenantProfile, comparable_name, refuse_shared_names, refuse_shared_tenants,
};
use leitwarte_graph::Credential;
use leitwarte_runtime::profiles;
use leitwarte_store::TenantInfo;

use super::finding::{Area, Finding};
use crate::context::unused_files;
use crate::{Settings, words};

const AREA: Area = Area::Tenants;

/// From this many days before the end of a certificate on, it is time to make a new one.
const RENEW_WITHIN: TimeDelta = TimeDelta::days(60);

/// What was found, and the tenants that can be asked.
#[derive(Debug, Default)]
pub(super) struct Examined {
    pub(super) findings: Vec<Finding>,
    pub(super) usable: Vec<Usable>,
}

/// A tenant whose profile and certificate are right.
#[derive(Debug)]
pub(super) struct Usable {
    pub(super) key: String,
    pub(super) profile: TenantProfile,
    /// When its certificate ends, in words.
    pub(super) certificate: String,
}

impl Examined {
    /// The findings, by tenant; tenants that were not asked are good as far as is known.
    pub(super) fn into_findings(self) -> Vec<Finding> {
        let not_asked = self
            .usable
            .into_iter()
            .map(|tenant| AREA.good(tenant.key, format!("Profile and certificate are right; {}.", tenant.certificate)));
        let mut findings: Vec<Finding> = not_asked.chain(self.findings).collect();
        findings.sort_by(|a, b| a.subject.cmp(&b.subject).then(b.level.cmp(&a.level)));
        findings
    }
}

/// Whether the folder is the one that was meant, and what in it nobody reads.
pub(super) fn folder(settings: &Settings) -> Vec<Finding> {
    let profiles_dir = &settings.app.profiles_dir;
    if settings.misses_profiles_dir() {
        let message = format!("PROFILES_DIR is {}, and there is no such folder.", profiles_dir.display());
        return vec![AREA.bad("PROFILES_DIR", message, "Correct the variable, or make the folder.")];
    }
    let unused = unused_files(profiles_dir).into_iter();
    unused
        .map(|name| {
            let fix = "Name it config-<name>-profile.json, <name> being the tenant's short name, or remove it.";
            AREA.warning(name, "This file is not used.", fix)
        })
        .collect()
}

/// Checks every profile of the folder. `known` are the tenants in the database: of two files with one tenant, the one
/// that had it first is right.
pub(super) fn check(profiles_dir: &Path, known: &[TenantInfo], now: DateTime<Utc>) -> Examined {
    let shown = profiles_dir.display();
    let mut found = match profiles::load(profiles_dir) {
        Ok(found) => found,
        Err(error) if profiles_dir.exists() => {
            let finding = AREA.bad(
                "profiles",
                format!("{:#}.", anyhow::Error::from(error)),
                "Give the folder to the account of Leitwarte.",
            );
            return Examined { findings: vec![finding], usable: Vec::new() };
        }
        Err(_) => Vec::new(),
    };
    if found.is_empty() {
        let finding = AREA.warning(
            "profiles",
            format!("There is no tenant in {shown}."),
            "Take one in with `leitwarte onboard`, or look around with `leitwarte up --demo`.",
        );
        return Examined { findings: vec![finding], usable: Vec::new() };
    }
    refuse_shared_tenants(&mut found, |id| {
        known.iter().find(|tenant| tenant.tenant_id == Some(id)).map(|tenant| tenant.key.clone())
    });
    refuse_shared_names(&mut found, |name| {
        known.iter().find(|tenant| comparable_name(&tenant.tenant_name) == name).map(|tenant| tenant.key.clone())
    });
    let mut examined = Examined { findings: Vec::new(), usable: Vec::new() };
    for FoundProfile { key, profile } in found {
        match profile {
            Err(failure) => examined.findings.push(AREA.failure(&key, &failure)),
            Ok(profile) => examined.add(key, profile, profiles_dir, now),
        }
    }
    examined
}

impl Examined {
    fn add(&mut self, key: String, profile: TenantProfile, profiles_dir: &Path, now: DateTime<Utc>) {
        if !profile.enabled {
            self.findings.push(AREA.note(&key, "Switched off in its profile (`enabled`); not polled."));
            return;
        }
        let credential = Credential::load(&profile.cert_path, &profile.thumbprint, profiles_dir, now);
        let credential = match credential {
            Ok(credential) => credential,
            Err(error) => {
                self.findings.push(AREA.failure(&key, &error.failure()));
                return;
            }
        };
        let ends = credential.not_after();
        let day = ends.format("%Y-%m-%d");
        if ends - now <= RENEW_WITHIN {
            self.findings.push(AREA.warning(
                &key,
                format!(
                    "The certificate ends in {} days, on {day}.",
                    leitwarte_core::certificate::days_left(ends, now)
                ),
                format!("Run `leitwarte certificate renew {key}`; it says what to upload in Entra."),
            ));
        }
        if let Some(note) = credential.expiry_note(profile.expires) {
            let (what, fix) = note.rsplit_once("; ").unwrap_or((&note, "Correct `expires` in the profile."));
            self.findings.push(AREA.warning(&key, format!("{what}."), words::capitalised(fix)));
        }
        let certificate = format!("the certificate ends on {day}");
        self.usable.push(Usable { key, profile, certificate });
    }
}
