//! The demo at rest: what it takes, and whom its containers reach.

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use leitwarte_tests::compose::{docker, inspect};
use leitwarte_tests::services::{FIRST_PORT, Services, functions, port};
use serde_json::{Map, Value};
use tokio::io::AsyncReadExt as _;

use crate::system::System;
use crate::{LIMIT, file, left_out};

/// Each image, in MB.
const IMAGE: f64 = 25.0;
/// All containers together, in MiB.
const MEMORY: f64 = 150.0;
/// A call of a function, without the key.
const INVOKE: &str = "POST /2015-03-31/functions/api-read/invocations";
/// Of a function, the fastest of several, because the processors are shared.
const COLD_START: Duration = Duration::from_millis(100);

#[tokio::test(flavor = "multi_thread")]
async fn a_system_at_rest_is_small_and_its_containers_reach_only_whom_they_need() {
    if left_out() {
        return;
    }
    let system = System::start().await;
    // The documented way to run a command.
    let run = |command: &[&str]| system.compose.run(&[&["run", "--rm", "-T", "leitwarte"], command].concat()).unwrap();
    run(&["invoke", "poll-tenant"]);
    let status = run(&["status", "--all"]);
    assert!(status.contains("Northwind") && status.contains("4 tenants"), "{status}");
    let made: Value = serde_json::from_str(&run(&["invoke", "backup"])).unwrap();
    let checked = run(&["restore", "--check", made["file"].as_str().unwrap()]);
    assert!(checked.contains("can be restored"), "{checked}");

    let memory = system.compose.memory().unwrap();
    for (container, mib) in &memory {
        println!("{container} holds {mib:.1} MiB at rest");
    }
    let sum: f64 = memory.iter().map(|(_, mib)| mib).sum();
    println!("all {} containers together hold {sum:.1} MiB", memory.len());
    assert!(sum < MEMORY, "{sum} MiB");

    sizes();
    reach(&system);
    container_start(&system).await;
    for function in functions() {
        cold_start(&function).await;
    }
}

/// What each image takes on disk.
fn sizes() {
    for service in Services::shipped().ours() {
        let bytes: f64 = inspect(&format!("leitwarte/{service}:local"), "{{.Size}}").unwrap().parse().unwrap();
        let size = bytes / 1e6;
        println!("the image of {service} takes {size:.1} MB");
        assert!(size < IMAGE || !released(), "{service}");
    }
}

/// Sizes and times are promised of released programs (`make measure`); others are printed only, since they are not
/// optimised and share the processors with other tests.
fn released() -> bool {
    std::env::var("PROFILE").as_deref() == Ok("release")
}

