//! Writes the `mod.rs` files that hold the services together, and the catalogue of everything in them.

use std::fmt::Write as _;

use super::HEADER;
use super::lower::rust_name;
use super::plan::{Answer, Plan};

/// `services/mod.rs`.
pub(super) fn services(plans: &[Plan]) -> String {
    let mut out = String::from(HEADER);
    out.push_str(
        "//! Oracle's services: models and operations, as its tables in `schemas/oci-api` describe them.\n//!\n\
         //! Each service is a module behind a cargo feature of the same name.\n\n",
    );
    for plan in plans {
        let _ = writeln!(out, "#[cfg(feature = {:?})]\npub mod {};", plan.service, plan.service);
    }
    out.push_str("#[cfg(any(test, feature = \"catalog\"))]\npub mod catalog;\n");
    out
}

/// `services/SERVICE/mod.rs`.
pub(super) fn service(plan: &Plan) -> String {
    let mut out = String::from(HEADER);
    let clients: Vec<String> = plan.clients.iter().map(|client| format!("`{client}`")).collect();
    let _ = writeln!(
        out,
        "//! {}: {} operations of {}, and {} models.\n\npub mod models;\npub mod operations;",
        plan.title,
        plan.operations.len(),
        clients.join(", "),
        plan.models.len(),
    );
    out
}

/// The part of the catalogue that does not depend on the tables.
const CATALOG: &str = r#"//! Every model and every operation as a list, for tests and fuzzers. Behind the feature `catalog`.

use crate::model::{Value, decode_into};
use crate::operation::DecodeError;

/// One model.
pub struct ModelEntry {
    /// The service, as its module is called.
    pub service: &'static str,
    /// The name of the model in Oracle's API.
    pub name: &'static str,
    /// Makes one, empty.
    pub blank: fn() -> Box<dyn Value>,
}

/// One operation.
pub struct OperationEntry {
    /// The service, as its module is called.
    pub service: &'static str,
    /// The name of the operation in Oracle's API.
    pub name: &'static str,
    /// Makes what it answers, empty; nothing when it answers no JSON.
    pub answer: Option<fn() -> Box<dyn Value>>,
}

/// Reads `json` as the answer of an operation; `None` when there is no such operation, or it answers no JSON.
///
/// # Errors
/// [`DecodeError::Json`] inside, as [`crate::model::decode`].
pub fn decode_any(service: &str, operation: &str, json: &[u8]) -> Option<Result<Box<dyn Value>, DecodeError>> {
    let entry = OPERATIONS.iter().find(|entry| entry.service == service && entry.name == operation)?;
    let mut value = entry.answer?();
    Some(decode_into(&mut *value, json, entry.name).map(|()| value))
}

fn blank<T: Value + 'static>() -> Box<dyn Value> {
    Box::new(T::blank())
}

"#;

/// `services/catalog.rs`.
pub(super) fn catalog(plans: &[Plan]) -> String {
    let mut out = String::from(HEADER);
    out.push_str(CATALOG);
    out.push_str("/// Every model, by service and name. A kind of a tagged union stands for itself.\n#[rustfmt::skip]\npub static MODELS: &[ModelEntry] = &[\n");
    for plan in plans {
        let service = &plan.service;
        let known =
            plan.models.iter().filter(|model| !model.keeps_rest).map(|model| (&model.name, &model.rust));
        let mut entries: Vec<_> =
            known.chain(plan.unions.iter().map(|union| (&union.name, &union.rust))).collect();
        entries.sort();
        for (name, rust) in entries {
            let _ = writeln!(
                out,
                "    #[cfg(feature = {service:?})]\n    ModelEntry {{ service: {service:?}, name: {name:?}, blank: blank::<super::{service}::models::{rust}> }},"
            );
        }
    }
    out.push_str("];\n\n/// Every operation, by service and name.\n#[rustfmt::skip]\npub static OPERATIONS: &[OperationEntry] = &[\n");
    for plan in plans {
        let service = &plan.service;
        for operation in &plan.operations {
            let answer = match &operation.answer {
                Answer::Nothing | Answer::Bytes => "None".to_owned(),
                Answer::Text => "Some(blank::<String>)".to_owned(),
                Answer::Model(model) => {
                    format!("Some(blank::<super::{service}::models::{}>)", rust_name(model))
                }
                Answer::List(model) => {
                    format!("Some(blank::<Vec<super::{service}::models::{}>>)", rust_name(model))
                }
            };
            let _ = writeln!(
                out,
                "    #[cfg(feature = {service:?})]\n    OperationEntry {{ service: {service:?}, name: {:?}, answer: {answer} }},",
                operation.name
            );
        }
    }
    out.push_str("];\n");
    out
}
