//! Which disturbances there are.

use crate::disturbance::{Disturbance, Kind};
use crate::hands::Point;

/// How much of a space is walked: every so-manieth of the first disturbances, and of the second ones after each.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Steps {
    pub(crate) first: usize,
    pub(crate) second: usize,
}

impl Steps {
    /// Everything.
    pub(crate) const ALL: Self = Self { first: 1, second: 1 };
    /// For `make test`; primes, so that every kind and point comes up.
    pub(crate) const SAMPLE: Self = Self { first: 17, second: 23 };
}

/// Every disturbance that can come from the point `from` on, of a run that has these points without it. The run is the same
/// up to the disturbance, so these are all there are.
pub(crate) fn disturbances(points: &[Point], from: usize) -> impl Iterator<Item = Disturbance> {
    points.iter().enumerate().skip(from).flat_map(|(at, point)| {
        let kinds = Kind::ALL.into_iter().filter(|kind| point.is_call || !kind.needs_a_call());
        kinds.map(move |kind| Disturbance { at, kind })
    })
}
