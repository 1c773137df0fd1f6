//! Configuration: the variables of MySQL for DB systems of one shape.
//!
//! Two default ones exist for each shape, for standalone and for highly available DB systems. Variables never
//! change once a configuration exists.
//! API: MySQL 20190415, `Configuration`.

use serde_json::{Map, Value, json};

use super::db_system::DB_SYSTEM;
use super::replica::REPLICA;
use super::shape::{Shape, db_system_shape, db_system_shapes};
use super::{MYSQLAAS, mysql_kind, shown};
use crate::cloud::{Cloud, Event, Kind, New, Resource};
use crate::error::ApiError;
use crate::facts::facts;
use crate::services::{Call, Module, Reply, answer, page, read, write};

/// The type. The inventory lists the custom ones only.
pub static CONFIGURATION: Kind = mysql_kind("mysqlconfiguration", "Configuration", None);

/// The operations of this file.
pub static MODULE: Module = Module {
    operations: &[
        write(MYSQLAAS, "CreateConfiguration", create),
        read(MYSQLAAS, "GetConfiguration", |cloud, call| {
            Ok(shown(call, cloud.find(&CONFIGURATION, call.id())?))
        }),
        read(MYSQLAAS, "ListConfigurations", list),
        write(MYSQLAAS, "UpdateConfiguration", update),
        write(MYSQLAAS, "DeleteConfiguration", delete),
    ],
    kinds: &[&CONFIGURATION],
    events: &[],
    seed: Some(seed),
};

/// Hidden attribute: whether it is for highly available DB systems. Custom ones do for both.
const FOR_HA: &str = "isForHighAvailability";

fn seed(cloud: &mut Cloud) {
    let tenancy = cloud.place().tenancy_id.clone();
    for shape in db_system_shapes() {
        for (title, is_ha) in [("Standalone", false), ("HA", true)] {
            if is_ha && shape.name == "MySQL.Free" {
                continue;
            }
            let name = format!("{}.{title}", shape.name);
            let variables = default_variables(shape);
            let body = json!({
                "compartmentId": tenancy, "displayName": name, "shapeName": shape.name, "type": "DEFAULT",
                "description": format!("Default {title} configuration for the {} MySQL Shape", shape.name),
                "options": options(&variables), "variables": variables,
                "initVariables": {"lowerCaseTableNames": "CASE_SENSITIVE"},
            });
            cloud.insert(New::from_json(&CONFIGURATION, "ACTIVE", body).hidden(FOR_HA, is_ha));
        }
    }
}

fn default_variables(shape: Shape) -> Map<String, Value> {
    let memory = u64::from(shape.memory_gb);
    let variables = json!({
        "maxConnections": memory * 1000 / 16,
        "innodbBufferPoolSize": memory * 3 / 4 * (1 << 30),
        "binlogExpireLogsSeconds": 3600,
        "sqlRequirePrimaryKey": false,
    });
    let Value::Object(variables) = variables else { unreachable!("an object literal") };
    variables
}

/// The newer way of writing variables: names as MySQL has them, all values as text.
fn options(variables: &Map<String, Value>) -> Value {
    let option = |(name, value): (&String, &Value)| {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        json!({"name": snake_case(name), "value": value})
    };
    Value::Array(variables.iter().map(option).collect())
}

fn snake_case(name: &str) -> String {
    name.chars().fold(String::new(), |mut text, letter| {
        if letter.is_ascii_uppercase() {
            text.push('_');
        }
        text.push(letter.to_ascii_lowercase());
        text
    })
}

/// The default configuration of a shape.
pub(super) fn default_for(cloud: &Cloud, shape: &str, is_ha: bool) -> Option<String> {
    let found = cloud.of_kind(&CONFIGURATION).find(|configuration| {
        configuration.text("type") == Some("DEFAULT")
            && configuration.text("shapeName") == Some(shape)
            && configuration.hidden.get(FOR_HA) == Some(&json!(is_ha))
    });
    found.map(|configuration| configuration.id.to_string())
}

/// Refuses a configuration that is not there, or does not fit the shape.
pub(super) fn require_fitting(
    cloud: &Cloud,
    field: &str,
    id: &str,
    shape: &str,
    is_ha: bool,
) -> Result<(), ApiError> {
    let configuration = cloud.related(field, &CONFIGURATION, id)?;
    let own = configuration.text("shapeName").unwrap_or_default();
    if own != shape {
        return Err(ApiError::invalid(
            field,
            format!("the configuration is for the shape {own}, not for {shape}"),
        ));
    }
    if configuration.hidden.get(FOR_HA).is_some_and(|own| *own != json!(is_ha)) {
        let kind = if is_ha { "highly available" } else { "standalone" };
        return Err(ApiError::invalid(field, format!("the configuration is not for {kind} DB systems")));
    }
    Ok(())
}

