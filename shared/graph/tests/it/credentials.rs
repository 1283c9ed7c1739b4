//! Certificate files, good and bad.

use std::path::Path;

use leitwarte_core::poll::FailureKind;
use leitwarte_graph::credential::resolve;
use leitwarte_graph::{Credential, CredentialError, CredentialProblem};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256};
use tempfile::TempDir;

use crate::support::{PAIR, Pair, Setup, minute, now, write};

/// The label of a PEM block, kept apart from the dashes: nothing in this repository looks like a key.
const PRIVATE_KEY: &str = "PRIVATE KEY";

fn read(content: impl AsRef<[u8]>) -> Result<Credential, CredentialError> {
    let folder = TempDir::new().unwrap();
    Credential::read(&write(&folder.path().join("file.pem"), content.as_ref(), 0o600))
}

fn problem(content: impl AsRef<[u8]>) -> CredentialProblem {
    let error = read(content).unwrap_err();
    assert!(!error.fix().is_empty());
    assert_eq!(error.kind(), FailureKind::Certificate);
    error.problem
}

/// The PKCS#1 key inside a PKCS#8 key, which stands behind a head of 26 bytes for this size.
fn pkcs1_pem(key: &KeyPair) -> String {
    let der = &key.serialized_der()[26..];
    let text = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, der);
    let lines: Vec<&str> = text.as_bytes().chunks(64).map(|line| str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN RSA {PRIVATE_KEY}-----\n{}\n-----END RSA {PRIVATE_KEY}-----\n", lines.join("\n"))
}

#[test]
fn the_usual_file_is_read_with_thumbprints_and_dates() {
    let credential = read(PAIR.pem()).unwrap();
    assert_eq!(credential.thumbprint_sha1(), PAIR.thumbprint());
    assert_eq!(credential.thumbprint_sha256().len(), 64);
    assert_eq!(credential.not_before().to_rfc3339(), "2026-01-01T00:00:00+00:00");
    assert_eq!(credential.not_after().to_rfc3339(), "2027-05-19T00:00:00+00:00");
    assert!(credential.subject().contains("CN=leitwarte-contoso"));
    assert_eq!(credential.key_bits(), 2048);
}

#[test]
fn pkcs1_any_order_line_ends_of_windows_and_text_around_are_fine() {
    let (key, certificate) = (PAIR.key.serialize_pem(), PAIR.certificate.pem());
    let pkcs1 = pkcs1_pem(&PAIR.key);
    for content in [
        format!("{certificate}{key}"),
        format!("{pkcs1}{certificate}"),
        format!("{certificate}{pkcs1}"),
        format!("{key}{certificate}").replace('\n', "\r\n"),
        format!("\u{feff}{key}{certificate}"),
        format!(
            "Bag Attributes\n    localKeyID: 01\nKey Attributes: <No Attributes>\n{key}subject=CN = x\n{certificate}"
        ),
        format!("{key}{certificate}").trim_end().to_owned(),
    ] {
        assert_eq!(read(&content).unwrap().thumbprint_sha1(), PAIR.thumbprint());
    }
}

#[test]
fn the_certificate_of_the_key_is_found_in_a_chain() {
    let other = Pair::new((2020, 1, 1), (2040, 1, 1));
    let content = format!("{}{}{}", other.certificate.pem(), PAIR.pem(), other.certificate.pem());
    assert_eq!(read(content).unwrap().thumbprint_sha1(), PAIR.thumbprint());
}

