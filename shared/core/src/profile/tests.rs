use serde_json::{Value, json};

use super::*;

fn source_document() -> Value {
    json!({
        "tenant_id": "7d0d8a3e-52c7-4b0e-9f5b-0e6f0f7b9a11", "tenant_name": "contoso",
        "client_id": "0c5b7f3a-8d1e-4a57-8a42-3f1c7a1d9b22",
        "thumbprint": "A1B2C3D4E5F60718293A4B5C6D7E8F9012345678",
        "cert_path": "certs/contoso/mycert_contoso.pem", "expires": "2026-05-19"
    })
}

fn with(field: &str, value: impl Into<Value>) -> String {
    let mut profile = source_document();
    profile[field] = value.into();
    profile.to_string()
}

fn problem(json: &str) -> String {
    TenantProfile::parse(json).unwrap_err().to_string()
}

#[test]
fn the_source_documents_format_loads_unchanged() {
    let profile = TenantProfile::parse(&source_document().to_string()).unwrap();
    assert_eq!(profile.tenant_name, "contoso");
    assert_eq!(profile.shown_name(), "contoso");
    assert_eq!(profile.expires, NaiveDate::from_ymd_opt(2026, 5, 19).unwrap());
    assert!(profile.enabled && profile.count_warning_units);
    assert_eq!((profile.cloud, profile.assertion), (Cloud::Global, AssertionKind::Ps256));
}

#[test]
fn a_file_saved_by_a_windows_editor_loads() {
    assert!(TenantProfile::parse(&format!("\u{feff}{}", source_document())).is_ok());
}

#[test]
fn a_profile_is_the_same_after_writing_and_reading() {
    let profile = TenantProfile::parse(&with("cloud", "usgov")).unwrap();
    assert_eq!(TenantProfile::parse(&serde_json::to_string(&profile).unwrap()).unwrap(), profile);
}

#[test]
fn an_unknown_key_is_refused_by_name() {
    assert!(problem(&with("thumprint", "x")).contains("`thumprint`"));
}

#[test]
fn a_missing_field_is_named() {
    let mut profile = source_document();
    profile.as_object_mut().unwrap().remove("client_id");
    assert!(problem(&profile.to_string()).contains("`client_id`"));
}

#[test]
fn a_value_that_cannot_be_is_refused_with_its_field() {
    for (field, value) in [
        ("tenant_name", "  ".to_owned()),
        ("tenant_name", "x".repeat(256)),
        ("cert_path", String::new()),
        ("thumbprint", "12AB".to_owned()),
        ("thumbprint", "G".repeat(40)),
        ("tenant_id", Uuid::nil().to_string()),
        ("client_id", Uuid::nil().to_string()),
    ] {
        assert!(problem(&with(field, value.clone())).contains(&format!("`{field}`")), "{field} = {value:?}");
    }
    for (field, value) in [("tenant_id", "contoso"), ("expires", "19.5.2026"), ("cloud", "moon"), ("assertion", "none")]
    {
        assert!(TenantProfile::parse(&with(field, value)).is_err(), "{field} = {value:?}");
    }
}

#[test]
fn a_thumbprint_may_be_written_with_separators() {
    let written = "a1:b2:c3:d4:e5:f6:07:18:29:3a:4b:5c:6d:7e:8f:90:12:34:56:78";
    let profile = TenantProfile::parse(&with("thumbprint", written)).unwrap();
    assert_eq!(profile.normalised_thumbprint(), "A1B2C3D4E5F60718293A4B5C6D7E8F9012345678");
}

#[test]
fn each_cloud_has_its_own_hosts_and_a_profile_may_name_others() {
    for cloud in Cloud::ALL {
        assert!(cloud.authority_host().starts_with("https://login."), "{cloud:?}");
        assert!(cloud.graph_endpoint().contains("graph."), "{cloud:?}");
    }
    let profile = TenantProfile::parse(&with("graph_endpoint", "http://127.0.0.1:9/")).unwrap();
    assert_eq!(profile.graph_endpoint(), "http://127.0.0.1:9");
    assert_eq!(profile.authority_host(), Cloud::Global.authority_host());
}

#[test]
fn the_key_is_the_name_in_the_file_name() {
    assert_eq!(key_of_file_name("config-contoso-profile.json"), Some("contoso"));
    assert_eq!(key_of_file_name("config-my-tenant.2-profile.json"), Some("my-tenant.2"));
    for name in ["contoso.json", "config--profile.json", "config-a/b-profile.json", "config-..-profile.json"] {
        assert_eq!(key_of_file_name(name), None, "{name}");
    }
    let long = format!("config-{}-profile.json", "x".repeat(65));
    assert_eq!(key_of_file_name(&long), None);
}

