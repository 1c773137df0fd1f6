//! What a person does to a state by hand: it is journaled, says what stands in its way, and loses nothing.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::DateTime;
use reconcile::Address;
use reconcile::disk::{Disk, Loss, SimulatedDisk};
use reconcile::journal::{Holder, Journal, KeySource, Ledger};
use reconcile::provider::{
    CreateRequest, DeleteRequest, Failure, FindRequest, Listed, Object, PollRequest, Provider, ReadAnswer,
    ReadRequest, Reply, ResourceType, UpdateRequest,
};
use reconcile::record::{Begin, Identifier, Millis, Operation, Record, Slot, StateEntry, Status};
use reconcile::schema::{Attribute, Kind, Schema};
use reconcile::secret::DigestKey;
use reconcile::state::commands::{CommandError, import, list, recover, remove, rename, show};
use reconcile::store::FileStore;
use reconcile::value::{Value, ValueMap};
use world::{BoxFuture, TestWorld};

const STATE: &str = "/s/state.json";

/// A world that can be looked at and not changed.
#[derive(Debug, Default)]
struct Museum {
    types: Vec<ResourceType>,
    objects: BTreeMap<Identifier, (Address, Object)>,
    hides: bool,
    fails: bool,
}

fn museum(objects: &[(&str, &str, ValueMap)]) -> Museum {
    let schema = Schema::default()
        .with("id", Attribute::new(Kind::String).computed())
        .with("refers", Attribute::new(Kind::String))
        .with("password", Attribute::new(Kind::String).sensitive());
    let mut types = vec![ResourceType::new("disk", schema.clone()), ResourceType::new("net", schema)];
    types[0].holds_data = true;
    let objects = objects.iter().map(|(address, identifier, attributes)| {
        let object = Object::new(*identifier, attributes.clone());
        (Identifier::from(*identifier), (address.parse().unwrap(), object))
    });
    Museum { types, objects: objects.collect(), ..Museum::default() }
}

impl Provider for Museum {
    fn resource_types(&self) -> &[ResourceType] {
        &self.types
    }

    fn read<'a>(&'a self, _: &'a str, requests: Vec<ReadRequest>) -> BoxFuture<'a, Vec<ReadAnswer>> {
        let answer = |request: ReadRequest| match self.objects.get(&request.identifier) {
            _ if self.hides => ReadAnswer::Hidden("404 NotAuthorizedOrNotFound".into()),
            _ if self.fails => ReadAnswer::Failed(Failure::refused("500")),
            Some((_, object)) => ReadAnswer::Found(object.clone()),
            None => ReadAnswer::Gone,
        };
        Box::pin(async move { requests.into_iter().map(answer).collect() })
    }

    fn list<'a>(
        &'a self,
        resource_type: &'a str,
        tag: &'a str,
    ) -> BoxFuture<'a, Result<Vec<Listed>, Failure>> {
        assert_eq!(tag, "stack");
        let of_type =
            self.objects.values().filter(move |(address, _)| address.resource_type() == resource_type);
        let all =
            of_type.map(|(address, object)| Listed { address: address.clone(), object: object.clone() });
        let answer = if self.fails { Err(Failure::refused("500")) } else { Ok(all.collect()) };
        Box::pin(async move { answer })
    }

    fn create(&self, _: CreateRequest) -> BoxFuture<'_, Result<Reply, Failure>> {
        unreachable!("nothing here changes the world")
    }

    fn update(&self, _: UpdateRequest) -> BoxFuture<'_, Result<Reply, Failure>> {
        unreachable!("nothing here changes the world")
    }

    fn delete(&self, _: DeleteRequest) -> BoxFuture<'_, Result<Reply, Failure>> {
        unreachable!("nothing here changes the world")
    }

    fn poll(&self, _: PollRequest) -> BoxFuture<'_, Result<Reply, Failure>> {
        unreachable!("nothing here changes the world")
    }

    fn find(&self, _: FindRequest) -> BoxFuture<'_, Result<Vec<Object>, Failure>> {
        unreachable!("nothing here changes the world")
    }
}

async fn open(disk: &SimulatedDisk) -> Journal {
    let holder = Holder {
        owner: "ada".into(),
        host: "here".into(),
        pid: 1,
        reason: "state".into(),
        lease: Duration::from_secs(60),
    };
    let store = Box::new(FileStore::on(Arc::new(disk.clone()), STATE));
    let world = Arc::new(TestWorld::new(DateTime::UNIX_EPOCH, 1));
    Journal::open(store, &KeySource::Given(DigestKey::from_bytes([7; 32])), holder, world).await.unwrap()
}

