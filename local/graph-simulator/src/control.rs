//! `/simulator/…`: orders to the simulator itself. Not part of Entra or Graph; JSON in and out, errors as
//! `{"error": "…"}`.

mod sites;

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use bytes::Bytes;
use leitwarte_core::stock::LicenceStock;
use leitwarte_core::subscription::Subscription;
use serde::de::DeserializeOwned;
use serde_json::json;
use uuid::Uuid;

use crate::certificate::RegisteredCertificate;
use crate::config::{Settings, Stock};
use crate::entra::api_token::ApiTokens;
use crate::fault::Fault;
use crate::journal::RequestReport;
use crate::sharepoint::ChangeError;
use crate::world::{OrderError, World};

pub(crate) fn routes() -> Router<Arc<World>> {
    Router::new()
        .route("/simulator/faults", post(add_fault))
        .route("/simulator/requests", get(requests))
        .route("/simulator/settings", get(settings).put(set_settings))
        .route("/simulator/tenants/{tenant}/skus", put(set_skus))
        .route("/simulator/tenants/{tenant}/subscriptions", put(set_subscriptions))
        .route("/simulator/tenants/{tenant}/certificates", post(register_certificate))
        .route("/simulator/roles/{application}/{person}", get(roles).put(set_roles))
        .route("/simulator/keys/rotate", post(rotate_key))
        .route("/simulator/reset", post(reset))
        .merge(sites::routes())
}

struct Refused(StatusCode, String);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (self.0, Json(json!({ "error": self.1 }))).into_response()
    }
}

impl From<OrderError> for Refused {
    fn from(error: OrderError) -> Self {
        let status = match error {
            OrderError::UnknownTenant(_)
            | OrderError::UnknownSite(_)
            | OrderError::UnknownList(_)
            | OrderError::List(ChangeError::NoItem) => StatusCode::NOT_FOUND,
            OrderError::Impossible(_) | OrderError::List(_) | OrderError::Flow(_) => StatusCode::BAD_REQUEST,
            OrderError::TooMany => StatusCode::TOO_MANY_REQUESTS,
        };
        Self(status, error.to_string())
    }
}

type Answer<T> = Result<T, Refused>;

fn read<T: DeserializeOwned>(body: &[u8]) -> Answer<T> {
    serde_json::from_slice(body).map_err(|error| Refused(StatusCode::BAD_REQUEST, error.to_string()))
}

/// `POST /simulator/faults`, see [`Fault`].
async fn add_fault(State(world): State<Arc<World>>, body: Bytes) -> Answer<StatusCode> {
    world.inject(read::<Fault>(&body)?)?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /simulator/requests`, see [`RequestReport`].
async fn requests(State(world): State<Arc<World>>) -> Json<RequestReport> {
    Json(world.journal.report())
}

async fn settings(State(world): State<Arc<World>>) -> Json<Settings> {
    Json(world.settings())
}

/// `PUT /simulator/settings`, see [`Settings`]; what the body does not name goes back to its default.
async fn set_settings(State(world): State<Arc<World>>, body: Bytes) -> Answer<Json<Settings>> {
    world.set_settings(read(&body)?)?;
    Ok(Json(world.settings()))
}

/// `PUT /simulator/tenants/{key or GUID}/skus`: the whole list, each as [`LicenceStock`] in JSON.
async fn set_skus(State(world): State<Arc<World>>, Path(tenant): Path<String>, body: Bytes) -> Answer<StatusCode> {
    let stock: Vec<LicenceStock> = read(&body)?;
    world.tenant(&tenant)?.set_stock(Stock::Fixed(stock.into()));
    Ok(StatusCode::NO_CONTENT)
}

/// `PUT /simulator/tenants/{key or GUID}/subscriptions`: the whole list, each as [`Subscription`] in JSON.
async fn set_subscriptions(
    State(world): State<Arc<World>>,
    Path(tenant): Path<String>,
    body: Bytes,
) -> Answer<StatusCode> {
    let subscriptions: Vec<Subscription> = read(&body)?;
    world.tenant(&tenant)?.set_subscriptions(Some(subscriptions.into()));
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /simulator/tenants/{key or GUID}/certificates`: a PEM certificate that may sign from now on, too.
async fn register_certificate(
    State(world): State<Arc<World>>,
    Path(tenant): Path<String>,
    body: String,
) -> Answer<Response> {
    let certificate =
        RegisteredCertificate::from_pem(&body).map_err(|error| Refused(StatusCode::BAD_REQUEST, error.to_string()))?;
    let thumbprint = certificate.thumbprint();
    world.tenant(&tenant)?.register(&Arc::new(certificate));
    Ok((StatusCode::CREATED, Json(json!({ "thumbprint": thumbprint }))).into_response())
}

/// `GET /simulator/roles/{client id}/{object id}`: the app roles a person really holds.
async fn roles(State(world): State<Arc<World>>, Path((application, person)): Path<(Uuid, Uuid)>) -> Json<Vec<String>> {
    Json(world.directory.as_ref().map(|one| one.values_of(person, application)).unwrap_or_default())
}

/// `PUT /simulator/roles/{client id}/{object id}`: a list of values; the person then holds exactly these.
async fn set_roles(
    State(world): State<Arc<World>>,
    Path((application, person)): Path<(Uuid, Uuid)>,
    body: Bytes,
) -> Answer<StatusCode> {
    let values: Vec<String> = read(&body)?;
    let values: Vec<&str> = values.iter().map(String::as_str).collect();
    world.set_roles(person, application, &values)?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /simulator/keys/rotate`: a new key signs the API's tokens; the old ones stay published.
async fn rotate_key(State(world): State<Arc<World>>) -> Answer<StatusCode> {
    let none = || Refused(StatusCode::NOT_FOUND, "this simulator has no API app".to_owned());
    if world.api.is_none() {
        return Err(none());
    }
    // Making an RSA key takes a good part of a second of computing.
    let rotated = tokio::task::spawn_blocking(move || world.api.as_ref().map(ApiTokens::rotate)).await;
    match rotated {
        Ok(Some(Ok(()))) => Ok(StatusCode::NO_CONTENT),
        Ok(Some(Err(error))) => Err(Refused(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())),
        Ok(None) => Err(none()),
        Err(error) => Err(Refused(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())),
    }
}

/// `POST /simulator/reset`: no faults, an empty request log, numbers and settings as at the start. Tokens stay good,
/// lists keep their rows.
async fn reset(State(world): State<Arc<World>>) -> StatusCode {
    world.reset();
    StatusCode::NO_CONTENT
}
