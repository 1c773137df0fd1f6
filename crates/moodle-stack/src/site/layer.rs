//! Which part of the way from a visitor to the application fails, and what shows it.

use std::fmt;

use serde::Serialize;

/// A part of the way from a visitor to the application.
///
/// The order is that in which causes are looked for: what comes first explains what comes after it. A server that cannot reach
/// its database is not healthy either, and its health is then not what is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Layer {
    /// The load balancer, or what leads to it.
    LoadBalancer,
    /// A security rule that must be there and is not.
    Rule,
    /// A route, or the gateway that it leads to.
    Route,
    /// The database.
    Database,
    /// The shared files: file system, mount target, export.
    Storage,
    /// The load balancer's health check asks for something else than what healthy servers answer, or has no result yet.
    HealthCheck,
    /// A server does not run, or what runs on it did not come up.
    Server,
    /// The application gives another answer than it should.
    Application,
}

impl Layer {
    /// As people call it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LoadBalancer => "load balancer",
            Self::Rule => "rule",
            Self::Route => "route",
            Self::Database => "database",
            Self::Storage => "storage",
            Self::HealthCheck => "health check",
            Self::Server => "server",
            Self::Application => "application",
        }
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How much a fault does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Weight {
    /// Visitors get no answer because of it, or would not after the next restart.
    Stops,
    /// Visitors get answers; something that should be there is not, or could not be looked at.
    Weakens,
}

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// How much it does.
    pub weight: Weight,
    /// Where it is.
    pub layer: Layer,
    /// What it is about: a server's name, a subnet, an OCID.
    pub subject: String,
    /// What was seen, and what was expected.
    pub evidence: String,
}

impl Fault {
    pub(super) fn stops(layer: Layer, subject: impl Into<String>, evidence: impl Into<String>) -> Self {
        Self { weight: Weight::Stops, layer, subject: subject.into(), evidence: evidence.into() }
    }

    pub(super) fn weakens(layer: Layer, subject: impl Into<String>, evidence: impl Into<String>) -> Self {
        Self { weight: Weight::Weakens, layer, subject: subject.into(), evidence: evidence.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.layer, self.subject, self.evidence)
    }
}

/// The site does not answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the site does not answer, and the fault lies with the {layer}: {evidence}")]
pub struct NotAnswering {
    /// Where it ends.
    pub layer: Layer,
    /// What was seen there.
    pub evidence: String,
    /// Everything else that was found wrong, likely causes first. The first one is what `layer` and `evidence` say. Empty as long as
    /// nobody has looked for causes.
    pub faults: Vec<Fault>,
}

impl NotAnswering {
    pub(super) fn at(layer: Layer, evidence: impl Into<String>) -> Self {
        Self { layer, evidence: evidence.into(), faults: Vec::new() }
    }

    /// With the causes that were found; without any it stays what it was.
    pub(super) fn because(self, faults: Vec<Fault>) -> Self {
        let Some(first) = faults.first() else { return self };
        let (layer, evidence) = (first.layer, format!("{}: {}", first.subject, first.evidence));
        Self { layer, evidence, faults }
    }
}
