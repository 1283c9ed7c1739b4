//! The function `notify`: carries the messages of the outbox to people, by mail and to Teams.
//!
//! Whoever finds something out (a poll, a look at the certificates) writes a message in the same transaction. Each
//! invocation here sends what is due on each channel of `notifications/notifications.json`, and notes each attempt before
//! and after it. One process at a time sends (a lease).

pub mod bundle;
pub mod channel;
pub mod graph_mail;
mod mail;
mod secret;
pub mod smtp;
pub mod teams;
mod tls;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use chrono::{DateTime, TimeDelta, Utc};
use leitwarte_core::Uuid;
use leitwarte_core::hosts::AllowedHosts;
use leitwarte_core::message::Message;
use leitwarte_core::message::words::digest;
use leitwarte_core::notifications::{Channel, FILE, Notifications};
use leitwarte_graph::GraphClient;
use leitwarte_runtime::{Config, FunctionError, text_file};
use leitwarte_store::{Attempt, Store};
use serde::Serialize;
use tokio::time::Instant;
use url::Url;

use bundle::{Bundle, bundles};
use channel::{Outgoing, SendError};

/// One message takes no longer, whatever the channel: three waits of 30 s.
const LONGEST_ATTEMPT: Duration = Duration::from_secs(95);
/// An attempt whose end nobody noted is repeated after this.
const AGAIN_AFTER: TimeDelta = TimeDelta::minutes(5);
const LEASE: &str = "notify";

/// What the handler needs.
#[derive(Debug)]
pub struct Deps {
    /// Where the messages are.
    pub store: Store,
    /// `PROFILES_DIR`.
    pub profiles_dir: PathBuf,
    /// Hosts beside Microsoft's that may be asked.
    pub hosts: AllowedHosts,
    /// For Teams.
    pub http: reqwest::Client,
    /// For mail through Graph.
    pub graph: GraphClient,
    /// `HTTPS_PROXY`, for mail.
    pub proxy: Option<Url>,
    /// The time.
    pub clock: fn() -> DateTime<Utc>,
    /// Marks and holders.
    pub new_id: fn() -> Uuid,
}

/// What was done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Messages that were new.
    pub new: usize,
    /// Messages sent, each channel counted.
    pub sent: usize,
    /// Messages that are tried again later.
    pub later: usize,
    /// Messages given up.
    pub given_up: usize,
    /// Somebody else is sending right now.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub busy: bool,
}

impl Deps {
    /// Opens the database.
    ///
    /// # Errors
    /// A setting that cannot be used, or a database that cannot be opened.
    pub async fn open(config: &Config, clock: fn() -> DateTime<Utc>, new_id: fn() -> Uuid) -> anyhow::Result<Self> {
        let store =
            leitwarte_store::Config { database_url: config.database_url.clone(), read_only: false, max_connections: 2 };
        let hosts = leitwarte_graph::AllowedHosts::parse(&config.graph_extra_hosts)?;
        let graph = leitwarte_graph::Config::new(&config.profiles_dir, hosts, clock, new_id);
        let proxy = std::env::var("HTTPS_PROXY").ok().filter(|proxy| !proxy.is_empty());
        Ok(Self {
            store: Store::open(&store).await.context("cannot open the database")?,
            profiles_dir: config.profiles_dir.clone(),
            hosts: AllowedHosts::parse(&config.graph_extra_hosts)?,
            http: client()?,
            graph: GraphClient::new(graph).context("cannot build the client of Microsoft Graph")?,
            proxy: proxy.map(|proxy| Url::parse(&proxy)).transpose().context("HTTPS_PROXY is no address")?,
            clock,
            new_id,
        })
    }
}

/// The HTTPS client for Teams: no redirects, because a redirect would take the message elsewhere.
///
/// # Errors
/// It cannot start.
pub fn client() -> anyhow::Result<reqwest::Client> {
    let builder = reqwest::Client::builder()
        .connect_timeout(Duration::from_secs(10))
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .user_agent("Leitwarte");
    builder.build().context("the HTTPS client cannot start")
}

/// Sends what is due until `deadline`, when the host gives up.
///
/// # Errors
/// The profile cannot be used, or the database fails. What is wrong with a channel is noted with its messages.
pub async fn handle(deps: &Deps, deadline: std::time::Instant) -> Result<Report, FunctionError> {
    let end = Instant::from_std(deadline);
    let holder = (deps.new_id)().to_string();
    let time = TimeDelta::from_std(end.saturating_duration_since(Instant::now())).unwrap_or(TimeDelta::zero());
    if !deps.store.take_lease(LEASE, &holder, (deps.clock)(), time).await? {
        return Ok(Report { busy: true, ..Report::default() });
    }
    let sent = send_due(deps, end).await;
    deps.store.release_lease(LEASE, &holder).await?;
    sent
}

