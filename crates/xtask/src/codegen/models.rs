//! Writes a service's `models.rs`.

use std::fmt::Write as _;

use super::HEADER;
use super::plan::{EnumPlan, ModelPlan, Plan, UnionPlan};

/// The file's text, not yet formatted.
pub(super) fn write(plan: &Plan) -> String {
    let mut out = String::from(HEADER);
    let _ = writeln!(out, "//! Models of {}.\n", plan.title);
    let mut items: Vec<(&str, String)> = Vec::new();
    items.extend(plan.models.iter().map(|model| (model.rust.as_str(), model_text(model))));
    items.extend(plan.unions.iter().map(|union| (union.rust.as_str(), union_text(union))));
    items.extend(plan.model_enums.iter().map(|words| (words.rust.as_str(), enum_text(words))));
    items.sort();
    for (_, text) in items {
        out.push_str(&text);
        out.push('\n');
    }
    out
}

/// An enum, complete with its values.
pub(super) fn enum_text(words: &EnumPlan) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "crate::model::open_enum! {{");
    let _ = writeln!(out, "    /// {}", words.about);
    let _ = writeln!(out, "    {} {{", words.rust);
    for (variant, word) in &words.variants {
        let _ = writeln!(out, "        /// `{}`.", word.escape_debug());
        let _ = writeln!(out, "        {variant} = {word:?},");
    }
    out.push_str("    }\n}\n");
    out
}

fn model_text(model: &ModelPlan) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "/// {}", model.about);
    let _ = writeln!(out, "#[derive(Clone, Default)]");
    let _ = writeln!(out, "pub struct {} {{", model.rust);
    for field in &model.fields {
        let _ = writeln!(out, "    /// {}", field.about);
        let _ = writeln!(out, "    pub {}: Option<{}>,", field.rust, field.kind);
    }
    if model.keeps_rest {
        let _ = writeln!(out, "    /// Fields that only this kind has, as they came.");
        let _ = writeln!(out, "    pub rest: serde_json::Map<String, serde_json::Value>,");
    }
    out.push_str("}\n\n");

    let mut head = format!("{} {:?}", model.rust, model.name);
    if let Some((field, value)) = &model.tag {
        let _ = write!(head, ", tag {field:?} {value:?}");
    }
    if model.keeps_rest {
        head.push_str(", rest rest");
    }
    let _ = writeln!(out, "crate::model::model! {{\n    {head};");
    for (index, field) in model.fields.iter().enumerate() {
        let sensitive = if field.sensitive { " sensitive" } else { "" };
        let _ = writeln!(out, "    {index} {} {:?}{sensitive},", field.rust, field.json);
    }
    out.push_str("}\n");
    out
}

fn union_text(union: &UnionPlan) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "/// {}", union.about);
    let _ = writeln!(out, "#[derive(Clone)]\n#[non_exhaustive]");
    let _ = writeln!(out, "pub enum {} {{", union.rust);
    for (variant, model, value) in &union.kinds {
        let _ = writeln!(out, "    /// `{}` is `{value}`.", union.tag);
        let _ = writeln!(out, "    {variant}({model}),");
    }
    let _ = writeln!(out, "    /// A kind that the tables do not know, kept as it came.");
    let _ = writeln!(out, "    Other({}),\n}}\n", union.other);

    if !union.shared.is_empty() {
        let _ = writeln!(out, "impl {} {{", union.rust);
        for (json, field, kind) in &union.shared {
            let (result, how) = match kind.as_str() {
                "String" => ("Option<&str>".to_owned(), ".as_deref()"),
                kind => (format!("Option<&{kind}>"), ".as_ref()"),
            };
            let _ = writeln!(out, "    /// `{json}`, which all kinds have.");
            let _ = writeln!(
                out,
                "    #[must_use]\n    pub fn {field}(&self) -> {result} {{\n        match self {{"
            );
            for variant in union.kinds.iter().map(|(variant, ..)| variant.as_str()).chain(["Other"]) {
                let _ = writeln!(out, "            Self::{variant}(kind) => kind.{field}{how},");
            }
            out.push_str("        }\n    }\n\n");
        }
        out.push_str("}\n\n");
    }

    let _ = writeln!(out, "crate::model::union! {{\n    {} {:?} {:?};", union.rust, union.name, union.tag);
    for (variant, model, value) in &union.kinds {
        let _ = writeln!(out, "    {variant}({model}) {value:?},");
    }
    out.push_str("}\n");
    out
}
