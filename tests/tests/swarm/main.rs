//! The system on a swarm over PostgreSQL, two of everything: what happens to one of two, nobody has to notice.
//!
//! `scripts/test` starts the engine and builds the images before.

mod api;
mod cluster;
mod judge;
mod load;
mod stack_file;

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use cluster::{Cluster, REPLICAS};
use leitwarte_tests::compose::crash;
use leitwarte_tests::services::{functions, names, shipped};
use leitwarte_tests::wait::until;
use load::Load;

/// The function that notes each of its runs.
const RECORDER: &str = "recorder";
/// `RUST_LOG` from the update on.
const AFTER_UPDATE: &str = "info,hyper=warn";
/// And after the one that failed.
const AFTER_REPAIR: &str = "info,hyper=error";
/// Retries of failed runs come after a minute, and after two more.
const UNTIL_ALL_RAN: Duration = Duration::from_mins(4);

#[tokio::test(flavor = "multi_thread")]
async fn two_of_everything_survive_the_death_and_the_update_of_each_one_under_load() {
    if std::env::var_os("LEITWARTE_WITHOUT_CONTAINERS").is_some() {
        eprintln!("left out, because LEITWARTE_WITHOUT_CONTAINERS is set");
        return;
    }
    let began = Instant::now();
    let cluster = Arc::new(Cluster::start().await.expect("a swarm"));
    println!("two of everything run {:.1} s after the start", began.elapsed().as_secs_f32());
    let outcome = tokio::spawn(scenario(Arc::clone(&cluster))).await;
    if !matches!(outcome, Ok(Ok(()))) {
        eprintln!("{}", cluster.logs());
    }
    outcome.expect("no panic").expect("no error");
}

async fn scenario(cluster: Arc<Cluster>) -> Result<()> {
    let asked = Instant::now();
    let polls = api::polls_through_every_gateway(&cluster, None).await?;
    println!("all tenants polled and shown through both gateways after another {:.1} s", asked.elapsed().as_secs_f32());
    let (load, tasks) = Load::start(Arc::clone(&cluster))?;

    let services = [vec![RECORDER.to_owned()], names(&shipped("local/stack.yaml")["services"]).into_iter().collect()];
    let services = services.concat();
    for (service, slot) in victims(&services) {
        let task = cluster.replica(service, slot)?;
        crash(&task.container)?;
        let (runs, works) = load.replaced(&task).await?;
        let [runs, works] = [runs, works].map(|time| time.as_secs_f32());
        println!("{service} {slot} killed: runs again after {runs:.1} s, everything works after {works:.1} s");
    }

    let before = cluster.tasks()?;
    let updated = Instant::now();
    // Another setting for every service: all are replaced, as by a new version.
    let (of_update, log) = (Arc::clone(&cluster), AFTER_UPDATE);
    tokio::task::spawn_blocking(move || of_update.deploy(log)).await??;
    println!("every service updated, one task after the other: {:.1} s", updated.elapsed().as_secs_f32());
    let after = cluster.tasks()?;
    for service in &services {
        let stayed = after
            .iter()
            .any(|task| task.service == *service && before.iter().any(|old| old.container == task.container));
        assert!(!stayed, "{service} was not updated");
    }

    let (accepted, refused, reads) = load.end(tasks).await;
    println!("{} events acknowledged, {refused} not taken; reads: {reads:?}", accepted.len());
    assert!(reads.longest_outage < load::LIMIT, "{reads:?}");
    let missing = judge::missing(&accepted, &cluster.record("done")).len();
    println!("{missing} of them have not ended yet; failed runs are tried again after a minute");
    until("every acknowledged event to end well", UNTIL_ALL_RAN, async || {
        judge::missing(&accepted, &cluster.record("done")).is_empty().then_some(())
    })
    .await;
    let runs = judge::runs_of_events(&accepted, &cluster.record("runs"));
    println!("how often → how many events ran: {runs:?}");
    judge::no_event_ran_too_often(&runs);
    let slots = judge::each_slot_fired_once(&cluster.record("runs"));
    println!("two timers fired each slot once: {slots:?}");
    api::polls_through_every_gateway(&cluster, Some(&polls)).await?;
    let dead = cluster.query("SELECT count(*) FROM leitwarte_queue.dead_letters WHERE function_name = 'recorder'")?;
    assert_eq!(dead.trim(), "0", "no event is given up");
    a_version_that_cannot_start_is_undone(&cluster).await
}

/// One of two is replaced first, so the other goes on; whoever deploys is told, and can deploy again.
async fn a_version_that_cannot_start_is_undone(cluster: &Arc<Cluster>) -> Result<()> {
    let before = cluster.tasks()?;
    let began = Instant::now();
    let of_update = Arc::clone(cluster);
    let said = tokio::task::spawn_blocking(move || of_update.deploy_broken(AFTER_UPDATE, "api-read")).await??;
    let undone: Vec<&str> = said.lines().filter(|line| line.contains("rollback")).collect();
    assert!(said.contains("the update failed and was undone"), "{said}");
    assert!(undone.len() == 1 && undone[0].contains("_api-read "), "of one service alone: {undone:?}");
    println!("an api-read that cannot start was undone after {:.1} s", began.elapsed().as_secs_f32());
    let after = cluster.tasks()?;
    let stays = |task: &&cluster::Task| before.iter().any(|old| old.container == task.container);
    assert!(after.iter().filter(|task| task.service == "api-read").any(|task| stays(&task)), "one was never touched");
    api::polls_through_every_gateway(cluster, None).await?;
    let again = Arc::clone(cluster);
    tokio::task::spawn_blocking(move || again.deploy(AFTER_REPAIR)).await??;
    let repaired = cluster.tasks()?;
    let of_api = |tasks: &[cluster::Task]| -> Vec<String> {
        tasks.iter().filter(|task| task.service == "api-read").map(|task| task.container.clone()).collect()
    };
    let (old, new) = (of_api(&after), of_api(&repaired));
    assert!(new.len() == REPLICAS && !new.iter().any(|container| old.contains(container)), "{old:?} {new:?}");
    Ok(())
}

/// Who is killed: every replica of the host's services; of the functions, which are all alike to the host, one each, now
/// the first and now the second.
fn victims(services: &[String]) -> Vec<(&str, usize)> {
    let functions = functions();
    let slots = |service: &String| match functions.iter().position(|function| function == service) {
        Some(number) => vec![1 + number % REPLICAS],
        None => (1..=REPLICAS).collect(),
    };
    services.iter().flat_map(|service| slots(service).into_iter().map(|slot| (service.as_str(), slot))).collect()
}
