//! Backend: a server behind a load balancer, as a resource of its own.
//!
//! Backends of one set that are made, changed or deleted together go in one request: the set's list with all of
//! the changes in it. What others have added to the list stays. Before a backend goes it is drained: it gets no
//! new connections for `drain_seconds`. It is well when the service's health check says so.
//! API: Network Load Balancer 20200501, `Backend`.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use oci_client::model::Model;
use oci_client::services::network_load_balancer::models;
use oci_client::services::network_load_balancer::operations::{
    CreateBackend, DeleteBackend, GetBackend, GetBackendHealth, UpdateBackend,
};
use reconcile::provider::{Failure, Health, Invalid, Lane, PerOperation, ResourceType};
use reconcile::schema::Schema;
use reconcile::value::ValueMap;
use schemars::JsonSchema;
use serde_json::Value as Json;

use crate::attr::{Attr, attributes};
use crate::call::Call;
use crate::lifecycle::Lifecycle;
use crate::look::Look;
use crate::module::{Api, Change, ResourceModule, Scope, Seen, Together, lane_of};
use crate::rules;
use crate::schema;
use crate::tags::StackTags;
use crate::values::text;
use crate::wire;

use super::parts::{self, PartId};
use super::together::Backends;

/// Terraform's name of the type.
pub const TYPE: &str = "oci_network_load_balancer_backend";

/// A server behind a load balancer, as a resource of its own.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct Backend {
    /// The load balancer; a change makes a new one.
    #[schemars(extend("x-required" = true, "x-force-new" = true))]
    pub network_load_balancer_id: Attr<String>,
    /// The backend set; a change makes a new one.
    #[schemars(extend("x-required" = true, "x-force-new" = true))]
    pub backend_set_name: Attr<String>,
    /// Its name; made of address and port when left out. A change makes a new one.
    #[schemars(extend("x-force-new" = true), length(min = 1, max = 255))]
    pub name: Attr<String>,
    /// Its address; a change makes a new one.
    #[schemars(extend("x-force-new" = true))]
    pub ip_address: Attr<String>,
    /// The OCID of an instance or private IP, in place of the address; a change makes a new one.
    #[schemars(extend("x-force-new" = true))]
    pub target_id: Attr<String>,
    /// Its port; a change makes a new one.
    #[schemars(extend("x-required" = true, "x-force-new" = true), range(min = 0, max = 65535))]
    pub port: Attr<i64>,
    /// Its share; 1 when left out.
    #[schemars(range(min = 1, max = 100))]
    pub weight: Attr<i64>,
    /// Whether it comes in only when no other is well.
    pub is_backup: Attr<bool>,
    /// Whether it gets no new connections.
    pub is_drain: Attr<bool>,
    /// Whether it gets none at all.
    pub is_offline: Attr<bool>,
    /// For how many seconds it gets no new connections before it is deleted; 30 when left out.
    #[schemars(extend("x-write-only" = true), range(min = 0, max = 3600))]
    pub drain_seconds: Attr<i64>,
    /// What this schema does not know, under Oracle's names.
    pub raw: Attr<BTreeMap<String, Json>>,
}

attributes!(Backend {
    network_load_balancer_id,
    backend_set_name,
    name,
    ip_address,
    target_id,
    port,
    weight,
    is_backup,
    is_drain,
    is_offline,
    drain_seconds,
    raw,
});

/// What the service tells.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "a description: the schema is derived from it")]
struct Told {
    /// `networkLoadBalancers/{OCID}/backendSets/{set}/backends/{name}`.
    id: String,
}

static SCHEMA: LazyLock<Schema> = LazyLock::new(schema::of::<Backend, Told>);

/// Twenty-five to forty seconds were seen for a part; the limit is that of Oracle's Terraform provider. A part
/// has no state of its own.
const LIFECYCLE: Lifecycle = Lifecycle {
    until: &[],
    failed: &[],
    gone: &[],
    expect: Duration::from_secs(30),
    limit: Duration::from_secs(1200),
};

/// The longest time that a backend may be drained for, which is part of its deletion.
const DRAIN_MAX: Duration = Duration::from_secs(3600);

/// The module of `oci_network_load_balancer_backend`.
#[derive(Clone, Copy, Debug)]
pub struct Module;

impl ResourceModule for Module {
    fn resource_type(&self) -> ResourceType {
        ResourceType {
            expected: PerOperation { delete: Duration::from_secs(90), ..PerOperation::all(LIFECYCLE.expect) },
            limit: PerOperation { delete: LIFECYCLE.limit + DRAIN_MAX, ..PerOperation::all(LIFECYCLE.limit) },
            has_health: true,
            ..LIFECYCLE.resource_type(TYPE, &SCHEMA)
        }
    }

