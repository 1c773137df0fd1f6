//! What a DB system is set to: the defaults of a new one, and which changes are allowed.

use std::net::Ipv6Addr;

use serde_json::{Map, Value, json};

use super::configuration;
use super::shape::{self, DEFAULT_VERSION, Shape, db_system_shape, version_key};
use super::{merge_object, with_defaults};
use crate::cloud::{Cloud, Resource};
use crate::error::ApiError;
use crate::facts::facts;
use crate::services::Call;
use crate::services::core::ipv6;
use crate::services::core::subnet::SUBNET;

/// Names that the service needs for itself (Oracle's documentation, "Reserved Usernames").
const RESERVED_NAMES: [&str; 6] =
    ["ocirpl", "ociadmin", "ocimonitor", "mysql.session", "mysql.sys", "mysql.infoschema"];

/// The attributes of a new DB system, without what the network gives it.
pub(super) fn of_new(cloud: &Cloud, call: &Call) -> Result<Map<String, Value>, ApiError> {
    let shape = db_system_shape("shapeName", call.required_text("shapeName")?)?;
    let version = call.text("mysqlVersion").unwrap_or(DEFAULT_VERSION);
    shape::require_version("mysqlVersion", version)?;
    // The published specification has `true` here; documentation and practice have `false`.
    let is_ha = call.flag("isHighlyAvailable").unwrap_or(false);
    let mut body = facts().project("mysql", "DbSystem", &call.json);
    for (name, value) in [
        ("shapeName", json!(shape.name)),
        ("mysqlVersion", json!(version)),
        ("isHighlyAvailable", json!(is_ha)),
        ("isHeatWaveClusterAttached", json!(false)),
        ("endpoints", json!([])),
        ("channels", json!([])),
        ("lifecycleDetails", json!("")),
        ("source", shown_source(call)),
        ("backupPolicy", backup_policy(call.json.get("backupPolicy"))),
        ("maintenance", maintenance(cloud, call.json.get("maintenance"))),
        ("deletionPolicy", deletion_policy(call.json.get("deletionPolicy"))),
    ] {
        body.insert(name.to_owned(), value);
    }
    for (name, value) in [
        ("port", json!(3306)),
        ("portX", json!(33060)),
        ("crashRecovery", json!("ENABLED")),
        ("databaseManagement", json!("ENABLED")),
        ("databaseMode", json!("READ_WRITE")),
        ("accessMode", json!("UNRESTRICTED")),
        ("secureConnections", json!({"certificateGenerationType": "SYSTEM"})),
        ("encryptData", json!({"keyGenerationType": "SYSTEM"})),
        ("dataStorageSizeInGBs", json!(50)),
        ("nsgIds", json!([])),
    ] {
        body.entry(name).or_insert(value);
    }
    let size = body["dataStorageSizeInGBs"].as_i64().unwrap_or(50);
    body.insert("dataStorage".to_owned(), data_storage(call.json.get("dataStorage"), size)?);
    if body.contains_key("pitrPolicy") || body["backupPolicy"]["pitrPolicy"]["isEnabled"] == json!(true) {
        let now = json!(cloud.now().rfc3339());
        body.insert(
            "pointInTimeRecoveryDetails".to_owned(),
            json!({"timeEarliestRecoveryPoint": now, "timeLatestRecoveryPoint": now}),
        );
    }
    require_consistent(&body, shape)?;
    take_ipv6(cloud, call, &mut body)?;
    if let Some(id) = call.text("configurationId") {
        configuration::require_fitting(cloud, "configurationId", id, shape.name, is_ha)?;
    } else if let Some(id) = configuration::default_for(cloud, shape.name, is_ha) {
        body.insert("configurationId".to_owned(), json!(id));
    }
    Ok(body)
}

/// Refuses a new DB system whose administrator is not given, unless a source brings one along.
pub(super) fn require_administrator(call: &Call) -> Result<(), ApiError> {
    let source = call.json.get("source").and_then(|source| source["sourceType"].as_str()).unwrap_or("NONE");
    for field in ["adminUsername", "adminPassword"] {
        if matches!(source, "NONE" | "IMPORTURL") && call.text(field).is_none() {
            return Err(ApiError::missing(field));
        }
    }
    match call.text("adminUsername") {
        Some(name) if RESERVED_NAMES.iter().any(|reserved| reserved.eq_ignore_ascii_case(name)) => {
            Err(ApiError::invalid("adminUsername", format!("{name} is reserved")))
        }
        _ => Ok(()),
    }
}

/// The source without what must not be shown.
fn shown_source(call: &Call) -> Value {
    let Some(source) = call.json.get("source") else { return json!({"sourceType": "NONE"}) };
    let mut shown = source.clone();
    if let Value::Object(fields) = &mut shown {
        fields.retain(|name, _| {
            matches!(name.as_str(), "sourceType" | "backupId" | "dbSystemId" | "recoveryPoint")
        });
    }
    shown
}

