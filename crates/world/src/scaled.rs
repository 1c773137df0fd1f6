//! A clock that runs faster.

use std::io;
use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::{BoxFuture, RealWorld, World};

/// The machine, with a clock that runs faster: for a mock cloud whose time is scaled, so that what is waited for in its
/// time is waited for as long as it takes there.
///
/// It is for waiting and measuring only. What others compare with the real time (signatures, locks) needs the real world.
#[derive(Debug)]
pub struct ScaledWorld {
    real: RealWorld,
    epoch: DateTime<Utc>,
    scale: f64,
}

impl ScaledWorld {
    /// The machine with a clock that shows `epoch` now and runs `scale` seconds for each real one. A scale that is no positive
    /// number counts as 1.
    #[must_use]
    pub fn new(epoch: DateTime<Utc>, scale: f64) -> Self {
        let scale = if scale.is_finite() && scale > 0.0 { scale } else { 1.0 };
        Self { epoch, real: RealWorld::new(), scale }
    }
}

impl World for ScaledWorld {
    fn now(&self) -> DateTime<Utc> {
        self.epoch + self.monotonic()
    }

    fn monotonic(&self) -> Duration {
        self.real.monotonic().mul_f64(self.scale)
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.real.sleep(duration.div_f64(self.scale))
    }

    fn random_u64(&self) -> u64 {
        self.real.random_u64()
    }

    fn env_var(&self, name: &str) -> Option<String> {
        self.real.env_var(name)
    }

    fn read_file(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.real.read_file(path)
    }

    fn file_mode(&self, path: &Path) -> io::Result<Option<u32>> {
        self.real.file_mode(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_that_is_no_positive_number_counts_as_one() {
        for scale in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(
                ScaledWorld::new(DateTime::UNIX_EPOCH, scale).scale.to_bits(),
                1.0_f64.to_bits(),
                "{scale}"
            );
        }
    }

    #[test]
    fn the_clock_runs_as_much_faster_as_the_scale_says() {
        let world = ScaledWorld::new(DateTime::UNIX_EPOCH, 1_000_000.0);
        let (real, scaled) = (world.real.monotonic(), world.monotonic());
        assert!(scaled >= real.mul_f64(1_000_000.0), "{real:?} {scaled:?}");
        assert!(world.now() - world.epoch >= chrono::TimeDelta::from_std(scaled).expect("it is short"));
    }
}
