//! Looking at many objects, at one, and for lost ones.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use oci_client::error::Error;
use oci_client::model::Timestamp;
use reconcile::Address;
use reconcile::provider::{Failure, FindRequest, Listed, Object, ReadAnswer, ReadRequest};
use reconcile::record::StateEntry;
use reconcile::value::ValueMap;

use super::Driver;
use super::wait::{Context, Rest, Waiting, failure, object};
use crate::lifecycle::{Stage, VISIBLE_WITHIN};
use crate::module::{ResourceModule, Scope, Seen};
use crate::tags;

/// What the lists of a refresh showed, or why one of them failed.
type Lists = BTreeMap<Scope, Result<BTreeMap<String, Seen>, Failure>>;

impl Driver {
    /// Shows an object in whatever state; `None` where the service answers 404.
    pub(super) async fn look_with_state(
        &self,
        module: &dyn ResourceModule,
        id: &str,
    ) -> Result<Option<Seen>, Error> {
        match self.carry_out(module.read(id)).await {
            Ok(seen) => Ok(Some(seen)),
            Err(Error::MissingOrHidden(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Shows an object; `None` where a 404 or a terminal state says that it is no more.
    pub(super) async fn look(&self, module: &dyn ResourceModule, id: &str) -> Result<Option<Seen>, Error> {
        let seen = self.look_with_state(module, id).await?;
        Ok(seen.filter(|seen| module.lifecycle().stage(&seen.state) != Stage::Gone))
    }

    /// One list for each scope that the requests' entries name; a `get` only for what no list shows.
    pub(super) async fn read_all(
        &self,
        module: &dyn ResourceModule,
        requests: &[ReadRequest],
    ) -> Vec<ReadAnswer> {
        let scopes: BTreeSet<Scope> =
            requests.iter().filter_map(|request| self.scope_of(module, request)).collect();
        let mut lists = Lists::new();
        for scope in scopes {
            if let Some(listed) = self.list_scope(module, &scope).await {
                lists.insert(scope, listed.map_err(|error| failure(&error)));
            }
        }
        let mut answers = Vec::with_capacity(requests.len());
        for request in requests {
            answers.push(self.read_one(module, request, &lists).await);
        }
        answers
    }

    fn scope_of(&self, module: &dyn ResourceModule, request: &ReadRequest) -> Option<Scope> {
        Some(module.scope(&request.entry.as_ref()?.attributes))
    }

    /// A scope without a compartment is looked for in all compartments of the driver; what lies in the tenancy whatever the
    /// stack's compartment is, there.
    async fn list_scope(
        &self,
        module: &dyn ResourceModule,
        scope: &Scope,
    ) -> Option<Result<BTreeMap<String, Seen>, Error>> {
        let compartments = match &scope.compartment_id {
            None if module.lies_in_tenancy() => match self.tenancy().await {
                Some(tenancy) => vec![Some(tenancy)],
                None => self.compartments.iter().cloned().map(Some).collect(),
            },
            None if scope.parent.is_none() => {
                self.compartments.iter().map(|compartment| Some(compartment.clone())).collect()
            }
            one => vec![one.clone()],
        };
        let mut all = BTreeMap::new();
        for compartment_id in compartments {
            let look = module.list(&Scope { compartment_id, ..scope.clone() })?;
            match self.carry_out(look).await {
                Ok(items) => all.extend(items.into_iter().map(|item| (item.id.clone(), item))),
                // What the objects are part of has gone, and they with it; or it is hidden, and they with it.
                Err(error @ Error::MissingOrHidden(_)) => match &scope.parent {
                    Some(parent) if self.parent_has_gone(module, parent).await => {}
                    _ => return Some(Err(error)),
                },
                Err(error) => return Some(Err(error)),
            }
        }
        Some(Ok(all))
    }

    /// Whether that of which the service lists no parts has certainly gone: we have removed it, or it says so itself. A 404 says
    /// nothing; the engine may know more, by what it sees of the whole in the same refresh.
    async fn parent_has_gone(&self, module: &dyn ResourceModule, parent: &str) -> bool {
        if self.has_removed(parent) {
            return true;
        }
        let Some(Ok(whole)) = module.parent_type(parent).map(|name| self.module(name)) else { return false };
        let seen = self.look_with_state(whole, parent).await;
        matches!(seen, Ok(Some(seen)) if whole.lifecycle().stage(&seen.state) == Stage::Gone)
    }

    async fn read_one(
        &self,
        module: &dyn ResourceModule,
        request: &ReadRequest,
        lists: &Lists,
    ) -> ReadAnswer {
        let list = self.scope_of(module, request).and_then(|scope| lists.get(&scope));
        let entry = request.entry.as_deref();
        let context = Context {
            asked: entry.map(|entry| &entry.inputs),
            known: entry.map(|entry| &entry.attributes),
            creation: None,
        };
        if let Some(Ok(items)) = list
            && let Some(seen) = items.get(&*request.identifier)
        {
            return read_answer(module, seen.clone(), context);
        }
        match self.carry_out(module.read(&request.identifier)).await {
            Ok(seen) => read_answer(module, seen, context),
            Err(error @ Error::MissingOrHidden(_))
                if self.is_young(&request.identifier, request.entry.as_deref()) =>
            {
                let message = failure(&error).message;
                ReadAnswer::Hidden(format!("it was made only just now, and may not show yet: {message}"))
            }
            // We may list the place that it was in, and it is not there: it has gone. Where even the list was
            // refused, nobody can say.
            Err(Error::MissingOrHidden(_)) if matches!(list, Some(Ok(_))) => ReadAnswer::Gone,
            Err(error @ Error::MissingOrHidden(_)) => ReadAnswer::Hidden(failure(&error).message),
            Err(error) => ReadAnswer::Failed(failure(&error)),
        }
    }

    /// Whether the object was made so short a time ago that the service may not show it yet: by this driver, or by the
    /// service's own account.
    pub(super) fn is_young(&self, id: &str, entry: Option<&StateEntry>) -> bool {
        if self.has_removed(id) {
            return false;
        }
        let ours = self.age_of(id);
        let created = entry.and_then(|entry| entry.attributes.get("time_created"));
        let created = created.and_then(|time| time.as_str()?.parse::<Timestamp>().ok());
        let theirs = created.map(|time| self.time.now().timestamp() - time.unix_seconds());
        let theirs = theirs.and_then(|age| u64::try_from(age).ok()).map(Duration::from_secs);
        ours.into_iter().chain(theirs).any(|age| age < VISIBLE_WITHIN)
    }

    pub(super) async fn found(&self, request: FindRequest) -> Result<Vec<Object>, Failure> {
        let module = self.module(request.address.resource_type())?;
        let context = Context { asked: Some(&request.draft.inputs), ..Context::default() };
        let live = if let Some(look) = module.find(&request.draft.inputs) {
            let mut all = self.carry_out(look).await.map_err(|error| failure(&error))?;
            all.retain(|seen| module.lifecycle().stage(&seen.state) != Stage::Gone);
            all
        } else {
            self.seen_with_token(module, &request.draft.inputs, &request.retry_token).await?
        };
        // What its creation could not say may not have been said: the engine asks on, until it has.
        let rest = Rest::of(module, &request.draft.inputs, &request.retry_token);
        let asked_on = |object: Object| {
            let id = object.identifier.to_string();
            let pending = rest.clone().filter(|_| object.broken.is_none());
            let pending =
                pending.map(|rest| Waiting { id, rest: Some(rest), ..Waiting::default() }.to_pending());
            Object { pending: pending.or(object.pending), ..object }
        };
        Ok(live.into_iter().map(|seen| asked_on(object(module.lifecycle(), seen, context))).collect())
    }

    /// What is there and carries the tag of a creation that was sent with `token`.
    pub(super) async fn seen_with_token(
        &self,
        module: &dyn ResourceModule,
        inputs: &ValueMap,
        token: &str,
    ) -> Result<Vec<Seen>, Failure> {
        let listed = self.list_scope(module, &module.scope(inputs)).await;
        let listed = listed.unwrap_or_else(|| Ok(BTreeMap::new())).map_err(|error| failure(&error))?;
        let is_live = |seen: &Seen| module.lifecycle().stage(&seen.state) != Stage::Gone;
        let items = listed.into_values();
        Ok(items.filter(|seen| is_live(seen) && seen.tag(tags::TOKEN).as_deref() == Some(token)).collect())
    }

    pub(super) async fn listed(&self, resource_type: &str, lineage: &str) -> Result<Vec<Listed>, Failure> {
        let module = self.module(resource_type)?;
        let Some(items) = self.list_scope(module, &Scope::default()).await else { return Ok(Vec::new()) };
        let mut listed = Vec::new();
        for seen in items.map_err(|error| failure(&error))?.into_values() {
            let ours = seen.tag(tags::LINEAGE).is_some_and(|tag| tag == lineage);
            let address: Option<Address> = seen.tag(tags::ADDRESS).and_then(|address| address.parse().ok());
            let (Some(address), true) = (address, ours) else { continue };
            if module.lifecycle().stage(&seen.state) != Stage::Gone {
                listed.push(Listed { address, object: object(module.lifecycle(), seen, Context::default()) });
            }
        }
        Ok(listed)
    }
}

fn read_answer(module: &dyn ResourceModule, seen: Seen, context: Context<'_>) -> ReadAnswer {
    match module.lifecycle().stage(&seen.state) {
        Stage::Gone => ReadAnswer::Gone,
        Stage::Settled | Stage::Through | Stage::Failed => {
            ReadAnswer::Found(object(module.lifecycle(), seen, context))
        }
    }
}
