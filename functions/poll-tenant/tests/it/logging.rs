//! What the log says: one line about news, none about what is known, one summary.

use std::io::Write;
use std::sync::{Arc, Mutex};

use crate::support::{Answer, Bought, Function, minutes_pass, refused, stock};
use leitwarte_core::poll::{FailureKind, PollFailure};
use tracing::subscriber::DefaultGuard;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    /// Collects what this thread logs; these tests run on one.
    fn start() -> (Self, DefaultGuard) {
        let log = Self::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::INFO)
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .finish();
        (log, tracing::subscriber::set_default(subscriber))
    }

    /// The lines since the last time that are not the summary.
    fn news(&self) -> Vec<String> {
        let text = String::from_utf8(std::mem::take(&mut self.0.lock().unwrap())).unwrap();
        let (summaries, news): (Vec<_>, Vec<_>) =
            text.lines().map(str::to_owned).partition(|line| line.contains(": polled "));
        assert_eq!(summaries.len(), 1, "{text}");
        news
    }
}

#[tokio::test]
async fn a_failing_tenant_is_logged_when_it_begins_changes_or_ends_and_not_at_every_tick() {
    let function = Function::with(&["contoso", "fabrikam"]).await;
    let (log, _guard) = Log::start();
    let next = async |answer: Answer| {
        function.answers("contoso", answer);
        function.tick().await;
        minutes_pass(5);
        log.news()
    };
    assert!(next(Answer::Stock(vec![stock(1, 10, 3)])).await.is_empty());

    let began = next(refused("Refused (trace 1).")).await;
    assert_eq!(began.len(), 1);
    assert!(began[0].contains("WARN") && began[0].contains("contoso") && began[0].contains("Refused (trace 1)."));

    assert!(next(refused("Refused (trace 2).")).await.is_empty(), "the same trouble");
    assert_eq!(next(Answer::Panic).await.len(), 1, "another trouble");

    let works = next(Answer::Stock(vec![stock(1, 10, 3)])).await;
    assert_eq!(works.len(), 1);
    assert!(works[0].contains("INFO") && works[0].contains("failed_polls=3"), "{works:?}");
}

#[tokio::test]
async fn a_missing_permission_for_renewal_dates_is_named_once_and_its_loss_is_a_warning() {
    let function = Function::with(&["contoso"]).await;
    let (log, _guard) = Log::start();
    let next = async |bought: Bought| {
        function.has_bought("contoso", bought);
        function.tick().await;
        minutes_pass(6 * 60);
        log.news()
    };
    let refused = || {
        let (message, fix) = ("Graph says no.".to_owned(), "Do something.".to_owned());
        Bought::Failure(PollFailure { kind: FailureKind::Permission, message, fix })
    };
    let named = ["Organization.Read.All", "renewal dates", "admin consent"];
    let missing = next(refused()).await;
    assert_eq!(missing.len(), 1, "{missing:?}");
    assert!(missing[0].contains("INFO") && named.iter().all(|word| missing[0].contains(word)), "{missing:?}");
    assert!(next(refused()).await.is_empty(), "it is known");
    assert!(next(Bought::Listed(Vec::new())).await.is_empty());
    let lost = next(refused()).await;
    assert!(lost[0].contains("WARN") && named.iter().all(|word| lost[0].contains(word)), "{lost:?}");
}
