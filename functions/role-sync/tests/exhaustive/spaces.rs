//! Which disturbances there are.

use crate::disturbance::{Disturbance, Kind};
use crate::hands::Point;
use crate::run::Lag;

/// How much of a space is walked: every so-manieth of the first disturbances, and of the second ones after each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Steps {
    pub(crate) first: usize,
    pub(crate) second: usize,
}

impl Steps {
    /// Everything.
    pub(crate) const ALL: Self = Self { first: 1, second: 1 };
    /// For `make test`; primes, so that the kinds change from one to the next.
    pub(crate) const SAMPLE: Self = Self { first: 17, second: 23 };

    /// With a minute's lag most points are looks that bring nothing new, one like the other: there everything is every fifth
    /// and every seventh.
    pub(crate) fn of(self, lag: Lag) -> Self {
        match lag {
            Lag::Seconds(_) if self == Self::ALL => Self { first: 5, second: 7 },
            Lag::Seconds(_) | Lag::Answers(_) => self,
        }
    }
}

/// Every disturbance that can come from the point `from` on, of a run that has these points without it. The run is the same
/// up to the disturbance, so these are all there are.
pub(crate) fn disturbances(points: &[Point], from: usize) -> impl Iterator<Item = Disturbance> {
    points.iter().enumerate().skip(from).flat_map(|(at, point)| {
        let kinds = Kind::ALL.into_iter().filter(|kind| point.is_call || !kind.needs_a_call());
        kinds.map(move |kind| Disturbance { at, kind })
    })
}
