//! Makes the calls that resource modules ask for; the one place of this crate that touches the world.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use oci_client::classify::{Class, Effect as CallEffect};
use oci_client::client::Client;
use oci_client::error::{Error, Hint};
use reconcile::provider::{
    CreateRequest, DeleteRequest, Effect, Failure, FindRequest, Invalid, Listed, Object, PollRequest,
    Provider, ReadAnswer, ReadRequest, Reply, ResourceType, Running, UpdateRequest,
};
use reconcile::record::{Operation, Pending};
use reconcile::value::{Value, ValueMap};
use world::BoxFuture;

use crate::call::{Call, Observed, Shown};
use crate::lifecycle::{Lifecycle, Stage};
use crate::module::{Change, ResourceModule};
use crate::tags::{self, StackTags};

/// The reconciler's provider for Oracle Cloud Infrastructure.
#[derive(Debug)]
pub struct Driver {
    client: Client,
    lineage: Arc<str>,
    modules: Vec<&'static dyn ResourceModule>,
    types: Vec<ResourceType>,
    compartments: Vec<String>,
}

impl Driver {
    /// A driver that calls through `client` and tags what it makes with `lineage`, the name of the state that it
    /// works for. `compartments` are searched when the engine looks for what the state does not know: a creation
    /// whose answer was lost, or everything, when the state itself is lost.
    #[must_use]
    pub fn new(client: Client, lineage: impl Into<Arc<str>>, compartments: Vec<String>) -> Self {
        let mut modules = crate::MODULES.to_vec();
        modules.sort_by_key(|module| module.resource_type().name);
        let types = modules.iter().map(|module| module.resource_type()).collect();
        Self { client, lineage: lineage.into(), modules, types, compartments }
    }

