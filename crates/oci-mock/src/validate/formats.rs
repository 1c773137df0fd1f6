//! What the tables cannot say about a text or number: CIDR blocks, OCID types, name rules, ranges.
//!
//! # Source
//! Oracle's API reference (ranges, patterns) for the API versions of `schemas/oci-api`.

use std::net::IpAddr;

use ipnet::IpNet;
use serde_json::{Map, Value};

use crate::ocid;

/// What is wrong with the field `name` of an object of `model`; `None` when nothing is.
pub(super) fn problem(
    service: &str,
    model: &str,
    name: &str,
    value: &Value,
    whole: &Map<String, Value>,
) -> Option<String> {
    match value {
        Value::String(text) => text_problem(service, model, name, text, whole),
        Value::Number(number) => number_problem(model, name, number.as_f64()?),
        Value::Array(items) => list_problem(name, items.len()),
        Value::Object(fields) => object_problem(model, name, fields),
        Value::Null | Value::Bool(_) => None,
    }
}

/// What is wrong with the OCID in a parameter or field called `name`.
pub(super) fn ocid_problem(name: &str, text: &str) -> Option<String> {
    let kinds = ocid_kinds(name)?;
    match ocid::kind(text) {
        None => Some(format!("{text:?} is not an OCID")),
        Some(kind) if !kinds.contains(&kind) => {
            Some(format!("the OCID of a {kind} was given, that of a {} is needed", kinds.join(" or ")))
        }
        Some(_) => None,
    }
}

/// The types that a field or path parameter may refer to, by its name.
fn ocid_kinds(name: &str) -> Option<&'static [&'static str]> {
    Some(match name {
        "compartmentId" | "targetCompartmentId" => &["compartment", "tenancy"],
        "tenancyId" => &["tenancy"],
        "vcnId" => &["vcn"],
        "subnetId" => &["subnet"],
        "routeTableId" | "rtId" => &["routetable"],
        "securityListId" | "securityListIds" => &["securitylist"],
        "dhcpOptionsId" | "dhcpId" => &["dhcpoptions"],
        "internetGatewayId" | "igId" => &["internetgateway"],
        "natGatewayId" => &["natgateway"],
        "serviceGatewayId" => &["servicegateway"],
        "serviceId" => &["service"],
        "networkSecurityGroupId" | "nsgIds" | "networkSecurityGroupIds" => &["networksecuritygroup"],
        "publicIpId" => &["publicip"],
        "privateIpId" => &["privateip"],
        "vnicId" => &["vnic"],
        "vnicAttachmentId" => &["vnicattachment"],
        "instanceId" => &["instance"],
        "imageId" => &["image"],
        "volumeId" => &["volume"],
        "bootVolumeId" => &["bootvolume"],
        "volumeAttachmentId" => &["volumeattachment"],
        "dbSystemId" => &["mysqldbsystem"],
        "replicaId" => &["mysqlreplica"],
        "backupId" => &["mysqlbackup"],
        "configurationId" => &["mysqlconfiguration"],
        "fileSystemId" => &["filesystem"],
        "mountTargetId" => &["mounttarget"],
        "exportSetId" => &["exportset"],
        "exportId" => &["export"],
        "networkLoadBalancerId" => &["networkloadbalancer"],
        "networkEntityId" => &[
            "internetgateway",
            "natgateway",
            "servicegateway",
            "privateip",
            "drg",
            "localpeeringgateway",
            "vnic",
        ],
        "targetId" => &["instance", "privateip"],
        _ => return None,
    })
}

