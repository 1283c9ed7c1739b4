//! Bytes from one side to the other and back.

use std::io;
use std::time::Duration;

use hyper::upgrade::OnUpgrade;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;

/// Bytes copied at once.
const CHUNK: usize = 16 * 1024;

/// A tunnel to open as soon as the client has its answer.
pub(crate) struct Tunnel {
    pub(crate) upgrade: OnUpgrade,
    pub(crate) target: String,
    pub(crate) server: TcpStream,
}

/// Copies both ways until both sides are done, one fails, or nothing passes in either direction for `idle`.
pub(crate) async fn copy<C>(client: C, server: TcpStream, idle: Duration, target: &str)
where
    C: AsyncRead + AsyncWrite + Unpin,
{
    let (mut from_client, mut to_client) = tokio::io::split(client);
    let (mut from_server, mut to_server) = server.into_split();
    let (passed, mut seen) = watch::channel(());
    let quiet = async { while let Ok(Ok(())) = tokio::time::timeout(idle, seen.changed()).await {} };
    let both = async {
        tokio::try_join!(
            one_way(&mut from_client, &mut to_server, &passed),
            one_way(&mut from_server, &mut to_client, &passed)
        )
    };
    tokio::select! {
        result = both => if let Err(error) = result {
            tracing::debug!(target, %error, "tunnel broke off");
        },
        () = quiet => tracing::debug!(target, "tunnel closed: nothing passed through it"),
    }
}

async fn one_way(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    passed: &watch::Sender<()>,
) -> io::Result<()> {
    let mut chunk = vec![0; CHUNK];
    loop {
        let length = from.read(&mut chunk).await?;
        if length == 0 {
            return to.shutdown().await;
        }
        to.write_all(&chunk[..length]).await?;
        passed.send_replace(());
    }
}
