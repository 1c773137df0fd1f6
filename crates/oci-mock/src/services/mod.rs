//! What each operation does: one file a resource, one table line an operation.
//!
//! A file exports a `MODULE`: a table of [`Op`] lines and the [`Kind`]s of the
//! resources that it keeps. Both are joined here. Everything common (routing, signatures, validation,
//! retry tokens, `if-match`, headers, paging) happens before or after a handler; see
//! `docs/src/mock-internals.md` for how to add one.

mod call;
pub mod core;
pub mod file_storage;
pub mod identity;
pub mod limits;
mod list;
pub mod mysql;
pub mod network_load_balancer;
pub mod object_storage;
pub mod work_requests;

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::cloud::{Cloud, Kind};
use crate::error::ApiError;
use crate::facts::Operation;

pub use call::{Call, Reply, ReplyBody};
pub use list::{List, answer, list_resources, page};

/// What runs when an operation is called.
#[derive(Clone, Copy)]
pub enum Handler {
    /// Only looks. Several run at the same time.
    Read(fn(&Cloud, &Call) -> Result<Reply, ApiError>),
    /// Changes the cloud. One runs at a time.
    Write(fn(&mut Cloud, &Call) -> Result<Reply, ApiError>),
}

/// A line of a service's table.
pub struct Op {
    /// Oracle's client: `VirtualNetworkClient` …
    pub client: &'static str,
    /// The operation: `CreateVcn` …
    pub name: &'static str,
    /// What it does.
    pub handler: Handler,
}

/// A line for an operation that only looks.
pub const fn read(
    client: &'static str,
    name: &'static str,
    handler: fn(&Cloud, &Call) -> Result<Reply, ApiError>,
) -> Op {
    Op { client, name, handler: Handler::Read(handler) }
}

/// A line for an operation that changes something.
pub const fn write(
    client: &'static str,
    name: &'static str,
    handler: fn(&mut Cloud, &Call) -> Result<Reply, ApiError>,
) -> Op {
    Op { client, name, handler: Handler::Write(handler) }
}

/// A change that a service schedules for later and names, see [`Event::Named`](crate::cloud::Event::Named).
pub struct NamedEvent {
    /// Its name, unique among all services: `core.instance.running` …
    pub name: &'static str,
    /// What it does, with the arguments that were scheduled.
    pub run: fn(&mut Cloud, &serde_json::Value),
}

/// What one file of a service brings along.
pub struct Module {
    /// Its operations.
    pub operations: &'static [Op],
    /// The types of its resources.
    pub kinds: &'static [&'static Kind],
    /// Its named events.
    pub events: &'static [NamedEvent],
    /// Puts into a new cloud what exists from the beginning (images, shapes …).
    pub seed: Option<fn(&mut Cloud)>,
}

/// Every file of every service, in the order in which they seed a new cloud.
pub const MODULES: &[&Module] = &[
    &Module {
        operations: &[],
        kinds: &[],
        events: &[NamedEvent { name: crate::faults::FAIL, run: crate::faults::fail }],
        seed: None,
    },
    &work_requests::MODULE,
    &core::vcn::MODULE,
    &core::defaults::MODULE,
    &core::subnet::MODULE,
    &core::route_table::MODULE,
    &core::security_list::MODULE,
    &core::dhcp_options::MODULE,
    &core::network_security_group::MODULE,
    &core::internet_gateway::MODULE,
    &core::nat_gateway::MODULE,
    &core::service_gateway::MODULE,
    &core::vnic::MODULE,
    &core::private_ip::MODULE,
    &core::public_ip::MODULE,
    &core::image::MODULE,
    &core::capacity::MODULE,
    &core::instance::MODULE,
    &core::vnic_attachment::MODULE,
    &core::boot_volume::MODULE,
    &core::volume::MODULE,
    &core::volume_attachment::MODULE,
    &core::console_history::MODULE,
    &identity::compartment::MODULE,
    &identity::policy::MODULE,
    &identity::tag::MODULE,
    &identity::tenancy::MODULE,
    &object_storage::bucket::MODULE,
    &object_storage::listing::MODULE,
    &object_storage::object::MODULE,
    &mysql::shape::MODULE,
    &mysql::configuration::MODULE,
    &mysql::db_system::MODULE,
    &mysql::replica::MODULE,
    &mysql::heat_wave::MODULE,
    &mysql::backup::MODULE,
    &file_storage::file_system::MODULE,
    &file_storage::mount_target::MODULE,
    &file_storage::export::MODULE,
    &file_storage::snapshot::MODULE,
    &network_load_balancer::load_balancer::MODULE,
    &network_load_balancer::parts::MODULE,
    &network_load_balancer::health::MODULE,
    &limits::MODULE,
];

struct Registry {
    handlers: HashMap<(&'static str, &'static str), Handler>,
    kinds: HashMap<&'static str, &'static Kind>,
    events: HashMap<&'static str, fn(&mut Cloud, &serde_json::Value)>,
}

fn registry() -> &'static Registry {
    static REGISTRY: LazyLock<Registry> = LazyLock::new(|| {
        let mut registry =
            Registry { handlers: HashMap::new(), kinds: HashMap::new(), events: HashMap::new() };
        for module in MODULES {
            registry.handlers.extend(module.operations.iter().map(|op| ((op.client, op.name), op.handler)));
            registry.kinds.extend(module.kinds.iter().map(|kind| (kind.name, *kind)));
            registry.events.extend(module.events.iter().map(|event| (event.name, event.run)));
        }
        registry
    });
    &REGISTRY
}

/// The handler of an operation, if it is modelled.
#[must_use]
pub fn handler(operation: &Operation) -> Option<Handler> {
    registry().handlers.get(&(operation.client.as_str(), operation.name.as_str())).copied()
}

/// The kind with this name.
#[must_use]
pub fn kind(name: &str) -> Option<&'static Kind> {
    registry().kinds.get(name).copied()
}

/// Runs a named event.
///
/// # Panics
/// When no module declares it: a mistake in the module that scheduled it.
pub(crate) fn run_event(cloud: &mut Cloud, name: &str, args: &serde_json::Value) {
    let run = registry().events.get(name).unwrap_or_else(|| panic!("no module declares the event {name}"));
    run(cloud, args);
}

/// Lets services that watch others see a change of the cloud. Called after each.
pub(crate) fn observe(cloud: &mut Cloud) {
    network_load_balancer::health::observe(cloud);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::facts;

    #[test]
    fn every_table_line_names_an_operation_and_none_is_there_twice() {
        let mut seen = std::collections::BTreeSet::new();
        for op in MODULES.iter().flat_map(|module| module.operations) {
            let operation = facts().operation(op.client, op.name);
            let operation = operation.unwrap_or_else(|| panic!("{}.{} is in no table", op.client, op.name));
            let writes = matches!(op.handler, Handler::Write(_));
            assert!(!(writes && operation.is_read()), "{} is a GET and must not write", op.name);
            assert!(seen.insert((op.client, op.name)), "{}.{} has two handlers", op.client, op.name);
        }
    }

    #[test]
    fn every_kind_names_a_model_and_none_is_there_twice() {
        let mut seen = std::collections::BTreeSet::new();
        for kind in MODULES.iter().flat_map(|module| module.kinds) {
            assert!(facts().models(kind.service).contains_key(kind.model), "{} has no model", kind.name);
            assert!(seen.insert(kind.name), "{} is declared twice", kind.name);
        }
    }
}
