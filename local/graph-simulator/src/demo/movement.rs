//! How the demo's numbers move while somebody watches: a step about every fifteen seconds, the same in every demo, in a
//! circle that ends where it began.

use chrono::TimeDelta;
use leitwarte_core::stock::LicenceStock;

use super::scatter;
use super::tenants::{DemoTenant, Line};

/// Mean time between two steps.
const STEP_SECONDS: i64 = 15;

/// A step comes up to this much early or late, so that tenants do not move in lockstep.
const JITTER_SECONDS: i64 = 2;

/// Steps of a tenant that only wanders.
const WANDERING_STEPS: usize = 40;

/// People joining and leaving the line that runs dry, step by step; at 0 another line moves. Five minutes in which
/// twelve more join than leave, three minutes with nothing left, after [`REFILL`] those who waited, at last a class
/// leaves.
const RUNNING_DRY: [i64; 48] = [
    1, 1, 0, 1, -1, 2, 1, 0, 1, 1, -1, 1, 2, 0, 1, 1, -1, 1, 1, 0, // joining
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // dry
    0, 4, 3, 2, 0, 1, 0, 0, // refilled
    -6, -5, 0, -6, 0, -5, 0, 0, // leaving
];

/// The steps of that line at which licences are bought, and given back at the renewal.
const REFILL: [(usize, i64); 2] = [(32, 60), (47, -60)];

/// One step of one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Move {
    line: usize,
    people: i64,
    bought: i64,
}

/// A tenant's numbers this long after the demo began.
pub(super) fn stock_after(tenant: &DemoTenant, elapsed: TimeDelta) -> Vec<LicenceStock> {
    let mut stock: Vec<LicenceStock> = tenant.lines.iter().map(Line::stock).collect();
    let circle = circle(tenant);
    let steps = usize::try_from(steps_until(seed(tenant), elapsed.num_seconds())).unwrap_or(0);
    for step in circle.iter().take(steps.checked_rem(circle.len()).unwrap_or(0)) {
        if let Some(stock) = stock.get_mut(step.line) {
            stock.consumed += step.people;
            stock.enabled += step.bought;
        }
    }
    stock
}

fn seed(tenant: &DemoTenant) -> u64 {
    tenant.tenant_id.as_u64_pair().0
}

/// How many steps have happened after so many seconds.
fn steps_until(seed: u64, seconds: i64) -> i64 {
    let jitter = |step: i64| {
        let spread = 2 * JITTER_SECONDS + 1;
        (scatter(seed ^ step.cast_unsigned()) % spread.cast_unsigned()).cast_signed() - JITTER_SECONDS
    };
    let time = |step: i64| step * STEP_SECONDS + jitter(step);
    let about = seconds.max(0) / STEP_SECONDS;
    // Jitter is smaller than half a step, so at most one step lies on the wrong side.
    if time(about + 1) <= seconds {
        about + 1
    } else if about > 0 && time(about) > seconds {
        about - 1
    } else {
        about
    }
}

/// All steps of a tenant; together they change nothing.
fn circle(tenant: &DemoTenant) -> Vec<Move> {
    let dry = tenant.running_dry.and_then(|part| tenant.lines.iter().position(|line| line.part_number == part));
    let Some(dry) = dry else { return wander(tenant, None, WANDERING_STEPS) };
    let bought = |step| REFILL.iter().find(|(at, _)| *at == step).map_or(0, |(_, bought)| *bought);
    let plan: Vec<(i64, i64)> =
        RUNNING_DRY.into_iter().enumerate().map(|(step, people)| (people, bought(step))).collect();
    let quiet = plan.iter().filter(|step| **step == (0, 0)).count();
    let mut others = wander(tenant, Some(dry), quiet).into_iter();
    plan.into_iter()
        .filter_map(|(people, bought)| match (people, bought) {
            (0, 0) => others.next(),
            _ => Some(Move { line: dry, people, bought }),
        })
        .collect()
}

