//! VNIC: a network card in a subnet, of an instance or of one of Oracle's services.
//!
//! There is no operation that creates one: launching and attaching do, and services bring their own.
//! API: Core Services 20160918, `Vnic`.

use super::{NETWORK, find_changeable, network_kind};
use crate::cloud::{Cloud, Kind};
use crate::error::ApiError;
use crate::network;
use crate::services::{Call, Module, NamedEvent, Reply, read, write};

/// The type.
pub static VNIC: Kind = network_kind("vnic", "Vnic", None);

/// The operations of this file.
pub static MODULE: Module = Module {
    operations: &[
        read(NETWORK, "GetVnic", |cloud, call| Ok(Reply::resource(cloud.find(&VNIC, call.id())?))),
        write(NETWORK, "UpdateVnic", update),
    ],
    kinds: &[&VNIC],
    events: &[NamedEvent {
        name: "network.vnic.gone",
        run: |cloud, args| {
            if let Some(id) = args["id"].as_str() {
                network::remove_vnic(cloud, id);
            }
        },
    }],
    seed: None,
};

fn update(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    let vnic = find_changeable(cloud, &VNIC, call.id())?;
    let subnet_id = vnic.text("subnetId").unwrap_or_default().to_owned();
    let vcn_id = network::vcn_of_subnet(cloud, &subnet_id).unwrap_or_default().to_owned();
    if let Some(groups) = call.texts("nsgIds") {
        network::check_groups(cloud, "nsgIds", &groups, &vcn_id)?;
    }
    if let Some(table) = call.text("routeTableId") {
        super::related_in_vcn(cloud, "routeTableId", &super::defaults::ROUTE_TABLE, table, &vcn_id)?;
    }
    let primary = network::primary_private_ip(cloud, call.id()).map(|ip| ip.id.to_string());
    if let Some(label) = call.text("hostnameLabel") {
        network::check_host_name(cloud, "hostnameLabel", &subnet_id, label, primary.as_deref())?;
        if let Some(primary) = &primary {
            cloud.update(primary, |ip| ip.set("hostnameLabel", label));
        }
    }
    cloud.update(call.id(), |vnic| {
        vnic.merge(&call.json);
        super::reorder_field(&mut vnic.body, "nsgIds");
    });
    Ok(Reply::resource(cloud.find(&VNIC, call.id())?))
}
