//! Parts of one whole that change at the same moment, in one request.
//!
//! The engine hands out together what shares a batch of a lane, so the calls arrive side by side. The first one waits a moment
//! for the others, makes the request for all of them, and leaves its answer where the others find it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reconcile::provider::Failure;

use super::Driver;
use super::wait::failure;
use crate::call::Answer;
use crate::module::{Part, ResourceModule, Together};

/// How long the first one waits for the others, and the others look for the answer: far shorter than a request, far longer
/// than the engine takes to start what is ready.
const MOMENT: Duration = Duration::from_millis(50);

/// Parts that wait to be changed together, and what came of it.
#[derive(Debug, Default)]
pub(super) struct Party {
    parts: Mutex<Vec<Part>>,
    outcome: Mutex<Option<Result<Answer, Failure>>>,
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
        let (party, is_first) = self.join(&whole, part);
        if !is_first {
            loop {
                self.client.world().sleep(MOMENT).await;
                let outcome = party.outcome.lock().unwrap_or_else(PoisonError::into_inner).clone();
                if let Some(outcome) = outcome {
                    return outcome;
                }
                // The first one may have been dropped: then somebody else takes over.
                if Arc::strong_count(&party) == 1 {
                    return Err(Failure::unclear("the request that it was part of was given up"));
                }
            }
        }
        self.client.world().sleep(MOMENT).await;
        let parts = self.close(&whole, &party);
        let outcome = self.take_turns(module, together, &whole, &parts).await;
        *party.outcome.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome.clone());
        outcome
    }

    /// Joins those who wait to change the same whole; true for the first one.
    fn join(&self, whole: &str, part: Part) -> (Arc<Party>, bool) {
        let mut parties = self.parties.lock().unwrap_or_else(PoisonError::into_inner);
        let is_first = !parties.contains_key(whole);
        let party = Arc::clone(parties.entry(whole.to_owned()).or_default());
        party.parts.lock().unwrap_or_else(PoisonError::into_inner).push(part);
        (party, is_first)
    }

    /// Whoever comes from now on joins another party.
    fn close(&self, whole: &str, party: &Party) -> Vec<Part> {
        self.parties.lock().unwrap_or_else(PoisonError::into_inner).remove(whole);
        std::mem::take(&mut *party.parts.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn take_turns(
        &self,
        module: &dyn ResourceModule,
        together: &dyn Together,
        whole: &str,
        parts: &[Part],
    ) -> Result<Answer, Failure> {
        let current = self.carry_out(together.read(whole)).await.map_err(|error| failure(&error))?;
        let mut last = Answer::default();
        let turns = together.turns(whole, &current, parts)?;
        let count = turns.len();
        for (number, turn) in turns.into_iter().enumerate() {
            // The whole list is sent, so that doing it twice is doing it once; but the list may differ from what was sent
            // with the same tokens before, so that it has a token of its own.
            let token =
                format!("{:016x}{:016x}", self.client.world().random_u64(), self.client.world().random_u64());
            let sent = turn.call.send(&self.client, &token, oci_client::client::CallOptions::default()).await;
            last = sent.map_err(|error| failure(&error))?;
            if number + 1 < count {
                let part = parts.first().map(|part| part.id.as_str()).unwrap_or_default();
                self.settle(module, part, &last).await.map_err(super::change::Stop::into_failure)?;
                self.client.world().sleep(turn.pause).await;
            }
        }
        Ok(last)
    }
}
