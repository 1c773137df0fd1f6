//! Changes of several backends as one change of their set's list.

use std::time::Duration;

use oci_client::services::network_load_balancer::models;
use oci_client::services::network_load_balancer::operations::{
    CreateBackendSet, GetBackendSet, UpdateBackendSet,
};
use reconcile::provider::Failure;
use reconcile::record::Operation;
use reconcile::value::{Value, ValueMap};
use serde_json::Value as Json;

use super::parts::PartId;
use crate::call::Call;
use crate::look::Look;
use crate::module::{Part, Together, Turn, Whole};
use crate::values::text;
use crate::wire;

/// Puts backends of one set together.
#[derive(Clone, Copy, Debug)]
pub(super) struct Backends;

/// How long a backend gets no new connections before it goes, unless it says otherwise.
///
/// Thirty seconds let an ordinary page come to its end. An upload may take longer; its user then tries again.
const DRAIN_SECONDS: i64 = 30;

impl Together for Backends {
    fn whole(&self, id: &str) -> String {
        let id = PartId::parse(id);
        PartId::set(&id.load_balancer, id.set_name()).to_string()
    }

    fn read(&self, whole: &str) -> Look<Whole> {
        let id = PartId::parse(whole);
        Look::one(Call::new(GetBackendSet::new(&*id.load_balancer, &*id.name)), |answer| {
            let etag = answer.etag();
            Whole { body: answer.body, etag }
        })
    }

    fn next(&self, whole: &str, current: &Whole, parts: &[Part]) -> Result<Option<Turn>, Failure> {
        let id = PartId::parse(whole);
        let there: Vec<Json> = current.body["backends"].as_array().cloned().unwrap_or_default();
        let drained = drained(&there, parts);
        let pause = drain_time(&there, parts);
        if drained != there && pause > Duration::ZERO {
            return Ok(Some(Turn { call: set_to(&id, &drained, current), pause: Some(pause) }));
        }
        let wanted = wanted(&drained, parts)?;
        if wanted == there {
            return Ok(None);
        }
        Ok(Some(Turn { call: set_to(&id, &wanted, current), pause: None }))
    }

    fn creation(&self, inputs: &ValueMap, parts: &[Part]) -> Result<Call, Failure> {
        let balancer = text(inputs, "network_load_balancer_id").unwrap_or_default();
        let details: models::CreateBackendSetDetails = wire::details(inputs, &[])?;
        let mut raw = wire::raw(inputs);
        if !parts.is_empty() {
            let listed = wire::with_raw(&details, raw.clone())?;
            let listed = wanted(listed["backends"].as_array().map_or(&[], Vec::as_slice), parts)?;
            raw.insert("backends".to_owned(), listed.iter().map(without_nulls).collect());
        }
        Ok(Call::with_raw(CreateBackendSet::new(balancer, details), raw))
    }
}

fn name(backend: &Json) -> &str {
    backend["name"].as_str().unwrap_or_default()
}

fn name_of(part: &Part) -> String {
    PartId::parse(&part.id).name
}

/// The list with those that are to go drained, and nothing else changed.
fn drained(there: &[Json], parts: &[Part]) -> Vec<Json> {
    let goes = |backend: &Json| {
        parts.iter().any(|part| part.operation == Operation::Delete && name_of(part) == name(backend))
    };
    let mut drained = there.to_vec();
    for backend in drained.iter_mut().filter(|backend| goes(backend)) {
        backend["isDrain"] = Json::Bool(true);
    }
    drained
}

/// The longest time that one of those that are to go wants to be drained for.
fn drain_time(there: &[Json], parts: &[Part]) -> Duration {
    let is_there = |part: &&Part| there.iter().any(|backend| name(backend) == name_of(part));
    let going = parts.iter().filter(|part| part.operation == Operation::Delete).filter(is_there);
    let seconds =
        going.map(|part| part.inputs.get("drain_seconds").and_then(Value::as_i64).unwrap_or(DRAIN_SECONDS));
    Duration::from_secs(seconds.max().and_then(|seconds| u64::try_from(seconds).ok()).unwrap_or(0))
}

/// The list with all changes in it. What nobody asked about stays as it is.
fn wanted(there: &[Json], parts: &[Part]) -> Result<Vec<Json>, Failure> {
    let mut wanted = there.to_vec();
    for part in parts {
        let part_name = name_of(part);
        let at = wanted.iter().position(|backend| name(backend) == part_name);
        if part.operation == Operation::Delete {
            at.map(|at| wanted.remove(at));
            continue;
        }
        let mut backend = json_of(&part.inputs)?;
        backend["name"] = Json::String(part_name);
        match at {
            // What is not asked for stays, as the service has it.
            Some(at) => merge(&mut wanted[at], backend),
            None => wanted.push(backend),
        }
    }
    Ok(wanted)
}

