//! The Invoke API: how callers run functions, and the host's own control paths on the same listener.
//!
//! <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>

mod access;
mod dead_letters;
mod functions;
mod invoke;
mod schedules;

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use http::{Method, Request};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

pub(crate) use access::InvokeKey;
pub use access::KeyError;

use crate::function::Registry;
use crate::http::error::ApiError;
use crate::http::{body, listener};
use crate::queue::Queue;

/// How long a connection may take to send a request's head; also how long it may stay idle.
const IDLE: Duration = Duration::from_mins(2);
/// Largest body of a request that is refused anyway and only read so that the client sees the answer.
const MAX_REFUSED_BODY: usize = 8 * 1024 * 1024;

/// What the Invoke API works on.
pub(crate) struct Api {
    pub(crate) registry: Arc<Registry>,
    pub(crate) queue: Queue,
    pub(crate) key: InvokeKey,
    /// Cancelled when no more work is taken.
    pub(crate) stopping: CancellationToken,
}

/// Serves until `stop`; then answers what is running and closes.
pub(crate) async fn serve(api: Arc<Api>, listener: TcpListener, stop: CancellationToken, tracker: TaskTracker) {
    let router = router(Arc::clone(&api));
    let stop_connections = stop.clone();
    listener::accept(listener, stop, tracker, move |stream, peer| {
        connection(Arc::clone(&api), router.clone(), stream, peer, stop_connections.clone())
    })
    .await;
}

fn router(api: Arc<Api>) -> Router {
    Router::new()
        .route("/2015-03-31/functions/{name}/invocations", post(invoke::invoke))
        .route("/2015-03-31/functions", get(functions::list))
        .route("/2015-03-31/functions/", get(functions::list))
        .route("/2015-03-31/functions/{name}", get(functions::get))
        .route("/2015-03-31/functions/{name}/configuration", get(functions::configuration))
        .route("/host/functions", get(functions::report))
        .route("/host/dead-letters", get(dead_letters::list))
        .route("/host/dead-letters/{id}", get(dead_letters::show).delete(dead_letters::discard))
        .route("/host/dead-letters/{id}/redrive", post(dead_letters::redrive))
        .route("/host/schedules/{name}", get(schedules::last_slot))
        .fallback(|| async { ApiError::NotFound("the Invoke API has no such path".to_owned()) })
        .method_not_allowed_fallback(|| async { ApiError::NotFound("this path takes another method".to_owned()) })
        .with_state(api)
}

async fn connection(api: Arc<Api>, router: Router, stream: TcpStream, peer: SocketAddr, stop: CancellationToken) {
    let peer = peer.ip().to_canonical();
    let service = service_fn(move |request| {
        let (api, router) = (Arc::clone(&api), router.clone());
        async move { Ok::<_, Infallible>(answer(&api, router, peer, request).await) }
    });
    let mut serving = std::pin::pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(IDLE)
            .serve_connection(TokioIo::new(stream), service)
    );
    tokio::select! {
        // A client that hung up is none of our business.
        _ = serving.as_mut() => return,
        () = stop.cancelled() => serving.as_mut().graceful_shutdown(),
    }
    let _ = serving.await;
}

async fn answer(api: &Api, router: Router, peer: IpAddr, request: Request<Incoming>) -> Response {
    let refused = api.key.check(peer, request.headers()).and_then(|()| {
        // Looking stays possible to the end, for whoever watches the stop.
        let stopping = api.stopping.is_cancelled() && request.method() != Method::GET;
        if stopping { Err(ApiError::Stopping) } else { Ok(()) }
    });
    if let Err(error) = refused {
        let _ = body::read(request.into_body(), MAX_REFUSED_BODY).await;
        return error.into_response();
    }
    router.oneshot(request).await.unwrap_or_else(|never| match never {})
}
