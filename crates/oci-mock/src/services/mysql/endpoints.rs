//! Where clients reach a DB system: the primary, its replicas, the balancer in front of them, the read endpoint.

use serde_json::{Value, json};

use super::heat_wave::HEAT_WAVE_CLUSTER;
use super::replica::REPLICA;
use crate::cloud::{Cloud, Resource};
use crate::facts::facts;
use crate::network;

/// Hidden attributes that name the VNICs of a DB system (and, the first one, of a replica).
pub(super) const VNIC: &str = "vnicId";
pub(super) const BALANCER_VNIC: &str = "loadBalancerVnicId";
pub(super) const READ_ENDPOINT_VNIC: &str = "readEndpointVnicId";

/// Brings what a DB system shows about its parts up to date: endpoints and HeatWave cluster.
pub(super) fn refresh(cloud: &mut Cloud, id: &str) {
    let Some(system) = cloud.get(id) else { return };
    let endpoints = endpoints(cloud, system);
    let cluster = cloud.live_referrers(&HEAT_WAVE_CLUSTER, id).next();
    let summary = cluster.map(|cluster| facts().project("mysql", "HeatWaveClusterSummary", &cluster.body));
    if system.body.get("endpoints") == Some(&endpoints)
        && system.body.get("heatWaveCluster").and_then(Value::as_object) == summary.as_ref()
    {
        return;
    }
    cloud.update(id, |system| {
        system.set("endpoints", endpoints);
        system.set("isHeatWaveClusterAttached", summary.is_some());
        match summary {
            Some(summary) => system.set("heatWaveCluster", Value::Object(summary)),
            None => {
                system.body.remove("heatWaveCluster");
            }
        }
    });
}

fn endpoints(cloud: &Cloud, system: &Resource) -> Value {
    if matches!(system.state(), Some("CREATING" | "DELETING" | "DELETED" | "FAILED")) {
        return json!([]);
    }
    let status = match system.state() {
        Some("INACTIVE") => "INACTIVE",
        _ if system.hidden.get("isFailingOver") == Some(&json!(true)) => "UPDATING",
        _ => "ACTIVE",
    };
    let is_read_only = system.text("databaseMode") == Some("READ_ONLY");
    let modes = if is_read_only { json!(["READ"]) } else { json!(["READ", "WRITE"]) };
    let mut endpoints = Vec::new();
    let mut add = |vnic: Option<&str>, kind: &str, resource_id: &str, modes: &Value, status: &str| {
        let address = vnic.and_then(|vnic| network::primary_private_ip(cloud, vnic));
        let Some(address) = address else { return };
        endpoints.push(json!({
            "ipAddress": address.text("ipAddress"), "ipAddressVersion": "IPV4",
            "port": system.body["port"], "portX": system.body["portX"],
            "hostname": network::full_name(cloud, address), "modes": modes, "status": status,
            "resourceType": kind, "resourceId": resource_id,
        }));
    };
    // The order is not promised: what clients ask for first comes last.
    for replica in
        cloud.live_referrers(&REPLICA, &system.id).filter(|replica| replica.state() != Some("CREATING"))
    {
        let own = if replica.state() == Some("ACTIVE") { status } else { "INACTIVE" };
        add(replica.text(VNIC), "READ_REPLICA", &replica.id, &json!(["READ"]), own);
    }
    add(system.text(BALANCER_VNIC), "LOAD_BALANCER", &system.id, &json!(["READ"]), status);
    add(system.text(READ_ENDPOINT_VNIC), "READ_ENDPOINT", &system.id, &json!(["READ"]), status);
    add(system.text(VNIC), "DBSYSTEM", &system.id, &modes, status);
    Value::Array(endpoints)
}
