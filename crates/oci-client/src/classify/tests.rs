use http::{HeaderValue, Method};
use proptest::prelude::*;

use super::*;

static READ: OperationSpec = spec("core", Method::GET);
static WRITE: OperationSpec = spec("core", Method::POST);
static NLB_WRITE: OperationSpec = spec("network_load_balancer", Method::POST);

const fn spec(service: &'static str, method: Method) -> OperationSpec {
    OperationSpec {
        service,
        client: "Client",
        name: "name",
        method,
        path: "/",
        takes_retry_token: true,
        takes_if_match: false,
    }
}

fn answer(status: u16, body: &str) -> RawResponse {
    RawResponse {
        status: StatusCode::from_u16(status).unwrap(),
        headers: HeaderMap::new(),
        body: body.to_owned().into(),
    }
}

fn failure(operation: &OperationSpec, response: &RawResponse) -> Failure {
    let attempt = Attempt { result: Ok(response), received_at: DateTime::UNIX_EPOCH };
    match classify(operation, &attempt) {
        Verdict::Failure(failure) => failure,
        Verdict::Success => panic!("{} is a failure", response.status),
    }
}

fn check(operation: &OperationSpec, status: u16, body: &str, class: Class, effect: Effect) {
    let failure = failure(operation, &answer(status, body));
    assert_eq!((failure.class, failure.effect), (class, effect), "{status} {body}");
}

