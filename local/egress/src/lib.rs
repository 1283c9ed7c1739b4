//! The only way out of the containers: a forward proxy that connects to listed hosts and to nothing else.
//!
//! It understands `CONNECT` alone, so what passes is TLS from end to end and cannot be read or changed here. Names are
//! resolved here; the functions' networks know no others than their own.

mod allowed;
mod tunnel;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::uri::Authority;
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use allowed::{Allowed, BadEntry};

/// Bounds of the proxy.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections at once; more wait to be accepted.
    pub connections: usize,
    /// Time for the request's head.
    pub head: Duration,
    /// Time to resolve a name and connect.
    pub connect: Duration,
    /// A tunnel through which nothing passes for this long is closed.
    pub idle: Duration,
    /// How long open tunnels may go on after the stop.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 512,
            head: Duration::from_secs(10),
            connect: Duration::from_secs(10),
            idle: Duration::from_mins(5),
            drain: Duration::from_secs(5),
        }
    }
}

type Answer = Response<Full<Bytes>>;

/// Serves until `stop`, then lets open tunnels go on for a moment.
pub async fn serve(listener: TcpListener, allowed: Allowed, limits: Limits, stop: CancellationToken) {
    let allowed = Arc::new(allowed);
    let places = Arc::new(Semaphore::new(limits.connections));
    let tracker = TaskTracker::new();
    let closing = CancellationToken::new();
    loop {
        let accepted = async {
            let place = Arc::clone(&places).acquire_owned().await.ok()?;
            Some((place, listener.accept().await))
        };
        let (place, (stream, client)) = tokio::select! {
            () = stop.cancelled() => break,
            accepted = accepted => match accepted {
                Some((place, Ok(connection))) => (place, connection),
                // Out of file descriptors, most likely: some will be free in a moment.
                Some((_, Err(error))) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
                None => break,
            },
        };
        let (allowed, closing) = (Arc::clone(&allowed), closing.clone());
        tracker.spawn(async move {
            tokio::select! {
                () = connection(stream, client, &allowed, limits) => {}
                () = closing.cancelled() => {}
            }
            drop(place);
        });
    }
    drop(listener);
    tracker.close();
    let _ = tokio::time::timeout(limits.drain, tracker.wait()).await;
    closing.cancel();
    tracker.wait().await;
}

/// One client: its request, then the tunnel it asked for.
async fn connection(stream: TcpStream, client: SocketAddr, allowed: &Allowed, limits: Limits) {
    let (tunnels, mut tunnel) = tokio::sync::mpsc::channel(1);
    let service = service_fn(|request: Request<Incoming>| {
        let tunnels = tunnels.clone();
        async move { Ok::<_, Infallible>(handle(request, client, allowed, limits, tunnels).await) }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(limits.head).max_buf_size(16 * 1024).keep_alive(false);
    if let Err(error) = http.serve_connection(TokioIo::new(stream), service).with_upgrades().await {
        tracing::debug!(%client, %error, "connection ended early");
    }
    drop(tunnels);
    if let Some(tunnel::Tunnel { upgrade, target, server }) = tunnel.recv().await {
        match upgrade.await {
            Ok(upgraded) => tunnel::copy(TokioIo::new(upgraded), server, limits.idle, &target).await,
            Err(error) => tracing::debug!(%client, target, %error, "the client left before its tunnel opened"),
        }
    }
}

async fn handle(
    mut request: Request<Incoming>,
    client: SocketAddr,
    allowed: &Allowed,
    limits: Limits,
    tunnels: tokio::sync::mpsc::Sender<tunnel::Tunnel>,
) -> Answer {
    if request.method() == Method::GET && request.uri().path() == "/health" && request.uri().authority().is_none() {
        return answer(StatusCode::OK, "ok\n".to_owned());
    }
    if request.method() != Method::CONNECT {
        let text = "This proxy understands CONNECT only: use https.\n";
        return answer(StatusCode::METHOD_NOT_ALLOWED, text.to_owned());
    }
    let target = request.uri().authority().cloned();
    let Some((host, port)) = target.as_ref().and_then(|target| allowed.check(target)) else {
        let target = target.as_ref().map(without_credentials).unwrap_or_default();
        tracing::warn!(%client, target, "refused: not in EGRESS_ALLOW");
        let text = format!("{target} is not in EGRESS_ALLOW; add it there if it may be reached.\n");
        return answer(StatusCode::FORBIDDEN, text);
    };
    let target = format!("{host}:{port}");
    match tokio::time::timeout(limits.connect, TcpStream::connect((host.as_str(), port))).await {
        Ok(Ok(server)) => {
            let _ = server.set_nodelay(true);
            tracing::debug!(%client, target, "tunnel");
            let upgrade = hyper::upgrade::on(&mut request);
            let _ = tunnels.send(tunnel::Tunnel { upgrade, target, server }).await;
            answer(StatusCode::OK, String::new())
        }
        Ok(Err(error)) => {
            tracing::warn!(target, %error, "cannot connect");
            answer(StatusCode::BAD_GATEWAY, format!("Cannot connect to {target}: {error}.\n"))
        }
        Err(_) => {
            tracing::warn!(target, "no connection in time");
            answer(StatusCode::GATEWAY_TIMEOUT, format!("No connection to {target} within {:?}.\n", limits.connect))
        }
    }
}

/// The target as it may be shown: what stands before an at sign can be a password.
fn without_credentials(target: &Authority) -> &str {
    target.as_str().rsplit('@').next().unwrap_or_default()
}

fn answer(status: StatusCode, text: String) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from(text)));
    *answer.status_mut() = status;
    answer
}
