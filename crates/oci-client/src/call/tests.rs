use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use world::BoxFuture;

use super::*;
use crate::client::Timeouts;
use crate::credentials::{CredentialError, CredentialProvider, WhoAmI};
use crate::endpoint::Endpoints;
use crate::error::Hint;
use crate::testing::{self, CREATE, READ, Reply, Scripted, Thing, UPDATE, answer, answer_with, refusal};

const LOST: Reply = Reply::Fail(TransportErrorKind::Closed, Sent::Maybe);

#[tokio::test(start_paused = true)]
async fn timeout_on_create_is_retried_with_the_same_token_and_a_new_date_signature_and_request_id() {
    let (client, transport) =
        testing::client(|number, _| if number < 2 { Reply::Hang } else { answer(200, "{}") });
    let response = client.call(&Thing::new(&CREATE)).await.unwrap();
    assert_eq!(response.attempts, 3);
    let distinct = |name: &str| -> BTreeSet<String> {
        transport.seen().iter().map(|seen| seen.headers[name].clone()).collect()
    };
    assert_eq!(distinct("opc-retry-token").len(), 1);
    for name in ["date", "authorization", "opc-request-id"] {
        assert_eq!(distinct(name).len(), 3, "{name}");
    }
    assert!(distinct("opc-request-id").iter().all(|id| id.len() == 32 && !id.contains(char::is_lowercase)));
}

