//! The engine on a graph of resources that do nothing, with a real state file.

#![allow(dead_code, reason = "two examples share this file, and each uses a part of it")]

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use reconcile::graph::{Graph, GraphBuilder, Node};
use reconcile::journal::{Holder, Journal, KeySource, Ledger, LedgerError};
use reconcile::plan::{Mode, Plan, PlanInput, PlanOptions, plan};
use reconcile::provider::{
    CreateRequest, DeleteRequest, Failure, FindRequest, Listed, Object, PerOperation, PollRequest, Provider,
    ReadAnswer, ReadRequest, Reply, ResourceType, UpdateRequest,
};
use reconcile::record::Record;
use reconcile::run::{ApplyOptions, Cancel, Context, Silent, apply, refresh, settle};
use reconcile::schema::{Attribute, Kind, Schema};
use reconcile::secret::KeyFile;
use reconcile::state::State;
use reconcile::store::FileStore;
use reconcile::value::{AttributePath, Expr, Reference, Value, ValueMap};
use reconcile::{Address, InstanceKey};
use world::{BoxFuture, RealWorld};

/// What the C library gives takes ever longer the more there is of it: a plan of 100,000 twice as long as with this one. The
/// choice is the program's, so the library makes none.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Any error: an example has nobody to handle them one by one.
pub(crate) type Error = Box<dyn std::error::Error>;

/// Resources that do nothing: creating one takes no time, and it is there for ever.
#[derive(Debug)]
pub(crate) struct Null(Vec<ResourceType>);

impl Default for Null {
    fn default() -> Self {
        let strings = Kind::List(Box::new(Attribute::new(Kind::String)));
        let schema = Schema::default()
            .with("deps", Attribute::new(strings))
            .with("id", Attribute::new(Kind::String).read_only());
        let expected = PerOperation::all(Duration::from_millis(1));
        Self(vec![ResourceType { expected, ..ResourceType::new("null", schema) }])
    }
}

fn now<T: Send + 'static>(answer: T) -> BoxFuture<'static, T> {
    Box::pin(std::future::ready(answer))
}

fn object(identifier: &str, inputs: &ValueMap) -> Object {
    let mut attributes = inputs.clone();
    attributes.insert("id", Value::string(identifier));
    Object::new(identifier, attributes)
}

impl Provider for Null {
    fn resource_types(&self) -> &[ResourceType] {
        &self.0
    }

    fn read<'a>(&'a self, _: &'a str, requests: Vec<ReadRequest>) -> BoxFuture<'a, Vec<ReadAnswer>> {
        let answer = |request: ReadRequest| match request.entry {
            Some(entry) => ReadAnswer::Found(Object::new(request.identifier, entry.attributes.clone())),
            None => ReadAnswer::Gone,
        };
        now(requests.into_iter().map(answer).collect())
    }

    fn create(&self, request: CreateRequest) -> BoxFuture<'_, Result<Reply, Failure>> {
        let identifier = format!("id-{}", &request.retry_token[..16]);
        now(Ok(Reply::Settled(object(&identifier, &request.inputs))))
    }

    fn update(&self, request: UpdateRequest) -> BoxFuture<'_, Result<Reply, Failure>> {
        now(Ok(Reply::Settled(object(&request.identifier, &request.inputs))))
    }

    fn delete(&self, _: DeleteRequest) -> BoxFuture<'_, Result<Reply, Failure>> {
        now(Ok(Reply::Gone))
    }

    fn poll(&self, _: PollRequest) -> BoxFuture<'_, Result<Reply, Failure>> {
        now(Err(Failure::refused("nothing takes time here")))
    }

    fn find(&self, _: FindRequest) -> BoxFuture<'_, Result<Vec<Object>, Failure>> {
        now(Ok(Vec::new()))
    }

    fn list<'a>(&'a self, _: &'a str, _: &'a str) -> BoxFuture<'a, Result<Vec<Listed>, Failure>> {
        now(Ok(Vec::new()))
    }
}

/// A graph from the ids of its nodes and those of their dependencies.
pub(crate) fn graph<'a>(nodes: impl IntoIterator<Item = (&'a str, Vec<&'a str>)>) -> Result<Graph, Error> {
    let group = Address::new("null", "node")?;
    let address = |id: &str| group.instance(&InstanceKey::Name(id.to_owned()));
    let nodes: Vec<_> = nodes.into_iter().collect();
    // Addresses and paths are shared: a graph of 100,000 nodes has twice as many references.
    let addresses: HashMap<&str, Address> = nodes.iter().map(|(id, _)| (*id, address(id))).collect();
    let attribute = AttributePath::attribute("id");
    let mut builder = GraphBuilder::default();
    for (id, deps) in nodes {
        let reference = |dep: &str| {
            let address = addresses.get(dep).cloned().unwrap_or_else(|| address(dep));
            Expr::Reference(Reference { address, attribute: attribute.clone() })
        };
        let deps = deps.into_iter().map(reference).collect();
        builder.add(Node::new(addresses[id].clone()).input("deps", Expr::List(deps)));
    }
    drop(addresses);
    builder
        .build()
        .map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n").into())
}