fn backup_policy(given: Option<&Value>) -> Value {
    let defaults = json!({
        "isEnabled": true, "softDelete": "ENABLED", "windowStartTime": "04:00", "retentionInDays": 7,
        "pitrPolicy": {"isEnabled": false},
    });
    with_defaults(given, defaults)
}

fn maintenance(cloud: &Cloud, given: Option<&Value>) -> Value {
    let number = u32::from(crate::ocid::hex(cloud.place().seed, "maintenance window", 1).as_bytes()[0]);
    let day = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"][(number % 7) as usize];
    let defaults = json!({
        "windowStartTime": format!("{day} 03:{:02}", number % 60), "maintenanceScheduleType": "REGULAR",
        "versionPreference": "OLDEST", "versionTrackPreference": "FOLLOW",
    });
    with_defaults(given, defaults)
}

fn deletion_policy(given: Option<&Value>) -> Value {
    let defaults = json!({
        "automaticBackupRetention": "RETAIN", "finalBackup": "SKIP_FINAL_BACKUP", "isDeleteProtected": false,
    });
    with_defaults(given, defaults)
}

/// How far storage can grow depends on how large it was at first (Oracle's documentation).
fn size_limit(initial: i64) -> i64 {
    match initial {
        ..=400 => 32_768,
        401..=800 => 65_536,
        801..=1200 => 98_304,
        _ => 131_072,
    }
}

fn data_storage(given: Option<&Value>, size: i64) -> Result<Value, ApiError> {
    let limit = size_limit(size);
    let mut storage = json!({
        "allocatedStorageSizeInGBs": size, "dataStorageSizeInGBs": size, "dataStorageSizeLimitInGBs": limit,
        "isAutoExpandStorageEnabled": false,
    });
    merge_object(&mut storage, given.unwrap_or(&Value::Null));
    require_storage(&storage)?;
    Ok(storage)
}

fn require_storage(storage: &Value) -> Result<(), ApiError> {
    let Some(max) = storage["maxStorageSizeInGBs"].as_i64() else { return Ok(()) };
    let (size, limit) = (&storage["dataStorageSizeInGBs"], &storage["dataStorageSizeLimitInGBs"]);
    if max < size.as_i64().unwrap_or(0).max(100) || max > limit.as_i64().unwrap_or(i64::MAX) {
        return Err(ApiError::invalid(
            "dataStorage.maxStorageSizeInGBs",
            format!("{max} is not between the present size, at least 100, and {limit}"),
        ));
    }
    Ok(())
}

/// What must hold between the attributes, of a new DB system and of a changed one.
fn require_consistent(body: &Map<String, Value>, shape: Shape) -> Result<(), ApiError> {
    for name in ["port", "portX"] {
        if body[name].as_i64().is_some_and(|port| !(1024..=65_535).contains(&port)) {
            return Err(ApiError::invalid(name, "it is not between 1024 and 65535"));
        }
    }
    if body["port"] == body["portX"] {
        return Err(ApiError::invalid("portX", "it is the same as port"));
    }
    require_windows(body)?;
    let version = body["mysqlVersion"].as_str().unwrap_or_default();
    if body["isHighlyAvailable"] == json!(true) {
        let why = if !shape.carries_high_availability() {
            Some(format!("{} does not support high availability", shape.name))
        } else if version_key(version) < vec![8, 0, 24] {
            Some(format!("MySQL {version} is older than 8.0.24"))
        } else if body["crashRecovery"] == json!("DISABLED") {
            Some("crashRecovery is DISABLED".to_owned())
        } else {
            None
        };
        if let Some(why) = why {
            return Err(ApiError::invalid("isHighlyAvailable", why));
        }
    }
    Ok(())
}

/// `"sun 03:00"` for maintenance, `"04:00"` for backups.
fn require_windows(body: &Map<String, Value>) -> Result<(), ApiError> {
    let is_time = |text: &str| {
        let mut parts = text.trim_end_matches('Z').split(':').map(str::parse::<u32>);
        matches!((parts.next(), parts.next()), (Some(Ok(0..=23)), Some(Ok(0..=59))))
    };
    let backup = body["backupPolicy"]["windowStartTime"].as_str().unwrap_or_default();
    if !is_time(backup) {
        return Err(ApiError::invalid(
            "backupPolicy.windowStartTime",
            format!("{backup:?} is not a time of day"),
        ));
    }
    let window = body["maintenance"]["windowStartTime"].as_str().unwrap_or_default();
    let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let fits = window.split_once(' ').is_some_and(|(day, time)| {
        days.iter().any(|known| day.to_ascii_lowercase().starts_with(known)) && is_time(time)
    });
    if fits {
        return Ok(());
    }
    Err(ApiError::invalid("maintenance.windowStartTime", format!("{window:?} is not like \"sun 03:00\"")))
}

