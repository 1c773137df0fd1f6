//! Numbers: whole ones exactly, others as `f64`; `1.0` and `1` are the same number.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

/// A finite number.
#[derive(Clone, Copy)]
pub struct Number(Kind);

/// Canonical: a whole number is `Signed` if that can hold it, else `Unsigned`, else `Float`.
#[derive(Clone, Copy)]
enum Kind {
    Signed(i64),
    Unsigned(u64),
    Float(f64),
}

/// Up to here every whole `f64` is exact; beyond it, "whole" says nothing.
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;

impl Number {
    /// The number, or `None` for infinities and not-a-number.
    #[must_use]
    pub fn from_f64(value: f64) -> Option<Self> {
        if !value.is_finite() {
            return None;
        }
        if value.fract() == 0.0 && value.abs() <= EXACT_MAX {
            #[expect(clippy::cast_possible_truncation, reason = "whole and within the exact range")]
            return Some(Self(Kind::Signed(value as i64)));
        }
        Some(Self(Kind::Float(value)))
    }

    /// The whole number, if it is one that fits.
    #[must_use]
    pub fn as_i64(self) -> Option<i64> {
        match self.0 {
            Kind::Signed(value) => Some(value),
            Kind::Unsigned(_) | Kind::Float(_) => None,
        }
    }

    /// The whole number beyond `i64`, if it is one.
    #[must_use]
    pub fn as_u64(self) -> Option<u64> {
        match self.0 {
            Kind::Signed(value) => u64::try_from(value).ok(),
            Kind::Unsigned(value) => Some(value),
            Kind::Float(_) => None,
        }
    }

    /// The nearest `f64`.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "nearest is what is promised")]
    pub fn as_f64(self) -> f64 {
        match self.0 {
            Kind::Signed(value) => value as f64,
            Kind::Unsigned(value) => value as f64,
            Kind::Float(value) => value,
        }
    }
}

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        Self(Kind::Signed(value))
    }
}

impl From<u64> for Number {
    fn from(value: u64) -> Self {
        Self(i64::try_from(value).map_or(Kind::Unsigned(value), Kind::Signed))
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Number {}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.0, other.0) {
            (Kind::Signed(a), Kind::Signed(b)) => a.cmp(&b),
            (Kind::Unsigned(a), Kind::Unsigned(b)) => a.cmp(&b),
            _ => self.as_f64().total_cmp(&other.as_f64()).then(self.rank().cmp(&other.rank())),
        }
    }
}

impl Number {
    fn rank(self) -> u8 {
        match self.0 {
            Kind::Signed(_) => 0,
            Kind::Unsigned(_) => 1,
            Kind::Float(_) => 2,
        }
    }
}

impl Hash for Number {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.rank().hash(state);
        match self.0 {
            Kind::Signed(value) => value.hash(state),
            Kind::Unsigned(value) => value.hash(state),
            Kind::Float(value) => value.to_bits().hash(state),
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Kind::Signed(value) => write!(f, "{value}"),
            Kind::Unsigned(value) => write!(f, "{value}"),
            // `{:?}` is the shortest text that reads back as the same number.
            Kind::Float(value) => write!(f, "{value:?}"),
        }
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
