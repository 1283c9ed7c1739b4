use super::*;

const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

fn known(role: Option<&'static str>) -> Known<'static> {
    Known { role, ceiling: None, changed_at: Some(NOW - TimeDelta::days(1)), under_way: false }
}

fn sign_in(known: Known<'_>, claims: &[&str]) -> Effect {
    let claims: Vec<String> = claims.iter().map(|&claim| claim.to_owned()).collect();
    at_sign_in(&RoleTable::shipped(), known, &claims, NOW)
}

fn found(known: Known<'_>, values: &[&str]) -> (Vec<Drift>, Effect) {
    let held = |value: &&str| Held { id: (*value).to_owned(), value: Some((*value).to_owned()), direct: true };
    let held: Vec<Held> = values.iter().map(held).collect();
    reconcile(&RoleTable::shipped(), known, &held)
}

fn limit(role: &str) -> Effect {
    Effect::Limit(role.to_owned())
}

#[test]
fn a_ceiling_only_takes_away() {
    let table = RoleTable::shipped();
    let effective = |role, ceiling| effective(&table, role, ceiling);
    assert_eq!(effective(Some("board_finance"), Some("member")), Some("member"));
    assert_eq!(effective(Some("member"), Some("board_finance")), Some("member"));
    assert_eq!(effective(Some("board_finance"), Some(NO_ROLE)), None);
    assert_eq!(effective(None, Some("board_finance")), None);
    assert_eq!(effective(Some("head"), None), Some("head"));
}

#[test]
fn rights_come_from_the_role_that_counts_and_from_the_token() {
    let table = RoleTable::shipped();
    let none = BTreeSet::new();
    assert_eq!(rights(&table, Some("board_finance"), None, &none), BTreeSet::from([Right::Admin]));
    assert_eq!(rights(&table, Some("board_finance"), Some("member"), &none), BTreeSet::from([Right::Read]));
    let token = BTreeSet::from([Right::Manage]);
    assert_eq!(rights(&table, None, None, &token), token);
}

#[test]
fn d4_a_sign_in_without_a_role_gives_none() {
    let new = Known { role: None, ceiling: None, changed_at: None, under_way: false };
    assert_eq!(sign_in(new, &[]), Effect::Keep);
    assert_eq!(sign_in(new, &["Everything", "mitglieder"]), Effect::Keep);
    assert_eq!(sign_in(known(Some("member")), &[]), limit(NO_ROLE));
}

#[test]
fn the_first_sign_in_takes_the_role_over_and_of_several_the_lowest() {
    let new = Known { role: None, ceiling: None, changed_at: None, under_way: false };
    assert_eq!(sign_in(new, &["mitglied"]), Effect::Adopt("member".to_owned()));
    assert_eq!(sign_in(new, &["vorstand_intern", "alumni"]), Effect::Adopt("alumni".to_owned()));
}

#[test]
fn a_sign_in_never_raises() {
    assert_eq!(sign_in(known(Some("member")), &["vorstand_finanzen"]), Effect::Keep);
    assert_eq!(sign_in(known(None), &["vorstand_finanzen"]), Effect::Keep);
    let limited = Known { ceiling: Some(NO_ROLE), ..known(Some("member")) };
    assert_eq!(sign_in(limited, &["mitglied"]), Effect::Keep);
    assert_eq!(sign_in(limited, &["anwaerter"]), Effect::Keep);
}

#[test]
fn a_sign_in_lowers_at_once() {
    assert_eq!(sign_in(known(Some("board_finance")), &["mitglied"]), limit("member"));
    assert_eq!(sign_in(known(Some("board_finance")), &["vorstand_finanzen", "mitglied"]), limit("member"));
    assert_eq!(sign_in(known(Some("board_finance")), &["vorstand_finanzen"]), Effect::Keep);
}

#[test]
fn without_a_table_nothing_is_lowered() {
    let effect = at_sign_in(&RoleTable::default(), known(Some("head")), &[], NOW);
    assert_eq!(effect, Effect::Keep);
}

#[test]
fn claims_do_not_count_while_a_change_is_under_way_or_right_after_it() {
    let under_way = Known { under_way: true, ..known(Some("board_finance")) };
    assert_eq!(sign_in(under_way, &["mitglied"]), Effect::Keep);
    let just_now = Known { changed_at: Some(NOW - TOKENS_LAG + TimeDelta::seconds(1)), ..known(Some("head")) };
    assert_eq!(sign_in(just_now, &["mitglied"]), Effect::Keep);
    let a_while_ago = Known { changed_at: Some(NOW - TOKENS_LAG), ..known(Some("head")) };
    assert_eq!(sign_in(a_while_ago, &["mitglied"]), limit("member"));
}

#[test]
fn the_reconciler_reports_and_applies_the_lower_role() {
    let stored = |role: &str| Some(role.to_owned());
    for (role, values, drift, effect) in [
        (Some("head"), &["ressortleiter"][..], None, Effect::Agree),
        (Some("head"), &[], Some(Drift::NoRole { stored: "head".to_owned() }), limit(NO_ROLE)),
        (
            Some("head"),
            &["mitglied"],
            Some(Drift::Differs { stored: stored("head"), entra: "member".to_owned() }),
            limit("member"),
        ),
        (
            Some("member"),
            &["ressortleiter"],
            Some(Drift::Differs { stored: stored("member"), entra: "head".to_owned() }),
            limit("member"),
        ),
        (
            Some("head"),
            &["ressortleiter", "mitglied"],
            Some(Drift::Several { stored: stored("head"), entra: vec!["member".to_owned(), "head".to_owned()] }),
            limit("member"),
        ),
        (None, &["mitglied"], Some(Drift::Differs { stored: None, entra: "member".to_owned() }), Effect::Keep),
    ] {
        assert_eq!(found(known(role), values), (drift.into_iter().collect(), effect), "{role:?} {values:?}");
    }
}

#[test]
fn the_reconciler_takes_over_what_nobody_has_decided_and_lets_changes_under_way_alone() {
    let new = Known { role: None, ceiling: None, changed_at: None, under_way: false };
    assert_eq!(found(new, &["mitglied"]), (vec![], Effect::Adopt("member".to_owned())));
    let under_way = Known { under_way: true, ..known(Some("head")) };
    assert_eq!(found(under_way, &[]), (vec![], Effect::Keep));
}

#[test]
fn app_roles_that_mean_something_else_are_no_drift_and_unknown_ones_are() {
    let (drifts, effect) = found(known(Some("head")), &["ressortleiter", "Licences.Read", "Admin"]);
    assert_eq!((drifts, effect), (vec![], Effect::Agree));
    let (drifts, effect) = found(known(Some("head")), &["ressortleiter", "Kassier"]);
    assert_eq!((drifts, effect), (vec![Drift::Unknown { values: vec!["Kassier".to_owned()] }], Effect::Agree));
}

#[test]
fn d5_a_role_through_a_group_is_reported() {
    let held = Held { id: "g".to_owned(), value: Some("ressortleiter".to_owned()), direct: false };
    let (drifts, effect) = reconcile(&RoleTable::shipped(), known(Some("head")), &[held]);
    assert_eq!((drifts, effect), (vec![Drift::ThroughGroup { role: "head".to_owned() }], Effect::Agree));
}

#[test]
fn vacant_and_doubled_offices_are_reported() {
    let holders = [("board_finance", "A"), ("board_internal", "B"), ("board_internal", "C"), ("member", "D")];
    let holders: Vec<_> = holders.map(|(role, name)| (role.to_owned(), name.to_owned())).to_vec();
    let found = offices(&RoleTable::shipped(), &holders);
    let text: Vec<String> = found.iter().map(|(_, drift)| drift.text(&RoleTable::shipped(), Language::En)).collect();
    assert_eq!(text, ["Several hold the office Board, internal: B, C.", "Nobody holds the office Board, external."]);
}
