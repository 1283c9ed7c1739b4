//! Checks of the machine: data folder, file system, space, addresses.

use std::io;
use std::net::SocketAddr;
use std::path::Path;

use leitwarte_host::env::EnvError;
use rustix::fs::{statfs, statvfs};

use super::finding::{Area, Finding};
use crate::{Settings, tls_files};

const AREA: Area = Area::Machine;

/// Below this much free space a poll's numbers may soon not fit.
const LEAST_FREE_BYTES: u64 = 500 * 1024 * 1024;

pub(super) fn check(settings: &Settings) -> Vec<Finding> {
    let mut findings = data_folder(&settings.app.data_dir);
    findings.push(addresses(settings));
    findings.extend(tls(settings));
    findings
}

fn data_folder(folder: &Path) -> Vec<Finding> {
    const SUBJECT: &str = "data folder";
    let shown = folder.display();
    if !folder.exists() {
        return vec![AREA.note(SUBJECT, format!("{shown} does not exist yet; `leitwarte up` makes it."))];
    }
    if let Err(error) = try_writing(folder) {
        return vec![AREA.bad(
            SUBJECT,
            format!("Nothing can be written to {shown}: {error}."),
            "Give the folder to the account that runs Leitwarte, or set DATA_DIR to another one.",
        )];
    }
    let mut findings = vec![match remote_file_system(folder) {
        Some(kind) => AREA.bad(
            SUBJECT,
            format!("{shown} is on {kind}, where the database can be damaged when two programs use it."),
            "Set DATA_DIR to a folder on a local disk.",
        ),
        None => AREA.good(SUBJECT, format!("{shown} can be written to.")),
    }];
    // A file system that does not tell its free space is no finding.
    if let Ok(space) = statvfs(folder) {
        let free = space.f_bavail.saturating_mul(space.f_frsize);
        if free < LEAST_FREE_BYTES {
            findings.push(AREA.warning(
                "disk space",
                format!("Only {} MB are free where {shown} is.", free / 1_000_000),
                "Make room; without it new numbers cannot be stored.",
            ));
        }
    }
    findings
}

/// Writes and removes a file, the only proof that counts on every file system.
fn try_writing(folder: &Path) -> io::Result<()> {
    use std::io::Write as _;
    let mut file = tempfile::tempfile_in(folder)?;
    file.write_all(b"leitwarte")?;
    file.sync_all()
}

/// The kind of network file system a folder is on, if it is on one.
/// Source: statfs(2), `f_type`.
fn remote_file_system(folder: &Path) -> Option<&'static str> {
    let kind = statfs(folder).ok()?.f_type;
    match u32::try_from(kind).unwrap_or_default() {
        0x6969 => Some("NFS"),
        0xFF53_4D42 | 0xFE53_4D42 | 0x517B => Some("a Windows share (SMB)"),
        _ => None,
    }
}

fn addresses(settings: &Settings) -> Finding {
    const SUBJECT: &str = "addresses";
    let host = &settings.host;
    let all = || -> Result<[SocketAddr; 4], EnvError> {
        Ok([host.gateway_addr()?, host.invoke_addr()?, host.runtime_addr()?, host.metrics_addr()?])
    };
    match all() {
        Err(error) => AREA.bad(SUBJECT, format!("{error}."), "Correct the variable."),
        Ok([gateway, invoke, runtime, metrics]) => {
            let fixed = [gateway, invoke, metrics];
            let twice = fixed.iter().enumerate().find(|(index, address)| fixed[..*index].contains(address));
            if let Some((_, address)) = twice {
                return AREA.bad(
                    SUBJECT,
                    format!("Two of GATEWAY_ADDR, INVOKE_ADDR and METRICS_ADDR are {address}."),
                    "Give each its own port.",
                );
            }
            if !runtime.ip().is_loopback() {
                return AREA.warning(
                    SUBJECT,
                    format!("RUNTIME_ADDR is {runtime}: other machines could answer in a function's place."),
                    "Use 127.0.0.1 unless functions run in containers with a network of their own.",
                );
            }
            AREA.good(SUBJECT, format!("Pages and API at {gateway}, Invoke API at {invoke}, metrics at {metrics}."))
        }
    }
}

/// Whether the gateway can speak TLS, if it is to.
fn tls(settings: &Settings) -> Option<Finding> {
    const SUBJECT: &str = "TLS";
    match tls_files::check(&settings.host) {
        Ok(false) => None,
        Ok(true) => Some(AREA.good(SUBJECT, "Certificate and key can be used.")),
        Err(error) => {
            let fix = "Correct the files or the variables; the gateway does not start like this.";
            Some(AREA.bad(SUBJECT, format!("{error:#}."), fix))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Level;
    use super::*;

    fn settings(pairs: &[(&str, &str)]) -> Settings {
        Settings::new(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))).unwrap()
    }

    #[test]
    fn the_defaults_are_fine() {
        assert_eq!(addresses(&settings(&[])).level, Level::Good);
    }

    #[test]
    fn half_of_tls_is_found_and_none_is_no_finding() {
        assert_eq!(tls(&settings(&[])), None);
        assert_eq!(tls(&settings(&[("TLS_CERT_FILE", "c.pem")])).unwrap().level, Level::Bad);
    }

    #[test]
    fn one_port_for_two_programs_is_found() {
        let finding = addresses(&settings(&[("GATEWAY_ADDR", "127.0.0.1:9001")]));
        assert_eq!(finding.level, Level::Bad);
        assert!(finding.message.contains("127.0.0.1:9001"), "{}", finding.message);
    }

    #[test]
    fn an_address_without_a_port_is_found_by_its_variable() {
        let finding = addresses(&settings(&[("METRICS_ADDR", "localhost")]));
        assert_eq!(finding.level, Level::Bad);
        assert!(finding.message.contains("METRICS_ADDR"), "{}", finding.message);
    }

    #[test]
    fn a_runtime_api_for_other_machines_is_a_warning() {
        assert_eq!(addresses(&settings(&[("RUNTIME_ADDR", "0.0.0.0:0")])).level, Level::Warning);
    }

    #[test]
    fn a_data_folder_that_is_not_there_yet_is_no_problem() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(data_folder(&folder.path().join("data"))[0].level, Level::Note);
        assert_eq!(data_folder(folder.path())[0].level, Level::Good);
    }

    #[test]
    fn a_data_folder_that_is_a_file_is_found() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let findings = data_folder(file.path());
        assert_eq!(findings[0].level, Level::Bad);
        assert!(findings[0].fix.as_ref().unwrap().contains("DATA_DIR"));
    }
}