/// A ledger that counts how often it has to sync.
pub(crate) struct Counted {
    journal: Journal,
    /// Commits so far: each is one sync.
    pub(crate) commits: usize,
}

impl Ledger for Counted {
    fn state(&self) -> &State {
        self.journal.state()
    }

    fn commit<'a>(&'a mut self, records: Vec<Record>) -> BoxFuture<'a, Result<(), LedgerError>> {
        self.commits += 1;
        self.journal.commit(records)
    }
}

/// An engine with its state open.
pub(crate) struct Engine {
    /// The state.
    pub(crate) ledger: Counted,
    provider: Null,
    world: Arc<RealWorld>,
    folder: PathBuf,
}

/// What a plan or an apply took, and did.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Took {
    /// Wall time.
    pub(crate) time: Duration,
    /// Steps planned or done.
    pub(crate) steps: usize,
    /// Syncs.
    pub(crate) commits: usize,
}

impl Engine {
    /// Opens the state in `file`, whose key is beside it.
    pub(crate) async fn open(file: &Path) -> Result<Self, Error> {
        let world = Arc::new(RealWorld::new());
        let holder = Holder {
            owner: "null_graph".to_owned(),
            host: "localhost".to_owned(),
            pid: std::process::id(),
            reason: "example".to_owned(),
            lease: Duration::from_secs(120),
        };
        let key = KeySource::File(KeyFile::new(file.with_extension("key")));
        let journal = Journal::open(Box::new(FileStore::new(file)), &key, holder, world.clone()).await?;
        let folder = file.parent().map(Path::to_owned).unwrap_or_default();
        Ok(Self { ledger: Counted { journal, commits: 0 }, provider: Null::default(), world, folder })
    }

    /// Settles what is open, refreshes if asked to, and plans.
    pub(crate) async fn plan(
        &mut self,
        graph: &Graph,
        mode: Mode,
        objects: bool,
    ) -> Result<(Plan, Took), Error> {
        let start = clock();
        let key = self.ledger.journal.key().clone();
        let context = Context { provider: &self.provider, world: &*self.world, key: &key };
        settle(context, Some(graph), &mut self.ledger, &mut Silent, &Cancel::new()).await?;
        let observed = refresh(context, graph, self.ledger.state(), objects).await;
        let state = self.ledger.state();
        let input = PlanInput { provider: &self.provider, key: &key, graph, state, observed: &observed };
        let plan = plan(input, &PlanOptions { mode, ..PlanOptions::default() });
        let took = Took { time: start.elapsed(), steps: plan.steps().len(), commits: 0 };
        Ok((plan, took))
    }

    /// Carries out a plan.
    pub(crate) async fn apply(&mut self, graph: &Graph, plan: &Plan) -> Result<Took, Error> {
        let (start, commits) = (clock(), self.ledger.commits);
        let key = self.ledger.journal.key().clone();
        let context = Context { provider: &self.provider, world: &*self.world, key: &key };
        let options = ApplyOptions::default();
        let summary =
            apply(context, graph, plan, &mut self.ledger, &options, &mut Silent, &Cancel::new()).await?;
        if let Some(failed) = summary.failed.first() {
            return Err(format!("{}: {}", failed.address, failed.message).into());
        }
        Ok(Took { time: start.elapsed(), steps: summary.done, commits: self.ledger.commits - commits })
    }

    /// Replaces one resource, and returns how long carrying that out took.
    pub(crate) async fn replace(&mut self, graph: &Graph, address: &Address) -> Result<Duration, Error> {
        let key = self.ledger.journal.key().clone();
        let observed = reconcile::plan::Observed::default();
        let state = self.ledger.state();
        let input = PlanInput { provider: &self.provider, key: &key, graph, state, observed: &observed };
        let plan = plan(input, &PlanOptions { replace: [address.clone()].into(), ..PlanOptions::default() });
        Ok(self.apply(graph, &plan).await?.time)
    }

    /// How many bytes the state and its journal have.
    pub(crate) fn written(&self) -> Result<u64, Error> {
        let mut bytes = 0;
        for entry in std::fs::read_dir(&self.folder)? {
            bytes += entry?.metadata()?.len();
        }
        Ok(bytes)
    }

    /// Closes the state.
    pub(crate) async fn close(self) -> Result<(), Error> {
        Ok(self.ledger.journal.close().await?)
    }
}

/// Real time, for measuring.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
pub(crate) fn clock() -> Instant {
    Instant::now()
}

/// In milliseconds.
pub(crate) fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
