//! Operations and their parameters.

use std::collections::{BTreeMap, BTreeSet};

use super::super::names;
use super::super::plan::{Answer, EnumPlan, InputPlan, OperationPlan, PagePlan, Place};
use super::super::schema::{self, Problem, Type};
use super::super::sensitive::is_sensitive;
use super::{Lowering, RESERVED, enum_name, listed, rust_name, rust_type, variants};

/// Lists whose next token is in the body: service, operation, parameter, field of the token, field of the items.
const TOKEN_IN_BODY: &[(&str, &str, &str, &str, &str)] =
    &[("object_storage", "ListObjects", "start", "nextStartWith", "objects")];

/// One operation while it is being planned.
struct Call<'a> {
    /// Where it stands in its file, for messages.
    at: String,
    name: &'a str,
    operation: &'a schema::Operation,
}

/// The inputs of an operation, and their names that are taken.
#[derive(Default)]
struct Inputs {
    list: Vec<InputPlan>,
    taken: BTreeSet<String>,
}

impl Inputs {
    fn add(&mut self, wire: &str, kind: String, required: bool, place: Place, about: String) {
        let rust = names::unlike(&names::field(wire), &mut self.taken);
        self.list.push(InputPlan { wire: wire.to_owned(), rust, kind, required, place, about });
    }
}

/// The enums of a service's parameters, and the names that its operations and these have taken.
struct Enums {
    list: Vec<EnumPlan>,
    taken: BTreeSet<String>,
}

