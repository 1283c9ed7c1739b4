//! Notices when the network to the host was away and came back.
//!
//! A worker that waits for its next event sends nothing, so nothing tells it that its connection died with a network that
//! was cut: it would wait for ever beside a host that takes the function for gone.

use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

/// How often the host is looked for, and how long one look may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rhythm {
    pub(crate) every: Duration,
    pub(crate) patience: Duration,
}

impl Default for Rhythm {
    fn default() -> Self {
        Self { every: Duration::from_secs(2), patience: Duration::from_secs(2) }
    }
}

/// When the last outage was last felt; `None` before the first one. Changes only when the host is back.
pub(crate) type LastOutage = watch::Receiver<Option<Instant>>;

/// Looks for `host` (`name:port`) again and again.
pub(crate) fn watch_host(host: String, rhythm: Rhythm) -> LastOutage {
    let (tell, told) = watch::channel(None);
    tokio::spawn(async move {
        let mut felt = None;
        while !tell.is_closed() {
            sleep(rhythm.every).await;
            let began = Instant::now();
            match timeout(rhythm.patience, TcpStream::connect(&host)).await {
                Ok(Ok(_)) if felt.is_some() => _ = tell.send(felt.take()),
                Ok(Ok(_)) => {}
                Ok(Err(_)) | Err(_) => felt = Some(began),
            }
        }
    });
    told
}

/// Completes when the host is back after an outage that a connection made at `since` went through.
pub(crate) async fn outlived_by(outage: &mut LastOutage, since: Instant) {
    if outage.wait_for(|felt| felt.is_some_and(|felt| felt > since)).await.is_err() {
        std::future::pending::<()>().await;
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use tokio::net::TcpListener;

    use super::*;

    const QUICK: Rhythm = Rhythm { every: Duration::from_millis(5), patience: Duration::from_millis(500) };
    const SOON: Duration = Duration::from_secs(20);

    fn bind(address: SocketAddr) -> TcpListener {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.set_reuseaddr(true).unwrap();
        socket.bind(address).unwrap();
        socket.listen(16).unwrap()
    }

    #[tokio::test]
    async fn a_connection_from_before_an_outage_is_given_up_when_the_host_is_back() {
        let listener = bind("127.0.0.1:0".parse().unwrap());
        let address = listener.local_addr().unwrap();
        let before = Instant::now();
        let mut outage = watch_host(address.to_string(), QUICK);
        // Looked for at least once while it is there.
        let _ = listener.accept().await.unwrap();
        assert!(outage.borrow().is_none());
        drop(listener);
        // Away until a look has failed: looks follow one another, so two refusals of our own surround one of them.
        let away = async { while TcpStream::connect(address).await.is_ok() {} };
        timeout(SOON, away).await.unwrap();
        sleep(10 * QUICK.every).await;
        assert!(outage.borrow().is_none(), "nothing can be done while it is away");
        let listener = bind(address);
        timeout(SOON, outlived_by(&mut outage, before)).await.expect("the outage is noticed");
        let _ = listener.accept().await.unwrap();
        let after = Instant::now();
        let calm = timeout(10 * QUICK.every, outlived_by(&mut outage, after)).await;
        assert!(calm.is_err(), "a connection made afterwards is kept");
    }
}
