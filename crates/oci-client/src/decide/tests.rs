use http::StatusCode;
use proptest::prelude::*;

use super::*;

const NOW: Duration = Duration::from_secs(1000);
const HALF: u64 = u64::MAX / 2;

fn failure(class: Class, effect: Effect) -> Failure {
    Failure {
        class,
        effect,
        status: StatusCode::from_u16(500).ok(),
        code: None,
        message: None,
        request_id: None,
        retry_after: None,
        clock_ahead: None,
    }
}

fn history(attempts: u32, repeat: Repeat) -> History {
    History {
        attempts,
        repeat,
        deadline: NOW + Duration::from_secs(600),
        fresh_until: None,
        can_refresh: false,
        refreshed: false,
    }
}

fn next(history: &History, failure: &Failure) -> Next {
    decide(&Policy::default(), history, failure, NOW, HALF)
}

fn pause_of(next: &Next) -> Duration {
    match next {
        Next::Again { after, .. } => *after,
        Next::Enough(why) => panic!("it is repeated, not {why:?}"),
    }
}

#[test]
fn what_may_have_had_an_effect_is_repeated_only_with_a_token_or_a_vow() {
    for class in [
        Class::ServerFault,
        Class::Unavailable,
        Class::Transport(TransportErrorKind::Timeout),
        Class::Transport(TransportErrorKind::Closed),
    ] {
        let unknown = failure(class, Effect::Unknown);
        let without = history(1, Repeat::IfWithoutEffect);
        assert_eq!(next(&without, &unknown), Next::Enough(Enough::MayHaveHadAnEffect), "{class:?}");
        pause_of(&next(&history(1, Repeat::Token), &unknown));
        pause_of(&next(&history(1, Repeat::CallerVouches), &unknown));
        pause_of(&next(&without, &failure(class, Effect::None)));
    }
}

#[test]
fn what_stays_wrong_is_not_repeated() {
    for class in [
        Class::Invalid,
        Class::Limit,
        Class::Conflict,
        Class::AlreadyExists,
        Class::TokenSpent,
        Class::Changed,
        Class::NotAllowed,
        Class::NotAuthenticated,
        Class::MissingOrHidden,
        Class::RelatedMissingOrHidden,
        Class::NoSuchOperation,
        Class::OutOfHostCapacity,
        Class::NotImplemented,
        Class::Transport(TransportErrorKind::Tls),
        Class::Transport(TransportErrorKind::TooLarge),
        Class::Transport(TransportErrorKind::Body),
    ] {
        let next = next(&history(1, Repeat::Token), &failure(class, Effect::None));
        assert_eq!(next, Next::Enough(Enough::Final), "{class:?}");
    }
}

#[test]
fn pauses_double_up_to_the_longest() {
    let pauses: Vec<_> = (1..8)
        .map(|attempts| {
            let next = next(&history(attempts, Repeat::Token), &failure(Class::Busy, Effect::None));
            pause_of(&next).as_secs_f64()
        })
        .collect();
    let expected = [0.75, 1.5, 3.0, 6.0, 12.0, 22.5, 22.5];
    for (pause, expected) in pauses.iter().zip(expected) {
        assert!((pause - expected).abs() < 0.01, "{pauses:?}");
    }
}

#[test]
fn attempts_and_time_are_bounded() {
    let busy = failure(Class::Busy, Effect::None);
    assert_eq!(next(&history(8, Repeat::Token), &busy), Next::Enough(Enough::Attempts));
    let late = History { deadline: NOW + Duration::from_millis(700), ..history(1, Repeat::Token) };
    assert_eq!(next(&late, &busy), Next::Enough(Enough::Time));
    assert_eq!(
        decide(&Policy::once(), &history(1, Repeat::Token), &busy, NOW, 0),
        Next::Enough(Enough::Attempts)
    );
}

#[test]
fn the_service_is_obeyed_up_to_a_limit_and_zero_does_not_mean_at_once() {
    let asks = |secs| Failure {
        retry_after: Some(Duration::from_secs(secs)),
        ..failure(Class::Throttled, Effect::None)
    };
    let pause = |secs| pause_of(&next(&history(1, Repeat::Token), &asks(secs)));
    assert!(pause(20) >= Duration::from_secs(20));
    assert!(pause(20) <= Duration::from_secs(22));
    assert!(pause(u64::MAX) <= Duration::from_secs(132));
    assert!(pause(0) >= Duration::from_millis(500));
}

#[test]
fn a_refused_signature_is_tried_once_more_with_new_credentials_if_there_can_be_any() {
    let refused = failure(Class::NotAuthenticated, Effect::None);
    let can = History { can_refresh: true, ..history(1, Repeat::IfWithoutEffect) };
    let again = Next::Again { after: Duration::ZERO, refresh_credentials: true };
    assert_eq!(next(&can, &refused), again);
    assert_eq!(next(&History { refreshed: true, ..can.clone() }, &refused), Next::Enough(Enough::Final));
    let skewed = Failure { clock_ahead: Some(TimeDelta::minutes(-6)), ..refused };
    assert_eq!(next(&can, &skewed), Next::Enough(Enough::Final));
}

#[test]
fn a_missing_object_is_asked_for_again_only_while_it_is_new() {
    for class in [Class::MissingOrHidden, Class::RelatedMissingOrHidden] {
        let missing = failure(class, Effect::None);
        let fresh = |until| History { fresh_until: Some(until), ..history(1, Repeat::IfWithoutEffect) };
        pause_of(&next(&fresh(NOW + Duration::from_secs(1)), &missing));
        assert_eq!(next(&fresh(NOW), &missing), Next::Enough(Enough::Final));
    }
}

proptest! {
    #[test]
    fn every_sequence_of_failures_ends(
        jitters in prop::collection::vec(any::<u64>(), 10),
        asked in prop::collection::vec(prop::option::of(any::<u64>()), 10),
        attempts_max in 1_u32..10,
        limit_secs in 0_u64..2000,
    ) {
        let policy = Policy { attempts_max, ..Policy::default() };
        let deadline = NOW + Duration::from_secs(limit_secs);
        let mut now = NOW;
        for attempts in 1.. {
            let failure = Failure {
                retry_after: asked[attempts as usize - 1].map(Duration::from_secs),
                ..failure(Class::Throttled, Effect::None)
            };
            let history = History { attempts, deadline, ..history(attempts, Repeat::Token) };
            match decide(&policy, &history, &failure, now, jitters[attempts as usize - 1]) {
                Next::Again { after, .. } => now += after,
                Next::Enough(_) => break,
            }
            prop_assert!(now < deadline);
            prop_assert!(attempts < attempts_max);
        }
    }
}
