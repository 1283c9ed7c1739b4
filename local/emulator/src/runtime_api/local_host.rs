//! Which of this machine's addresses may serve a function.
//!
//! In containers the listeners take connections on every address, and the emulator shares a network with each
//! function alone. It has a name of its own in each of these networks (`RUNTIME_HOST`); a connection that came in by
//! another address came from another function's network.

use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

/// How long a lookup counts. Short, because a network that was cut and came back gives a new address.
const FRESH: Duration = Duration::from_secs(1);
/// How long a lookup may take.
const LOOKUP: Duration = Duration::from_secs(3);
/// Refusals are told this often at most: whoever is refused tries again and again.
const TELL_EVERY: Duration = Duration::from_mins(1);

/// Finds the addresses of a name.
pub(crate) type Resolver =
    Arc<dyn Fn(String) -> Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>> + Send + Sync>;

/// Asks the operating system, which in a container asks the engine's name server.
pub(crate) fn system_resolver() -> Resolver {
    Arc::new(|name| {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            Ok(found.map(|address| address.ip().to_canonical()).collect())
        })
    })
}

/// The check for one function's listener.
pub(crate) struct LocalHost {
    name: String,
    resolver: Resolver,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// The last answer and when it was given; nothing in it when the name could not be looked up.
    answer: Option<(Instant, Result<Vec<IpAddr>, String>)>,
    told_at: Option<Instant>,
}

/// What is known about a connection's local address.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Served,
    /// It is none of these.
    Elsewhere(Vec<IpAddr>),
    /// The name cannot be looked up.
    Unknown(String),
}

impl LocalHost {
    /// `pattern` is `RUNTIME_HOST`, in which `{function}` stands for the function's name.
    pub(crate) fn new(pattern: &str, function: &str, resolver: Resolver) -> Self {
        Self { name: pattern.replace("{function}", function), resolver, known: Mutex::default() }
    }

    /// Whether a connection that came in at `local` is served; says once in a while why not.
    pub(crate) async fn serves(&self, function: &str, local: IpAddr) -> bool {
        let local = local.to_canonical();
        // Held during the lookup: of many connections at once, one asks and the others wait for its answer.
        let mut known = self.known.lock().await;
        let verdict = self.verdict(&mut known, local).await;
        if verdict == Verdict::Served {
            return true;
        }
        let now = Instant::now();
        if known.told_at.is_none_or(|at| now - at >= TELL_EVERY) {
            known.told_at = Some(now);
            drop(known);
            self.tell(function, local, &verdict);
        }
        false
    }

    async fn verdict(&self, known: &mut Known, local: IpAddr) -> Verdict {
        let fresh = known.answer.as_ref().is_some_and(|(at, _)| at.elapsed() < FRESH);
        if !fresh {
            let answer = match timeout(LOOKUP, (self.resolver)(self.name.clone())).await {
                Ok(Ok(found)) => Ok(found),
                Ok(Err(error)) => Err(error.to_string()),
                Err(_) => Err(format!("no answer within {} s", LOOKUP.as_secs())),
            };
            known.answer = Some((Instant::now(), answer));
        }
        match &known.answer {
            Some((_, Ok(found))) if found.contains(&local) => Verdict::Served,
            Some((_, Ok(found))) => Verdict::Elsewhere(found.clone()),
            Some((_, Err(error))) => Verdict::Unknown(error.clone()),
            None => Verdict::Unknown("it was never looked up".to_owned()),
        }
    }

    fn tell(&self, function: &str, local: IpAddr, verdict: &Verdict) {
        let host = self.name.as_str();
        match verdict {
            Verdict::Served => {}
            Verdict::Elsewhere(found) => tracing::warn!(
                function,
                %local,
                host,
                addresses = ?found,
                "refused a connection that came through another function's network; only the network of RUNTIME_HOST \
                 is served (further refusals within a minute are not told)"
            ),
            Verdict::Unknown(error) => tracing::warn!(
                function,
                %local,
                host,
                error,
                "refused a connection because RUNTIME_HOST cannot be looked up; is the emulator in the function's \
                 network under that name? (further refusals within a minute are not told)"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// What the name server of a test knows, and how often it was asked.
    #[derive(Clone, Default)]
    struct Names {
        found: Arc<std::sync::Mutex<Option<Vec<IpAddr>>>>,
        asked: Arc<AtomicUsize>,
    }

    impl Names {
        fn set(&self, addresses: Option<&[&str]>) {
            let addresses = addresses.map(|list| list.iter().map(|text| text.parse().unwrap()).collect());
            *self.found.lock().unwrap() = addresses;
        }

        fn host(&self) -> LocalHost {
            let names = self.clone();
            let resolver: Resolver = Arc::new(move |name| {
                assert_eq!(name, "emulator.poll");
                names.asked.fetch_add(1, Ordering::Relaxed);
                let found = names.found.lock().unwrap().clone();
                Box::pin(async move { found.ok_or_else(|| io::Error::other("no such name")) })
            });
            LocalHost::new("emulator.{function}", "poll", resolver)
        }
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn only_addresses_of_the_name_are_served() {
        let names = Names::default();
        names.set(Some(&["10.1.0.2", "10.1.0.3"]));
        let host = names.host();
        for (local, served) in [
            ("10.1.0.2", true),
            ("10.1.0.3", true),
            ("::ffff:10.1.0.3", true),
            ("10.2.0.2", false),
            ("127.0.0.1", false),
        ] {
            assert_eq!(host.serves("poll", ip(local)).await, served, "{local}");
        }
        assert_eq!(names.asked.load(Ordering::Relaxed), 1, "connections in a row share a lookup");
    }

    #[tokio::test(start_paused = true)]
    async fn a_network_that_was_cut_and_came_back_with_another_address_works_again() {
        let names = Names::default();
        names.set(Some(&["10.1.0.2"]));
        let host = names.host();
        assert!(host.serves("poll", ip("10.1.0.2")).await);
        names.set(None);
        tokio::time::advance(FRESH).await;
        assert!(!host.serves("poll", ip("10.1.0.2")).await, "nobody is served on the strength of an old answer");
        names.set(Some(&["10.1.0.9"]));
        tokio::time::advance(FRESH).await;
        assert!(host.serves("poll", ip("10.1.0.9")).await);
        assert!(!host.serves("poll", ip("10.1.0.2")).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_name_server_that_does_not_answer_holds_nobody_for_ever() {
        let host = LocalHost::new("x", "poll", Arc::new(|_| Box::pin(std::future::pending())));
        let begun = Instant::now();
        assert!(!host.serves("poll", ip("10.1.0.2")).await);
        assert_eq!(begun.elapsed(), LOOKUP);
    }

    #[tokio::test(start_paused = true)]
    async fn refusals_are_told_once_in_a_while_only() {
        let names = Names::default();
        let host = names.host();
        let mut told = Vec::new();
        for _ in 0..3 {
            host.serves("poll", ip("10.1.0.2")).await;
            told.push(host.known.lock().await.told_at.unwrap());
            tokio::time::advance(TELL_EVERY / 2).await;
        }
        assert_eq!(told[0], told[1]);
        assert!(told[2] > told[1]);
    }
}
