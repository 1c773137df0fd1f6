//! Parts of one whole that change at the same moment, in one request.
//!
//! The engine hands out together what shares a batch of a lane, so the calls arrive side by side. The first one waits a moment
//! for the others, makes the request for all of them, and leaves its answer where the others find it. If the whole itself is to be made
//! at that moment, its creation makes the request, with all parts in it.
//!
//! Two things guard the whole, and each does what the other cannot. The party makes one request of many steps; without it sixteen
//! backends would be sixteen requests that refuse one another. The version in `if-match` keeps a list from being written over that somebody
//! else has changed since it was looked at: another program, or a step of ours that came too late for the party. Within this
//! program the engine's lane lets nothing else change the whole meanwhile, so that no lock of ours is needed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use oci_client::error::Error;
use reconcile::provider::{CreateRequest, Failure, Reply};
use reconcile::record::Operation;
use reconcile::value::ValueMap;
use sha2::{Digest, Sha256};

use super::Driver;
use super::wait::{BUSY_AGAIN_AFTER, failure};
use crate::call::Answer;
use crate::module::{Part, ResourceModule, Together};
use crate::tags::StackTags;

/// How long the first one waits for the others, and the others look for the answer, by the machine's time: far shorter than a
/// request, far longer than the engine takes to start what is ready.
const MOMENT: Duration = Duration::from_millis(5);

/// How often a whole is looked at and changed for one party: twice, if nobody else changes it.
const TURNS_MAX: usize = 8;

/// Those who wait to change parts together, by the whole that the parts belong to.
#[derive(Debug, Default)]
pub(super) struct Parties {
    waiting: Mutex<BTreeMap<String, Arc<Party>>>,
    /// The wholes whose creation has been asked for and has not come to its end: they may not show yet.
    in_the_making: Mutex<BTreeSet<String>>,
}

/// Parts that wait to be changed together, and what came of it.
#[derive(Debug, Default)]
struct Party {
    parts: Mutex<Vec<Part>>,
    outcome: Mutex<Option<Result<Answer, Failure>>>,
    /// The whole itself is to be made: its creation leads, whoever came first.
    led_by_whole: AtomicBool,
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
    /// Whether somebody else leads now.
    is_relieved: bool,
}

impl Parties {
    /// Joins those who wait to change the same whole.
    fn join(&self, whole: &str, part: Part) -> Role<'_> {
        let mut parties = lock(&self.waiting);
        let is_first = !parties.contains_key(whole);
        let party = Arc::clone(parties.entry(whole.to_owned()).or_default());
        lock(&party.parts).push(part);
        if is_first {
            Role::Lead(Lead { parties: self, whole: whole.to_owned(), party, is_relieved: false })
        } else {
            Role::Follow(party)
        }
    }

    /// The creation of a whole leads those who wait to change it.
    fn lead(&self, whole: &str) -> Lead<'_> {
        let party = Arc::clone(lock(&self.waiting).entry(whole.to_owned()).or_default());
        party.led_by_whole.store(true, Ordering::Relaxed);
        lock(&self.in_the_making).insert(whole.to_owned());
        Lead { parties: self, whole: whole.to_owned(), party, is_relieved: false }
    }

    /// The creation of a whole has come to its end, good or bad.
    fn is_made(&self, whole: &str) {
        lock(&self.in_the_making).remove(whole);
    }

    fn is_in_the_making(&self, whole: &str) -> bool {
        lock(&self.in_the_making).contains(whole)
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

    /// The party, if the creation of the whole leads it now.
    fn relieved(&mut self) -> Option<Arc<Party>> {
        self.is_relieved = self.party.led_by_whole.load(Ordering::Relaxed);
        self.is_relieved.then(|| Arc::clone(&self.party))
    }

    /// Tells the others what came of it.
    fn end(self, outcome: Result<Answer, Failure>) {
        *lock(&self.party.outcome) = Some(outcome);
    }
}

