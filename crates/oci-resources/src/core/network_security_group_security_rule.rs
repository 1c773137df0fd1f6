//! Security rule of a network security group: one thing that may pass to or from its members.
//!
//! Adding one takes no retry token, so before one is added the group is looked through for its like. Its id is
//! `networkSecurityGroups/{OCID}/securityRules/{id}`.
//! API: Core Services 20160918, `SecurityRule`.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use oci_client::model::{Model, Value as WireValue};
use oci_client::services::core::models;
use oci_client::services::core::operations::{
    AddNetworkSecurityGroupSecurityRules, ListNetworkSecurityGroupSecurityRules,
    RemoveNetworkSecurityGroupSecurityRules, UpdateNetworkSecurityGroupSecurityRules,
};
use reconcile::provider::{Failure, Invalid, ResourceType};
use reconcile::schema::Schema;
use reconcile::value::{AttributePath, Value, ValueMap};
use schemars::JsonSchema;
use serde_json::{Map as JsonMap, Value as Json};

use crate::attr::{Attr, attributes};
use crate::call::Call;
use crate::lifecycle::Lifecycle;
use crate::look::Look;
use crate::module::{Api, Change, ResourceModule, Scope, Seen};
use crate::names::Renames;
use crate::rules;
use crate::schema;
use crate::tags::StackTags;
use crate::values::text;
use crate::wire;

use super::packet_rules::{self, GroupPortOptions, IcmpOptions};

/// Terraform's name of the type.
pub const TYPE: &str = "oci_core_network_security_group_security_rule";

/// One thing that may pass to or from the members of a group.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct NetworkSecurityGroupSecurityRule {
    /// The group; a change makes a new one.
    #[schemars(extend("x-required" = true, "x-force-new" = true))]
    pub network_security_group_id: Attr<String>,
    /// Which way; a change makes a new one.
    #[schemars(extend("x-required" = true, "x-force-new" = true, "enum" = ["EGRESS", "INGRESS"]))]
    pub direction: Attr<String>,
    /// `all`, or a protocol by its IANA number or name.
    #[schemars(extend("x-required" = true))]
    pub protocol: Attr<String>,
    /// Where from, of `INGRESS`: an address block, the label of Oracle services, or a group.
    pub source: Attr<String>,
    /// What `source` is; `CIDR_BLOCK` when left out.
    #[schemars(extend("enum" = ["CIDR_BLOCK", "SERVICE_CIDR_BLOCK", "NETWORK_SECURITY_GROUP"]))]
    pub source_type: Attr<String>,
    /// Where to, of `EGRESS`.
    pub destination: Attr<String>,
    /// What `destination` is; `CIDR_BLOCK` when left out.
    #[schemars(extend("enum" = ["CIDR_BLOCK", "SERVICE_CIDR_BLOCK", "NETWORK_SECURITY_GROUP"]))]
    pub destination_type: Attr<String>,
    /// Whether answers need a rule of their own; false when left out.
    #[schemars(extend("default" = false))]
    pub stateless: Attr<bool>,
    /// What it is for.
    #[schemars(extend("x-computed" = false), length(min = 1, max = 255))]
    pub description: Attr<String>,
    /// TCP ports; any when left out.
    #[schemars(extend("x-computed" = false))]
    pub tcp_options: Attr<GroupPortOptions>,
    /// UDP ports; any when left out.
    #[schemars(extend("x-computed" = false))]
    pub udp_options: Attr<GroupPortOptions>,
    /// ICMP types; any when left out.
    #[schemars(extend("x-computed" = false))]
    pub icmp_options: Attr<IcmpOptions>,
    /// What this schema does not know, under Oracle's names.
    pub raw: Attr<BTreeMap<String, Json>>,
}

attributes!(NetworkSecurityGroupSecurityRule {
    network_security_group_id,
    direction,
    protocol,
    source,
    source_type,
    destination,
    destination_type,
    stateless,
    description,
    tcp_options,
    udp_options,
    icmp_options,
    raw,
});

/// What the service tells.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "a description: the schema is derived from it")]
struct Told {
    /// `networkSecurityGroups/{OCID}/securityRules/{id}`.
    id: String,
    /// Whether what it names still exists.
    #[schemars(extend("x-volatile" = true))]
    is_valid: bool,
    /// When it was made.
    time_created: String,
}

