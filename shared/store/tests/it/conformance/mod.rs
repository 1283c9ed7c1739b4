//! What every backend has to do. A test program names how a fresh database is made and gets every test:
//! `conformance_suite!(fresh)` where `async fn fresh() -> Fresh`.

#![allow(unreachable_pub, reason = "named by a macro")]

pub mod claiming;
pub mod history;
pub mod incidents;
pub mod people;
pub mod privacy;
pub mod reading;
pub mod recording;
pub mod registering;
pub mod retention;
pub mod roles;
pub mod sharepoint;
pub mod subscriptions;
pub mod switching;
pub mod wishing;

use chrono::{DateTime, TimeDelta, Utc};
use leitwarte_core::poll::{FailureKind, PollFailure, PollPolicy};
use leitwarte_core::profile::FoundProfile;
use leitwarte_core::stock::{AppliesTo, CapabilityStatus, LicenceStock};
use leitwarte_store::{Actor, Claim, ClaimOne, Config, PollResult, Recorded, Store};
use serde_json::{Value, json};
use uuid::Uuid;

/// An empty database and what has to live as long as it.
pub struct Fresh {
    pub url: String,
    pub guard: Box<dyn std::any::Any + Send>,
}

/// A database under test.
pub struct Database {
    pub store: Store,
    pub url: String,
    _guard: Box<dyn std::any::Any + Send>,
}

impl Database {
    pub async fn open(fresh: Fresh) -> Self {
        let store = open(&fresh.url, false).await;
        Self { store, url: fresh.url, _guard: fresh.guard }
    }

    /// As another program would see the same database.
    pub async fn other_program(&self) -> Store {
        open(&self.url, false).await
    }

    pub async fn reader(&self) -> Store {
        open(&self.url, true).await
    }
}

async fn open(url: &str, read_only: bool) -> Store {
    Store::open(&Config { database_url: url.to_owned(), read_only, max_connections: 4 }).await.unwrap()
}

pub const POLICY: PollPolicy = PollPolicy { interval: TimeDelta::minutes(5) };
pub const LEASE: TimeDelta = TimeDelta::minutes(1);

/// Somebody at the command line.
pub fn by(who: &str) -> Actor<'_> {
    Actor { person: None, who }
}

/// A moment, in minutes after an arbitrary one.
pub fn at(minutes: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::minutes(minutes)
}

/// A tenant's profile; its GUID follows from its key.
pub fn profile(key: &str) -> FoundProfile {
    profile_with(key, &json!({}))
}

/// A profile with some fields of its own.
pub fn profile_with(key: &str, fields: &Value) -> FoundProfile {
    let mut profile = json!({
        "tenant_id": tenant_id(key), "tenant_name": key, "client_id": Uuid::from_u128(7),
        "thumbprint": "A1B2C3D4E5F60718293A4B5C6D7E8F9012345678", "cert_path": "certs/cert.pem",
        "expires": "2030-01-01"
    });
    for (name, value) in fields.as_object().unwrap() {
        profile[name] = value.clone();
    }
    FoundProfile::read(key, &profile.to_string())
}

pub fn tenant_id(key: &str) -> Uuid {
    Uuid::from_u128(key.bytes().fold(1, |id, byte| id * 251 + u128::from(byte)))
}

pub fn stock(id: u128, enabled: i64, consumed: i64) -> LicenceStock {
    LicenceStock {
        sku_id: Uuid::from_u128(id),
        part_number: format!("PRODUCT_{id}"),
        applies_to: AppliesTo::User,
        capability_status: CapabilityStatus::Enabled,
        enabled,
        warning: 1,
        suspended: 2,
        locked_out: 3,
        consumed,
    }
}

pub fn failure(message: &str) -> PollFailure {
    PollFailure { kind: FailureKind::SignIn, message: message.to_owned(), fix: "Do something.".to_owned() }
}

pub fn result(claim: &Claim, minutes: i64, stock: Result<Vec<LicenceStock>, PollFailure>) -> PollResult {
    PollResult {
        claim: claim.clone(),
        started_at: at(minutes),
        finished_at: at(minutes) + TimeDelta::seconds(1),
        stock,
        requests: 2,
        retries: 1,
        certificate_ends_at: Some(at(10_000)),
    }
}

pub async fn register(store: &Store, keys: &[&str]) {
    let found = keys.iter().map(|key| profile(key)).collect();
    let usable = store.register_profiles(found, at(0)).await.unwrap();
    assert!(usable.iter().all(|found| found.profile.is_ok()), "{usable:?}");
}

pub async fn claim(store: &Store, key: &str, minutes: i64) -> Claim {
    match store.claim_one(key, at(minutes), LEASE).await.unwrap() {
        ClaimOne::Claimed(claim) => claim,
        other => panic!("{key} cannot be claimed: {other:?}"),
    }
}

