//! What an answer, or a state, means for the operation that is under way.

use std::sync::Arc;
use std::time::Duration;

use oci_client::classify::{Class, Effect as CallEffect};
use oci_client::error::{Error, Hint};
use oci_client::wait::{GetWorkRequest, WaitError, WorkRequestService, WorkRequestStatus};
use reconcile::provider::{Effect, Failure, Object, PollRequest, Reply, Running};
use reconcile::record::{Operation, Pending};
use reconcile::value::ValueMap;
use serde_json::{Value as Json, json};

use super::Driver;
use crate::call::{Answer, WorkRequestId};
use crate::lifecycle::{Lifecycle, Stage, VISIBLE_WITHIN};
use crate::module::{Change, ResourceModule, Seen};
use crate::tags::StackTags;
use crate::wire;

/// How to go on waiting, as it is kept in the state.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Waiting {
    /// The object.
    pub(super) id: String,
    /// What goes on in the background.
    pub(super) work_request: Option<WorkRequestId>,
    /// When it began, in seconds of Unix time: a new object may not be visible at once.
    pub(super) since: i64,
    /// What is to be said once a new object has settled, because its creation could not say it.
    pub(super) rest: Option<Rest>,
}

/// An update that follows a creation, as part of it. Its token is in the journal before it is sent, so that a program that was killed
/// in between sends the same again.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Rest {
    /// The retry token.
    pub(super) token: String,
    /// It has been carried out, and is not asked for again.
    pub(super) is_said: bool,
}

impl Rest {
    /// That of a creation, if some of what is asked for has to be said afterwards.
    pub(super) fn of(module: &dyn ResourceModule, asked: &ValueMap, retry_token: &str) -> Option<Self> {
        let is_asked = |name: &&str| asked.get(name).is_some_and(|wanted| !wanted.is_null());
        let has_rest = module.said_by_updates().iter().any(is_asked);
        has_rest.then(|| Self { token: format!("{retry_token}-rest"), is_said: false })
    }
}

impl Waiting {
    pub(super) fn to_pending(&self) -> Pending {
        let mut json = json!({"id": self.id, "since": self.since});
        if let Some(work_request) = &self.work_request {
            json["work_request"] = json!({"service": word(work_request.service), "id": work_request.id});
        }
        if let Some(rest) = &self.rest {
            json["rest"] = json!({"token": rest.token, "is_said": rest.is_said});
        }
        Pending(json.to_string().into())
    }

    /// What is not ours to read counts as the id of an object and nothing more.
    pub(super) fn from_pending(pending: &Pending) -> Self {
        let json: Json = serde_json::from_str(&pending.0).unwrap_or_default();
        let text = |json: &Json, name: &str| json.get(name).and_then(Json::as_str).map(str::to_owned);
        let Some(id) = text(&json, "id") else {
            return Self { id: pending.0.to_string(), ..Self::default() };
        };
        let work_request = json.get("work_request").and_then(|request| {
            let service = WorkRequestService::of_service(&text(request, "service")?)?;
            Some(WorkRequestId { service, id: text(request, "id")? })
        });
        let rest = json.get("rest").and_then(|rest| {
            let is_said = rest.get("is_said")?.as_bool()?;
            Some(Rest { token: text(rest, "token")?, is_said })
        });
        Self { id, work_request, since: json.get("since").and_then(Json::as_i64).unwrap_or(0), rest }
    }
}

/// The service by its file in `schemas/oci-api`.
fn word(service: WorkRequestService) -> &'static str {
    match service {
        WorkRequestService::Core => "core",
        WorkRequestService::Mysql => "mysql",
        WorkRequestService::NetworkLoadBalancer => "network_load_balancer",
        WorkRequestService::Identity => "identity",
        WorkRequestService::ObjectStorage => "object_storage",
    }
}

/// How a work request ended, or that it has not.
pub(super) enum Background {
    Goes { percent: Option<u8>, words: String },
    Succeeded,
    Failed(String),
}

/// What was asked for and what is known, where a view of an object needs them.
#[derive(Clone, Copy, Default)]
pub(super) struct Context<'a> {
    pub(super) asked: Option<&'a ValueMap>,
    pub(super) known: Option<&'a ValueMap>,
    /// The token of a creation, where it may have something to be said afterwards.
    pub(super) creation: Option<&'a str>,
}

