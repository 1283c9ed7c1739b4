//! What the recording function wrote down, and whether that is what must have happened.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::Value;

/// The first run, two retries, and one more for an emulator that died between a run and noting it.
const MOST_RUNS: usize = 4;

/// Acknowledged events that never ended well.
pub(crate) fn missing<'a>(accepted: &'a [String], done: &str) -> Vec<&'a str> {
    let done: HashSet<&str> = done.lines().collect();
    accepted.iter().map(String::as_str).filter(|id| !done.contains(id)).collect()
}

/// How many acknowledged events ran how often.
pub(crate) fn runs_of_events(accepted: &[String], runs: &str) -> BTreeMap<usize, usize> {
    let mut by_event: HashMap<&str, usize> = accepted.iter().map(|id| (id.as_str(), 0)).collect();
    for (id, _) in runs.lines().filter_map(|line| line.split_once(' ')) {
        by_event.entry(id).and_modify(|number| *number += 1);
    }
    let mut by_number = BTreeMap::new();
    for number in by_event.into_values() {
        *by_number.entry(number).or_default() += 1;
    }
    by_number
}

/// No event ran more often than its retries and the deaths of emulators allow.
pub(crate) fn no_event_ran_too_often(runs: &BTreeMap<usize, usize>) {
    assert!(runs.keys().all(|number| *number <= MOST_RUNS), "runs → events: {runs:?}");
}

/// Every minute between the first and the last is there, and each became one event. Returns the minutes.
pub(crate) fn each_slot_fired_once(runs: &str) -> Vec<String> {
    let mut slots: BTreeMap<String, HashSet<&str>> = BTreeMap::new();
    for (id, event) in runs.lines().filter_map(|line| line.split_once(' ')) {
        let event: Value = serde_json::from_str(event).expect("an event is JSON");
        if let Some(slot) = event["time"].as_str().filter(|_| event["detail-type"] == "Scheduled Event") {
            slots.entry(slot.to_owned()).or_default().insert(id);
        }
    }
    for (slot, events) in &slots {
        assert_eq!(events.len(), 1, "the slot {slot} became several events: {events:?}");
    }
    let minutes: Vec<i64> = slots.keys().map(|slot| minute(slot)).collect();
    let gap = minutes.windows(2).any(|pair| (pair[1] - pair[0]).rem_euclid(24 * 60) != 1);
    assert!(!gap, "a slot is missing: {:?}", slots.keys());
    slots.into_keys().collect()
}

/// Minutes since midnight of `2026-03-02T08:15:00Z`.
fn minute(slot: &str) -> i64 {
    let number = |range| slot.get(range).and_then(|text: &str| text.parse::<i64>().ok()).expect("a time");
    60 * number(11..13) + number(14..16)
}

fn tick(id: &str, time: &str) -> String {
    format!("{id} {{\"detail-type\":\"Scheduled Event\",\"time\":\"{time}Z\"}}\n")
}

#[test]
fn a_retried_event_of_a_slot_is_no_second_one() {
    let runs = tick("a", "2026-03-02T23:59:00")
        + "x {}\n"
        + &tick("a", "2026-03-02T23:59:00")
        + &tick("b", "2026-03-03T00:00:00");
    assert_eq!(each_slot_fired_once(&runs).len(), 2);
}

#[test]
#[should_panic(expected = "became several events")]
fn a_slot_that_became_two_events_is_found() {
    each_slot_fired_once(&(tick("a", "2026-03-02T08:00:00") + &tick("b", "2026-03-02T08:00:00")));
}

#[test]
#[should_panic(expected = "a slot is missing")]
fn a_slot_that_nobody_fired_is_found() {
    each_slot_fired_once(&(tick("a", "2026-03-02T08:00:00") + &tick("b", "2026-03-02T08:02:00")));
}
