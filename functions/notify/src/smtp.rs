//! Mail, with lettre.
//!
//! lettre's own transport cannot go through the egress proxy, and does not tell whether a failed mail may have arrived. So
//! the connection is made here, the dialogue is lettre's, and it is led command by command.

use std::fs;
use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, Utc};
use leitwarte_core::notifications::{Security, Smtp};
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, AsyncTokioStream, Certificate, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use lettre::{Address, transport::smtp};
use secrecy::ExposeSecret as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use url::Url;

use crate::channel::{Outgoing, SendError};
use crate::{mail, secret, tls};

/// One mail takes no longer.
const LONGEST: Duration = Duration::from_secs(30);

/// Longest head of a proxy's answer.
const LONGEST_HEAD: usize = 8 * 1024;

/// Sends one mail.
///
/// # Errors
/// Nobody got it, or nobody knows.
pub async fn send(
    channel: &Smtp,
    profiles_dir: &Path,
    proxy: Option<&Url>,
    outgoing: &Outgoing,
    now: DateTime<Utc>,
) -> Result<(), SendError> {
    let message = mail::mime(&channel.sender, &channel.recipients, outgoing, now)?;
    // Whatever is under way when the time is over has not reached the end of a mail: that has a time of its own.
    let opened = tokio::time::timeout(LONGEST, open(channel, profiles_dir, proxy));
    let mut connection = opened.await.map_err(|_| too_slow(channel))??;
    let accepted = tokio::time::timeout(LONGEST, envelope(channel, &mut connection));
    accepted.await.map_err(|_| too_slow(channel))??;
    let unknown =
        |problem: String| SendError::Unknown(format!("{} did not say that it took the mail: {problem}", channel.host));
    match tokio::time::timeout(LONGEST, connection.message(&message)).await {
        Ok(Ok(_)) => {}
        // The server has answered, and the answer is no.
        Ok(Err(error)) if error.is_permanent() || error.is_transient() => {
            return Err(refused(channel, "the mail", &error));
        }
        Ok(Err(error)) => return Err(unknown(causes(&error))),
        Err(_) => return Err(unknown(format!("no answer within {} s", LONGEST.as_secs()))),
    }
    // The mail is the server's now; how the connection ends matters to nobody.
    let _ = tokio::time::timeout(Duration::from_secs(2), connection.quit()).await;
    Ok(())
}

async fn open(channel: &Smtp, profiles_dir: &Path, proxy: Option<&Url>) -> Result<AsyncSmtpConnection, SendError> {
    let hello = ClientId::default();
    let stream = connect(channel, proxy).await?;
    let stream: Box<dyn AsyncTokioStream> = if channel.security == Security::Tls {
        let ca = ca(channel, profiles_dir)?;
        let secured = tls::secure(stream, &channel.host, ca.as_deref()).await;
        Box::new(secured.map_err(|problem| not_secured(channel, &problem))?)
    } else {
        Box::new(stream)
    };
    let greeted = AsyncSmtpConnection::connect_with_transport(stream, &hello).await;
    let mut connection = greeted.map_err(|error| refused(channel, "the connection", &error))?;
    if channel.security == Security::Starttls {
        let secured = connection.starttls(parameters(channel, profiles_dir)?, &hello).await;
        secured.map_err(|error| refused(channel, "TLS (STARTTLS)", &error))?;
    }
    if let (Some(user), Some(file)) = (&channel.user, &channel.password_file) {
        let password = secret::read(file, "password_file", profiles_dir)?;
        let credentials = Credentials::new(user.clone(), password.expose_secret().to_owned());
        let signed_in = connection.auth(DEFAULT_MECHANISMS, &credentials).await;
        signed_in.map_err(|error| refused(channel, "the sign-in", &error))?;
    }
    Ok(connection)
}

/// Through the proxy, unless the server is this machine.
async fn connect(channel: &Smtp, proxy: Option<&Url>) -> Result<TcpStream, SendError> {
    let (host, port) = (&channel.host, channel.port());
    let is_here = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    let unreachable = |problem: String| SendError::NotSent(format!("{host}:{port} cannot be reached: {problem}"));
    let Some(proxy) = proxy.filter(|_| !is_here) else {
        return TcpStream::connect((host.as_str(), port)).await.map_err(|error| unreachable(error.to_string()));
    };
    through(proxy, &format!("{host}:{port}")).await.map_err(|problem| {
        unreachable(format!(
            "the proxy refuses, or cannot reach it either ({problem}); {host}:{port} has to stand in EGRESS_EXTRA"
        ))
    })
}

