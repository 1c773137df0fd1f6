//! Lists: filters, sorting, paging and summaries, the same for every type.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::{Call, Reply};
use crate::cloud::{Cloud, Kind, Resource};
use crate::error::ApiError;
use crate::facts::{Payload, Type, facts};

/// Query parameters that steer the list itself and filter nothing.
const STEERING: [&str; 6] = ["compartmentId", "limit", "page", "sortBy", "sortOrder", "fields"];

/// How one type is listed.
#[derive(Clone, Copy, Debug)]
pub struct List<'a> {
    /// The type.
    pub kind: &'a Kind,
    /// Elements of a page when the caller does not say.
    pub page_limit: usize,
    /// Whether the newest come first when the caller does not say; otherwise names ascend.
    pub newest_first: bool,
    /// Query parameters that `accept` looks at itself.
    pub handled: &'a [&'a str],
    /// A further condition.
    pub accept: fn(&Cloud, &Call, &Resource) -> bool,
}

impl<'a> List<'a> {
    /// As most core types are listed: newest first.
    #[must_use]
    pub const fn of(kind: &'a Kind) -> Self {
        // Small, so that clients meet a second page; the service's own default is not documented.
        Self { kind, page_limit: 25, newest_first: true, handled: &[], accept: |_, _, _| true }
    }
}

/// Answers a list operation: by compartment where that is given, filtered by every query parameter that is
/// also an attribute (lifecycle states without regard to case), sorted, cut into pages, and each element
/// reduced to the model that the operation answers with.
///
/// # Errors
/// 400 for a page token that was not given out.
pub fn list_resources(cloud: &Cloud, call: &Call, list: &List) -> Result<Reply, ApiError> {
    let fits = |resource: &&Resource| {
        !resource.invisible && matches(call, list, resource) && (list.accept)(cloud, call, resource)
    };
    let mut found: Vec<&Resource> = match call.query("compartmentId") {
        Some(compartment) => cloud.in_compartment(list.kind, compartment).filter(fits).collect(),
        None => cloud.of_kind(list.kind).filter(fits).collect(),
    };
    sort(call, list, &mut found);
    let (shown, next) = page(call, found, |resource| &resource.id, list.page_limit)?;
    let model = element_model(call);
    let values = shown.into_iter().map(|resource| match model {
        Some(model) if model != list.kind.model => {
            Value::Object(facts().project(&call.op.service, model, &resource.body))
        }
        _ => Value::Object(resource.body.clone()),
    });
    Ok(answer(call, values.collect(), next))
}

/// The elements of the page that the caller asks for, and the token of the next one. `id` tells elements
/// apart: a page goes on after the element that the last one ended with.
///
/// # Errors
/// 400 for a page token that was not given out.
pub fn page<'t, T>(
    call: &Call,
    items: Vec<T>,
    id: impl Fn(&T) -> &'t str,
    page_limit: usize,
) -> Result<(Vec<T>, Option<String>), ApiError>
where
    T: 't,
{
    let limit = match call.query("limit") {
        Some(text) => text.parse().map_err(|_| ApiError::invalid("limit", "it is not a number"))?,
        None => call.page_limit.unwrap_or(page_limit),
    };
    let start = match call.query("page") {
        None => 0,
        Some(token) => {
            let (offset, last) =
                read_token(token).ok_or_else(|| ApiError::invalid("page", "unknown page token"))?;
            items.iter().position(|item| id(item) == last).map_or(offset, |position| position + 1)
        }
    };
    let end = start.saturating_add(limit).min(items.len());
    let next = (end < items.len() && end > 0).then(|| write_token(end, id(&items[end - 1])));
    Ok((items.into_iter().skip(start).take(limit).collect(), next))
}

/// The list in the shape that the operation answers with: a bare array, or an object with `items`.
#[must_use]
pub fn answer(call: &Call, values: Vec<Value>, next: Option<String>) -> Reply {
    let values = Value::Array(values);
    let reply = match &call.op.response {
        Payload::Json(Type::List(_)) => Reply::json(values),
        _ => Reply::json(Value::Object(Map::from_iter([("items".to_owned(), values)]))),
    };
    match next {
        Some(token) => reply.header("opc-next-page", token),
        None => reply,
    }
}

/// The model of a list's elements, whether the list is bare or a collection.
fn element_model(call: &Call) -> Option<&'static str> {
    let model = call.op.response.model()?;
    if matches!(call.op.response, Payload::Json(Type::List(_))) {
        return Some(model);
    }
    let Type::List(element) = &facts().models(&call.op.service).get(model)?.fields.get("items")?.kind else {
        return None;
    };
    match &**element {
        Type::Model(name) => Some(name),
        _ => None,
    }
}

fn matches(call: &Call, list: &List, resource: &Resource) -> bool {
    call.query.iter().all(|(name, values)| {
        if STEERING.contains(&name.as_str()) || list.handled.contains(&name.as_str()) {
            return true;
        }
        let Some(actual) = resource.body.get(name).or_else(|| resource.hidden.get(name)) else {
            return false;
        };
        values.iter().any(|wanted| match actual {
            Value::String(text) if name == "lifecycleState" => text.eq_ignore_ascii_case(wanted),
            Value::String(text) => text == wanted,
            Value::Bool(flag) => wanted.eq_ignore_ascii_case(if *flag { "true" } else { "false" }),
            other => wanted.parse::<Value>().is_ok_and(|wanted| wanted == *other),
        })
    })
}

fn sort(call: &Call, list: &List, found: &mut [&Resource]) {
    let by = call.query("sortBy").map(|name| name.replace('_', "").to_ascii_lowercase());
    let by_time = match &by {
        Some(name) => name.starts_with("time") || name == "id",
        None => list.newest_first,
    };
    let descending = match call.query("sortOrder") {
        Some(order) => order.eq_ignore_ascii_case("DESC"),
        None => by_time && list.newest_first,
    };
    if by.as_deref() == Some("timeupdated") {
        found.sort_by(|a, b| a.text("timeUpdated").cmp(&b.text("timeUpdated")).then(a.row.cmp(&b.row)));
    } else if by_time {
        found.sort_by_key(|resource| (resource.created, resource.row));
    } else {
        let name = |resource: &Resource| {
            resource.text("displayName").or_else(|| resource.text("name")).unwrap_or_default().to_owned()
        };
        found.sort_by_cached_key(|resource| (name(resource), resource.row));
    }
    if descending {
        found.reverse();
    }
}

/// Tokens hold characters that a query must escape, so that a client that forgets to is found out.
fn write_token(offset: usize, last: &str) -> String {
    format!("{}/+=", STANDARD.encode(format!("{offset} {last}")))
}

fn read_token(token: &str) -> Option<(usize, String)> {
    let bytes = STANDARD.decode(token.strip_suffix("/+=")?).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (offset, last) = text.split_once(' ')?;
    Some((offset.parse().ok()?, last.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_gives_back_what_was_put_in() {
        assert_eq!(read_token(&write_token(25, "ocid1.vcn")), Some((25, "ocid1.vcn".to_owned())));
        for bad in ["", "abc", "/+=", "MjU=/+=", "tok%2F%2B%3D"] {
            assert_eq!(read_token(bad), None, "{bad:?}");
        }
    }
}
