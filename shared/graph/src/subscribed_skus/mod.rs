//! The licences of a tenant: `GET /v1.0/subscribedSkus`.

mod convert;

use leitwarte_core::stock::LicenceStock;
use serde::Deserialize;

use crate::app::AppRegistration;
use crate::budget::Budget;
use crate::client::GraphClient;
use crate::error::{BadAnswer, GraphError};
use crate::transport::bad;

/// The least privilege that reads the licences.
const PERMISSION: &str = "LicenseAssignment.Read.All";

/// Everything [`LicenceStock`] needs and nothing else; service plans alone would be most of the answer.
const SELECT: &str = "skuId,skuPartNumber,appliesTo,capabilityStatus,consumedUnits,prepaidUnits";

/// One product as Graph lists it. Source: Microsoft Learn, "subscribedSku resource type"; by its schema nearly
/// everything may be null.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SubscribedSku {
    #[serde(default)]
    sku_id: Option<String>,
    #[serde(default)]
    sku_part_number: Option<String>,
    #[serde(default)]
    applies_to: Option<String>,
    #[serde(default)]
    capability_status: Option<String>,
    #[serde(default)]
    consumed_units: Option<i64>,
    #[serde(default)]
    prepaid_units: Option<PrepaidUnits>,
}

/// Licences bought, by state. Source: Microsoft Learn, "licenseUnitsDetail resource type".
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PrepaidUnits {
    #[serde(default)]
    enabled: Option<i64>,
    #[serde(default)]
    warning: Option<i64>,
    #[serde(default)]
    suspended: Option<i64>,
    #[serde(default)]
    locked_out: Option<i64>,
}

impl GraphClient {
    /// Every licence of a tenant, ordered by product GUID: all of them or an error, never a part and never an empty
    /// list. Makes requests until `budget` is over at most; what they cost is counted there.
    ///
    /// # Errors
    /// Whatever keeps the tenant from being read; [`GraphError::failure`] puts it in words.
    pub async fn subscribed_skus(
        &self,
        app: &AppRegistration,
        budget: &Budget,
    ) -> Result<Vec<LicenceStock>, GraphError> {
        let address = format!("{}/v1.0/subscribedSkus?$select={SELECT}", app.graph_endpoint);
        let (_, peer) = self.allowed(&address)?;
        let mut session = Self::session(app, budget, PERMISSION);
        let skus: Vec<SubscribedSku> = self.list(&mut session, &address).await?;
        let stock = convert::stock(skus).map_err(|problem| bad(&peer, problem))?;
        if stock.is_empty() {
            return Err(bad(&peer, BadAnswer::Empty));
        }
        Ok(stock)
    }
}