/// Asks from within the network of each container.
fn reach(system: &System) {
    let container = |service: &str| system.compose.containers(service).unwrap().remove(0);
    let addresses = |service| {
        let all = inspect(&container(service), "{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}").unwrap();
        all.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
    };
    let services = Services::shipped();
    let demo_port = system.compose.variable("DEMO_PORT");
    let outside = format!("{}:{demo_port}", addresses("graph-simulator")[0]);
    // A service of the machine itself, and its address in each network.
    let machine = TcpListener::bind("0.0.0.0:0").unwrap();
    let networks: BTreeSet<_> = services.permanent().iter().flat_map(|service| services.networks(service)).collect();
    let networks = networks.iter().map(|name| {
        let gateway = inspect(&system.compose.network(name), "{{(index .IPAM.Config 0).Gateway}}").unwrap();
        format!("{gateway}:{}", machine.local_addr().unwrap().port())
    });
    let networks: Vec<String> = networks.collect();
    let text = |wanted: &[(&str, &'static str)]| -> Vec<(String, &'static str)> {
        wanted.iter().map(|(request, answer)| ((*request).to_owned(), *answer)).collect()
    };
    let with_invoke = format!("emulator:9001 {INVOKE}");
    let with_invoke = [(with_invoke.as_str(), "403"), ("emulator:9100 GET /", "closed"), ("egress:3128", "unknown")];
    let of_host = [
        ("timer", text(&with_invoke)),
        ("gateway", text(&with_invoke)),
        ("emulator", text(&[("egress:3128", "unknown")])),
        ("egress", text(&[("emulator:9001", "unknown"), ("gateway:8080", "unknown")])),
    ];
    let functions = functions();
    let (emulator, emulators) = (container("emulator"), addresses("emulator"));
    let of_functions = functions.iter().map(|function| {
        let own = own_emulator(system, &emulator, function);
        let others = emulators.iter().filter(|ip| **ip != own).cloned().collect();
        let goes_out = services.networks(function).contains("outbound");
        (function.as_str(), of_function(function, others, goes_out, demo_port))
    });
    let table: Vec<_> = of_functions.chain(of_host).collect();
    thread::scope(|scope| {
        for (service, mut wanted) in table {
            wanted.push((outside.clone(), if service == "egress" { "connected" } else { "unreachable" }));
            if !matches!(service, "gateway" | "egress") {
                wanted.extend(networks.iter().map(|address| (address.clone(), "unreachable")));
            }
            let network = format!("container:{}", container(service));
            scope.spawn(move || {
                let mut run = vec!["run", "--rm", "--env", "RES_OPTIONS=timeout:1 attempts:1", "--network", &network];
                run.push("leitwarte/probe:local");
                run.extend(wanted.iter().map(|(request, _)| request.as_str()));
                let found: Value = serde_json::from_str(&docker(&run).unwrap()).unwrap();
                let wanted: Map<_, _> =
                    wanted.iter().map(|(request, answer)| (request.clone(), Value::from(*answer))).collect();
                assert_eq!(found, Value::Object(wanted), "from {service}");
            });
        }
    });
}

/// What a function reaches: its own events, and of the outside what the proxy lets it, if it may leave at all.
fn of_function(
    own: &str,
    emulators_elsewhere: Vec<String>,
    goes_out: bool,
    demo_port: &str,
) -> Vec<(String, &'static str)> {
    let emulator = format!("emulator.{own}");
    let port = port(own);
    let other = if port == FIRST_PORT { port + 1 } else { FIRST_PORT };
    let mut wanted = vec![
        // Its own events, and nobody else's; the path is none of the Runtime API's, so none is taken.
        (format!("{emulator}:{port} GET /"), "404"),
        (format!("{emulator}:{other} GET /"), "closed"),
        (format!("{emulator}:9001 {INVOKE}"), "403"),
        ("gateway:8080".to_owned(), "unknown"),
    ];
    let proxy = if goes_out { ["200", "403", "403"] } else { ["unknown"; 3] };
    let targets =
        [format!("graph.localhost:{demo_port}"), "graph.localhost:443".to_owned(), "example.com:443".to_owned()];
    wanted.extend(targets.map(|target| format!("egress:3128 CONNECT {target}")).into_iter().zip(proxy));
    for ip in emulators_elsewhere {
        wanted.extend([port, other].map(|port| (format!("{ip}:{port}"), "unreachable")));
    }
    wanted
}

/// The address of the emulator's container in the network that it shares with one function.
fn own_emulator(system: &System, emulator: &str, function: &str) -> String {
    let network = system.compose.network(&format!("runtime-{function}"));
    inspect(emulator, &format!("{{{{(index .NetworkSettings.Networks \"{network}\").IPAddress}}}}")).unwrap()
}

/// A request that comes while its function is away waits for it.
async fn container_start(system: &System) {
    system.compose.run(&["stop", "api-read"]).unwrap();
    let container = system.compose.containers("api-read").unwrap().remove(0);
    let waiting = system.http().get(system.gateway("/health")).timeout(LIMIT).send();
    let starting = tokio::task::spawn_blocking(move || {
        let began = Instant::now();
        docker(&["start", &container]).unwrap();
        began
    });
    let answered = async { (waiting.await.unwrap().status(), Instant::now()) };
    let ((status, answered), began) = tokio::join!(answered, starting);
    assert_eq!(status, 200);
    let took = answered.duration_since(began.unwrap());
    println!("api-read answers {} ms after its container was told to start", took.as_millis());
}

/// The function's own part of it: from the start of its process until it asks for work.
async fn cold_start(function: &str) {
    let folder = tempfile::tempdir().unwrap();
    let host = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut fastest = Duration::MAX;
    // The first start makes the database.
    for _ in 0..4 {
        let began = Instant::now();
        let mut process = Command::new(file(&format!("target/images/{function}/program")))
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", host.local_addr().unwrap().to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", function)
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .env("DATA_DIR", folder.path())
            .env("PROFILES_DIR", folder.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let mut request = [0; 64];
        let asked = async { host.accept().await.unwrap().0.read_exact(&mut request).await };
        tokio::time::timeout(LIMIT, asked).await.expect("it asks for work").unwrap();
        fastest = fastest.min(began.elapsed());
        process.kill().unwrap();
        process.wait().unwrap();
        assert!(request.starts_with(b"GET /2018-06-01/runtime/invocation/next"), "{function} asks for something else");
    }
    println!("{function} asks for work {} ms after its process began", fastest.as_millis());
    assert!(fastest < COLD_START || !released(), "{function}: {fastest:?}");
}
