//! Oracle's API as data: which operations exist, what they take and what they answer.
//!
//! The tables of `schemas/oci-api` are embedded and parsed once, on first use. Everything that routes,
//! validates or checks reads them here; no service repeats a path or a field list.
//!
//! Deliberately absent: behaviour. What an operation *does* is in `services`.

mod route;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use http::Method;
use serde::Deserialize;
use serde_json::{Map, Value};

pub(crate) use route::{Routed, Router};

/// The embedded tables, one file a service.
const FILES: &[&str] = &[
    include_str!("../../../../schemas/oci-api/bastion.json"),
    include_str!("../../../../schemas/oci-api/core.json"),
    include_str!("../../../../schemas/oci-api/file_storage.json"),
    include_str!("../../../../schemas/oci-api/identity.json"),
    include_str!("../../../../schemas/oci-api/key_management.json"),
    include_str!("../../../../schemas/oci-api/limits.json"),
    include_str!("../../../../schemas/oci-api/monitoring.json"),
    include_str!("../../../../schemas/oci-api/mysql.json"),
    include_str!("../../../../schemas/oci-api/network_load_balancer.json"),
    include_str!("../../../../schemas/oci-api/object_storage.json"),
    include_str!("../../../../schemas/oci-api/secrets.json"),
    include_str!("../../../../schemas/oci-api/vault.json"),
    include_str!("../../../../schemas/oci-api/work_requests.json"),
];

/// The parsed tables.
///
/// # Panics
/// Never in a released program: a test parses every embedded file.
pub fn facts() -> &'static Facts {
    static FACTS: LazyLock<Facts> = LazyLock::new(|| Facts::parse(FILES));
    &FACTS
}

/// Every operation and model of every service.
#[derive(Debug)]
pub struct Facts {
    operations: Vec<Operation>,
    services: BTreeMap<String, Models>,
    router: Router,
}

/// The models of one service, by name.
pub type Models = BTreeMap<String, Model>;

/// One operation of one service.
#[derive(Debug)]
pub struct Operation {
    /// The service, as its file is called: `core`, `mysql` …
    pub service: String,
    /// Oracle's client that has it: `VirtualNetworkClient` …
    pub client: String,
    /// Its name: `CreateVcn` …
    pub name: String,
    /// The HTTP method.
    pub method: Method,
    /// Path template with the API version in front: `/20160918/vcns/{vcnId}`.
    pub path: String,
    /// Query parameters that it takes.
    pub query_params: Vec<String>,
    /// Those of them that it needs.
    pub required_query: Vec<String>,
    /// Headers that it takes besides the usual ones, in lower case.
    pub header_params: Vec<String>,
    /// Allowed values of parameters, by the parameter's name in the API.
    pub param_enums: BTreeMap<String, Vec<String>>,
    /// What the body is.
    pub body: Payload,
    /// Whether the body may be left out.
    pub body_optional: bool,
    /// What a successful answer holds.
    pub response: Payload,
}

impl Operation {
    /// Whether it takes `opc-retry-token`.
    #[must_use]
    pub fn takes_retry_token(&self) -> bool {
        self.takes_header("opc-retry-token")
    }

    /// Whether it takes this header (lower case).
    #[must_use]
    pub fn takes_header(&self, name: &str) -> bool {
        self.header_params.iter().any(|header| header == name)
    }

    /// Whether it only reads.
    #[must_use]
    pub fn is_read(&self) -> bool {
        matches!(self.method, Method::GET | Method::HEAD)
    }
}

/// A body, of a request or an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payload {
    /// There is none.
    None,
    /// Bytes that are no JSON.
    Stream,
    /// JSON of this type.
    Json(Type),
}

/// The type of a JSON value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    /// A string.
    Str,
    /// An integer.
    Int,
    /// A number.
    Float,
    /// `true` or `false`.
    Bool,
    /// An RFC 3339 time.
    DateTime,
    /// A date.
    Date,
    /// Anything.
    Object,
    /// An array.
    List(Box<Type>),
    /// An object with free keys.
    Dict(Box<Type>),
    /// A model of the same service.
    Model(String),
}

