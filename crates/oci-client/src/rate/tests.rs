//! The gate against simulated services that allow so many requests a second, on a paused clock.

use std::collections::BTreeMap;

use chrono::DateTime;
use tokio::task::JoinSet;
use world::TestWorld;

use super::*;
use crate::classify::{Effect, Failure};

/// How a simulated service counts.
#[derive(Clone, Copy, Debug)]
enum Limiter {
    /// A bucket of `burst` tokens, refilled at the allowed rate.
    TokenBucket { burst: f64 },
    /// So many in each second of the clock, the seconds starting at `phase`.
    FixedWindow { phase: f64 },
    /// So many in any second.
    SlidingWindow,
    /// Both at once, as gateways in front of services do.
    Both { burst: f64, phase: f64 },
}

/// A simulated service: what it allows over time, and what it saw.
struct Service {
    limiter: Limiter,
    /// From each moment (in seconds), so many requests a second.
    allowed: Vec<(f64, f64)>,
    tokens: f64,
    refilled_at: f64,
    windows: BTreeMap<i64, f64>,
    accepted_at: Vec<f64>,
    refused_at: Vec<f64>,
}

impl Service {
    fn new(limiter: Limiter, allowed: &[(f64, f64)]) -> Self {
        let tokens = match limiter {
            Limiter::TokenBucket { burst } | Limiter::Both { burst, .. } => burst,
            Limiter::FixedWindow { .. } | Limiter::SlidingWindow => 0.0,
        };
        Self {
            limiter,
            allowed: allowed.to_vec(),
            tokens,
            refilled_at: 0.0,
            windows: BTreeMap::new(),
            accepted_at: Vec::new(),
            refused_at: Vec::new(),
        }
    }

    fn ask(&mut self, now: f64) -> bool {
        let (_, rate) = *self.allowed.iter().rfind(|(from, _)| now >= *from).unwrap();
        let accepted = match self.limiter {
            Limiter::TokenBucket { burst } => self.bucket(now, rate, burst),
            Limiter::FixedWindow { phase } => self.window(now, rate, phase),
            Limiter::SlidingWindow => {
                let within = self.accepted_at.iter().rev().take_while(|at| now - **at < 1.0).count();
                (within as f64) < rate
            }
            Limiter::Both { burst, phase } => self.window(now, rate, phase) && self.bucket(now, rate, burst),
        };
        if accepted {
            self.accepted_at.push(now)
        } else {
            self.refused_at.push(now)
        }
        accepted
    }

    fn bucket(&mut self, now: f64, rate: f64, burst: f64) -> bool {
        self.tokens = (self.tokens + (now - self.refilled_at) * rate).min(burst);
        self.refilled_at = now;
        // A hair's breadth for the rounding of the clock.
        let accepted = self.tokens >= 1.0 - 1e-6;
        if accepted {
            self.tokens -= 1.0;
        }
        accepted
    }

    fn window(&mut self, now: f64, rate: f64, phase: f64) -> bool {
        let count = self.windows.entry((now + phase).floor() as i64).or_default();
        let accepted = *count < rate;
        if accepted {
            *count += 1.0;
        }
        accepted
    }

    fn refused_between(&self, from: f64, to: f64) -> usize {
        self.refused_at.iter().filter(|at| (from..to).contains(*at)).count()
    }
}

struct Load {
    requests: usize,
    /// Answers take between these, in milliseconds.
    latency_ms: (u64, u64),
    retry_after: Option<Duration>,
}

fn refusal(retry_after: Option<Duration>) -> Verdict {
    Verdict::Failure(Failure {
        class: Class::Throttled,
        effect: Effect::None,
        status: None,
        code: None,
        message: None,
        request_id: None,
        retry_after,
        clock_ahead: None,
    })
}

