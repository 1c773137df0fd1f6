//! From the input of an operation to its request: escapes, headers and the body. A pure function in steps.
//!
//! The escapes are those of Oracle's Python SDK 2.189.0 (observed), byte for byte: the signature covers the
//! escaped form, and a service may compare it.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, Method};

use crate::model::{Slot, Value, View, to_json_with_secrets};
use crate::operation::{OperationSpec, RequestError};
use crate::request::{Body, Request, SigningRule};

/// Collects the parts of a request. The first part that cannot be sent is what [`Encoder::finish`] reports.
#[derive(Debug)]
pub struct Encoder {
    spec: &'static OperationSpec,
    path: String,
    query: String,
    headers: HeaderMap,
    body: Body,
    signing: SigningRule,
    problem: Option<RequestError>,
}

impl Encoder {
    /// A request of the operation `spec`, as yet without parameters.
    #[must_use]
    pub fn new(spec: &'static OperationSpec) -> Self {
        Self {
            spec,
            path: spec.path.to_owned(),
            query: String::new(),
            headers: HeaderMap::new(),
            body: Body::Empty,
            signing: SigningRule::Standard,
            problem: None,
        }
    }

    /// Puts `value` in the place of `{name}` in the path.
    ///
    /// Ordinary services get a `/` inside the value as it is. Object Storage, whose names of objects may hold
    /// anything, gets it escaped. A value of `.` or `..` is escaped everywhere, so that nothing on the way takes
    /// it for a step in the path.
    #[must_use]
    pub fn path(mut self, name: &'static str, value: &str) -> Self {
        if value.trim().is_empty() {
            return self.fail(RequestError::EmptyPathParameter { name });
        }
        let mut escaped = String::with_capacity(value.len());
        if matches!(value, "." | "..") {
            escaped.push_str(&value.replace('.', "%2E"));
        } else {
            let keep_slash = self.spec.service != "object_storage";
            escape(value, &mut escaped, |byte| keep_slash && byte == b'/');
        }
        self.path = self.path.replace(&format!("{{{name}}}"), &escaped);
        self
    }

    /// Adds `name=value` to the query, once for each value of a list; nothing when there is none.
    #[must_use]
    pub fn query(mut self, name: &'static str, value: &dyn Slot) -> Self {
        if let Some(value) = value.get() {
            for text in texts(value) {
                self.add_query(name, &text);
            }
        }
        self
    }

    /// Adds `name=value` to the query, which the operation cannot do without.
    #[must_use]
    pub fn query_required(mut self, name: &'static str, value: &dyn Value) -> Self {
        let texts = texts(value);
        if texts.iter().all(String::is_empty) {
            return self.fail(RequestError::EmptyQueryParameter { name });
        }
        for text in texts {
            self.add_query(name, &text);
        }
        self
    }

    /// Adds `name=value,value` to the query; nothing when there is no list.
    #[must_use]
    pub fn query_csv(mut self, name: &'static str, value: &dyn Slot) -> Self {
        if let Some(value) = value.get() {
            self.add_query(name, &texts(value).join(","));
        }
        self
    }

