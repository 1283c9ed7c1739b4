//! Where stock comes from.

use chrono::{DateTime, Utc};
use leitwarte_core::poll::PollFailure;
use leitwarte_core::profile::TenantProfile;
use leitwarte_core::stock::LicenceStock;
use leitwarte_core::subscription::Subscription;
use leitwarte_graph::{AppRegistration, Budget, GraphClient, GraphError};
use tokio::time::Instant;

/// What asking once brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The tenant's whole stock, or why there is none.
    pub stock: Result<Vec<LicenceStock>, PollFailure>,
    /// Requests sent.
    pub requests: u32,
    /// How many of them were repetitions.
    pub retries: u32,
    /// End of the certificate, if it could be read.
    pub certificate_ends_at: Option<DateTime<Utc>>,
}

impl Reading {
    /// Nothing, without having asked.
    #[must_use]
    pub fn failed(failure: PollFailure) -> Self {
        Self { stock: Err(failure), requests: 0, retries: 0, certificate_ends_at: None }
    }
}

/// Whoever can tell a tenant's stock and what it has bought: Microsoft Graph, or a script in a test.
pub trait StockSource: Send + Sync + 'static {
    /// Reads a tenant's whole stock until `deadline` at the latest.
    fn read(&self, profile: &TenantProfile, deadline: Instant) -> impl Future<Output = Reading> + Send;

    /// Reads a tenant's subscriptions until `deadline` at the latest.
    fn subscriptions(
        &self,
        profile: &TenantProfile,
        deadline: Instant,
    ) -> impl Future<Output = Result<Vec<Subscription>, PollFailure>> + Send;
}

impl StockSource for GraphClient {
    async fn read(&self, profile: &TenantProfile, deadline: Instant) -> Reading {
        let app = AppRegistration::from(profile);
        let budget = Budget::until(deadline);
        // Looked at in every poll: while a token lives, nobody signs in, and a certificate gone bad would not show.
        let (certificate_ends_at, stock) = match self.credential(&app, &budget).await {
            Ok(credential) => (Some(credential.not_after()), self.subscribed_skus(&app, &budget).await),
            Err(GraphError::Credential(error)) => (error.not_after(), Err(error.into())),
            Err(error) => (None, Err(error)),
        };
        let stock = stock.map_err(|error| error.failure());
        let spent = budget.spent();
        Reading { stock, requests: spent.requests, retries: spent.retries, certificate_ends_at }
    }

    async fn subscriptions(
        &self,
        profile: &TenantProfile,
        deadline: Instant,
    ) -> Result<Vec<Subscription>, PollFailure> {
        let found = Self::subscriptions(self, &AppRegistration::from(profile), &Budget::until(deadline)).await;
        found.map_err(|error| error.failure())
    }
}
