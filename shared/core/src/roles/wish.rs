//! Who may ask for what. People change their own role only, downwards or sideways as the table says; an exclusive office is
//! handed to a successor or exchanged, so that it is never vacant.

use uuid::Uuid;

use super::operation::{Kind, Move};
use super::table::{RoleEntry, RoleTable};
use super::words::Refusal;

/// A person as far as wishes are concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Number of the person.
    pub person: i64,
    /// What the person is called.
    pub name: String,
    /// The account.
    pub object_id: Option<Uuid>,
    /// The role stored.
    pub role: Option<String>,
    /// Its limit.
    pub ceiling: Option<String>,
}

/// What a person asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// Another role for oneself.
    Change {
        /// The role.
        to: String,
    },
    /// The own office for somebody else, and another role for oneself.
    HandOver {
        /// The role.
        to: String,
        /// Number of the successor.
        successor: i64,
    },
}

/// A wish that was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// What it is.
    pub kind: Kind,
    /// The changes; who gains an office comes first.
    pub moves: Vec<Move>,
    /// Exclusive offices that no other operation may touch meanwhile.
    pub offices: Vec<String>,
}

/// Judges a wish of `asking`. `everybody` are the people of the tenant, the asking one among them.
///
/// # Errors
/// Why it is refused.
pub fn accept(
    table: &RoleTable,
    asking: &Candidate,
    wish: &Wish,
    everybody: &[Candidate],
) -> Result<Accepted, Refusal> {
    let (Wish::Change { to } | Wish::HandOver { to, .. }) = wish;
    let target = table.role(to).ok_or_else(|| Refusal::UnknownRole { role: to.clone() })?;
    let own = role_of(table, asking)?;
    if own.role == target.role {
        return Err(Refusal::Same);
    }
    if !own.change_to.contains(&target.role) {
        return Err(Refusal::NotAllowed { from: own.role.clone(), to: target.role.clone() });
    }
    let holder = target.exclusive.then(|| holder(&target.role, everybody)).flatten();
    let (kind, mut moves) = match wish {
        Wish::HandOver { successor, .. } => {
            (Kind::HandOver, hand_over(table, asking, own, target, (*successor, holder), everybody)?)
        }
        Wish::Change { .. } if own.exclusive => match holder {
            Some(other) => (Kind::Exchange, exchange(table, asking, own, target, other)?),
            None => return Err(Refusal::NeedsSuccessor { office: own.role.clone() }),
        },
        Wish::Change { .. } if holder.is_some() => {
            return Err(Refusal::OfficeTaken { office: target.role.clone() });
        }
        Wish::Change { .. } => (Kind::Change, Vec::new()),
    };
    moves.push(movement(asking, Some(own), target)?);
    Ok(Accepted { kind, offices: offices(table, &moves), moves })
}

/// Brings Entra back to the role that is stored, by an administrator's decision.
///
/// # Errors
/// Why that cannot be.
pub fn repair(table: &RoleTable, person: &Candidate, everybody: &[Candidate]) -> Result<Accepted, Refusal> {
    let role = person.role.as_deref().ok_or_else(|| Refusal::NoRole { name: person.name.clone() })?;
    let target = table.role(role).ok_or_else(|| Refusal::UnknownRole { role: role.to_owned() })?;
    let another = everybody.iter().any(|other| other.person != person.person && other.role.as_deref() == Some(role));
    if target.exclusive && another {
        return Err(Refusal::OfficeTaken { office: target.role.clone() });
    }
    let one = Move { must_hold: false, ..movement(person, None, target)? };
    let one = Move { from: Some(target.role.clone()), ..one };
    Ok(Accepted { kind: Kind::Repair, offices: offices(table, std::slice::from_ref(&one)), moves: vec![one] })
}

/// How a person can come to another role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// At once and alone.
    Alone,
    /// By exchanging offices with the person of this number.
    Exchange(i64),
    /// By handing the own office over to one of these.
    HandOver(Vec<i64>),
}

