//! Compares everybody's role with Entra. Lower roles are applied, everything is reported, nothing is written to Entra.

use chrono::{DateTime, TimeDelta, Utc};
use leitwarte_core::roles::protocol::{Fault, LIST_LAG, Sight};
use leitwarte_core::roles::standing::{self, Drift, Effect, Known, OpenSessions, TOKENS_LAG};
use leitwarte_core::roles::table::NO_ROLE;
use leitwarte_core::roles::words::Problem;
use leitwarte_store::{FoundPerson, RolePerson, StoreError};

use crate::drive::Worker;
use crate::edge::{Clock, Directory, Found, Ledger};

/// How often everybody is compared.
const EVERY: TimeDelta = TimeDelta::minutes(15);

/// What a comparison brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Compared {
    /// People whose role was compared.
    pub(crate) people: usize,
    /// Differences.
    pub(crate) findings: usize,
    /// Why it was not possible.
    pub(crate) problem: Option<Problem>,
}

impl<D: Directory, L: Ledger, C: Clock> Worker<'_, D, L, C> {
    /// Whether it is time to compare.
    pub(crate) async fn is_due(&self) -> Result<bool, StoreError> {
        let (last, now) = (self.ledger.last_reconciliation().await?, self.clock.now());
        // One in the future was noted before the clock was set back.
        Ok(last.is_none_or(|last| now - last.at >= EVERY || last.at > now))
    }

    /// Compares everybody; `None` when somebody else does.
    pub(crate) async fn reconcile(&self) -> Result<Option<Compared>, StoreError> {
        let Some(lease) = self.lease("comparison".to_owned()).await? else { return Ok(None) };
        let compared = self.compare_all().await;
        self.release(&lease).await?;
        let compared = compared?;
        tracing::info!(people = compared.people, findings = compared.findings, "roles compared");
        Ok(Some(compared))
    }

    async fn compare_all(&self) -> Result<Compared, StoreError> {
        let people = self.ledger.people().await?;
        let found = self.compare(&people).await;
        let compared = match &found {
            Ok(Found { people, offices }) => Compared {
                people: people.len(),
                findings: people.iter().map(|one| one.drifts.len()).sum::<usize>() + offices.len(),
                problem: None,
            },
            Err(problem) => Compared { people: 0, findings: 0, problem: Some(problem.clone()) },
        };
        self.ledger.reconciled(found, self.clock.now()).await?;
        Ok(compared)
    }

    async fn compare(&self, people: &[RolePerson]) -> Result<Found, Problem> {
        let problem = |fault| match fault {
            Fault::Passing(problem) | Fault::Final(problem) => problem,
        };
        let now = self.clock.now();
        // Lists lag behind: who was changed just now is compared the next time. With a limit nothing was changed in Entra:
        // somebody has decided that what it says holds.
        let settled = |one: &&RolePerson| one.under_way.is_none() && (!is_fresh(one, now) || one.ceiling.is_some());
        let people: Vec<&RolePerson> = people.iter().filter(settled).collect();
        let accounts: Vec<_> = people.iter().filter_map(|one| one.object_id).collect();
        let mut sights = self.directory.sights(&accounts).await.map_err(problem)?.into_iter();
        let holders = self.directory.holders().await.map_err(problem)?;
        let found = people.into_iter().map(|one| {
            let sight = one.object_id.and_then(|_| sights.next());
            let sessions = self.sessions(sight.as_ref(), now);
            let (drifts, effect) = self.judge(one, sight);
            FoundPerson { person: one.number, version: one.version, drifts, effect, sessions }
        });
        let roles = holders.into_iter().filter_map(|one| {
            let role = self.table.of_entra(one.held.value.as_deref()?)?.role.clone();
            Some((role, if one.name.is_empty() { one.principal.to_string() } else { one.name }))
        });
        let offices = standing::offices(self.table, &roles.collect::<Vec<_>>());
        Ok(Found { people: found.collect(), offices })
    }

    /// What becomes of somebody's sessions. Rights by app roles are compared only where the sign-in profile says which are
    /// rights here.
    fn sessions(&self, sight: Option<&Sight>, now: DateTime<Utc>) -> OpenSessions {
        match (sight, self.sign_in) {
            (Some(Sight::NoAccount), _) => OpenSessions::End,
            (Some(Sight::Holds(held)), Some(sign_in)) => OpenSessions::Within {
                rights: sign_in.roles(held.iter().filter_map(|one| one.value.as_deref())),
                begun_by: now - LIST_LAG,
            },
            (None, _) | (Some(Sight::Holds(_)), None) => OpenSessions::Stay,
        }
    }

    fn judge(&self, person: &RolePerson, sight: Option<Sight>) -> (Vec<Drift>, Effect) {
        let known = Known {
            role: person.role.as_deref(),
            ceiling: person.ceiling.as_deref(),
            changed_at: person.changed_at,
            under_way: false,
        };
        match sight {
            None => (vec![Drift::NoObjectId], Effect::Keep),
            Some(Sight::NoAccount) if person.role.is_none() => (Vec::new(), Effect::Keep),
            Some(Sight::NoAccount) => (vec![Drift::AccountGone], Effect::Limit(NO_ROLE.to_owned())),
            Some(Sight::Holds(held)) => standing::reconcile(self.table, known, &held),
        }
    }
}

fn is_fresh(person: &RolePerson, now: DateTime<Utc>) -> bool {
    person.changed_at.is_some_and(|changed| now - changed < TOKENS_LAG && changed <= now)
}
