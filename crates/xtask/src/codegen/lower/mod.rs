//! From Oracle's tables to what the Rust code will be made of: names chosen, types resolved, unions found.
//!
//! Whatever the tables say that cannot be turned into code is reported, all of it in one run.

mod check;
mod models;
mod operations;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use super::names;
use super::plan::Plan;
use super::schema::{Parameter, Parameters, Problem, Service, Type};

/// Names that generated code uses itself, so that no model may have them.
const RESERVED: &[&str] = &[
    "BTreeMap",
    "Body",
    "Box",
    "Bytes",
    "Default",
    "Err",
    "None",
    "Ok",
    "Operation",
    "OperationSpec",
    "Option",
    "Paged",
    "Result",
    "Self",
    "Some",
    "String",
    "Timestamp",
    "Vec",
];

/// How Oracle calls its services in its documentation.
const TITLES: &[(&str, &str)] = &[
    ("bastion", "Bastion"),
    ("core", "Core Services"),
    ("file_storage", "File Storage"),
    ("identity", "Identity and Access Management"),
    ("key_management", "Vault Key Management"),
    ("limits", "Service Limits"),
    ("monitoring", "Monitoring"),
    ("mysql", "MySQL Database Service"),
    ("network_load_balancer", "Network Load Balancer"),
    ("object_storage", "Object Storage"),
    ("secrets", "Secret Retrieval"),
    ("vault", "Vault Secret Management"),
    ("work_requests", "Work Requests"),
];

/// Plans all services.
///
/// # Errors
/// Everything in the tables that cannot be turned into code.
pub(super) fn lower(services: &[Service], parameters: &Parameters) -> Result<Vec<Plan>, Vec<Problem>> {
    let mut problems = Vec::new();
    for (service, operations) in &parameters.parameters {
        let known: Vec<&str> = services
            .iter()
            .filter(|table| table.service == *service)
            .flat_map(|table| table.clients.values())
            .flat_map(|client| client.operations.keys().map(String::as_str))
            .collect();
        for operation in operations.keys().filter(|name| !known.contains(&name.as_str())) {
            problems.push(Problem {
                file: "schemas/oci-parameters.json".to_owned(),
                path: format!("parameters.{service}.{operation}"),
                what: "there is no such operation in schemas/oci-api".to_owned(),
            });
        }
    }
    let none = BTreeMap::new();
    let mut plans = Vec::new();
    for service in services {
        let parameters = parameters.parameters.get(&service.service).unwrap_or(&none);
        plans.push(Lowering { service, parameters, problems: &mut problems }.run());
    }
    if problems.is_empty() {
        return Ok(plans);
    }
    problems.sort();
    Err(problems)
}

/// The work on one service.
struct Lowering<'a> {
    service: &'a Service,
    parameters: &'a BTreeMap<String, BTreeMap<String, Parameter>>,
    problems: &'a mut Vec<Problem>,
}

impl Lowering<'_> {
    fn run(mut self) -> Plan {
        let version = self.service.clients.values().find_map(|client| client.api_version.clone());
        let name = &self.service.service;
        let title =
            TITLES.iter().find(|(service, _)| service == name).map_or(name.as_str(), |(_, title)| *title);
        let title = version.map_or_else(|| title.to_owned(), |version| format!("{title} {version}"));

        self.check_names();
        self.check_unions();
        self.check_recursion();
        let (model_enums, enum_of) = self.model_enums();
        let usage = self.usage();
        let (models, unions) = self.models(&enum_of, &usage);
        let (operations, operation_enums) = self.operations(&enum_of);
        Plan {
            service: self.service.service.clone(),
            title,
            clients: self.service.clients.keys().cloned().collect(),
            models,
            unions,
            model_enums,
            operation_enums,
            operations,
        }
    }

    fn problem(&mut self, path: String, what: impl Into<String>) {
        self.problems.push(Problem { file: self.service.file.clone(), path, what: what.into() });
    }
}

/// The Rust name of a model.
pub(super) fn rust_name(model: &str) -> String {
    if RESERVED.contains(&model) { format!("{model}Model") } else { model.to_owned() }
}

/// `wanted`, or another name where that is taken by a model or operation.
fn enum_name(wanted: String, taken: &mut BTreeSet<String>) -> String {
    let name = if taken.contains(&wanted) { format!("{wanted}Value") } else { wanted };
    names::unlike(&name, taken)
}

fn variants(words: &[String]) -> Vec<(String, String)> {
    let mut taken = BTreeSet::new();
    let mut seen = BTreeSet::new();
    words
        .iter()
        .filter(|word| seen.insert(word.as_str()))
        .map(|word| (names::variant(word, &mut taken), word.clone()))
        .collect()
}

fn rust_type(kind: &Type, word: Option<&String>, models: &str) -> String {
    match kind {
        Type::Text => word.cloned().unwrap_or_else(|| "String".to_owned()),
        Type::Int => "i64".to_owned(),
        Type::Float => "f64".to_owned(),
        Type::Flag => "bool".to_owned(),
        Type::Time => "crate::model::Timestamp".to_owned(),
        Type::Json => "serde_json::Value".to_owned(),
        Type::List(inner) => format!("Vec<{}>", rust_type(inner, word, models)),
        Type::Map(inner) => format!("std::collections::BTreeMap<String, {}>", rust_type(inner, word, models)),
        Type::Model(name) => format!("{models}{}", rust_name(name)),
    }
}

/// Words for a sentence; no more than fit on a few lines.
fn listed(words: &[String]) -> String {
    const SHOWN_MAX: usize = 8;
    let shown: Vec<String> = words.iter().take(SHOWN_MAX).map(|word| format!("`{word}`")).collect();
    let rest = words.len().saturating_sub(SHOWN_MAX);
    let more = if rest == 0 { String::new() } else { format!(" and {rest} more") };
    format!("{}{more}", shown.join(", "))
}