impl Lowering<'_> {
    pub(super) fn operations(
        &mut self,
        enum_of: &BTreeMap<(String, String), String>,
    ) -> (Vec<OperationPlan>, Vec<EnumPlan>) {
        let service = self.service;
        let names = service.clients.values().flat_map(|client| client.operations.keys().cloned());
        let mut enums = Enums { list: Vec::new(), taken: names.collect() };
        let mut plans: Vec<OperationPlan> = Vec::new();
        for (client_name, client) in &service.clients {
            for (name, operation) in &client.operations {
                let call = Call { at: format!("clients.{client_name}.operations.{name}"), name, operation };
                if plans.iter().any(|other| other.name == *name) {
                    self.problem(
                        call.at.clone(),
                        "another client of this service has an operation of this name",
                    );
                }
                if RESERVED.contains(&name.as_str()) {
                    self.problem(call.at.clone(), "generated code needs this name for itself");
                }
                self.check_operation(&call.at, operation);
                let answer = self.answer(&call.at, operation);
                let mut inputs = Inputs::default();
                for name in &operation.path_params {
                    let about = format!("Path parameter `{name}`.");
                    inputs.add(name, "String".to_owned(), true, Place::Path, about);
                }
                self.query_inputs(
                    &call,
                    self.item_model(&answer).as_deref(),
                    enum_of,
                    &mut inputs,
                    &mut enums,
                );
                self.body_input(&call, &mut inputs);
                self.header_inputs(&call, &mut inputs);
                let inputs = inputs.list;
                let page = self.page(&call, &answer, &inputs);
                let takes = |header: &str| operation.header_params.iter().any(|name| name == header);
                plans.push(OperationPlan {
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
        plans.sort_by(|left, right| left.name.cmp(&right.name));
        enums.list.sort_by(|left, right| left.rust.cmp(&right.rust));
        (plans, enums.list)
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

    /// The Rust type of what the list `field` of `model` is made of.
    fn items_of(&self, model: &str, field: &str) -> Option<String> {
        match Type::parse(&self.service.models.get(model)?.fields.get(field)?.kind).ok()? {
            Type::List(inner) => Some(rust_type(&inner, None, "models::")),
            _ => None,
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

    fn query_inputs(
        &mut self,
        call: &Call<'_>,
        item: Option<&str>,
        enum_of: &BTreeMap<(String, String), String>,
        inputs: &mut Inputs,
        enums: &mut Enums,
    ) {
        let Call { at, name, operation } = call;
        let special = self.parameters.get(*name);
        for (known, parameter) in special.into_iter().flatten() {
            if parameter.place.is_none() && !operation.query_params.contains(known) {
                self.problems.push(Problem {
                    file: "schemas/oci-parameters.json".to_owned(),
                    path: format!("parameters.{}.{name}.{known}", self.service.service),
                    what: "the operation has no such query parameter".to_owned(),
                });
            }
        }
        let mut unused: BTreeSet<&String> = operation.param_enums.keys().collect();
        for wire in &operation.query_params {
            let at = format!("{at}.query_params.{wire}");
            let parameter = special.and_then(|special| special.get(wire));
            let snake = names::operation(wire);
            unused.remove(&snake);
            let words = operation.param_enums.get(&snake);
            let kind = match Type::parse(parameter.map_or("str", |parameter| &parameter.kind)) {
                Ok(kind @ (Type::Text | Type::Int | Type::Flag)) => kind,
                Ok(Type::List(inner)) if *inner == Type::Text => Type::List(inner),
                Ok(_) => {
                    self.problem(at, "a parameter is text, a number, a flag or a list of texts");
                    continue;
                }
                Err(what) => {
                    self.problem(at, what);
                    continue;
                }
            };
            let place = match parameter.and_then(|parameter| parameter.collection.as_deref()) {
                None | Some("multi") => Place::Query,
                Some("csv") => Place::QueryCsv,
                Some(other) => {
                    self.problem(at, format!("unknown collection `{other}`"));
                    continue;
                }
            };
            let word = words.map(|words| self.parameter_enum(name, wire, words, item, enum_of, enums));
            let known = words.map_or_else(String::new, |words| format!(": {}", listed(words)));
            inputs.add(
                wire,
                rust_type(&kind, word.as_ref(), "models::"),
                operation.required_query.contains(wire),
                place,
                format!("Query parameter `{wire}`{known}."),
            );
        }
        for left in unused {
            self.problem(format!("{at}.param_enums.{left}"), "there is no such query parameter");
        }
    }

    /// The enum of a parameter: that of the field which it filters by, where both know the same words; else one
    /// of its own.
    fn parameter_enum(
        &self,
        name: &str,
        wire: &str,
        words: &[String],
        item: Option<&str>,
        enum_of: &BTreeMap<(String, String), String>,
        enums: &mut Enums,
    ) -> String {
        let wanted: BTreeSet<&str> = words.iter().map(String::as_str).collect();
        if wanted == BTreeSet::from(["ASC", "DESC"]) {
            return "crate::model::SortOrder".to_owned();
        }
        let of_item = item.and_then(|item| {
            let field = self.service.models.get(item)?.fields.get(wire)?;
            let known: BTreeSet<&str> = field.words.iter().map(String::as_str).collect();
            enum_of.get(&(item.to_owned(), wire.to_owned())).filter(|_| known == wanted)
        });
        if let Some(of_item) = of_item {
            return format!("models::{of_item}");
        }
        let rust = enum_name(format!("{name}{}", names::pascal(wire)), &mut enums.taken);
        let about = format!("Values of [`{name}`]'s `{wire}`.");
        enums.list.push(EnumPlan { rust: rust.clone(), about, variants: variants(words) });
        rust
    }

    fn body_input(&mut self, call: &Call<'_>, inputs: &mut Inputs) {
        let Some(spelled) = &call.operation.body else { return };
        let required = !call.operation.body_optional;
        if spelled == "stream" {
            let about = "The bytes to send; their number must be known.";
            inputs.add("body", "Body".to_owned(), required, Place::Object, about.to_owned());
        } else if self.service.models.contains_key(spelled) {
            let kind = format!("models::{}", rust_name(spelled));
            inputs.add("body", kind, required, Place::Json, "Sent as the body.".to_owned());
        } else {
            self.problem(format!("{}.body", call.at), format!("there is no model `{spelled}`"));
        }
    }

    fn header_inputs(&self, call: &Call<'_>, inputs: &mut Inputs) {
        for header in &call.operation.header_params {
            let wire = header.to_ascii_lowercase();
            // The body knows its own length.
            if wire == "content-length" {
                continue;
            }
            let sensitive = is_sensitive(&self.service.service, call.name, header);
            let kind = if sensitive { "crate::secret::Secret<String>" } else { "String" };
            let meaning = match wire.as_str() {
                "opc-retry-token" => {
                    ": the service carries out only the first of several requests with the same token. One is made \
                     up when there is none here"
                }
                "opc-request-id" | "opc-client-request-id" => {
                    ": what to call this request in the service's logs. One is made up when there is none here"
                }
                "if-match" => ": the etag that the object must still have",
                "if-none-match" => ": the etag that the object must not have; `*` for any",
                _ => "",
            };
            inputs.add(&wire, kind.to_owned(), false, Place::Header, format!("Header `{wire}`{meaning}."));
        }
        let special = self.parameters.get(call.name).into_iter().flatten();
        for (prefix, _) in special.filter(|(_, parameter)| parameter.place.as_deref() == Some("header")) {
            let kind = "std::collections::BTreeMap<String, String>";
            let about = format!("Headers `{prefix}…`, by what comes after that.");
            inputs.add(prefix, kind.to_owned(), false, Place::HeaderGroup, about);
        }
    }

    fn page(&mut self, call: &Call<'_>, answer: &Answer, inputs: &[InputPlan]) -> Option<PagePlan> {
        let Call { at, name, operation } = call;
        let input =
            |wire: &str| inputs.iter().find(|input| input.wire == wire).map(|input| input.rust.clone());
        let has_limit = input("limit").is_some();
        let in_body = TOKEN_IN_BODY
            .iter()
            .find(|(service, operation, ..)| *service == self.service.service && operation == name);
        if let (Some((_, _, parameter, next, items)), Answer::Model(model)) = (in_body, answer) {
            return Some(PagePlan {
                token: input(parameter)?,
                has_limit,
                item: self.items_of(model, items)?,
                items: Some(names::field(items)),
                next: Some(names::field(next)),
            });
        }
        if !operation.query_params.iter().any(|name| name == "page") {
            return None;
        }
        let (item, items) = match answer {
            Answer::List(model) => (format!("models::{}", rust_name(model)), None),
            Answer::Model(model) => match self.items_of(model, "items") {
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
