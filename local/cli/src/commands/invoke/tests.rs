use super::*;

fn usage_error(argument: &str) -> String {
    payload(argument).unwrap_err().downcast::<UsageError>().expect("a usage error").to_string()
}

#[test]
fn a_payload_that_is_not_json_does_not_travel() {
    assert_eq!(payload(r#"{"tenant":"contoso"}"#).unwrap(), r#"{"tenant":"contoso"}"#);
    assert!(usage_error("{tenant:contoso}").starts_with("--payload is not JSON"));
    assert!(usage_error("").starts_with("--payload is not JSON"));
}

#[test]
fn a_payload_can_stand_in_a_file() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"[1, 2]").unwrap();
    assert_eq!(payload(&format!("@{}", file.path().display())).unwrap(), "[1, 2]");
    assert!(usage_error("@/nowhere/at/all").starts_with("cannot read /nowhere/at/all"));
}

#[test]
fn a_functions_error_is_told_in_its_words() {
    let known = r#"{"errorType":"UnknownTenant","errorMessage":"there is no tenant x"}"#;
    assert_eq!(function_error("poll-tenant", known), "poll-tenant failed: there is no tenant x [UnknownTenant]");
    assert_eq!(function_error("poll-tenant", "Segmentation fault"), "poll-tenant failed: Segmentation fault");
}
