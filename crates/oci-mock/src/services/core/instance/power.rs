//! Starting, stopping, terminating; and dying.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::capacity::{Need, Room, room};
use super::super::{boot_volume, find_changeable, vnic_attachment, volume_attachment};
use super::{INSTANCE, RUNNING_SINCE, TERMINATED, schedule_move, start_work_request};
use crate::cloud::{Cloud, Event};
use crate::error::ApiError;
use crate::services::{Call, Reply};

const START_TIME: Duration = Duration::from_secs(45);
const STOP_TIME: Duration = Duration::from_secs(30);
const TERMINATE_TIME: Duration = Duration::from_secs(60);

/// What an action does.
enum Action {
    Start,
    Stop,
    Restart,
    Nothing,
}

pub(super) fn act(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    let instance = find_changeable(cloud, &INSTANCE, call.id())?;
    let name = call.required_query("action")?;
    let action = match name {
        "START" => Action::Start,
        "STOP" | "SOFTSTOP" => Action::Stop,
        "RESET" | "SOFTRESET" | "REBOOTMIGRATE" | "DIAGNOSTICREBOOT" => Action::Restart,
        "SENDDIAGNOSTICINTERRUPT" => Action::Nothing,
        _ => return Err(ApiError::invalid("action", format!("{name:?} is not an action of an instance"))),
    };
    let needed = if matches!(action, Action::Start) { "STOPPED" } else { "RUNNING" };
    if instance.state() != Some(needed) {
        return Err(ApiError::incorrect_state(format!(
            "The instance {} is {} and must be {needed} for the action {name}",
            instance.id,
            instance.state().unwrap_or_default()
        )));
    }
    match action {
        Action::Start => {
            check_room(cloud, call.id())?;
            cloud.set_state(call.id(), "STARTING");
            schedule_move(cloud, call.id(), "STARTING", "RUNNING", START_TIME);
        }
        Action::Stop => {
            cloud.set_state(call.id(), "STOPPING");
            schedule_move(cloud, call.id(), "STOPPING", "STOPPED", STOP_TIME);
        }
        Action::Restart => restart(cloud, call.id(), STOP_TIME + START_TIME),
        Action::Nothing => {}
    }
    Ok(Reply::resource(cloud.find(&INSTANCE, call.id())?))
}

/// A stopped instance gave its host away.
fn check_room(cloud: &Cloud, id: &str) -> Result<(), ApiError> {
    let Some(instance) = cloud.get(id) else { return Ok(()) };
    let text = |name: &str| instance.text(name).unwrap_or_default();
    let ocpus = instance.body.get("shapeConfig").and_then(|config| config["ocpus"].as_f64());
    let need = Need {
        shape: text("shape"),
        ocpus: ocpus.unwrap_or(0.0),
        availability_domain: text("availabilityDomain"),
        own_id: Some(id),
    };
    match room(cloud, need, text("faultDomain")) {
        Room::Yes => Ok(()),
        Room::No | Room::NoButLater => Err(ApiError::out_of_host_capacity()),
    }
}

/// Down and up again within `duration`.
pub(super) fn restart(cloud: &mut Cloud, id: &str, duration: Duration) {
    cloud.set_state(id, "STOPPING");
    schedule_move(cloud, id, "STOPPING", "STARTING", duration / 3);
    schedule_move(cloud, id, "STARTING", "RUNNING", duration);
}

pub(super) fn carry_out_move(cloud: &mut Cloud, args: &Value) {
    let text = |name: &str| args[name].as_str().unwrap_or_default();
    let (id, from, to) = (text("id"), text("from"), text("to"));
    if cloud.get(id).is_none_or(|instance| instance.state() != Some(from)) {
        return;
    }
    let now = cloud.now().millis();
    cloud.update(id, |instance| {
        instance.set("lifecycleState", to);
        if to == "RUNNING" {
            instance.set_hidden(RUNNING_SINCE, now);
        }
    });
}

pub(super) fn terminate(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    find_changeable(cloud, &INSTANCE, call.id())?;
    let flag = |name: &str, default: bool| match call.query(name) {
        None => Ok(default),
        Some(text) if text.eq_ignore_ascii_case("true") => Ok(true),
        Some(text) if text.eq_ignore_ascii_case("false") => Ok(false),
        Some(text) => Err(ApiError::invalid(name, format!("{text:?} is neither true nor false"))),
    };
    let preserve_boot = flag("preserveBootVolume", false)?;
    let preserve_data = flag("preserveDataVolumesCreatedAtLaunch", true)?;
    cloud.set_state(call.id(), "TERMINATING");
    let args = json!({"id": call.id(), "preserveBoot": preserve_boot, "preserveData": preserve_data});
    cloud.after(TERMINATE_TIME, Event::named(TERMINATED, args));
    let work_request = start_work_request(cloud, "TerminateInstance", call.id(), "DELETED", TERMINATE_TIME);
    Ok(Reply::no_content().work_request(&work_request))
}

pub(super) fn carry_out_terminated(cloud: &mut Cloud, args: &Value) {
    let id = args["id"].as_str().unwrap_or_default();
    let flag = |name: &str| args[name].as_bool().unwrap_or(false);
    take_apart(cloud, id, flag("preserveBoot"), flag("preserveData"));
}

/// Ends an instance: its VNICs leave the subnet, its attachments are `DETACHED`, its boot volume goes.
fn take_apart(cloud: &mut Cloud, id: &str, preserve_boot: bool, preserve_data: bool) {
    if cloud.get(id).is_none_or(|instance| !instance.is_live()) {
        return;
    }
    vnic_attachment::detach_all(cloud, id);
    volume_attachment::detach_all(cloud, id, preserve_data);
    boot_volume::detach_all(cloud, id, preserve_boot);
    cloud.terminate(id, "TERMINATING", "TERMINATED", Duration::ZERO);
}

pub(super) fn carry_out_no_host(cloud: &mut Cloud, args: &Value) {
    if let Some(work_request) = args["workRequest"].as_str() {
        cloud.finish_work_request(work_request, Err(&[ApiError::out_of_host_capacity()]));
    }
    fail_launch(cloud, args["id"].as_str().unwrap_or_default());
}

/// What becomes of an instance whose launch fails after it was accepted: it ends `TERMINATED`, and everything
/// that was made for it goes too.
pub(crate) fn fail_launch(cloud: &mut Cloud, id: &str) {
    take_apart(cloud, id, false, false);
}

/// Lets a server die without anybody having asked for it: terminated at once, with its boot volume.
///
/// # Errors
/// 404 when there is no such instance, or not any more.
pub fn kill(cloud: &mut Cloud, id: &str) -> Result<(), ApiError> {
    cloud.find_live(&INSTANCE, id)?;
    take_apart(cloud, id, false, true);
    Ok(())
}

/// Lets a server lose its power: `STOPPED` at once.
///
/// # Errors
/// As [`kill`].
pub fn stop_at_once(cloud: &mut Cloud, id: &str) -> Result<(), ApiError> {
    cloud.find_live(&INSTANCE, id)?;
    cloud.set_state(id, "STOPPED");
    Ok(())
}
