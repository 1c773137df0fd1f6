//! Writing a schema down in Rust.
//!
//! ```
//! use reconcile::schema::{Attribute, Kind, Schema};
//!
//! let schema = Schema::default()
//!     .with("path", Attribute::new(Kind::String).required().force_new())
//!     .with("content", Attribute::new(Kind::String).required())
//!     .with("id", Attribute::new(Kind::String).read_only());
//! assert!(schema.attribute("path").unwrap().force_new);
//! ```

use std::sync::Arc;

use super::{Attribute, Bounds, Kind, Schema};
use crate::value::Value;

impl Schema {
    /// This schema and one attribute more.
    #[must_use]
    pub fn with(mut self, name: impl Into<Arc<str>>, attribute: Attribute) -> Self {
        self.attributes.insert(name.into(), attribute);
        self
    }

    /// This schema, letting through attributes that it does not name.
    #[must_use]
    pub fn open(mut self) -> Self {
        self.open = true;
        self
    }
}

impl Attribute {
    /// An optional attribute that may change in place.
    #[must_use]
    pub fn new(kind: Kind) -> Self {
        Self {
            kind,
            required: false,
            computed: false,
            read_only: false,
            sensitive: false,
            unordered: false,
            force_new: false,
            write_only: false,
            volatile: false,
            exact: false,
            default: None,
            description: None,
            bounds: Bounds::default(),
        }
    }

    /// The user must set it.
    #[must_use]
    pub fn required(self) -> Self {
        Self { required: true, ..self }
    }

    /// The service sets it if the user does not.
    #[must_use]
    pub fn computed(self) -> Self {
        Self { computed: true, ..self }
    }

    /// Only the service sets it.
    #[must_use]
    pub fn read_only(self) -> Self {
        Self { computed: true, read_only: true, ..self }
    }

    /// Inside an object, leaving it out means that it shall be absent.
    #[must_use]
    pub fn exact(self) -> Self {
        Self { exact: true, ..self }
    }

    /// It is a secret.
    #[must_use]
    pub fn sensitive(self) -> Self {
        Self { sensitive: true, ..self }
    }

    /// Its items have no order.
    #[must_use]
    pub fn unordered(self) -> Self {
        Self { unordered: true, ..self }
    }

    /// A change makes a new object necessary.
    #[must_use]
    pub fn force_new(self) -> Self {
        Self { force_new: true, ..self }
    }

    /// The service never tells it.
    #[must_use]
    pub fn write_only(self) -> Self {
        Self { write_only: true, ..self }
    }

    /// The service may change it with any update.
    #[must_use]
    pub fn volatile(self) -> Self {
        Self { volatile: true, ..self }
    }

    /// Taken when the user does not set it.
    #[must_use]
    pub fn default_value(self, value: impl Into<Value>) -> Self {
        Self { default: Some(value.into()), ..self }
    }

    /// What is allowed.
    #[must_use]
    pub fn bounds(self, bounds: Bounds) -> Self {
        Self { bounds, ..self }
    }
}