static SCHEMA: LazyLock<Schema> = LazyLock::new(schema::of::<NetworkSecurityGroupSecurityRule, Told>);

/// Terraform's names that Oracle spells otherwise.
const RENAMES: Renames = &[("stateless", "isStateless")];

/// It has no states; `GONE` is our word for one that its group does not list any more.
const LIFECYCLE: Lifecycle = Lifecycle {
    until: &[],
    failed: &[],
    gone: &["GONE"],
    expect: Duration::from_secs(1),
    limit: Duration::from_secs(1200),
};

/// The module of `oci_core_network_security_group_security_rule`.
#[derive(Clone, Copy, Debug)]
pub struct Module;

impl ResourceModule for Module {
    fn resource_type(&self) -> ResourceType {
        LIFECYCLE.resource_type(TYPE, &SCHEMA)
    }

    fn lifecycle(&self) -> &'static Lifecycle {
        &LIFECYCLE
    }

    fn api(&self) -> Api {
        Api {
            service: "core",
            create: Some(models::AddSecurityRuleDetails::default().facts()),
            update: Some(models::UpdateSecurityRuleDetails::default().facts()),
            renames: RENAMES,
            left_out: &[("id", "the last part of the id")],
            elsewhere: &[("network_security_group_id", "the path of the request")],
        }
    }

    fn validate(&self, inputs: &ValueMap) -> Vec<Invalid> {
        let mut problems = Vec::new();
        let (end, other) = match text(inputs, "direction").as_deref() {
            Some("EGRESS") => ("destination", "source"),
            _ => ("source", "destination"),
        };
        let mut check = rules::Check::of(inputs, &mut problems);
        check.needs(end, "for this direction");
        for name in [other.to_owned(), format!("{other}_type")] {
            check.excludes(&name, "is of the other direction");
        }
        packet_rules::check(inputs, &AttributePath::default(), &[end], &mut problems);
        problems
    }

    fn equivalent(&self, attribute: &str, desired: &Value, observed: &Value) -> bool {
        match attribute {
            "protocol" => packet_rules::same_protocol(desired, observed),
            "source" | "destination" => rules::same_block(desired, observed),
            _ => false,
        }
    }

    fn create(&self, inputs: &ValueMap, _tags: &StackTags) -> Result<Call, Failure> {
        let group = text(inputs, "network_security_group_id").unwrap_or_default();
        let rule: models::AddSecurityRuleDetails =
            wire::details(&packet_rules::with_protocol(inputs), RENAMES)?;
        let raw = rule_with(&rule, wire::raw(inputs))?;
        let details =
            models::AddNetworkSecurityGroupSecurityRulesDetails { security_rules: Some(vec![rule]) };
        Ok(Call::with_raw(AddNetworkSecurityGroupSecurityRules::new(group, details), raw))
    }

    fn read(&self, id: &str) -> Look<Seen> {
        let id = RuleId::parse(id);
        of_group(id.group.clone()).map(move |rules| {
            let id = id.to_string();
            let gone = || Seen { id: id.clone(), state: "GONE".to_owned(), ..Seen::default() };
            rules.into_iter().find(|rule| rule.id == id).unwrap_or_else(gone)
        })
    }

    fn scope(&self, attributes: &ValueMap) -> Scope {
        Scope { parent: text(attributes, "network_security_group_id"), ..Scope::default() }
    }

    fn parent_type(&self, _parent: &str) -> Option<&'static str> {
        Some(super::network_security_group::TYPE)
    }

    /// The rules of one group.
    fn list(&self, scope: &Scope) -> Option<Look<Vec<Seen>>> {
        Some(of_group(scope.parent.clone()?))
    }

    fn update(&self, id: &str, change: &Change<'_>, _tags: &StackTags) -> Result<Vec<Call>, Failure> {
        let id = RuleId::parse(id);
        let mut rule: models::UpdateSecurityRuleDetails =
            wire::details(&packet_rules::with_protocol(change.inputs), RENAMES)?;
        rule.id = Some(id.rule);
        // All of the rule is stated, and so is all that was given raw.
        let raw = rule_with(&rule, wire::raw(change.inputs))?;
        let details =
            models::UpdateNetworkSecurityGroupSecurityRulesDetails { security_rules: Some(vec![rule]) };
        // It states what the rule shall be, although its method is POST.
        let update = UpdateNetworkSecurityGroupSecurityRules::new(id.group, details);
        Ok(vec![Call::with_raw(update, raw).safe_to_repeat()])
    }

    fn delete(&self, id: &str, _attributes: &ValueMap) -> Vec<Call> {
        let id = RuleId::parse(id);
        let details =
            models::RemoveNetworkSecurityGroupSecurityRulesDetails { security_rule_ids: Some(vec![id.rule]) };
        vec![Call::new(RemoveNetworkSecurityGroupSecurityRules::new(id.group, details)).safe_to_repeat()]
    }

    fn find(&self, inputs: &ValueMap) -> Option<Look<Vec<Seen>>> {
        let group = text(inputs, "network_security_group_id")?;
        let wanted = rule_of(inputs);
        Some(
            of_group(group)
                .map(move |rules| rules.into_iter().filter(|rule| is_like(&wanted, rule)).collect()),
        )
    }

    fn id_of_new(&self, inputs: &ValueMap, body: &Json) -> Option<String> {
        let rule = body.pointer("/securityRules/0/id")?.as_str()?;
        Some(RuleId { group: text(inputs, "network_security_group_id")?, rule: rule.to_owned() }.to_string())
    }
}

