//! The demo: a stand-in for Microsoft, made-up tenants, and a past for them.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

use anyhow::Context as _;
use leitwarte_graph_simulator::demo::{self, Newcomer, Setup};
use leitwarte_runtime::profiles;
use leitwarte_store::PastPoll;
use reqwest::StatusCode;

use super::ready;
use super::screen::Screen;
use super::stack::Stack;
use crate::Settings;
use crate::context::SIMULATOR_ADDRESS_FILE;

/// The program's name.
pub(super) const PROGRAM: &str = "graph-simulator";

/// Where the simulator listens at the first start, if nobody else does.
const FIRST_CHOICE: u16 = 9003;

/// The address of the last start if it is free, so that an address in somebody's shell history still works; else
/// another one on loopback. Notes it for the next start and for other commands.
pub(super) fn choose_address(settings: &Settings) -> anyhow::Result<SocketAddr> {
    let home = settings.app.data_dir.join("demo");
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&home)
        .with_context(|| format!("cannot make the folder {}", home.display()))?;
    let file = home.join(SIMULATOR_ADDRESS_FILE);
    let remembered = fs::read_to_string(&file).ok().and_then(|text| text.trim().parse().ok());
    let address = [remembered, Some(loopback(FIRST_CHOICE)), Some(loopback(0))]
        .into_iter()
        .flatten()
        .find_map(|address| TcpListener::bind(address).ok()?.local_addr().ok())
        .context("no port on 127.0.0.1 is free for the demo's simulator")?;
    note(&file, address).with_context(|| format!("cannot write {}", file.display()))?;
    Ok(address)
}

/// Starts the simulator, which lays out profiles and certificates, and gives its tenants a past before they are polled
/// for the first time.
pub(super) async fn start(
    settings: &Settings,
    address: SocketAddr,
    stack: &mut Stack,
    client: &reqwest::Client,
    screen: &Screen,
) -> anyhow::Result<()> {
    let home = &settings.app.data_dir;
    let (home, address_text) = (home.display().to_string(), address.to_string());
    let public_url = &settings.app.public_url;
    stack.start(PROGRAM, &["--demo", "--dir", &home, "--listen", &address_text, "--public-url", public_url]);
    let url = format!("http://{address}/simulator/settings");
    ready::until_answer(client, &url, "the simulator", StatusCode::is_success, screen).await;
    seed(settings).await.context("cannot write the demo tenants' past")
}

/// Writes ninety days of history for each tenant that was never polled, and a person who has never signed in.
async fn seed(settings: &Settings) -> anyhow::Result<()> {
    let file = settings.app.data_dir.join("simulator.json");
    let setup: Setup = serde_json::from_str(&fs::read_to_string(&file)?).with_context(|| file.display().to_string())?;
    let store = settings.open_store(false).await?;
    store.register_profiles(profiles::load(&settings.app.profiles_dir)?, setup.started_at).await?;
    let mut past: BTreeMap<&str, Vec<PastPoll>> = BTreeMap::new();
    for point in demo::history(setup.started_at) {
        past.entry(point.tenant).or_default().push(PastPoll { at: point.at, stock: point.stock });
    }
    for (tenant, polls) in past {
        store.seed_history(tenant, &polls).await?;
    }
    let Newcomer { user_name, name, role, .. } = demo::NEWCOMER;
    store.remember_by_name(setup.api.tenant_id, (user_name, name), role).await?;
    store.close().await;
    Ok(())
}

fn loopback(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

fn note(file: &Path, address: SocketAddr) -> io::Result<()> {
    fs::write(file, format!("{address}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_simulator_keeps_its_address_as_long_as_it_is_free() {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings::new([("DATA_DIR".to_owned(), folder.path().display().to_string())]).unwrap();
        fs::create_dir(folder.path().join("demo")).unwrap();
        let free = TcpListener::bind(loopback(0)).unwrap().local_addr().unwrap();
        note(&folder.path().join("demo").join(SIMULATOR_ADDRESS_FILE), free).unwrap();
        assert_eq!(choose_address(&settings).unwrap(), free);
        let _taken = TcpListener::bind(free).unwrap();
        let other = choose_address(&settings).unwrap();
        assert_ne!(other, free);
        let variables = settings.demo_variables();
        assert!(variables.contains(&("GRAPH_EXTRA_HOSTS".to_owned(), other.to_string())), "{variables:?}");
    }
}