    fn lifecycle(&self) -> &'static Lifecycle {
        &LIFECYCLE
    }

    fn api(&self) -> Api {
        Api {
            service: "network_load_balancer",
            create: Some(models::CreateBackendDetails::default().facts()),
            update: Some(models::UpdateBackendDetails::default().facts()),
            renames: &[],
            left_out: &[],
            elsewhere: &[
                ("network_load_balancer_id", "the path of the request"),
                ("backend_set_name", "the path of the request"),
                ("drain_seconds", "a pause before the deletion"),
            ],
        }
    }

    fn validate(&self, inputs: &ValueMap) -> Vec<Invalid> {
        let mut problems = Vec::new();
        let mut check = rules::Check::of(inputs, &mut problems);
        parts::check_target(&mut check);
        problems
    }

    /// One by itself; the driver puts several into one request.
    fn create(&self, inputs: &ValueMap, _tags: &StackTags) -> Result<Call, Failure> {
        let id = parts::backend_id(inputs).ok_or_else(|| Failure::refused("it has no name"))?;
        let mut details: models::CreateBackendDetails = wire::details(inputs, &[])?;
        details.name = Some(id.name.clone());
        let create = CreateBackend::new(&*id.load_balancer, id.set_name(), details);
        Ok(Call::with_raw(create, wire::raw(inputs)))
    }

    fn read(&self, id: &str) -> Look<Seen> {
        let id = PartId::parse(id);
        let get = GetBackend::new(&*id.load_balancer, id.set_name(), &*id.name);
        Look::one(Call::new(get), move |answer| seen(&id, answer.body))
    }

    /// The list of load balancers shows all their parts.
    fn list(&self, scope: &Scope) -> Option<Look<Vec<Seen>>> {
        parts::list(scope, |balancer, item| {
            let sets = parts::entries(item, "backendSets");
            sets.flat_map(|(set, body)| {
                let backends = body.get("backends").and_then(Json::as_array).into_iter().flatten();
                backends.filter_map(move |backend| {
                    let name = backend.get("name")?.as_str()?;
                    Some(seen(&PartId::backend(balancer, set, name), backend.clone()))
                })
            })
            .collect()
        })
    }

    fn update(&self, id: &str, change: &Change<'_>, _tags: &StackTags) -> Result<Vec<Call>, Failure> {
        let id = PartId::parse(id);
        let details = wire::details(&change.changed(&[]), &[])?;
        let update = UpdateBackend::new(&*id.load_balancer, id.set_name(), &*id.name, details);
        Ok(vec![Call::with_raw(update, wire::changed_raw(change))])
    }

    fn delete(&self, id: &str, _attributes: &ValueMap) -> Vec<Call> {
        let id = PartId::parse(id);
        vec![Call::new(DeleteBackend::new(&*id.load_balancer, id.set_name(), &*id.name))]
    }

    /// Everything that changes its load balancer; those of one set go together, and with the set when that is made.
    fn lane(&self, _: Option<&str>, inputs: &ValueMap) -> Option<Lane> {
        let batch = text(inputs, "backend_set_name").map(|name| name.as_str().into());
        Some(Lane { batch, joins: true, ..lane_of(inputs, "network_load_balancer_id")? })
    }

    fn key(&self, inputs: &ValueMap) -> Option<String> {
        Some(parts::backend_id(inputs)?.to_string())
    }

    fn find(&self, inputs: &ValueMap) -> Option<Look<Vec<Seen>>> {
        let id = parts::backend_id(inputs)?;
        let get = GetBackend::new(&*id.load_balancer, id.set_name(), &*id.name);
        Some(Look::one(Call::new(get).or_missing(), move |answer| {
            (!answer.is_missing).then(|| seen(&id, answer.body)).into_iter().collect()
        }))
    }

    fn together(&self) -> Option<&'static dyn Together> {
        Some(&Backends)
    }

    fn health(&self, id: &str) -> Look<Health> {
        let id = PartId::parse(id);
        let get = GetBackendHealth::new(&*id.load_balancer, id.set_name(), &*id.name);
        Look::one(Call::new(get).or_missing(), |answer| match answer.text("status") {
            Some("OK") => Health::Healthy,
            status => Health::NotYet {
                why: format!("the health check says {}", parts::health_words(status, &answer.body)),
                again_after: Duration::from_secs(5),
            },
        })
    }
}

fn seen(id: &PartId, body: Json) -> Seen {
    parts::seen(&SCHEMA, id, body)
}