    fn module(&self, resource_type: &str) -> Result<&'static dyn ResourceModule, Failure> {
        let at = self.types.binary_search_by(|known| (*known.name).cmp(resource_type));
        at.map(|at| self.modules[at])
            .map_err(|_| Failure::refused(format!("there is no resource type `{resource_type}`")))
    }

    /// Shows an object; `None` where a 404 or a terminal state says that it is no more.
    async fn look(&self, module: &dyn ResourceModule, id: &str) -> Result<Option<Observed>, Error> {
        match module.read(id).look(&self.client).await {
            Ok(Shown::Object(seen)) if module.lifecycle().stage(&seen.state) == Stage::Gone => Ok(None),
            Ok(Shown::Object(seen)) => Ok(Some(seen)),
            Ok(Shown::Nothing) | Err(Error::MissingOrHidden(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// One list for each compartment that the requests' entries name; a `get` only for what no list shows.
    async fn read_all(&self, module: &dyn ResourceModule, requests: &[ReadRequest]) -> Vec<ReadAnswer> {
        let mut lists: BTreeMap<String, Result<BTreeMap<String, Observed>, Failure>> = BTreeMap::new();
        let compartments: BTreeSet<String> = requests.iter().filter_map(compartment).collect();
        for compartment_id in compartments {
            let listed = module.list(&compartment_id).send(&self.client).await;
            let listed = listed.map(|items| items.into_iter().map(|item| (item.id.clone(), item)).collect());
            lists.insert(compartment_id, listed.map_err(|error| failure(&error)));
        }
        let mut answers = Vec::with_capacity(requests.len());
        for request in requests {
            let list = compartment(request).and_then(|compartment_id| lists.get(&compartment_id));
            answers.push(self.read_one(module, request, list).await);
        }
        answers
    }

    async fn read_one(
        &self,
        module: &dyn ResourceModule,
        request: &ReadRequest,
        list: Option<&Result<BTreeMap<String, Observed>, Failure>>,
    ) -> ReadAnswer {
        if let Some(Ok(items)) = list
            && let Some(seen) = items.get(&*request.identifier)
        {
            return read_answer(module, seen.clone());
        }
        match module.read(&request.identifier).look(&self.client).await {
            Ok(Shown::Object(seen)) => read_answer(module, seen),
            Ok(Shown::Nothing) => ReadAnswer::Gone,
            // We may list the compartment that it was in, and it is not there: it has gone. Where even the list was
            // refused, nobody can say.
            Err(Error::MissingOrHidden(_)) if matches!(list, Some(Ok(_))) => ReadAnswer::Gone,
            Err(error @ Error::MissingOrHidden(_)) => ReadAnswer::Hidden(explain(&error)),
            Err(error) => ReadAnswer::Failed(failure(&error)),
        }
    }

    /// Makes calls one after another, waiting for the object to settle in between: the service takes one change at a
    /// time. Each call is safe to repeat, so that a crash between two of them is mended by starting over.
    async fn change(
        &self,
        module: &dyn ResourceModule,
        id: &str,
        calls: &[Call],
        retry_token: &str,
    ) -> Result<Reply, Failure> {
        let mut last = Shown::Nothing;
        for (step, call) in calls.iter().enumerate() {
            if step > 0 {
                self.settle(module, id).await?;
            }
            let token = format!("{retry_token}-{step}");
            last = call.send(&self.client, &token).await.map_err(|error| failure(&error))?;
        }
        match last {
            Shown::Object(seen) => Ok(reply(module.lifecycle(), Operation::Update, seen)),
            Shown::Nothing => Ok(running(module.lifecycle(), id, "the change")),
        }
    }

    async fn settle(&self, module: &dyn ResourceModule, id: &str) -> Result<(), Failure> {
        let lifecycle = module.lifecycle();
        let deadline = self.client.world().monotonic() + lifecycle.limit;
        loop {
            let seen = self.look(module, id).await.map_err(|error| failure(&error))?;
            let Some(seen) = seen else {
                return Err(Failure::unclear(format!("`{id}` went away while it was being changed")));
            };
            match lifecycle.stage(&seen.state) {
                Stage::Settled => return Ok(()),
                Stage::Through if self.client.world().monotonic() < deadline => {
                    self.client.world().sleep(lifecycle.again_after()).await;
                }
                Stage::Through | Stage::Failed | Stage::Gone => {
                    return Err(Failure::unclear(format!("`{id}` is `{}` between two changes", seen.state)));
                }
            }
        }
    }
}

impl Provider for Driver {
    fn resource_types(&self) -> &[ResourceType] {
        &self.types
    }

    fn validate(&self, resource_type: &str, inputs: &ValueMap) -> Vec<Invalid> {
        self.module(resource_type).map_or_else(|_| Vec::new(), |module| module.validate(inputs))
    }

    fn equivalent(&self, resource_type: &str, attribute: &str, desired: &Value, observed: &Value) -> bool {
        self.module(resource_type).is_ok_and(|module| module.equivalent(attribute, desired, observed))
    }

    fn read<'a>(
        &'a self,
        resource_type: &'a str,
        requests: Vec<ReadRequest>,
    ) -> BoxFuture<'a, Vec<ReadAnswer>> {
        Box::pin(async move {
            match self.module(resource_type) {
                Ok(module) => self.read_all(module, &requests).await,
                Err(failure) => requests.iter().map(|_| ReadAnswer::Failed(failure.clone())).collect(),
            }
        })
    }

    fn create(&self, request: CreateRequest) -> BoxFuture<'_, Result<Reply, Failure>> {
        Box::pin(async move {
            let module = self.module(request.address.resource_type())?;
            let tags = StackTags::new(&self.lineage, &request.address, &request.retry_token);
            let call = module.create(&request.inputs, &tags);
            match call.send(&self.client, &request.retry_token).await {
                Ok(Shown::Object(seen)) => Ok(reply(module.lifecycle(), Operation::Create, seen)),
                Ok(Shown::Nothing) => Err(Failure::unclear("the service showed nothing of the new object")),
                Err(error) => Err(failure(&error)),
            }
        })
    }

    fn update(&self, request: UpdateRequest) -> BoxFuture<'_, Result<Reply, Failure>> {
        Box::pin(async move {
            let module = self.module(request.address.resource_type())?;
            let seen = self.look(module, &request.identifier).await.map_err(|error| failure(&error))?;
            let carried = seen.map(|seen| seen.tags).unwrap_or_default();
            let change = Change {
                prior: &request.prior.attributes,
                inputs: &request.inputs,
                attributes: &request.changed,
            };
            let calls = module.update(&request.identifier, &change, &StackTags::carried(&carried))?;
            self.change(module, &request.identifier, &calls, &request.retry_token).await
        })
    }

    fn delete(&self, request: DeleteRequest) -> BoxFuture<'_, Result<Reply, Failure>> {
        Box::pin(async move {
            let module = self.module(request.address.resource_type())?;
            match module.delete(&request.identifier).send(&self.client, &request.retry_token).await {
                Ok(_) => Ok(running(module.lifecycle(), &request.identifier, "the deletion")),
                Err(Error::MissingOrHidden(_)) => Ok(Reply::Gone),
                Err(error) => Err(failure(&error)),
            }
        })
    }

    fn poll(&self, request: PollRequest) -> BoxFuture<'_, Result<Reply, Failure>> {
        Box::pin(async move {
            let module = self.module(request.address.resource_type())?;
            let id = request.identifier.unwrap_or_else(|| request.pending.0.clone());
            match self.look(module, &id).await {
                Ok(Some(seen)) => Ok(reply(module.lifecycle(), request.operation, seen)),
                Ok(None) => Ok(Reply::Gone),
                Err(error) => Err(failure(&error)),
            }
        })
    }

    fn find(&self, request: FindRequest) -> BoxFuture<'_, Result<Vec<Object>, Failure>> {
        Box::pin(async move {
            let module = self.module(request.address.resource_type())?;
            let wanted = request.draft.inputs.get("compartment_id").and_then(Value::as_str);
            let compartments = wanted.map_or_else(|| self.compartments.clone(), |one| vec![one.to_owned()]);
            let mut found = Vec::new();
            for compartment_id in compartments {
                let items = module.list(&compartment_id).send(&self.client).await;
                let items = items.map_err(|error| failure(&error))?.into_iter();
                found.extend(items.filter(|seen| {
                    seen.tags.get(tags::TOKEN).is_some_and(|token| **token == *request.retry_token)
                        && module.lifecycle().stage(&seen.state) != Stage::Gone
                }));
            }
            Ok(found.into_iter().map(|seen| object(module.lifecycle(), seen)).collect())
        })
    }

    fn list<'a>(
        &'a self,
        resource_type: &'a str,
        lineage: &'a str,
    ) -> BoxFuture<'a, Result<Vec<Listed>, Failure>> {
        Box::pin(async move {
            let module = self.module(resource_type)?;
            let mut listed = Vec::new();
            for compartment_id in &self.compartments {
                let items = module.list(compartment_id).send(&self.client).await;
                for seen in items.map_err(|error| failure(&error))? {
                    let ours = seen.tags.get(tags::LINEAGE).is_some_and(|tag| tag == lineage);
                    let address = seen.tags.get(tags::ADDRESS).and_then(|address| address.parse().ok());
                    if let Some(address) = address
                        && ours
                        && module.lifecycle().stage(&seen.state) != Stage::Gone
                    {
                        listed.push(Listed { address, object: object(module.lifecycle(), seen) });
                    }
                }
            }
            Ok(listed)
        })
    }
}

