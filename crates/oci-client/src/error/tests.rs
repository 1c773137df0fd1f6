use super::*;
use crate::testing::{self, CREATE, READ, Reply, Thing, answer, refusal};
use crate::transport::Sent;

/// The message and all its causes, a line each.
fn chain(error: &Error) -> String {
    let mut lines = vec![error.to_string()];
    let mut cause = StdError::source(error);
    while let Some(error) = cause {
        lines.push(error.to_string());
        cause = error.source();
    }
    lines.join("\n")
}

async fn error_of(operation: &'static OperationSpec, reply: fn() -> Reply) -> Error {
    let (client, _) = testing::client(move |_, _| reply());
    client.call(&Thing::new(operation)).await.unwrap_err()
}

#[tokio::test(start_paused = true)]
async fn an_error_says_what_was_tried_on_what_and_what_the_service_said() {
    let error = error_of(&CREATE, || refusal(400, "LimitExceeded")).await;
    assert_eq!(
        chain(&error),
        "the Core service refused `create_thing`: 400 LimitExceeded\n\"the service's own words\""
    );
    assert_eq!(error.call().target(), "/20160918/things/ocid1.thing");
    assert_eq!(error.call().operation().name, "create_thing");
    assert_eq!(error.status(), Some(StatusCode::BAD_REQUEST));
    assert_eq!(error.code(), Some(&ServiceCode::LimitExceeded));
    assert_eq!(error.message(), Some("the service's own words"));
    assert_eq!(error.request_id(), Some("A/B/C"));
    assert_eq!(error.effect(), Effect::None);
    assert!(error.hint().unwrap().contains("higher limit"));
}

#[tokio::test(start_paused = true)]
async fn no_answer_says_so_with_its_cause_and_its_attempts() {
    let error = error_of(&READ, || Reply::Fail(TransportErrorKind::Connect, Sent::No)).await;
    assert_eq!(
        chain(&error),
        "the Core service gave no answer to `read_thing` (8 attempts)\ncould not connect"
    );
}

#[tokio::test(start_paused = true)]
async fn the_page_of_a_proxy_is_named_by_its_status_alone() {
    let error = error_of(&CREATE, || answer(403, "<html>canary</html>")).await;
    assert_eq!(chain(&error), "the Core service answered `create_thing` with status 403");
    assert!(!format!("{error:?}").contains("canary"));
}

#[tokio::test(start_paused = true)]
async fn each_kind_of_failure_has_the_variant_of_what_can_be_done() {
    type Is = fn(&Error) -> bool;
    let table: [(fn() -> Reply, Is); 12] = [
        (|| refusal(400, "InvalidParameter"), |error| matches!(error, Error::Rejected(_))),
        (|| refusal(401, "NotAuthenticated"), |error| matches!(error, Error::NotPermitted(_))),
        (|| refusal(404, "NotAuthorizedOrNotFound"), |error| matches!(error, Error::MissingOrHidden(_))),
        (|| refusal(409, "IncorrectState"), |error| matches!(error, Error::TryLater(_))),
        (|| refusal(409, "BucketNotEmpty"), |error| matches!(error, Error::Conflict(_))),
        (|| refusal(409, "InvalidatedRetryToken"), |error| matches!(error, Error::TokenSpent(_))),
        (|| refusal(412, "NoEtagMatch"), |error| matches!(error, Error::Changed(_))),
        (|| refusal(429, "TooManyRequests"), |error| matches!(error, Error::TryLater(_))),
        (|| refusal(500, "InternalServerError"), |error| matches!(error, Error::Uncertain(_))),
        (|| refusal(501, "MethodNotImplemented"), |error| matches!(error, Error::Rejected(_))),
        (
            || answer(500, r#"{"code":"InternalError","message":"Out of host capacity."}"#),
            |error| matches!(error, Error::NoCapacity(_)),
        ),
        (
            || Reply::Fail(TransportErrorKind::Tls, Sent::No),
            |error| matches!(error, Error::Rejected(_)) && error.hint().is_some(),
        ),
    ];
    for (index, (reply, is_right)) in table.into_iter().enumerate() {
        let error = error_of(&CREATE, reply).await;
        assert!(is_right(&error), "line {index}: {error:?}");
        assert!(!error.to_string().ends_with('.'));
    }
}
