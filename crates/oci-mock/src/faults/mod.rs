//! What goes wrong on request: a script of faults, each with a condition and an effect.
//!
//! The format is described in `docs/src/mock-faults.md` and by the JSON Schema `schemas/mock-faults.json`.
//! Chance follows from the script's seed and how often a fault was asked, so that the same script and the
//! same requests fail in the same way.

mod script;

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde_json::json;
use sha2::{Digest, Sha256};

use crate::clock::Time;
use crate::cloud::{Cloud, Event, Resource};
use crate::error::ApiError;
use crate::facts::Operation;
use crate::services::Reply;
use crate::wire::{Cut, WireRequest};

pub use script::{Effect, Fault, Script, ScriptError, When};

/// The faults in force.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    active: Mutex<Active>,
}

#[derive(Debug, Default)]
struct Active {
    seed: u64,
    since: Time,
    faults: Vec<Counted>,
}

#[derive(Debug)]
struct Counted {
    fault: Fault,
    asked: u64,
    fired: u64,
}

/// The effects that hit one request.
#[derive(Debug, Default)]
pub(crate) struct Fired {
    effects: Vec<Effect>,
}

impl Faults {
    /// Adds a script's faults to those in force.
    pub(crate) fn add(&self, script: Script, now: Time) {
        let mut active = self.lock();
        active.seed = script.seed;
        active.since = now;
        active.faults.extend(script.faults.into_iter().map(|fault| Counted { fault, asked: 0, fired: 0 }));
    }

    pub(crate) fn clear(&self) {
        self.lock().faults.clear();
    }

    /// How often each fault was asked and fired.
    pub(crate) fn summary(&self) -> serde_json::Value {
        let active = self.lock();
        let lines = active.faults.iter().map(
            |counted| json!({"name": counted.fault.name, "asked": counted.asked, "fired": counted.fired}),
        );
        lines.collect()
    }