fn address(text: &str) -> Address {
    text.parse().unwrap()
}

fn put(at: &str, identifier: &str, dependencies: &[&str]) -> Record {
    let entry = StateEntry {
        identifier: Some(identifier.into()),
        inputs: ValueMap::default(),
        attributes: ValueMap::default(),
        dependencies: dependencies.iter().map(|text| address(text)).collect(),
        protect: false,
        status: Status::Ready,
        private: Value::Null,
        schema_version: 0,
    };
    Record::Put { address: address(at), slot: Slot::Current, entry: Box::new(entry) }
}

/// A state with a network and a disk that needs it.
async fn prepared(disk: &SimulatedDisk) -> Journal {
    let mut journal = open(disk).await;
    journal
        .commit(vec![put("net.main", "net-1", &[]), put("disk.data", "disk-1", &["net.main"])])
        .await
        .unwrap();
    journal
}

#[tokio::test]
async fn a_list_is_sorted_and_a_wrong_address_gets_a_suggestion() {
    let journal = prepared(&SimulatedDisk::new(1)).await;
    let addresses: Vec<_> = list(journal.state()).iter().map(|shown| shown.address.to_string()).collect();
    assert_eq!(addresses, ["disk.data", "net.main"]);
    assert_eq!(
        show(journal.state(), &address("net.main")).unwrap()[0].entry.identifier.as_deref(),
        Some("net-1")
    );
    let error = show(journal.state(), &address("net.mian")).unwrap_err();
    assert_eq!(error.to_string(), "the state has nothing at `net.mian`; did you mean `net.main`?");
}

#[tokio::test]
async fn a_moved_resource_keeps_its_object_and_what_needs_it_follows() {
    let disk = SimulatedDisk::new(1);
    let mut journal = prepared(&disk).await;
    let backup = rename(&mut journal, &address("net.main"), &address("net.core")).await.unwrap();
    let again = open(&disk.reboot(Loss::Power)).await;
    let entry = |at: &str| show(again.state(), &address(at)).unwrap()[0].entry.clone();
    assert_eq!(entry("net.core").identifier.as_deref(), Some("net-1"));
    assert_eq!(entry("disk.data").dependencies, [address("net.core")]);
    assert!(show(again.state(), &address("net.main")).is_err());
    assert_eq!(backup, "/s/state.json.2.backup");
}

#[tokio::test]
async fn a_move_that_cannot_be_made_changes_nothing() {
    let disk = SimulatedDisk::new(1);
    let mut journal = prepared(&disk).await;
    let mut check = async |from: &str, to: &str, expected: &str| {
        let before = journal.state().clone();
        let error = rename(&mut journal, &address(from), &address(to)).await.unwrap_err();
        assert_eq!(error.to_string(), expected);
        assert_eq!(journal.state(), &before);
    };
    check("net.other", "net.x", "the state has nothing at `net.other`").await;
    check("net.main", "disk.main", "`net.main` and `disk.main` are of different types").await;
    check("net.main", "net.main", "the state has an object at `net.main` already: net-1").await;
    let names = RealNames(&disk).names();
    assert!(!names.iter().any(|name| name.ends_with(".backup") && name != "state.json.backup"), "{names:?}");
}

struct RealNames<'a>(&'a SimulatedDisk);

impl RealNames<'_> {
    fn names(&self) -> Vec<String> {
        self.0.list(Path::new("/s")).unwrap()
    }
}

#[tokio::test]
async fn removing_forgets_all_or_nothing_and_keeps_a_copy() {
    let disk = SimulatedDisk::new(1);
    let mut journal = prepared(&disk).await;
    let error = remove(&mut journal, &[address("net.main"), address("net.none")]).await.unwrap_err();
    assert!(matches!(error, CommandError::NotThere { .. }), "{error:?}");
    assert_eq!(list(journal.state()).len(), 2);
    let both = [address("net.main"), address("disk.data"), address("net.main")];
    let backup = remove(&mut journal, &both).await.unwrap();
    assert!(list(journal.state()).is_empty());
    let copy = String::from_utf8(disk.read(Path::new(&backup)).unwrap()).unwrap();
    assert!(copy.contains("net-1") && copy.contains("disk-1"));
}

