use serde_json::{Value, json};

use super::*;

/// What is wrong with the shipped table after a change to one role.
fn refusal(role: &str, change: &Value) -> String {
    let mut table: Value = serde_json::from_str(SHIPPED).unwrap();
    let roles = table["roles"].as_array_mut().unwrap();
    let entry = roles.iter_mut().find(|entry| entry["role"] == role).unwrap();
    entry.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    RoleTable::parse(&table.to_string()).unwrap_err().to_string()
}

/// The ten roles of the system before, in its own words.
const SOURCE: [(&str, &str); 10] = [
    ("anwaerter", "candidate"),
    ("mitglied", "member"),
    ("ressortleiter", "head"),
    ("vorstand_finanzen", "board_finance"),
    ("vorstand_intern", "board_internal"),
    ("vorstand_extern", "board_external"),
    ("alumni", "alumni"),
    ("alumni_vorstand", "alumni_board"),
    ("alumni_finanz", "alumni_auditor"),
    ("ehrenmitglied", "honorary_member"),
];

#[test]
fn the_shipped_table_has_the_ten_roles_of_the_system_before() {
    let table = RoleTable::shipped();
    assert_eq!(table.roles().len(), SOURCE.len());
    for (entra, role) in SOURCE {
        assert_eq!(table.of_entra(entra).unwrap().role, role);
        assert_eq!(table.role(role).unwrap().entra, entra);
    }
}

#[test]
fn the_mapping_is_a_bijection() {
    let table = RoleTable::shipped();
    for entry in table.roles() {
        assert_eq!(table.of_entra(&entry.entra), Some(entry));
        assert_eq!(table.role(&entry.role), Some(entry));
    }
    assert!(refusal("head", &json!({ "entra": "mitglied" })).contains("is also that of `head`"));
    assert!(refusal("head", &json!({ "role": "member" })).contains("twice"));
}

#[test]
fn a_table_that_contradicts_itself_is_refused_with_the_roles_name() {
    for (role, change, words) in [
        ("head", json!({ "role": "none" }), "`none`"),
        ("head", json!({ "role": "a b" }), "no name"),
        ("head", json!({ "entra": "" }), "value of an app role"),
        ("head", json!({ "entra": "Licences.Read" }), "meaning of its own"),
        ("candidate", json!({ "rank": 0 }), "people without a role"),
        ("head", json!({ "right": "owner" }), "see, manage or admin"),
        ("head", json!({ "rank": 25 }), "ranks no higher"),
        ("board_finance", json!({ "right": "see" }), "less than that of"),
        ("member", json!({ "change_to": ["head"] }), "ranks higher"),
        ("member", json!({ "change_to": ["member"] }), "itself"),
        ("member", json!({ "change_to": ["chief"] }), "`chief`, which is not in the table"),
        ("board_finance", json!({ "successors": [] }), "without one"),
        ("board_finance", json!({ "successors": ["board_internal"] }), "would be vacant"),
        ("board_finance", json!({ "colour": "red" }), "`colour`"),
    ] {
        let refusal = refusal(role, &change);
        assert!(refusal.contains(words), "{change}: {refusal}");
    }
}

#[test]
fn what_the_table_does_not_know_gives_nothing() {
    let table = RoleTable::shipped();
    assert_eq!(table.rank(Some("chief")), 0);
    assert_eq!(table.right(Some("chief")), None);
    assert_eq!(table.lower(Some("head"), Some("chief")), Some("chief"));
    assert_eq!(table.lower(Some("head"), None), None);
    assert_eq!(table.lower(Some("board_finance"), Some("board_internal")), Some("board_finance"));
}