/// The roles a person may take, in the table's order, each with its way. Also offered is what only a missing object id keeps
/// from being accepted: the refusal then says what to do about it.
#[must_use]
pub fn choices<'a>(table: &'a RoleTable, asking: &Candidate, everybody: &[Candidate]) -> Vec<(&'a RoleEntry, Way)> {
    let way = |entry: &RoleEntry| {
        let to = entry.role.clone();
        match accept(table, asking, &Wish::Change { to: to.clone() }, everybody) {
            Ok(Accepted { kind: Kind::Exchange, moves, .. }) => {
                return moves.first().map(|one| Way::Exchange(one.person));
            }
            Ok(_) => return Some(Way::Alone),
            Err(Refusal::MissingObjectId { .. }) => {
                let exclusive = role_of(table, asking).is_ok_and(|own| own.exclusive);
                let other = holder(&entry.role, everybody).filter(|_| exclusive && entry.exclusive);
                return Some(other.map_or(Way::Alone, |other| Way::Exchange(other.person)));
            }
            Err(Refusal::NeedsSuccessor { .. }) => {}
            Err(_) => return None,
        }
        let fits = |one: &&Candidate| {
            let wish = Wish::HandOver { to: to.clone(), successor: one.person };
            matches!(accept(table, asking, &wish, everybody), Ok(_) | Err(Refusal::MissingObjectId { .. }))
        };
        Some(Way::HandOver(everybody.iter().filter(fits).map(|one| one.person).collect()))
    };
    table.roles().iter().filter_map(|entry| Some((entry, way(entry)?))).collect()
}

fn hand_over(
    table: &RoleTable,
    asking: &Candidate,
    own: &RoleEntry,
    target: &RoleEntry,
    (successor, holder): (i64, Option<&Candidate>),
    everybody: &[Candidate],
) -> Result<Vec<Move>, Refusal> {
    if own.successors.is_empty() {
        return Err(Refusal::NotAnOffice { role: own.role.clone() });
    }
    if holder.is_some() {
        return Err(Refusal::OfficeTaken { office: target.role.clone() });
    }
    let successor = everybody.iter().find(|one| one.person == successor).ok_or(Refusal::UnknownPerson)?;
    let not_eligible = || Refusal::NotEligible { name: successor.name.clone(), office: own.role.clone() };
    if successor.person == asking.person {
        return Err(not_eligible());
    }
    let present = role_of(table, successor)?;
    if !own.successors.contains(&present.role) {
        return Err(not_eligible());
    }
    Ok(vec![movement(successor, Some(present), own)?])
}

fn exchange(
    table: &RoleTable,
    asking: &Candidate,
    own: &RoleEntry,
    target: &RoleEntry,
    other: &Candidate,
) -> Result<Vec<Move>, Refusal> {
    let present = role_of(table, other)?;
    if other.person == asking.person || !target.change_to.contains(&own.role) {
        return Err(Refusal::OfficeTaken { office: target.role.clone() });
    }
    Ok(vec![movement(other, Some(present), own)?])
}

/// The role a person has, if it can be changed.
fn role_of<'a>(table: &'a RoleTable, person: &Candidate) -> Result<&'a RoleEntry, Refusal> {
    let role = person.role.as_deref().ok_or_else(|| Refusal::NoRole { name: person.name.clone() })?;
    if person.ceiling.is_some() {
        return Err(Refusal::Undecided { name: person.name.clone() });
    }
    table.role(role).ok_or_else(|| Refusal::UnknownRole { role: role.to_owned() })
}

fn movement(person: &Candidate, from: Option<&RoleEntry>, to: &RoleEntry) -> Result<Move, Refusal> {
    let missing = || Refusal::MissingObjectId { name: person.name.clone() };
    let object_id = person.object_id.ok_or_else(missing)?;
    Ok(Move::new(person.person, &person.name, object_id, from.map(|entry| entry.role.as_str()), &to.role))
}

fn holder<'a>(role: &str, everybody: &'a [Candidate]) -> Option<&'a Candidate> {
    everybody.iter().find(|one| one.role.as_deref() == Some(role))
}

fn offices(table: &RoleTable, moves: &[Move]) -> Vec<String> {
    let roles = moves.iter().flat_map(|one| one.from.as_deref().into_iter().chain([one.to.as_str()]));
    let mut offices: Vec<String> = roles
        .filter_map(|role| table.role(role))
        .filter(|entry| entry.exclusive)
        .map(|entry| entry.role.clone())
        .collect();
    offices.sort();
    offices.dedup();
    offices
}

#[cfg(test)]
mod tests;
