//! Asks Entra and Graph for every usable tenant, as a poll would.

use std::fmt::Write as _;
use std::time::Duration;

use futures::StreamExt as _;
use leitwarte_core::poll::PollFailure;
use leitwarte_core::subscription::{GRANT_PERMISSION, PERMISSION, UNKNOWN_WITHOUT_PERMISSION};
use leitwarte_graph::{AllowedHosts, AppRegistration, Budget, Config, GraphClient, GraphError, RetryPolicy};
use leitwarte_runtime::clock;

use super::finding::{Area, Finding};
use super::tenants::{Examined, Usable};
use crate::Settings;
use crate::words::count;

const AREA: Area = Area::Tenants;

/// Tenants asked at the same time.
const AT_ONCE: usize = 16;
/// Tenants named in one finding.
const MOST_NAMED: usize = 5;
/// A person is waiting: one tenant may not take longer.
const TIME_PER_TENANT: Duration = Duration::from_secs(30);

/// Replaces what is known of each usable tenant by what Microsoft says.
pub(super) async fn check(settings: &Settings, examined: &mut Examined) {
    let usable = std::mem::take(&mut examined.usable);
    let client = match client(settings) {
        Ok(client) => client,
        Err(finding) => {
            examined.findings.push(finding);
            examined.usable = usable;
            return;
        }
    };
    let answers: Vec<Answer> =
        futures::stream::iter(usable).map(|tenant| ask(&client, tenant)).buffered(AT_ONCE).collect().await;
    let mut not_permitted = Vec::new();
    for Answer { licences, ends } in answers {
        let tenant = licences.subject.clone();
        examined.findings.push(licences);
        match ends {
            Ends::Known => {}
            Ends::NotPermitted => not_permitted.push(tenant),
            Ends::Failed(failure) => {
                let message = format!("When its subscriptions end cannot be read: {}", failure.message);
                examined.findings.push(AREA.warning(tenant, message, failure.fix));
            }
        }
    }
    examined.findings.extend(permission(&not_permitted));
}

/// One finding for all of them: that customers do not grant it is their choice, and often all of them do not.
fn permission(not_permitted: &[String]) -> Option<Finding> {
    let shown: Vec<&str> = not_permitted.iter().take(MOST_NAMED).map(String::as_str).collect();
    let mut tenants = shown.join(", ");
    if not_permitted.len() > MOST_NAMED {
        let _ = write!(tenants, " and {} more", not_permitted.len() - MOST_NAMED);
    }
    let message = format!("Not granted in {tenants}: there nobody knows {UNKNOWN_WITHOUT_PERMISSION}. All else works.");
    let finding = Finding { fix: Some(GRANT_PERMISSION.to_owned()), ..AREA.note(PERMISSION, message) };
    (!not_permitted.is_empty()).then_some(finding)
}

fn client(settings: &Settings) -> Result<GraphClient, Finding> {
    let allowed = AllowedHosts::parse(&settings.app.graph_extra_hosts)
        .map_err(|error| Area::Machine.bad("allowed hosts", format!("{error}."), error.fix()))?;
    let mut config = Config::new(&settings.app.profiles_dir, allowed, clock::now, clock::new_id);
    config.retry = RetryPolicy { first_delay: Duration::from_secs(1), max_attempts: 3, ..RetryPolicy::default() };
    GraphClient::new(config).map_err(|error| {
        let PollFailure { message, fix, .. } = error.failure();
        Area::Machine.bad("HTTP client", message, fix)
    })
}

/// What one tenant answered.
struct Answer {
    licences: Finding,
    ends: Ends,
}

/// Whether it tells when its subscriptions end.
enum Ends {
    /// It does, or it could not be asked for anything.
    Known,
    /// A permission is missing that nothing else needs.
    NotPermitted,
    /// It does not, for another reason.
    Failed(PollFailure),
}

async fn ask(client: &GraphClient, tenant: Usable) -> Answer {
    let (app, budget) = (AppRegistration::from(&tenant.profile), Budget::of(TIME_PER_TENANT));
    let stock = match client.subscribed_skus(&app, &budget).await {
        Ok(stock) => stock,
        Err(error) => return Answer { licences: AREA.failure(tenant.key, &error.failure()), ends: Ends::Known },
    };
    let ends = match client.subscriptions(&app, &budget).await {
        Ok(_) => Ends::Known,
        Err(GraphError::Forbidden { .. }) => Ends::NotPermitted,
        Err(error) => Ends::Failed(error.failure()),
    };
    let licences = count(stock.len(), "licence");
    let licences = AREA.good(tenant.key, format!("Signs in and reads {licences}; {}.", tenant.certificate));
    Answer { licences, ends }
}
