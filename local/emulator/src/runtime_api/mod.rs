//! The Lambda Runtime API: how a function's process gets events and answers them.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>. One listener per function.

mod handler;
mod peer;
#[cfg(target_os = "linux")]
mod socket_diagnosis;
#[cfg(target_os = "linux")]
mod socket_table;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::function::Function;
use crate::http::listener;

/// Serves one function's processes until `stop`.
pub(crate) async fn serve(
    function: Arc<Function>,
    listener: TcpListener,
    stop: CancellationToken,
    tracker: TaskTracker,
) {
    let stop_connections = stop.clone();
    listener::accept(listener, stop, tracker, move |stream, peer| {
        let function = Arc::clone(&function);
        let stop = stop_connections.clone();
        async move {
            match peer::may_connect(&stream, peer).await {
                Ok(true) => connection(function, stream, peer, stop).await,
                Ok(false) => {
                    tracing::warn!(
                        function = function.name(),
                        "refused a process of another user; run functions as the emulator's user"
                    );
                }
                Err(error) => tracing::debug!(function = function.name(), %error, "connection closed at once"),
            }
        }
    })
    .await;
}

async fn connection(function: Arc<Function>, stream: TcpStream, peer: SocketAddr, stop: CancellationToken) {
    let id = function.connection_opened(peer.ip());
    let handler = Arc::clone(&function);
    let service = service_fn(move |request| {
        let function = Arc::clone(&handler);
        async move { Ok::<_, io::Error>(handler::handle(&function, id, request).await) }
    });
    let serving = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        // How the connection ended does not matter, only that it did.
        _ = serving => {}
        () = stop.cancelled() => {}
    }
    function.connection_closed(id, peer.ip()).await;
}
