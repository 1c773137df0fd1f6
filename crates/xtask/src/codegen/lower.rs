//! From Oracle's tables to what the Rust code will be made of: names chosen, types resolved, unions found.
//!
//! Whatever the tables say that cannot be turned into code is reported, all of it in one run.

use std::collections::{BTreeMap, BTreeSet};

use super::names;
use super::schema::{self, Parameter, Parameters, Problem, Service, Type};
use super::sensitive::is_sensitive;

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

/// One service, ready to be written down.
#[derive(Debug)]
pub(super) struct Plan {
    pub service: String,
    pub title: String,
    pub clients: Vec<String>,
    pub models: Vec<ModelPlan>,
    pub unions: Vec<UnionPlan>,
    /// Enums of models' fields.
    pub model_enums: Vec<EnumPlan>,
    /// Enums of operations' parameters.
    pub operation_enums: Vec<EnumPlan>,
    pub operations: Vec<OperationPlan>,
}

#[derive(Debug)]
pub(super) struct ModelPlan {
    /// Its name in the API.
    pub name: String,
    /// Its name in Rust.
    pub rust: String,
    pub fields: Vec<FieldPlan>,
    /// For a kind of a union: the field that tells the kind, and its value.
    pub tag: Option<(String, String)>,
    /// Whether it keeps fields that the tables do not know: the unknown kind of a union.
    pub keeps_rest: bool,
    pub about: String,
}

#[derive(Debug)]
pub(super) struct FieldPlan {
    pub json: String,
    pub rust: String,
    pub kind: String,
    pub sensitive: bool,
    pub about: String,
}

#[derive(Debug)]
pub(super) struct UnionPlan {
    pub name: String,
    pub rust: String,
    pub tag: String,
    /// Variant, model's Rust name, value of the tag.
    pub kinds: Vec<(String, String, String)>,
    /// The Rust name of the unknown kind.
    pub other: String,
    /// Fields that every kind has: JSON name, Rust name and type.
    pub shared: Vec<(String, String, String)>,
    pub about: String,
}

#[derive(Debug)]
pub(super) struct EnumPlan {
    pub rust: String,
    pub about: String,
    /// Variant and word.
    pub variants: Vec<(String, String)>,
}

#[derive(Debug)]
pub(super) struct OperationPlan {
    pub name: String,
    pub snake: String,
    pub client: String,
    pub method: String,
    pub path: String,
    pub inputs: Vec<InputPlan>,
    pub answer: Answer,
    pub page: Option<PagePlan>,
    pub takes_retry_token: bool,
    pub takes_if_match: bool,
}

/// An input of an operation, in the order of the struct's fields.
#[derive(Debug)]
pub(super) struct InputPlan {
    pub wire: String,
    pub rust: String,
    /// Its type, without the `Option` around it.
    pub kind: String,
    pub required: bool,
    pub place: Place,
    pub about: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Path,
    Query,
    QueryCsv,
    Header,
    HeaderGroup,
    Json,
    Object,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    Nothing,
    Text,
    Bytes,
    Model(String),
    List(String),
}

#[derive(Debug)]
pub(super) struct PagePlan {
    /// The input that takes the token.
    pub token: String,
    pub has_limit: bool,
    pub item: String,
    /// The field of the answer that has the items; the answer itself when there is none.
    pub items: Option<String>,
    /// The field of the answer that has the next token, where it is not in a header.
    pub next: Option<String>,
}

