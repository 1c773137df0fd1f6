//! Writes a service's `operations.rs`.

use std::fmt::Write as _;

use super::HEADER;
use super::lower::rust_name;
use super::models::enum_text;
use super::plan::{Answer, InputPlan, OperationPlan, PagePlan, Place, Plan};

/// The file's text, not yet formatted.
pub(super) fn write(plan: &Plan) -> String {
    let mut out = String::from(HEADER);
    let _ = writeln!(out, "//! Operations of {}.\n", plan.title);
    let mut imports = vec![
        "use http::Method;",
        "use crate::encoder::Encoder;",
        "use crate::operation::{DecodeError, Operation, OperationSpec, RequestError};",
        "use crate::request::Request;",
        "use crate::transport::RawResponse;",
    ];
    let inputs = || plan.operations.iter().flat_map(|operation| &operation.inputs);
    if plan.operations.iter().any(|operation| operation.page.is_some()) {
        imports.push("use crate::operation::Paged;");
    }
    if inputs().any(|input| input.place == Place::Object) {
        imports.push("use crate::request::Body;");
    }
    if plan.operations.iter().any(|operation| operation.answer == Answer::Bytes) {
        imports.push("use bytes::Bytes;");
    }
    if inputs().any(|input| input.kind.contains("models::"))
        || plan
            .operations
            .iter()
            .any(|operation| matches!(operation.answer, Answer::Model(_) | Answer::List(_)))
    {
        imports.push("use super::models;");
    }
    for import in imports {
        let _ = writeln!(out, "{import}");
    }
    out.push('\n');
    for operation in &plan.operations {
        out.push_str(&operation_text(plan, operation));
        out.push('\n');
    }
    for words in &plan.operation_enums {
        out.push_str(&enum_text(words));
        out.push('\n');
    }
    out
}

fn operation_text(plan: &Plan, operation: &OperationPlan) -> String {
    let mut out = String::new();
    let name = &operation.name;
    let _ = writeln!(out, "/// `{name}` of {}: `{} {}`.", plan.title, operation.method, operation.path);
    if operation.takes_retry_token {
        let _ = writeln!(out, "///\n/// Takes a retry token, so that it can be repeated safely.");
    }
    let needed: Vec<&InputPlan> = operation.inputs.iter().filter(|input| input.required).collect();
    let default = if needed.is_empty() { ", Default" } else { "" };
    let _ = writeln!(out, "#[derive(Clone, Debug{default})]\npub struct {name} {{");
    for input in needed_first(operation) {
        let _ = writeln!(out, "    /// {}", input.about);
        let _ = writeln!(out, "    pub {}: {},", input.rust, input_type(input));
    }
    out.push_str("}\n\n");
    out.push_str(&constructor(operation, &needed));
    out.push_str(&implementation(plan, operation));
    if let Some(page) = &operation.page {
        out.push_str(&paged(operation, page));
    }
    out
}

/// The inputs as a reader wants them: first those that must be given.
fn needed_first(operation: &OperationPlan) -> Vec<&InputPlan> {
    let mut inputs: Vec<&InputPlan> = operation.inputs.iter().collect();
    inputs.sort_by_key(|input| !input.required);
    inputs
}

fn input_type(input: &InputPlan) -> String {
    if input.required || input.place == Place::HeaderGroup {
        input.kind.clone()
    } else {
        format!("Option<{}>", input.kind)
    }
}

fn constructor(operation: &OperationPlan, needed: &[&InputPlan]) -> String {
    let name = &operation.name;
    let mut out = String::new();
    if needed.is_empty() {
        let _ = writeln!(out, "impl {name} {{");
        let _ = writeln!(out, "    /// The call, with nothing set.");
        let _ = writeln!(
            out,
            "    #[must_use]\n    pub fn new() -> Self {{\n        Self::default()\n    }}\n}}\n"
        );
        return out;
    }
    let arguments: Vec<String> = needed
        .iter()
        .map(|input| match input.kind.as_str() {
            "String" => format!("{}: impl Into<String>", input.rust),
            kind => format!("{}: {kind}", input.rust),
        })
        .collect();
    let _ = writeln!(out, "impl {name} {{");
    let _ =
        writeln!(out, "    /// The call with what it cannot do without; the rest may be set in its fields.");
    let _ = writeln!(
        out,
        "    #[must_use]\n    pub fn new({}) -> Self {{\n        Self {{",
        arguments.join(", ")
    );
    for input in needed_first(operation) {
        let value = match (input.required, input.kind.as_str()) {
            (true, "String") => format!("{}: {}.into()", input.rust, input.rust),
            (true, _) => input.rust.clone(),
            (false, _) if input.place == Place::HeaderGroup => format!("{}: Default::default()", input.rust),
            (false, _) => format!("{}: None", input.rust),
        };
        let _ = writeln!(out, "            {value},");
    }
    out.push_str("        }\n    }\n}\n\n");
    out
}