/// The body of a request about one rule, where something of it was given raw: that belongs into the rule.
fn rule_with(rule: &dyn WireValue, raw: JsonMap<String, Json>) -> Result<JsonMap<String, Json>, Failure> {
    if raw.is_empty() {
        return Ok(raw);
    }
    let rules = Json::Array(vec![wire::with_raw(rule, raw)?]);
    Ok([("securityRules".to_owned(), rules)].into_iter().collect())
}

/// The id of a rule, as in Oracle's Terraform provider.
#[derive(Clone, Debug, PartialEq, Eq)]
struct RuleId {
    group: String,
    rule: String,
}

impl RuleId {
    /// What is no id of a rule names nothing.
    fn parse(id: &str) -> Self {
        let inner =
            id.strip_prefix("networkSecurityGroups/").and_then(|rest| rest.split_once("/securityRules/"));
        let (group, rule) = inner.unwrap_or((id, "-"));
        Self { group: group.to_owned(), rule: rule.to_owned() }
    }
}

impl std::fmt::Display for RuleId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "networkSecurityGroups/{}/securityRules/{}", self.group, self.rule)
    }
}

/// The rules of a group.
fn of_group(group: String) -> Look<Vec<Seen>> {
    let list = Call::all_pages(ListNetworkSecurityGroupSecurityRules::new(&*group));
    Look::one(list, move |answer| answer.items().iter().map(|rule| seen(&group, rule.clone())).collect())
}

fn seen(group: &str, body: Json) -> Seen {
    let mut body = body;
    let rule = body["id"].as_str().unwrap_or_default().to_owned();
    body["id"] = Json::String(RuleId { group: group.to_owned(), rule }.to_string());
    body["networkSecurityGroupId"] = Json::String(group.to_owned());
    Seen::new(&SCHEMA, body, RENAMES)
}

/// What makes a rule, its defaults filled in.
fn rule_of(inputs: &ValueMap) -> ValueMap {
    let mut rule = packet_rules::with_protocol(inputs);
    for (name, default) in [
        ("stateless", Value::Bool(false)),
        ("source_type", "CIDR_BLOCK".into()),
        ("destination_type", "CIDR_BLOCK".into()),
    ] {
        let end = name.split('_').next().unwrap_or_default();
        let counts = name == "stateless" || rule.get(end).is_some();
        if counts && rule.get(name).is_none_or(Value::is_null) {
            rule.insert(name, default);
        }
    }
    rule
}

/// Whether a rule of the group is the one that was to be added.
fn is_like(wanted: &ValueMap, rule: &Seen) -> bool {
    let there = rule_of(&rule.attributes);
    let parts = [
        "direction",
        "protocol",
        "source",
        "source_type",
        "destination",
        "destination_type",
        "stateless",
        "tcp_options",
        "udp_options",
        "icmp_options",
        "description",
    ];
    fn set<'a>(values: &'a ValueMap, name: &str) -> Option<&'a Value> {
        values.get(name).filter(|value| !value.is_null())
    }
    parts.iter().all(|name| match (set(wanted, name), set(&there, name)) {
        (Some(wanted), Some(there)) => wanted == there || rules::same_block(wanted, there),
        (wanted, there) => wanted == there,
    })
}
