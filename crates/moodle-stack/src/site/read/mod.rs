//! Reads what lies behind the tiers of a site, side by side, and nothing but reads.

mod balancer;
mod network;
mod servers;

use oci_client::services::file_storage::models::ClientOptions;
use oci_client::services::file_storage::operations::{GetExport, GetMountTarget};
use oci_resources::core::{instance, subnet};
use oci_resources::file_storage::{export, mount_target};
use oci_resources::network_load_balancer::network_load_balancer;
use oci_resources::objectstorage::bucket;
use reconcile::Address;
use reconcile::state::State;

use super::evidence::{Evidence, Export};
use crate::config::Config;
use crate::reads::Reads;
use crate::stack::Zone;
use crate::stack::names::{address, of_server};
use crate::status::Look;

/// What the parts of a site are known as in the cloud.
#[derive(Clone, Debug, Default)]
struct Ids {
    load_balancer: Option<String>,
    /// One for each server that the file asks for.
    servers: Vec<Option<String>>,
    mount_target: Option<String>,
    export: Option<String>,
    subnets: Vec<(Zone, Option<String>)>,
    /// That of everything.
    compartment: Option<String>,
}

impl Ids {
    /// What the state knows of the site that `config` describes.
    fn of(config: &Config, state: &State) -> Self {
        let id = |at: Address| Some(state.entry(&at)?.identifier.as_ref()?.to_string());
        let site = |resource_type: &str| id(address(resource_type, "site"));
        let compartment = || {
            let entry = state.entry(&address(bucket::TYPE, "site"))?;
            entry.attributes.get("compartment_id")?.as_str().map(str::to_owned)
        };
        let zone = |zone: Zone| {
            let existing = zone.existing_subnet(config).map(str::to_owned);
            (zone, existing.or_else(|| id(address(subnet::TYPE, zone.label()))))
        };
        Self {
            load_balancer: site(network_load_balancer::TYPE),
            servers: (0..config.servers.count)
                .map(|index| id(of_server(instance::TYPE, "web", index)))
                .collect(),
            mount_target: site(mount_target::TYPE),
            export: site(export::TYPE),
            subnets: Zone::ALL.map(zone).into(),
            compartment: config.cloud.compartment_id.clone().or_else(compartment),
        }
    }
}

/// Reads what lies behind the tiers.
///
/// # Cancel safety
/// It only reads, and may be dropped at any await.
pub(crate) async fn evidence(reads: &Reads, config: &Config, state: &State) -> Evidence {
    let ids = Ids::of(config, state);
    let (sets, servers, export, export_set_id, network) = tokio::join!(
        balancer::read(reads, ids.load_balancer.as_deref()),
        servers::read(reads, &ids),
        export(reads, ids.export.as_deref()),
        export_set(reads, ids.mount_target.as_deref()),
        network::read(reads, &ids.subnets),
    );
    Evidence { sets, servers, export, export_set_id, network }
}

async fn export(reads: &Reads, id: Option<&str>) -> Look<Export> {
    let Some(id) = id else { return Look::None };
    let offered = |options: ClientOptions| {
        let access = options.access.map_or_else(String::new, |access| format!(" {}", access.as_str()));
        format!("{}{access}", options.source.unwrap_or_default())
    };
    Look::read(reads.value(&GetExport::new(id)).await, |found| Export {
        id: id.to_owned(),
        state: said(found.lifecycle_state.as_ref().map(|state| state.as_str())),
        path: found.path,
        export_set_id: found.export_set_id,
        file_system_id: found.file_system_id,
        offered_to: found.export_options.unwrap_or_default().into_iter().map(offered).collect(),
    })
}

async fn export_set(reads: &Reads, id: Option<&str>) -> Option<String> {
    // That it cannot be read, `status` says of the mount target itself.
    reads.value(&GetMountTarget::new(id?)).await.ok()?.export_set_id
}

/// What a service says, or that it says nothing.
fn said(word: Option<&str>) -> String {
    word.unwrap_or("not told").to_owned()
}
