//! Security rules: what the tables cannot say about one, and the defaults that the service fills in.

use serde_json::{Map, Value, json};

use super::network_security_group::NETWORK_SECURITY_GROUP;
use crate::cloud::Cloud;
use crate::error::ApiError;

/// Which end of a rule names the other side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Source,
    Destination,
}

impl Side {
    fn field(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Destination => "destination",
        }
    }
}

/// Checks one rule and fills in what the request left out.
///
/// # Errors
/// 400, naming the field below `path`.
pub(super) fn complete(
    cloud: &Cloud,
    rule: &mut Map<String, Value>,
    side: Side,
    path: &str,
    vcn_id: &str,
) -> Result<(), ApiError> {
    let field = side.field();
    rule.retain(|_, value| !value.is_null());
    let place = format!("{path}.{field}");
    let Some(range) = rule.get(field).and_then(Value::as_str).filter(|text| !text.is_empty()) else {
        return Err(ApiError::missing(&place));
    };
    let kind = rule.get(&format!("{field}Type")).and_then(Value::as_str).unwrap_or("CIDR_BLOCK");
    match kind {
        "SERVICE_CIDR_BLOCK" if super::service_gateway::service_by_label(cloud, range).is_none() => {
            return Err(ApiError::invalid(&place, format!("{range:?} is not the CIDR label of a service")));
        }
        "NETWORK_SECURITY_GROUP" => {
            super::related_in_vcn(cloud, &place, &NETWORK_SECURITY_GROUP, range, vcn_id)?;
        }
        _ => {}
    }
    check_options(rule, path)?;
    let kind = kind.to_owned();
    rule.insert(format!("{field}Type"), json!(kind));
    super::default_field(rule, "isStateless", false);
    Ok(())
}

/// Options belong to their protocol.
fn check_options(rule: &Map<String, Value>, path: &str) -> Result<(), ApiError> {
    let protocol = rule.get("protocol").and_then(Value::as_str).unwrap_or_default();
    for (field, protocols) in
        [("tcpOptions", &["6"][..]), ("udpOptions", &["17"][..]), ("icmpOptions", &["1", "58"][..])]
    {
        if rule.contains_key(field) && !protocols.contains(&protocol) {
            return Err(ApiError::invalid(
                &format!("{path}.{field}"),
                format!("it does not go with protocol {protocol:?}"),
            ));
        }
    }
    Ok(())
}

/// Checks and completes all rules of a list field of the request.
///
/// # Errors
/// As [`complete`]; 400 when there are more than `max`.
pub(super) fn complete_list(
    cloud: &Cloud,
    body: &mut Map<String, Value>,
    field: &str,
    side: Side,
    vcn_id: &str,
    max: usize,
) -> Result<(), ApiError> {
    let Some(Value::Array(rules)) = body.get_mut(field) else { return Ok(()) };
    if rules.len() > max {
        return Err(ApiError::limit_exceeded(format!(
            "{field} has {} rules, at most {max} are allowed",
            rules.len()
        )));
    }
    for (index, rule) in rules.iter_mut().enumerate() {
        if let Value::Object(rule) = rule {
            complete(cloud, rule, side, &format!("{field}[{index}]"), vcn_id)?;
        }
    }
    super::reorder(rules);
    Ok(())
}
