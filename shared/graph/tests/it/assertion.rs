//! The client assertion, verified by two libraries.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use leitwarte_core::Uuid;
use leitwarte_core::profile::AssertionKind;
use leitwarte_graph::assertion::{self, Statement};
use rcgen::PublicKeyData as _;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{PAIR, credential, now};

const AUDIENCE: &str = "https://login.microsoftonline.com/00000000-0000-0000-0000-000000000001/oauth2/v2.0/token";

fn sign(kind: AssertionKind) -> String {
    let folder = TempDir::new().unwrap();
    let statement =
        Statement { client_id: Uuid::from_u128(2), audience: AUDIENCE, now: now(), jti: Uuid::from_u128(3) };
    assertion::sign(&credential(folder.path()), kind, &statement).unwrap().expose_secret().to_owned()
}

fn part(assertion: &str, index: usize) -> Value {
    let text = assertion.split('.').nth(index).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
}

fn digest(algorithm: &'static aws_lc_rs::digest::Algorithm) -> String {
    URL_SAFE_NO_PAD.encode(aws_lc_rs::digest::digest(algorithm, PAIR.certificate.der()))
}

#[test]
fn ps256_names_the_certificate_by_sha_256_alone() {
    let sha256 = digest(&aws_lc_rs::digest::SHA256);
    assert_eq!(part(&sign(AssertionKind::Ps256), 0), json!({"typ": "JWT", "alg": "PS256", "x5t#S256": sha256}));
}

#[test]
fn rs256_names_the_certificate_by_sha_1_alone() {
    let sha1 = digest(&aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY);
    assert_eq!(part(&sign(AssertionKind::Rs256), 0), json!({"typ": "JWT", "alg": "RS256", "x5t": sha1}));
}

#[test]
fn the_claims_are_those_microsoft_asks_for() {
    for kind in [AssertionKind::Ps256, AssertionKind::Rs256] {
        let client = "00000000-0000-0000-0000-000000000002";
        let signed_at = now().timestamp();
        assert_eq!(
            part(&sign(kind), 1),
            json!({
                "aud": AUDIENCE, "iss": client, "sub": client, "jti": "00000000-0000-0000-0000-000000000003",
                "nbf": signed_at, "iat": signed_at, "exp": signed_at + 300,
            })
        );
    }
}

#[test]
fn jsonwebtoken_accepts_the_signature() {
    for (kind, algorithm) in [(AssertionKind::Ps256, Algorithm::PS256), (AssertionKind::Rs256, Algorithm::RS256)] {
        let mut validation = Validation::new(algorithm);
        validation.set_audience(&[AUDIENCE]);
        // The test's clock is not this machine's.
        validation.validate_exp = false;
        let key = DecodingKey::from_rsa_der(PAIR.key.der_bytes());
        jsonwebtoken::decode::<Value>(sign(kind), &key, &validation).unwrap();
    }
}

#[test]
fn aws_lc_accepts_the_signature_and_no_other_text() {
    use aws_lc_rs::signature::{
        RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, RsaParameters, UnparsedPublicKey,
    };
    let cases: [(AssertionKind, &'static RsaParameters); 2] =
        [(AssertionKind::Ps256, &RSA_PSS_2048_8192_SHA256), (AssertionKind::Rs256, &RSA_PKCS1_2048_8192_SHA256)];
    for (kind, parameters) in cases {
        let assertion = sign(kind);
        let (message, signature) = assertion.rsplit_once('.').unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        let key = UnparsedPublicKey::new(parameters, PAIR.key.der_bytes());
        key.verify(message.as_bytes(), &signature).unwrap();
        assert!(key.verify(format!("{message}x").as_bytes(), &signature).is_err());
    }
}

#[test]
fn an_assertion_does_not_print() {
    let folder = TempDir::new().unwrap();
    let statement = Statement { client_id: Uuid::from_u128(2), audience: "x", now: now(), jti: Uuid::from_u128(3) };
    let signed = assertion::sign(&credential(folder.path()), AssertionKind::Ps256, &statement).unwrap();
    assert!(!format!("{signed:?}").contains("ey"), "{signed:?}");
}
