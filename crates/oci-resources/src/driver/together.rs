//! Parts of one whole that change at the same moment, in one request.
//!
//! The engine hands out together what shares a batch of a lane, so the calls arrive side by side. The first one waits a moment
//! for the others, makes the request for all of them, and leaves its answer where the others find it.
//!
//! Two things guard the whole, and each does what the other cannot. The party makes one request of many steps; without it sixteen
//! backends would be sixteen requests that refuse one another. The version in `if-match` keeps a list from being written over that somebody
//! else has changed since it was looked at: another program, or a step of ours that came too late for the party. Within this
//! program the engine's lane lets nothing else change the whole meanwhile, so that no lock of ours is needed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use oci_client::error::Error;
use reconcile::provider::Failure;
use reconcile::record::Operation;
use reconcile::value::ValueMap;

use super::Driver;
use super::wait::failure;
use crate::call::Answer;
use crate::module::{Part, ResourceModule, Together};

/// How long the first one waits for the others, and the others look for the answer, by the machine's time: far shorter than a
/// request, far longer than the engine takes to start what is ready.
const MOMENT: Duration = Duration::from_millis(5);

/// How often a whole is looked at and changed for one party: twice, if nobody else changes it.
const TURNS_MAX: usize = 8;

/// Those who wait to change parts together, by the whole that the parts belong to.
#[derive(Debug, Default)]
pub(super) struct Parties {
    waiting: Mutex<BTreeMap<String, Arc<Party>>>,
}

/// Parts that wait to be changed together, and what came of it.
#[derive(Debug, Default)]
struct Party {
    parts: Mutex<Vec<Part>>,
    outcome: Mutex<Option<Result<Answer, Failure>>>,
}

/// What falls to somebody who has joined.
#[derive(Debug)]
enum Role<'a> {
    /// The first one makes the request for all.
    Lead(Lead<'a>),
    /// The others wait for it.
    Follow(Arc<Party>),
}

/// The first one of a party. When it is dropped, whether it came to its end or was given up, nobody waits any longer, and who
/// comes then is the first one of another party.
#[derive(Debug)]
struct Lead<'a> {
    parties: &'a Parties,
    whole: String,
    party: Arc<Party>,
}

impl Parties {
    /// Joins those who wait to change the same whole.
    fn join(&self, whole: &str, part: Part) -> Role<'_> {
        let mut parties = lock(&self.waiting);
        let is_first = !parties.contains_key(whole);
        let party = Arc::clone(parties.entry(whole.to_owned()).or_default());
        lock(&party.parts).push(part);
        if is_first {
            Role::Lead(Lead { parties: self, whole: whole.to_owned(), party })
        } else {
            Role::Follow(party)
        }
    }
}

impl Lead<'_> {
    /// All parts. Whoever comes from now on joins another party.
    fn close(&self) -> Vec<Part> {
        let mut parties = lock(&self.parties.waiting);
        if parties.get(&self.whole).is_some_and(|party| Arc::ptr_eq(party, &self.party)) {
            parties.remove(&self.whole);
        }
        std::mem::take(&mut *lock(&self.party.parts))
    }

    /// Tells the others what came of it.
    fn end(self, outcome: Result<Answer, Failure>) {
        *lock(&self.party.outcome) = Some(outcome);
    }
}

