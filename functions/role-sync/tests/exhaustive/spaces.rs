//! Which disturbances there are.

use crate::disturbance::{Disturbance, Kind};
use crate::run::{Change, Lag, Plan};

/// In `make test`, every so-manieth pair; a prime, so that every kind and point comes up.
pub(crate) const SAMPLE: usize = 389;

/// Points of an undisturbed run, and some that only a disturbed one has.
fn points(change: Change) -> usize {
    match change {
        Change::HandOver | Change::Exchange => 27,
        Change::Alone | Change::Repair => 18,
    }
}

/// Every disturbance of every point. One that does not fit its point (an answer of the database cannot be lost without the
/// process ending) is as if there were none.
fn disturbances(change: Change) -> impl Iterator<Item = Disturbance> + Clone {
    (0..points(change)).flat_map(|at| Kind::ALL.map(|kind| Disturbance { at, kind }))
}

/// Each alone.
pub(crate) fn singles(change: Change, lag: Lag) -> impl Iterator<Item = Plan> {
    disturbances(change).map(move |one| Plan { change, lag, disturbances: vec![one] })
}

/// Each with each later one.
pub(crate) fn pairs(change: Change, lag: Lag) -> impl Iterator<Item = Plan> {
    disturbances(change).flat_map(move |one| {
        let later = disturbances(change).filter(move |other| other.at > one.at);
        later.map(move |other| Plan { change, lag, disturbances: vec![one, other] })
    })
}
