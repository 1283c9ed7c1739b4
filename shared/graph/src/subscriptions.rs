//! What a tenant has bought: `GET /v1.0/directory/subscriptions`.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use leitwarte_core::Uuid;
use leitwarte_core::stock::CapabilityStatus;
use leitwarte_core::subscription::{PERMISSION, Subscription};
use serde::Deserialize;

use crate::app::AppRegistration;
use crate::budget::Budget;
use crate::client::GraphClient;
use crate::error::GraphError;

/// What [`Subscription`] needs and nothing else.
const SELECT: &str = "id,commerceSubscriptionId,skuId,skuPartNumber,status,totalLicenses,isTrial,createdDateTime,\
                      nextLifecycleDateTime";

/// One subscription as Graph lists it. Source: Microsoft Learn, "companySubscription resource type"; by its schema
/// everything but `id` may be null.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct CompanySubscription {
    id: Option<String>,
    commerce_subscription_id: Option<String>,
    sku_id: Option<String>,
    sku_part_number: Option<String>,
    status: Option<String>,
    total_licenses: Option<i64>,
    is_trial: Option<bool>,
    created_date_time: Option<String>,
    next_lifecycle_date_time: Option<String>,
}

impl GraphClient {
    /// Every subscription of a tenant, ordered by GUID; none where there is none. Makes requests until `budget` is over at
    /// most.
    ///
    /// # Errors
    /// Whatever keeps them from being read; [`GraphError::Forbidden`] where the application may not.
    pub async fn subscriptions(&self, app: &AppRegistration, budget: &Budget) -> Result<Vec<Subscription>, GraphError> {
        let address = format!("{}/v1.0/directory/subscriptions?$select={SELECT}", app.graph_endpoint);
        let mut session = Self::session(app, budget, PERMISSION);
        let listed: Vec<CompanySubscription> = self.list(&mut session, &address).await?;
        let by_id: BTreeMap<Uuid, Subscription> =
            listed.into_iter().filter_map(convert).map(|subscription| (subscription.id, subscription)).collect();
        Ok(by_id.into_values().collect())
    }
}

/// From Graph's words to ours; `None` for what belongs to no product, which tells nobody anything.
fn convert(listed: CompanySubscription) -> Option<Subscription> {
    let guid = |text: Option<String>| text.and_then(|text| Uuid::parse_str(&text).ok()).filter(|id| !id.is_nil());
    let time = |text: Option<String>| {
        text.and_then(|text| DateTime::parse_from_rfc3339(&text).ok()).map(|time| time.with_timezone(&Utc))
    };
    let sku_id = guid(listed.sku_id)?;
    Some(Subscription {
        id: guid(listed.id).or_else(|| guid(listed.commerce_subscription_id))?,
        sku_id,
        part_number: listed.sku_part_number.filter(|name| !name.is_empty()).unwrap_or_else(|| sku_id.to_string()),
        // What is not known to be over counts as in force: its end is shown, and bought licences are no trial.
        status: listed.status.as_deref().and_then(CapabilityStatus::parse).unwrap_or(CapabilityStatus::Enabled),
        licences: listed.total_licenses.unwrap_or(0).max(0),
        // Unless Microsoft says that it is one: a shortage of a trial is not told.
        is_trial: listed.is_trial.unwrap_or(false),
        created_at: time(listed.created_date_time),
        next_lifecycle_at: time(listed.next_lifecycle_date_time),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn converted(listed: Value) -> Option<Subscription> {
        convert(serde_json::from_value(listed).unwrap())
    }

    /// The example of Microsoft Learn, "List subscriptions".
    fn documented() -> Value {
        json!({
            "createdDateTime": "2023-01-01T00:00:00Z",
            "commerceSubscriptionId": "f9c1ea2d-2c6e-4717-8c3b-7130812d70ba",
            "id": "860697e3-b0aa-4196-a6c6-7ec361ed58f7",
            "isTrial": false,
            "nextLifecycleDateTime": "2023-02-01T00:00:00Z",
            "serviceStatus": [{ "appliesTo": "User", "provisioningStatus": "Success" }],
            "skuId": "0816ccb9-3785-4d19-bf78-6c53e2106509",
            "skuPartNumber": "MyPartNumber",
            "status": "Enabled",
            "totalLicenses": 25,
            "ownerId": "fe04f19f-d924-42b7-9dee-edf4e3fab7f6",
            "ownerTenantId": "331af819-4e0b-49f7-a6bf-14e1165ad3a0",
            "ownerType": "User"
        })
    }

    #[test]
    fn the_documented_example_is_understood() {
        let found = converted(documented()).unwrap();
        assert_eq!(found.id.to_string(), "860697e3-b0aa-4196-a6c6-7ec361ed58f7");
        assert_eq!((found.licences, found.is_trial, found.status), (25, false, CapabilityStatus::Enabled));
        assert_eq!(found.next_lifecycle_at.unwrap().to_rfc3339(), "2023-02-01T00:00:00+00:00");
        assert_eq!((found.part_number.as_str(), found.created_at.is_some()), ("MyPartNumber", true));
    }

    #[test]
    fn what_is_left_out_neither_hides_a_shortage_nor_invents_an_end() {
        let mut listed = documented();
        for name in ["isTrial", "nextLifecycleDateTime", "totalLicenses", "status", "createdDateTime", "id"] {
            listed[name] = Value::Null;
        }
        let found = converted(listed).unwrap();
        assert_eq!(found.id.to_string(), "f9c1ea2d-2c6e-4717-8c3b-7130812d70ba", "the commerce system's id will do");
        assert_eq!((found.licences, found.is_trial, found.next_lifecycle_at), (0, false, None));
        assert_eq!(found.status, CapabilityStatus::Enabled);
    }

    #[test]
    fn what_belongs_to_no_product_is_left_out() {
        let mut listed = documented();
        listed["skuId"] = Value::Null;
        assert_eq!(converted(listed), None);
        assert_eq!(converted(json!({})), None);
    }
}