    /// Adds a header, when there is a value for it.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: &dyn Slot) -> Self {
        let Some(value) = value.get() else { return self };
        let secret = matches!(value.view(), View::Secret(_));
        let text = texts(value).join(",");
        match HeaderValue::from_str(&text) {
            Ok(mut value) => {
                value.set_sensitive(secret);
                self.headers.insert(HeaderName::from_static(name), value);
                self
            }
            Err(_) => self.fail(RequestError::InvalidHeader { name }),
        }
    }

    /// Adds a header for each entry of a map, named `prefix` and the entry's name.
    #[must_use]
    pub fn headers(mut self, prefix: &'static str, entries: &BTreeMap<String, String>) -> Self {
        for (name, value) in entries {
            let name = HeaderName::try_from(format!("{prefix}{name}"));
            let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value)) else {
                return self.fail(RequestError::InvalidHeader { name: prefix });
            };
            self.headers.insert(name, value);
        }
        self
    }

    /// Sends `model` as JSON.
    #[must_use]
    pub fn json(mut self, model: &dyn Value) -> Self {
        match to_json_with_secrets(model) {
            Ok(json) => {
                self.body = Body::Bytes(Bytes::from(json));
                self
            }
            Err(source) => self.fail(RequestError::Serialise(source)),
        }
    }

    /// Sends `model` as JSON, or no body.
    #[must_use]
    pub fn json_optional(self, model: &dyn Slot) -> Self {
        match model.get() {
            Some(model) => self.json(model),
            None => self,
        }
    }

    /// Sends the bytes of an object as they are. They are not part of the signature.
    #[must_use]
    pub fn object(mut self, body: &Body) -> Self {
        self.body = body.clone();
        self.signing = SigningRule::BodyUnsigned;
        self
    }

    /// The request against `origin`.
    ///
    /// # Errors
    /// The first part that could not be sent.
    pub fn finish(mut self, origin: &str) -> Result<Request, RequestError> {
        if let Some(problem) = self.problem {
            return Err(problem);
        }
        if matches!(self.spec.method, Method::POST | Method::PUT | Method::PATCH) {
            let kind = match self.signing {
                SigningRule::BodyUnsigned => "application/octet-stream",
                SigningRule::Standard | SigningRule::Federation => "application/json",
            };
            self.headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static(kind));
        }
        let mut target = self.path;
        if !self.query.is_empty() {
            target.push('?');
            target.push_str(&self.query);
        }
        Ok(Request {
            method: self.spec.method.clone(),
            origin: origin.to_owned(),
            target,
            headers: self.headers,
            body: self.body,
            signing: self.signing,
        })
    }

    fn add_query(&mut self, name: &str, value: &str) {
        if !self.query.is_empty() {
            self.query.push('&');
        }
        escape_form(name, &mut self.query);
        self.query.push('=');
        escape_form(value, &mut self.query);
    }

    fn fail(mut self, problem: RequestError) -> Self {
        self.problem.get_or_insert(problem);
        self
    }
}

/// A parameter as text; one for each value of a list. A parameter is never an object.
fn texts(value: &dyn Value) -> Vec<String> {
    match value.view() {
        View::Text(text) => vec![text.to_owned()],
        View::Secret(secret) => vec![secret.expose().clone()],
        View::Flag(flag) => vec![flag.to_string()],
        View::Int(number) => vec![number.to_string()],
        View::Float(number) => vec![number.to_string()],
        View::Time(time) => vec![time.to_string()],
        View::Enum(word) => vec![word.as_str().to_owned()],
        View::List(list) => (0..list.count()).filter_map(|index| list.at(index)).flat_map(texts).collect(),
        View::Json(_) | View::Model(_) | View::Union(_) | View::Map(_) => Vec::new(),
    }
}

/// Percent-encodes all but letters, digits, `-._~` and what `keep` names.
fn escape(text: &str, out: &mut String, keep: impl Fn(u8) -> bool) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || keep(byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
}