fn merge(there: &mut Json, asked: Json) {
    if let (Some(there), Json::Object(asked)) = (there.as_object_mut(), asked) {
        there.extend(asked);
    }
}

fn json_of(inputs: &ValueMap) -> Result<Json, Failure> {
    let details: models::BackendDetails = wire::details(inputs, &[])?;
    wire::with_raw(&details, wire::raw(inputs))
}

/// The set with this list of backends instead of the one that was seen; the rest of it is not sent, and stays. The list goes
/// as it is: what somebody gave a backend that our tables do not know must not be taken from it.
fn set_to(id: &PartId, backends: &[Json], seen: &Whole) -> Call {
    let details = models::UpdateBackendSetDetails::default();
    let mut update = UpdateBackendSet::new(&*id.load_balancer, &*id.name, details);
    update.if_match.clone_from(&seen.etag);
    let list = backends.iter().map(without_nulls).collect();
    Call::with_raw(update, [("backends".to_owned(), list)].into_iter().collect())
}

pub(super) fn without_nulls(backend: &Json) -> Json {
    let fields = backend.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
    Json::Object(fields.map(|(name, value)| (name.clone(), value.clone())).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn part(operation: Operation, name: &str, inputs: &Json) -> Part {
        let id = PartId::backend("n", "s", name).to_string();
        let inputs = wire::from_json(inputs).as_map().cloned().unwrap();
        Part { operation, id, inputs, retry_token: "t".into() }
    }

    #[test]
    fn changes_go_together_and_what_others_added_stays() {
        let there = [json!({"name": "old", "port": 80}), json!({"name": "others", "port": 80, "weight": 3})];
        let parts = [
            part(
                Operation::Create,
                "new",
                &json!({"ip_address": "10.0.0.9", "port": 80, "weight": 2, "raw": {"zone": "b"}}),
            ),
            part(Operation::Update, "others", &json!({"is_offline": true})),
            part(Operation::Delete, "old", &json!({"drain_seconds": 5})),
        ];
        assert_eq!(drain_time(&there, &parts), Duration::from_secs(5));
        assert_eq!(drained(&there, &parts)[0], json!({"name": "old", "port": 80, "isDrain": true}));
        assert_eq!(
            wanted(&there, &parts).unwrap(),
            [
                json!({"name": "others", "port": 80, "weight": 3, "isOffline": true}),
                json!({"name": "new", "ipAddress": "10.0.0.9", "port": 80, "weight": 2, "zone": "b"}),
            ]
        );
    }

    #[test]
    fn a_set_is_made_with_its_list_and_the_backends_that_travel_with_it() {
        let set = json!({
            "network_load_balancer_id": "n", "name": "s", "policy": "FIVE_TUPLE", "health_checker": {"protocol": "TCP"},
            "backends": [{"name": "listed", "ip_address": "10.0.0.8", "port": 80}], "raw": {"zone": "a"},
        });
        let set = wire::from_json(&set).as_map().cloned().unwrap();
        let sent = |parts: &[Part]| {
            let request = Backends.creation(&set, parts).unwrap().request().unwrap();
            let oci_client::request::Body::Bytes(bytes) = &request.body else { panic!("it has no body") };
            serde_json::from_slice::<Json>(bytes).unwrap()
        };
        let listed = json!({"name": "listed", "ipAddress": "10.0.0.8", "port": 80});
        let alone = sent(&[]);
        assert_eq!((&alone["zone"], &alone["backends"]), (&json!("a"), &json!([listed])));
        let joins = json!({"ip_address": "10.0.0.9", "port": 80, "weight": 2, "drain_seconds": 5, "raw": {"zone": "b"}});
        let together = sent(&[part(Operation::Create, "joins", &joins)]);
        let joined = json!({"name": "joins", "ipAddress": "10.0.0.9", "port": 80, "weight": 2, "zone": "b"});
        assert_eq!(together["backends"], json!([listed, joined]));
        assert_eq!((&together["zone"], &together["name"]), (&json!("a"), &json!("s")));
    }

    #[test]
    fn what_is_as_it_should_be_needs_no_request() {
        let current = json!({"backends": [{"name": "a", "ipAddress": "10.0.0.9", "port": 80}]});
        let current = Whole { body: current, etag: None };
        let whole = PartId::set("n", "s").to_string();
        let pause = |parts: &[Part]| Backends.next(&whole, &current, parts).unwrap().map(|turn| turn.pause);
        let same = json!({"ip_address": "10.0.0.9", "port": 80});
        assert_eq!(pause(&[part(Operation::Create, "a", &same)]), None);
        assert_eq!(pause(&[part(Operation::Delete, "gone", &json!({}))]), None);
        let drained_first = Some(Some(Duration::from_secs(30)));
        assert_eq!(pause(&[part(Operation::Delete, "a", &json!({}))]), drained_first);
        assert_eq!(pause(&[part(Operation::Delete, "a", &json!({"drain_seconds": 0}))]), Some(None));
    }
}