impl Driver {
    /// An operation was accepted: what goes on now.
    pub(super) async fn begun(
        &self,
        module: &dyn ResourceModule,
        operation: Operation,
        id: &str,
        answer: Answer,
        context: Context<'_>,
    ) -> Result<Reply, Failure> {
        let waiting = Waiting {
            id: id.to_owned(),
            work_request: answer.work_request.clone(),
            since: self.time.now().timestamp(),
            rest: context
                .asked
                .zip(context.creation)
                .and_then(|(asked, token)| Rest::of(module, asked, token)),
        };
        if waiting.work_request.is_some() || operation == Operation::Delete {
            let words = if operation == Operation::Delete { "the deletion" } else { "the work request" };
            return Ok(running(module.lifecycle(), &waiting, words, None));
        }
        if waiting.rest.is_some() {
            // Its token must be in the journal before it is said.
            return Ok(running(module.lifecycle(), &waiting, "its creation", None));
        }
        let shown = if answer.body.is_object() { module.observe(answer.body) } else { None };
        match shown {
            Some(seen) => self.completed(module, operation, &waiting, seen, context).await,
            None => match self.looked_at(module, operation, &waiting, context).await {
                // It was made, whether it can be looked at now or not: its name must not be lost.
                Err(failure) if operation == Operation::Create => {
                    Ok(running(module.lifecycle(), &waiting, &failure.message, None))
                }
                reply => reply,
            },
        }
    }

    pub(super) async fn polled(&self, request: PollRequest) -> Result<Reply, Failure> {
        let module = self.module(request.address.resource_type())?;
        let reply = self.asked_again(module, &request).await;
        if let Some(id) = &request.identifier {
            self.ended_making(id, &reply);
        }
        reply
    }

    async fn asked_again(
        &self,
        module: &dyn ResourceModule,
        request: &PollRequest,
    ) -> Result<Reply, Failure> {
        let waiting = Waiting::from_pending(&request.pending);
        let context = Context {
            asked: Some(&request.entry.inputs),
            known: Some(&request.entry.attributes),
            creation: None,
        };
        let Some(work_request) = &waiting.work_request else {
            return self.looked_at(module, request.operation, &waiting, context).await;
        };
        match self.background(work_request).await? {
            Background::Goes { percent, words } => Ok(running(module.lifecycle(), &waiting, &words, percent)),
            Background::Succeeded => self.looked_at(module, request.operation, &waiting, context).await,
            Background::Failed(words) => self.after_failure(module, request, &waiting, words, context).await,
        }
    }

    /// How far a work request is. One that the service no longer shows has ended; the object tells how.
    pub(super) async fn background(&self, request: &WorkRequestId) -> Result<Background, Failure> {
        let read = GetWorkRequest { service: request.service, work_request_id: request.id.clone() };
        let seen = match self.client.call(&read).await {
            Ok(response) => response.value,
            Err(Error::MissingOrHidden(_)) => return Ok(Background::Succeeded),
            Err(error) => return Err(failure(&error)),
        };
        match seen.status {
            WorkRequestStatus::Succeeded | WorkRequestStatus::Completed => Ok(Background::Succeeded),
            WorkRequestStatus::Failed | WorkRequestStatus::Canceled => {
                // It has ended, so this only collects what the service says about it.
                let moment = Duration::from_secs(1);
                let ended = self.client.wait_for_work_request(request.service, &request.id, moment, moment);
                Ok(Background::Failed(match ended.await {
                    Err(WaitError::WorkRequest(failed)) => {
                        let words: Vec<String> = failed
                            .errors
                            .iter()
                            .map(|error| format!("{} {}", error.code, error.message))
                            .collect();
                        let operation = &seen.operation_type;
                        format!("the work request {operation} {}: {}", seen.status, words.join("; "))
                    }
                    _ => format!("the work request {} is {}", seen.operation_type, seen.status),
                }))
            }
            ref going => {
                // Percentages are floats of 0 to 100.
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 100")]
                let percent = Some(seen.percent_complete.clamp(0.0, 100.0) as u8);
                Ok(Background::Goes { percent, words: format!("work request `{going}`") })
            }
        }
    }