/// Sends all requests of `load` in parallel through one gate, each until it is accepted, and returns the service
/// and when each request was done, in order of their start.
async fn run(service: Service, load: Load, seed: u64) -> (Service, Vec<f64>) {
    let world = Arc::new(TestWorld::new(DateTime::UNIX_EPOCH, seed));
    let gate = Arc::new(Gate::default());
    let service = Arc::new(Mutex::new(service));
    let mut tasks = JoinSet::new();
    for index in 0..load.requests {
        let (world, gate, service) = (Arc::clone(&world), Arc::clone(&gate), Arc::clone(&service));
        let ((low, high), retry_after) = (load.latency_ms, load.retry_after);
        tasks.spawn(async move {
            loop {
                let passage = gate.pass(world.as_ref()).await;
                let way = |share: u64| {
                    let latency = low + world.random_u64() % (high - low + 1);
                    world.sleep(Duration::from_millis(latency * share / 2))
                };
                way(1).await;
                let accepted = service.lock().unwrap().ask(world.monotonic().as_secs_f64());
                way(1).await;
                if accepted {
                    passage.end(world.monotonic(), &Verdict::Success);
                    return (index, world.monotonic().as_secs_f64());
                }
                passage.end(world.monotonic(), &refusal(retry_after));
                world.sleep(Duration::from_millis(500 + world.random_u64() % 500)).await;
            }
        });
    }
    let mut done = vec![0.0; load.requests];
    while let Some(result) = tasks.join_next().await {
        let (index, at) = result.unwrap();
        done[index] = at;
    }
    let service = Arc::into_inner(service).unwrap().into_inner().unwrap();
    (service, done)
}

/// With answers that overtake each other by more than the spacing of ten a second, a service that insists on that
/// spacing (a bucket of one) cannot be used at its rate without refusals; the others nearly can.
fn time_max(limiter: Limiter, latency_ms: (u64, u64)) -> f64 {
    let spread = latency_ms.1 - latency_ms.0;
    match (limiter, spread) {
        (Limiter::TokenBucket { burst: 1.0 }, 100..) => 250.0,
        (Limiter::TokenBucket { burst: 1.0 }, _) => 160.0,
        (_, 100..) => 170.0,
        _ => 125.0,
    }
}