#[test]
fn a05_a_key_that_others_can_read_is_refused_with_the_command_to_run() {
    let folder = TempDir::new().unwrap();
    for mode in [0o644, 0o640, 0o604, 0o660, 0o601] {
        let path = write(&folder.path().join("file.pem"), PAIR.pem().as_bytes(), mode);
        let error = Credential::read(&path).unwrap_err();
        assert_eq!(error.problem, CredentialProblem::TooOpen { mode });
        assert!(error.to_string().contains(&format!("{mode:04o}")), "{error}");
        assert!(error.fix().contains(&format!("chmod 600 '{}'", path.display())), "{}", error.fix());
    }
    for mode in [0o600, 0o400] {
        let path = write(&folder.path().join("other.pem"), PAIR.pem().as_bytes(), 0o600);
        write(&path, PAIR.pem().as_bytes(), mode);
        assert!(Credential::read(&path).is_ok(), "{mode:o}");
    }
}

#[test]
fn an_encrypted_key_is_told_from_a_damaged_one() {
    let certificate = PAIR.certificate.pem();
    let pkcs8 = PAIR.key.serialize_pem().replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
    assert_eq!(problem(format!("{pkcs8}{certificate}")), CredentialProblem::Encrypted);
    let old = pkcs1_pem(&PAIR.key).replacen(
        "KEY-----\n",
        "KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00112233445566778899AABBCCDDEEFF\n\n",
        1,
    );
    assert_eq!(problem(format!("{old}{certificate}")), CredentialProblem::Encrypted);
}

#[test]
fn what_is_missing_or_too_much_is_said() {
    let (key, certificate) = (PAIR.key.serialize_pem(), PAIR.certificate.pem());
    assert_eq!(problem(&key), CredentialProblem::NoCertificate);
    assert_eq!(problem(&certificate), CredentialProblem::NoKey);
    assert_eq!(problem(format!("{key}{key}{certificate}")), CredentialProblem::SeveralKeys);
}

#[test]
fn a_key_of_another_certificate_is_refused() {
    let other = Pair::new((2026, 1, 1), (2027, 1, 1));
    let content = format!("{}{}", other.key.serialize_pem(), PAIR.certificate.pem());
    assert_eq!(problem(content), CredentialProblem::KeyMismatch);
}

#[test]
fn a_key_that_is_not_rsa_is_refused() {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let pair = Pair::with_key(key, (2026, 1, 1), (2027, 1, 1));
    assert_eq!(problem(pair.pem()), CredentialProblem::NotRsa);
    assert_eq!(problem(pair.pem().replace("PRIVATE KEY", "EC PRIVATE KEY")), CredentialProblem::NotRsa);
}

#[test]
fn damaged_and_foreign_files_are_refused() {
    let (key, certificate) = (PAIR.key.serialize_pem(), PAIR.certificate.pem());
    let whole = PAIR.pem();
    for content in [
        Vec::new(),
        b"no pem at all".to_vec(),
        b"\x30\x82\x0a\x00binary".to_vec(),
        whole.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        whole[..whole.len() - 100].into(),
        whole.replace(&format!("-----END {PRIVATE_KEY}-----\n"), "").into(),
        whole.replacen("MII", "M!!", 1).into(),
        whole.replace("END CERTIFICATE", "END PRIVATE KEY").into(),
    ] {
        assert!(matches!(problem(&content), CredentialProblem::NotPem(_)), "{}", String::from_utf8_lossy(&content));
    }
    let utf16: Vec<u8> = "\u{feff}x".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(problem(utf16).to_string().contains("UTF-16"));

    let not_a_key = format!("-----BEGIN {PRIVATE_KEY}-----\nAAAA\n-----END {PRIVATE_KEY}-----\n{certificate}");
    assert_eq!(problem(not_a_key), CredentialProblem::BadKey);
    let not_a_certificate = format!("{key}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    assert_eq!(problem(not_a_certificate), CredentialProblem::BadCertificate);
    assert_eq!(problem(vec![b'x'; 300 * 1024]), CredentialProblem::TooLarge);
}

#[test]
fn a_key_whose_numbers_contradict_each_other_is_refused() {
    // The last bytes of the key are its CRT coefficient.
    let mut der = PAIR.key.serialized_der().to_vec();
    *der.last_mut().unwrap() ^= 1;
    let text = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, der);
    let content =
        format!("-----BEGIN {PRIVATE_KEY}-----\n{text}\n-----END {PRIVATE_KEY}-----\n{}", PAIR.certificate.pem());
    assert_eq!(problem(content), CredentialProblem::BadKey);
}

