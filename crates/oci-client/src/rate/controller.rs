//! How fast to ask: a pure state machine that learns the allowed rate from refusals (429).
//!
//! OCI documents no rates; the refusal is the only signal. The controller goes through three phases:
//!
//! 1. **Open**: nothing was refused yet. A window of requests under way grows with every answer, so that a service
//!    without a limit is soon used at full width, and the first refusal comes after few requests, not after all.
//! 2. **Settling**: after the first refusal nothing is sent until the requests under way are answered. What was
//!    accepted within the last second is the first estimate.
//! 3. **Paced**: requests leave evenly spaced, just below the **ceiling**, the rate that was last refused.
//!
//! Two observations make it converge with few refusals. Between two refusals a service gives away what it allows: a
//! token bucket is empty at both, so that *accepted ÷ time between* is its rate, whatever its burst. And looking for
//! more costs a refusal each time, so a **credit** has to be earned first, by some hundred accepted requests.

use std::collections::VecDeque;
use std::time::Duration;

/// Requests under way at first. Small enough to be polite, large enough for most stacks never to notice.
const WINDOW_FIRST: f64 = 16.0;
/// Requests under way at most: beyond this, sockets and memory run out before the service does.
const WINDOW_MAX: f64 = 4096.0;
/// Services count by the second; a shorter time says little about what they allow.
const SECOND: Duration = Duration::from_secs(1);
/// How long the phase of settling lasts at most, should an answer be slow.
const SETTLING_MAX: Duration = Duration::from_secs(2);
/// The slowest pace: one request in five seconds. Without a floor a service that refuses everything for an hour
/// would silence us for a day.
const RATE_MIN: f64 = 0.2;
/// The pace stays this share below the ceiling, since services count in windows and networks bunch requests.
const PLATEAU: f64 = 0.97;
/// How far the pace falls below the ceiling after a refusal, so that the service can catch its breath.
const AFTER_REFUSAL: f64 = 0.9;
/// After a refusal, so many requests' time passes before the next one, but no more than a second.
const PAUSE_AFTER_REFUSAL: f64 = 5.0;
/// Of the first estimate, the share to start with: it may be a burst that was saved up.
const FIRST_SHARE: f64 = 0.25;
/// The slowest start after the first refusal, in requests a second.
const RAMP_FROM: f64 = 1.0;
/// Added to the pace with each accepted request: with `rate` of them in a second it doubles in that second.
const DOUBLING_PER_SECOND: f64 = std::f64::consts::LN_2;
/// Refusals that may be risked at once by looking whether more is allowed.
const CREDIT_MAX: f64 = 3.0;
/// So many accepted requests earn the credit for one more refusal, so that well under one request in a hundred is
/// refused.
const ACCEPTED_PER_CREDIT: f64 = 250.0;
/// Growth while probing, per second, at first; it doubles with every [`PROBE_DOUBLING`] without a refusal.
const PROBE_GROWTH_FIRST: f64 = 0.03;
/// See [`PROBE_GROWTH_FIRST`].
const PROBE_DOUBLING: Duration = Duration::from_secs(3);
/// The longest pause that a `retry-after` can cause.
const PAUSE_MAX: Duration = Duration::from_secs(120);
/// After so long without a refusal all that was learned is forgotten.
const FORGET_AFTER: Duration = Duration::from_secs(900);

/// What an answer says about the rate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Answer {
    /// Anything but a refusal: the service took the request.
    Accepted,
    /// 429, with `retry-after` if there was one.
    Refused(Option<Duration>),
    /// None, or none that says anything about the rate.
    Silence,
}

/// Leave to send one request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Leave {
    sent_at: Duration,
    /// How many refusals had changed the pace when it left: a refusal of a request that left before the last
    /// change says nothing new.
    epoch: u64,
}

/// Whether a request may leave now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Turn {
    Now(Leave),
    /// Ask again at this time, or when an answer arrives.
    At(Duration),
    /// Ask again when an answer arrives.
    AfterAnAnswer,
}

#[derive(Debug)]
pub(super) struct Controller {
    phase: Phase,
    under_way: u32,
    epoch: u64,
    /// Nothing leaves before this time: the service asked for it.
    not_before: Duration,
    recent: Recent,
    /// When the last change of pace was caused by a refusal, and what was accepted since.
    refused_at: Duration,
    measured_from: Duration,
    accepted: f64,
}

#[derive(Debug)]
enum Phase {
    /// `full_at` is when a request last found the window full.
    Open {
        window: f64,
        full_at: Option<Duration>,
    },
    Settling {
        since: Duration,
    },
    Paced(Pace),
}