/// A tunnel through an HTTP proxy. The head of the proxy's answer is read byte by byte: a mail server speaks first, and its
/// greeting may come right behind. (Clients made for TLS, where the server speaks second, wait for ever then.)
async fn through(proxy: &Url, target: &str) -> Result<TcpStream, String> {
    let (Some(host), Some(port)) = (proxy.host_str(), proxy.port_or_known_default()) else {
        return Err("HTTPS_PROXY is not http://host:port".to_owned());
    };
    let mut stream = TcpStream::connect((host, port)).await.map_err(|error| format!("{host}:{port}: {error}"))?;
    let request = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.map_err(|error| error.to_string())?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() > LONGEST_HEAD {
            return Err("its answer is no HTTP".to_owned());
        }
        head.push(stream.read_u8().await.map_err(|error| error.to_string())?);
    }
    let head = String::from_utf8_lossy(&head);
    let line = head.lines().next().unwrap_or_default();
    let status = line.strip_prefix("HTTP/1.").and_then(|line| line.split(' ').nth(1)).unwrap_or_default();
    if status == "200" { Ok(stream) } else { Err(line.to_owned()) }
}

/// The certificate of a private authority, where one is named.
fn ca(channel: &Smtp, profiles_dir: &Path) -> Result<Option<Vec<u8>>, SendError> {
    let Some(file) = &channel.ca_file else { return Ok(None) };
    let path = secret::resolve(file, profiles_dir);
    fs::read(&path).map(Some).map_err(|error| SendError::NotSent(format!("{} (ca_file): {error}", path.display())))
}

fn parameters(channel: &Smtp, profiles_dir: &Path) -> Result<TlsParameters, SendError> {
    let mut tls = TlsParameters::builder(channel.host.clone());
    if let Some(pem) = ca(channel, profiles_dir)? {
        let unusable = |error: smtp::Error| SendError::NotSent(format!("ca_file cannot be used: {}", causes(&error)));
        tls = tls.add_root_certificate(Certificate::from_pem(&pem).map_err(unusable)?);
    }
    tls.build_rustls().map_err(|error| SendError::NotSent(format!("TLS cannot start: {}", causes(&error))))
}

/// Says who it is from and for whom. It is enough that the server takes one recipient: the others' trouble is told.
async fn envelope(channel: &Smtp, connection: &mut AsyncSmtpConnection) -> Result<(), SendError> {
    let address =
        |text: &String| text.parse::<Address>().map_err(|error| SendError::NotSent(format!("{text}: {error}")));
    let sender = connection.command(Mail::new(Some(address(&channel.sender)?), Vec::new())).await;
    sender.map_err(|error| refused(channel, &format!("the sender {}", channel.sender), &error))?;
    let (mut accepted, mut problem) = (0, None);
    for recipient in &channel.recipients {
        match connection.command(Rcpt::new(address(recipient)?, Vec::new())).await {
            Ok(_) => accepted += 1,
            Err(error) => {
                let error = refused(channel, &format!("the recipient {recipient}"), &error);
                tracing::warn!(channel = channel.name, %error, "a recipient gets no mail");
                problem.get_or_insert(error);
            }
        }
    }
    if let Some(problem) = problem.filter(|_| accepted == 0) {
        return Err(problem);
    }
    let data = connection.command(Data).await;
    data.map_err(|error| refused(channel, "the mail", &error)).map(drop)
}

fn not_secured(channel: &Smtp, problem: &str) -> SendError {
    let hint = if problem.contains("certificate") {
        "a private authority's certificate goes into `ca_file`"
    } else {
        "a server that begins with STARTTLS (port 587) needs `\"security\": \"starttls\"`"
    };
    SendError::NotSent(format!("{} does not take TLS from the first byte: {problem}; {hint}", channel.host))
}

fn refused(channel: &Smtp, what: &str, error: &smtp::Error) -> SendError {
    let problem = causes(error);
    // lettre calls a failed handshake a connection error.
    let hint = if error.is_tls() || problem.contains("certificate") {
        "; a private authority's certificate goes into `ca_file`"
    } else {
        ""
    };
    SendError::NotSent(format!("{} does not take {what}: {problem}{hint}", channel.host))
}

fn too_slow(channel: &Smtp) -> SendError {
    SendError::NotSent(format!("{} did not answer within {} s", channel.host, LONGEST.as_secs()))
}

/// An error with everything that caused it.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    /// What a proxy answers, in one piece, and what the tunnel begins with.
    async fn tunnel(answer: &'static str) -> Result<String, String> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let serving = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 1024];
            let read = stream.read(&mut request).await.unwrap();
            stream.write_all(answer.as_bytes()).await.unwrap();
            String::from_utf8_lossy(&request[..read]).into_owned()
        });
        let opened = through(&proxy, "mail.contoso.example:587").await;
        assert!(serving.await.unwrap().starts_with("CONNECT mail.contoso.example:587 HTTP/1.1\r\n"));
        let mut rest = String::new();
        opened?.read_to_string(&mut rest).await.unwrap();
        Ok(rest)
    }

    #[tokio::test]
    async fn a_greeting_that_comes_right_behind_the_proxys_answer_is_not_lost() {
        assert_eq!(tunnel("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n220 hello\r\n").await.unwrap(), "220 hello\r\n");
    }

    #[tokio::test]
    async fn a_proxy_that_refuses_is_quoted() {
        assert_eq!(tunnel("HTTP/1.1 403 Forbidden\r\n\r\n").await.unwrap_err(), "HTTP/1.1 403 Forbidden");
        assert!(tunnel("").await.is_err());
    }
}
