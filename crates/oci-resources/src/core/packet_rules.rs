//! What rules about packets have in common: ports, ICMP types, protocols.
//!
//! Terraform flattens the destination ports of a security list's rule (`tcp_options { min max }`) and calls `isStateless`
//! `stateless`; a rule of a network security group keeps Oracle's shape. Protocols are numbers as texts for Oracle
//! (`"6"`); their names are taken too (`"tcp"`). Rules have no identity and no order.

use reconcile::provider::Invalid;
use reconcile::value::{AttributePath, Value, ValueMap};
use schemars::JsonSchema;
use serde_json::Value as Json;

use crate::attr::{Attr, attributes};
use crate::rules;

/// Ports, from the least to the greatest.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct PortRange {
    /// The least.
    #[schemars(extend("x-required" = true), range(min = 1, max = 65535))]
    pub min: Attr<i64>,
    /// The greatest.
    #[schemars(extend("x-required" = true), range(min = 1, max = 65535))]
    pub max: Attr<i64>,
}

attributes!(PortRange { min, max });

/// Which ICMP packets.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct IcmpOptions {
    /// The ICMP type.
    #[schemars(extend("x-required" = true), range(min = 0, max = 254))]
    pub r#type: Attr<i64>,
    /// The ICMP code; any when left out.
    #[schemars(extend("x-exact" = true), range(min = 0, max = 16))]
    pub code: Attr<i64>,
}

attributes!(IcmpOptions { r#type, code });

/// Ports of a security list's rule: those of the destination, and perhaps of the source.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct PortOptions {
    /// The least destination port; any when left out.
    #[schemars(extend("x-exact" = true), range(min = 1, max = 65535))]
    pub min: Attr<i64>,
    /// The greatest destination port; any when left out.
    #[schemars(extend("x-exact" = true), range(min = 1, max = 65535))]
    pub max: Attr<i64>,
    /// The source ports; any when left out.
    #[schemars(extend("x-exact" = true))]
    pub source_port_range: Attr<PortRange>,
}

attributes!(PortOptions { min, max, source_port_range });

/// Ports of a network security group's rule.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct GroupPortOptions {
    /// The destination ports; any when left out.
    #[schemars(extend("x-exact" = true))]
    pub destination_port_range: Attr<PortRange>,
    /// The source ports; any when left out.
    #[schemars(extend("x-exact" = true))]
    pub source_port_range: Attr<PortRange>,
}

attributes!(GroupPortOptions { destination_port_range, source_port_range });

/// Names that IANA gave to the protocols that Oracle's console offers by name.
///
/// # Source
/// IANA's registry of protocol numbers.
const PROTOCOLS: &[(&str, &str)] =
    &[("all", "all"), ("icmp", "1"), ("tcp", "6"), ("udp", "17"), ("icmpv6", "58"), ("vrrp", "112")];

/// The protocol as Oracle spells it.
pub(crate) fn protocol(text: &str) -> String {
    let lower = text.trim().to_ascii_lowercase();
    let named = PROTOCOLS.iter().find(|(name, _)| *name == lower).map(|(_, number)| (*number).to_owned());
    // `06` is 6.
    named.or_else(|| lower.parse::<u8>().ok().map(|number| number.to_string())).unwrap_or(lower)
}

/// Whether two spellings name one protocol.
pub(crate) fn same_protocol(desired: &Value, observed: &Value) -> bool {
    desired.as_str().zip(observed.as_str()).is_some_and(|(a, b)| protocol(a) == protocol(b))
}

/// The rule with its protocol spelled as Oracle does.
pub(crate) fn with_protocol(rule: &ValueMap) -> ValueMap {
    let mut rule = rule.clone();
    if let Some(name) = rule.get("protocol").and_then(Value::as_str).map(protocol) {
        rule.insert("protocol", Value::string(name));
    }
    rule
}

/// A security list's rule in Oracle's shape.
pub(crate) fn to_oracle(rule: &Value) -> Value {
    let Some(rule) = rule.as_map() else { return rule.clone() };
    let mut rule = with_protocol(rule);
    for name in ["tcp_options", "udp_options"] {
        let Some(options) = rule.get(name).and_then(Value::as_map).cloned() else { continue };
        let mut shaped = ValueMap::new();
        let ends = ["min", "max"].map(|end| options.get(end).filter(|port| !port.is_null()).cloned());
        if let [Some(min), Some(max)] = ends {
            shaped.insert("destination_port_range", Value::map([("min", min), ("max", max)]));
        }
        if let Some(range) = options.get("source_port_range").filter(|range| !range.is_null()) {
            shaped.insert("source_port_range", range.clone());
        }
        rule.insert(name, Value::Map(shaped));
    }
    Value::Map(rule)
}

/// A security list's rule, as Oracle shows it, in Terraform's shape.
pub(crate) fn from_oracle(rule: &mut Json) {
    for name in ["tcpOptions", "udpOptions"] {
        let Some(options) = rule.get_mut(name).and_then(Json::as_object_mut) else { continue };
        if let Some(Json::Object(range)) = options.remove("destinationPortRange") {
            options.extend(range);
        }
    }
}

