//! Virtual time: when the cloud's lifecycles move, and what its clocks show.
//!
//! Two times are told apart. *Cloud time* drives lifecycles and stands in `timeCreated`; it can run faster
//! than real time, and be advanced. *Signing time* is what the `date` header of a request is compared with:
//! a client dates its requests by its own clock, so a scaled cloud compares with the real wall clock.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

/// A moment of cloud time: milliseconds since 1970, UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Time(i64);

impl Time {
    /// From milliseconds since 1970.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since 1970.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// `duration` later.
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(whole_millis(duration)))
    }

    /// How long it is since `earlier`; zero when that lies ahead.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// As the API writes it: `2026-01-02T03:04:05.678Z`.
    #[must_use]
    pub fn rfc3339(self) -> String {
        self.utc().to_rfc3339_opts(SecondsFormat::Millis, true)
    }

    /// As an HTTP header writes it: `Sat, 21 Nov 2026 19:50:32 GMT`.
    #[must_use]
    pub fn http_date(self) -> String {
        self.utc().format("%a, %d %b %Y %H:%M:%S GMT").to_string()
    }

    /// As `chrono` has it.
    #[must_use]
    pub fn utc(self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.0).unwrap_or_default()
    }
}

impl From<DateTime<Utc>> for Time {
    fn from(time: DateTime<Utc>) -> Self {
        Self(time.timestamp_millis())
    }
}

fn whole_millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// What makes cloud time pass.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pace {
    /// Only [`Clock::advance`].
    Manual,
    /// So many virtual seconds for one real second; 0 is [`Pace::Manual`] with real signing time.
    Scaled(f64),
    /// tokio's clock, second for second: under a paused runtime it moves with the test.
    Tokio,
}

/// The clock of one cloud.
pub struct Clock {
    pace: Pace,
    epoch: Time,
    started: Started,
    advanced_millis: AtomicI64,
}

enum Started {
    Nowhere,
    Real { instant: std::time::Instant },
    Tokio { instant: tokio::time::Instant },
}

impl Clock {
    /// A clock that shows `epoch` now.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the mock has a clock of its own, and this is it")]
    pub fn new(pace: Pace, epoch: Time) -> Self {
        let started = match pace {
            Pace::Manual => Started::Nowhere,
            Pace::Scaled(_) => Started::Real { instant: std::time::Instant::now() },
            Pace::Tokio => Started::Tokio { instant: tokio::time::Instant::now() },
        };
        Self { pace, epoch, started, advanced_millis: AtomicI64::new(0) }
    }

    /// The wall clock of the machine, for an epoch of "now".
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the mock has a clock of its own, and this is it")]
    pub fn wall() -> Time {
        Utc::now().into()
    }

    /// Cloud time.
    #[must_use]
    pub fn now(&self) -> Time {
        let passed = match (&self.started, self.pace) {
            (Started::Real { instant }, Pace::Scaled(scale)) => {
                Duration::try_from_secs_f64(instant.elapsed().as_secs_f64() * scale).unwrap_or(Duration::MAX)
            }
            (Started::Tokio { instant }, _) => instant.elapsed(),
            (Started::Real { .. } | Started::Nowhere, _) => Duration::ZERO,
        };
        let advanced = self.advanced_millis.load(Ordering::Relaxed);
        Time(self.epoch.after(passed).0.saturating_add(advanced))
    }

    /// What the `date` of a request is compared with.
    #[must_use]
    pub fn signing_now(&self) -> Time {
        match self.started {
            Started::Real { .. } => Self::wall(),
            Started::Tokio { .. } | Started::Nowhere => self.now(),
        }
    }

    /// Lets time pass at once.
    pub fn advance(&self, duration: Duration) {
        self.advanced_millis.fetch_add(whole_millis(duration).min(YEARS_10), Ordering::Relaxed);
    }
}

/// More than this in one step is a mistake, and would run out of representable time.
const YEARS_10: i64 = 10 * 366 * 24 * 3600 * 1000;

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clock").field("pace", &self.pace).field("now", &self.now().rfc3339()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EPOCH: Time = Time::from_millis(1_767_323_045_678);

    #[test]
    fn a_manual_clock_moves_only_when_told() {
        let clock = Clock::new(Pace::Manual, EPOCH);
        assert_eq!(clock.now().rfc3339(), "2026-01-02T03:04:05.678Z");
        clock.advance(Duration::from_secs(90));
        assert_eq!(clock.now().rfc3339(), "2026-01-02T03:05:35.678Z");
        assert_eq!(clock.signing_now(), clock.now());
    }

    #[tokio::test(start_paused = true)]
    async fn a_tokio_clock_follows_the_paused_runtime() {
        let clock = Clock::new(Pace::Tokio, EPOCH);
        tokio::time::advance(Duration::from_secs(25 * 60)).await;
        assert_eq!(clock.now().since(EPOCH), Duration::from_secs(25 * 60));
    }

    #[test]
    fn http_dates_have_english_names() {
        assert_eq!(EPOCH.http_date(), "Fri, 02 Jan 2026 03:04:05 GMT");
    }
}