impl Drop for Lead<'_> {
    fn drop(&mut self) {
        self.close();
        let given_up = || Err(Failure::unclear("the request that it was part of was given up"));
        lock(&self.party.outcome).get_or_insert_with(given_up);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Driver {
    /// Changes a part together with others of its whole; the answer is that of the request for all of them, empty if all was
    /// as it should be.
    pub(super) async fn changed_together(
        &self,
        module: &dyn ResourceModule,
        together: &dyn Together,
        part: Part,
    ) -> Result<Answer, Failure> {
        let whole = together.whole(&part.id);
        match self.parties.join(&whole, part) {
            Role::Lead(lead) => {
                self.client.world().sleep(MOMENT).await;
                let outcome = self.take_turns(module, together, &whole, &lead.close()).await;
                lead.end(outcome.clone());
                outcome
            }
            Role::Follow(party) => loop {
                self.client.world().sleep(MOMENT).await;
                let outcome = lock(&party.outcome).clone();
                if let Some(outcome) = outcome {
                    return outcome;
                }
            },
        }
    }

    async fn take_turns(
        &self,
        module: &dyn ResourceModule,
        together: &dyn Together,
        whole: &str,
        parts: &[Part],
    ) -> Result<Answer, Failure> {
        let mut last = Answer::default();
        for _ in 0..TURNS_MAX {
            let current = match self.carry_out(together.read(whole)).await {
                Ok(current) => current,
                // The parts went with their whole.
                Err(Error::MissingOrHidden(_))
                    if parts.iter().all(|part| part.operation == Operation::Delete) =>
                {
                    return Ok(Answer::default());
                }
                Err(error) => return Err(failure(&error)),
            };
            let Some(turn) = together.next(whole, &current, parts)? else { return Ok(last) };
            // The whole list is sent, so that doing it twice is doing it once; but the list may differ from what was sent
            // with the same tokens before, so that it has a token of its own.
            let token =
                format!("{:016x}{:016x}", self.client.world().random_u64(), self.client.world().random_u64());
            match turn.call.send(&self.client, &token, self.options(&ValueMap::new())).await {
                Ok(answer) => last = answer,
                // What others did since we looked stays: it is looked at again.
                Err(Error::Changed(_)) => continue,
                Err(error) => return Err(failure(&error)),
            }
            let Some(pause) = turn.pause else { return Ok(last) };
            let part = parts.first().map(|part| part.id.as_str()).unwrap_or_default();
            self.settle(module, part, &last).await.map_err(super::change::Stop::into_failure)?;
            // Who is asked to stop need not wait: what comes after the pause is not sent any more.
            let _ = self.stop.or(self.time.sleep(pause)).await;
        }
        Err(Failure::busy("others change it again and again", super::wait::BUSY_AGAIN_AFTER))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(id: &str) -> Part {
        Part { operation: Operation::Update, id: id.to_owned(), inputs: ValueMap::new() }
    }

    fn lead<'a>(parties: &'a Parties, id: &str) -> Lead<'a> {
        match parties.join("whole", part(id)) {
            Role::Lead(lead) => lead,
            Role::Follow(_) => panic!("{id} is not the first one"),
        }
    }

    fn follow(parties: &Parties, id: &str) -> Arc<Party> {
        match parties.join("whole", part(id)) {
            Role::Lead(_) => panic!("{id} is the first one"),
            Role::Follow(party) => party,
        }
    }

    #[test]
    fn the_first_one_has_all_parts_and_the_others_its_outcome() {
        let parties = Parties::default();
        let first = lead(&parties, "a");
        let others = [follow(&parties, "b"), follow(&parties, "c")];
        let ids: Vec<String> = first.close().into_iter().map(|part| part.id).collect();
        assert_eq!(ids, ["a", "b", "c"]);
        assert!(others.iter().all(|party| lock(&party.outcome).is_none()));
        first.end(Ok(Answer::default()));
        assert!(others.iter().all(|party| matches!(*lock(&party.outcome), Some(Ok(_)))));
    }

    #[test]
    fn when_the_first_one_is_given_up_nobody_waits_for_it() {
        for is_closed in [false, true] {
            let parties = Parties::default();
            let first = lead(&parties, "a");
            let others = [follow(&parties, "b"), follow(&parties, "c")];
            // One that comes after the door was shut is of another party, which stays as it is.
            let next = is_closed.then(|| {
                first.close();
                lead(&parties, "d")
            });
            drop(first);
            assert!(others.iter().all(|party| matches!(*lock(&party.outcome), Some(Err(_)))));
            match next {
                Some(next) => {
                    let later = follow(&parties, "e");
                    assert!(Arc::ptr_eq(&later, &next.party) && lock(&later.outcome).is_none());
                }
                None => drop(lead(&parties, "d")),
            }
        }
    }
}