    /// A work request failed: what is there, with the service's reason.
    async fn after_failure(
        &self,
        module: &dyn ResourceModule,
        request: &PollRequest,
        waiting: &Waiting,
        words: String,
        context: Context<'_>,
    ) -> Result<Reply, Failure> {
        let seen = self.look(module, &waiting.id).await.map_err(|error| failure(&error))?;
        match (seen, request.operation) {
            (None, Operation::Create) => {
                Ok(Reply::CameToNothing(self.came_to_nothing(&request.address, words)))
            }
            (None, Operation::Update | Operation::Delete) => Ok(Reply::Gone),
            (Some(seen), Operation::Create) if waiting.rest.as_ref().is_some_and(|rest| rest.is_said) => {
                // It was made, and only what was said afterwards did not come true. The engine sees that by itself.
                Ok(self.reply(module, Operation::Create, waiting, seen, context))
            }
            (Some(seen), Operation::Create) => {
                let mut object = object(module.lifecycle(), seen, context);
                object.pending = None;
                object.broken = Some(words);
                Ok(Reply::Settled(object))
            }
            (Some(_), Operation::Update | Operation::Delete) => {
                Ok(Reply::CameToNothing(Failure::refused(words)))
            }
        }
    }

    /// Looks at an object that an operation is under way on.
    async fn looked_at(
        &self,
        module: &dyn ResourceModule,
        operation: Operation,
        waiting: &Waiting,
        context: Context<'_>,
    ) -> Result<Reply, Failure> {
        match self.look_with_state(module, &waiting.id).await {
            Ok(Some(seen)) => self.completed(module, operation, waiting, seen, context).await,
            Ok(None) if operation == Operation::Create && self.may_be_hidden_yet(waiting) => {
                Ok(running(module.lifecycle(), waiting, "its becoming visible", None))
            }
            Ok(None) => Ok(Reply::Gone),
            Err(error) => Err(failure(&error)),
        }
    }

    /// What an object's state means; a new one that has settled is told what its creation could not say.
    async fn completed(
        &self,
        module: &dyn ResourceModule,
        operation: Operation,
        waiting: &Waiting,
        seen: Seen,
        context: Context<'_>,
    ) -> Result<Reply, Failure> {
        let is_new =
            operation == Operation::Create && module.lifecycle().stage(&seen.state) == Stage::Settled;
        let rest = waiting.rest.as_ref().filter(|rest| is_new && !rest.is_said);
        if let (Some(asked), Some(rest)) = (context.asked, rest)
            && let Some(work_request) = self.said_the_rest(module, &seen, asked, &rest.token).await?
        {
            let rest = Some(Rest { is_said: true, ..rest.clone() });
            let waiting = Waiting { id: seen.id, work_request, since: waiting.since, rest };
            return Ok(running(module.lifecycle(), &waiting, "what its creation could not say", None));
        }
        Ok(self.reply(module, operation, waiting, seen, context))
    }

    /// Tells a new object what its creation could not say, and answers with the work request of that, if there is one; `None` when
    /// nothing was left to say, or when the service refuses to hear it: then the object is there all the same, and the next plan finds
    /// the difference.
    ///
    /// # Errors
    /// When it may still come true: the engine asks again, and what is sent then is the same.
    async fn said_the_rest(
        &self,
        module: &dyn ResourceModule,
        seen: &Seen,
        asked: &ValueMap,
        token: &str,
    ) -> Result<Option<Option<WorkRequestId>>, Failure> {
        let is_unsaid = |name: &&&str| {
            let wanted = asked.get(name).filter(|wanted| !wanted.is_null());
            wanted.is_some_and(|wanted| seen.attributes.get(name) != Some(wanted))
        };
        let unsaid: Vec<Arc<str>> =
            module.said_by_updates().iter().filter(is_unsaid).map(|name| Arc::from(*name)).collect();
        if unsaid.is_empty() {
            return Ok(None);
        }
        let change = Change { current: seen, inputs: asked, attributes: &unsaid };
        // Of a model that the inputs do not fit the creation would have told.
        let calls = module.update(&seen.id, &change, &StackTags::carried(&seen.body)).unwrap_or_default();
        match self.in_turn(module, &seen.id, &calls, token, asked).await {
            Ok(answer) => Ok(Some(answer.unwrap_or_default().work_request)),
            Err(stop) => {
                let mut failure = stop.into_failure();
                let is_refused = failure.effect == Effect::None && failure.again_after.is_none();
                if self.stop.is_asked() && !is_refused {
                    // Who leaves does not wait for it: it stays open, and the next run says it.
                    failure.again_after = Some(STOPPED_AGAIN_AFTER);
                }
                if is_refused { Ok(None) } else { Err(failure) }
            }
        }
    }

    fn may_be_hidden_yet(&self, waiting: &Waiting) -> bool {
        let age = self.time.now().timestamp().saturating_sub(waiting.since);
        u64::try_from(age).is_ok_and(|age| age < VISIBLE_WITHIN.as_secs())
    }

