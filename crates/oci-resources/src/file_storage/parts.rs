//! What the File Storage types share: locks, and lists that are of one availability domain.

use oci_client::services::identity::operations::ListAvailabilityDomains;
use reconcile::value::ValueMap;
use schemars::JsonSchema;
use serde_json::Value as Json;

use crate::attr::{Attr, attributes};
use crate::call::Call;
use crate::look::Look;
use crate::module::{Scope, Seen};
use crate::values::text;

/// A lock that others must take off before a change.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct ResourceLock {
    /// What it forbids.
    #[schemars(extend("x-required" = true, "enum" = ["FULL", "DELETE"]))]
    pub r#type: Attr<String>,
    /// Why.
    pub message: Attr<String>,
    /// The resource that it is for.
    pub related_resource_id: Attr<String>,
    /// When it was made; the service tells.
    pub time_created: Attr<String>,
}

attributes!(ResourceLock { r#type, message, related_resource_id, time_created });

/// The list that an object is in.
pub(super) fn scope(attributes: &ValueMap) -> Scope {
    Scope {
        compartment_id: text(attributes, "compartment_id"),
        availability_domain: text(attributes, "availability_domain"),
        parent: None,
    }
}

/// The objects of one availability domain, or of all of them where it is not known.
pub(super) fn list(
    scope: &Scope,
    call: fn(&str, &str) -> Call,
    seen: fn(Json) -> Seen,
) -> Option<Look<Vec<Seen>>> {
    let compartment_id = scope.compartment_id.clone()?;
    let all = move |calls: Vec<Call>| {
        Look::ask(calls, move |answers| {
            Look::Done(answers.iter().flat_map(|answer| answer.items().iter().cloned().map(seen)).collect())
        })
    };
    if let Some(domain) = &scope.availability_domain {
        return Some(all(vec![call(&compartment_id, domain)]));
    }
    let domains = Call::new(ListAvailabilityDomains::new(&*compartment_id));
    Some(Look::then(domains, move |answer| {
        let names = answer.items().iter().filter_map(|domain| domain.get("name")?.as_str());
        all(names.map(|name| call(&compartment_id, name)).collect())
    }))
}
