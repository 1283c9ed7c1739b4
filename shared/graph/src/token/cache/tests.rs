use std::sync::atomic::{AtomicU32, Ordering};

use leitwarte_core::Uuid;
use secrecy::ExposeSecret as _;

use super::*;
use crate::hosts::Service;

fn key(thumbprint: &str) -> TokenKey {
    TokenKey {
        authority_host: "https://login.microsoftonline.com".to_owned(),
        tenant_id: Uuid::from_u128(1),
        client_id: Uuid::from_u128(2),
        scope: "https://graph.microsoft.com/.default".to_owned(),
        thumbprint: thumbprint.to_owned(),
    }
}

fn peer() -> Peer {
    Peer { service: Service::SignIn, host: "login.microsoftonline.com".to_owned() }
}

/// Entra as the cache sees it: answers after a second, numbering its tokens.
#[derive(Default)]
struct Entra {
    asked: AtomicU32,
    lifetime_s: u64,
    fails: bool,
}

impl Entra {
    fn living(lifetime_s: u64) -> Self {
        Self { lifetime_s, ..Self::default() }
    }

    async fn token(&self, cache: &TokenCache, key: TokenKey) -> Result<String, GraphError> {
        self.token_within(cache, key, 60).await
    }

    async fn token_within(&self, cache: &TokenCache, key: TokenKey, seconds: u64) -> Result<String, GraphError> {
        let budget = Budget::of(Duration::from_secs(seconds));
        let ask = || async {
            let number = self.asked.fetch_add(1, Ordering::Relaxed) + 1;
            tokio::time::sleep(Duration::from_secs(1)).await;
            if self.fails {
                return Err(GraphError::Internal(format!("failure {number}")));
            }
            Ok(Grant { secret: format!("token {number}").into(), lifetime: Duration::from_secs(self.lifetime_s) })
        };
        cache.get(key, &peer(), &budget, ask).await.map(|token| token.secret.expose_secret().to_owned())
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_is_used_until_five_minutes_before_its_end() {
    let (cache, entra) = (TokenCache::default(), Entra::living(3600));
    assert_eq!(entra.token(&cache, key("A")).await.unwrap(), "token 1");
    tokio::time::advance(Duration::from_secs(3299)).await;
    assert_eq!(entra.token(&cache, key("A")).await.unwrap(), "token 1");
    tokio::time::advance(Duration::from_secs(2)).await;
    assert_eq!(entra.token(&cache, key("A")).await.unwrap(), "token 2");
}

#[tokio::test(start_paused = true)]
async fn a_short_token_is_used_for_nine_tenths_of_its_life() {
    let (cache, entra) = (TokenCache::default(), Entra::living(60));
    assert_eq!(entra.token(&cache, key("A")).await.unwrap(), "token 1");
    tokio::time::advance(Duration::from_secs(53)).await;
    assert_eq!(entra.token(&cache, key("A")).await.unwrap(), "token 1");
    tokio::time::advance(Duration::from_secs(2)).await;
    assert_eq!(entra.token(&cache, key("A")).await.unwrap(), "token 2");
}

#[tokio::test(start_paused = true)]
async fn callers_at_the_same_time_share_one_request() {
    let (cache, entra) = (TokenCache::default(), Entra::living(3600));
    let tokens = futures::future::join_all((0..20).map(|_| entra.token(&cache, key("A")))).await;
    assert!(tokens.iter().all(|token| token.as_deref() == Ok("token 1")), "{tokens:?}");
    assert_eq!(entra.asked.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn callers_at_the_same_time_share_a_failure_and_later_ones_ask_again() {
    let (cache, entra) = (TokenCache::default(), Entra { fails: true, ..Entra::living(3600) });
    let outcomes = futures::future::join_all((0..20).map(|_| entra.token(&cache, key("A")))).await;
    assert!(outcomes.iter().all(|outcome| *outcome == Err(GraphError::Internal("failure 1".to_owned()))));
    assert_eq!(entra.token(&cache, key("A")).await, Err(GraphError::Internal("failure 2".to_owned())));
}

#[tokio::test(start_paused = true)]
async fn another_certificate_has_another_token_and_does_not_wait() {
    let (cache, entra) = (TokenCache::default(), Entra::living(3600));
    let began = Instant::now();
    let (first, second) = tokio::join!(entra.token(&cache, key("A")), entra.token(&cache, key("B")));
    assert_ne!(first.unwrap(), second.unwrap());
    assert_eq!(began.elapsed(), Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_another_callers_request_waits_no_longer_than_its_deadline() {
    let (cache, entra) = (TokenCache::default(), Entra::living(3600));
    let impatient = async {
        tokio::task::yield_now().await;
        let budget = Budget::of(Duration::from_millis(100));
        cache.get(key("A"), &peer(), &budget, || async { unreachable!("asked twice") }).await
    };
    let (patient, impatient) = tokio::join!(entra.token(&cache, key("A")), impatient);
    assert_eq!(patient.unwrap(), "token 1");
    assert_eq!(impatient.unwrap_err(), GraphError::Timeout { peer: peer() });
}

#[tokio::test(start_paused = true)]
async fn who_asked_and_ran_out_of_time_does_not_fail_the_others() {
    let (cache, entra) = (TokenCache::default(), Entra::living(3600));
    let hurried = async {
        let budget = Budget::of(Duration::from_millis(100));
        let ask = || async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            Err(GraphError::Timeout { peer: peer() })
        };
        cache.get(key("A"), &peer(), &budget, ask).await
    };
    let (hurried, patient) = tokio::join!(hurried, entra.token(&cache, key("A")));
    assert!(hurried.is_err());
    assert_eq!(patient.unwrap(), "token 1");
}

#[tokio::test(start_paused = true)]
async fn a_rejected_token_is_forgotten_but_not_its_successor() {
    let cache = TokenCache::default();
    let budget = Budget::of(Duration::from_mins(1));
    let grant = |word: &'static str| {
        move || async move { Ok(Grant { secret: word.into(), lifetime: Duration::from_hours(1) }) }
    };
    let first = cache.get(key("A"), &peer(), &budget, grant("first")).await.unwrap();
    cache.invalidate(key("A"), &first).await;
    let second = cache.get(key("A"), &peer(), &budget, grant("second")).await.unwrap();
    assert_eq!(second.secret.expose_secret(), "second");
    cache.invalidate(key("A"), &first).await;
    let third = cache.get(key("A"), &peer(), &budget, grant("third")).await.unwrap();
    assert_eq!(third.secret.expose_secret(), "second", "a fresh token was thrown away for an old one");
}

#[tokio::test(start_paused = true)]
async fn the_cache_is_bounded() {
    let (cache, budget) = (TokenCache::default(), Budget::of(Duration::from_mins(1)));
    let grant = || async { Ok(Grant { secret: "word".into(), lifetime: Duration::from_mins(1) }) };
    for number in 0..MAX_ENTRIES + 10 {
        cache.get(key(&number.to_string()), &peer(), &budget, grant).await.unwrap();
    }
    assert!(cache.slots.lock().unwrap().len() <= MAX_ENTRIES);
}

#[test]
fn a_token_does_not_print() {
    let token = Token::new(Grant { secret: "hunter2".into(), lifetime: Duration::from_mins(1) }, 1);
    assert!(!format!("{token:?}").contains("hunter2"));
}
