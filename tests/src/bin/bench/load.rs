//! A closed-loop load: each caller keeps one connection and sends its next request when it has the answer, at once or
//! after a pause.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// One request, sent again and again.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) method: Method,
    /// `host:port`.
    pub(crate) address: String,
    pub(crate) path: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: &'static str,
}

/// Who calls at once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Crowd {
    /// How many.
    pub(crate) callers: usize,
    /// How long each looks at an answer before it asks again.
    pub(crate) pause: Duration,
}

impl Crowd {
    /// Callers that ask again as soon as they have the answer.
    pub(crate) fn restless(callers: usize) -> Self {
        Self { callers, pause: Duration::ZERO }
    }
}

/// What a load showed.
#[derive(Debug, Clone)]
pub(crate) struct Measured {
    /// Answers per second, all callers together.
    pub(crate) per_second: f64,
    /// Times from request to last byte, sorted.
    latencies: Vec<Duration>,
}

impl Measured {
    /// The latency that this share (0 to 1) of the calls did not exceed, in milliseconds.
    pub(crate) fn quantile_ms(&self, share: f64) -> f64 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "an index"
        )]
        let index = ((self.latencies.len() as f64 - 1.0) * share).round() as usize;
        self.latencies.get(index).map_or(f64::NAN, |latency| latency.as_secs_f64() * 1000.0)
    }
}

/// Loads one address for `time`, after a short warm-up that does not count. Every answer must be a success.
pub(crate) async fn run(call: &Call, crowd: Crowd, time: Duration) -> Result<Measured> {
    let warm_up = time / 5;
    let start = Instant::now();
    let tasks: Vec<_> = (0..crowd.callers)
        .map(|number| tokio::spawn(one_caller(call.clone(), (number, crowd), start, (warm_up, time))))
        .collect();
    let mut latencies = Vec::new();
    for task in tasks {
        latencies.extend(task.await??);
    }
    latencies.sort_unstable();
    #[expect(clippy::cast_precision_loss, reason = "a count of calls")]
    let per_second = latencies.len() as f64 / time.as_secs_f64();
    Ok(Measured { per_second, latencies })
}

async fn one_caller(
    call: Call,
    (number, crowd): (usize, Crowd),
    start: Instant,
    (warm_up, time): (Duration, Duration),
) -> Result<Vec<Duration>> {
    let mut connection = connect(&call.address).await?;
    if !crowd.pause.is_zero() {
        // People do not all begin at the same moment.
        let place = u32::try_from(number)?;
        tokio::time::sleep(crowd.pause * place / u32::try_from(crowd.callers)?).await;
    }
    let mut latencies = Vec::with_capacity(65_536);
    loop {
        let sent = Instant::now();
        once(&mut connection, &call).await?;
        let answered = Instant::now();
        if answered - start > warm_up + time {
            return Ok(latencies);
        }
        if sent - start > warm_up {
            latencies.push(answered - sent);
        }
        if !crowd.pause.is_zero() {
            tokio::time::sleep(crowd.pause).await;
        }
    }
}

/// Opens a connection of one caller.
pub(crate) async fn connect(address: &str) -> Result<SendRequest<Full<Bytes>>> {
    let stream = TcpStream::connect(address).await.with_context(|| format!("cannot connect to {address}"))?;
    stream.set_nodelay(true)?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(sender)
}

/// Sends one request and reads the whole answer.
pub(crate) async fn once(connection: &mut SendRequest<Full<Bytes>>, call: &Call) -> Result<Bytes> {
    let mut request = Request::builder().method(&call.method).uri(&call.path).header("host", &call.address);
    for (name, value) in &call.headers {
        request = request.header(*name, value);
    }
    connection.ready().await?;
    let answer = connection.send_request(request.body(Full::from(call.body))?).await?;
    let status = answer.status();
    let body = answer.into_body().collect().await?.to_bytes();
    ensure!(
        status.is_success(),
        "{} {} answered {status}: {:?}",
        call.method,
        call.path,
        body.slice(..body.len().min(300))
    );
    Ok(body)
}
