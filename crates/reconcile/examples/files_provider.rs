//! Embeds the engine with a provider of its own: files in a folder. Run it twice, edit a file in between, and look.
//!
//! `cargo run -p reconcile --example files_provider -- FOLDER`
#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "an example that shows what it does to real files"
)]

use std::{io::ErrorKind, path::PathBuf, sync::Arc, time::Duration};

use reconcile::Address;
use reconcile::graph::{GraphBuilder, Node};
use reconcile::journal::{Holder, Journal, KeySource, Ledger};
use reconcile::plan::{PlanInput, PlanOptions, plan};
use reconcile::provider::{
    CreateRequest, DeleteRequest, Failure, FindRequest, Listed, Object, PollRequest, Provider, ReadAnswer,
    ReadRequest, Reply, ResourceType, UpdateRequest,
};
use reconcile::run::{ApplyOptions, Cancel, Context, Event, apply, refresh, settle};
use reconcile::schema::{Attribute, Kind, Schema};
use reconcile::secret::KeyFile;
use reconcile::store::FileStore;
use reconcile::value::{Expr, Reference, TemplatePart, Value, ValueMap};
use world::{BoxFuture, RealWorld};

/// A file is called by its name, so a lost create needs no tag: what has the name is what was made.
#[derive(Debug)]
struct Files {
    folder: PathBuf,
    types: Vec<ResourceType>,
}

impl Files {
    fn new(folder: PathBuf) -> Self {
        let schema = Schema::default()
            .with("name", Attribute::new(Kind::String).required().force_new())
            .with("text", Attribute::new(Kind::String).required())
            .with("path", Attribute::new(Kind::String).read_only());
        Self { folder, types: vec![ResourceType::new("file", schema)] }
    }

    fn look(&self, name: &str) -> ReadAnswer {
        let path = self.folder.join(name);
        let attributes = |text: String| {
            ValueMap::from([
                ("name", name.into()),
                ("text", text.into()),
                ("path", path.display().to_string().into()),
            ])
        };
        match std::fs::read_to_string(&path) {
            Ok(text) => ReadAnswer::Found(Object::new(name, attributes(text))),
            Err(error) if error.kind() == ErrorKind::NotFound => ReadAnswer::Gone,
            Err(error) => ReadAnswer::Failed(Failure::refused(error.to_string())),
        }
    }

    fn write(&self, inputs: &ValueMap) -> Result<Reply, Failure> {
        let text = |name: &str| inputs.get(name).and_then(Value::as_str).unwrap_or_default();
        // A failed write may have written a part, so nobody can say that nothing happened.
        std::fs::write(self.folder.join(text("name")), text("text"))
            .map_err(|error| Failure::unclear(error.to_string()))?;
        match self.look(text("name")) {
            ReadAnswer::Found(object) => Ok(Reply::Settled(object)),
            ReadAnswer::Failed(failure) => Err(Failure::unclear(failure.message)),
            ReadAnswer::Gone | ReadAnswer::Hidden(_) => Ok(Reply::Gone),
        }
    }
}

fn ready<T: Send + 'static>(answer: T) -> BoxFuture<'static, T> {
    Box::pin(std::future::ready(answer))
}

impl Provider for Files {
    fn resource_types(&self) -> &[ResourceType] {
        &self.types
    }
    fn read<'a>(&'a self, _: &'a str, requests: Vec<ReadRequest>) -> BoxFuture<'a, Vec<ReadAnswer>> {
        ready(requests.iter().map(|request| self.look(&request.identifier)).collect())
    }
    fn create(&self, request: CreateRequest) -> BoxFuture<'_, Result<Reply, Failure>> {
        ready(self.write(&request.inputs))
    }
    fn update(&self, request: UpdateRequest) -> BoxFuture<'_, Result<Reply, Failure>> {
        ready(self.write(&request.inputs))
    }
    fn delete(&self, request: DeleteRequest) -> BoxFuture<'_, Result<Reply, Failure>> {
        ready(match std::fs::remove_file(self.folder.join(&*request.identifier)) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(Failure::refused(error.to_string())),
            _ => Ok(Reply::Gone),
        })
    }
    fn poll(&self, _: PollRequest) -> BoxFuture<'_, Result<Reply, Failure>> {
        ready(Err(Failure::refused("writing a file takes no time")))
    }
    fn find(&self, request: FindRequest) -> BoxFuture<'_, Result<Vec<Object>, Failure>> {
        let name = request.draft.inputs.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
        ready(match self.look(&name) {
            ReadAnswer::Found(object) => Ok(vec![object]),
            ReadAnswer::Failed(failure) => Err(failure),
            ReadAnswer::Gone | ReadAnswer::Hidden(_) => Ok(Vec::new()),
        })
    }
    fn list<'a>(&'a self, _: &'a str, _: &'a str) -> BoxFuture<'a, Result<Vec<Listed>, Failure>> {
        ready(Ok(Vec::new())) // files carry no tags
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).ok_or("usage: files_provider FOLDER")?);
    std::fs::create_dir_all(&folder)?;

    // What is wanted: a greeting, and an index that says where it is.
    let (greeting, index) = (Address::new("file", "greeting")?, Address::new("file", "index")?);
    let place = TemplatePart::Reference(Reference::new(greeting.clone(), "path"));
    let mut graph = GraphBuilder::default();
    graph.add(Node::new(greeting).input("name", "greeting.txt").input("text", "hello\n"));
    let text = Expr::Template(vec![TemplatePart::Text("see ".into()), place]);
    graph.add(Node::new(index).input("name", "index.txt").input("text", text));
    let graph = graph.build().map_err(|errors| format!("{errors:?}"))?;
    let (world, provider) = (Arc::new(RealWorld::new()), Files::new(folder.clone()));
    let [owner, host, reason] = ["me", "localhost", "example"].map(str::to_owned);
    let holder = Holder { owner, host, pid: std::process::id(), reason, lease: Duration::from_secs(120) };
    let key = KeySource::File(KeyFile::new(folder.join(".state.key")));
    let store = Box::new(FileStore::new(folder.join(".state.json")));
    let mut ledger = Journal::open(store, &key, holder, world.clone()).await?;
    let key = ledger.key().clone();
    // Settle what an earlier run left open, look, plan, carry it out.
    let (context, cancel) = (Context { provider: &provider, world: &*world, key: &key }, Cancel::new());
    let mut events: Vec<Event> = Vec::new();
    settle(context, Some(&graph), &mut ledger, &mut events, &cancel).await?;
    let observed = refresh(context, &graph, ledger.state(), true).await;
    let input = PlanInput {
        provider: &provider,
        key: &key,
        graph: &graph,
        state: ledger.state(),
        observed: &observed,
    };
    let plan = plan(input, &PlanOptions::default());
    print!("{plan}");
    let options = ApplyOptions::default();
    let summary = apply(context, &graph, &plan, &mut ledger, &options, &mut events, &cancel).await?;
    println!("{} done, {} failed, {} unchanged", summary.done, summary.failed.len(), plan.unchanged());
    Ok(ledger.close().await?)
}
