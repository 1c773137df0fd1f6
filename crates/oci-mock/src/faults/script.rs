//! The file format of faults.

use std::time::Duration;

use serde::Deserialize;

use crate::facts::{Operation, facts};
use crate::wire::WireRequest;

/// A file of faults.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Script {
    /// Chance follows from this.
    #[serde(default)]
    pub seed: u64,
    /// What goes wrong.
    pub faults: Vec<Fault>,
}

/// One thing that goes wrong.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Fault {
    /// For people, and the summary.
    pub name: Option<String>,
    /// Which requests it concerns.
    #[serde(default)]
    pub when: When,
    /// What happens to them.
    #[serde(rename = "do")]
    pub effect: Effect,
}

/// Which requests a fault concerns: all conditions that are given must hold.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct When {
    /// The service: `core`, `mysql` …
    pub service: Option<String>,
    /// One of these operations: `LaunchInstance` …
    pub operations: Vec<String>,
    /// The method.
    pub method: Option<String>,
    /// The path begins with this.
    pub path: Option<String>,
    /// The first so many that fit are spared.
    pub skip: u64,
    /// It happens at most so often.
    pub times: Option<u64>,
    /// It happens with this probability, 0 to 1.
    pub probability: Option<f64>,
    /// From so many virtual seconds after the script was given.
    pub from_secs: Option<u64>,
    /// Until so many virtual seconds after the script was given.
    pub until_secs: Option<u64>,
}

/// What happens.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Effect {
    /// This refusal, without any work.
    Respond {
        /// HTTP status, 400 to 599.
        status: u16,
        /// The service's code.
        code: String,
        /// The text.
        #[serde(default)]
        message: String,
        /// For `retry-after`.
        retry_after_secs: Option<u32>,
    },
    /// 429, without any work.
    Throttle {
        /// For `retry-after`; without it there is no such header.
        retry_after_secs: Option<u32>,
    },
    /// 500 "Out of host capacity.", at once or after the request was accepted.
    OutOfHostCapacity {
        /// Accepted first; the instance ends TERMINATED and its work request FAILED.
        #[serde(default)]
        later: bool,
        /// Virtual seconds until then.
        #[serde(default = "soon")]
        after_secs: u64,
    },
    /// 400 `LimitExceeded`, without any work.
    LimitExceeded {
        /// The limit's name.
        #[serde(default = "some_limit")]
        limit: String,
    },
    /// The answer leaves later, by so many real seconds (tokio seconds in process).
    Delay {
        /// How many.
        seconds: f64,
    },
    /// The connection is closed before anything is done.
    CloseBefore {},
    /// The work is done and the connection closed without an answer.
    LoseReply {},
    /// The work is done and the connection closed inside the answer.
    CutReply {
        /// After so many bytes of the body.
        #[serde(default)]
        at_bytes: usize,
    },
    /// What was made is not found for a while.
    HideNew {
        /// Virtual seconds, at most 60.
        seconds: u64,
    },
    /// The request is accepted; its work request fails, and so does the resource.
    FailWorkRequest {
        /// The error's code.
        #[serde(default = "internal_error")]
        code: String,
        /// The error's text.
        #[serde(default)]
        message: String,
        /// Virtual seconds until then.
        #[serde(default = "soon")]
        after_secs: u64,
    },
    /// The work request succeeds and names no resource.
    EmptyWorkRequest {},
    /// The resource that the path names first goes from ACTIVE to UPDATING by itself.
    FlipToUpdating {
        /// And back after so many virtual seconds.
        seconds: u64,
    },
    /// The clock that dates of requests are compared with is off.
    SkewClock {
        /// By so many seconds.
        seconds: i64,
    },
    /// Session tokens count as expired.
    ExpireTokens {},
}

fn soon() -> u64 {
    20
}

fn some_limit() -> String {
    "standard-a1-core-count".to_owned()
}

fn internal_error() -> String {
    "InternalError".to_owned()
}

/// A script cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScriptError {
    /// It is not JSON of the right shape.
    #[error("line {}, column {}: {source}", source.line(), source.column())]
    Shape {
        /// What is wrong, and where.
        source: serde_json::Error,
    },
    /// A value makes no sense.
    #[error("faults[{index}].{field}: {why}")]
    Value {
        /// Position of the fault.
        index: usize,
        /// Which value.
        field: &'static str,
        /// What is wrong with it.
        why: String,
    },
}

impl Script {
    /// Reads a script.
    ///
    /// # Errors
    /// [`ScriptError`], naming line and column or the fault and field.
    pub fn parse(text: &str) -> Result<Self, ScriptError> {
        let script: Self = serde_json::from_str(text).map_err(|source| ScriptError::Shape { source })?;
        for (index, fault) in script.faults.iter().enumerate() {
            fault.check().map_err(|(field, why)| ScriptError::Value { index, field, why })?;
        }
        Ok(script)
    }
}

impl Fault {
    fn check(&self) -> Result<(), (&'static str, String)> {
        let when = &self.when;
        let known = |test: &dyn Fn(&Operation) -> bool| facts().operations().iter().any(test);
        if let Some(unknown) = when.operations.iter().find(|name| !known(&|op| op.name == **name)) {
            return Err(("when.operations", format!("there is no operation {unknown:?}")));
        }
        if let Some(service) = &when.service
            && !known(&|op| op.service == *service)
        {
            return Err(("when.service", format!("there is no service {service:?}")));
        }
        if when.probability.is_some_and(|chance| !(0.0..=1.0).contains(&chance)) {
            return Err(("when.probability", "it is not between 0 and 1".to_owned()));
        }
        match &self.effect {
            Effect::Respond { status, .. } if !(400..=599).contains(status) => {
                Err(("do.respond.status", format!("{status} is not between 400 and 599")))
            }
            Effect::HideNew { seconds } if *seconds > 60 => {
                Err(("do.hideNew.seconds", format!("{seconds} is more than 60")))
            }
            Effect::Delay { seconds } if !(0.0..=3600.0).contains(seconds) => {
                Err(("do.delay.seconds", format!("{seconds} is not between 0 and 3600")))
            }
            _ => Ok(()),
        }
    }
}

impl When {
    pub(super) fn concerns(&self, operation: &Operation, request: &WireRequest, age: Duration) -> bool {
        self.service.as_ref().is_none_or(|service| operation.service == *service)
            && (self.operations.is_empty() || self.operations.contains(&operation.name))
            && self.method.as_ref().is_none_or(|method| request.method.as_str().eq_ignore_ascii_case(method))
            && self.path.as_ref().is_none_or(|path| request.path().starts_with(path.as_str()))
            && self.from_secs.is_none_or(|from| age >= Duration::from_secs(from))
            && self.until_secs.is_none_or(|until| age < Duration::from_secs(until))
    }
}
