//! From a configuration to the graph of everything that the site consists of.
//!
//! [`graph`] is a pure function: what it cannot know by itself are [`Facts`] of the cloud and the [`Secrets`]. What could be
//! chosen up front is, so that the slow parts are created side by side: every host name and address but the public one.

mod balancer;
mod build;
mod conversation;
mod database;
mod facts;
pub mod identity;
pub mod names;
mod network;
mod servers;
mod storage;

use std::collections::BTreeMap;

use oci_client::secret::Secret;
use reconcile::graph::{Graph, GraphError};

use crate::config::Config;
use crate::server::{RenderError, TooLarge};

pub(crate) use balancer::listeners;
use build::Build;
pub(crate) use conversation::rules;
pub use conversation::{Conversation, Peer, Ports, Zone, conversations};
pub use facts::{Facts, FactsError};
pub use servers::{server_address, server_spec};

/// The secrets of the servers, by the names in [`crate::server::SECRET_KEYS`].
pub type Secrets = BTreeMap<&'static str, Secret<String>>;

/// The stack cannot be described.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StackError {
    /// A number of an availability domain that the region does not have.
    #[error("`{key}` names availability domain {number}, and the region has {there}")]
    NoSuchDomain {
        /// The key in the file.
        key: &'static str,
        /// The number.
        number: u8,
        /// How many there are.
        there: usize,
    },
    /// What the file names has no DNS label, so that nothing in it has a name by which servers could find it.
    #[error("{id}, which `{key}` names, has no DNS label: servers find database and files by their names")]
    NoLabel {
        /// The key in the file.
        key: &'static str,
        /// What it names.
        id: String,
    },
    /// No image is named, and none was found.
    #[error("there is no image of Oracle Linux 9 for the shape `{shape}`: name one with `servers.image_id`")]
    NoImage {
        /// The shape.
        shape: String,
    },
    /// Nobody says what the tenancy is, in which the dynamic groups of the servers must lie.
    #[error(
        "the dynamic groups of the servers lie in the tenancy, and the credentials do not tell which one it is"
    )]
    NoTenancy,
    /// A secret that the stack needs was not given.
    #[error("the secret `{0}` is missing")]
    NoSecret(&'static str),
    /// What runs on a server cannot be rendered.
    #[error("what runs on the servers cannot be described")]
    Render(#[from] RenderError),
    /// It does not fit.
    #[error("what runs on the servers does not fit into their metadata")]
    TooLarge(#[from] TooLarge),
    /// The graph has faults. That is a defect of the stack, not of the configuration.
    #[error("the stack's own description has faults: {}", texts(.0))]
    Graph(Vec<GraphError>),
}

fn texts(errors: &[GraphError]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// The graph of everything that `config` asks for. The same arguments give the same graph.
///
/// # Errors
/// [`StackError`]. What needs no cloud to be found wrong was found by [`crate::config::load`] before.
pub fn graph(config: &Config, facts: &Facts, secrets: &Secrets) -> Result<Graph, StackError> {
    let mut build = Build::new(config, facts);
    network::add(&mut build);
    storage::add(&mut build)?;
    storage::add_bucket(&mut build, secrets)?;
    database::add(&mut build, secrets)?;
    balancer::add(&mut build);
    servers::add(&mut build)?;
    identity::add(&mut build)?;
    build.graph.build().map_err(StackError::Graph)
}
