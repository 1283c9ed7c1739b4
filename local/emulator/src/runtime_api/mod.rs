//! The Lambda Runtime API: how a function's process gets events and answers them.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>. One listener per function.

mod handler;
mod keepalive;
mod local_host;
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
pub(crate) use local_host::{LocalHost, system_resolver};

/// Serves one function's processes until `stop`, with `host` only those that connect to an address of that name.
pub(crate) async fn serve(
    function: Arc<Function>,
    host: Option<LocalHost>,
    listener: TcpListener,
    stop: CancellationToken,
    tracker: TaskTracker,
) {
    let (host, stop_connections) = (Arc::new(host), stop.clone());
    listener::accept(listener, stop, tracker, move |stream, peer| {
        let (function, host, stop) = (Arc::clone(&function), Arc::clone(&host), stop_connections.clone());
        async move {
            match is_welcome(&function, host.as_ref().as_ref(), &stream, peer).await {
                Ok(true) => connection(function, stream, peer, stop).await,
                Ok(false) => {}
                Err(error) => tracing::debug!(function = function.name(), %error, "connection closed at once"),
            }
        }
    })
    .await;
}

/// Whether a connection may read and answer this function's events; says why not.
async fn is_welcome(
    function: &Function,
    host: Option<&LocalHost>,
    stream: &TcpStream,
    peer: SocketAddr,
) -> io::Result<bool> {
    if let Some(host) = host
        && !host.serves(function.name(), stream.local_addr()?.ip()).await
    {
        return Ok(false);
    }
    let own = peer::may_connect(stream, peer).await?;
    if !own {
        tracing::warn!(
            function = function.name(),
            "refused a process of another user; run functions as the emulator's user"
        );
    }
    Ok(own)
}

async fn connection(function: Arc<Function>, stream: TcpStream, peer: SocketAddr, stop: CancellationToken) {
    if let Err(error) = keepalive::watch(&stream) {
        tracing::debug!(function = function.name(), %error, "a cut network will not be noticed on this connection");
    }
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
