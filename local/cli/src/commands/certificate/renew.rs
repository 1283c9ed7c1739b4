//! `leitwarte certificate renew`: the next certificate beside the present one, and the change from one to the other.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use chrono::TimeDelta;
use leitwarte_core::certificate::days_left;
use leitwarte_core::profile::TenantProfile;
use leitwarte_graph::credential::resolve;
use leitwarte_graph::{AllowedHosts, AppRegistration, Budget, Config, Credential, GraphClient, RetryPolicy};
use leitwarte_runtime::clock;
use serde_json::Value;

use super::owner::Owner;
use crate::commands::onboard::steps::{portal, shown};
use crate::new_files::{new_file, private_folder, replace_file};
use crate::terminal::{BOLD, DIM, GOOD, WARN, paint};
use crate::{Context, Outcome, certificate};

/// A certificate that lasts longer than this needs no next one.
const EARLY: i64 = 60;
/// A person is waiting.
const PATIENCE: Duration = Duration::from_secs(30);
const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----";

/// Arguments of `certificate renew`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The profile's short name
    pub name: String,
    /// The app that works in the SharePoint lists, instead of a tenant's
    #[arg(long)]
    pub sharepoint: bool,
    /// How long the next certificate is valid
    #[arg(long, value_name = "DAYS", default_value_t = 365, value_parser = clap::value_parser!(u16).range(1..=1095))]
    pub days: u16,
    /// Also when the present one lasts longer than 60 days
    #[arg(long)]
    pub force: bool,
    /// A tenant of the demo
    #[arg(long)]
    pub demo: bool,
}

/// The next certificate.
struct Next {
    credential: Credential,
    key: PathBuf,
    public: PathBuf,
    is_new: bool,
}

pub(super) async fn run(args: &Args, context: &Context, out: &mut (dyn Write + Send)) -> anyhow::Result<Outcome> {
    let (settings, _) = context.settings.or_demo(args.demo)?;
    let context = &Context { settings, ..context.clone() };
    let profiles = &context.settings.app.profiles_dir;
    let owner = Owner::read(profiles, &args.name, args.sharepoint)?;
    let profile = &owner.profile;
    let present = resolve(&profile.cert_path, profiles).and_then(|path| Credential::read(&path)).ok();
    let present = present.filter(|present| present.check_thumbprint(&profile.thumbprint).is_ok());
    let folder = context.settings.base_dir()?.join(owner.folder());

    let prepared = prepared(&folder, args, present.as_ref(), context)?;
    if let (None, Some(present), false) = (&prepared, &present, args.force) {
        let days = days_left(present.not_after(), context.now);
        if days > EARLY {
            writeln!(out, "The certificate of {} lasts {days} days more; --force makes the next one now.", args.name)?;
            return Ok(Outcome::Well);
        }
    }
    let next = match prepared {
        Some(next) => next,
        None => make(&folder, args, profile, context)?,
    };
    let changed = TenantProfile {
        cert_path: format!("{}/{}", owner.folder(), next.key.file_name().unwrap_or_default().to_string_lossy()),
        thumbprint: next.credential.thumbprint_sha1(),
        expires: next.credential.not_after().date_naive(),
        ..profile.clone()
    };
    if let Some(problem) = refused(context, &changed).await? {
        say_what_to_do(out, &owner, &next, &problem)?;
        return Ok(Outcome::Problem);
    }
    let new_text = rewritten(&owner.text, &changed)?;
    replace_file(&owner.file, new_text.as_bytes()).with_context(|| format!("cannot write {}", owner.file.display()))?;
    let until = next.credential.not_after().date_naive();
    writeln!(
        out,
        "{} Entra accepts the next certificate; {} signs in with it now, until {until}.",
        paint(GOOD, "✔"),
        args.name
    )?;
    writeln!(out, "  The profile names {}.", changed.cert_path)?;
    writeln!(
        out,
        "  {}",
        paint(
            DIM,
            format_args!("The old file ({}) stays; remove its certificate in Entra when all works.", profile.cert_path)
        )
    )?;
    Ok(Outcome::Well)
}

/// A next certificate that an earlier run made and that is not in use yet.
fn prepared(
    folder: &Path,
    args: &Args,
    present: Option<&Credential>,
    context: &Context,
) -> anyhow::Result<Option<Next>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        entries => entries.with_context(|| format!("cannot read {}", folder.display()))?,
    };
    let ours = format!("mycert_{}_", args.name);
    let mut best: Option<Credential> = None;
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.starts_with(&ours) || Path::new(&name).extension().is_none_or(|end| end != "pem") {
            continue;
        }
        let Ok(found) = Credential::read(&entry.path()) else { continue };
        let later = |other: &Credential| found.not_after() > other.not_after();
        if found.check_validity(context.now).is_ok() && present.is_none_or(later) && best.as_ref().is_none_or(later) {
            best = Some(found);
        }
    }
    best.map(|credential| next(folder, credential, false)).transpose()
}

fn make(folder: &Path, args: &Args, profile: &TenantProfile, context: &Context) -> anyhow::Result<Next> {
    let lifetime = TimeDelta::days(i64::from(args.days));
    let made = certificate::make(&profile.tenant_name, context.now, lifetime)?;
    let key = folder.join(format!("mycert_{}_{}.pem", args.name, context.now.format("%Y%m%dT%H%M%S")));
    private_folder(folder)?;
    new_file(&key, made.with_key.as_bytes(), 0o600).with_context(|| format!("cannot write {}", key.display()))?;
    next(folder, Credential::read(&key)?, true)
}

