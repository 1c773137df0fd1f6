//! Reading work requests, in the flavours of core (and identity), MySQL and the network load balancer.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::list::answer;
use super::{Call, List, Module, Reply, ReplyBody, list_resources, page, read, write};
use crate::clock::Time;
use crate::cloud::{Cloud, Flavour, Kind, Resource};
use crate::error::ApiError;
use crate::ocid::Style;

/// Twelve hours, in virtual seconds: how long a finished work request stays readable.
const LINGER_SECS: u64 = 12 * 3600;

const fn kind(name: &'static str, service: &'static str) -> Kind {
    let style = Style::Regional;
    Kind { name, service, model: "WorkRequest", terraform: None, style, gone: &[], linger_secs: LINGER_SECS }
}

/// Networking, compute, block volume and identity.
pub static CORE: Flavour =
    Flavour { kind: &kind("coreservicesworkrequest", "work_requests"), done: "SUCCEEDED", start_secs: 1 };

/// MySQL.
pub static MYSQL: Flavour =
    Flavour { kind: &kind("mysqlworkrequest", "mysql"), done: "SUCCEEDED", start_secs: 7 };

/// Network load balancer.
pub static NETWORK_LOAD_BALANCER: Flavour = Flavour {
    kind: &kind("networkloadbalancerworkrequest", "network_load_balancer"),
    done: "SUCCEEDED",
    start_secs: 1,
};

/// The operations of this file.
pub static MODULE: Module = Module {
    operations: &[
        read("WorkRequestClient", "GetWorkRequest", |cloud, call| get(cloud, call, &CORE)),
        read("WorkRequestClient", "ListWorkRequests", |cloud, call| list(cloud, call, &CORE)),
        read("WorkRequestClient", "ListWorkRequestErrors", |cloud, call| {
            entries(cloud, call, &CORE, "errors")
        }),
        read("WorkRequestClient", "ListWorkRequestLogs", |cloud, call| entries(cloud, call, &CORE, "logs")),
        read("WorkRequestsClient", "GetWorkRequest", |cloud, call| get(cloud, call, &MYSQL)),
        read("WorkRequestsClient", "ListWorkRequests", |cloud, call| list(cloud, call, &MYSQL)),
        read("WorkRequestsClient", "ListWorkRequestErrors", |cloud, call| {
            entries(cloud, call, &MYSQL, "errors")
        }),
        read("WorkRequestsClient", "ListWorkRequestLogs", |cloud, call| entries(cloud, call, &MYSQL, "logs")),
        write("WorkRequestsClient", "CancelWorkRequest", cancel),
        read("NetworkLoadBalancerClient", "GetWorkRequest", |cloud, call| {
            get(cloud, call, &NETWORK_LOAD_BALANCER)
        }),
        read("NetworkLoadBalancerClient", "ListWorkRequests", |cloud, call| {
            list(cloud, call, &NETWORK_LOAD_BALANCER)
        }),
        read("NetworkLoadBalancerClient", "ListWorkRequestErrors", |cloud, call| {
            entries(cloud, call, &NETWORK_LOAD_BALANCER, "errors")
        }),
        read("NetworkLoadBalancerClient", "ListWorkRequestLogs", |cloud, call| {
            entries(cloud, call, &NETWORK_LOAD_BALANCER, "logs")
        }),
    ],
    kinds: &[CORE.kind, MYSQL.kind, NETWORK_LOAD_BALANCER.kind],
    events: &[],
    seed: None,
};

fn get(cloud: &Cloud, call: &Call, flavour: &Flavour) -> Result<Reply, ApiError> {
    let request = cloud.find(flavour.kind, call.id())?;
    let reply = Reply::json(Value::Object(shown(request, call.now)));
    Ok(reply.header("etag", request.etag.to_string()).header("retry-after", "1"))
}

fn list(cloud: &Cloud, call: &Call, flavour: &Flavour) -> Result<Reply, ApiError> {
    let list = List {
        handled: &["resourceId"],
        accept: |_, call, request| call.query("resourceId").is_none_or(|id| concerns(request, id)),
        ..List::of(flavour.kind)
    };
    let mut reply = list_resources(cloud, call, &list)?;
    if let ReplyBody::Json(Value::Array(items)) = &mut reply.body {
        items.iter_mut().for_each(|item| bring_up_to_date(cloud, call, item));
    } else if let ReplyBody::Json(Value::Object(collection)) = &mut reply.body
        && let Some(Value::Array(items)) = collection.get_mut("items")
    {
        items.iter_mut().for_each(|item| bring_up_to_date(cloud, call, item));
    }
    Ok(reply)
}

/// A summary shows the same status of the moment as the work request itself.
fn bring_up_to_date(cloud: &Cloud, call: &Call, summary: &mut Value) {
    let Some(request) = summary["id"].as_str().and_then(|id| cloud.get(id)) else { return };
    for name in ["status", "percentComplete", "timeStarted"] {
        if let Some(value) = shown(request, call.now).remove(name) {
            summary[name] = value;
        }
    }
}

fn concerns(request: &Resource, id: &str) -> bool {
    let resources = request.body.get("resources").and_then(Value::as_array);
    resources.into_iter().flatten().any(|resource| resource["identifier"] == id)
}

fn entries(cloud: &Cloud, call: &Call, flavour: &Flavour, what: &str) -> Result<Reply, ApiError> {
    let request = cloud.find(flavour.kind, call.id())?;
    let entries = request.hidden.get(what).and_then(Value::as_array).cloned().unwrap_or_default();
    let positions: Vec<String> = (0..entries.len()).map(|index| index.to_string()).collect();
    let numbered: Vec<(&String, Value)> = positions.iter().zip(entries).collect();
    let page_limit = numbered.len().max(1);
    let (wanted, next) = page(call, numbered, |(position, _)| position.as_str(), page_limit)?;
    Ok(answer(call, wanted.into_iter().map(|(_, entry)| entry).collect(), next))
}

/// MySQL lets a work request be cancelled as long as it runs. What it worked on stays as it is.
fn cancel(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    let request = cloud.find(MYSQL.kind, call.id())?;
    if request.body.contains_key("timeFinished") {
        return Err(ApiError::incorrect_state(format!("Work request {} has ended", call.id())));
    }
    let finished = cloud.now().rfc3339();
    cloud.update(call.id(), |request| {
        request.set("status", "CANCELED");
        request.set("timeFinished", finished);
    });
    Ok(Reply::empty().status(202))
}

/// A work request as it looks now: what is still running has a status and a percentage of the moment.
fn shown(request: &Resource, now: Time) -> Map<String, Value> {
    let mut body = request.body.clone();
    if body.contains_key("timeFinished") {
        return body;
    }
    let number = |name: &str| request.hidden.get(name).and_then(Value::as_u64).unwrap_or(0);
    let started = request.created.after(Duration::from_secs(number("startSecs")));
    if now < started {
        return body;
    }
    #[expect(clippy::cast_precision_loss, reason = "a percentage for display")]
    let done = now.since(request.created).as_millis() as f64 / number("durationMillis").max(1) as f64;
    body.insert("status".to_owned(), json!("IN_PROGRESS"));
    body.insert("timeStarted".to_owned(), json!(started.rfc3339()));
    body.insert("percentComplete".to_owned(), json!((done * 100.0).clamp(1.0, 99.0).floor()));
    body
}
