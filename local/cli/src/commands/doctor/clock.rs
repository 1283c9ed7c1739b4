//! Whether this machine's clock is right: Entra refuses a sign-in whose times are off.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use leitwarte_graph::{AllowedHosts, Service};

use super::finding::{Area, Finding};
use super::tenants::Usable;
use crate::Settings;

/// Entra takes a few minutes of difference; half of that is a warning in time.
const TOLERANCE: TimeDelta = TimeDelta::minutes(2);

/// Compares the clock with the `Date` of the first sign-in host that answers.
pub(super) async fn check(settings: &Settings, tenants: &[Usable]) -> Option<Finding> {
    let allowed = AllowedHosts::parse(&settings.app.graph_extra_hosts).ok()?;
    let client = reqwest::Client::builder()
        .timeout(Duration::from_secs(5))
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .ok()?;
    let hosts: BTreeSet<&str> = tenants.iter().map(|tenant| tenant.profile.authority_host()).collect();
    for host in hosts {
        let Ok(url) = allowed.check(Service::SignIn, host) else { continue };
        // A host that does not answer is found when its tenants are asked.
        let Ok(answer) = client.head(url).send().await else { continue };
        let date = answer.headers().get(reqwest::header::DATE).and_then(|date| date.to_str().ok());
        if let Some(theirs) = date.and_then(|date| DateTime::parse_from_rfc2822(date).ok()) {
            return Some(finding(leitwarte_runtime::clock::now(), theirs.to_utc()));
        }
    }
    None
}

fn finding(ours: DateTime<Utc>, theirs: DateTime<Utc>) -> Finding {
    let off = ours - theirs;
    if off.abs() <= TOLERANCE {
        return Area::Machine.good("clock", "The clock agrees with that of the sign-in host.");
    }
    let direction = if off > TimeDelta::zero() { "ahead" } else { "behind" };
    Area::Machine.bad(
        "clock",
        format!("This machine's clock is {} minutes {direction}.", off.num_minutes().abs()),
        "Set the clock and let it follow a time server; Entra refuses sign-ins with wrong times.",
    )
}

#[cfg(test)]
mod tests {
    use super::super::finding::Level;
    use super::*;

    #[test]
    fn a_clock_that_is_off_by_more_than_two_minutes_is_found() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        assert_eq!(finding(now, now + TimeDelta::seconds(120)).level, Level::Good);
        let behind = finding(now, now + TimeDelta::seconds(190));
        assert_eq!((behind.level, behind.message.as_str()), (Level::Bad, "This machine's clock is 3 minutes behind."));
        let ahead = finding(now, now - TimeDelta::minutes(60));
        assert!(ahead.message.contains("60 minutes ahead"));
    }
}