    /// What an object's state means for the operation that is under way on it.
    fn reply(
        &self,
        module: &dyn ResourceModule,
        operation: Operation,
        waiting: &Waiting,
        seen: Seen,
        context: Context<'_>,
    ) -> Reply {
        let lifecycle = module.lifecycle();
        if operation == Operation::Create {
            self.remember(&seen.id);
        }
        match (lifecycle.stage(&seen.state), operation) {
            (Stage::Gone, _) => Reply::Gone,
            (Stage::Through, _) | (Stage::Settled, Operation::Delete) => {
                let words = format!("`{}`", seen.state);
                running(lifecycle, &Waiting { id: seen.id, ..waiting.clone() }, &words, None)
            }
            (Stage::Settled, Operation::Create | Operation::Update) | (Stage::Failed, _) => {
                Reply::Settled(object(lifecycle, seen, context))
            }
        }
    }
}

pub(super) fn running(lifecycle: &Lifecycle, waiting: &Waiting, words: &str, percent: Option<u8>) -> Reply {
    Reply::Running(Running {
        identifier: Some(waiting.id.as_str().into()),
        pending: Some(waiting.to_pending()),
        again_after: lifecycle.again_after(),
        percent,
        waiting_on: Some(words.to_owned()),
    })
}

/// An object for the engine: with what the user gave raw, and with what this view of it leaves out taken from what is
/// known.
pub(super) fn object(lifecycle: &Lifecycle, seen: Seen, context: Context<'_>) -> Object {
    let stage = lifecycle.stage(&seen.state);
    let mut attributes = seen.attributes;
    if let Some(raw) = context.asked.and_then(|asked| wire::shown_raw(&seen.body, asked)) {
        attributes.insert(wire::RAW, raw);
    }
    for name in seen.leaves_out {
        if attributes.get(name).is_none()
            && let Some(value) = context.known.and_then(|known| known.get(name))
        {
            attributes.insert(*name, value.clone());
        }
    }
    let mut object = Object::new(seen.id.as_str(), attributes);
    match stage {
        Stage::Through => {
            let waiting = Waiting { id: seen.id, ..Waiting::default() };
            object.pending = Some(waiting.to_pending());
        }
        Stage::Failed | Stage::Gone => {
            let details = seen.details.map(|details| format!(": {details}")).unwrap_or_default();
            object.broken = Some(format!("it is `{}`{details}", seen.state));
        }
        Stage::Settled => {}
    }
    object
}

/// An error of the client in the engine's words.
pub(super) fn failure(error: &Error) -> Failure {
    // What is in the way may go by itself: the address of a service that lingers in a subnet, a change under way. What was not
    // sent (again) because the run stops is for the next one.
    let again = matches!(error.class(), Some(Class::Busy)) || error.was_stopped();
    let again = again.then_some(BUSY_AGAIN_AFTER);
    Failure {
        effect: match error.effect() {
            CallEffect::None => Effect::None,
            CallEffect::Unknown => Effect::Unknown,
        },
        again_after: again,
        message: explain(error),
        hint: error.hint(),
        is_for_want_of_room: matches!(error, Error::NoCapacity(_)),
    }
}

/// How soon the engine looks again at what a run that stops does not say any more. It does so a few times, and leaves it open.
const STOPPED_AGAIN_AFTER: Duration = Duration::from_millis(500);

/// The client has repeated the call already; another round is worth it after a longer pause only.
pub(super) const BUSY_AGAIN_AFTER: Duration = Duration::from_secs(15);

/// An error and all that lies beneath it, in one line, with the id that Oracle's support asks for.
fn explain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    match error.request_id() {
        Some(id) => format!("{text} (request {id})"),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_to_wait_survives_the_state_and_older_states_are_read() {
        let work_request = WorkRequestId { service: WorkRequestService::Mysql, id: "ocid1.wr".to_owned() };
        let rest = Rest { token: "t-rest".to_owned(), is_said: true };
        for (work_request, rest) in [(None, None), (Some(work_request), Some(rest))] {
            let waiting = Waiting { id: "a \"b\"".to_owned(), work_request, since: 17, rest };
            assert_eq!(Waiting::from_pending(&waiting.to_pending()), waiting);
        }
        let old = Waiting::from_pending(&Pending("ocid1.vcn.oc1..a".into()));
        assert_eq!((old.id.as_str(), old.work_request, old.since), ("ocid1.vcn.oc1..a", None, 0));
    }
}
