//! Looks around inside a container and prints what it found as one JSON object: what it may do there, or, with arguments,
//! what it reaches. Each is `HOST:PORT` or `HOST:PORT METHOD PATH`.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::path::Path;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

/// Folders that the kernel makes up.
const VIRTUAL: [&str; 3] = ["/proc", "/sys", "/dev"];
const PATIENCE: Duration = Duration::from_secs(2);

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    println!("{}", if wanted.is_empty() { permissions() } else { reached(wanted) });
}

fn permissions() -> Value {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.unwrap_or_default().split_whitespace().next().unwrap_or_default().to_owned()
    };
    let mut writable = Vec::new();
    try_folders(Path::new("/"), &mut writable);
    writable.sort();
    json!({
        "uid": field("Uid"),
        "capabilities": [field("CapInh"), field("CapPrm"), field("CapEff"), field("CapBnd"), field("CapAmb")],
        "no_new_privileges": field("NoNewPrivs"),
        "writable": writable,
    })
}

/// Tries to make a file in this folder and all below it.
fn try_folders(folder: &Path, writable: &mut Vec<String>) {
    if VIRTUAL.iter().any(|path| folder == Path::new(path)) {
        return;
    }
    let file = folder.join("probe");
    if fs::write(&file, "probe").is_ok() {
        let _ = fs::remove_file(&file);
        writable.push(folder.display().to_string());
        // What lies inside a volume is the volume.
        return;
    }
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.flatten().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())) {
        try_folders(&path.path(), writable);
    }
}

fn reached(wanted: Vec<String>) -> Value {
    let ask = |wanted: String| thread::spawn(move || (wanted.clone(), Value::from(ask(&wanted))));
    let asked: Vec<_> = wanted.into_iter().map(ask).collect();
    Value::Object(asked.into_iter().filter_map(|thread| thread.join().ok()).collect())
}

/// `unknown` for a name that nobody has, `unreachable`, `connected`, and with a request `closed` or the status of the answer.
fn ask(wanted: &str) -> String {
    let (address, request) = wanted.split_once(' ').unwrap_or((wanted, ""));
    let Some(address) = address.to_socket_addrs().ok().and_then(|mut found| found.next()) else {
        return "unknown".to_owned();
    };
    let Ok(mut stream) = TcpStream::connect_timeout(&address, PATIENCE) else { return "unreachable".to_owned() };
    if request.is_empty() {
        return "connected".to_owned();
    }
    let mut answered = || {
        stream.set_read_timeout(Some(PATIENCE))?;
        write!(stream, "{request} HTTP/1.1\r\nHost: probe\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")?;
        let mut answer = [0; "HTTP/1.1 200".len()];
        stream.read_exact(&mut answer)?;
        Ok::<_, std::io::Error>(String::from_utf8_lossy(&answer[answer.len() - 3..]).into_owned())
    };
    answered().unwrap_or_else(|_| "closed".to_owned())
}
