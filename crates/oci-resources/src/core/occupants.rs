//! Who is in a subnet that cannot be deleted.
//!
//! The address of a service (load balancer, database, mount target) stays for a while after its owner has gone; nobody is
//! attached to it. An instance that is attached to one and is not ending is somebody's, and waiting does not help.

use oci_client::services::core::operations::{GetInstance, GetVnic, ListPrivateIps, ListVnicAttachments};
use serde_json::Value as Json;

use crate::call::{Answer, Call};
use crate::look::Look;
use crate::module::Obstacle;

/// Who is in the subnet: whoever stays before whoever lingers.
pub(super) fn of(subnet_id: &str) -> Look<Obstacle> {
    let mut addresses = ListPrivateIps::new();
    addresses.subnet_id = Some(subnet_id.to_owned());
    Look::then(Call::all_pages(addresses), |answer| {
        let looks = answer.items().iter().map(occupant).collect();
        Look::all(looks).map(|found: Vec<Obstacle>| {
            let stays = found.iter().position(|one| matches!(one, Obstacle::Stays(_)));
            let lingers = found.iter().position(|one| matches!(one, Obstacle::Lingers(_)));
            stays.or(lingers).and_then(|at| found.into_iter().nth(at)).unwrap_or(Obstacle::Nothing)
        })
    })
}

fn text(json: &Json, name: &str) -> String {
    json.get(name).and_then(Json::as_str).unwrap_or_default().to_owned()
}

/// Who has an address.
fn occupant(address: &Json) -> Look<Obstacle> {
    let (ip, vnic_id) = (text(address, "ipAddress"), text(address, "vnicId"));
    if vnic_id.is_empty() {
        let words = format!("the private IP {} ({ip}) is reserved there", text(address, "id"));
        return Look::Done(Obstacle::Stays(words));
    }
    Look::then(Call::new(GetVnic::new(vnic_id)).or_missing(), move |answer| {
        if answer.is_missing {
            return Look::Done(Obstacle::Nothing);
        }
        attached(&answer, &ip)
    })
}

/// Which instance has a VNIC; none, if a service has it.
fn attached(vnic: &Answer, ip: &str) -> Look<Obstacle> {
    let [id, name, compartment] = ["id", "displayName", "compartmentId"].map(|field| text(&vnic.body, field));
    let words = format!("the VNIC `{name}` ({id}, {ip})");
    let mut attachments = ListVnicAttachments::new(compartment);
    attachments.vnic_id = Some(id);
    Look::then(Call::all_pages(attachments), move |answer| {
        let live = answer.items().iter().find(|item| item["lifecycleState"] != "DETACHED");
        match live.map(|item| text(item, "instanceId")) {
            None => Look::Done(Obstacle::Lingers(format!("{words} of a service is still there"))),
            Some(instance) => Look::one(Call::new(GetInstance::new(instance)).or_missing(), move |answer| {
                owner(&words, &answer)
            }),
        }
    })
}

fn owner(words: &str, instance: &Answer) -> Obstacle {
    let state = text(&instance.body, "lifecycleState");
    if instance.is_missing || matches!(state.as_str(), "TERMINATING" | "TERMINATED") {
        return Obstacle::Lingers(format!("{words} of an instance that has gone is still there"));
    }
    let (name, id) = (text(&instance.body, "displayName"), text(&instance.body, "id"));
    Obstacle::Stays(format!("{words} belongs to the instance `{name}` ({id}), which is {state}"))
}
