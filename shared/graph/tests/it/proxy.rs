//! The proxy of the environment stands between this program and the internet, but not within this machine.

use std::process::Command;

use crate::support::Setup;
use crate::support::stand_in::{Reply, StandIn, sku};

/// A host that exists for the proxy only.
const ELSEWHERE: &str = "http://graph.test:8085";

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn hosts_elsewhere_are_asked_through_the_proxy_and_this_machine_directly() {
    let proxy = StandIn::graph(|_| Reply::skus(&[sku(1, 10)])).await;
    // A process of its own, because the environment belongs to all tests of a process.
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "proxy::polls_elsewhere_and_here"])
        .env("HTTP_PROXY", &proxy.address)
        .env("http_proxy", &proxy.address)
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .env_remove("REQUEST_METHOD")
        .output()
        .unwrap();
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stdout));
    let requests = [proxy.requests("POST"), proxy.requests("GET")].concat();
    assert_eq!(requests.len(), 2, "{requests:?}");
    assert!(requests.iter().all(|request| request.target.starts_with(ELSEWHERE)), "{requests:?}");
}

/// Run by the test above with a proxy in its environment; without one there is nothing to do.
#[tokio::test]
async fn polls_elsewhere_and_here() {
    if std::env::var_os("HTTP_PROXY").is_none() {
        return;
    }
    let elsewhere = Setup::with(ELSEWHERE, |config| config.use_environment_proxy = true);
    assert_eq!(elsewhere.poll().await.unwrap().len(), 1);
    let here = StandIn::graph(|_| Reply::skus(&[sku(1, 10), sku(2, 10)])).await;
    for address in [here.address.clone(), here.address.replace("127.0.0.1", "localhost")] {
        let setup = Setup::with(&address, |config| config.use_environment_proxy = true);
        assert_eq!(setup.poll().await.unwrap().len(), 2);
    }
}
