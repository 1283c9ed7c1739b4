use proptest::prelude::*;

use super::*;

fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000)
}

fn today() -> NaiveDate {
    now().date_naive()
}

fn days(days: i64) -> NaiveDate {
    (now() + TimeDelta::days(days)).date_naive()
}

/// Licences of product 1 that end in so many days.
fn subscription(status: CapabilityStatus, licences: i64, ends_in_days: i64) -> Subscription {
    Subscription {
        id: Uuid::from_u128(9),
        sku_id: Uuid::from_u128(1),
        part_number: "PRODUCT_1".to_owned(),
        status,
        licences,
        is_trial: false,
        created_at: None,
        next_lifecycle_at: Some(now() + TimeDelta::days(ends_in_days)),
    }
}

fn ends(subscriptions: &[Subscription], count_warning_units: bool) -> Vec<(NaiveDate, i64, Then)> {
    let endings = endings(subscriptions, Uuid::from_u128(1), count_warning_units, today());
    endings.into_iter().map(|ending| (ending.on, ending.licences, ending.then)).collect()
}

#[test]
fn a_product_is_on_trial_when_nothing_of_it_was_bought() {
    let of = |sku: u128, is_trial, status| Subscription {
        sku_id: Uuid::from_u128(sku),
        is_trial,
        ..subscription(status, 25, 30)
    };
    let found = trials(&[
        of(1, true, CapabilityStatus::Enabled),
        of(2, true, CapabilityStatus::Enabled),
        of(2, false, CapabilityStatus::Enabled),
        of(3, false, CapabilityStatus::Enabled),
        // What was bought is over, what is tried is not.
        of(4, false, CapabilityStatus::Deleted),
        of(4, true, CapabilityStatus::Warning),
        of(5, true, CapabilityStatus::Suspended),
    ]);
    assert_eq!(found, BTreeSet::from([1, 4].map(Uuid::from_u128)));
}

#[test]
fn licences_in_force_get_a_grace_period_and_those_in_it_end() {
    let subscriptions =
        [subscription(CapabilityStatus::Enabled, 25, 90), subscription(CapabilityStatus::Warning, 5, 10)];
    assert_eq!(ends(&subscriptions, true), [(days(10), 5, Then::Unusable), (days(90), 25, Then::Grace)]);
}

#[test]
fn where_grace_does_not_count_the_end_is_the_end_and_what_is_in_grace_is_gone_already() {
    let subscriptions =
        [subscription(CapabilityStatus::Enabled, 25, 90), subscription(CapabilityStatus::Warning, 5, 10)];
    assert_eq!(ends(&subscriptions, false), [(days(90), 25, Then::Unusable)]);
}

#[test]
fn what_cannot_be_used_or_is_over_or_of_another_product_does_not_end() {
    let other = Subscription { sku_id: Uuid::from_u128(2), ..subscription(CapabilityStatus::Enabled, 1, 5) };
    let endless = Subscription { next_lifecycle_at: None, ..subscription(CapabilityStatus::Enabled, 1, 5) };
    let rest = [CapabilityStatus::Suspended, CapabilityStatus::Deleted, CapabilityStatus::LockedOut];
    let mut all = vec![other, endless, subscription(CapabilityStatus::Enabled, 5, -1)];
    all.extend(rest.map(|status| subscription(status, 1, 5)));
    assert_eq!(ends(&all, true), []);
    assert_eq!(ends(&[subscription(CapabilityStatus::Enabled, 5, 0)], true).len(), 1, "today counts");
}

#[test]
fn what_ends_on_one_day_is_told_as_one() {
    let subscriptions =
        [subscription(CapabilityStatus::Enabled, 25, 90), subscription(CapabilityStatus::Enabled, 5, 90)];
    assert_eq!(ends(&subscriptions, true), [(days(90), 30, Then::Grace)]);
}

fn failure(kind: FailureKind) -> PollFailure {
    PollFailure { kind, message: "It went wrong.".to_owned(), fix: "Do this.".to_owned() }
}

#[test]
fn a_missing_permission_is_no_error() {
    let reading = |failure, read_at| Reading { asked_at: Some(now()), read_at, failure };
    let refused = reading(Some(failure(FailureKind::Permission)), None);
    assert_eq!(refused.known(), Known::NotPermitted);
    assert_eq!(
        refused.note().unwrap(),
        "not permitted: without Organization.Read.All nobody knows when subscriptions end (renewal dates) and which products are \
         trials. Give the app registration the application permission Organization.Read.All in the tenant's Entra admin \
         centre, and grant admin consent there."
    );
    let failed = reading(Some(failure(FailureKind::Timeout)), Some(now()));
    assert_eq!((failed.known(), failed.note().unwrap().as_str()), (Known::Failed, "It went wrong. Do this."));
    assert_eq!((reading(None, Some(now())).known(), reading(None, Some(now())).note()), (Known::Known, None));
    assert_eq!(Reading::default().known(), Known::NotYet);
}

#[test]
fn a_tenant_is_asked_every_six_hours_and_by_hand_when_it_told_nothing() {
    let asked = |hours: i64, failed: bool| Reading {
        asked_at: Some(now() - TimeDelta::hours(hours)),
        read_at: None,
        failure: failed.then(|| failure(FailureKind::Permission)),
    };
    assert!(Reading::default().is_due(false, now()));
    assert!(!asked(5, false).is_due(false, now()) && !asked(5, false).is_due(true, now()));
    assert!(asked(6, false).is_due(false, now()));
    assert!(!asked(1, true).is_due(false, now()), "what is not permitted is not asked each time");
    assert!(asked(1, true).is_due(true, now()));
    assert!(asked(-1, false).is_due(false, now()), "the clock was set back");
}

proptest! {
    #[test]
    fn no_licence_is_counted_twice_or_lost(
        list in prop::collection::vec((0..5_usize, -3..50_i64, -10..400_i64), 0..20), count_warning_units: bool,
    ) {
        let statuses = [
            CapabilityStatus::Enabled, CapabilityStatus::Warning, CapabilityStatus::Suspended,
            CapabilityStatus::Deleted, CapabilityStatus::LockedOut,
        ];
        let subscriptions: Vec<_> =
            list.iter().map(|(status, licences, ends)| subscription(statuses[*status], *licences, *ends)).collect();
        let found = ends(&subscriptions, count_warning_units);
        let counted = |(status, licences, ends): &&(usize, i64, i64)| {
            *licences > 0 && *ends >= 0 && (*status == 0 || (*status == 1 && count_warning_units))
        };
        let expected: i64 = list.iter().filter(counted).map(|(_, licences, _)| licences).sum();
        prop_assert_eq!(found.iter().map(|(_, licences, _)| licences).sum::<i64>(), expected);
        prop_assert!(found.windows(2).all(|pair| (pair[0].0, pair[0].2) < (pair[1].0, pair[1].2)));
        prop_assert!(found.iter().all(|(on, ..)| *on >= today()));
    }
}
