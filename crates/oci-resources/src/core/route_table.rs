//! Route table: where packets go that leave a subnet.
//!
//! A change replaces all rules at once, so the diff compares them as a set. It cannot be deleted while a subnet
//! or gateway uses it.
//! API: Core Services 20160918, `RouteTable`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use oci_client::model::Model;
use oci_client::services::core::models;
use oci_client::services::core::operations::{
    ChangeRouteTableCompartment, CreateRouteTable, DeleteRouteTable, GetRouteTable, ListRouteTables,
    UpdateRouteTable,
};
use reconcile::Address;
use reconcile::provider::{Failure, Invalid, ResourceType};
use reconcile::schema::Schema;
use reconcile::value::{AttributePath, Value, ValueMap};
use schemars::JsonSchema;
use serde_json::Value as Json;

use crate::attr::{Attr, Output, attributes};
use crate::call::Call;
use crate::lifecycle::{Lifecycle, NETWORK};
use crate::look::Look;
use crate::module::{Api, Change, ResourceModule, Scope, Seen};
use crate::rules;
use crate::schema;
use crate::tags::StackTags;
use crate::values::text;
use crate::wire;

/// Terraform's name of the type.
pub const TYPE: &str = "oci_core_route_table";

/// Where packets go that leave a subnet.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct RouteTable {
    /// The compartment. Moving to another one happens in place.
    #[schemars(extend("x-required" = true))]
    pub compartment_id: Attr<String>,
    /// The VCN; a change makes a new one.
    #[schemars(extend("x-required" = true, "x-force-new" = true))]
    pub vcn_id: Attr<String>,
    /// What people call it; 1 to 255 characters.
    #[schemars(length(min = 1, max = 255))]
    pub display_name: Attr<String>,
    /// The rules; one for each destination.
    #[schemars(extend("x-unordered" = true))]
    pub route_rules: Attr<Vec<RouteRule>>,
    /// The user's free-form tags.
    pub freeform_tags: Attr<BTreeMap<String, String>>,
    /// The user's defined tags, `Namespace.Key` to value.
    pub defined_tags: Attr<BTreeMap<String, String>>,
    /// What this schema does not know, under Oracle's names.
    pub raw: Attr<BTreeMap<String, Json>>,
}

attributes!(RouteTable {
    compartment_id,
    vcn_id,
    display_name,
    route_rules,
    freeform_tags,
    defined_tags,
    raw,
});

/// Where packets for a destination go.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct RouteRule {
    /// Where the packets go: the OCID of a gateway or of a private IP.
    #[schemars(extend("x-required" = true))]
    pub network_entity_id: Attr<String>,
    /// Where the packets want to: an address block, or the label of Oracle services.
    pub destination: Attr<String>,
    /// `CIDR_BLOCK` when left out.
    #[schemars(extend("enum" = ["CIDR_BLOCK", "SERVICE_CIDR_BLOCK"]))]
    pub destination_type: Attr<String>,
    /// What it is for.
    #[schemars(length(min = 1, max = 255))]
    pub description: Attr<String>,
    /// `STATIC` when left out.
    #[schemars(extend("enum" = ["STATIC", "LOCAL"]))]
    pub route_type: Attr<String>,
    /// The deprecated form of `destination`.
    pub cidr_block: Attr<String>,
}

attributes!(RouteRule {
    network_entity_id,
    destination,
    destination_type,
    description,
    route_type,
    cidr_block,
});

/// What the service tells.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "a description: the schema is derived from it")]
struct Told {
    /// The OCID.
    id: String,
    /// When it was made.
    time_created: String,
    /// Its lifecycle state.
    #[schemars(extend("x-volatile" = true))]
    state: String,
}

/// The OCID of the table at `address`.
#[must_use]
pub fn id(address: &Address) -> Output<String> {
    Output::new(address.clone(), "id")
}

static SCHEMA: LazyLock<Schema> = LazyLock::new(schema::of::<RouteTable, Told>);