#[tokio::test(start_paused = true)]
async fn what_may_have_had_an_effect_is_not_repeated_without_a_token() {
    let (client, transport) = testing::client(|_, _| LOST);
    let error = client.call(&Thing::new(&UPDATE)).await.unwrap_err();
    assert!(
        matches!(&error, Error::Uncertain(failed) if failed.enough == Enough::MayHaveHadAnEffect),
        "{error:?}"
    );
    assert_eq!(error.effect(), Effect::Unknown);
    assert_eq!(transport.seen().len(), 1);

    let options = CallOptions { is_harmless_to_repeat: true, ..CallOptions::default() };
    let error = client.call_with(&Thing::new(&UPDATE), &options).await.unwrap_err();
    assert_eq!(error.failed().unwrap().attempts, 8);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_never_left_is_repeated_whatever_it_is() {
    let (client, _) = testing::client(|number, _| match number {
        0 => Reply::Fail(TransportErrorKind::Connect, Sent::No),
        _ => answer(200, "{}"),
    });
    assert_eq!(client.call(&Thing::new(&UPDATE)).await.unwrap().attempts, 2);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_after_a_lost_answer_does_not_undo_the_doubt() {
    let (client, _) =
        testing::client(|number, _| if number == 0 { LOST } else { refusal(400, "LimitExceeded") });
    let error = client.call(&Thing::new(&CREATE)).await.unwrap_err();
    assert!(matches!(error, Error::LimitReached(_)), "{error:?}");
    assert_eq!(error.effect(), Effect::Unknown);

    let (client, _) =
        testing::client(|number, _| if number == 0 { LOST } else { refusal(429, "TooManyRequests") });
    let error = client.call(&Thing::new(&CREATE)).await.unwrap_err();
    assert!(matches!(error, Error::Uncertain(_)), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn the_caller_chooses_the_token_if_the_operation_takes_one() {
    let (client, transport) = testing::client(|_, _| answer(200, "{}"));
    let with = |token: &str| CallOptions { retry_token: Some(token.to_owned()), ..CallOptions::default() };
    client.call_with(&Thing::new(&CREATE), &with("my-token")).await.unwrap();
    assert_eq!(transport.seen()[0].headers["opc-retry-token"], "my-token");

    for (spec, token) in [(&UPDATE, "my-token"), (&CREATE, ""), (&CREATE, "a\nb"), (&CREATE, &"x".repeat(65))]
    {
        let error = client.call_with(&Thing::new(spec), &with(token)).await.unwrap_err();
        assert!(matches!(error, Error::Input { .. }), "{token:?}: {error:?}");
    }
    assert_eq!(transport.seen().len(), 1, "nothing was sent");
}

#[tokio::test(start_paused = true)]
async fn the_whole_call_is_over_when_its_time_is_up() {
    let transport = Scripted::new(|_, _| refusal(503, "ServiceUnavailable"));
    let timeouts = Timeouts { operation_timeout: Duration::from_secs(10), ..Timeouts::default() };
    let client = testing::builder(&transport).timeouts(timeouts).build();
    let error = client.call(&Thing::new(&READ)).await.unwrap_err();
    assert!(client.world().monotonic() <= Duration::from_secs(10));
    assert!(matches!(&error, Error::TryLater(failed) if failed.enough == Enough::Time), "{error:?}");

    let transport = Scripted::new(|_, _| Reply::Hang);
    let client = testing::builder(&transport).timeouts(timeouts).build();
    let error = client.call(&Thing::new(&CREATE)).await.unwrap_err();
    assert_eq!(client.world().monotonic().as_secs(), 10);
    assert_eq!(error.effect(), Effect::Unknown);
    assert_eq!(transport.seen().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn who_is_asked_to_stop_repeats_nothing_and_says_what_is_known_of_the_effect() {
    let stop = Stop::new();
    let options = CallOptions { stop: Some(stop.clone()), ..CallOptions::default() };
    for (first, effect) in [(refusal(429, "TooManyRequests"), Effect::None), (LOST, Effect::Unknown)] {
        stop.set(false);
        let (client, transport) = testing::client(move |_, _| first.clone());
        let create = Thing::new(&CREATE);
        let call = client.call_with(&create, &options);
        let stopping = async {
            client.world().sleep(Duration::from_millis(1)).await;
            stop.set(true);
        };
        let (error, ()) = tokio::join!(call, stopping);
        let error = error.unwrap_err();
        assert!(error.was_stopped(), "{error:?}");
        assert_eq!((error.effect(), transport.seen().len()), (effect, 1), "{error:?}");
        assert!(client.world().monotonic() <= Duration::from_millis(2), "the pause was waited for");
    }

    let (client, transport) = testing::client(|_, _| answer(200, "{}"));
    let error = client.call_with(&Thing::new(&CREATE), &options).await.unwrap_err();
    assert!(matches!(error, Error::Stopped { .. }) && error.was_stopped(), "{error:?}");
    assert_eq!(error.to_string(), "`create_thing` was stopped before it was sent");
    assert_eq!(transport.seen().len(), 0);
    assert_eq!(error.effect(), Effect::None);
    stop.set(false);
    assert!(client.call_with(&Thing::new(&CREATE), &options).await.is_ok(), "it was taken back");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_never_had_its_turn_says_so() {
    let transport = Scripted::new(|_, _| Reply::Hang);
    let client = testing::builder(&transport).build();
    let mut others = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let client = client.clone();
        others.spawn(async move { client.call(&Thing::new(&READ)).await.is_err() });
    }
    tokio::task::yield_now().await;
    let options = CallOptions { operation_timeout: Some(Duration::from_secs(5)), ..CallOptions::default() };
    let error = client.call_with(&Thing::new(&READ), &options).await.unwrap_err();
    assert!(matches!(error, Error::NeverSent { .. }), "{error:?}");
    assert_eq!(error.effect(), Effect::None);
}

#[tokio::test(start_paused = true)]
async fn a_clone_shares_the_pace_with_its_original() {
    let (client, _) = testing::client(|number, _| match number {
        0 => answer_with(429, &[("retry-after", "30")], r#"{"code":"TooManyRequests","message":"m"}"#),
        _ => answer(200, "{}"),
    });
    let first = tokio::spawn({
        let client = client.clone();
        async move { client.call(&Thing::new(&READ)).await.unwrap().attempts }
    });
    tokio::task::yield_now().await;
    client.call(&Thing::new(&UPDATE)).await.unwrap();
    assert!(client.world().monotonic() >= Duration::from_secs(30), "the clone waited too");
    assert_eq!(first.await.unwrap(), 2);
    assert!(client.pace(&READ).is_some());
}

#[tokio::test(start_paused = true)]
async fn a_success_that_cannot_be_read_is_not_repeated_and_leaves_a_doubt() {
    let (client, transport) = testing::client(|_, _| answer_with(200, &[("opc-request-id", "X")], "{"));
    let error = client.call(&Thing::new(&CREATE)).await.unwrap_err();
    assert!(matches!(error, Error::Unreadable { .. }), "{error:?}");
    assert_eq!((error.effect(), error.request_id()), (Effect::Unknown, Some("X")));
    assert_eq!(transport.seen().len(), 1);
    let error = client.call(&Thing::new(&READ)).await.unwrap_err();
    assert_eq!(error.effect(), Effect::None);
}

#[tokio::test(start_paused = true)]
async fn a_fresh_object_is_waited_for_and_an_old_one_is_missing() {
    let script = |number, _: &_| {
        if number < 3 { refusal(404, "NotAuthorizedOrNotFound") } else { answer(200, "{}") }
    };
    let (client, transport) = testing::client(script);
    let fresh = CallOptions { youngest_object_age: Some(Duration::from_secs(2)), ..CallOptions::default() };
    assert_eq!(client.call_with(&Thing::new(&READ), &fresh).await.unwrap().attempts, 4);
    assert_eq!(transport.seen().len(), 4);

    let (client, transport) = testing::client(script);
    let old = CallOptions { youngest_object_age: Some(Duration::from_secs(240)), ..CallOptions::default() };
    let error = client.call_with(&Thing::new(&READ), &old).await.unwrap_err();
    assert!(matches!(error, Error::MissingOrHidden(_)), "{error:?}");
    assert_eq!(transport.seen().len(), 1);
}

/// Credentials that are made anew once they were refused.
#[derive(Debug, Default)]
struct Renewing {
    renewals: AtomicU32,
    is_stubborn: AtomicBool,
}

impl CredentialProvider for Renewing {
    fn credential(&self) -> BoxFuture<'_, Result<Arc<Credential>, CredentialError>> {
        Box::pin(async { Ok(testing::credential()) })
    }
    fn refused(&self, _: &Arc<Credential>) -> bool {
        self.renewals.fetch_add(1, Ordering::SeqCst);
        !self.is_stubborn.load(Ordering::SeqCst)
    }
    fn whoami(&self) -> BoxFuture<'_, Result<WhoAmI, CredentialError>> {
        Box::pin(async { Ok(WhoAmI::default()) })
    }
}

#[tokio::test(start_paused = true)]
async fn refused_credentials_are_renewed_once() {
    let provider = Arc::new(Renewing::default());
    let unauthorised = |number, _: &_| {
        if number == 0 { refusal(401, "NotAuthenticated") } else { answer(200, "{}") }
    };
    let transport = Scripted::new(unauthorised);
    let client = testing::builder_with(&transport, Arc::<Renewing>::clone(&provider)).build();
    assert_eq!(client.call(&Thing::new(&CREATE)).await.unwrap().attempts, 2);
    assert_eq!(provider.renewals.load(Ordering::SeqCst), 1);

    let transport = Scripted::new(|_, _| refusal(401, "NotAuthenticated"));
    let client = testing::builder_with(&transport, Arc::<Renewing>::clone(&provider)).build();
    let error = client.call(&Thing::new(&CREATE)).await.unwrap_err();
    assert!(matches!(error, Error::NotPermitted(_)), "{error:?}");
    assert_eq!(transport.seen().len(), 2);

    provider.is_stubborn.store(true, Ordering::SeqCst);
    let transport = Scripted::new(|_, _| refusal(401, "NotAuthenticated"));
    let client = testing::builder_with(&transport, provider).build();
    client.call(&Thing::new(&CREATE)).await.unwrap_err();
    assert_eq!(transport.seen().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_wrong_clock_is_named_with_its_error_in_seconds() {
    let (client, transport) = testing::client(|_, _| {
        answer_with(
            401,
            &[("date", "Thu, 01 Jan 1970 00:10:00 GMT")],
            r#"{"code":"NotAuthenticated","message":"m"}"#,
        )
    });
    let error = client.call(&Thing::new(&READ)).await.unwrap_err();
    assert_eq!(transport.seen().len(), 1);
    let hint = error.hint().unwrap();
    assert!(hint.contains("600 s behind"), "{hint}");
}

#[tokio::test(start_paused = true)]
async fn objects_are_asked_for_under_the_name_that_object_storage_reads() {
    static GET_OBJECT: OperationSpec = OperationSpec {
        service: "object_storage",
        client: "ObjectStorageClient",
        name: "get_object",
        method: http::Method::GET,
        path: "/n/{n}/b/{b}/o/{o}",
        takes_retry_token: false,
        takes_if_match: true,
    };
    let (client, transport) = testing::client(|_, _| answer(200, "{}"));
    client.call(&Thing::new(&GET_OBJECT)).await.unwrap();
    assert!(transport.seen()[0].headers.contains_key("opc-client-request-id"));
}

#[tokio::test(start_paused = true)]
async fn without_a_region_or_an_endpoint_nothing_is_sent() {
    let transport = Scripted::new(|_, _| answer(200, "{}"));
    let provider = Arc::new(Renewing::default());
    let transport_as = Arc::<Scripted>::clone(&transport);
    let client = crate::client::Client::builder(transport_as, provider, Endpoints::default()).build();
    let error = client.call(&Thing::new(&READ)).await.unwrap_err();
    assert!(matches!(error, Error::Endpoint { .. }), "{error:?}");
    assert!(error.hint().is_some() && transport.seen().is_empty());
}

#[test]
fn the_placeholders_of_a_path_are_read_off_the_target() {
    let parameters = path_parameters("/n/{namespaceName}/b/{bucketName}/o", "/n/ns/b/my%2Fbucket/o?limit=1");
    assert_eq!(parameters, [("namespaceName", "ns"), ("bucketName", "my%2Fbucket")]);
}

#[tokio::test(start_paused = true)]
async fn the_gate_settles_a_thousand_calls_just_under_ten_a_second() {
    let transport = Scripted::new({
        let accepted = std::sync::Mutex::new((Duration::ZERO, 0));
        let world = world::TestWorld::new(chrono::DateTime::UNIX_EPOCH, 1);
        move |_, _| {
            let now = world::World::monotonic(&world);
            let mut window = accepted.lock().unwrap();
            if now.as_secs() != window.0.as_secs() {
                *window = (now, 0);
            }
            window.1 += 1;
            if window.1 <= 10 { answer_with(200, &[], "{}") } else { refusal(429, "TooManyRequests") }
        }
    });
    let client = testing::builder(&transport).build();
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..1000 {
        let client = client.clone();
        calls.spawn(async move { client.call(&Thing::new(&READ)).await.map(|response| response.attempts) });
    }
    let mut attempts = 0;
    while let Some(done) = calls.join_next().await {
        attempts += done.unwrap().unwrap();
    }
    // Sixteen at most go out in the first second before its refusals are known, six of them for nothing.
    assert!(attempts <= 1000 + 6 + 10, "{attempts} attempts for a thousand calls");
    assert!(client.world().monotonic() <= Duration::from_secs(125), "{:?}", client.world().monotonic());
}
