//! Accepts connections and serves HTTP/1.1 on them until told to stop.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use leitwarte_host::invoke::InvokeClient;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::Layer as _;
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, Predicate as _, SizeAbove};

use crate::handler::{Connection, Handler};
use crate::routes::RouteTable;
use crate::settings::Limits;
use crate::stall::WriteTimeout;

/// Smaller bodies fit into one packet either way.
const COMPRESS_FROM_BYTES: u64 = 1024;
/// Gzip and brotli at this level cost about a tenth of their default and save nearly as much.
const COMPRESSION: CompressionLevel = CompressionLevel::Precise(4);
/// Pause after a failed accept, which usually means that no file descriptor is free.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A gateway that listens.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    handler: Arc<Handler>,
    tls: Option<Arc<ServerConfig>>,
}

impl Server {
    /// Listens at an address; port 0 takes a free one.
    ///
    /// # Errors
    /// The address is taken or not this machine's.
    pub async fn bind(
        address: SocketAddr,
        routes: RouteTable,
        invoke: InvokeClient,
        limits: Limits,
        tls: Option<Arc<ServerConfig>>,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let handler = Arc::new(Handler::new(routes, invoke, limits));
        Ok(Self { listener, handler, tls })
    }

    /// The address it listens at.
    ///
    /// # Errors
    /// The operating system does not say.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `stop`, then lets requests in flight finish within the drain time.
    pub async fn run(self, stop: CancellationToken) {
        let places = Arc::new(Semaphore::new(self.handler.limits().connections));
        let connections = TaskTracker::new();
        loop {
            let next = async {
                let place = Arc::clone(&places).acquire_owned().await;
                (place, self.listener.accept().await)
            };
            let (place, accepted) = tokio::select! {
                next = next => next,
                () = stop.cancelled() => break,
            };
            match accepted {
                Ok((stream, peer)) => {
                    let serving = serve(Arc::clone(&self.handler), stream, peer, self.tls.clone(), stop.clone());
                    connections.spawn(async move {
                        serving.await;
                        drop(place);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection; is the limit of open files too low?");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
        drop(self.listener);
        connections.close();
        if timeout(self.handler.limits().drain_timeout, connections.wait()).await.is_err() {
            tracing::warn!(connections = connections.len(), "stopped with requests unfinished");
        }
    }
}

/// Serves one connection. How it ends is the client's affair and not logged above debug.
async fn serve(
    handler: Arc<Handler>,
    stream: TcpStream,
    peer: SocketAddr,
    tls: Option<Arc<ServerConfig>>,
    stop: CancellationToken,
) {
    // Responses are written in one piece; waiting for more to send only delays them.
    let _ = stream.set_nodelay(true);
    let Ok(local) = stream.local_addr() else { return };
    let connection = Connection::new(peer, local, tls.is_some());
    let stream = WriteTimeout::new(stream, handler.limits().write_timeout);
    let Some(tls) = tls else { return serve_http(handler, connection, stream, stop).await };
    match timeout(handler.limits().handshake_timeout, TlsAcceptor::from(tls).accept(stream)).await {
        Ok(Ok(stream)) => serve_http(handler, connection, stream, stop).await,
        Ok(Err(error)) => tracing::debug!(%error, "TLS handshake failed"),
        Err(_) => tracing::debug!("TLS handshake took too long"),
    }
}

async fn serve_http<S>(handler: Arc<Handler>, connection: Connection, stream: S, stop: CancellationToken)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let limits = handler.limits().clone();
    let respond = tower::service_fn(move |request: http::Request<Incoming>| {
        let handler = Arc::clone(&handler);
        async move { Ok::<_, Infallible>(handler.respond(connection, request).await) }
    });
    let compressing = CompressionLayer::new()
        .quality(COMPRESSION)
        .compress_when(DefaultPredicate::new().and(SizeAbove::new(COMPRESS_FROM_BYTES)))
        .layer(respond);
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_timeout)
        .max_buf_size(limits.head_bytes)
        .max_headers(limits.headers)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(compressing));
    tokio::pin!(serving);
    let ended = tokio::select! {
        ended = serving.as_mut() => ended,
        () = stop.cancelled() => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "connection ended");
    }
}