#[test]
fn each_status_and_code_has_its_class_and_its_effect() {
    #[rustfmt::skip]
    let table = [
        (400, "InvalidParameter", Class::Invalid, Effect::None),
        (400, "LimitExceeded", Class::Limit, Effect::None),
        (400, "QuotaExceeded", Class::Limit, Effect::None),
        (400, "TooManyBuckets", Class::Limit, Effect::None),
        (400, "RelatedResourceNotAuthorizedOrNotFound", Class::RelatedMissingOrHidden, Effect::None),
        (400, "InsufficientServicePermissions", Class::RelatedMissingOrHidden, Effect::None),
        (401, "NotAuthenticated", Class::NotAuthenticated, Effect::None),
        (402, "SignUpRequired", Class::NotAllowed, Effect::None),
        (403, "NotAllowed", Class::NotAllowed, Effect::None),
        (404, "NotAuthorizedOrNotFound", Class::MissingOrHidden, Effect::None),
        (404, "BucketNotFound", Class::MissingOrHidden, Effect::None),
        (404, "NotFound", Class::NoSuchOperation, Effect::None),
        (404, "InvalidParameter", Class::Invalid, Effect::None),
        (405, "MethodNotAllowed", Class::NoSuchOperation, Effect::None),
        (408, "", Class::ServerFault, Effect::Unknown),
        (409, "IncorrectState", Class::Busy, Effect::None),
        (409, "LockConflict", Class::Busy, Effect::None),
        (409, "Conflict", Class::Conflict, Effect::None),
        (409, "InvalidatedRetryToken", Class::TokenSpent, Effect::None),
        (409, "NotAuthorizedOrResourceAlreadyExists", Class::AlreadyExists, Effect::None),
        (409, "BucketNotEmpty", Class::Conflict, Effect::None),
        (409, "ConcurrentObjectUpdate", Class::Changed, Effect::None),
        (409, "SomethingNew", Class::Conflict, Effect::None),
        (411, "ContentLengthRequired", Class::Invalid, Effect::None),
        (412, "NoEtagMatch", Class::Changed, Effect::None),
        (412, "IfNoneMatchFailed", Class::Changed, Effect::None),
        (413, "PayloadTooLarge", Class::Invalid, Effect::None),
        (416, "InvalidRange", Class::Invalid, Effect::None),
        (429, "TooManyRequests", Class::Throttled, Effect::None),
        (500, "InternalServerError", Class::ServerFault, Effect::Unknown),
        (500, "InternalError", Class::ServerFault, Effect::Unknown),
        (501, "MethodNotImplemented", Class::NotImplemented, Effect::None),
        (502, "", Class::ServerFault, Effect::Unknown),
        (503, "ServiceUnavailable", Class::Unavailable, Effect::Unknown),
        (504, "", Class::ServerFault, Effect::Unknown),
        (302, "", Class::NoSuchOperation, Effect::None),
        (304, "", Class::NotModified, Effect::None),
    ];
    for (status, code, class, effect) in table {
        let body = format!(r#"{{"code":"{code}","message":"m"}}"#);
        check(&WRITE, status, &body, class, effect);
        // A read changes nothing, whatever the answer was.
        check(&READ, status, &body, class, Effect::None);
    }
}

#[test]
fn a_conflict_is_transient_only_at_the_network_load_balancer() {
    let body = r#"{"code":"Conflict","message":"any words"}"#;
    check(&NLB_WRITE, 409, body, Class::Busy, Effect::None);
    check(&WRITE, 409, body, Class::Conflict, Effect::None);
    let duplicate = r#"{"code":"NotAuthorizedOrResourceAlreadyExists","message":"ip and port"}"#;
    check(&NLB_WRITE, 409, duplicate, Class::AlreadyExists, Effect::None);
}

#[test]
fn out_of_host_capacity_is_told_from_a_fault_and_has_no_effect() {
    let body = r#"{"code":"InternalError","message":"Out of host capacity."}"#;
    check(&WRITE, 500, body, Class::OutOfHostCapacity, Effect::None);
    let other = r#"{"code":"InternalError","message":"Internal Server Error"}"#;
    check(&WRITE, 500, other, Class::ServerFault, Effect::Unknown);
    let elsewhere = r#"{"code":"InvalidParameter","message":"Out of host capacity."}"#;
    check(&WRITE, 400, elsewhere, Class::Invalid, Effect::None);
}

#[test]
fn a_transport_error_has_an_effect_only_if_a_write_may_have_been_sent() {
    let verdict = |operation, sent| {
        let error = TransportError { kind: TransportErrorKind::Timeout, sent, source: None };
        let attempt = Attempt { result: Err(&error), received_at: DateTime::UNIX_EPOCH };
        match classify(operation, &attempt) {
            Verdict::Failure(failure) => failure.effect,
            Verdict::Success => panic!("a timeout is no success"),
        }
    };
    assert_eq!(verdict(&WRITE, Sent::Maybe), Effect::Unknown);
    assert_eq!(verdict(&WRITE, Sent::No), Effect::None);
    assert_eq!(verdict(&READ, Sent::Maybe), Effect::None);
}

#[test]
fn a_post_that_reads_has_no_effect_and_a_put_always_may() {
    let is_read = |method, name| OperationSpec { name, ..spec("core", method) }.is_read();
    assert!(is_read(Method::POST, "get_public_ip_by_ip_address"));
    assert!(is_read(Method::POST, "summarize_metrics_data"));
    assert!(!is_read(Method::POST, "create_vcn"));
    assert!(!is_read(Method::PUT, "get_or_make"));
    assert!(!is_read(Method::DELETE, "delete_vcn"));
}

#[test]
fn a_body_that_is_not_ocis_leaves_no_trace() {
    for body in
        ["", "<html>canary</html>", "[1]", "\"canary\"", r#"{"code":7,"message":[]}"#, "{\"code\":\"a b\"}"]
    {
        assert_eq!(ErrorBody::read(body.as_bytes()), ErrorBody::default(), "{body}");
    }
}

#[test]
fn a_message_is_cut_and_cannot_steer_a_terminal() {
    let long = "x".repeat(3000);
    let body = serde_json::json!({ "code": "C", "message": format!("a\u{1b}[2Jb\n{long}") }).to_string();
    let message = ErrorBody::read(body.as_bytes()).message.unwrap();
    assert!(message.starts_with("a [2Jb x"), "{message}");
    assert_eq!(message.chars().count(), ErrorBody::MESSAGE_CHARS_MAX + 1);
}

#[test]
fn retry_after_is_read_as_seconds_and_as_a_date() {
    let now = DateTime::UNIX_EPOCH;
    let check = |value: &str, expected| {
        let mut headers = HeaderMap::new();
        headers.insert(header::RETRY_AFTER, HeaderValue::from_str(value).unwrap());
        assert_eq!(retry_after(&headers, now), expected, "{value}");
    };
    check("7", Some(Duration::from_secs(7)));
    check("0", Some(Duration::ZERO));
    check("Thu, 01 Jan 1970 00:00:09 GMT", Some(Duration::from_secs(9)));
    check("Wed, 31 Dec 1969 23:59:00 GMT", Some(Duration::ZERO));
    check("99999999999999999999999", Some(Duration::from_secs(u64::MAX)));
    check("-1", None);
    check("soon", None);
    check("", None);
}

#[test]
fn the_clock_is_compared_with_the_date_of_the_answer() {
    let mut response = answer(401, r#"{"code":"NotAuthenticated","message":"m"}"#);
    response.headers.insert(header::DATE, HeaderValue::from_static("Thu, 01 Jan 1970 00:10:00 GMT"));
    assert_eq!(failure(&WRITE, &response).clock_ahead, Some(TimeDelta::seconds(-600)));
}

proptest! {
    #[test]
    fn no_answer_makes_it_panic_and_only_2xx_is_a_success(
        status in 100_u16..1000,
        body in prop::collection::vec(any::<u8>(), 0..200),
        retry_after in "[ -~]{0,40}",
    ) {
        let mut response = answer(200, "");
        response.status = StatusCode::from_u16(status).unwrap();
        response.body = body.into();
        response.headers.insert(header::RETRY_AFTER, HeaderValue::from_str(&retry_after).unwrap());
        let attempt = Attempt { result: Ok(&response), received_at: DateTime::UNIX_EPOCH };
        let success = classify(&WRITE, &attempt) == Verdict::Success;
        prop_assert_eq!(success, (200..300).contains(&status));
    }
}