fn create(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    let shape = db_system_shape("shapeName", call.required_text("shapeName")?)?;
    let mut variables = match call.text("parentConfigurationId") {
        None => default_variables(shape),
        Some(parent) => {
            require_parent(cloud, parent, shape)?;
            let parent = cloud.related("parentConfigurationId", &CONFIGURATION, parent)?;
            parent.body.get("variables").and_then(Value::as_object).cloned().unwrap_or_default()
        }
    };
    if call.json.contains_key("options") && call.json.contains_key("variables") {
        return Err(ApiError::invalid("options", "give options or variables, not both"));
    }
    if let Some(Value::Object(given)) = call.json.get("variables") {
        variables.extend(given.clone());
    }
    let mut all = options(&variables);
    if let (Some(Value::Array(given)), Value::Array(all)) = (call.json.get("options"), &mut all) {
        all.retain(|option| !given.iter().any(|new| new["name"] == option["name"]));
        all.extend(given.iter().cloned());
    }
    let mut body = facts().project("mysql", "Configuration", &call.json);
    body.insert("type".to_owned(), json!("CUSTOM"));
    body.insert("variables".to_owned(), Value::Object(variables));
    body.insert("options".to_owned(), all);
    body.entry("initVariables").or_insert(json!({"lowerCaseTableNames": "CASE_SENSITIVE"}));
    let new =
        New::of(&CONFIGURATION, "ACTIVE", body).hidden("terraformType", "oci_mysql_mysql_configuration");
    let id = cloud.insert(new);
    Ok(Reply::created(cloud.find(&CONFIGURATION, &id)?))
}

fn require_parent(cloud: &Cloud, id: &str, shape: Shape) -> Result<(), ApiError> {
    let parent = cloud.related("parentConfigurationId", &CONFIGURATION, id)?;
    if parent.text("shapeName") == Some(shape.name) {
        return Ok(());
    }
    Err(ApiError::invalid("parentConfigurationId", format!("it is for another shape than {}", shape.name)))
}

/// The default ones are listed in every compartment.
fn list(cloud: &Cloud, call: &Call) -> Result<Reply, ApiError> {
    let compartment = call.required_query("compartmentId")?;
    let is = |configuration: &Resource, parameter: &str, attribute: &str| {
        call.query.get(parameter).is_none_or(|wanted| {
            wanted.iter().flat_map(|list| list.split(',')).any(|wanted| {
                configuration.text(attribute).is_some_and(|own| own.eq_ignore_ascii_case(wanted))
            })
        })
    };
    let filters = [
        ("configurationId", "id"),
        ("lifecycleState", "lifecycleState"),
        ("type", "type"),
        ("displayName", "displayName"),
        ("shapeName", "shapeName"),
    ];
    let fits = |configuration: &&Resource| {
        (configuration.text("type") == Some("DEFAULT") || configuration.compartment_id() == Some(compartment))
            && filters.iter().all(|(parameter, attribute)| is(configuration, parameter, attribute))
    };
    let mut found: Vec<&Resource> = cloud.of_kind(&CONFIGURATION).filter(fits).collect();
    match call.query("sortBy") {
        Some("displayName") => found.sort_by_key(|configuration| configuration.text("displayName")),
        Some("shapeName") => found.sort_by_key(|configuration| configuration.text("shapeName")),
        _ => {}
    }
    if call.query("sortOrder").is_some_and(|order| order.eq_ignore_ascii_case("DESC")) {
        found.reverse();
    }
    let (shown, next) = page(call, found, |configuration| &configuration.id, 100)?;
    let summaries = shown.into_iter().map(|configuration| {
        Value::Object(facts().project("mysql", "ConfigurationSummary", &configuration.body))
    });
    Ok(answer(call, summaries.collect(), next))
}

fn find_custom<'c>(cloud: &'c Cloud, call: &Call) -> Result<&'c Resource, ApiError> {
    let configuration = cloud.find_live(&CONFIGURATION, call.id())?;
    if configuration.text("type") == Some("DEFAULT") {
        return Err(ApiError::incorrect_state(format!("{} is a default configuration", call.id())));
    }
    Ok(configuration)
}

fn update(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    find_custom(cloud, call)?;
    cloud.update(call.id(), |configuration| configuration.merge(&call.json));
    Ok(Reply::resource(cloud.find(&CONFIGURATION, call.id())?))
}

fn delete(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    find_custom(cloud, call)?;
    let users = [&DB_SYSTEM, &REPLICA].map(|kind| cloud.live_referrers(kind, call.id()).next());
    if let Some(user) = users.into_iter().flatten().next() {
        return Err(ApiError::incorrect_state(format!("Configuration {} is used by {}", call.id(), user.id)));
    }
    cloud.set_state(call.id(), "DELETED");
    cloud.after(
        std::time::Duration::from_secs(super::LINGER_SECS),
        Event::Remove { id: call.id().to_owned() },
    );
    Ok(Reply::no_content())
}