fn text_problem(
    service: &str,
    model: &str,
    name: &str,
    text: &str,
    whole: &Map<String, Value>,
) -> Option<String> {
    // An empty id takes something away in an update: a public IP from a private one, that from its VNIC.
    if text.is_empty() && (name == "privateIpId" || (name == "vnicId" && model == "UpdatePrivateIpDetails")) {
        return None;
    }
    if let Some(problem) = ocid_problem(name, text) {
        return Some(problem);
    }
    match name {
        "cidrBlock" | "cidrBlocks" | "ipv4CidrBlocks" | "newCidrBlock" | "originalCidrBlock"
            if model != "Service" && !is_service_label(whole) =>
        {
            cidr_problem(text)
        }
        // A client of an export may be a single address.
        "source" if model == "ClientOptions" && text.parse::<IpAddr>().is_err() => cidr_problem(text),
        "source" if service == "core" => address_range_problem(text, whole.get("sourceType")),
        "destination" if service == "core" => address_range_problem(text, whole.get("destinationType")),
        "privateIp" | "ipAddress" | "readEndpointIpAddress" | "assignedPrivateIpv4" => {
            text.parse::<IpAddr>().is_err().then(|| format!("{text:?} is not an IP address"))
        }
        "dnsLabel" => dns_label_problem(text),
        "hostnameLabel" | "readEndpointHostnameLabel" => host_label_problem(text),
        "displayName" if service == "network_load_balancer" => length_problem(text, 1, 1024),
        "displayName" => length_problem(text, 1, 255),
        "protocol" if model.ends_with("SecurityRule") || model.ends_with("SecurityRuleDetails") => {
            protocol_problem(text)
        }
        "name" if model.contains("Compartment") => name_problem(text, 100, "._-"),
        "name" if is_nlb_part(service, model) => name_problem(text, 32, "_- "),
        "description" if model.contains("Compartment") || service == "mysql" => length_problem(text, 1, 400),
        "description" if service == "core" => length_problem(text, 0, 255),
        "adminUsername" => length_problem(text, 1, 32),
        "adminPassword" => password_problem(text),
        "path" if model.contains("Export") => length_problem(text, 1, 1024)
            .or_else(|| (!text.starts_with('/')).then(|| "it must begin with /".to_owned())),
        "urlPath" => (!text.starts_with('/')).then(|| "it must begin with /".to_owned()),
        _ => None,
    }
}

fn is_nlb_part(service: &str, model: &str) -> bool {
    service == "network_load_balancer" && (model.contains("Listener") || model.contains("BackendSet"))
}

fn is_service_label(rule: &Map<String, Value>) -> bool {
    rule.get("destinationType").is_some_and(|kind| kind == "SERVICE_CIDR_BLOCK")
}

fn address_range_problem(text: &str, kind: Option<&Value>) -> Option<String> {
    match kind.and_then(Value::as_str).unwrap_or("CIDR_BLOCK") {
        "CIDR_BLOCK" => cidr_problem(text),
        "NETWORK_SECURITY_GROUP" => ocid_problem("networkSecurityGroupId", text),
        // The label of Oracle's services, or an unknown type that the enum check reports.
        _ => None,
    }
}

fn cidr_problem(text: &str) -> Option<String> {
    let Ok(block) = text.parse::<IpNet>() else { return Some(format!("{text:?} is not a CIDR block")) };
    (block.network() != block.addr())
        .then(|| format!("{text} has host bits set; the block is {}", block.trunc()))
}

fn dns_label_problem(text: &str) -> Option<String> {
    let starts_well = text.starts_with(|first: char| first.is_ascii_alphabetic());
    let legal = text.len() <= 15 && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    (!(starts_well && legal)).then(|| "1 to 15 letters and digits, beginning with a letter".to_owned())
}

fn host_label_problem(text: &str) -> Option<String> {
    let legal = (1..=63).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-');
    (!legal).then(|| "1 to 63 letters, digits and inner hyphens".to_owned())
}

fn length_problem(text: &str, min: usize, max: usize) -> Option<String> {
    let length = text.chars().count();
    (!(min..=max).contains(&length)).then(|| format!("{length} characters, {min} to {max} are allowed"))
}

fn name_problem(text: &str, max: usize, also: &str) -> Option<String> {
    length_problem(text, 1, max).or_else(|| {
        let illegal = text.chars().find(|c| !c.is_ascii_alphanumeric() && !also.contains(*c))?;
        Some(format!("the character {illegal:?} is not allowed in a name"))
    })
}

fn protocol_problem(text: &str) -> Option<String> {
    let known =
        text == "all" || (text.parse::<u8>().is_ok() && text.bytes().all(|byte| byte.is_ascii_digit()));
    (!known).then(|| format!("{text:?} is neither \"all\" nor an IANA protocol number"))
}