/// As forms are encoded: a space becomes `+`.
fn escape_form(text: &str, out: &mut String) {
    let start = out.len();
    escape(text, out, |byte| byte == b' ');
    if out[start..].contains(' ') {
        let spaced = out.split_off(start).replace(' ', "+");
        out.push_str(&spaced);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(service: &'static str) -> &'static OperationSpec {
        static CORE: OperationSpec = spec_of("core");
        static OBJECTS: OperationSpec = spec_of("object_storage");
        if service == "core" { &CORE } else { &OBJECTS }
    }

    const fn spec_of(service: &'static str) -> OperationSpec {
        OperationSpec {
            service,
            client: "TestClient",
            name: "put_thing",
            method: Method::PUT,
            path: "/1/things/{thing}/parts",
            takes_retry_token: false,
            takes_if_match: true,
        }
    }

    fn target(encoder: Encoder) -> String {
        encoder.finish("http://localhost").unwrap().target
    }

    #[test]
    fn a_path_parameter_is_escaped_as_its_service_wants_it() {
        for (service, value, expected) in [
            ("core", "a b/c", "a%20b/c"),
            ("core", "~-._", "~-._"),
            ("core", "é%+?#", "%C3%A9%25%2B%3F%23"),
            ("core", "..", "%2E%2E"),
            ("object_storage", "a/b c.txt", "a%2Fb%20c.txt"),
            ("object_storage", ".", "%2E"),
            ("object_storage", "..", "%2E%2E"),
            ("object_storage", "../x", "..%2Fx"),
        ] {
            let encoder = Encoder::new(spec(service)).path("thing", value);
            assert_eq!(target(encoder), format!("/1/things/{expected}/parts"));
        }
    }

    #[test]
    fn an_empty_path_parameter_is_refused_since_it_would_name_something_else() {
        for value in ["", " ", "\t\n"] {
            let refused = Encoder::new(spec("core")).path("thing", value).finish("http://localhost");
            assert!(matches!(refused, Err(RequestError::EmptyPathParameter { name: "thing" })));
        }
    }

    #[test]
    fn query_parameters_keep_their_order_and_are_escaped_like_a_form() {
        let words = Some(vec!["A B".to_owned(), "C".to_owned()]);
        let encoder = Encoder::new(spec("core"))
            .path("thing", "t")
            .query_required("z", &"a+b=c&d/é".to_owned())
            .query("absent", &None::<String>)
            .query("empty", &Some(String::new()))
            .query("flag", &Some(true))
            .query("limit", &Some(-5_i64))
            .query("each", &words)
            .query_csv("joined", &words);
        assert_eq!(
            target(encoder),
            "/1/things/t/parts?z=a%2Bb%3Dc%26d%2F%C3%A9&empty=&flag=true&limit=-5&each=A+B&each=C&joined=A+B%2CC"
        );
    }

    #[test]
    fn a_header_that_would_break_the_request_is_refused() {
        let start = || Encoder::new(spec("core")).path("thing", "t");
        let fine =
            start().header("if-match", &Some("\"abc\"".to_owned())).finish("http://localhost").unwrap();
        assert_eq!(fine.headers["if-match"], "\"abc\"");
        for value in ["a\r\nb: c", "a\0", "a\u{7f}"] {
            let refused = start().header("if-match", &Some(value.to_owned())).finish("http://localhost");
            assert!(matches!(refused, Err(RequestError::InvalidHeader { name: "if-match" })), "{value:?}");
        }
        let meta = |name: &str| BTreeMap::from([(name.to_owned(), "v".to_owned())]);
        assert!(start().headers("opc-meta-", &meta("colour")).finish("http://localhost").is_ok());
        assert!(start().headers("opc-meta-", &meta("a b")).finish("http://localhost").is_err());
    }

    #[test]
    fn an_object_is_sent_unsigned_and_json_is_signed() {
        let object = Encoder::new(spec("object_storage"))
            .path("thing", "t")
            .object(&Body::Bytes(Bytes::from_static(b"bytes")))
            .finish("http://localhost")
            .unwrap();
        assert_eq!(object.signing, SigningRule::BodyUnsigned);
        assert_eq!(object.headers["content-type"], "application/octet-stream");
        let empty = Encoder::new(spec("core")).path("thing", "t").finish("http://localhost").unwrap();
        assert_eq!(empty.signing, SigningRule::Standard);
        assert_eq!(empty.headers["content-type"], "application/json");
    }

    #[test]
    fn a_number_that_json_cannot_hold_is_refused() {
        let refused =
            Encoder::new(spec("core")).path("thing", "t").json(&f64::NAN).finish("http://localhost");
        assert!(matches!(refused, Err(RequestError::Serialise(_))));
    }
}
