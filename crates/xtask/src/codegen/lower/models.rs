//! Models, unions and their enums.

use std::collections::{BTreeMap, BTreeSet};

use super::super::names;
use super::super::plan::{EnumPlan, FieldPlan, ModelPlan, UnionPlan};
use super::super::schema::{self, Type};
use super::super::sensitive::is_sensitive;
use super::{Lowering, enum_name, listed, rust_name, rust_type, variants};

impl Lowering<'_> {
    /// The enums of all fields, and which field has which: by model and field. What a kind of a union has from
    /// its base has the base's enum.
    pub(super) fn model_enums(&mut self) -> (Vec<EnumPlan>, BTreeMap<(String, String), String>) {
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
    pub(super) fn usage(&self) -> BTreeMap<String, Vec<String>> {
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

    pub(super) fn models(
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

/// Who uses a model, for a sentence; no more than fit on a few lines.
fn usage_text(users: Option<&Vec<String>>) -> String {
    const SHOWN_MAX: usize = 4;
    let Some(users) = users else { return ".".to_owned() };
    let rest = users.len().saturating_sub(SHOWN_MAX);
    let more = if rest == 0 { String::new() } else { format!(" and {rest} more") };
    format!(": {}{more}.", users[..users.len() - rest].join(", "))
}
