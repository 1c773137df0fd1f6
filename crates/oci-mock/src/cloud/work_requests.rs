//! Work requests: the receipts for what takes long, in each service's own flavour.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{Cloud, Event, Kind, New};
use crate::error::ApiError;

/// How one service writes its work requests.
#[derive(Debug)]
pub struct Flavour {
    /// The kind of its records.
    pub kind: &'static Kind,
    /// What success is called: `SUCCEEDED`, in Object Storage `COMPLETED`.
    pub done: &'static str,
    /// Virtual seconds from accepted to started.
    pub start_secs: u64,
}

/// A work request to be started.
#[derive(Debug)]
pub struct WorkRequest<'a> {
    /// Whose way of writing.
    pub flavour: &'static Flavour,
    /// `CREATE_DBSYSTEM`, `LaunchInstance` …
    pub operation_type: &'a str,
    /// The compartment of what is worked on.
    pub compartment_id: &'a str,
    /// What is worked on.
    pub affected: Vec<Affected>,
    /// How long it takes.
    pub duration: Duration,
}

/// One resource of a work request.
#[derive(Clone, Debug)]
pub struct Affected {
    /// The service's word for its type: `instance`, `mysqldbsystem` …
    pub entity_type: &'static str,
    /// What becomes of it in the end: `CREATED`, `UPDATED`, `DELETED` or `RELATED`.
    pub action: &'static str,
    /// Its OCID, or what stands for one.
    pub id: String,
    /// Its path.
    pub uri: String,
}

impl Cloud {
    /// Starts a work request, which succeeds after its duration unless somebody finishes it before, and
    /// returns its id for `opc-work-request-id`.
    pub fn start_work_request(&mut self, request: &WorkRequest) -> String {
        let affected = request.affected.iter().map(|affected| {
            // While it runs, only what is merely involved has its final word.
            let action = if affected.action == "RELATED" { "RELATED" } else { "IN_PROGRESS" };
            json!({
                "entityType": affected.entity_type,
                "actionType": action,
                "identifier": affected.id,
                "entityUri": affected.uri,
            })
        });
        let body = json!({
            "operationType": request.operation_type,
            "status": "ACCEPTED",
            "compartmentId": request.compartment_id,
            "resources": affected.collect::<Vec<_>>(),
            "percentComplete": 0.0,
            "timeAccepted": self.now().rfc3339(),
        });
        let Value::Object(body) = body else { unreachable!("an object literal") };
        let finals: Vec<&str> = request.affected.iter().map(|affected| affected.action).collect();
        let mut new = New { kind: request.flavour.kind, id: None, state: None, body, hidden: Map::new() };
        new = new.hidden("finalActions", json!(finals));
        new = new
            .hidden("durationMillis", json!(u64::try_from(request.duration.as_millis()).unwrap_or(u64::MAX)));
        new = new.hidden("startSecs", request.flavour.start_secs).hidden("done", request.flavour.done);
        let id = self.insert(new);
        self.log_work(&id, "Request accepted.");
        self.after(request.duration, Event::FinishWorkRequest { id: id.clone() });
        id
    }

    /// Ends a work request now: well, or with the errors given. Nothing happens if it has ended already.
    ///
    /// # Panics
    /// Never: an unknown id is ignored.
    pub fn finish_work_request(&mut self, id: &str, outcome: Result<(), &[ApiError]>) {
        let now = self.now();
        if self.get(id).is_none_or(|request| request.body.contains_key("timeFinished")) {
            return;
        }
        self.update(id, |request| {
            let accepted = request.created;
            let start = request.hidden.get("startSecs").and_then(Value::as_u64).unwrap_or(0);
            let started = accepted.after(Duration::from_secs(start)).min(now);
            request.set("timeStarted", started.rfc3339());
            request.set("timeFinished", now.rfc3339());
            match outcome {
                Ok(()) => {
                    let done = request.text("done").unwrap_or("SUCCEEDED").to_owned();
                    request.set("status", done);
                    request.set("percentComplete", 100.0);
                    let finals = request.hidden.get("finalActions").cloned().unwrap_or_default();
                    let resources = request.body.get_mut("resources").and_then(Value::as_array_mut);
                    for (index, resource) in resources.into_iter().flatten().enumerate() {
                        resource["actionType"] = finals[index].clone();
                    }
                }
                Err(errors) => {
                    request.set("status", "FAILED");
                    let errors = errors.iter().map(|error| {
                        json!({"code": error.code, "message": error.message, "timestamp": now.rfc3339()})
                    });
                    request.set_hidden("errors", errors.collect::<Vec<_>>());
                }
            }
        });
        self.log_work(id, if outcome.is_ok() { "Request succeeded." } else { "Request failed." });
    }

    /// Adds a line to a work request's log.
    pub fn log_work(&mut self, id: &str, message: &str) {
        let entry = json!({"message": message, "timestamp": self.now().rfc3339()});
        if self.get(id).is_some() {
            self.update(id, |request| match request.hidden.get_mut("logs").and_then(Value::as_array_mut) {
                Some(logs) => logs.push(entry),
                None => request.set_hidden("logs", vec![entry]),
            });
        }
    }
}
