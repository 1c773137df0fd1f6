//! Trying one place after another, where a creation has a choice.

use std::sync::PoisonError;
use std::time::Duration;

use oci_client::error::Error;
use reconcile::Address;
use reconcile::provider::Failure;
use reconcile::value::ValueMap;

use super::Driver;
use super::wait::failure;
use crate::module::{Place, ResourceModule, Seen};

/// Where one creation is with its places. Kept in memory only: after a crash, what was made by then is looked for, and
/// otherwise the first place is tried again.
#[derive(Clone, Debug)]
pub(super) struct Placing {
    /// The retry token of the creation: a later one at the same address begins anew.
    token: String,
    /// In the order in which they are tried.
    places: Vec<Place>,
    /// The one that is tried now.
    at: usize,
    /// What was said about those before.
    refusals: Vec<String>,
}

impl Driver {
    /// The inputs to create with, those of the place that is its turn filled in, and its number in the
    /// user's order. That one stays the same when the places are tried in another order after a restart.
    pub(super) async fn place(
        &self,
        module: &dyn ResourceModule,
        address: &Address,
        inputs: &ValueMap,
        token: &str,
    ) -> Result<(ValueMap, Option<usize>), Failure> {
        let Some(look) = module.places(inputs) else { return Ok((inputs.clone(), None)) };
        let known = self.with_placing(address, |placing| placing.cloned());
        let placing = match known.filter(|placing| placing.token == token) {
            Some(placing) => placing,
            None => {
                let mut places = self.carry_out(look).await.map_err(|error| failure(&error))?;
                self.count_siblings(address, &mut places);
                places.sort_by_key(|place| (place.rank, place.siblings));
                let placing = Placing { token: token.to_owned(), places, at: 0, refusals: Vec::new() };
                self.keep_placing(address, placing.clone());
                placing
            }
        };
        let Some(place) = placing.places.get(placing.at) else {
            self.forget_placing(address);
            return Err(nowhere(&placing));
        };
        let mut placed = inputs.clone();
        for (name, value) in place.inputs.iter() {
            placed.insert(name.clone(), value.clone());
        }
        Ok((placed, Some(place.number)))
    }

    /// What an earlier run made of the same creation, if this run has not tried a place yet. The order of places may be
    /// another one now, as the lost instance counts as a member of its group; to try them would make a second one.
    pub(super) async fn made_by_earlier_run(
        &self,
        module: &dyn ResourceModule,
        address: &Address,
        inputs: &ValueMap,
        token: &str,
    ) -> Result<Option<Seen>, Failure> {
        let has_begun = |placing: Option<&Placing>| placing.is_some_and(|placing| placing.token == token);
        if module.places(inputs).is_none() || self.with_placing(address, has_begun) {
            return Ok(None);
        }
        Ok(self.seen_with_token(module, inputs, token).await?.into_iter().next())
    }

    /// Members of the group that are on their way are not in the service's list yet.
    fn count_siblings(&self, address: &Address, places: &mut [Place]) {
        let all = self.placing.lock().unwrap_or_else(PoisonError::into_inner);
        for (other, placing) in all.iter() {
            let Some(taken) = placing.places.get(placing.at).filter(|_| other != address) else { continue };
            for place in places.iter_mut().filter(|place| place.group.is_some() && place.group == taken.group)
            {
                let same_fault = place.fault.is_none() || place.fault == taken.fault;
                place.siblings += u32::from(place.domain == taken.domain && same_fault);
            }
        }
    }

    /// The place that is its turn has no room. Whether there is another one.
    pub(super) fn has_no_room(&self, address: &Address, words: &str) -> bool {
        let mut all = self.placing.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(placing) = all.get_mut(address) else { return false };
        let name = placing.places.get(placing.at).map_or("?", |place| place.name.as_str());
        placing.refusals.push(format!("{name}: {words}"));
        placing.at += 1;
        placing.at < placing.places.len()
    }

    /// Nothing came of a creation that had been accepted: on to the next place, if there is one.
    pub(super) fn came_to_nothing(&self, address: &Address, words: String) -> Failure {
        let mut failure = Failure::refused(words);
        if self.has_no_room(address, &failure.message) {
            failure.again_after = Some(Duration::ZERO);
        } else if let Some(placing) = self.with_placing(address, |placing| placing.cloned()) {
            self.forget_placing(address);
            return nowhere(&placing);
        }
        failure
    }

    pub(super) fn forget_placing(&self, address: &Address) {
        self.placing.lock().unwrap_or_else(PoisonError::into_inner).remove(address);
    }

    fn keep_placing(&self, address: &Address, placing: Placing) {
        self.placing.lock().unwrap_or_else(PoisonError::into_inner).insert(address.clone(), placing);
    }

    fn with_placing<T>(&self, address: &Address, see: impl FnOnce(Option<&Placing>) -> T) -> T {
        see(self.placing.lock().unwrap_or_else(PoisonError::into_inner).get(address))
    }
}

/// Whether a failed call means that this place has no room.
pub(super) fn is_full(error: &Error) -> bool {
    matches!(error, Error::NoCapacity(_))
}

fn nowhere(placing: &Placing) -> Failure {
    Failure {
        hint: Some(
            "allow further shapes or availability domains, or try again later: capacity comes and goes"
                .to_owned(),
        ),
        is_for_want_of_room: true,
        ..Failure::refused(format!("no place has room for it ({})", placing.refusals.join("; ")))
    }
}