/// What is wrong with the rule at `path`, besides what the schema says.
pub(crate) fn check(rule: &ValueMap, path: &AttributePath, ends: &[&str], problems: &mut Vec<Invalid>) {
    let text = |name: &str| rule.get(name).and_then(Value::as_str);
    let is_set = |name: &str| rule.get(name).is_some_and(|value| !value.is_null());
    let mut problem = |name: &str, message: String| {
        problems.push(Invalid { path: path.name(name), message });
    };
    let number = text("protocol").map(protocol);
    if let Some(number) = &number
        && number != "all"
        && number.parse::<u8>().is_err()
    {
        problem(
            "protocol",
            format!("`{number}` is no protocol: a number from 0 to 255, `all`, `tcp`, `udp`, `icmp`"),
        );
    }
    for (options, allowed) in
        [("tcp_options", &["6"][..]), ("udp_options", &["17"]), ("icmp_options", &["1", "58"])]
    {
        if let (true, Some(number)) = (is_set(options), &number)
            && !allowed.contains(&number.as_str())
        {
            problem(options, format!("goes with protocol {} only, not with {number}", allowed.join(" or ")));
        }
    }
    for end in ends {
        let kind = text(&format!("{end}_type")).unwrap_or("CIDR_BLOCK");
        let Some(place) = text(end) else { continue };
        match kind {
            "CIDR_BLOCK" => rules::any_block(place),
            "SERVICE_CIDR_BLOCK" if place.contains('/') => {
                Err(format!("`{place}` is an address block; the label of Oracle services is asked for"))
            }
            "NETWORK_SECURITY_GROUP" if !place.starts_with("ocid1.networksecuritygroup.") => {
                Err(format!("`{place}` is not the OCID of a network security group"))
            }
            _ => Ok(()),
        }
        .unwrap_or_else(|message| problem(end, message));
    }
    for options in ["tcp_options", "udp_options"] {
        let Some(ports) = rule.get(options).and_then(Value::as_map) else { continue };
        check_ports(ports, &path.name(options), problems);
        for range in ["source_port_range", "destination_port_range"] {
            if let Some(ports) = ports.get(range).and_then(Value::as_map) {
                check_ports(ports, &path.name(options).name(range), problems);
            }
        }
    }
}

fn check_ports(ports: &ValueMap, path: &AttributePath, problems: &mut Vec<Invalid>) {
    let port = |name: &str| ports.get(name).and_then(Value::as_i64);
    let message = match (port("min"), port("max")) {
        (Some(min), Some(max)) if min > max => format!("is {max}, less than `min`, which is {min}"),
        (Some(_), None) if ports.get("max").is_none_or(Value::is_null) => {
            "must be set beside `min`".to_owned()
        }
        (None, Some(_)) if ports.get("min").is_none_or(Value::is_null) => {
            problems.push(Invalid { path: path.name("min"), message: "must be set beside `max`".to_owned() });
            return;
        }
        _ => return,
    };
    problems.push(Invalid { path: path.name("max"), message });
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::wire::from_json;

    #[test]
    fn protocols_are_the_same_whatever_their_spelling() {
        for (a, b, same) in [
            ("6", "tcp", true),
            ("TCP", "6", true),
            ("06", "6", true),
            ("all", "ALL", true),
            ("6", "17", false),
        ] {
            assert_eq!(same_protocol(&a.into(), &b.into()), same, "{a} {b}");
        }
    }

    #[test]
    fn ports_go_to_oracles_shape_and_back() {
        let rule = json!({"protocol": "tcp", "source": "10.0.0.0/16", "tcp_options": {
            "min": 2048, "max": 2050, "source_port_range": {"min": 1, "max": 2}}});
        let shaped = to_oracle(&from_json(&rule));
        assert_eq!(
            shaped,
            from_json(&json!({"protocol": "6", "source": "10.0.0.0/16", "tcp_options": {
                "destination_port_range": {"min": 2048, "max": 2050}, "source_port_range": {"min": 1, "max": 2}}}))
        );
        let mut shown = json!({"tcpOptions": {"destinationPortRange": {"min": 1, "max": 2}}});
        from_oracle(&mut shown);
        assert_eq!(shown, json!({"tcpOptions": {"min": 1, "max": 2}}));
    }

    #[test]
    fn every_rule_of_a_rule_is_checked_with_its_place() {
        let rule = json!({"protocol": "tcp", "source": "10.0.0.1/16", "udp_options": {"min": 1, "max": 2},
            "tcp_options": {"min": 9, "max": 2, "source_port_range": {"min": 5, "max": 4}}});
        let mut problems = Vec::new();
        let path = AttributePath::attribute("ingress_security_rules").index(0);
        check(from_json(&rule).as_map().unwrap(), &path, &["source"], &mut problems);
        let told: Vec<String> =
            problems.iter().map(|problem| format!("{}: {}", problem.path, problem.message)).collect();
        assert_eq!(
            told,
            [
                "ingress_security_rules[0].udp_options: goes with protocol 17 only, not with 6",
                "ingress_security_rules[0].source: `10.0.0.1/16` has host bits set; the block is `10.0.0.0/16`",
                "ingress_security_rules[0].tcp_options.max: is 2, less than `min`, which is 9",
                "ingress_security_rules[0].tcp_options.source_port_range.max: is 4, less than `min`, which is 5",
            ]
        );
    }
}
