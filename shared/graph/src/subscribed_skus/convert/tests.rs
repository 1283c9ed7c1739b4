use serde_json::{Value, json};

use super::*;

const E3: &str = "05e9a617-0261-4cee-bb44-138d3ef5d965";
const E5: &str = "06ebc4ee-1bb5-47dd-8120-11324bc54e06";

fn convert_all(skus: Value) -> Result<Vec<LicenceStock>, BadAnswer> {
    stock(serde_json::from_value(skus).unwrap())
}

fn convert_one(sku: Value) -> Result<LicenceStock, BadAnswer> {
    convert_all(Value::Array(vec![sku])).map(|mut all| all.remove(0))
}

fn full() -> Value {
    json!({
        "skuId": E3, "skuPartNumber": "SPE_E3", "appliesTo": "User", "capabilityStatus": "Enabled",
        "consumedUnits": 23, "prepaidUnits": {"enabled": 25, "suspended": 1, "warning": 2, "lockedOut": 3},
    })
}

fn with(changes: Value) -> Value {
    let (Value::Object(mut sku), Value::Object(changes)) = (full(), changes) else { unreachable!() };
    sku.extend(changes);
    sku.into()
}

fn problem(sku: Value) -> String {
    convert_one(sku).unwrap_err().to_string()
}

#[test]
fn every_field_is_carried_over() {
    assert_eq!(
        convert_one(full()).unwrap(),
        LicenceStock {
            sku_id: Uuid::parse_str(E3).unwrap(),
            part_number: "SPE_E3".to_owned(),
            applies_to: AppliesTo::User,
            capability_status: CapabilityStatus::Enabled,
            enabled: 25,
            warning: 2,
            suspended: 1,
            locked_out: 3,
            consumed: 23,
        }
    );
}

#[test]
fn more_consumed_than_enabled_is_legitimate() {
    assert_eq!(convert_one(with(json!({"consumedUnits": 40}))).unwrap().free(true), -13);
}

#[test]
fn older_answers_without_locked_out_units_and_unknown_fields_are_fine() {
    let sku = with(json!({"prepaidUnits": {"enabled": 25, "suspended": 0, "warning": 0}, "accountName": "contoso"}));
    assert_eq!(convert_one(sku).unwrap().locked_out, 0);
}

#[test]
fn missing_bought_units_fail_where_zero_would_invent_an_over_assignment() {
    for units in [json!(null), json!({}), json!({"enabled": null, "warning": 30})] {
        let message = problem(with(json!({"prepaidUnits": units})));
        assert!(message.contains("SPE_E3 has no number of bought units"), "{message}");
        assert!(convert_one(with(json!({"prepaidUnits": units, "appliesTo": "Device"}))).is_err(), "{units}");
        for harmless in [json!({"appliesTo": "Company"}), json!({"consumedUnits": 0})] {
            let mut sku = with(json!({"prepaidUnits": units}));
            sku.as_object_mut().unwrap().extend(harmless.as_object().unwrap().clone());
            assert_eq!(convert_one(sku).unwrap().enabled, 0, "{units} {harmless}");
        }
    }
}

#[test]
fn other_missing_units_count_as_none() {
    let stock = convert_one(with(json!({"prepaidUnits": {"enabled": 25, "warning": null}}))).unwrap();
    assert_eq!((stock.enabled, stock.warning, stock.suspended, stock.locked_out), (25, 0, 0, 0));
}

#[test]
fn missing_consumption_fails_where_zero_would_hide_a_shortage() {
    assert!(problem(with(json!({"consumedUnits": null}))).contains("SPE_E3 has no number of consumed units"));
    let company = convert_one(with(json!({"consumedUnits": null, "appliesTo": "Company"}))).unwrap();
    assert_eq!(company.consumed, 0);
    let nothing = convert_one(with(json!({"consumedUnits": null, "prepaidUnits": {"suspended": 5}}))).unwrap();
    assert_eq!(nothing.consumed, 0);
}

#[test]
fn negative_numbers_are_refused() {
    for field in ["enabled", "warning", "suspended", "lockedOut"] {
        assert!(problem(with(json!({"prepaidUnits": {field: -1}}))).contains("negative"), "{field}");
    }
    assert!(problem(with(json!({"consumedUnits": -1}))).contains("negative"));
}

#[test]
fn the_largest_numbers_do_no_harm() {
    let most = json!({"enabled": i64::MAX, "warning": i64::MAX});
    assert!(convert_one(with(json!({"consumedUnits": null, "prepaidUnits": most}))).is_err());
    assert_eq!(convert_one(with(json!({"prepaidUnits": most}))).unwrap().enabled, i64::MAX);
}

#[test]
fn a_product_without_a_usable_guid_is_refused() {
    for id in [json!(null), json!(""), json!("SPE_E3"), json!("00000000-0000-0000-0000-000000000000")] {
        assert!(problem(with(json!({"skuId": id}))).contains("SPE_E3 has"), "{id}");
    }
    let nameless = with(json!({"skuId": null, "skuPartNumber": null}));
    assert!(convert_all(json!([full(), nameless])).unwrap_err().to_string().contains("number 2"));
}

#[test]
fn a_product_without_a_part_number_shows_its_guid() {
    for name in [json!(null), json!(" ")] {
        assert_eq!(convert_one(with(json!({"skuPartNumber": name}))).unwrap().part_number, E3);
    }
}

#[test]
fn an_unknown_audience_counts_as_people_so_that_it_can_alert() {
    for word in [json!(null), json!("Device")] {
        assert_eq!(convert_one(with(json!({"appliesTo": word}))).unwrap().applies_to, AppliesTo::User);
    }
}

#[test]
fn an_unknown_status_is_told_from_the_units() {
    for (units, status) in [
        (json!({"enabled": 1, "warning": 9}), CapabilityStatus::Enabled),
        (json!({"enabled": 0, "warning": 1}), CapabilityStatus::Warning),
        (json!({"enabled": 0, "suspended": 1}), CapabilityStatus::Suspended),
        (json!({"enabled": 0, "lockedOut": 1}), CapabilityStatus::LockedOut),
    ] {
        let sku = with(json!({"capabilityStatus": "Paused", "prepaidUnits": units}));
        assert_eq!(convert_one(sku).unwrap().capability_status, status);
    }
    let sku = with(json!({"capabilityStatus": "LockedOut"}));
    assert_eq!(convert_one(sku).unwrap().capability_status, CapabilityStatus::LockedOut);
}

#[test]
fn the_same_product_twice_counts_once_if_the_numbers_agree() {
    let other = with(json!({"skuId": E5, "skuPartNumber": "SPE_E5"}));
    assert_eq!(convert_all(json!([full(), other, full()])).unwrap().len(), 2);
    let differing = convert_all(json!([full(), with(json!({"consumedUnits": 24}))]));
    assert!(differing.unwrap_err().to_string().contains("SPE_E3 is listed twice"));
}

#[test]
fn text_from_the_answer_that_is_no_identifier_is_not_shown() {
    let error = problem(with(json!({"skuPartNumber": "<script>alert(1)</script>", "consumedUnits": -1})));
    assert!(!error.contains("script"), "{error}");
}
