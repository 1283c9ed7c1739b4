//! Looks around inside a container and prints what it could do there, as one JSON object; `probe ADDRESS` only tries to
//! connect there, and its exit code tells.

use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use serde_json::{Value, json};

/// Folders that the kernel makes up.
const VIRTUAL: [&str; 3] = ["/proc", "/sys", "/dev"];

fn main() -> ExitCode {
    if let Some(address) = std::env::args().nth(1).and_then(|address| address.parse::<SocketAddr>().ok()) {
        let connected = TcpStream::connect_timeout(&address, Duration::from_secs(2)).is_ok();
        return if connected { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.unwrap_or_default().split_whitespace().next().unwrap_or_default().to_owned()
    };
    let mut writable = Vec::new();
    try_folders(Path::new("/"), &mut writable);
    let report: Value = json!({
        "uid": field("Uid"),
        "capabilities": [field("CapInh"), field("CapPrm"), field("CapEff"), field("CapBnd"), field("CapAmb")],
        "no_new_privileges": field("NoNewPrivs"),
        "writable": writable,
    });
    println!("{report}");
    ExitCode::SUCCESS
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
