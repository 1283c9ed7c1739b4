//! Stands between an emulator and its database, and can cut the line.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// The line to a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line {
    Open,
    /// Every connection is closed, and new ones are, too: the server is being restarted.
    Cut,
    /// Nothing passes and nobody says so: a cable is pulled.
    Silent,
    /// Everything passes but the server's word that a transaction is committed; then the connection ends.
    LosesCommits,
}

pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    line: watch::Sender<Line>,
}

impl Proxy {
    /// Passes connections on to `server` until it is told otherwise.
    pub(crate) async fn to(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let (line, state) = watch::channel(Line::Open);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(pass(client, server.clone(), state.clone()));
            }
        });
        Self { address, line }
    }

    pub(crate) fn set(&self, line: Line) {
        self.line.send_replace(line);
    }

    /// Closes every connection, and all that come within `time`.
    pub(crate) async fn restart_server(&self, time: Duration) {
        self.set(Line::Cut);
        tokio::time::sleep(time).await;
        self.set(Line::Open);
    }
}

async fn pass(mut client: TcpStream, server: String, mut line: watch::Receiver<Line>) {
    let at_first = *line.borrow();
    if matches!(at_first, Line::Open | Line::LosesCommits)
        && let Ok(mut server) = TcpStream::connect(server).await
    {
        tokio::select! {
            () = relay(&mut client, &mut server, line.clone()) => return,
            _ = line.wait_for(|line| matches!(line, Line::Cut | Line::Silent)) => {}
        }
        hold_while_silent(&mut line).await;
        return;
    }
    hold_while_silent(&mut line).await;
}

/// Passes everything on until one side ends, or a commit is to be lost.
async fn relay(client: &mut TcpStream, server: &mut TcpStream, line: watch::Receiver<Line>) {
    let (mut from_client, mut to_client) = client.split();
    let (mut from_server, mut to_server) = server.split();
    let answers = async {
        let mut bytes = vec![0; 64 * 1024];
        loop {
            let read = from_server.read(&mut bytes).await.unwrap_or(0);
            // PostgreSQL's CommandComplete: `C`, a length, the tag and a zero.
            let commit = bytes[..read].windows(8).any(|tag| tag == b"\x0bCOMMIT\0");
            let lost = commit && *line.borrow() == Line::LosesCommits;
            if read == 0 || lost || to_client.write_all(&bytes[..read]).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        _ = copy(&mut from_client, &mut to_server) => {}
        () = answers => {}
    }
}

/// Keeps what the caller holds open as long as nobody is to notice anything.
async fn hold_while_silent(line: &mut watch::Receiver<Line>) {
    let _ = line.wait_for(|line| *line != Line::Silent).await;
}