/// Lists whose next token is in the body: service, operation, parameter, field of the token, field of the items.
const TOKEN_IN_BODY: &[(&str, &str, &str, &str, &str)] =
    &[("object_storage", "ListObjects", "start", "nextStartWith", "objects")];

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

        self.check_module_name();
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

    fn check_module_name(&mut self) {
        let name = self.service.service.clone();
        if names::field(&name) != name || name.starts_with("r#") {
            self.problem("service".to_owned(), format!("`{name}` cannot name a Rust module"));
        }
    }

    fn check_unions(&mut self) {
        let service = self.service;
        for (name, model) in &service.models {
            if let Some(base) = &model.extends {
                match service.models.get(base).and_then(|base| base.discriminator.as_ref()) {
                    None => self.problem(
                        format!("models.{name}.extends"),
                        format!("`{base}` is no model with a discriminator"),
                    ),
                    Some(union) if union.subtypes.values().filter(|kind| *kind == name).count() != 1 => self
                        .problem(
                            format!("models.{name}.extends"),
                            format!("`{base}` does not list it exactly once among its subtypes"),
                        ),
                    Some(_) => {}
                }
                if model.discriminator.is_some() {
                    self.problem(format!("models.{name}"), "a subtype cannot have subtypes of its own");
                }
            }
            let Some(union) = &model.discriminator else { continue };
            match model.fields.get(&union.field) {
                Some(field) if field.kind == "str" => {}
                _ => self.problem(
                    format!("models.{name}.discriminator.field"),
                    format!("`{}` is no string among its fields", union.field),
                ),
            }
            for (value, kind) in &union.subtypes {
                let path = format!("models.{name}.discriminator.subtypes.{value}");
                match service.models.get(kind) {
                    None => self.problem(path, format!("there is no model `{kind}`")),
                    Some(subtype) if subtype.extends.as_deref() != Some(name) => {
                        self.problem(path, format!("`{kind}` does not extend `{name}`"));
                    }
                    Some(subtype) => {
                        for shared in model.fields.keys().filter(|field| !subtype.fields.contains_key(*field))
                        {
                            self.problem(
                                format!("models.{kind}.fields"),
                                format!("lacks `{shared}` of `{name}`, which it extends"),
                            );
                        }
                    }
                }
            }
        }
    }

    /// A model that holds itself, not through a list or a map, would have no size.
    fn check_recursion(&mut self) {
        let service = self.service;
        let mut holds: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        for (name, model) in &service.models {
            let held = holds.entry(name).or_default();
            for field in model.fields.values() {
                if let Ok(Type::Model(inner)) = Type::parse(&field.kind) {
                    held.insert(inner);
                }
            }
            if let Some(union) = &model.discriminator {
                held.extend(union.subtypes.values().cloned());
            }
        }
        for name in service.models.keys() {
            let mut seen = BTreeSet::new();
            let mut open: Vec<&String> = holds[name.as_str()].iter().collect();
            while let Some(inner) = open.pop() {
                if inner == name {
                    self.problem(format!("models.{name}"), "holds itself, not through a list or a map");
                    break;
                }
                if seen.insert(inner) {
                    open.extend(holds.get(inner.as_str()).into_iter().flatten());
                }
            }
        }
    }

    /// The enums of all fields, and which field has which: by model and field. What a kind of a union has from
    /// its base has the base's enum.
    fn model_enums(&mut self) -> (Vec<EnumPlan>, BTreeMap<(String, String), String>) {
        let service = self.service;
        let mut taken: BTreeSet<String> = service.models.keys().map(|name| rust_name(name)).collect();
        let mut enums = Vec::new();
        let mut enum_of = BTreeMap::new();
        let is_tag = |model: &str, field: &str| {
            let base = service.models[model].extends.as_deref().unwrap_or(model);
            let union = service.models.get(base).and_then(|base| base.discriminator.as_ref());
            union.is_some_and(|union| union.field == field)
        };
        // Bases first, so that their kinds can point at their enums.
        let (kinds, bases): (Vec<_>, Vec<_>) =
            service.models.iter().partition(|(_, model)| model.extends.is_some());
        for (name, model) in bases.into_iter().chain(kinds) {
            for (json, field) in
                model.fields.iter().filter(|(json, field)| !field.words.is_empty() && !is_tag(name, json))
            {
                if !matches!(field.kind.as_str(), "str" | "list[str]") {
                    let path = format!("models.{name}.fields.{json}.enum");
                    self.problem(path, format!("an enum of type `{}`, not of strings", field.kind));
                    continue;
                }
                let inherited = model.extends.as_ref().and_then(|base| {
                    let same = service.models.get(base)?.fields.get(json)?.words == field.words;
                    enum_of.get(&(base.clone(), json.clone())).filter(|_| same).cloned()
                });
                let rust = inherited.unwrap_or_else(|| {
                    let rust = enum_name(format!("{}{}", rust_name(name), names::pascal(json)), &mut taken);
                    let about = format!("Values of [`{}`]'s `{json}`.", rust_name(name));
                    enums.push(EnumPlan { rust: rust.clone(), about, variants: variants(&field.words) });
                    rust
                });
                enum_of.insert((name.clone(), json.clone()), rust);
            }
        }
        enums.sort_by(|left: &EnumPlan, right| left.rust.cmp(&right.rust));
        (enums, enum_of)
    }

    /// Who sends, answers or holds each model.
    fn usage(&self) -> BTreeMap<String, Vec<String>> {
        let mut usage: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut add = |model: &str, verb: &str, user: String| {
            usage.entry(model.to_owned()).or_default().push(format!("{verb} {user}"));
        };
        let model_of = |spelled: &Option<String>| {
            spelled.as_ref().and_then(|spelled| Type::parse(spelled).ok()?.model().map(str::to_owned))
        };
        for client in self.service.clients.values() {
            for (name, operation) in &client.operations {
                let link = format!("[`{name}`](super::operations::{name})");
                if let Some(model) = model_of(&operation.body) {
                    add(&model, "sent by", link.clone());
                }
                if let Some(model) = model_of(&operation.response) {
                    add(&model, "answered by", link);
                }
            }
        }
        for (name, model) in &self.service.models {
            let mut held: Vec<String> =
                model.fields.values().filter_map(|field| model_of(&Some(field.kind.clone()))).collect();
            held.dedup();
            for inner in held {
                add(&inner, "part of", format!("[`{}`]", rust_name(name)));
            }
        }
        usage
    }

    fn models(
        &mut self,
        enum_of: &BTreeMap<(String, String), String>,
        usage: &BTreeMap<String, Vec<String>>,
    ) -> (Vec<ModelPlan>, Vec<UnionPlan>) {
        let service = self.service;
        let mut models = Vec::new();
        let mut unions = Vec::new();
        for (name, model) in &service.models {
            let rust = rust_name(name);
            let used = usage_text(usage.get(name));
            let Some(union) = &model.discriminator else {
                let base = model.extends.as_ref().and_then(|base| {
                    let union = service.models.get(base)?.discriminator.as_ref()?;
                    let (value, _) = union.subtypes.iter().find(|(_, kind)| *kind == name)?;
                    Some((base, union, value))
                });
                let about = match base {
                    Some((base, union, value)) => {
                        format!("A [`{}`] whose `{}` is `{value}`.", rust_name(base), union.field)
                    }
                    None => format!("`{name}`{used}"),
                };
                let tag = base.map(|(_, union, value)| (union.field.clone(), value.clone()));
                let skip = tag.as_ref().map(|(field, _)| field.as_str());
                let fields = self.fields(name, model, skip, enum_of);
                models.push(ModelPlan { name: name.clone(), rust, fields, tag, keeps_rest: false, about });
                continue;
            };
            let other = format!("Other{rust}");
            if service.models.contains_key(&other) {
                self.problem(
                    format!("models.{other}"),
                    format!("its name is needed for other kinds of `{name}`"),
                );
            }
            let mut taken = BTreeSet::from(["Other".to_owned()]);
            let kinds: Vec<_> = union
                .subtypes
                .iter()
                .map(|(value, kind)| (names::variant(value, &mut taken), rust_name(kind), value.clone()))
                .collect();
            let fields = self.fields(name, model, None, enum_of);
            let shared = fields
                .iter()
                .filter(|field| field.json != union.field)
                .map(|field| (field.json.clone(), field.rust.clone(), field.kind.clone()))
                .collect();
            models.push(ModelPlan {
                name: name.clone(),
                rust: other.clone(),
                fields,
                tag: None,
                keeps_rest: true,
                about: format!(
                    "A [`{rust}`] of a kind that the tables do not know, or that does not say its kind: what all kinds \
                     have, and the rest as it came."
                ),
            });
            unions.push(UnionPlan {
                name: name.clone(),
                about: format!("`{name}`: its kind is in `{}`{used}", union.field),
                rust,
                tag: union.field.clone(),
                kinds,
                other,
                shared,
            });
        }
        (models, unions)
    }

    fn fields(
        &mut self,
        owner: &str,
        model: &schema::Model,
        skip: Option<&str>,
        enum_of: &BTreeMap<(String, String), String>,
    ) -> Vec<FieldPlan> {
        let mut taken = BTreeSet::from(["rest".to_owned()]);
        let mut fields = Vec::new();
        for (json, field) in &model.fields {
            if skip == Some(json) {
                continue;
            }
            let path = format!("models.{owner}.fields.{json}");
            let kind = match Type::parse(&field.kind) {
                Ok(kind) => kind,
                Err(what) => {
                    self.problem(format!("{path}.type"), what);
                    continue;
                }
            };
            if let Some(inner) = kind.model().filter(|inner| !self.service.models.contains_key(*inner)) {
                self.problem(format!("{path}.type"), format!("there is no model `{inner}`"));
                continue;
            }
            let sensitive = is_sensitive(&self.service.service, owner, json);
            let word = enum_of.get(&(owner.to_owned(), json.clone()));
            fields.push(FieldPlan {
                json: json.clone(),
                rust: names::unlike(&names::field(json), &mut taken),
                kind: if sensitive && kind == Type::Text {
                    "crate::secret::Secret<String>".to_owned()
                } else {
                    rust_type(&kind, word, "")
                },
                sensitive,
                about: field_about(json, field, sensitive),
            });
        }
        fields
    }

    fn operations(
        &mut self,
        enum_of: &BTreeMap<(String, String), String>,
    ) -> (Vec<OperationPlan>, Vec<EnumPlan>) {
        let service = self.service;
        let mut taken: BTreeSet<String> =
            service.clients.values().flat_map(|client| client.operations.keys().cloned()).collect();
        let mut enums = Vec::new();
        let mut operations: Vec<OperationPlan> = Vec::new();
        for (client_name, client) in &service.clients {
            for (name, operation) in &client.operations {
                let at = format!("clients.{client_name}.operations.{name}");
                if operations.iter().any(|other| other.name == *name) {
                    self.problem(at.clone(), "another client of this service has an operation of this name");
                }
                if RESERVED.contains(&name.as_str()) {
                    self.problem(at.clone(), "generated code needs this name for itself");
                }
                self.check_operation(&at, operation);
                let answer = self.answer(&at, operation);
                let item = self.item_model(&answer);
                let mut inputs = Vec::new();
                let mut names_taken = BTreeSet::new();
                self.path_inputs(operation, &mut inputs, &mut names_taken);
                self.query_inputs(
                    &at,
                    name,
                    operation,
                    item.as_deref(),
                    enum_of,
                    &mut inputs,
                    &mut names_taken,
                    &mut enums,
                    &mut taken,
                );
                self.body_input(&at, operation, &mut inputs, &mut names_taken);
                self.header_inputs(name, operation, &mut inputs, &mut names_taken);
                // What must be given stands first.
                inputs.sort_by_key(|input| !input.required);
                let page = self.page(&at, name, operation, &answer, &inputs);
                let takes = |header: &str| operation.header_params.iter().any(|name| name == header);
                operations.push(OperationPlan {
                    name: name.clone(),
                    snake: names::operation(name),
                    client: client_name.clone(),
                    method: operation.method.clone(),
                    path: client.api_version.as_ref().map_or_else(
                        || operation.path.clone(),
                        |version| format!("/{version}{}", operation.path),
                    ),
                    inputs,
                    answer,
                    page,
                    takes_retry_token: takes("opc-retry-token"),
                    takes_if_match: takes("if-match"),
                });
            }
        }
        operations.sort_by(|left, right| left.name.cmp(&right.name));
        enums.sort_by(|left: &EnumPlan, right| left.rust.cmp(&right.rust));
        (operations, enums)
    }

    fn check_operation(&mut self, at: &str, operation: &schema::Operation) {
        if !matches!(operation.method.as_str(), "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE") {
            self.problem(format!("{at}.method"), format!("unknown method `{}`", operation.method));
        }
        let placeholders: BTreeSet<&str> =
            operation.path.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect();
        let given: BTreeSet<&str> = operation.path_params.iter().map(String::as_str).collect();
        if placeholders != given {
            self.problem(
                format!("{at}.path"),
                format!("`{}` and its parameters {:?} do not fit", operation.path, operation.path_params),
            );
        }
        for name in operation.required_query.iter().filter(|name| !operation.query_params.contains(name)) {
            self.problem(format!("{at}.required_query"), format!("`{name}` is no query parameter"));
        }
    }

    fn answer(&mut self, at: &str, operation: &schema::Operation) -> Answer {
        let Some(spelled) = &operation.response else { return Answer::Nothing };
        if matches!(spelled.as_str(), "stream" | "bytes") {
            return Answer::Bytes;
        }
        let known = |name: &str| self.service.models.contains_key(name);
        match Type::parse(spelled) {
            Ok(Type::Text) => Answer::Text,
            Ok(Type::Model(name)) if known(&name) => Answer::Model(name),
            Ok(Type::List(inner)) if matches!(&*inner, Type::Model(name) if known(name)) => {
                Answer::List(inner.model().unwrap_or_default().to_owned())
            }
            Ok(_) => {
                self.problem(format!("{at}.response"), format!("cannot answer `{spelled}`"));
                Answer::Nothing
            }
            Err(what) => {
                self.problem(format!("{at}.response"), what);
                Answer::Nothing
            }
        }
    }

    /// The model that an answer is about: of a list, what it is made of.
    fn item_model(&self, answer: &Answer) -> Option<String> {
        match answer {
            Answer::Model(name) => {
                let items = self.service.models.get(name)?.fields.get("items");
                let item = items.and_then(|items| Type::parse(&items.kind).ok()?.model().map(str::to_owned));
                Some(item.unwrap_or_else(|| name.clone()))
            }
            Answer::List(name) => Some(name.clone()),
            Answer::Nothing | Answer::Text | Answer::Bytes => None,
        }
    }

    fn path_inputs(
        &self,
        operation: &schema::Operation,
        inputs: &mut Vec<InputPlan>,
        taken: &mut BTreeSet<String>,
    ) {
        for name in &operation.path_params {
            inputs.push(InputPlan {
                wire: name.clone(),
                rust: names::unlike(&names::field(name), taken),
                kind: "String".to_owned(),
                required: true,
                place: Place::Path,
                about: format!("Path parameter `{name}`."),
            });
        }
    }

    #[expect(clippy::too_many_arguments, reason = "one step of `operations`, cut out to fit a screen")]
    fn query_inputs(
        &mut self,
        at: &str,
        name: &str,
        operation: &schema::Operation,
        item: Option<&str>,
        enum_of: &BTreeMap<(String, String), String>,
        inputs: &mut Vec<InputPlan>,
        names_taken: &mut BTreeSet<String>,
        enums: &mut Vec<EnumPlan>,
        taken: &mut BTreeSet<String>,
    ) {
        let service = self.service;
        let special = self.parameters.get(name);
        for (known, parameter) in special.into_iter().flatten() {
            if parameter.place.is_none() && !operation.query_params.contains(known) {
                self.problems.push(Problem {
                    file: "schemas/oci-parameters.json".to_owned(),
                    path: format!("parameters.{}.{name}.{known}", service.service),
                    what: "the operation has no such query parameter".to_owned(),
                });
            }
        }
        let mut enum_names: BTreeSet<&String> = operation.param_enums.keys().collect();
        for wire in &operation.query_params {
            let parameter = special.and_then(|special| special.get(wire));
            let snake = names::operation(wire);
            enum_names.remove(&snake);
            let word = operation.param_enums.get(&snake).map(|words| {
                let same = |other: &[String]| {
                    words.iter().collect::<BTreeSet<_>>() == other.iter().collect::<BTreeSet<_>>()
                };
                if same(&["ASC".to_owned(), "DESC".to_owned()]) {
                    return "crate::model::SortOrder".to_owned();
                }
                let of_item = item.and_then(|item| {
                    let field = service.models.get(item)?.fields.get(wire)?;
                    enum_of.get(&(item.to_owned(), wire.clone())).filter(|_| same(&field.words))
                });
                if let Some(of_item) = of_item {
                    return format!("models::{of_item}");
                }
                let rust = enum_name(format!("{name}{}", names::pascal(wire)), taken);
                let about = format!("Values of [`{name}`]'s `{wire}`.");
                enums.push(EnumPlan { rust: rust.clone(), about, variants: variants(words) });
                rust
            });
            let kind = match Type::parse(parameter.map_or("str", |parameter| &parameter.kind)) {
                Ok(kind @ (Type::Text | Type::Int | Type::Flag)) => kind,
                Ok(Type::List(inner)) if *inner == Type::Text => Type::List(inner),
                Ok(_) => {
                    self.problem(
                        format!("{at}.query_params.{wire}"),
                        "a parameter is text, a number, a flag or a list of texts",
                    );
                    continue;
                }
                Err(what) => {
                    self.problem(format!("{at}.query_params.{wire}"), what);
                    continue;
                }
            };
            let place = match parameter.and_then(|parameter| parameter.collection.as_deref()) {
                None | Some("multi") => Place::Query,
                Some("csv") => Place::QueryCsv,
                Some(other) => {
                    self.problem(
                        format!("{at}.query_params.{wire}"),
                        format!("unknown collection `{other}`"),
                    );
                    continue;
                }
            };
            let required = operation.required_query.contains(wire);
            let mut about = format!("Query parameter `{wire}`");
            if let Some(words) = operation.param_enums.get(&snake) {
                about.push_str(&format!(": {}", listed(words)));
            }
            about.push('.');
            inputs.push(InputPlan {
                wire: wire.clone(),
                rust: names::unlike(&names::field(wire), names_taken),
                kind: rust_type(&kind, word.as_ref(), "models::"),
                required,
                place,
                about,
            });
        }
        for left in enum_names {
            self.problem(format!("{at}.param_enums.{left}"), "there is no such query parameter");
        }
    }

    fn body_input(
        &mut self,
        at: &str,
        operation: &schema::Operation,
        inputs: &mut Vec<InputPlan>,
        taken: &mut BTreeSet<String>,
    ) {
        let Some(spelled) = &operation.body else { return };
        let (kind, place, about) = if spelled == "stream" {
            let about = "The bytes to send; its length must be known.";
            ("Body".to_owned(), Place::Object, about.to_owned())
        } else if self.service.models.contains_key(spelled) {
            (format!("models::{}", rust_name(spelled)), Place::Json, "Sent as the body.".to_owned())
        } else {
            self.problem(format!("{at}.body"), format!("there is no model `{spelled}`"));
            return;
        };
        inputs.push(InputPlan {
            wire: "body".to_owned(),
            rust: names::unlike("body", taken),
            kind,
            required: !operation.body_optional,
            place,
            about,
        });
    }

    fn header_inputs(
        &self,
        name: &str,
        operation: &schema::Operation,
        inputs: &mut Vec<InputPlan>,
        taken: &mut BTreeSet<String>,
    ) {
        for header in &operation.header_params {
            let wire = header.to_ascii_lowercase();
            // The body knows its own length.
            if wire == "content-length" {
                continue;
            }
            let sensitive = is_sensitive(&self.service.service, name, header);
            let kind = if sensitive { "crate::secret::Secret<String>" } else { "String" };
            let about = match wire.as_str() {
                "opc-retry-token" => {
                    "Header `opc-retry-token`: the service carries out only the first of several \
                                      requests with the same token. One is made up when there is none here."
                        .to_owned()
                }
                "opc-request-id" | "opc-client-request-id" => {
                    format!(
                        "Header `{wire}`: what to call this request in the service's logs. One is made up when there is none here."
                    )
                }
                "if-match" => "Header `if-match`: the etag that the object must still have.".to_owned(),
                "if-none-match" => {
                    "Header `if-none-match`: the etag that the object must not have; `*` for any.".to_owned()
                }
                _ => format!("Header `{wire}`."),
            };
            inputs.push(InputPlan {
                rust: names::unlike(&names::field(&wire), taken),
                wire,
                kind: kind.to_owned(),
                required: false,
                place: Place::Header,
                about,
            });
        }
        let special = self.parameters.get(name).into_iter().flatten();
        for (prefix, _) in special.filter(|(_, parameter)| parameter.place.as_deref() == Some("header")) {
            inputs.push(InputPlan {
                wire: prefix.clone(),
                rust: names::unlike(&names::field(prefix), taken),
                kind: "std::collections::BTreeMap<String, String>".to_owned(),
                required: false,
                place: Place::HeaderGroup,
                about: format!("Headers `{prefix}…`, by what comes after that."),
            });
        }
    }

    fn page(
        &mut self,
        at: &str,
        name: &str,
        operation: &schema::Operation,
        answer: &Answer,
        inputs: &[InputPlan],
    ) -> Option<PagePlan> {
        let input =
            |wire: &str| inputs.iter().find(|input| input.wire == wire).map(|input| input.rust.clone());
        let has_limit = input("limit").is_some();
        let items_of = |model: &str, field: &str| match Type::parse(
            &self.service.models.get(model)?.fields.get(field)?.kind,
        )
        .ok()?
        {
            Type::List(inner) => Some(match *inner {
                Type::Model(item) => format!("models::{}", rust_name(&item)),
                _ => "String".to_owned(),
            }),
            _ => None,
        };
        let in_body = TOKEN_IN_BODY
            .iter()
            .find(|(service, operation, ..)| *service == self.service.service && *operation == name);
        if let (Some((_, _, parameter, next, items)), Answer::Model(model)) = (in_body, answer) {
            return Some(PagePlan {
                token: input(parameter)?,
                has_limit,
                item: items_of(model, items)?,
                items: Some(names::field(items)),
                next: Some(names::field(next)),
            });
        }
        if !operation.query_params.iter().any(|name| name == "page") {
            return None;
        }
        let (item, items) = match answer {
            Answer::List(model) => (format!("models::{}", rust_name(model)), None),
            Answer::Model(model) => match items_of(model, "items") {
                Some(item) => (item, Some("items".to_owned())),
                None => {
                    self.problem(
                        format!("{at}.response"),
                        format!("`{model}` has no list `items` to page over"),
                    );
                    return None;
                }
            },
            Answer::Nothing | Answer::Text | Answer::Bytes => {
                self.problem(format!("{at}.response"), "a list in pages that answers no list");
                return None;
            }
        };
        Some(PagePlan { token: input("page")?, has_limit, item, items, next: None })
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

fn field_about(json: &str, field: &schema::Field, sensitive: bool) -> String {
    let mut about = format!("`{json}`");
    if field.required {
        about.push_str(", required");
    }
    if field.kind == "datetime" {
        about.push_str(", a time");
    }
    if sensitive {
        about.push_str(", not shown in `Debug`");
    }
    if !field.words.is_empty() {
        about.push_str(&format!(": {}", listed(&field.words)));
    } else if let Some(name) = &field.enum_type {
        about.push_str(&format!(": words that Oracle calls `{name}` and does not list"));
    }
    about.push('.');
    about
}

/// Words for a sentence; no more than fit on a few lines.
fn listed(words: &[String]) -> String {
    const SHOWN_MAX: usize = 8;
    let shown: Vec<String> = words.iter().take(SHOWN_MAX).map(|word| format!("`{word}`")).collect();
    let rest = words.len().saturating_sub(SHOWN_MAX);
    let more = if rest == 0 { String::new() } else { format!(" and {rest} more") };
    format!("{}{more}", shown.join(", "))
}

/// Who uses a model, for a sentence; no more than fit on a few lines.
fn usage_text(users: Option<&Vec<String>>) -> String {
    const SHOWN_MAX: usize = 4;
    let Some(users) = users else { return ".".to_owned() };
    let rest = users.len().saturating_sub(SHOWN_MAX);
    let more = if rest == 0 { String::new() } else { format!(" and {rest} more") };
    format!(": {}{more}.", users[..users.len() - rest].join(", "))
}
