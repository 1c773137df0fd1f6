//! The provider of a site: Oracle's resources, and for the health of a server also what the server itself says of its first boot.
//!
//! The load balancer only ever says that a server is not healthy yet. A server whose boot has failed knows that it never will be, and
//! says so in the bucket; waiting on would be waiting for nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use oci_client::client::Client;
use oci_resources::core::instance;
use oci_resources::driver::Driver;
use oci_resources::objectstorage::bucket;
use reconcile::provider::{
    CreateRequest, DeleteRequest, Failure, FindRequest, Health, Invalid, Lane, Listed, Object, PollRequest,
    Provider, ReadAnswer, ReadRequest, Reply, ResourceType, UpdateRequest,
};
use reconcile::record::{Identifier, StateEntry};
use reconcile::value::{Value, ValueMap};
use reconcile::{Address, InstanceKey};
use world::BoxFuture;

use crate::reads::Reads;
use crate::stack::names;
use crate::status::{self, Boot};

/// Makes and reads what a site is made of.
#[derive(Debug)]
pub(super) struct SiteProvider {
    pub(super) driver: Driver,
    client: Client,
    /// The id of the bucket that servers report to, where it is known.
    bucket: Option<String>,
    /// When the servers of this run were made, by their numbers. Of others nobody here waits for the first boot.
    made_at: Mutex<BTreeMap<u64, String>>,
    /// Servers whose boot was seen to have failed once. Somebody may be running it again by hand right then.
    failed_once: Mutex<BTreeSet<u64>>,
}

impl SiteProvider {
    /// The provider of the site whose bucket has this name, in the namespace before it.
    pub(super) fn new(driver: Driver, client: Client, bucket_name: Option<(&str, &str)>) -> Self {
        let bucket = bucket_name.map(|(namespace, name)| bucket::id_of_name(namespace, name));
        Self { driver, client, bucket, made_at: Mutex::default(), failed_once: Mutex::default() }
    }

    /// Remembers when a server was made.
    fn noted(&self, address: &Address, reply: Result<Reply, Failure>) -> Result<Reply, Failure> {
        if let (true, Ok(Reply::Settled(object))) = (address.resource_type() == instance::TYPE, &reply)
            && let Some(made_at) = object.attributes.get("time_created").and_then(Value::as_str)
        {
            lock(&self.made_at).insert(number(address), made_at.to_owned());
        }
        reply
    }

    /// How the first boot of a server that this run has made failed, when that was seen twice.
    async fn failed_boot(&self, address: &Address) -> Option<String> {
        let number = number(address);
        let made_at = lock(&self.made_at).get(&number).cloned()?;
        let server = names::server(u16::try_from(number).ok()?);
        let report = status::boot(&Reads::new(self.client.clone()), self.bucket.as_deref(), &server).await;
        let is_of_it = |boot: &&Boot| boot.has_failed() && boot.may_be_of(Some(&made_at));
        let Some(failed) = report.seen().filter(is_of_it) else {
            lock(&self.failed_once).remove(&number);
            return None;
        };
        let was_seen_before = !lock(&self.failed_once).insert(number);
        was_seen_before.then(|| failed.failure())
    }
}

/// The number of a server, or of what there is one of for each server.
fn number(address: &Address) -> u64 {
    match address.key() {
        Some(InstanceKey::Index(index)) => index,
        _ => 0,
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Provider for SiteProvider {
    fn resource_types(&self) -> &[ResourceType] {
        self.driver.resource_types()
    }

    fn data_types(&self) -> &[ResourceType] {
        self.driver.data_types()
    }

    fn validate(&self, resource_type: &str, inputs: &ValueMap) -> Vec<Invalid> {
        self.driver.validate(resource_type, inputs)
    }

    fn equivalent(&self, resource_type: &str, attribute: &str, desired: &Value, observed: &Value) -> bool {
        self.driver.equivalent(resource_type, attribute, desired, observed)
    }

    fn lane(&self, resource_type: &str, identifier: Option<&Identifier>, inputs: &ValueMap) -> Option<Lane> {
        self.driver.lane(resource_type, identifier, inputs)
    }

    fn upgrade(&self, resource_type: &str, entry: StateEntry) -> Result<StateEntry, String> {
        self.driver.upgrade(resource_type, entry)
    }

    fn read<'a>(
        &'a self,
        resource_type: &'a str,
        requests: Vec<ReadRequest>,
    ) -> BoxFuture<'a, Vec<ReadAnswer>> {
        self.driver.read(resource_type, requests)
    }

    fn read_data<'a>(
        &'a self,
        resource_type: &'a str,
        inputs: ValueMap,
    ) -> BoxFuture<'a, Result<ValueMap, Failure>> {
        self.driver.read_data(resource_type, inputs)
    }

    fn stop(&self, is_asked: bool) {
        self.driver.stop(is_asked);
    }

    fn create(&self, request: CreateRequest) -> BoxFuture<'_, Result<Reply, Failure>> {
        Box::pin(async move {
            let address = request.address.clone();
            self.noted(&address, self.driver.create(request).await)
        })
    }

    fn update(&self, request: UpdateRequest) -> BoxFuture<'_, Result<Reply, Failure>> {
        self.driver.update(request)
    }

    fn delete(&self, request: DeleteRequest) -> BoxFuture<'_, Result<Reply, Failure>> {
        self.driver.delete(request)
    }

    fn poll(&self, request: PollRequest) -> BoxFuture<'_, Result<Reply, Failure>> {
        Box::pin(async move {
            let address = request.address.clone();
            self.noted(&address, self.driver.poll(request).await)
        })
    }

    fn find(&self, request: FindRequest) -> BoxFuture<'_, Result<Vec<Object>, Failure>> {
        self.driver.find(request)
    }

    fn list<'a>(
        &'a self,
        resource_type: &'a str,
        lineage: &'a str,
    ) -> BoxFuture<'a, Result<Vec<Listed>, Failure>> {
        self.driver.list(resource_type, lineage)
    }

    fn health(&self, request: ReadRequest) -> BoxFuture<'_, Result<Health, Failure>> {
        Box::pin(async move {
            let address = request.address.clone();
            let health = self.driver.health(request).await?;
            let Health::NotYet { .. } = &health else { return Ok(health) };
            Ok(self.failed_boot(&address).await.map_or(health, Health::Unhealthy))
        })
    }
}