impl Drop for Lead<'_> {
    fn drop(&mut self) {
        if self.is_relieved {
            return;
        }
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
        let party = match self.parties.join(&whole, part) {
            Role::Lead(mut lead) => {
                self.client.world().sleep(MOMENT).await;
                match lead.relieved() {
                    Some(party) => party,
                    None => {
                        let outcome = self.take_turns(module, together, &whole, &lead.close()).await;
                        lead.end(outcome.clone());
                        return outcome;
                    }
                }
            }
            Role::Follow(party) => party,
        };
        loop {
            self.client.world().sleep(MOMENT).await;
            let outcome = lock(&party.outcome).clone();
            if let Some(outcome) = outcome {
                return outcome;
            }
        }
    }

    /// Makes a whole, and in the same request the parts that are wanted at this moment; they get its answer.
    ///
    /// Should the service refuse it for what it says, the fault may be with a part. Then the whole is made without them, and they are told to
    /// come again when it is there, so that each gets its own answer.
    pub(super) async fn made_with_parts(
        &self,
        module: &dyn ResourceModule,
        together: &dyn Together,
        whole: &str,
        request: &CreateRequest,
        tags: &StackTags,
    ) -> Result<Answer, Failure> {
        let made = self.made_at_once(module, together, self.parties.lead(whole), request, tags).await;
        if made.is_err() {
            self.parties.is_made(whole);
        }
        made
    }

    /// Notes that the creation of a whole has come to its end, if it has.
    pub(super) fn ended_making(&self, id: &str, reply: &Result<Reply, Failure>) {
        if !matches!(reply, Err(_) | Ok(Reply::Running(_))) {
            self.parties.is_made(id);
        }
    }

    async fn made_at_once(
        &self,
        module: &dyn ResourceModule,
        together: &dyn Together,
        lead: Lead<'_>,
        request: &CreateRequest,
        tags: &StackTags,
    ) -> Result<Answer, Failure> {
        self.client.world().sleep(MOMENT).await;
        let mut parts = lead.close();
        parts.sort_by(|a, b| a.id.cmp(&b.id));
        let options = || self.options(&request.inputs);
        if !parts.is_empty() {
            let call = together.creation(&request.inputs, &parts)?;
            let outcome =
                call.send(&self.client, &joint_token(&request.retry_token, &parts), options()).await;
            match outcome {
                Err(Error::Rejected(_)) => lead.end(Err(later())),
                outcome => {
                    let outcome = outcome.map_err(|error| failure(&error));
                    lead.end(outcome.clone());
                    return outcome;
                }
            }
        }
        let call = module.create(&request.inputs, tags)?;
        call.send(&self.client, &request.retry_token, options()).await.map_err(|error| failure(&error))
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
                // It will be there when its creation has come to its end.
                Err(error @ Error::MissingOrHidden(_)) if self.parties.is_in_the_making(whole) => {
                    return Err(Failure::busy(failure(&error).message, BUSY_AGAIN_AFTER));
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
        Err(Failure::busy("others change it again and again", BUSY_AGAIN_AFTER))
    }
}

/// For a part that is not made with its whole.
fn later() -> Failure {
    Failure::busy("what it is a part of is made without it first", BUSY_AGAIN_AFTER)
}

/// The token of a request that makes a whole and parts: the same for the same operations, and another one for any others, since the
/// same token must mean the same request. What it is made of is in the journal before anything is sent.
fn joint_token(whole: &str, parts: &[Part]) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part.retry_token.as_bytes());
        digest.update([0]);
    }
    // The token of the whole is random, so that a few bytes are enough to tell apart the few companies in which one whole is sent.
    let start: String = digest.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("{whole}-{start}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(id: &str) -> Part {
        let (id, retry_token) = (id.to_owned(), format!("token of {id}").into());
        Part { operation: Operation::Update, id, inputs: ValueMap::new(), retry_token }
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
    fn the_creation_of_the_whole_leads_whoever_came_first() {
        let parties = Parties::default();
        let mut first = lead(&parties, "a");
        let other = follow(&parties, "b");
        let whole = parties.lead("whole");
        let last = follow(&parties, "c");
        let relieved = first.relieved().unwrap();
        drop(first);
        assert!(lock(&relieved.outcome).is_none(), "who has been relieved ends nothing");
        let ids: Vec<String> = whole.close().into_iter().map(|part| part.id).collect();
        assert_eq!(ids, ["a", "b", "c"]);
        assert!(parties.is_in_the_making("whole"));
        whole.end(Ok(Answer::default()));
        parties.is_made("whole");
        assert!(!parties.is_in_the_making("whole"));
        assert!([relieved, other, last].iter().all(|party| matches!(*lock(&party.outcome), Some(Ok(_)))));
    }

    #[test]
    fn the_token_of_a_joint_request_tells_who_is_in_it() {
        let tokens = [
            joint_token("w", &[part("a"), part("b")]),
            joint_token("w", &[part("a")]),
            joint_token("w", &[part("b")]),
            joint_token("v", &[part("a")]),
        ];
        assert_eq!(tokens[1], joint_token("w", &[part("a")]));
        assert!(tokens.iter().enumerate().all(|(at, token)| !tokens[at + 1..].contains(token)), "{tokens:?}");
        let longest = joint_token(&"f".repeat(32), &[part("a")]);
        assert!(longest.len() <= 64, "the service takes no more than 64 characters");
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
