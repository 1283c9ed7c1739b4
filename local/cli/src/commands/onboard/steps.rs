//! What `onboard` tells a person: what was made and what is left to do in Entra.

use std::io::Write;
use std::path::Path;

use leitwarte_core::profile::Cloud;

use super::Args;
use super::files::Paths;
use crate::certificate::Certificate;
use crate::terminal::{BOLD, DIM, GOOD, WARN, paint};
use crate::words::DEMO_RUNS;

pub(super) fn print(
    out: &mut (dyn Write + Send),
    args: &Args,
    tenant_name: &str,
    paths: &Paths,
    certificate: &Certificate,
    demo_runs: bool,
) -> std::io::Result<()> {
    let Certificate { sha1, sha256, expires, .. } = certificate;
    let (mark, dim) = (paint(GOOD, "✔"), DIM);
    writeln!(out, "{mark} Made key, certificate and profile for {tenant_name}; the certificate ends on {expires}.\n")?;
    writeln!(out, "  {}", shown(&paths.key))?;
    writeln!(out, "      {dim}private key and certificate; stays on this machine{dim:#}")?;
    writeln!(out, "  {}", shown(&paths.public))?;
    writeln!(out, "      {dim}certificate alone, to upload{dim:#}")?;
    writeln!(out, "  {}", shown(&paths.profile))?;
    let polled = if demo_runs { "" } else { "; the tenant is polled from now on" };
    writeln!(out, "      {dim}profile{polled}{dim:#}\n")?;
    writeln!(out, "  Thumbprint (SHA-1)    {sha1}")?;
    writeln!(out, "  Thumbprint (SHA-256)  {sha256}\n")?;

    writeln!(out, "{}\n", paint(BOLD, format_args!("To do in {tenant_name}'s Entra, once, as its administrator:")))?;
    let portal = portal(args.cloud.cloud());
    writeln!(out, "  1. Open {portal} → Microsoft Entra ID → App registrations,")?;
    writeln!(out, "     and there the app with the client ID {}.", args.client_id)?;
    writeln!(out, "  2. Certificates & secrets → Certificates → Upload certificate: {}.", file_name(&paths.public))?;
    writeln!(out, "     Entra then shows the SHA-1 thumbprint above; compare it.")?;
    writeln!(out, "  3. API permissions → Add a permission → Microsoft Graph → Application permissions:")?;
    writeln!(out, "     LicenseAssignment.Read.All → Add permissions.")?;
    writeln!(out, "     Organization.Read.All there as well shows when subscriptions end; nothing else needs it.")?;
    writeln!(out, "  4. On the same page: Grant admin consent.")?;
    writeln!(out, "  5. Here: leitwarte doctor")?;
    writeln!(out, "     {dim}Entra may take a few minutes to accept a new certificate.{dim:#}")?;
    if demo_runs {
        writeln!(out, "\n{} {DEMO_RUNS}", paint(WARN, "!"))?;
    }
    Ok(())
}

/// Where apps are registered.
/// Source: Microsoft Learn, "Microsoft Entra authentication & national clouds".
pub(crate) fn portal(cloud: Cloud) -> &'static str {
    match cloud {
        Cloud::Global => "https://portal.azure.com",
        Cloud::UsGov | Cloud::Dod => "https://portal.azure.us",
        Cloud::China => "https://portal.azure.cn",
    }
}

/// A path as short as it can be: relative when it lies below the working folder.
pub(crate) fn shown(path: &Path) -> String {
    let working = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(&working).unwrap_or(path).display().to_string()
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