/// People joining and leaving: half of the steps, then the same backwards.
fn wander(tenant: &DemoTenant, except: Option<usize>, steps: usize) -> Vec<Move> {
    let weight = |(index, line): (usize, &Line)| if Some(index) == except { 0 } else { line.restless };
    let total: u64 = tenant.lines.iter().enumerate().map(weight).sum();
    if total == 0 {
        return Vec::new();
    }
    let mut offsets = vec![0; tenant.lines.len()];
    let mut moves = Vec::with_capacity(steps);
    for step in 0..steps / 2 {
        let chance = scatter(seed(tenant).wrapping_mul(31).wrapping_add(step as u64));
        let mut ticket = chance % total;
        let chosen = tenant.lines.iter().enumerate().find(|&candidate| {
            let weight = weight(candidate);
            let hit = ticket < weight;
            ticket = ticket.saturating_sub(weight);
            hit
        });
        let Some((index, line)) = chosen else { continue };
        let people = [1, 1, -1, 2, -1, 1][usize::try_from((chance >> 32) % 6).unwrap_or(0)];
        let Some(offset) = offsets.get_mut(index) else { continue };
        let people = if stays_in_character(line, *offset + people) { people } else { -people };
        *offset += people;
        moves.push(Move { line: index, people, bought: 0 });
    }
    let back: Vec<Move> = moves.iter().rev().map(|step| Move { people: -step.people, ..*step }).collect();
    moves.extend(back);
    moves
}

/// Whether a line this far from its start still tells the same story: free stays free, short stays short.
fn stays_in_character(line: &Line, offset: i64) -> bool {
    let usable = line.enabled + line.warning;
    let free = usable - line.consumed;
    let band = (usable / 50).clamp(2, 8);
    offset.abs() <= band && line.consumed + offset >= 0 && (free - offset).signum() == free.signum()
}

#[cfg(test)]
mod tests {
    use super::super::TENANTS;
    use super::*;

    fn school() -> &'static DemoTenant {
        TENANTS[0]
    }

    fn students_free(seconds: i64) -> i64 {
        stock_after(school(), TimeDelta::seconds(seconds))[0].free(true)
    }

    #[test]
    fn a_circle_ends_where_it_began_and_begins_again() {
        for tenant in TENANTS {
            let circle = circle(tenant);
            for (index, line) in tenant.lines.iter().enumerate() {
                let of_line = || circle.iter().filter(|step| step.line == index);
                assert_eq!(of_line().map(|step| step.people).sum::<i64>(), 0, "{} {}", tenant.key, line.part_number);
                assert_eq!(of_line().map(|step| step.bought).sum::<i64>(), 0, "{} {}", tenant.key, line.part_number);
            }
            let round = i64::try_from(circle.len()).expect("short") * STEP_SECONDS + JITTER_SECONDS;
            assert_eq!(stock_after(tenant, TimeDelta::zero()), stock_after(tenant, TimeDelta::seconds(round)));
        }
    }

    #[test]
    fn something_changes_every_ten_to_twenty_seconds() {
        for tenant in TENANTS {
            let mut last = (0, stock_after(tenant, TimeDelta::zero()));
            for second in 1..3000 {
                let stock = stock_after(tenant, TimeDelta::seconds(second));
                if stock != last.1 {
                    assert!((10..=20).contains(&(second - last.0)), "{} after {} s", tenant.key, second - last.0);
                    last = (second, stock);
                }
            }
            assert!(last.0 > 2970, "{} stopped at {}", tenant.key, last.0);
        }
    }

    #[test]
    fn nobody_leaves_their_character_but_the_school() {
        for tenant in TENANTS {
            for second in (0..3000).step_by(5) {
                for (line, stock) in tenant.lines.iter().zip(stock_after(tenant, TimeDelta::seconds(second))) {
                    assert!(stock.consumed >= 0 && stock.enabled >= 0);
                    if tenant.running_dry != Some(line.part_number) {
                        let start = line.stock().free(true);
                        assert_eq!(stock.free(true).signum(), start.signum(), "{} {second}", line.part_number);
                    }
                }
            }
        }
    }

    #[test]
    fn the_school_runs_dry_within_minutes_and_is_refilled() {
        assert_eq!(students_free(0), 12);
        assert!((0..=305).any(|second| students_free(second) == 0));
        assert_eq!(students_free(400), 0);
        assert!(students_free(9 * 60) > 40);
        assert!((0..3600).all(|second| students_free(second) >= 0));
    }
}