#[test]
fn a_broken_profile_is_found_with_its_file_name_and_what_is_wrong() {
    let found = FoundProfile::read("contoso", "{");
    let failure = found.profile.unwrap_err();
    assert_eq!(failure.kind, crate::poll::FailureKind::Profile);
    assert!(failure.message.starts_with("config-contoso-profile.json: "), "{}", failure.message);
}

mod shared_names {
    use super::*;

    fn named(entries: &[(&str, &str)]) -> Vec<FoundProfile> {
        entries.iter().map(|(key, name)| FoundProfile::read(key, &with("tenant_name", *name))).collect()
    }

    fn usable(found: &[FoundProfile]) -> Vec<bool> {
        found.iter().map(|entry| entry.profile.is_ok()).collect()
    }

    #[test]
    fn one_name_for_two_tenants_is_refused_and_the_message_names_both_files() {
        let mut found = named(&[("a", "Contoso"), ("b", "Contoso")]);
        refuse_shared_names(&mut found, |_| None);
        let failure = found[1].profile.as_ref().unwrap_err();
        assert_eq!(failure.message, "config-b-profile.json: `tenant_name` is the same as in config-a-profile.json.");
        assert!(failure.fix.contains("`tenant_name`"), "{failure:?}");
        assert!(found[0].profile.is_ok());
    }

    #[test]
    fn names_that_differ_in_case_or_surrounding_spaces_are_the_same() {
        let mut found = named(&[("a", "Übung AG"), ("b", " übung ag\t"), ("c", "Übung"), ("contoso", "x")]);
        refuse_shared_names(&mut found, |name| (name == "übung ag").then(|| "b".to_owned()));
        assert_eq!(usable(&found), [false, true, true, true]);
    }

    #[test]
    fn the_last_name_of_a_refused_tenant_is_still_its_own() {
        // b was called "y" and would be "z", which is c's; so it is shown as "y", and a cannot be.
        let mut found = named(&[("a", "y"), ("b", "z"), ("c", "z")]);
        let owner = |name: &str| [("x", "a"), ("y", "b"), ("z", "c")].iter().find(|(of, _)| *of == name).map(|o| o.1);
        refuse_shared_names(&mut found, |name| owner(name).map(str::to_owned));
        assert_eq!(usable(&found), [false, false, true]);
    }
}

mod shared_tenants {
    use super::*;

    fn copies_of_contoso() -> Vec<FoundProfile> {
        ["a-copy", "contoso"].map(|key| FoundProfile::read(key, &source_document().to_string())).into()
    }

    #[test]
    fn a_copied_file_is_refused_and_the_original_goes_on() {
        let mut found = copies_of_contoso();
        refuse_shared_tenants(&mut found, |_| Some("contoso".to_owned()));
        assert!(found[0].profile.as_ref().unwrap_err().message.contains("config-contoso-profile.json"));
        assert!(found[1].profile.is_ok());
    }

    #[test]
    fn among_new_files_the_first_goes_on() {
        let mut found = copies_of_contoso();
        refuse_shared_tenants(&mut found, |_| None);
        assert_eq!((found[0].profile.is_ok(), found[1].profile.is_ok()), (true, false));
    }

    #[test]
    fn an_owner_whose_file_is_gone_holds_nothing() {
        let mut found = copies_of_contoso();
        found.pop();
        refuse_shared_tenants(&mut found, |_| Some("contoso".to_owned()));
        assert!(found[0].profile.is_ok());
    }

    #[test]
    fn an_owner_whose_file_is_broken_does_not_lose_its_tenant_to_a_copy() {
        let mut found = copies_of_contoso();
        found[1] = FoundProfile::read("contoso", "{");
        refuse_shared_tenants(&mut found, |_| Some("contoso".to_owned()));
        assert!(found[0].profile.is_err());
    }

    #[test]
    fn an_owner_whose_file_is_about_another_tenant_now_holds_the_former_one_no_more() {
        let mut found = copies_of_contoso();
        let other = Uuid::from_u128(9).to_string();
        found[1] = FoundProfile::read("contoso", &with("tenant_id", other));
        refuse_shared_tenants(&mut found, |_| Some("contoso".to_owned()));
        assert!(found.iter().all(|entry| entry.profile.is_ok()));
    }
}