#[test]
fn the_thumbprint_is_compared_without_regard_to_case_and_separators() {
    let credential = read(PAIR.pem()).unwrap();
    let thumbprint = PAIR.thumbprint();
    let with_colons: Vec<&str> = thumbprint.as_bytes().chunks(2).map(|pair| str::from_utf8(pair).unwrap()).collect();
    for same in [thumbprint.clone(), thumbprint.to_lowercase(), with_colons.join(":"), with_colons.join(" ")] {
        assert_eq!(credential.check_thumbprint(&same), Ok(()));
    }
    let other = "0123456789ABCDEF0123456789ABCDEF01234567";
    let error = credential.check_thumbprint(other).unwrap_err();
    assert!(error.to_string().contains(other) && error.to_string().contains(&thumbprint), "{error}");
    assert_eq!(error.kind(), FailureKind::Certificate);
}

#[test]
fn an_expired_certificate_is_refused_with_its_date_but_can_be_examined() {
    let folder = TempDir::new().unwrap();
    let pair = Pair::new((2025, 1, 1), (2026, 11, 1));
    write(&folder.path().join("old.pem"), pair.pem().as_bytes(), 0o600);
    let error = Credential::load("old.pem", &pair.thumbprint(), folder.path(), now()).unwrap_err();
    assert_eq!(error.kind(), FailureKind::CertificateExpired);
    assert!(error.to_string().contains("2026-11-01"), "{error}");
    assert_eq!(error.not_after(), Some("2026-11-01T00:00:00Z".parse().unwrap()));
    let credential = Credential::read(&folder.path().join("old.pem")).unwrap();
    assert_eq!(credential.not_after().to_rfc3339(), "2026-11-01T00:00:00+00:00");
}

#[test]
fn a_certificate_of_the_future_is_refused_with_its_date() {
    let folder = TempDir::new().unwrap();
    let pair = Pair::new((2026, 12, 1), (2027, 12, 1));
    write(&folder.path().join("new.pem"), pair.pem().as_bytes(), 0o600);
    let error = Credential::load("new.pem", &pair.thumbprint(), folder.path(), now()).unwrap_err();
    assert_eq!(error.kind(), FailureKind::Certificate);
    assert!(error.to_string().contains("2026-12-01"), "{error}");
}

#[test]
fn validity_ends_with_its_last_second() {
    let credential = read(PAIR.pem()).unwrap();
    assert_eq!(credential.check_validity(credential.not_after()), Ok(()));
    assert_eq!(credential.check_validity(credential.not_before()), Ok(()));
    let second = leitwarte_core::TimeDelta::seconds(1);
    assert!(credential.check_validity(credential.not_after() + second).is_err());
    assert!(credential.check_validity(credential.not_before() - second).is_err());
}

#[test]
fn a_date_noted_wrongly_is_reported_and_no_error() {
    let credential = read(PAIR.pem()).unwrap();
    assert_eq!(credential.expiry_note("2027-05-19".parse().unwrap()), None);
    let note = credential.expiry_note("2026-05-19".parse().unwrap()).unwrap();
    assert!(note.contains("2026-05-19") && note.contains("2027-05-19"), "{note}");
}

