//! `leitwarte onboard`: a new tenant gets a key, a certificate and a profile, and a person gets the steps to do in Entra.

mod files;
mod refusal;
pub(crate) mod steps;

use std::io::Write;

use chrono::{NaiveDate, TimeDelta};
use clap::ValueEnum;
use leitwarte_core::Uuid;
use leitwarte_core::profile::{self, Cloud};
use serde::Serialize;

use super::up::demo_runs;
use crate::{Context, Outcome, certificate};

/// Arguments of `onboard`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  leitwarte onboard contoso --tenant-id 11111111-2222-3333-4444-555555555555 \\
                            --client-id 66666666-7777-8888-9999-000000000000

Create the app registration in the customer's Entra first: it gives both ids.")]
pub struct Args {
    /// Short name of the tenant in commands, paths and file names: letters, digits, `.`, `_` and `-`
    #[arg(value_parser = tenant_key)]
    pub name: String,
    /// Directory (tenant) ID, from the app registration's overview
    #[arg(long, value_name = "GUID", value_parser = guid)]
    pub tenant_id: Uuid,
    /// Application (client) ID, from the app registration's overview
    #[arg(long, value_name = "GUID", value_parser = guid)]
    pub client_id: Uuid,
    /// Name that pages, API and lists show [default: NAME]
    #[arg(long, value_name = "TEXT")]
    pub tenant_name: Option<String>,
    /// How long the certificate is valid
    #[arg(long, value_name = "DAYS", default_value_t = 365, value_parser = clap::value_parser!(u16).range(1..=1095))]
    pub days: u16,
    /// Which of Microsoft's clouds the tenant lives in
    #[arg(long, value_enum, default_value_t)]
    pub cloud: CloudName,
}

/// A cloud, as the profile spells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum CloudName {
    /// Worldwide
    #[default]
    Global,
    /// US government, level 4
    #[value(name = "usgov")]
    UsGov,
    /// US government, level 5
    Dod,
    /// China, operated by 21Vianet
    China,
}

impl CloudName {
    fn word(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::UsGov => "usgov",
            Self::Dod => "dod",
            Self::China => "china",
        }
    }

    fn cloud(self) -> Cloud {
        match self {
            Self::Global => Cloud::Global,
            Self::UsGov => Cloud::UsGov,
            Self::Dod => Cloud::Dod,
            Self::China => Cloud::China,
        }
    }
}

/// Makes everything for a new tenant, or nothing.
///
/// # Errors
/// A file that cannot be written; nothing is left behind then.
pub fn run(args: &Args, context: &Context, out: &mut (dyn Write + Send)) -> anyhow::Result<Outcome> {
    let tenant_name = args.tenant_name.as_deref().unwrap_or(&args.name).trim();
    let profiles = &context.settings.app.profiles_dir;
    let paths = files::Paths::new(&context.settings.base_dir()?, profiles, &args.name);
    if let Err(refusal) = refusal::check(args, tenant_name, &paths, profiles) {
        writeln!(out, "{refusal}")?;
        return Ok(Outcome::Problem);
    }
    let certificate = certificate::make(tenant_name, context.now, TimeDelta::days(i64::from(args.days)))?;
    files::write(&paths, &certificate, &profile_json(args, tenant_name, &certificate)?)?;
    let demo_runs = demo_runs(&context.settings.app.data_dir);
    steps::print(out, args, tenant_name, &paths, &certificate, demo_runs)?;
    Ok(Outcome::Well)
}

/// The profile as a file: the source system's fields in its order.
#[derive(Serialize)]
struct ProfileFile<'a> {
    tenant_id: Uuid,
    tenant_name: &'a str,
    client_id: Uuid,
    thumbprint: &'a str,
    cert_path: String,
    expires: NaiveDate,
    #[serde(skip_serializing_if = "Option::is_none")]
    cloud: Option<&'a str>,
}

fn profile_json(args: &Args, tenant_name: &str, certificate: &certificate::Certificate) -> anyhow::Result<String> {
    let name = &args.name;
    let profile = ProfileFile {
        tenant_id: args.tenant_id,
        tenant_name,
        client_id: args.client_id,
        thumbprint: &certificate.sha1,
        cert_path: format!("certs/{name}/mycert_{name}.pem"),
        expires: certificate.expires,
        cloud: (args.cloud != CloudName::Global).then(|| args.cloud.word()),
    };
    Ok(serde_json::to_string_pretty(&profile)? + "\n")
}

fn tenant_key(word: &str) -> Result<String, String> {
    if profile::is_key(word) {
        Ok(word.to_owned())
    } else {
        Err("use 1 to 64 letters, digits, `.`, `_` or `-`, not beginning with a dot".to_owned())
    }
}

fn guid(text: &str) -> Result<Uuid, String> {
    match Uuid::parse_str(text.trim()) {
        Ok(id) if id.is_nil() => Err("the zero GUID is a placeholder; copy the one from Entra".to_owned()),
        Ok(id) => Ok(id),
        Err(_) => Err("not a GUID; copy it from the app registration's overview in Entra".to_owned()),
    }
}

#[cfg(test)]
mod tests;