    pub(crate) fn draw(&self, operation: &Operation, request: &WireRequest, now: Time) -> Fired {
        let mut active = self.lock();
        let (seed, age) = (active.seed, now.since(active.since));
        let mut effects = Vec::new();
        for (index, counted) in active.faults.iter_mut().enumerate() {
            let when = &counted.fault.when;
            if !when.concerns(operation, request, age) {
                continue;
            }
            counted.asked += 1;
            let exhausted = when.times.is_some_and(|times| counted.fired >= times);
            if counted.asked <= when.skip
                || exhausted
                || !chance(seed, index, counted.asked, when.probability)
            {
                continue;
            }
            counted.fired += 1;
            effects.push(counted.fault.effect.clone());
        }
        Fired { effects }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Active> {
        self.active.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn chance(seed: u64, index: usize, asked: u64, probability: Option<f64>) -> bool {
    let Some(probability) = probability else { return true };
    let digest = Sha256::digest(format!("{seed}/{index}/{asked}"));
    let bytes = [digest[0], digest[1], digest[2], digest[3]];
    f64::from(u32::from_be_bytes(bytes)) / f64::from(u32::MAX) < probability
}

impl Fired {
    pub(crate) fn is_empty(&self) -> bool {
        self.effects.is_empty()
    }

    /// How far the clock that signatures are compared with is off, in seconds.
    pub(crate) fn skew_secs(&self) -> i64 {
        self.effects
            .iter()
            .map(|effect| if let Effect::SkewClock { seconds } = effect { *seconds } else { 0 })
            .sum()
    }

    pub(crate) fn expires_tokens(&self) -> bool {
        self.effects.iter().any(|effect| matches!(effect, Effect::ExpireTokens {}))
    }

    /// How much later than usual the answer leaves.
    pub(crate) fn delay(&self) -> Duration {
        let seconds = self.effects.iter().map(|effect| match effect {
            Effect::Delay { seconds } => *seconds,
            _ => 0.0,
        });
        Duration::try_from_secs_f64(seconds.sum()).unwrap_or_default()
    }

    /// A refusal instead of the work.
    pub(crate) fn refusal(&self) -> Option<ApiError> {
        self.effects.iter().find_map(|effect| match effect {
            Effect::Respond { status, code, message, retry_after_secs } => {
                let mut error = ApiError::new(*status, code.clone(), message.clone());
                error.retry_after_secs = *retry_after_secs;
                Some(error)
            }
            Effect::Throttle { retry_after_secs } => {
                let mut error = ApiError::new(429, "TooManyRequests", "Too many requests for the user");
                error.retry_after_secs = *retry_after_secs;
                Some(error)
            }
            Effect::OutOfHostCapacity { later: false, .. } => Some(ApiError::out_of_host_capacity()),
            Effect::LimitExceeded { limit } => Some(ApiError::limit_exceeded(format!(
                "The following service limits were exceeded: {limit}."
            ))),
            _ => None,
        })
    }

    /// How the reply is mutilated. `Effect::CloseBefore` is asked for before the work.
    pub(crate) fn cut(&self) -> Cut {
        let cuts = self.effects.iter().find_map(|effect| match effect {
            Effect::LoseReply {} => Some(Cut::Closed),
            Effect::CutReply { at_bytes } => Some(Cut::After(*at_bytes)),
            _ => None,
        });
        cuts.unwrap_or(Cut::Whole)
    }

    pub(crate) fn closes_before(&self) -> bool {
        self.effects.iter().any(|effect| matches!(effect, Effect::CloseBefore {}))
    }

    /// What happens to the cloud before the operation is carried out.
    pub(crate) fn before(&self, cloud: &mut Cloud, path: &[String]) {
        for effect in &self.effects {
            if let Effect::FlipToUpdating { seconds } = effect
                && let Some(id) = path.first()
                && cloud.get(id).is_some_and(|resource| resource.state() == Some("ACTIVE"))
            {
                cloud.set_state(id, "UPDATING");
                cloud.after(Duration::from_secs(*seconds), Event::state(id, "UPDATING", "ACTIVE"));
            }
        }
    }

    /// What happens to the cloud after the operation was carried out well.
    pub(crate) fn after(&self, cloud: &mut Cloud, reply: &Reply) {
        let work_request =
            reply.headers.iter().find(|(name, _)| *name == "opc-work-request-id").map(|(_, id)| id);
        for effect in &self.effects {
            match effect {
                Effect::HideNew { seconds } => {
                    if let Some(id) = &reply.subject {
                        cloud.hide(id, Duration::from_secs(*seconds));
                    }
                }
                Effect::FailWorkRequest { code, message, after_secs } => {
                    fail_later(cloud, reply, work_request, code, message, *after_secs);
                }
                Effect::OutOfHostCapacity { later: true, after_secs } => {
                    fail_later(
                        cloud,
                        reply,
                        work_request,
                        "InternalError",
                        "Out of host capacity.",
                        *after_secs,
                    );
                }
                Effect::EmptyWorkRequest {} => {
                    if let Some(id) = work_request {
                        cloud.update(id, |request| {
                            request.set("resources", json!([]));
                            request.set_hidden("finalActions", json!([]));
                        });
                    }
                }
                _ => {}
            }
        }
    }
}

fn fail_later(
    cloud: &mut Cloud,
    reply: &Reply,
    work_request: Option<&String>,
    code: &str,
    message: &str,
    after_secs: u64,
) {
    let args = json!({
        "workRequest": work_request, "subject": reply.subject.as_deref(), "code": code, "message": message,
    });
    cloud.after(Duration::from_secs(after_secs), Event::named(FAIL, args));
}

/// The event by which an accepted request fails after all.
pub(crate) const FAIL: &str = "faults.fail";

/// Ends a work request with an error, and brings its resource into the state of a failure.
pub(crate) fn fail(cloud: &mut Cloud, args: &serde_json::Value) {
    let error = {
        let text = |name: &str| args[name].as_str().unwrap_or_default().to_owned();
        ApiError::new(500, text("code"), text("message"))
    };
    if let Some(id) = args["workRequest"].as_str() {
        cloud.finish_work_request(id, Err(&[error]));
    }
    let Some(subject) = args["subject"].as_str() else { return };
    // An instance that finds no host ends TERMINATED, with all that was made for it; what the other services
    // could not make is FAILED.
    if crate::ocid::kind(subject) == Some("instance") {
        crate::services::core::instance::fail_launch(cloud, subject);
        return;
    }
    let state = cloud.get(subject).filter(|resource| resource.is_live()).map(failed_state);
    if let Some(state) = state {
        cloud.set_state(subject, state);
    }
}

fn failed_state(resource: &Resource) -> &'static str {
    let model = &crate::facts::facts().models(resource.kind.service)[resource.kind.model];
    let states = model.fields.get("lifecycleState").map_or(&[][..], |field| &field.allowed);
    if states.iter().any(|state| state == "FAILED") { "FAILED" } else { "TERMINATED" }
}
