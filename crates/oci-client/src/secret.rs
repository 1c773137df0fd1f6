//! Values that must not be seen: they print as `<secret>`, cannot be serialised, and are wiped when dropped.

use std::fmt;

use zeroize::Zeroize;

/// A value that prints as `<secret>`, is wiped from memory when dropped, and is read only by
/// [`Secret::expose`].
///
/// Deliberately absent: `Serialize`, `PartialEq` (comparison in variable time), `Display`.
#[derive(Clone)]
pub struct Secret<T: Zeroize>(T);

impl<T: Zeroize> Secret<T> {
    /// Takes `value` into keeping.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value in clear. Every call is a place to look at twice.
    pub const fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize> From<T> for Secret<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T: Zeroize> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<secret>")
    }
}

impl<T: Zeroize> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_prints_as_secret_also_inside_other_values() {
        let inside = Some(Secret::new(String::from("canary-1f2e")));
        assert_eq!(format!("{inside:?}"), "Some(<secret>)");
        assert_eq!(format!("{inside:#?}").matches("canary").count(), 0);
    }
}