#[derive(Debug)]
struct Pace {
    /// Requests a second.
    rate: f64,
    search: Search,
    /// Requests that may leave at once.
    tokens: f64,
    refilled_at: Duration,
    /// When a request last had to wait for this pace. Without that, answers say nothing about a higher one.
    waited_at: Duration,
    credit: f64,
}

/// What is known of the allowed rate.
#[derive(Clone, Copy, Debug)]
enum Search {
    /// Nothing but a first guess: the pace doubles each second until it is refused.
    Ramp,
    /// This rate was refused.
    Below { ceiling: f64 },
    /// Whether more is allowed is being tried since this time.
    Probe { since: Duration },
}

impl Controller {
    pub(super) fn new() -> Self {
        Self {
            phase: Phase::Open { window: WINDOW_FIRST, full_at: None },
            under_way: 0,
            epoch: 0,
            not_before: Duration::ZERO,
            recent: Recent::default(),
            refused_at: Duration::ZERO,
            measured_from: Duration::ZERO,
            accepted: 0.0,
        }
    }

    /// The pace in requests a second, once there is one.
    pub(super) fn rate(&self) -> Option<f64> {
        match &self.phase {
            Phase::Paced(pace) => Some(pace.rate),
            Phase::Open { .. } | Phase::Settling { .. } => None,
        }
    }

    /// Asks whether a request may leave at `now`.
    pub(super) fn turn(&mut self, now: Duration) -> Turn {
        self.move_on(now);
        if now < self.not_before {
            return Turn::At(self.not_before);
        }
        match &mut self.phase {
            Phase::Open { window, full_at } if f64::from(self.under_way) >= *window => {
                *full_at = Some(now);
                return Turn::AfterAnAnswer;
            }
            Phase::Open { .. } => {}
            Phase::Settling { since } => return Turn::At(*since + SETTLING_MAX),
            Phase::Paced(pace) => {
                if let Some(wait) = pace.take(now) {
                    return Turn::At(now + wait);
                }
            }
        }
        self.under_way += 1;
        Turn::Now(Leave { sent_at: now, epoch: self.epoch })
    }

    /// Takes note of the answer to a request.
    pub(super) fn answered(&mut self, now: Duration, leave: Leave, answer: Answer) {
        self.under_way = self.under_way.saturating_sub(1);
        match answer {
            Answer::Accepted => {
                self.recent.add(leave.sent_at);
                self.accepted += 1.0;
                match &mut self.phase {
                    // Only a window that was used says that a larger one is wanted.
                    Phase::Open { window, full_at } if full_at.is_some_and(|at| at >= leave.sent_at) => {
                        *window = (*window + 1.0).min(WINDOW_MAX);
                    }
                    Phase::Open { .. } | Phase::Settling { .. } => {}
                    Phase::Paced(pace) => pace.accepted(now),
                }
            }
            Answer::Refused(retry_after) => {
                let pause = retry_after.unwrap_or_default().min(PAUSE_MAX);
                self.not_before = self.not_before.max(now + pause);
                if let Phase::Paced(pace) = &mut self.phase {
                    pace.credit -= 1.0;
                }
                if leave.epoch == self.epoch {
                    self.refused(now);
                }
            }
            Answer::Silence => {}
        }
        self.move_on(now);
    }

    /// Forgets a request whose answer nobody waits for any more.
    pub(super) fn abandoned(&mut self) {
        self.under_way = self.under_way.saturating_sub(1);
    }

    fn refused(&mut self, now: Duration) {
        self.epoch += 1;
        self.refused_at = now;
        match &mut self.phase {
            Phase::Open { .. } => self.phase = Phase::Settling { since: now },
            Phase::Settling { .. } => {}
            Phase::Paced(pace) => {
                let since = now.saturating_sub(self.measured_from);
                let recent = self.recent.since(now.saturating_sub(SECOND));
                if matches!(pace.search, Search::Ramp) {
                    // The second that ended in a refusal is as much as the service gives, and perhaps a burst.
                    pace.fall(now, recent * AFTER_REFUSAL);
                } else if since < SECOND {
                    pace.fall(now, pace.rate * AFTER_REFUSAL);
                    return;
                } else {
                    let measured = self.accepted / since.as_secs_f64();
                    pace.fall(now, ceiling(pace.rate, measured, recent));
                }
                self.measured_from = now;
                self.accepted = 0.0;
            }
        }
    }

