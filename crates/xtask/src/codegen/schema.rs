//! Oracle's tables as they lie in `schemas/`: read, and checked as far as one file can tell.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use serde::Deserialize;

/// One service: a file of `schemas/oci-api`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Service {
    #[serde(rename = "source")]
    _source: String,
    pub service: String,
    pub clients: BTreeMap<String, Client>,
    pub models: BTreeMap<String, Model>,
    /// The file it was read from, for messages.
    #[serde(skip)]
    pub file: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Client {
    pub api_version: Option<String>,
    /// Where its requests go; `oci_client::endpoint` holds that.
    #[serde(rename = "endpoint_template")]
    _endpoint_template: String,
    pub operations: BTreeMap<String, Operation>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Operation {
    pub method: String,
    pub path: String,
    #[serde(default)]
    pub path_params: Vec<String>,
    #[serde(default)]
    pub query_params: Vec<String>,
    #[serde(default)]
    pub required_query: Vec<String>,
    #[serde(default)]
    pub header_params: Vec<String>,
    #[serde(default)]
    pub param_enums: BTreeMap<String, Vec<String>>,
    pub body: Option<String>,
    #[serde(default)]
    pub body_optional: bool,
    pub response: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Model {
    pub fields: BTreeMap<String, Field>,
    pub extends: Option<String>,
    pub discriminator: Option<Discriminator>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Field {
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(default)]
    pub required: bool,
    #[serde(rename = "enum", default)]
    pub words: Vec<String>,
    pub enum_type: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Discriminator {
    pub field: String,
    pub subtypes: BTreeMap<String, String>,
}

/// `schemas/oci-parameters.json`: parameters that are not plain strings, by service, operation and name.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Parameters {
    #[serde(rename = "source", default)]
    _source: String,
    pub parameters: BTreeMap<String, BTreeMap<String, BTreeMap<String, Parameter>>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Parameter {
    #[serde(rename = "type")]
    pub kind: String,
    /// `multi`: once for each value; `csv`: values joined by commas.
    pub collection: Option<String>,
    /// `header` for the one group of headers that the tables do not list.
    #[serde(rename = "in")]
    pub place: Option<String>,
}

/// Something in the tables that cannot be turned into code: where, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Problem {
    pub file: String,
    pub path: String,
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.file, self.path, self.what)
    }
}

/// A type as the tables spell it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Type {
    Text,
    Int,
    Float,
    Flag,
    Time,
    Json,
    List(Box<Type>),
    Map(Box<Type>),
    Model(String),
}

impl Type {
    /// Reads `spelled`, where any name that is not a built-in one is a model.
    ///
    /// # Errors
    /// The part that cannot be understood.
    pub(super) fn parse(spelled: &str) -> Result<Self, String> {
        let spelled = spelled.trim();
        if let Some(inner) = spelled.strip_prefix("list[").and_then(|rest| rest.strip_suffix(']')) {
            return Ok(Self::List(Box::new(Self::parse(inner)?)));
        }
        if let Some(inner) = spelled.strip_prefix("dict(str,").and_then(|rest| rest.strip_suffix(')')) {
            return Ok(Self::Map(Box::new(Self::parse(inner)?)));
        }
        Ok(match spelled {
            "str" => Self::Text,
            "int" => Self::Int,
            "float" => Self::Float,
            "bool" => Self::Flag,
            "datetime" => Self::Time,
            "object" => Self::Json,
            name if name.starts_with(|first: char| first.is_ascii_uppercase())
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric()) =>
            {
                Self::Model(name.to_owned())
            }
            other => {
                return Err(format!(
                    "unknown type `{other}`; known are str, int, float, bool, datetime, object, list[T], \
                     dict(str, T) and the names of models"
                ));
            }
        })
    }

    /// The model that it is made of, through lists and maps.
    pub(super) fn model(&self) -> Option<&str> {
        match self {
            Self::Model(name) => Some(name),
            Self::List(inner) | Self::Map(inner) => inner.model(),
            Self::Text | Self::Int | Self::Float | Self::Flag | Self::Time | Self::Json => None,
        }
    }
}

/// Reads every table under `root`, in the order of the services' names.
///
/// # Errors
/// Every file that cannot be read, with the place.
pub(super) fn load(root: &Path) -> Result<(Vec<Service>, Parameters), Vec<Problem>> {
    let mut problems = Vec::new();
    let mut services = Vec::new();
    for file in table_files(root).map_err(|problem| vec![problem])? {
        match read_json(root, &file).and_then(|json| parse_service(&file, &json)) {
            Ok(service) => services.push(service),
            Err(problem) => problems.push(problem),
        }
    }
    let file = "schemas/oci-parameters.json";
    let parameters = read_json(root, file)
        .and_then(|json| serde_json::from_str::<Parameters>(&json).map_err(|error| problem(file, &error)));
    match parameters {
        Ok(parameters) if problems.is_empty() => Ok((services, parameters)),
        Ok(_) => Err(problems),
        Err(problem) => {
            problems.push(problem);
            Err(problems)
        }
    }
}

/// Reads one table.
///
/// # Errors
/// When it is not one.
pub(super) fn parse_service(file: &str, json: &str) -> Result<Service, Problem> {
    let mut service: Service = serde_json::from_str(json).map_err(|error| problem(file, &error))?;
    service.file = file.to_owned();
    Ok(service)
}

fn table_files(root: &Path) -> Result<Vec<String>, Problem> {
    let folder = "schemas/oci-api";
    let entries = std::fs::read_dir(root.join(folder)).map_err(|error| problem(folder, &error))?;
    let mut files = Vec::new();
    for entry in entries {
        let name = entry.map_err(|error| problem(folder, &error))?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".json") {
            files.push(format!("{folder}/{name}"));
        }
    }
    files.sort();
    Ok(files)
}

fn read_json(root: &Path, file: &str) -> Result<String, Problem> {
    std::fs::read_to_string(root.join(file)).map_err(|error| problem(file, &error))
}

fn problem(file: &str, what: &dyn fmt::Display) -> Problem {
    Problem { file: file.to_owned(), path: "the whole file".to_owned(), what: what.to_string() }
}