/// The fields of a JSON object.
#[derive(Debug)]
pub struct Model {
    /// Fields by their name in the JSON.
    pub fields: BTreeMap<String, Field>,
    /// The field whose value selects a subtype, and the subtypes by value.
    pub discriminator: Option<Discriminator>,
}

/// One field of a model.
#[derive(Debug)]
pub struct Field {
    /// Its type.
    pub kind: Type,
    /// Whether it must be there.
    pub required: bool,
    /// The values that it may have; empty when any will do.
    pub allowed: Vec<String>,
}

/// Which subtype an object is.
#[derive(Debug, Deserialize)]
pub struct Discriminator {
    /// The field that tells.
    pub field: String,
    /// Model name by the value of that field.
    pub subtypes: BTreeMap<String, String>,
}

impl Facts {
    fn parse(files: &[&str]) -> Self {
        let mut operations = Vec::new();
        let mut services = BTreeMap::new();
        for text in files {
            let file: RawFile = serde_json::from_str(text).expect("the embedded tables are valid");
            for (client, raw) in file.clients {
                let version = raw.api_version.map_or_else(String::new, |version| format!("/{version}"));
                for (name, operation) in raw.operations {
                    operations.push(operation.finish(&file.service, &client, name, &version));
                }
            }
            let models = file.models.into_iter().map(|(name, model)| (name, model.finish())).collect();
            services.insert(file.service, models);
        }
        let router = Router::build(&operations);
        Self { operations, services, router }
    }

    /// Every operation, in the order of the tables.
    #[must_use]
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// The operation with this client and name.
    #[must_use]
    pub fn operation(&self, client: &str, name: &str) -> Option<&Operation> {
        self.operations.iter().find(|operation| operation.client == client && operation.name == name)
    }

    /// The models of a service.
    ///
    /// # Panics
    /// For a service that has no table.
    #[must_use]
    pub fn models(&self, service: &str) -> &Models {
        self.services.get(service).expect("every operation names a service of the tables")
    }

    /// Finds the operation that a method and an escaped path (without query) address.
    pub(crate) fn route<'p>(&self, method: &Method, path: &'p str) -> Routed<'p> {
        self.router.route(method, path)
    }

    /// The operation at a position that the router gave.
    pub(crate) fn at(&self, index: usize) -> &Operation {
        &self.operations[index]
    }

    /// The fields of `value` that `model` has, so that a resource can be shown as its summary, or a request's
    /// fields can be taken over into the resource.
    ///
    /// # Panics
    /// When the service has no such model: a mistake in a handler.
    #[must_use]
    pub fn project(&self, service: &str, model: &str, value: &Map<String, Value>) -> Map<String, Value> {
        let model =
            self.models(service).get(model).unwrap_or_else(|| panic!("{service} has no model {model}"));
        model.fields.keys().filter_map(|name| value.get(name).map(|v| (name.clone(), v.clone()))).collect()
    }
}

impl Type {
    /// Reads the notation of the tables: `list[Vcn]`, `dict(str, dict(str, object))` …
    #[must_use]
    pub fn parse(text: &str) -> Self {
        if let Some(inner) = text.strip_prefix("list[").and_then(|rest| rest.strip_suffix(']')) {
            return Self::List(Box::new(Self::parse(inner)));
        }
        if let Some(inner) = text.strip_prefix("dict(str, ").and_then(|rest| rest.strip_suffix(')')) {
            return Self::Dict(Box::new(Self::parse(inner)));
        }
        match text {
            "str" => Self::Str,
            "int" => Self::Int,
            "float" => Self::Float,
            "bool" => Self::Bool,
            "datetime" => Self::DateTime,
            "date" => Self::Date,
            "object" => Self::Object,
            model => Self::Model(model.to_owned()),
        }
    }
}

impl Payload {
    fn parse(text: Option<&str>) -> Self {
        match text {
            None => Self::None,
            Some("stream" | "bytes") => Self::Stream,
            Some(other) => Self::Json(Type::parse(other)),
        }
    }