async fn send_due(deps: &Deps, end: Instant) -> Result<Report, FunctionError> {
    let profile = profile(deps).await?;
    let names: Vec<String> = profile.channels.iter().map(|channel| channel.name().to_owned()).collect();
    let new = deps.store.spread_messages(&names, (deps.clock)()).await?;
    let mut report = Report { new, ..Report::default() };
    let due = deps.store.due_deliveries((deps.clock)()).await?;
    for bundle in bundles(due, profile.digest_from) {
        if Instant::now() + LONGEST_ATTEMPT > end {
            break;
        }
        match profile.channels.iter().find(|channel| channel.name() == bundle.channel) {
            Some(channel) => attempt(deps, &profile, channel, bundle, &mut report).await?,
            None => give_up_without_channel(deps, &bundle, &mut report).await?,
        }
    }
    if report != Report::default() {
        let Report { new, sent, later, given_up, .. } = report;
        tracing::info!(new, sent, later, given_up, "messages");
    }
    Ok(report)
}

/// The profile; without one there are no channels: the SharePoint flows tell people, or nobody does.
async fn profile(deps: &Deps) -> Result<Notifications, FunctionError> {
    let path = deps.profiles_dir.join(FILE);
    let failed = |problem: String| FunctionError::new("ProfileFailed", format!("{FILE} cannot be used: {problem}"));
    match text_file::read(path).await {
        Ok(json) => Notifications::parse(&json).map_err(|error| failed(error.to_string())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Notifications::default()),
        Err(error) => Err(failed(error.to_string())),
    }
}

async fn attempt(
    deps: &Deps,
    profile: &Notifications,
    channel: &Channel,
    mut bundle: Bundle,
    report: &mut Report,
) -> Result<(), FunctionError> {
    let mark = bundle.mark.clone().unwrap_or_else(|| (deps.new_id)().to_string());
    let now = (deps.clock)();
    let begun = deps.store.begin_attempt(channel.name(), &bundle.numbers(), &mark, now + AGAIN_AFTER).await;
    let wanted = begun?;
    // What an incident's end has made pointless meanwhile is not sent.
    bundle.deliveries.retain(|delivery| wanted.contains(&delivery.number));
    let messages: Vec<Message> = bundle.deliveries.iter().map(|delivery| delivery.message.clone()).collect();
    let text = match messages.as_slice() {
        [] => return Ok(()),
        [one] => one.text(profile.language),
        several => digest(several, profile.language),
    };
    let sent = send(deps, channel, &Outgoing { text, mark }).await;
    let (attempt, count) = match sent {
        Ok(()) => (Attempt::Sent, &mut report.sent),
        Err(error) => {
            let count = messages.len();
            if let Some(at) = bundle.again_at((deps.clock)()) {
                tracing::warn!(channel = channel.name(), messages = count, %error, again_at = %at, "not told");
                (Attempt::Later { at, unknown: error.is_unknown(), error: error.to_string() }, &mut report.later)
            } else {
                tracing::error!(channel = channel.name(), messages = count, %error, "given up: nobody was told");
                (Attempt::GivenUp { error: error.to_string() }, &mut report.given_up)
            }
        }
    };
    *count += messages.len();
    Ok(deps.store.end_attempt(channel.name(), &wanted, &attempt, (deps.clock)()).await?)
}

/// A channel that was taken out of the profile, or got another name.
async fn give_up_without_channel(deps: &Deps, bundle: &Bundle, report: &mut Report) -> Result<(), FunctionError> {
    let error = format!("there is no channel `{}` in {FILE} any more", bundle.channel);
    let messages = bundle.deliveries.len();
    tracing::warn!(channel = bundle.channel, messages, error, "given up");
    report.given_up += messages;
    let attempt = Attempt::GivenUp { error };
    Ok(deps.store.end_attempt(&bundle.channel, &bundle.numbers(), &attempt, (deps.clock)()).await?)
}

async fn send(deps: &Deps, channel: &Channel, outgoing: &Outgoing) -> Result<(), SendError> {
    match channel {
        Channel::Smtp(smtp) => {
            smtp::send(smtp, &deps.profiles_dir, deps.proxy.as_ref(), outgoing, (deps.clock)()).await
        }
        Channel::Graph(mail) => graph_mail::send(mail, &deps.graph, outgoing, (deps.clock)()).await,
        Channel::Teams(teams) => teams::send(teams, &deps.profiles_dir, &deps.http, &deps.hosts, outgoing).await,
    }
}
