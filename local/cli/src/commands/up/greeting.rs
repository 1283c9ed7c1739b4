//! The last words of a start: where to look and what to type.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use leitwarte_core::auth_profile::{AuthProfile, name_of_auth_file};

use super::Plan;
use crate::terminal::{BOLD, DIM, GOOD, paint};

/// Begins with the line that begins with `ready`.
pub(super) fn text(plan: &Plan) -> anyhow::Result<String> {
    let base = plan.settings.gateway_base()?.unwrap_or_else(|| plan.settings.app.public_url.clone());
    let own = own_name();
    let mut text = format!("\n{} at {}\n", paint(GOOD, "ready"), paint(BOLD, format_args!("{base}/")));
    let mut item = |what: &str, how: &str| {
        let _ = writeln!(text, "  {} {how}", paint(DIM, format_args!("{what:<15}")));
    };
    if !plan.watches_tenants() {
        item("run a function", &format!("{own} invoke NAME"));
        return Ok(text);
    }
    let token = match plan.simulator {
        Some(simulator) => Some(format!("curl -s http://{simulator}/demo/token")),
        None => client_id(&plan.settings.app.profiles_dir)
            .map(|id| format!("az account get-access-token --resource api://{id} --query accessToken --output tsv")),
    };
    if plan.simulator.is_some() {
        item("the demo", "four made-up tenants, ninety days of history; numbers move every minute");
        item("sign in", "with the button there, as one of the demo's people; nobody has a password");
    }
    item("see the stock", &format!("{own} status"));
    item("poll now", &format!("{own} invoke poll-tenant"));
    item("if in doubt", &format!("{own} doctor"));
    match token {
        // On a line of its own, so that the line can be pasted as it stands.
        Some(token) => item(
            "ask the API",
            &format!("with\n\ncurl -s -H \"Authorization: Bearer $({token})\" {base}/api/v1/licenses/status"),
        ),
        None => item(
            "ask the API",
            &format!(
                "needs a sign-in profile first: {}/auth/auth-<name>-profile.json with tenant_id and client_id",
                plan.settings.app.profiles_dir.display()
            ),
        ),
    }
    Ok(text)
}

/// This program as it was called, so that a pasted line finds it.
fn own_name() -> String {
    std::env::args().next().unwrap_or_else(|| "leitwarte".to_owned())
}

/// The application that tokens for our API are made for; `None` without a usable profile (`doctor` says why).
fn client_id(profiles_dir: &Path) -> Option<leitwarte_core::Uuid> {
    let entries = fs::read_dir(profiles_dir.join("auth")).ok()?;
    entries
        .flatten()
        .filter(|entry| entry.file_name().to_str().is_some_and(|name| name_of_auth_file(name).is_some()))
        .find_map(|entry| AuthProfile::parse(&fs::read_to_string(entry.path()).ok()?).ok())
        .map(|profile| profile.client_id)
}
