//! What one table must hold to, before anything is made of it.

use std::collections::{BTreeMap, BTreeSet};

use super::super::names;
use super::super::schema::{Operation, Type};
use super::Lowering;

impl Lowering<'_> {
    /// Names that no rule could turn into Rust, or that would break out of a comment.
    pub(super) fn check_names(&mut self) {
        let service = self.service;
        let name = &service.service;
        if names::field(name) != *name || name.starts_with("r#") {
            self.problem("service".to_owned(), format!("`{name}` cannot name a Rust module"));
        }
        let operations = service.clients.iter().flat_map(|(client, facts)| {
            facts.operations.keys().map(move |name| (format!("clients.{client}.operations.{name}"), name))
        });
        let models = service.models.keys().map(|name| (format!("models.{name}"), name));
        for (path, name) in models.chain(operations) {
            let is_type = name.starts_with(|first: char| first.is_ascii_uppercase())
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
            if !is_type {
                self.problem(path, "cannot name a Rust type");
            }
        }
        for (model, facts) in &service.models {
            for field in facts.fields.keys() {
                let fits =
                    !field.is_empty() && field.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'`');
                if !fits {
                    self.problem(format!("models.{model}.fields.{field}"), "cannot name a field");
                }
            }
        }
    }

    pub(super) fn check_unions(&mut self) {
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
    pub(super) fn check_recursion(&mut self) {
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

    pub(super) fn check_operation(&mut self, at: &str, operation: &Operation) {
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
}