    /// The model of the payload, or of its elements when it is a list.
    #[must_use]
    pub fn model(&self) -> Option<&str> {
        let Self::Json(kind) = self else { return None };
        match kind {
            Type::Model(name) => Some(name),
            Type::List(inner) => match &**inner {
                Type::Model(name) => Some(name),
                _ => None,
            },
            _ => None,
        }
    }
}

#[derive(Deserialize)]
struct RawFile {
    service: String,
    clients: BTreeMap<String, RawClient>,
    models: BTreeMap<String, RawModel>,
}

#[derive(Deserialize)]
struct RawClient {
    api_version: Option<String>,
    operations: BTreeMap<String, RawOperation>,
}

#[derive(Deserialize)]
struct RawOperation {
    method: String,
    path: String,
    #[serde(default)]
    query_params: Vec<String>,
    #[serde(default)]
    required_query: Vec<String>,
    #[serde(default)]
    header_params: Vec<String>,
    #[serde(default)]
    param_enums: BTreeMap<String, Vec<String>>,
    body: Option<String>,
    #[serde(default)]
    body_optional: bool,
    response: Option<String>,
}

impl RawOperation {
    fn finish(self, service: &str, client: &str, name: String, version: &str) -> Operation {
        let mut param_enums = BTreeMap::new();
        for param in &self.query_params {
            if let Some(values) = self.param_enums.get(&snake_case(param)) {
                param_enums.insert(param.clone(), values.clone());
            }
        }
        // Limits writes its version into each path.
        let path = if has_version(&self.path) { self.path } else { format!("{version}{}", self.path) };
        Operation {
            service: service.to_owned(),
            client: client.to_owned(),
            name,
            method: Method::from_bytes(self.method.as_bytes()).expect("the tables hold HTTP methods"),
            path,
            query_params: self.query_params,
            required_query: self.required_query,
            header_params: self.header_params.iter().map(|header| header.to_ascii_lowercase()).collect(),
            param_enums,
            body: Payload::parse(self.body.as_deref()),
            body_optional: self.body_optional,
            response: Payload::parse(self.response.as_deref()),
        }
    }
}

fn has_version(path: &str) -> bool {
    path.get(1..9).is_some_and(|segment| segment.bytes().all(|byte| byte.is_ascii_digit()))
}

fn snake_case(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}

#[derive(Deserialize)]
struct RawModel {
    #[serde(default)]
    fields: BTreeMap<String, RawField>,
    discriminator: Option<Discriminator>,
}

impl RawModel {
    fn finish(self) -> Model {
        let fields = self.fields.into_iter().map(finish_field).collect();
        Model { fields, discriminator: self.discriminator }
    }
}

#[derive(Deserialize)]
struct RawField {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    required: bool,
    #[serde(default, rename = "enum")]
    allowed: Vec<String>,
}

/// The tables come from a kit that reads days and times alike; the `versionDate` of a policy is a day (`SDKDate` in Oracle's kit
/// for Go).
fn finish_field((name, field): (String, RawField)) -> (String, Field) {
    let kind = if name == "versionDate" { Type::Date } else { Type::parse(&field.kind) };
    (name, Field { kind, required: field.required, allowed: field.allowed })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_embedded_file_parses_and_every_body_and_answer_names_a_known_model() {
        let facts = facts();
        assert!(facts.operations().len() > 300, "only {} operations", facts.operations().len());
        for operation in facts.operations() {
            for payload in [&operation.body, &operation.response] {
                if let Some(model) = payload.model() {
                    assert!(
                        facts.models(&operation.service).contains_key(model),
                        "{} names the unknown model {model}",
                        operation.name
                    );
                }
            }
        }
    }

    #[test]
    fn limits_paths_carry_their_version_once() {
        let operation = facts().operation("LimitsClient", "ListServices").unwrap();
        assert_eq!(operation.path, "/20190729/services");
    }

    #[test]
    fn nested_types_are_read() {
        assert_eq!(
            Type::parse("dict(str, dict(str, object))"),
            Type::Dict(Box::new(Type::Dict(Box::new(Type::Object))))
        );
        assert_eq!(Type::parse("list[Vcn]"), Type::List(Box::new(Type::Model("Vcn".to_owned()))));
    }
}
