//! One service as its Rust code will be: what `lower` makes of a table, and the writers write down.

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

/// An input of an operation. They stand in the order in which the SDK puts them on the wire.
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