pub async fn record(store: &Store, key: &str, minutes: i64, stock: Result<Vec<LicenceStock>, PollFailure>) -> Recorded {
    let claim = claim(store, key, minutes).await;
    store.record_polls(&[result(&claim, minutes, stock)]).await.unwrap()[0]
}

/// Instantiates every test for one backend.
#[macro_export]
macro_rules! conformance_suite {
    ($fresh:path) => {
        $crate::conformance_suite!($fresh, registering:
            a_new_profile_is_a_tenant_without_numbers,
            a15_a_changed_name_renames_the_tenant_and_makes_no_second_one,
            a_tenant_whose_profile_is_gone_is_not_shown_and_returns_with_it,
            a_broken_profile_keeps_the_name_and_the_numbers,
            a_broken_profile_of_a_new_tenant_is_a_tenant_too,
            a_changed_profile_is_polled_at_the_next_tick,
            another_customers_id_under_a_known_name_is_refused,
            a_mistyped_id_that_never_worked_may_be_corrected,
            a_copied_profile_is_refused_and_the_original_goes_on,
            two_tenants_of_one_name_are_refused_and_the_first_seen_goes_on,
            a_tenant_that_returns_to_find_its_name_taken_does_not_show_it,
            a_name_is_free_when_its_tenant_is_gone_or_has_another,
            nothing_new_changes_no_revision,
        );
        $crate::conformance_suite!($fresh, claiming:
            what_is_claimed_is_not_claimed_again_while_the_lease_lasts,
            of_two_programs_that_claim_at_once_one_wins_each_tenant,
            the_lease_of_a_worker_that_died_runs_out,
            a_poll_without_a_result_is_made_up_for_when_its_lease_is_over,
            a_profile_that_changes_during_its_poll_is_polled_again,
            a_lease_from_before_the_clock_was_set_back_binds_nobody,
            a_tenant_is_claimed_again_when_its_interval_is_over,
            only_the_given_tenants_are_claimed,
            a_tenant_that_is_switched_off_is_not_claimed,
            a_tenant_that_is_not_known_says_so,
            a_tenant_being_polled_says_until_when,
            a_claim_tells_how_the_poll_before_failed,
        );
        $crate::conformance_suite!($fresh, recording:
            a_recorded_poll_is_the_tenants_stock,
            over_assigned_numbers_stay_signed,
            the_result_of_a_worker_that_lost_its_lease_is_dropped,
            a_result_sent_twice_is_stored_once,
            a_late_result_counts_if_nobody_else_has_begun,
            a_failed_poll_keeps_the_last_numbers_and_says_why,
            a_failure_is_over_with_the_next_good_poll,
            many_polls_are_recorded_together_and_answered_in_order,
            every_poll_is_kept_with_its_outcome,
            uneventful_polls_are_forgotten_after_a_day_and_others_after_a_month,
            a_finished_tick_is_remembered,
            what_readers_show_raises_the_revision,
            hostile_part_numbers_come_back_without_their_control_characters,
            a_product_listed_twice_is_stored_once,
            the_largest_numbers_are_kept,
        );
        $crate::conformance_suite!($fresh, history:
            an_unchanged_poll_leaves_no_history,
            a_change_is_kept_with_the_numbers_before_and_after,
            a_product_that_disappears_ends_in_the_history_and_leaves_the_stock,
            history_is_cut_by_time_and_by_product,
            a_removed_tenants_history_stays,
            the_history_of_a_tenant_is_drawn_as_steps_of_each_product,
            a_demo_tenant_gets_a_past_once,
            the_past_of_a_demo_tenant_goes_on_with_its_first_poll,
        );
        $crate::conformance_suite!($fresh, reading:
            tenants_come_ordered_by_key_each_with_its_own_stock,
            a_tenant_is_found_by_key_first_and_by_exact_name_else,
            an_unknown_tenant_is_nothing,
            a_tenants_certificate_and_failures_are_told,
            a_reader_sees_what_a_writer_wrote_and_cannot_write,
        );
        $crate::conformance_suite!($fresh, incidents:
            a_shortage_is_told_once_and_again_after_stock_was_back,
            of_a_tenant_closed_incidents_are_found_behind_any_number_of_others,
            a_failed_poll_opens_and_closes_nothing,
            a_shortage_that_ends_before_it_was_told_is_not_told,
            a_product_that_disappears_ends_its_incident,
            a10_without_monitoring_there_is_no_incident_and_with_it_there_is,
            what_people_do_is_kept_and_an_order_is_told_again_when_it_is_late,
            a_wish_about_no_or_a_closed_incident_says_so,
            the_shortage_of_a_removed_tenant_is_not_listed_and_returns_with_it,
            rules_decide_from_the_next_poll_on,
            a_rule_is_changed_by_who_has_seen_it_and_stands_in_the_audit_log,
            a_message_waits_on_each_channel_by_itself,
            an_attempt_whose_end_nobody_saw_is_repeated_under_its_mark,
            without_a_channel_nobody_is_told_and_nothing_waits,
        );
        $crate::conformance_suite!($fresh, privacy:
            everything_kept_of_a_tenant_is_handed_over_and_nothing_of_another,
            a_tenant_whose_profile_is_gone_is_handed_over_as_before,
            a_tenant_is_erased_when_its_profile_is_gone_and_leaves_nothing,
            everything_kept_of_a_person_is_handed_over_and_nothing_of_a_namesake,
            a_person_is_erased_and_the_name_stands_nowhere_but_for_a_namesake,
        );
        $crate::conformance_suite!($fresh, people:
            a_sign_in_begins_a_session_of_a_person_and_is_in_the_audit_log,
            an_account_is_tenant_and_object_id_and_never_a_name,
            a_sign_in_that_came_back_once_comes_back_no_second_time,
            the_session_this_browser_had_before_ends,
            sessions_with_other_rights_end_and_those_with_the_same_stay,
            use_is_written_down_once_a_minute_and_revives_nothing,
            a_session_that_was_ended_is_gone,
            sessions_of_a_lost_account_or_right_end_whatever_the_version_is,
            what_is_over_is_forgotten_at_the_next_sign_in,
            the_audit_log_is_read_backwards_in_parts_and_by_subject,
        );
        $crate::conformance_suite!($fresh, subscriptions:
            subscriptions_are_kept_as_they_were_last_read,
            a_failed_reading_keeps_what_was_read_and_says_why,
            a_trial_is_shown_as_one_and_opens_no_incident,
            a_trial_that_nobody_could_confirm_for_a_week_is_told_of,
            readers_judge_by_the_rules_that_were_set,
            a_forecast_says_what_ends_unless_renewed,
        );
        $crate::conformance_suite!($fresh, retention:
            old_history_goes_but_for_the_state_it_goes_on_from,
            a_product_that_went_long_ago_leaves_nothing_and_does_not_come_back,
            a_shortage_that_is_over_goes_with_all_about_it_and_an_open_one_stays_however_old,
            messages_go_but_for_those_that_keep_others_from_being_told_again,
            the_audit_log_is_cut,
            changes_of_roles_that_are_over_go_as_the_audit_log_does_and_others_stay,
            it_is_looked_for_once_a_day_until_nothing_is_left,
        );
        $crate::conformance_suite!($fresh, switching:
            a_switch_is_set_with_its_author_and_stands_in_the_audit_log,
            nobody_overwrites_a_switch_they_have_not_seen,
            what_the_tenantliste_says_is_a_new_version_of_nobody,
            a_switch_that_is_set_already_changes_nothing,
        );
        $crate::conformance_suite!($fresh, wishing:
            a_second_click_starts_no_second_poll,
            a_wish_during_a_poll_is_fulfilled_by_that_poll,
            a_wish_that_was_not_heard_can_be_repeated,
            a_wish_for_all_is_one_until_all_are_polled,
            a_tenant_that_is_off_or_unknown_is_not_polled,
        );
        $crate::conformance_suite!($fresh, roles:
            accepting_limits_at_once_and_touches_no_role,
            one_operation_for_each_person_and_each_office,
            of_two_who_race_for_an_office_one_is_told_of_the_other,
            a_wish_upon_an_old_version_or_without_an_object_id_changes_nothing,
            an_object_id_that_was_missing_is_stored_and_whoever_signed_in_meanwhile_is_one_person,
            a_decision_for_entra_gives_no_right_before_a_comparison_has_seen_it,
            a_step_is_written_once_and_whoever_was_overtaken_learns_it,
            people_are_told_once_of_a_change_that_stands_still_and_never_of_one_that_is_over,
            the_last_step_changes_roles_and_lifts_ceilings_and_locks,
            ones_own_changes_are_found_behind_any_number_of_others,
            one_that_is_given_up_leaves_everything_as_it_was,
            what_was_revoked_before_is_known_to_the_next_operation,
            d4_d6_a_sign_in_knows_people_by_their_account_and_gives_no_role,
            a_sign_in_changes_nothing_while_a_change_is_under_way_or_right_after,
            a_comparison_applies_the_lower_role_and_is_remembered,
            a_person_who_was_changed_meanwhile_is_not_judged,
            a_decision_counts_only_for_what_was_seen,
            an_administrator_decides_which_side_holds,
        );
        $crate::conformance_suite!($fresh, sharepoint:
            one_holder_at_a_time_has_a_lease,
            rows_are_remembered_as_they_change,
            switches_are_taken_over_and_readers_notice,
            how_a_sync_went_is_told_with_its_last_success,
        );
    };
    ($fresh:path, $module:ident: $($test:ident,)+) => {
        mod $module {
            $(
                #[tokio::test]
                async fn $test() {
                    let database = $crate::conformance::Database::open($fresh().await).await;
                    $crate::conformance::$module::$test(&database).await;
                }
            )+
        }
    };
}
