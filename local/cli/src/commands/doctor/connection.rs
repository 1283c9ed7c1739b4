//! Asks Entra and Graph for every usable tenant, as a poll would.

use std::time::Duration;

use futures::StreamExt as _;
use leitwarte_core::poll::PollFailure;
use leitwarte_graph::{AllowedHosts, AppRegistration, Budget, Config, GraphClient, RetryPolicy};
use leitwarte_runtime::clock;

use super::finding::{Area, Finding};
use super::tenants::{Examined, Usable};
use crate::Settings;
use crate::words::count;

const AREA: Area = Area::Tenants;

/// Tenants asked at the same time.
const AT_ONCE: usize = 16;
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
    let answers: Vec<Finding> =
        futures::stream::iter(usable).map(|tenant| ask(&client, tenant)).buffered(AT_ONCE).collect().await;
    examined.findings.extend(answers);
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

async fn ask(client: &GraphClient, tenant: Usable) -> Finding {
    let app = AppRegistration::from(&tenant.profile);
    match client.subscribed_skus(&app, &Budget::of(TIME_PER_TENANT)).await {
        Ok(stock) => {
            let licences = count(stock.len(), "licence");
            AREA.good(tenant.key, format!("Signs in and reads {licences}; {}.", tenant.certificate))
        }
        Err(error) => AREA.failure(tenant.key, &error.failure()),
    }
}
