//! Instance: a virtual machine on a host, with its boot volume and its first VNIC.
//!
//! A launch answers before anything runs: addresses are found through the VNIC attachment, and the end of a
//! launch through the instance's state or the work request. API: Core Services 20160918, `Instance`.

mod config;
mod launch;
mod power;
mod update;

use std::time::Duration;

use serde_json::json;

use super::{COMPUTE, find_changeable};
use crate::cloud::{Affected, Cloud, Event, Kind, WorkRequest};
use crate::error::ApiError;
use crate::ocid::Style;
use crate::services::{Call, List, Module, NamedEvent, Reply, list_resources, read, work_requests, write};

pub(super) use launch::attach_vnic;
pub(crate) use power::fail_launch;
pub use power::{kill, stop_at_once};

/// Twelve hours, in virtual seconds: how long terminated instances and detached attachments stay listed
/// ("at least 12 hours", Oracle's documentation).
pub(super) const LINGER_SECS: u64 = 12 * 3600;

/// The type.
pub static INSTANCE: Kind = Kind {
    name: "instance",
    service: "core",
    model: "Instance",
    terraform: Some("oci_core_instance"),
    style: Style::Regional,
    gone: &["TERMINATED"],
    linger_secs: LINGER_SECS,
};

/// The operations of this module.
pub static MODULE: Module = Module {
    operations: &[
        write(COMPUTE, "LaunchInstance", launch::launch),
        read(COMPUTE, "GetInstance", |cloud, call| Ok(Reply::resource(cloud.find(&INSTANCE, call.id())?))),
        read(COMPUTE, "ListInstances", |cloud, call| list_resources(cloud, call, &List::of(&INSTANCE))),
        write(COMPUTE, "UpdateInstance", update::update),
        write(COMPUTE, "InstanceAction", power::act),
        write(COMPUTE, "TerminateInstance", power::terminate),
        write(COMPUTE, "ChangeInstanceCompartment", move_compartment),
    ],
    kinds: &[&INSTANCE],
    events: &[
        NamedEvent { name: MOVE, run: power::carry_out_move },
        NamedEvent { name: TERMINATED, run: power::carry_out_terminated },
        NamedEvent { name: NO_HOST, run: power::carry_out_no_host },
    ],
    seed: None,
};

/// The event of a change of state: an instance that gets to run notes the time.
const MOVE: &str = "core.instance.move";
/// The event at the end of a termination.
const TERMINATED: &str = "core.instance.terminated";
/// The event of a launch that found no host after all.
const NO_HOST: &str = "core.instance.no-host";

/// Hidden attribute: since when it runs, in milliseconds since 1970.
pub(crate) const RUNNING_SINCE: &str = "runningSince";

/// Schedules a change of state, which happens if the instance is still in `from` by then.
fn schedule_move(cloud: &mut Cloud, id: &str, from: &str, to: &str, duration: Duration) {
    cloud.after(duration, Event::named(MOVE, json!({"id": id, "from": from, "to": to})));
}

fn start_work_request(
    cloud: &mut Cloud,
    operation_type: &str,
    id: &str,
    action: &'static str,
    duration: Duration,
) -> String {
    let compartment_id = cloud.get(id).and_then(|r| r.compartment_id()).unwrap_or_default().to_owned();
    cloud.start_work_request(&WorkRequest {
        flavour: &work_requests::CORE,
        operation_type,
        compartment_id: &compartment_id,
        affected: vec![Affected {
            entity_type: "instance",
            action,
            id: id.to_owned(),
            uri: format!("/20160918/instances/{id}"),
        }],
        duration,
    })
}

fn move_compartment(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    find_changeable(cloud, &INSTANCE, call.id())?;
    let compartment_id = call.required_text("compartmentId")?.to_owned();
    cloud.update(call.id(), |instance| instance.set("compartmentId", compartment_id.as_str()));
    // Attachments are in the compartment of their instance; what is attached stays where it is.
    for kind in [
        &super::vnic_attachment::VNIC_ATTACHMENT,
        &super::boot_volume::BOOT_VOLUME_ATTACHMENT,
        &super::volume_attachment::VOLUME_ATTACHMENT,
    ] {
        let attachments = cloud.of_kind(kind).filter(|each| each.text("instanceId") == Some(call.id()));
        let ids: Vec<_> = attachments.map(|attachment| attachment.id.clone()).collect();
        for id in ids {
            cloud.update(&id, |attachment| attachment.set("compartmentId", compartment_id.as_str()));
        }
    }
    Ok(super::subnet::accept_move(cloud, "instance", "instances", call.id(), &compartment_id))
}