/// The attributes after an update, or why it is refused. Passwords are left out: they are never shown again.
pub(super) fn changed(cloud: &Cloud, system: &Resource, call: &Call) -> Result<Map<String, Value>, ApiError> {
    let mut body = system.body.clone();
    for (name, value) in &call.json {
        match name.as_str() {
            "adminUsername" | "adminPassword" => {}
            "backupPolicy" | "maintenance" | "deletionPolicy" | "dataStorage" | "readEndpoint" => {
                merge_object(body.entry(name.as_str()).or_insert(Value::Null), value);
            }
            _ if value.is_null() => {}
            _ => {
                body.insert(name.clone(), value.clone());
            }
        }
    }
    let shape = db_system_shape("shapeName", body["shapeName"].as_str().unwrap_or_default())?;
    require_growth(system, &mut body)?;
    require_upgrade(system, call)?;
    require_consistent(&body, shape)?;
    take_ipv6(cloud, call, &mut body)?;
    let is_ha = body["isHighlyAvailable"] == json!(true);
    let fits = |id: &str| configuration::require_fitting(cloud, "configurationId", id, shape.name, is_ha);
    if let Some(id) = call.text("configurationId") {
        fits(id)?;
    } else if body.get("configurationId").and_then(Value::as_str).is_none_or(|id| fits(id).is_err())
        && let Some(id) = configuration::default_for(cloud, shape.name, is_ha)
    {
        body.insert("configurationId".to_owned(), json!(id));
    }
    let changes = body.into_iter().filter(|(name, value)| system.body.get(name) != Some(value));
    Ok(changes.collect())
}

/// The IPv6 address that is asked for, as the service spells it; it must be one of the subnet's.
fn take_ipv6(cloud: &Cloud, call: &Call, body: &mut Map<String, Value>) -> Result<(), ApiError> {
    let field = "ipv6AddressIpv6SubnetCidrPairDetails";
    let Some(pair) = call.json.get(field).filter(|pair| !pair.is_null()) else { return Ok(()) };
    let subnet = cloud.related("subnetId", &SUBNET, body["subnetId"].as_str().unwrap_or_default())?;
    let blocks = ipv6::of_subnet(subnet);
    let mut shown = Map::new();
    let block = match pair["ipv6SubnetCidr"].as_str() {
        None => None,
        Some(text) => {
            let block = text.parse().ok().filter(|block| blocks.contains(block));
            let path = format!("{field}.ipv6SubnetCidr");
            let why = || ApiError::invalid(&path, format!("{text:?} is not a block of subnet {}", subnet.id));
            Some(block.ok_or_else(why)?)
        }
    };
    if let Some(text) = pair["ipv6Address"].as_str() {
        let address: Option<Ipv6Addr> = text.parse().ok();
        let is_there = |address: &Ipv6Addr| match &block {
            Some(block) => block.contains(address),
            None => blocks.iter().any(|block| block.contains(address)),
        };
        let path = format!("{field}.ipv6Address");
        let why = || ApiError::invalid(&path, format!("{text:?} is not an address of subnet {}", subnet.id));
        shown.insert("ipv6Address".to_owned(), json!(address.filter(is_there).ok_or_else(why)?));
    }
    shown.extend(block.map(|block| ("ipv6SubnetCidr".to_owned(), json!(block))));
    body.insert(field.to_owned(), Value::Object(shown));
    Ok(())
}

fn require_growth(system: &Resource, body: &mut Map<String, Value>) -> Result<(), ApiError> {
    let (old, new) = (&system.body["dataStorageSizeInGBs"], body["dataStorageSizeInGBs"].clone());
    let limit = system.body["dataStorage"]["dataStorageSizeLimitInGBs"].as_i64().unwrap_or(i64::MAX);
    let (old_size, new_size) = (old.as_i64().unwrap_or(0), new.as_i64().unwrap_or(0));
    if new_size < old_size {
        return Err(ApiError::invalid(
            "dataStorageSizeInGBs",
            format!("{new} is less than the present {old}: storage only grows"),
        ));
    }
    if new_size > limit {
        return Err(ApiError::invalid(
            "dataStorageSizeInGBs",
            format!("{new} is more than the limit of {limit}"),
        ));
    }
    body["dataStorage"]["dataStorageSizeInGBs"] = new.clone();
    body["dataStorage"]["allocatedStorageSizeInGBs"] = new;
    require_storage(&body["dataStorage"])
}

fn require_upgrade(system: &Resource, call: &Call) -> Result<(), ApiError> {
    let Some(new) = call.text("mysqlVersion") else { return Ok(()) };
    shape::require_version("mysqlVersion", new)?;
    let old = system.text("mysqlVersion").unwrap_or_default();
    if version_key(new) < version_key(old) {
        return Err(ApiError::invalid("mysqlVersion", format!("{new} is older than the present {old}")));
    }
    Ok(())
}