/// Says what is missing, never what was given.
fn password_problem(text: &str) -> Option<String> {
    let has = |test: fn(char) -> bool| text.chars().any(test);
    let good = (8..=32).contains(&text.chars().count())
        && has(|c| c.is_ascii_digit())
        && has(|c| c.is_ascii_lowercase())
        && has(|c| c.is_ascii_uppercase())
        && has(|c| !c.is_ascii_alphanumeric());
    (!good)
        .then(|| "8 to 32 characters with a digit, a lower-case, an upper-case and a special one".to_owned())
}

fn number_problem(model: &str, name: &str, number: f64) -> Option<String> {
    let (min, max) = match name {
        "min" | "max" if model == "PortRange" => (1.0, 65535.0),
        "type" if model == "IcmpOptions" => (0.0, 254.0),
        "code" if model == "IcmpOptions" => (0.0, 16.0),
        "port" => (0.0, 65535.0),
        "portX" => (1024.0, 65535.0),
        "weight" => (1.0, 100.0),
        "clusterSize" => (1.0, 512.0),
        "sizeInGBs" | "bootVolumeSizeInGBs" => (50.0, 32768.0),
        "dataStorageSizeInGBs" => (50.0, 131_072.0),
        "retentionInDays" if model.contains("Backup") => (1.0, 35.0),
        "timeoutInMillis" => (1.0, 600_000.0),
        "intervalInMillis" => (1000.0, 1_800_000.0),
        "returnCode" => (0.0, 999.0),
        _ => return None,
    };
    (!(min..=max).contains(&number)).then(|| format!("{number} is not between {min} and {max}"))
}

fn list_problem(name: &str, length: usize) -> Option<String> {
    let max = match name {
        "securityListIds" | "nsgIds" | "networkSecurityGroupIds" => 5,
        "exportOptions" => 100,
        "securityRules" | "securityRuleIds" => 25,
        "customerContacts" => 10,
        _ => return None,
    };
    (length > max).then(|| format!("{length} elements, at most {max} are allowed"))
}

fn object_problem(model: &str, name: &str, fields: &Map<String, Value>) -> Option<String> {
    match name {
        "freeformTags" => freeform_tags_problem(fields),
        "definedTags" => defined_tags_problem(fields),
        _ if name.ends_with("PortRange") => {
            let bound = |name: &str| fields.get(name).and_then(Value::as_i64);
            let (min, max) = (bound("min")?, bound("max")?);
            (min > max).then(|| format!("min {min} is above max {max}"))
        }
        "metadata" if model.contains("Instance") => {
            let size: usize =
                fields.iter().map(|(key, value)| key.len() + value.as_str().map_or(0, str::len)).sum();
            (size > 32_000).then(|| format!("{size} bytes, at most 32000 are allowed"))
        }
        _ => None,
    }
}

fn freeform_tags_problem(tags: &Map<String, Value>) -> Option<String> {
    if tags.len() > 10 {
        return Some(format!("{} tags, at most 10 are allowed", tags.len()));
    }
    let bad_key = |key: &str| {
        key.is_empty() || key.len() > 100 || key.chars().any(|c| !c.is_ascii_graphic() || c == '.')
    };
    if let Some(key) = tags.keys().find(|key| bad_key(key)) {
        return Some(format!(
            "{key:?} is not a tag key: 1 to 100 printable characters without period or space"
        ));
    }
    let long =
        tags.iter().find(|(_, value)| value.as_str().is_some_and(|text| text.chars().count() > 256))?;
    Some(format!("the value of {:?} has more than 256 characters", long.0))
}

fn defined_tags_problem(tags: &Map<String, Value>) -> Option<String> {
    let values = tags.iter().flat_map(|(namespace, keys)| {
        keys.as_object().into_iter().flatten().map(move |(key, value)| (namespace, key, value))
    });
    let mut values = values.filter(|(_, _, value)| !value.is_string());
    let (namespace, key, _) = values.next()?;
    Some(format!("the value of {namespace}.{key} is not a string"))
}
