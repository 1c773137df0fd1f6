//! A table of requests that must be refused, and the one place that sends them.

use http::Method;
use oci_mock::WireRequest;
use serde_json::Value;

use crate::support::Caller;

/// A request that must be refused: what it is, the request, and the status, code and word of the refusal.
pub(crate) struct Refusal {
    pub(crate) what: &'static str,
    pub(crate) request: WireRequest,
    pub(crate) status: u16,
    pub(crate) code: &'static str,
    /// Something that the message must hold: the field's name, or the id of what is in the way.
    pub(crate) names: String,
}

/// A refusal of a request with a body.
pub(crate) fn refusal(
    what: &'static str,
    (method, target, body): (Method, String, Value),
    (status, code): (u16, &'static str),
    names: &str,
) -> Refusal {
    let mut request = WireRequest::new(method, target);
    if !body.is_null() {
        request = request.json(&body);
    }
    Refusal { what, request, status, code, names: names.to_owned() }
}

/// Sends them all; each must be refused as the table says, and say so with the field's name.
pub(crate) fn assert_refused(cloud: &Caller, table: &[Refusal]) {
    for case in table {
        let answer = cloud.send(&case.request);
        let body = answer.json().unwrap();
        assert_eq!(
            (answer.status.as_u16(), body["code"].as_str()),
            (case.status, Some(case.code)),
            "{}: {body}",
            case.what
        );
        let message = body["message"].as_str().unwrap();
        assert!(message.contains(&case.names), "{}: {message:?} does not name {:?}", case.what, case.names);
    }
}
