//! Enums that keep values which Oracle adds later.

/// One of some words that are known, or another that is kept as it came.
///
/// Implemented by generated code. Two values are equal when they are the same word, whether the word was
/// known or not.
pub trait OpenEnum: Send + Sync {
    /// The word as it goes over the wire.
    fn as_str(&self) -> &str;

    /// Whether the tables know this word.
    fn is_known(&self) -> bool {
        self.known().contains(&self.as_str())
    }

    /// The words that the tables know.
    fn known(&self) -> &'static [&'static str];

    /// Takes the value of `word`.
    fn set(&mut self, word: &str);
}

/// Writes down an enum of known words, and `Other` for the rest.
macro_rules! open_enum {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$about])*
        #[derive(Clone)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$doc])* $variant,)+
            /// A word that the tables do not know, kept as it came.
            Other(String),
        }

        impl $name {
            /// The word as it goes over the wire.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $word,)+
                    Self::Other(word) => word,
                }
            }
        }

        impl From<&str> for $name {
            fn from(word: &str) -> Self {
                match word {
                    $($word => Self::$variant,)+
                    _ => Self::Other(word.to_owned()),
                }
            }
        }

        impl $crate::model::OpenEnum for $name {
            fn as_str(&self) -> &str {
                self.as_str()
            }
            fn known(&self) -> &'static [&'static str] {
                &[$($word),+]
            }
            fn set(&mut self, word: &str) {
                *self = Self::from(word);
            }
        }

        impl $crate::model::Value for $name {
            fn blank() -> Self {
                Self::Other(String::new())
            }
            fn view(&self) -> $crate::model::View<'_> {
                $crate::model::View::Enum(self)
            }
            fn view_mut(&mut self) -> $crate::model::ViewMut<'_> {
                $crate::model::ViewMut::Enum(self)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.as_str() == other.as_str()
            }
        }

        impl Eq for $name {}
    };
}
pub(crate) use open_enum;

open_enum! {
    /// The order of a list.
    SortOrder {
        /// `ASC`: ascending.
        Asc = "ASC",
        /// `DESC`: descending.
        Desc = "DESC",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_word_is_kept_and_a_known_one_is_recognised() {
        assert!(matches!(SortOrder::from("ASC"), SortOrder::Asc));
        let strange = SortOrder::from("SIDEWAYS");
        assert_eq!(strange.as_str(), "SIDEWAYS");
        assert!(!OpenEnum::is_known(&strange));
        assert_eq!(format!("{strange:?} {:>5}", SortOrder::Asc), "SIDEWAYS   ASC");
    }

    #[test]
    fn a_known_word_equals_itself_however_it_was_made() {
        assert_eq!(SortOrder::Other("ASC".to_owned()), SortOrder::Asc);
        assert_ne!(SortOrder::from("asc"), SortOrder::Asc);
    }
}