    /// What happens by the passing of time alone.
    fn move_on(&mut self, now: Duration) {
        match &self.phase {
            Phase::Settling { since } => {
                let since = *since;
                if self.under_way == 0 || now >= since + SETTLING_MAX {
                    let estimate = self.recent.since(since.saturating_sub(SECOND)).max(1.0);
                    self.phase = Phase::Paced(Pace {
                        rate: (estimate * FIRST_SHARE).max(RAMP_FROM),
                        search: Search::Ramp,
                        tokens: 1.0,
                        refilled_at: now,
                        waited_at: now,
                        credit: CREDIT_MAX,
                    });
                    // What was given away in this second has been used up.
                    self.not_before = self.not_before.max(since + SECOND);
                }
            }
            Phase::Paced(_) if now.saturating_sub(self.refused_at) > FORGET_AFTER => {
                self.phase = Phase::Open { window: WINDOW_FIRST, full_at: None };
            }
            Phase::Open { .. } | Phase::Paced(_) => {}
        }
    }
}

/// The allowed rate lies between what was accepted on average since the last refusal, when we stayed below it, and what
/// was refused now, or accepted within the last second, when we went beyond it.
fn ceiling(refused: f64, measured: f64, recent: f64) -> f64 {
    f64::midpoint(measured, refused.min(recent).max(measured))
}

impl Pace {
    /// Takes one token, or says how long until there is one.
    fn take(&mut self, now: Duration) -> Option<Duration> {
        let passed = now.saturating_sub(self.refilled_at).as_secs_f64();
        // A tenth of a second's worth may be saved up: more would be a burst that a service counting in windows
        // refuses.
        self.tokens = (self.tokens + passed * self.rate).min((self.rate * 0.1).max(1.0));
        self.refilled_at = now;
        // A token that is short by less than a nanosecond's refill must not cause a wait of no length.
        if self.tokens >= 1.0 - 1e-9 {
            self.tokens -= 1.0;
            return None;
        }
        let wait = (1.0 - self.tokens) / self.rate;
        self.waited_at = now;
        Some(Duration::from_secs_f64(wait).max(Duration::from_micros(1)))
    }

    /// Grows a little. With `rate` answers a second, the steps of a second add up to what is said per second.
    fn accepted(&mut self, now: Duration) {
        let interval = Duration::from_secs_f64(2.0 / self.rate);
        if now.saturating_sub(self.waited_at) > interval.max(SECOND) {
            return;
        }
        self.credit = (self.credit + 1.0 / ACCEPTED_PER_CREDIT).min(CREDIT_MAX);
        match self.search {
            Search::Ramp => self.rate += DOUBLING_PER_SECOND,
            Search::Below { ceiling } if self.rate < ceiling * PLATEAU => {
                self.rate = (self.rate + DOUBLING_PER_SECOND).min(ceiling * PLATEAU);
            }
            Search::Below { .. } if self.credit >= 1.0 => {
                self.search = Search::Probe { since: now };
            }
            Search::Below { .. } => {}
            Search::Probe { since } => {
                let probed = now.saturating_sub(since).as_secs_f64();
                let doublings = (probed / PROBE_DOUBLING.as_secs_f64()).min(5.0);
                self.rate += PROBE_GROWTH_FIRST * doublings.exp2();
            }
        }
    }

    fn fall(&mut self, now: Duration, ceiling: f64) {
        let ceiling = ceiling.min(self.rate).max(RATE_MIN / AFTER_REFUSAL);
        self.search = Search::Below { ceiling };
        self.rate = ceiling * AFTER_REFUSAL;
        // Whoever counts in seconds refuses until the second is over; this waits for a part of it, on average enough.
        self.tokens = 1.0 - PAUSE_AFTER_REFUSAL.min(self.rate);
        self.refilled_at = now;
    }
}

/// How many requests were accepted lately, by the time they left, in tenths of a second.
#[derive(Debug, Default)]
struct Recent {
    tenths: VecDeque<(u128, u32)>,
}

impl Recent {
    const TENTHS_KEPT: usize = 40;

    fn add(&mut self, sent_at: Duration) {
        let tenth = sent_at.as_millis() / 100;
        match self.tenths.iter_mut().rev().find(|(known, _)| *known == tenth) {
            Some((_, count)) => *count += 1,
            None => self.tenths.push_back((tenth, 1)),
        }
        if self.tenths.len() > Self::TENTHS_KEPT {
            self.tenths.pop_front();
        }
    }

    fn since(&self, from: Duration) -> f64 {
        let from = from.as_millis() / 100;
        self.tenths.iter().filter(|(tenth, _)| *tenth >= from).map(|(_, count)| f64::from(*count)).sum()
    }
}