/// The certificate alone is written anew where it is missing: the run that made the key may have ended before.
fn next(folder: &Path, credential: Credential, is_new: bool) -> anyhow::Result<Next> {
    let key = credential.path().to_owned();
    let public = folder.join(key.with_extension("cer").file_name().unwrap_or_default());
    if !public.exists() {
        let pem = zeroize::Zeroizing::new(fs::read_to_string(&key).with_context(|| key.display().to_string())?);
        let Some(start) = pem.find(CERTIFICATE) else { bail!("{} holds no certificate", key.display()) };
        new_file(&public, &pem.as_bytes()[start..], 0o644)
            .with_context(|| format!("cannot write {}", public.display()))?;
    }
    Ok(Next { credential, key, public, is_new })
}

/// Signs in with the next certificate; why Entra refuses, if it does.
async fn refused(context: &Context, changed: &TenantProfile) -> anyhow::Result<Option<String>> {
    let hosts = AllowedHosts::parse(&context.settings.app.graph_extra_hosts)?;
    let mut config = Config::new(&context.settings.app.profiles_dir, hosts, clock::now, clock::new_id);
    config.retry = RetryPolicy { first_delay: Duration::from_secs(1), max_attempts: 2, ..RetryPolicy::default() };
    let client = GraphClient::new(config).map_err(|error| anyhow::anyhow!(error.failure().message))?;
    let app = AppRegistration::from(changed);
    let answer = client.sign_in(&app, &Budget::of(PATIENCE)).await;
    Ok(answer.err().map(|error| error.failure().message))
}

fn say_what_to_do(out: &mut (dyn Write + Send), owner: &Owner, next: &Next, problem: &str) -> std::io::Result<()> {
    let profile = &owner.profile;
    let made = if next.is_new { "Made the next certificate" } else { "The next certificate is there" };
    writeln!(out, "{} {made}; it is not in use yet, the present one goes on working.\n", paint(WARN, "!"))?;
    writeln!(out, "  {}", shown(&next.key))?;
    writeln!(out, "  {}", shown(&next.public))?;
    writeln!(out, "  Thumbprint (SHA-1)    {}", next.credential.thumbprint_sha1())?;
    writeln!(out, "  Entra says so far     {problem}\n")?;
    writeln!(
        out,
        "{}\n",
        paint(BOLD, format_args!("To do in {}'s Entra, as its administrator:", profile.tenant_name))
    )?;
    writeln!(out, "  1. Open {} → Microsoft Entra ID → App registrations,", portal(profile.cloud))?;
    writeln!(out, "     and there the app with the client ID {}.", profile.client_id)?;
    writeln!(out, "  2. Certificates & secrets → Certificates → Upload certificate: the file that ends in .cer.")?;
    writeln!(out, "     Leave the old one there.")?;
    writeln!(out, "  3. Here again: {}", owner.command())?;
    writeln!(out, "     {}", paint(DIM, "Entra may take a few minutes to accept a new certificate."))
}

/// The profile's text with the three values changed and nothing else: not its order, nor what a person wrote between.
fn rewritten(text: &str, after: &TenantProfile) -> anyhow::Result<String> {
    let mut wanted: Value = serde_json::from_str(text.trim_start_matches('\u{feff}'))?;
    let mut new = text.to_owned();
    for (key, value) in [
        ("cert_path", after.cert_path.clone()),
        ("thumbprint", after.thumbprint.clone()),
        ("expires", after.expires.to_string()),
    ] {
        let Some(was) = wanted[key].as_str() else { bail!("`{key}` in the profile is no text") };
        let (was, now) = (Value::from(was).to_string(), Value::from(value.clone()).to_string());
        let name = format!("\"{key}\"");
        let at = new.find(&name).map(|at| at + name.len());
        let at = at.and_then(|at| new[at..].find(&was).map(|more| at + more));
        let Some(at) = at else { bail!("`{key}` is written in a way this command cannot change; change it to {now}") };
        new.replace_range(at..at + was.len(), &now);
        wanted[key] = Value::from(value);
    }
    // Whatever the text looked like: it must say exactly what was meant.
    if serde_json::from_str::<Value>(new.trim_start_matches('\u{feff}')).ok() != Some(wanted) {
        bail!("the profile cannot be changed safely; change cert_path, thumbprint and expires by hand");
    }
    Ok(new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_keeps_its_order_and_its_other_fields() {
        let text = "{\n  \"thumbprint\" :\"A1B2C3D4E5F60718293A4B5C6D7E8F9012345678\",\n  \"tenant_name\": \"Contoso \\u00e4\",\n  \
                    \"tenant_id\": \"7d0d8a3e-52c7-4b0e-9f5b-0e6f0f7b9a11\", \"expires\": \"2026-05-19\",\n  \
                    \"client_id\": \"0c5b7f3a-8d1e-4a57-8a42-3f1c7a1d9b22\", \"cert_path\": \"c.pem\"\n}\n";
        let before = TenantProfile::parse(text).unwrap();
        let after = TenantProfile {
            cert_path: "certs/contoso/next.pem".to_owned(),
            thumbprint: "B".repeat(40),
            expires: "2027-05-19".parse().unwrap(),
            ..before
        };
        let new = rewritten(text, &after).unwrap();
        let expected = text
            .replace("A1B2C3D4E5F60718293A4B5C6D7E8F9012345678", &"B".repeat(40))
            .replace("c.pem", "certs/contoso/next.pem")
            .replace("2026-05-19", "2027-05-19");
        assert_eq!(new, expected);
    }
}
