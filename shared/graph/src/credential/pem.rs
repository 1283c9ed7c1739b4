//! Reading PEM (RFC 7468) without leaving copies of the private key in memory.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use x509_parser::asn1_rs::{FromDer, OctetString, Sequence};
use x509_parser::oid_registry::OID_PKCS1_RSAENCRYPTION;
use x509_parser::x509::AlgorithmIdentifier;
use zeroize::Zeroizing;

use super::CredentialProblem;

/// The parts of a PEM file that matter here, each in DER.
pub(super) struct Contents {
    /// The private key as PKCS#1 `RSAPrivateKey`.
    pub(super) key: Zeroizing<Vec<u8>>,
    /// The certificates in the order of the file.
    pub(super) certificates: Vec<Vec<u8>>,
}

/// Reads the private key and every certificate, in any order; text around them and other sections are ignored.
pub(super) fn read(file: &[u8]) -> Result<Contents, CredentialProblem> {
    let mut key = None;
    let mut certificates = Vec::new();
    for section in sections(file)? {
        let found = match section.label.as_slice() {
            b"CERTIFICATE" => {
                certificates.push(section.der.to_vec());
                continue;
            }
            b"ENCRYPTED PRIVATE KEY" => return Err(CredentialProblem::Encrypted),
            b"PRIVATE KEY" => unwrap_pkcs8(&section.der)?,
            b"RSA PRIVATE KEY" => section.der,
            label if label.ends_with(b"PRIVATE KEY") => return Err(CredentialProblem::NotRsa),
            _ => continue,
        };
        if key.replace(found).is_some() {
            return Err(CredentialProblem::SeveralKeys);
        }
    }
    let key = key.ok_or(CredentialProblem::NoKey)?;
    if certificates.is_empty() {
        return Err(CredentialProblem::NoCertificate);
    }
    Ok(Contents { key, certificates })
}

struct Section {
    label: Vec<u8>,
    der: Zeroizing<Vec<u8>>,
}

fn sections(file: &[u8]) -> Result<Vec<Section>, CredentialProblem> {
    let mut found = Vec::new();
    let mut open: Option<(Vec<u8>, Zeroizing<Vec<u8>>)> = None;
    for line in file.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii) {
        if let Some(label) = boundary(line, b"-----BEGIN ") {
            if open.is_some() {
                return Err(CredentialProblem::NotPem("a section begins inside another one"));
            }
            // Room for all that can follow: growing would leave a copy of the key behind.
            open = Some((label.to_vec(), Zeroizing::new(Vec::with_capacity(file.len()))));
        } else if let Some(label) = boundary(line, b"-----END ") {
            let (begun, text) = open.take().ok_or(CredentialProblem::NotPem("a section ends that did not begin"))?;
            if begun != label {
                return Err(CredentialProblem::NotPem("a section ends under another name than it began"));
            }
            found.push(Section { label: begun, der: decode(&text)? });
        } else if let Some((_, text)) = &mut open {
            // OpenSSL's old format of an encrypted key (RFC 1421 headers).
            if line.starts_with(b"Proc-Type:") && line.ends_with(b"ENCRYPTED") {
                return Err(CredentialProblem::Encrypted);
            }
            text.extend_from_slice(line);
        }
    }
    if open.is_some() {
        return Err(CredentialProblem::NotPem("its last section has no end; it was cut off"));
    }
    if found.is_empty() {
        return Err(CredentialProblem::NotPem(match file {
            [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => "it is UTF-16 text; save it as plain ASCII",
            [0x30, 0x80..=0x84, ..] => "it is binary (PFX or DER)",
            _ => "it has no line that starts with -----BEGIN",
        }));
    }
    Ok(found)
}

fn boundary<'a>(line: &'a [u8], start: &[u8]) -> Option<&'a [u8]> {
    // A byte order mark may stand before the first line.
    line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line).strip_prefix(start)?.strip_suffix(b"-----")
}

fn decode(text: &[u8]) -> Result<Zeroizing<Vec<u8>>, CredentialProblem> {
    let mut der = Zeroizing::new(vec![0; text.len() / 4 * 3 + 3]);
    let length = STANDARD
        .decode_slice(text, &mut der)
        .map_err(|_| CredentialProblem::NotPem("a section is not valid base64; the file is damaged"))?;
    der.truncate(length);
    Ok(der)
}

/// PKCS#8 `PrivateKeyInfo` (RFC 5208) → the PKCS#1 key inside.
fn unwrap_pkcs8(der: &[u8]) -> Result<Zeroizing<Vec<u8>>, CredentialProblem> {
    let damaged = |_| CredentialProblem::BadKey;
    let (_, info) = Sequence::from_der(der).map_err(damaged)?;
    let (rest, _version) = u8::from_der(&info.content).map_err(damaged)?;
    let (rest, algorithm) = AlgorithmIdentifier::from_der(rest).map_err(|_| CredentialProblem::BadKey)?;
    if algorithm.algorithm != OID_PKCS1_RSAENCRYPTION {
        return Err(CredentialProblem::NotRsa);
    }
    let (_, key) = OctetString::from_der(rest).map_err(damaged)?;
    Ok(Zeroizing::new(key.as_ref().to_vec()))
}