/// The compartment in which an object was last seen.
fn compartment(request: &ReadRequest) -> Option<String> {
    let attributes = &request.entry.as_ref()?.attributes;
    attributes.get("compartment_id").and_then(Value::as_str).map(str::to_owned)
}

fn read_answer(module: &dyn ResourceModule, seen: Observed) -> ReadAnswer {
    match module.lifecycle().stage(&seen.state) {
        Stage::Gone => ReadAnswer::Gone,
        Stage::Settled | Stage::Through | Stage::Failed => {
            ReadAnswer::Found(object(module.lifecycle(), seen))
        }
    }
}

fn object(lifecycle: &Lifecycle, seen: Observed) -> Object {
    let stage = lifecycle.stage(&seen.state);
    let mut object = Object::new(seen.id.as_str(), seen.attributes);
    match stage {
        Stage::Through => object.pending = Some(Pending(seen.id.as_str().into())),
        Stage::Failed | Stage::Gone => object.broken = Some(format!("it is `{}`", seen.state)),
        Stage::Settled => {}
    }
    object
}

/// What an object's state means for the operation that is under way on it.
fn reply(lifecycle: &Lifecycle, operation: Operation, seen: Observed) -> Reply {
    match (lifecycle.stage(&seen.state), operation) {
        (Stage::Gone, _) => Reply::Gone,
        (Stage::Through, _) | (Stage::Settled, Operation::Delete) => {
            running(lifecycle, &seen.id, &format!("`{}`", seen.state))
        }
        (Stage::Settled, Operation::Create | Operation::Update) | (Stage::Failed, _) => {
            Reply::Settled(object(lifecycle, seen))
        }
    }
}

fn running(lifecycle: &Lifecycle, id: &str, waiting_on: &str) -> Reply {
    Reply::Running(Running {
        identifier: Some(id.into()),
        pending: Some(Pending(id.into())),
        again_after: lifecycle.again_after(),
        percent: None,
        waiting_on: Some(waiting_on.to_owned()),
    })
}

/// An error of the client in the engine's words.
fn failure(error: &Error) -> Failure {
    // What is in the way may go by itself: the address of a service that lingers in a subnet, a change under way.
    let again = matches!(error.class(), Some(Class::Busy)).then_some(BUSY_AGAIN_AFTER);
    Failure {
        effect: match error.effect() {
            CallEffect::None => Effect::None,
            CallEffect::Unknown => Effect::Unknown,
        },
        again_after: again,
        message: explain(error),
        hint: error.hint(),
    }
}

/// The client has repeated the call already; another round is worth it after a longer pause only.
const BUSY_AGAIN_AFTER: std::time::Duration = std::time::Duration::from_secs(15);

/// An error and all that lies beneath it, in one line.
fn explain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