#[tokio::test(start_paused = true)]
async fn of_a_thousand_parallel_requests_at_ten_a_second_at_most_one_in_a_hundred_is_refused() {
    let limiters = [
        Limiter::TokenBucket { burst: 1.0 },
        Limiter::TokenBucket { burst: 10.0 },
        Limiter::TokenBucket { burst: 20.0 },
        Limiter::FixedWindow { phase: 0.0 },
        Limiter::FixedWindow { phase: 0.37 },
        Limiter::SlidingWindow,
        Limiter::Both { burst: 10.0, phase: 0.5 },
    ];
    for limiter in limiters {
        for latency_ms in [(0, 0), (20, 20), (5, 60), (100, 300)] {
            for (seed, retry_after) in [None, Some(Duration::from_secs(1))].into_iter().enumerate() {
                let load = Load { requests: 1000, latency_ms, retry_after };
                let service = Service::new(limiter, &[(0.0, 10.0)]);
                let (service, done) = run(service, load, seed as u64).await;
                let refused = service.refused_between(1.0, f64::MAX);
                let took = done.iter().copied().fold(0.0, f64::max);
                let case = format!("{limiter:?} {latency_ms:?} {retry_after:?} seed {seed}: {took:.0} s");
                assert!(refused <= 10, "{case}: {refused} refused");
                assert!(took <= time_max(limiter, latency_ms), "{case}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_limit_a_thousand_requests_take_a_few_round_trips() {
    let load = Load { requests: 1000, latency_ms: (100, 100), retry_after: None };
    let (_, done) = run(Service::new(Limiter::SlidingWindow, &[(0.0, 1e9)]), load, 1).await;
    let took = done.iter().copied().fold(0.0, f64::max);
    assert!(took < 1.0, "took {took} s");
}

#[tokio::test(start_paused = true)]
async fn a_faster_service_is_used_as_well_as_a_slow_one() {
    for rate in [3.0, 40.0, 200.0] {
        let requests = (rate * 60.0) as usize;
        let load = Load { requests, latency_ms: (20, 40), retry_after: None };
        let (service, done) =
            run(Service::new(Limiter::TokenBucket { burst: rate }, &[(0.0, rate)]), load, 1).await;
        let refused = service.refused_between(1.0, f64::MAX);
        let took = done.iter().copied().fold(0.0, f64::max);
        assert!(took < 60.0 * 1.25, "{rate}/s: took {took} s");
        assert!(refused <= (requests / 50).max(8), "{rate}/s: {refused} of {requests} refused");
    }
}

#[tokio::test(start_paused = true)]
async fn the_pace_follows_a_service_that_allows_more_and_then_less() {
    let load = Load { requests: 5000, latency_ms: (20, 40), retry_after: None };
    let allowed = [(0.0, 10.0), (60.0, 50.0), (120.0, 5.0)];
    let (service, _) = run(Service::new(Limiter::TokenBucket { burst: 10.0 }, &allowed), load, 1).await;
    let rate_between = |from: f64, to: f64| {
        service.accepted_at.iter().filter(|at| (from..to).contains(*at)).count() as f64 / (to - from)
    };
    assert!(rate_between(30.0, 60.0) > 8.0, "{}", rate_between(30.0, 60.0));
    assert!(rate_between(100.0, 120.0) > 30.0, "{}", rate_between(100.0, 120.0));
    assert!(rate_between(150.0, 300.0) > 4.0, "{}", rate_between(150.0, 300.0));
    let refused = service.refused_between(120.0, 300.0);
    assert!(refused <= 40, "{refused} refused after the service slowed down");
}

#[tokio::test(start_paused = true)]
async fn requests_pass_in_the_order_in_which_they_came() {
    let load = Load { requests: 500, latency_ms: (20, 20), retry_after: None };
    let (_, done) = run(Service::new(Limiter::FixedWindow { phase: 0.0 }, &[(0.0, 10.0)]), load, 1).await;
    // The few that were refused go to the end of the queue; all others are done in order.
    let out_of_order = done.windows(2).filter(|pair| pair[0] > pair[1]).count();
    assert!(out_of_order <= 12, "{out_of_order} requests overtook another");
}

#[tokio::test(start_paused = true)]
async fn who_stops_waiting_holds_up_nobody() {
    let world = Arc::new(TestWorld::new(DateTime::UNIX_EPOCH, 1));
    let gate = Arc::new(Gate::default());
    let mut under_way = Vec::new();
    for _ in 0..16 {
        under_way.push(gate.pass(world.as_ref()).await);
    }
    let waiting: Vec<_> = (0..3)
        .map(|_| {
            let (world, gate) = (Arc::clone(&world), Arc::clone(&gate));
            tokio::spawn(async move { drop(gate.pass(world.as_ref()).await) })
        })
        .collect();
    tokio::task::yield_now().await;
    waiting[0].abort();
    waiting[1].abort();
    // One request under way is dropped without an answer: its place is free again.
    drop(under_way.pop());
    let last = waiting.into_iter().next_back().unwrap();
    tokio::time::timeout(Duration::from_secs(1), last).await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_pause_that_the_service_asks_for_holds_for_all_that_wait() {
    let world = TestWorld::new(DateTime::UNIX_EPOCH, 1);
    let gate = Arc::new(Gate::default());
    gate.pass(&world).await.end(world.monotonic(), &refusal(Some(Duration::from_secs(30))));
    let passage = gate.pass(&world).await;
    assert!(world.monotonic() >= Duration::from_secs(30));
    passage.end(world.monotonic(), &Verdict::Success);
    assert!(gate.rate().is_some());
}
