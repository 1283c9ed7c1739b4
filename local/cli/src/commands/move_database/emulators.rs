//! Whether emulators use the queue on a server: each raises a counter of its own as long as it lives.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, bail};
use leitwarte_database::Address;
use sqlx::Row as _;
use tokio::time::{Instant, sleep};

use super::open;

/// Three times as long as an emulator needs to show that it lives. One that crashed left a counter that stands still.
const WATCHED: Duration = Duration::from_secs(6);
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Emulators, by the ids of their runs.
pub(super) type Emulators = BTreeMap<String, Emulator>;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Emulator {
    host: String,
    beats: i64,
}

/// Looks until one shows that it lives, or none has for long enough. Returns those that are dead.
pub(super) async fn none_runs(address: &Address) -> anyhow::Result<Emulators> {
    let known = read(address).await?;
    let until = Instant::now() + WATCHED;
    // One that starts or stops in an orderly way appears or disappears at once.
    while !known.is_empty() && Instant::now() < until {
        sleep(LOOK_EVERY).await;
        if let Some(host) = alive(&known, &read(address).await?) {
            bail!(
                "Leitwarte is running: the emulator of `{host}` uses {address}; stop it, or what it does meanwhile \
                 would be left behind"
            );
        }
    }
    Ok(known)
}

/// Makes sure that none has begun since [`none_runs`].
pub(super) async fn still_none(address: &Address, known: &Emulators) -> anyhow::Result<()> {
    match alive(known, &read(address).await?) {
        None => Ok(()),
        Some(host) => bail!(
            "the emulator of `{host}` began to use {address} meanwhile, so what it did may be missing in the copy; stop \
             it, and move everything again into another, empty database"
        ),
    }
}

/// The machine of an emulator that has shown a sign of life between two looks.
fn alive<'a>(before: &Emulators, now: &'a Emulators) -> Option<&'a str> {
    now.iter().find(|(run, emulator)| before.get(*run) != Some(emulator)).map(|(_, emulator)| emulator.host.as_str())
}

async fn read(address: &Address) -> anyhow::Result<Emulators> {
    let queue = open(address.clone(), &leitwarte_emulator::TABLES).await?;
    let rows = sqlx::query("SELECT run, host, beats FROM emulators").fetch_all(queue.pool()).await;
    queue.pool().close().await;
    let rows = rows.with_context(|| format!("cannot read which emulators use {address}"))?;
    let emulator = |row: &sqlx::any::AnyRow| {
        Ok((row.try_get("run")?, Emulator { host: row.try_get("host")?, beats: row.try_get("beats")? }))
    };
    rows.iter().map(emulator).collect::<Result<_, sqlx::Error>>().context("an emulator's row cannot be read")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(emulators: &[(&str, i64)]) -> Emulators {
        let emulator = |beats| Emulator { host: "one".to_owned(), beats };
        emulators.iter().map(|(run, beats)| ((*run).to_owned(), emulator(*beats))).collect()
    }

    #[test]
    fn who_counts_or_appears_lives_and_who_stands_still_or_is_gone_does_not() {
        let before = seen(&[("crashed", 7), ("other", 3)]);
        assert_eq!(alive(&before, &before), None);
        assert_eq!(alive(&before, &seen(&[("crashed", 7)])), None);
        assert_eq!(alive(&before, &seen(&[("crashed", 7), ("other", 4)])), Some("one"));
        assert_eq!(alive(&before, &seen(&[("crashed", 7), ("other", 3), ("new", 0)])), Some("one"));
    }
}