fn implementation(plan: &Plan, operation: &OperationPlan) -> String {
    let name = &operation.name;
    let mut out = String::new();
    let (output, decode) = match &operation.answer {
        Answer::Nothing => ("()".to_owned(), "let _ = response;\n        Ok(())".to_owned()),
        Answer::Text => {
            ("String".to_owned(), "crate::model::decode(&response.body, \"a string\")".to_owned())
        }
        Answer::Bytes => ("Bytes".to_owned(), "Ok(response.body.clone())".to_owned()),
        Answer::Model(model) => (
            format!("models::{}", rust_name(model)),
            format!("crate::model::decode(&response.body, {model:?})"),
        ),
        Answer::List(model) => (
            format!("Vec<models::{}>", rust_name(model)),
            format!("crate::model::decode_list(&response.body, \"list of {model}\")"),
        ),
    };
    let _ = writeln!(out, "impl Operation for {name} {{\n    type Output = {output};\n");
    let _ = writeln!(
        out,
        "    fn spec(&self) -> &'static OperationSpec {{
        static SPEC: OperationSpec = OperationSpec {{
            service: {:?},
            client: {:?},
            name: {:?},
            method: Method::{},
            path: {:?},
            takes_retry_token: {},
            takes_if_match: {},
        }};
        &SPEC
    }}\n",
        plan.service,
        operation.client,
        operation.snake,
        operation.method,
        operation.path,
        operation.takes_retry_token,
        operation.takes_if_match,
    );
    let mut steps = String::new();
    for input in &operation.inputs {
        let (wire, rust) = (&input.wire, &input.rust);
        let step = match (input.place, input.required) {
            (Place::Path, _) => format!("path({wire:?}, &self.{rust})"),
            (Place::Query, true) => format!("query_required({wire:?}, &self.{rust})"),
            (Place::Query, false) => format!("query({wire:?}, &self.{rust})"),
            (Place::QueryCsv, _) => format!("query_csv({wire:?}, &self.{rust})"),
            (Place::Header, _) => format!("header({wire:?}, &self.{rust})"),
            (Place::HeaderGroup, _) => format!("headers({wire:?}, &self.{rust})"),
            (Place::Json, true) => format!("json(&self.{rust})"),
            (Place::Json, false) => format!("json_optional(&self.{rust})"),
            (Place::Object, _) => format!("object(&self.{rust})"),
        };
        let _ = write!(steps, ".{step}");
    }
    let _ = writeln!(
        out,
        "    fn request(&self, origin: &str) -> Result<Request, RequestError> {{
        Encoder::new(self.spec()){steps}.finish(origin)
    }}

    fn decode(&self, response: &RawResponse) -> Result<Self::Output, DecodeError> {{
        {decode}
    }}
}}\n"
    );
    out
}

fn paged(operation: &OperationPlan, page: &PagePlan) -> String {
    let mut out = String::new();
    let token = &page.token;
    let _ = writeln!(out, "impl Paged for {} {{\n    type Item = {};\n", operation.name, page.item);
    let _ = writeln!(
        out,
        "    fn set_page(&mut self, token: Option<String>) {{\n        self.{token} = token;\n    }}\n"
    );
    let (limit, set_limit) = if page.has_limit {
        ("self.limit", "self.limit = limit;")
    } else {
        ("None", "// The operation chooses the size of its pages itself.\n        let _ = limit;")
    };
    let _ = writeln!(out, "    fn limit(&self) -> Option<i64> {{\n        {limit}\n    }}\n");
    let _ =
        writeln!(out, "    fn set_limit(&mut self, limit: Option<i64>) {{\n        {set_limit}\n    }}\n");
    if let Some(next) = &page.next {
        let _ = writeln!(
            out,
            "    fn next_page(_: &http::HeaderMap, output: &Self::Output) -> Option<String> {{\n        \
             output.{next}.clone()\n    }}\n"
        );
    }
    let items = match &page.items {
        None => "output".to_owned(),
        Some(items) => format!("output.{items}.unwrap_or_default()"),
    };
    let _ = writeln!(
        out,
        "    fn items(output: Self::Output) -> Vec<Self::Item> {{\n        {items}\n    }}\n}}\n"
    );
    out
}