#[test]
fn a_relative_path_starts_at_the_profiles_folder_then_at_its_parent() {
    let root = TempDir::new().unwrap();
    let profiles = root.path().join("config-profiles");
    let beside = write(&root.path().join("certs/contoso/cert.pem"), b"beside", 0o600);
    std::fs::create_dir_all(&profiles).unwrap();
    let resolved = |path: &str| resolve(path, &profiles).map(|path| std::fs::read(path).unwrap());
    assert_eq!(resolved("certs/contoso/cert.pem").unwrap(), b"beside");
    assert_eq!(resolved(beside.to_str().unwrap()).unwrap(), b"beside");
    write(&profiles.join("certs/contoso/cert.pem"), b"inside", 0o600);
    assert_eq!(resolved("certs/contoso/cert.pem").unwrap(), b"inside");

    let error = resolve("certs/fabrikam.pem", &profiles).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("config-profiles/certs/fabrikam.pem"), "{text}");
    assert!(text.contains(root.path().join("certs/fabrikam.pem").to_str().unwrap()), "{text}");
    assert!(resolve("/nowhere/x.pem", &profiles).is_err());
}

/// A link that leads to itself stands for a closed folder, which would be open to a test that runs as root.
#[test]
fn a_place_that_cannot_be_looked_into_is_not_told_as_a_missing_file() {
    let root = TempDir::new().unwrap();
    let profiles = root.path().join("config-profiles");
    write(&root.path().join("certs/contoso.pem"), b"beside", 0o600);
    std::fs::create_dir_all(&profiles).unwrap();
    std::os::unix::fs::symlink("certs", profiles.join("certs")).unwrap();
    let error = resolve("certs/contoso.pem", &profiles).unwrap_err();
    assert_eq!(error.path, profiles.join("certs/contoso.pem"), "the other place was taken instead");
    assert!(matches!(error.problem, CredentialProblem::Unreadable(_)), "{error}");

    std::os::unix::fs::symlink("loop", root.path().join("loop")).unwrap();
    let error = resolve("loop/contoso.pem", &profiles).unwrap_err();
    assert_eq!(error.path, root.path().join("loop/contoso.pem"));
    assert!(matches!(error.problem, CredentialProblem::Unreadable(_)), "{error}");
    assert!(error.fix().contains("folder") && error.fix().contains("chmod 600"), "{}", error.fix());
}

#[test]
fn a_relative_profiles_folder_has_a_parent_too() {
    // Cargo runs tests in the folder of the package, whose parent holds the other crates.
    assert!(resolve("Cargo.toml", Path::new("src")).is_ok());
    assert!(resolve("core/Cargo.toml", Path::new(".")).is_ok());
    assert!(resolve("graph/Cargo.toml", Path::new("src/..")).is_ok());
}

#[test]
fn a_folder_is_not_a_certificate() {
    let folder = TempDir::new().unwrap();
    assert_eq!(Credential::read(folder.path()).unwrap_err().problem, CredentialProblem::NotAFile);
}

#[test]
fn a_missing_file_is_said_to_be_missing() {
    let error = Credential::read(Path::new("/nowhere/x.pem")).unwrap_err();
    assert_eq!(error.problem, CredentialProblem::NotFound { also_tried: None });
}

#[test]
fn printing_shows_no_key() {
    let printed = format!("{:?}", read(PAIR.pem()).unwrap());
    assert!(printed.contains("contoso"));
    let base64 = PAIR.key.serialize_pem().lines().nth(5).unwrap().to_owned();
    assert!(!printed.contains(&base64) && !printed.contains("key"), "{printed}");
}

#[tokio::test]
async fn an_unchanged_file_is_read_once_and_a_changed_one_again() {
    let setup = Setup::new("http://127.0.0.1:1");
    let load = || async { setup.client.credential(&setup.app(1), &minute()).await };
    let first = load().await.unwrap();
    assert!(std::sync::Arc::ptr_eq(&first, &load().await.unwrap()), "read again without need");

    let path = setup.profiles.path().join("contoso.pem");
    write(&path, PAIR.pem().replace('\n', "\r\n").as_bytes(), 0o600);
    assert!(!std::sync::Arc::ptr_eq(&first, &load().await.unwrap()), "the change was not seen");

    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    assert_eq!(load().await.unwrap_err().kind(), FailureKind::Certificate, "the wider permissions were not seen");
}
