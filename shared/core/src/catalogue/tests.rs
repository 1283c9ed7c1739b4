use super::*;

#[test]
fn every_line_of_the_lists_is_read_whole() {
    for (text, columns) in [(NAMES, 3), (GERMAN_NAMES, 2), (UNMETERED, 2)] {
        for row in rows(text) {
            assert_eq!(row.len(), columns, "{row:?}");
            assert!(row.iter().all(|cell| !cell.is_empty() && !cell.contains('"')), "{row:?}");
        }
    }
    for row in rows(NAMES).chain(rows(UNMETERED)) {
        assert!(Uuid::parse_str(row[0]).is_ok_and(|id| !id.is_nil()), "{row:?}");
    }
}

#[test]
fn microsofts_list_is_there_whole() {
    assert!(CATALOGUE.by_id.len() > 500, "{}", CATALOGUE.by_id.len());
    assert_eq!(CATALOGUE.unmetered.len(), rows(UNMETERED).count());
    assert_eq!(CATALOGUE.german.len(), rows(GERMAN_NAMES).count());
}

#[test]
fn a_product_is_named_by_its_guid_whatever_its_part_number() {
    let entra_p1 = Uuid::parse_str("078d2b04-f1bd-4111-bbd4-b4b1b354cef4").unwrap();
    assert_eq!(product_name(entra_p1, "SOMETHING_ELSE"), "Microsoft Entra ID P1");
}

#[test]
fn an_unknown_guid_is_named_by_its_part_number() {
    assert_eq!(product_name(Uuid::from_u128(1), "AAD_PREMIUM"), "Microsoft Entra ID P1");
}

#[test]
fn an_unknown_product_shows_its_part_number() {
    assert_eq!(product_name(Uuid::from_u128(1), "BRAND_NEW"), "BRAND_NEW");
    assert_eq!(product_name_de(Uuid::from_u128(1), "BRAND_NEW"), "BRAND_NEW");
}

#[test]
fn a_product_without_a_german_name_has_its_english_one() {
    assert_eq!(product_name_de(Uuid::from_u128(1), "AAD_PREMIUM"), "Microsoft Entra ID P1");
    let german = product_name_de(Uuid::from_u128(1), "MCOEV_FACULTY");
    assert!(german.contains("Lehrpersonal"), "{german}");
}

#[test]
fn a_quoted_cell_keeps_its_commas() {
    assert_eq!(cells(r#"1,"a, b",c"#), ["1", "a, b", "c"]);
    assert_eq!(cells("1,,c"), ["1", "", "c"]);
}
