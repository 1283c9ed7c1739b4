//! Keys, profiles and a client set up for tests.

pub(crate) mod stand_in;

use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use leitwarte_core::profile::AssertionKind;
use leitwarte_core::stock::LicenceStock;
use leitwarte_core::{DateTime, Utc, Uuid};
use leitwarte_graph::{
    AllowedHosts, AppRegistration, Budget, Config, Credential, GraphClient, GraphError, RetryPolicy,
};
use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256, RsaKeySize, date_time_ymd};
use tempfile::TempDir;

/// The moment all tests live in.
pub(crate) const NOW: &str = "2026-11-22T10:00:00Z";

pub(crate) fn now() -> DateTime<Utc> {
    NOW.parse().unwrap()
}

/// An RSA key with its certificate.
pub(crate) struct Pair {
    pub(crate) key: KeyPair,
    pub(crate) certificate: rcgen::Certificate,
}

/// Making an RSA key takes long, so most tests of a process share this one.
pub(crate) static PAIR: LazyLock<Pair> = LazyLock::new(|| Pair::new((2026, 1, 1), (2027, 5, 19)));

impl Pair {
    pub(crate) fn new(from: (i32, u8, u8), until: (i32, u8, u8)) -> Self {
        Self::with_key(KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap(), from, until)
    }

    pub(crate) fn with_key(key: KeyPair, from: (i32, u8, u8), until: (i32, u8, u8)) -> Self {
        let mut params = CertificateParams::new(vec!["contoso.test".to_owned()]).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, "leitwarte-contoso");
        params.not_before = date_time_ymd(from.0, from.1, from.2);
        params.not_after = date_time_ymd(until.0, until.1, until.2);
        let certificate = params.self_signed(&key).unwrap();
        Self { key, certificate }
    }

    /// The usual file: key first.
    pub(crate) fn pem(&self) -> String {
        format!("{}{}", self.key.serialize_pem(), self.certificate.pem())
    }

    pub(crate) fn thumbprint(&self) -> String {
        use std::fmt::Write as _;
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY, self.certificate.der());
        digest.as_ref().iter().fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02X}").unwrap();
            text
        })
    }
}

/// Writes a file with the given permission bits.
pub(crate) fn write(path: &Path, content: &[u8], mode: u32) -> PathBuf {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, content).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    path.to_owned()
}

/// A profiles' folder with one certificate and a client whose waits are short.
pub(crate) struct Setup {
    pub(crate) client: GraphClient,
    pub(crate) profiles: TempDir,
    pub(crate) address: String,
}

/// Waits short enough for a test, long enough not to be reached on a busy machine unless meant.
pub(crate) fn config(profiles: &Path, hosts: &str) -> Config {
    let mut config = Config::new(profiles, AllowedHosts::parse(hosts).unwrap(), now, ids());
    config.use_environment_proxy = false;
    config.retry = RetryPolicy {
        first_delay: Duration::from_millis(2),
        max_delay: Duration::from_millis(10),
        max_attempts: 4,
        max_attempts_when_broken: 3,
    };
    config
}

/// Ids that differ, and are known.
fn ids() -> impl Fn() -> Uuid + Send + Sync + 'static {
    let next = Arc::new(std::sync::atomic::AtomicU64::new(1));
    move || Uuid::from_u128(u128::from(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed)))
}

impl Setup {
    pub(crate) fn new(address: &str) -> Self {
        Self::with(address, |_| ())
    }

    pub(crate) fn with(address: &str, change: impl FnOnce(&mut Config)) -> Self {
        let profiles = TempDir::new().unwrap();
        write(&profiles.path().join("contoso.pem"), PAIR.pem().as_bytes(), 0o600);
        let mut config = config(profiles.path(), address.trim_start_matches("http://"));
        change(&mut config);
        Self { client: GraphClient::new(config).unwrap(), profiles, address: address.to_owned() }
    }

    /// The app registration of a tenant; all share a certificate.
    pub(crate) fn app(&self, tenant: u128) -> AppRegistration {
        AppRegistration {
            tenant_id: Uuid::from_u128(tenant),
            client_id: Uuid::from_u128(0xC11E_4700),
            authority_host: self.address.clone(),
            graph_endpoint: self.address.clone(),
            assertion: AssertionKind::Ps256,
            cert_path: "contoso.pem".to_owned(),
            thumbprint: PAIR.thumbprint(),
        }
    }

    /// One poll of tenant 1 with plenty of time.
    pub(crate) async fn poll(&self) -> Result<Vec<LicenceStock>, GraphError> {
        self.client.subscribed_skus(&self.app(1), &minute()).await
    }
}

pub(crate) fn minute() -> Budget {
    Budget::of(Duration::from_mins(1))
}

/// The shared key as the client sees it.
pub(crate) fn credential(profiles: &Path) -> Credential {
    let path = write(&profiles.join("contoso.pem"), PAIR.pem().as_bytes(), 0o600);
    Credential::read(&path).unwrap()
}
