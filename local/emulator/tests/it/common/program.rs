//! The emulator as a process of its own, which a test can kill.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, mpsc};

use super::{Caller, SOON, install_scripted, template};

/// A running emulator.
pub(crate) struct Program {
    pub(crate) child: Child,
    pub(crate) caller: Caller,
    log: Arc<Mutex<Vec<String>>>,
}

/// How to start the emulator with its data and the functions' programs in `folder`. With `spawn` it starts each
/// function as a copy of the scripted example.
pub(crate) fn command(folder: &Path, functions: &[(&str, &str)], spawn: bool) -> Command {
    let template_file = folder.join("template.yaml");
    std::fs::write(&template_file, template(functions)).expect("a template");
    let mut command = Command::new(env!("CARGO_BIN_EXE_emulator"));
    if spawn {
        install_scripted(&folder.join("programs"), functions.iter().map(|(name, _)| *name));
        command.arg("--spawn").env("FUNCTIONS_DIR", folder.join("programs"));
    }
    command
        .env("TEMPLATE", template_file)
        .env("DATA_DIR", folder.join("data"))
        .env("INVOKE_ADDR", "127.0.0.1:0")
        .env("METRICS_ADDR", "127.0.0.1:0");
    for unwanted in ["RUST_LOG", "LOG_FORMAT", "DATABASE_URL", "RUNTIME_ADDR", "RUNTIME_HOST"] {
        command.env_remove(unwanted);
    }
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

impl Program {
    /// Starts it and waits until it takes invocations.
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command.spawn().expect("the emulator starts");
        let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let (found, address) = mpsc::channel();
        let log = Arc::new(Mutex::new(Vec::new()));
        let written = Arc::clone(&log);
        std::thread::spawn(move || {
            // Reads to the end, so that the emulator never waits for somebody to read its log.
            for line in lines.map_while(Result::ok) {
                if let Some(address) = address_in(&line) {
                    let _ = found.send(address);
                }
                written.lock().expect("nobody panics here").push(line);
            }
        });
        let address = address.recv_timeout(SOON).expect("the emulator says where it listens");
        Self { child, caller: Caller::new(address.parse().expect("an address")), log }
    }

    /// The lines of its log that contain a text.
    pub(crate) fn log(&self, text: &str) -> Vec<String> {
        let log = self.log.lock().expect("nobody panics here");
        log.iter().filter(|line| line.contains(text)).cloned().collect()
    }

    /// Ends it at once, as a power cut would.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("it is a child of this test");
        self.child.wait().expect("it is a child of this test");
    }
}

/// Where the emulator listens, from the line that says so, as text or as JSON.
fn address_in(line: &str) -> Option<String> {
    let rest = line.contains("emulator takes invocations").then(|| line.split("address").nth(1))??;
    let rest = rest.trim_start_matches(['"', ':', '=']);
    Some(rest.split([' ', '"']).next()?.to_owned())
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Makes the file that a scripted function waits for.
pub(crate) fn touch(file: &Path) {
    std::fs::write(file, "").expect("the folder is there");
}

/// The request ids that scripted functions wrote into a file, each once.
pub(crate) fn recorded(file: &Path) -> Vec<String> {
    let mut ids: Vec<_> = std::fs::read_to_string(file).unwrap_or_default().lines().map(str::to_owned).collect();
    ids.sort();
    ids.dedup();
    ids
}
