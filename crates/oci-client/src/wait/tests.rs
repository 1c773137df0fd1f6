use super::*;
use crate::testing::{self, Reply, Seen as Asked, answer, answer_with, refusal};
use crate::transport::{Sent, TransportErrorKind};

use WorkRequestStatus as State;

// The states of a work request serve as those of any object here.
const WAIT: Wait<'static, State> = Wait {
    through: &[State::Accepted, State::InProgress],
    until: &[State::Succeeded],
    failed: &[State::Failed],
    gone: Gone::IsFailure,
    expect: Duration::from_secs(60),
    limit: Duration::from_secs(600),
};

fn read() -> GetWorkRequest {
    GetWorkRequest { service: WorkRequestService::Core, work_request_id: "ocid1.thing".to_owned() }
}

fn in_state(state: &str) -> Reply {
    answer(200, &format!(r#"{{"id":"ocid1.thing","status":"{state}","compartmentId":"ocid1.compartment"}}"#))
}

async fn wait_for(
    wait: &Wait<'_, State>,
    script: impl Fn(usize, &Asked) -> Reply + Send + Sync + 'static,
) -> (Result<State, WaitError>, Duration, usize) {
    let (client, transport) = testing::client(script);
    let result = client.wait_for_state(&read(), |request| Some(&request.status), wait).await;
    (result.map(|response| response.value.status), client.world().monotonic(), transport.seen().len())
}

#[test]
fn pauses_start_short_grow_and_shrink_again_near_the_expected_end() {
    let expect = Duration::from_secs(1500);
    let pause =
        |elapsed, looks| poll_pause(Duration::from_secs(elapsed), expect, looks, u64::MAX).as_secs_f64();
    let near =
        |actual: f64, expected: f64| assert!((actual - expected).abs() < 0.1, "{actual} is not {expected}");
    near(pause(0, 1), 1.0);
    near(pause(1, 2), 1.5);
    near(pause(2, 3), 2.25);
    near(pause(100, 20), 30.0);
    near(pause(1460, 60), 10.0);
    near(pause(1496, 60), 1.0);
    near(pause(1500, 60), 1.0);
    near(pause(1540, 60), 10.0);
    near(pause(3000, 90), 30.0);
    assert!(poll_pause(Duration::ZERO, Duration::ZERO, u32::MAX, 0) >= Duration::from_millis(900));
}

#[tokio::test(start_paused = true)]
async fn a_wait_of_25_minutes_takes_few_looks_and_ends_within_seconds_of_the_end() {
    for took in [1380, 1500, 1620] {
        let (client, transport) = {
            let world = world::TestWorld::new(chrono::DateTime::UNIX_EPOCH, 1);
            testing::client(move |_, _| {
                let is_done = world::World::monotonic(&world).as_secs() >= took;
                in_state(if is_done { "SUCCEEDED" } else { "IN_PROGRESS" })
            })
        };
        let wait = Wait { expect: Duration::from_secs(1500), limit: Duration::from_secs(3600), ..WAIT };
        client.wait_for_state(&read(), |request| Some(&request.status), &wait).await.unwrap();
        let late = client.world().monotonic().as_secs() - took;
        let looks = transport.seen().len();
        assert!(looks < 100, "{looks} looks");
        assert!(late <= if took == 1500 { 2 } else { 30 }, "{late} s late after {took} s");
    }
}

#[tokio::test(start_paused = true)]
async fn a_failed_state_ends_the_wait_at_once() {
    let (result, _, looks) = wait_for(&WAIT, |_, _| in_state("FAILED")).await;
    let error = result.unwrap_err();
    assert_eq!(error.to_string(), "`/20160918/workRequests/ocid1.thing` is FAILED");
    assert_eq!(looks, 1);
}

#[tokio::test(start_paused = true)]
async fn a_state_off_the_way_is_an_error_only_if_it_stays() {
    let flicker =
        |number, _: &_| in_state(["CANCELED", "CANCELED", "IN_PROGRESS", "CANCELED", "SUCCEEDED"][number]);
    assert_eq!(wait_for(&WAIT, flicker).await.0.unwrap(), State::Succeeded);
    let (result, _, looks) = wait_for(&WAIT, |_, _| in_state("CANCELED")).await;
    assert!(matches!(result, Err(WaitError::Unexpected { state, .. }) if state == "CANCELED"));
    assert_eq!(looks, 3);
}

#[tokio::test(start_paused = true)]
async fn a_state_that_oracle_added_is_waited_through() {
    let script = |number, _: &_| in_state(if number < 10 { "POLISHING" } else { "SUCCEEDED" });
    assert_eq!(wait_for(&WAIT, script).await.0.unwrap(), State::Succeeded);
}

#[tokio::test(start_paused = true)]
async fn a_new_object_may_be_invisible_at_first_but_not_later() {
    let missing = || refusal(404, "NotAuthorizedOrNotFound");
    let appears = move |number, _: &_| if number < 4 { missing() } else { in_state("SUCCEEDED") };
    assert_eq!(wait_for(&WAIT, appears).await.0.unwrap(), State::Succeeded);

    let vanishes = move |number, _: &_| if number == 0 { in_state("IN_PROGRESS") } else { missing() };
    let (result, _, looks) = wait_for(&WAIT, vanishes).await;
    assert!(matches!(result, Err(WaitError::Gone { .. })));
    assert_eq!(looks, 2);

    let (result, took, _) = wait_for(&WAIT, move |_, _| missing()).await;
    assert!(matches!(result, Err(WaitError::Gone { source: Some(_), .. })));
    assert!(took >= Duration::from_secs(240) && took < Duration::from_secs(300), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_deletion_is_done_when_the_object_is_gone_or_in_its_last_state() {
    for last in [refusal(404, "NotAuthorizedOrNotFound"), in_state("SUCCEEDED")] {
        let (client, transport) =
            testing::client(move |number, _| if number < 2 { in_state("IN_PROGRESS") } else { last.clone() });
        client.wait_until_gone(&read(), |request| Some(&request.status), &WAIT).await.unwrap();
        assert_eq!(transport.seen().len(), 3);
    }
}

#[tokio::test(start_paused = true)]
async fn trouble_while_looking_is_waited_out_within_the_limit() {
    let script = |number, _: &_| match number {
        0 => in_state("IN_PROGRESS"),
        1..20 => Reply::Fail(TransportErrorKind::Connect, Sent::No),
        _ => in_state("SUCCEEDED"),
    };
    assert_eq!(wait_for(&WAIT, script).await.0.unwrap(), State::Succeeded);

    let (result, took, _) = wait_for(&WAIT, |_, _| refusal(503, "ServiceUnavailable")).await;
    assert!(matches!(result, Err(WaitError::TimedOut { state: None, source: Some(_), .. })));
    assert!(took <= WAIT.limit + LAST_LOOK, "{took:?}");

    let (result, _, looks) = wait_for(&WAIT, |_, _| refusal(401, "NotAuthenticated")).await;
    assert!(matches!(result, Err(WaitError::Look(_))));
    assert_eq!(looks, 1);
}

#[tokio::test(start_paused = true)]
async fn at_the_limit_the_last_state_is_told() {
    let (result, took, _) = wait_for(&WAIT, |_, _| in_state("IN_PROGRESS")).await;
    let error = result.unwrap_err();
    assert_eq!(error.to_string(), "`/20160918/workRequests/ocid1.thing` is still IN_PROGRESS after 600 s");
    assert!(error.hint().is_some());
    assert_eq!(took.as_secs(), 600);
}

#[tokio::test(start_paused = true)]
async fn the_pause_that_the_service_asks_for_is_kept_up_to_a_limit() {
    let took = async |asked: &'static str| {
        let script = move |number, _: &_| match number {
            0 => answer_with(200, &[("retry-after", asked)], r#"{"status":"IN_PROGRESS"}"#),
            _ => in_state("SUCCEEDED"),
        };
        wait_for(&WAIT, script).await.1.as_secs()
    };
    assert_eq!(took("12").await, 12);
    assert_eq!(took("9999").await, 30);
}

#[tokio::test(start_paused = true)]
async fn each_service_has_its_work_requests_at_its_own_path_with_its_own_word_for_success() {
    for (service, path, word) in [
        (WorkRequestService::Core, "/20160918/workRequests/ocid1.wr", "SUCCEEDED"),
        (WorkRequestService::Mysql, "/20190415/workRequests/ocid1.wr", "SUCCEEDED"),
        (WorkRequestService::NetworkLoadBalancer, "/20200501/workRequests/ocid1.wr", "SUCCEEDED"),
        (WorkRequestService::Identity, "/20160918/workRequests/ocid1.wr", "SUCCEEDED"),
        (WorkRequestService::ObjectStorage, "/workRequests/ocid1.wr", "COMPLETED"),
    ] {
        let (client, transport) = testing::client(move |number, _| {
            let status = ["ACCEPTED", "IN_PROGRESS", word][number];
            answer(
                200,
                &format!(
                    r#"{{"id":"ocid1.wr","operationType":"CREATE","status":"{status}","compartmentId":"c",
                    "percentComplete":50.0,"timeAccepted":"2026-01-02T03:04:05.678Z","new":[1],"resources":[
                    {{"actionType":"CREATED","entityType":"NetworkLoadBalancer","identifier":"ocid1.nlb"}}]}}"#
                ),
            )
        });
        let (expect, limit) = (Duration::from_secs(60), Duration::from_secs(600));
        let request = client.wait_for_work_request(service, "ocid1.wr", expect, limit).await.unwrap();
        assert_eq!(request.identifier("networkloadbalancer"), Some("ocid1.nlb"));
        assert_eq!(transport.seen()[0].target, path);
        assert_eq!(transport.seen().len(), 3, "{service:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_failed_work_request_brings_its_errors_and_its_log() {
    let failed = r#"{"id":"ocid1.wr","operationType":"CREATE_DBSYSTEM","status":"FAILED","compartmentId":"ocid1.c",
        "percentComplete":40,"resources":[]}"#;
    let errors = r#"[{"code":"LimitExceeded","message":"no more","timestamp":"2026-01-02T03:04:05Z"}]"#;
    let logs = r#"[{"message":"second","timestamp":"2026-01-02T03:05:05Z"},
        {"message":"first","timestamp":"2026-01-02T03:04:05Z"}]"#;
    for (service, wrap) in [
        (WorkRequestService::Core, false),
        (WorkRequestService::Mysql, false),
        (WorkRequestService::NetworkLoadBalancer, true),
        (WorkRequestService::ObjectStorage, false),
    ] {
        let list = move |body: &str| if wrap { format!(r#"{{"items":{body}}}"#) } else { body.to_owned() };
        let (client, transport) = testing::client(move |_, asked| {
            let path = asked.target.split('?').next().unwrap();
            match path.rsplit('/').next().unwrap() {
                "errors" => answer(200, &list(errors)),
                "logs" => answer(200, &list(logs)),
                _ => answer(200, failed),
            }
        });
        let (expect, limit) = (Duration::from_secs(60), Duration::from_secs(600));
        let error = client.wait_for_work_request(service, "ocid1.wr", expect, limit).await.unwrap_err();
        assert_eq!(error.to_string(), "the work request `CREATE_DBSYSTEM` is FAILED at 40 %");
        assert_eq!(error.source().unwrap().to_string(), "LimitExceeded: \"no more\"");
        let WaitError::WorkRequest(failed) = error else { panic!("it is a failed work request") };
        let logs: Vec<_> = failed.logs.iter().map(|entry| entry.message.as_str()).collect();
        assert_eq!(logs, ["first", "second"]);
        // Only the network load balancer wants to know the compartment, and refuses without it.
        let asks =
            transport.seen().iter().filter(|asked| asked.target.contains("compartmentId=ocid1.c")).count();
        assert_eq!(asks, if wrap { 2 } else { 0 }, "{service:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_failure_to_explain_does_not_hide_the_failure() {
    let (client, _) = testing::client(|_, asked| match asked.target.ends_with("ocid1.wr") {
        true => answer(200, r#"{"operationType":"LaunchInstance","status":"canceled"}"#),
        false => refusal(404, "NotAuthorizedOrNotFound"),
    });
    let wait = Duration::from_secs(60);
    let service = WorkRequestService::Core;
    let error = client.wait_for_work_request(service, "ocid1.wr", wait, wait).await.unwrap_err();
    assert_eq!(error.to_string(), "the work request `LaunchInstance` is CANCELED at 0 %");
    assert!(error.source().is_none());
}

#[tokio::test(start_paused = true)]
async fn identity_says_what_went_wrong_in_the_work_request_itself() {
    let (client, transport) = testing::client(|_, _| {
        answer(
            200,
            r#"{"id":"ocid1.wr","operationType":"DELETE_COMPARTMENT","status":"FAILED","resources":null,
            "errors":[{"code":"CompartmentNotEmpty","message":"a VCN is in it","timestamp":"2026-01-02T03:04:05Z"}],
            "logs":[{"message":"looked","timestamp":"2026-01-02T03:04:05Z"}]}"#,
        )
    });
    let wait = Duration::from_secs(60);
    let service = WorkRequestService::Identity;
    let error = client.wait_for_work_request(service, "ocid1.wr", wait, wait).await.unwrap_err();
    assert_eq!(error.source().unwrap().to_string(), "CompartmentNotEmpty: \"a VCN is in it\"");
    assert_eq!(transport.seen().len(), 1);
}
