//! Keeps a port open for each listener that there is.

use std::collections::BTreeMap;
use std::time::Duration;

use http::Method;
use serde_json::{Map, Value, json};
use tokio::task::JoinHandle;

use super::{Bound, bind, pause};
use crate::cloud::Cloud;
use crate::control::Control;
use crate::mock::Mock;
use crate::services::network_load_balancer::{LISTENER, LOAD_BALANCER, parts_of};

/// The note with the addresses, for the control interface.
const NOTE: &str = "datapath.addresses";

/// How often it looks for new listeners, in real time: soon enough for somebody who watches.
const PERIOD: Duration = Duration::from_millis(100);

/// Ports for all of one mock's listeners at most.
const PORTS_MAX: usize = 64;

/// `GET /_mock/data-path`: `{"<load balancer's OCID>/<listener>": "127.0.0.1:<port>"}`.
pub(crate) const CONTROLS: &[Control] = &[Control {
    method: Method::GET,
    path: "data-path",
    run: |cloud, _| {
        let note = cloud.note(NOTE);
        Ok(if note.is_object() { note.clone() } else { json!({}) })
    },
}];

/// Ports that follow the listeners of a mock. Dropping it closes them.
#[derive(Debug)]
pub struct Follower {
    task: JoinHandle<()>,
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Binds every listener of every load balancer, as they come and go. `GET /_mock/data-path` says where.
///
/// # Panics
/// Outside of a tokio runtime.
#[must_use]
pub fn follow(mock: &Mock) -> Follower {
    let mock = mock.clone();
    let task = tokio::spawn(async move {
        let mut bound: BTreeMap<String, Bound> = BTreeMap::new();
        mock.with_cloud_mut(|cloud| *cloud.note_mut(NOTE) = json!({}));
        loop {
            let wanted = mock.with_cloud(listeners);
            if wanted.keys().ne(bound.keys()) {
                bound.retain(|key, _| wanted.contains_key(key));
                for (key, (balancer, listener)) in wanted {
                    if bound.len() >= PORTS_MAX || bound.contains_key(&key) {
                        continue;
                    }
                    match bind(&mock, &balancer, &listener).await {
                        Ok(port) => drop(bound.insert(key, port)),
                        Err(error) => tracing::warn!(%error, "no port for a listener"),
                    }
                }
                let addresses: Map<String, Value> = bound
                    .iter()
                    .map(|(key, port)| (key.clone(), json!(port.address().to_string())))
                    .collect();
                mock.with_cloud_mut(|cloud| *cloud.note_mut(NOTE) = Value::Object(addresses));
            }
            pause(PERIOD).await;
        }
    });
    Follower { task }
}

/// The listeners that there are: load balancer and name, by a key for people.
fn listeners(cloud: &Cloud) -> BTreeMap<String, (String, String)> {
    let mut found = BTreeMap::new();
    for balancer in cloud.of_kind(&LOAD_BALANCER).filter(|balancer| balancer.is_live()) {
        for listener in parts_of(cloud, &LISTENER, &balancer.id) {
            let name = listener.text("name").unwrap_or_default();
            found.insert(format!("{}/{name}", balancer.id), (balancer.id.to_string(), name.to_owned()));
        }
    }
    found
}