fn seen(body: Json) -> Seen {
    Seen::new(&SCHEMA, body, &[])
}

/// The module of `oci_core_route_table`.
#[derive(Clone, Copy, Debug)]
pub struct Module;

impl ResourceModule for Module {
    fn resource_type(&self) -> ResourceType {
        NETWORK.resource_type(TYPE, &SCHEMA)
    }

    fn lifecycle(&self) -> &'static Lifecycle {
        &NETWORK
    }

    fn api(&self) -> Api {
        Api {
            service: "core",
            create: Some(models::CreateRouteTableDetails::default().facts()),
            update: Some(models::UpdateRouteTableDetails::default().facts()),
            renames: &[],
            left_out: &[],
            elsewhere: &[("compartment_id", "ChangeRouteTableCompartment")],
        }
    }

    fn validate(&self, inputs: &ValueMap) -> Vec<Invalid> {
        let mut problems = Vec::new();
        let rules = inputs.get("route_rules").and_then(Value::as_list).unwrap_or_default();
        let mut seen = Vec::new();
        for (index, rule) in rules.iter().enumerate() {
            let Some(rule) = rule.as_map() else { continue };
            let path = AttributePath::attribute("route_rules").index(index).name("destination");
            let destination = text(rule, "destination").or_else(|| text(rule, "cidr_block"));
            let is_block = text(rule, "destination_type").is_none_or(|kind| kind == "CIDR_BLOCK");
            let is_set = |name: &str| rule.get(name).is_some_and(|value| !value.is_null());
            let message = match destination {
                None if is_set("destination") || is_set("cidr_block") => continue,
                None => "must be set".to_owned(),
                Some(destination) if seen.contains(&plain(&destination)) => {
                    format!("`{destination}` has a rule already: a table has one for each destination")
                }
                Some(destination) => {
                    let checked = if is_block { rules::any_block(&destination) } else { Ok(()) };
                    seen.push(plain(&destination));
                    match checked {
                        Ok(()) => continue,
                        Err(message) => message,
                    }
                }
            };
            problems.push(Invalid { path, message });
        }
        problems
    }

    fn equivalent(&self, attribute: &str, desired: &Value, observed: &Value) -> bool {
        match attribute {
            "route_rules.destination" | "route_rules.cidr_block" => rules::same_block(desired, observed),
            _ => false,
        }
    }

    fn create(&self, inputs: &ValueMap, tags: &StackTags) -> Result<Call, Failure> {
        let mut details: models::CreateRouteTableDetails = wire::creation(inputs, tags, &[])?;
        // Oracle wants the rules, if only none.
        details.route_rules.get_or_insert_default();
        Ok(Call::with_raw(CreateRouteTable::new(details), wire::raw(inputs)))
    }

    fn observe(&self, body: Json) -> Option<Seen> {
        Some(seen(body))
    }

    fn read(&self, id: &str) -> Look<Seen> {
        Look::one(Call::new(GetRouteTable::new(id)), |answer| seen(answer.body))
    }

    fn list(&self, scope: &Scope) -> Option<Look<Vec<Seen>>> {
        let list = Call::all_pages(ListRouteTables::new(scope.compartment_id.as_deref()?));
        Some(Look::one(list, |answer| answer.items().iter().cloned().map(seen).collect()))
    }

    fn update(&self, id: &str, change: &Change<'_>, tags: &StackTags) -> Result<Vec<Call>, Failure> {
        change.move_and_update(
            tags,
            &[],
            |details| ChangeRouteTableCompartment::new(id, details),
            |details| UpdateRouteTable::new(id, details),
        )
    }

    fn delete(&self, id: &str, _attributes: &ValueMap) -> Vec<Call> {
        vec![Call::new(DeleteRouteTable::new(id))]
    }
}

/// A destination in one spelling, whatever it was: `2001:DB8::/32` is `2001:db8::/32`.
fn plain(destination: &str) -> String {
    let block: Result<ipnet::IpNet, _> = destination.parse();
    block.map_or_else(|_| destination.to_owned(), |block| block.to_string())
}