#[tokio::test]
async fn what_is_being_changed_is_neither_moved_nor_removed_nor_imported() {
    let disk = SimulatedDisk::new(1);
    let mut journal = prepared(&disk).await;
    let begin = |at: &str, operation, journal: &Journal| {
        Record::Begin(Begin {
            intent: journal.state().next_intent(),
            address: address(at),
            slot: Slot::Current,
            operation,
            retry_token: "token".into(),
            payload_digest: journal.key().digest(b""),
            at: Millis(0),
            draft: None,
            protect: false,
        })
    };
    journal.commit(vec![begin("net.main", Operation::Update, &journal)]).await.unwrap();
    journal.commit(vec![begin("net.new", Operation::Create, &journal)]).await.unwrap();
    let world = museum(&[("net.new", "net-9", ValueMap::default())]);
    let results = [
        rename(&mut journal, &address("net.main"), &address("net.x")).await.map(|_| ()),
        remove(&mut journal, &[address("net.main")]).await.map(|_| ()),
        import(&mut journal, &world, &address("net.new"), &"net-9".into()).await,
    ];
    for result in results {
        assert!(matches!(result, Err(CommandError::Open { .. })), "{result:?}");
    }
}

#[tokio::test]
async fn an_imported_object_is_as_the_world_has_it_without_its_secrets() {
    let disk = SimulatedDisk::new(1);
    let mut journal = prepared(&disk).await;
    let attributes = ValueMap::from([
        ("id", Value::from("disk-2")),
        ("refers", Value::from("net-1")),
        ("password", Value::from("hunter2")),
    ]);
    let world = museum(&[("disk.found", "disk-2", attributes)]);
    import(&mut journal, &world, &address("disk.found"), &"disk-2".into()).await.unwrap();
    let entry = show(journal.state(), &address("disk.found")).unwrap()[0].entry.clone();
    assert_eq!(entry.dependencies, [address("net.main")]);
    let Some(Value::Redacted(digest)) = entry.attributes.get("password") else { panic!("{entry:?}") };
    assert!(journal.key().recognises(digest, &Value::from("hunter2")));
    for (path, content) in disk.files() {
        assert!(!content.windows(7).any(|window| window == b"hunter2"), "{}", path.display());
    }

    let again = import(&mut journal, &world, &address("disk.other"), &"disk-2".into()).await.unwrap_err();
    assert_eq!(again.to_string(), "the state has disk-2 already, at `disk.found`");
    let taken = import(&mut journal, &world, &address("disk.found"), &"disk-3".into()).await.unwrap_err();
    assert_eq!(taken.to_string(), "the state has an object at `disk.found` already: disk-2");
    let gone = import(&mut journal, &world, &address("disk.x"), &"disk-3".into()).await.unwrap_err();
    assert_eq!(gone.to_string(), "there is no disk with the identifier disk-3");
    let unknown = import(&mut journal, &world, &address("lamp.x"), &"lamp-1".into()).await.unwrap_err();
    assert_eq!(unknown.to_string(), "the provider has no resource type `lamp`");
    let hidden = Museum { hides: true, ..museum(&[]) };
    let hidden = import(&mut journal, &hidden, &address("disk.x"), &"disk-3".into()).await.unwrap_err();
    assert!(matches!(hidden, CommandError::Hidden { .. }), "{hidden:?}");
}

#[tokio::test]
async fn a_lost_state_is_rebuilt_from_what_the_world_lists() {
    let refers = |to: &str| ValueMap::from([("refers", Value::from(to))]);
    let world = museum(&[
        ("net.main", "net-1", ValueMap::default()),
        ("disk.data", "disk-1", refers("net-1")),
        ("net.twice", "net-2", ValueMap::default()),
        ("net.twice", "net-3", ValueMap::default()),
    ]);
    let disk = SimulatedDisk::new(1);
    let mut journal = open(&disk).await;
    journal.commit(vec![put("net.main", "net-1", &[])]).await.unwrap();
    let failing = Museum { fails: true, ..museum(&[]) };
    let error = recover(&mut journal, &failing, "stack").await.unwrap_err();
    assert_eq!(error.to_string(), "could not read the list of all disk");

    let recovered = recover(&mut journal, &world, "stack").await.unwrap();
    assert_eq!(recovered.added, [(address("disk.data"), "disk-1".into())]);
    assert_eq!(recovered.known, 1);
    assert_eq!(
        recovered.doubtful,
        [(address("net.twice"), "net-2".into()), (address("net.twice"), "net-3".into())]
    );
    let entry = show(journal.state(), &address("disk.data")).unwrap()[0].entry.clone();
    assert!(entry.protect, "what holds data is protected until somebody says otherwise");
    assert_eq!(entry.dependencies, [address("net.main")]);
    let again = recover(&mut journal, &world, "stack").await.unwrap();
    assert_eq!((again.added.len(), again.known), (0, 2));
}
