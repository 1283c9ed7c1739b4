//! A foreign mail server (aiosmtpd), with a certificate made for the test.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

/// What the server and the profile call the user.
pub(crate) const USER: &str = "leitwarte";
pub(crate) const PASSWORD: &str = "made for this test";

pub(crate) struct MailServer {
    pub(crate) port: u16,
    lines: Lines<BufReader<ChildStdout>>,
    _child: Child,
}

/// What the server is to do beside taking mail.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Behaviour {
    pub(crate) loses_answers: u32,
    pub(crate) refuses: &'static str,
    pub(crate) plain: bool,
    /// TLS from the first byte.
    pub(crate) implicit_tls: bool,
}

/// Writes `ca.pem`, and the server's certificate and key, into a folder.
fn certificates(folder: &Path) -> (PathBuf, PathBuf) {
    let mut ca = CertificateParams::default();
    ca.distinguished_name.push(DnType::CommonName, "the company's own authority");
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(ca, KeyPair::generate().unwrap()).unwrap();
    let server = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = server.signed_by(&key, &ca).unwrap();
    let (certificate_file, key_file) = (folder.join("server.pem"), folder.join("server-key.pem"));
    std::fs::write(folder.join("ca.pem"), ca.pem()).unwrap();
    std::fs::write(&certificate_file, certificate.pem()).unwrap();
    std::fs::write(&key_file, key.serialize_pem()).unwrap();
    (certificate_file, key_file)
}

impl MailServer {
    pub(crate) async fn start(folder: &Path, behaviour: Behaviour) -> Self {
        let python = std::env::var("LEITWARTE_PYTHON").expect("LEITWARTE_PYTHON is not set: run `make test`");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/foreign/aiosmtpd/server.py");
        let (certificate, key) = certificates(folder);
        let mut command = Command::new(python);
        command.arg(script).stdout(Stdio::piped()).kill_on_drop(true);
        command.args(["--lose-answers", &behaviour.loses_answers.to_string(), "--refuse-recipient", behaviour.refuses]);
        if behaviour.implicit_tls {
            command.arg("--implicit-tls");
        }
        if !behaviour.plain {
            command.arg("--certificate").arg(certificate).arg("--key").arg(key);
            command.args(["--user", USER, "--password", PASSWORD]);
        }
        let mut child = command.spawn().expect("the mail server starts");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let port = next(&mut lines).await.parse().expect("it says its port first");
        Self { port, lines, _child: child }
    }

    /// The next mail it took.
    pub(crate) async fn mail(&mut self) -> Value {
        serde_json::from_str(&next(&mut self.lines).await).expect("a line of JSON for each mail")
    }

    /// Whether it took no further mail, asked after everything is over.
    pub(crate) async fn is_quiet(&mut self) -> bool {
        timeout(Duration::from_millis(50), self.lines.next_line()).await.is_err()
    }
}

async fn next(lines: &mut Lines<BufReader<ChildStdout>>) -> String {
    let line = timeout(Duration::from_secs(20), lines.next_line()).await.expect("the mail server says something");
    line.expect("its output can be read").expect("it lives")
}
