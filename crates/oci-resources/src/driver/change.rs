//! Making, changing and removing objects.

use oci_client::error::Error;
use reconcile::provider::{CreateRequest, DeleteRequest, Failure, Reply, UpdateRequest};
use reconcile::record::Operation;
use reconcile::value::{Value, ValueMap};

use super::Driver;
use super::placing::is_full;
use super::wait::{BUSY_AGAIN_AFTER, Background, Context, failure, object};
use crate::call::{Answer, Call};
use crate::lifecycle::Stage;
use crate::module::{Change, Obstacle, Part, ResourceModule, Seen};
use crate::tags::{self, StackTags};

/// How often an object is looked at and changed in one update: once, if nobody else changes it in between.
const LOOKS_MAX: usize = 8;

/// A deletion that the service refused.
enum Refused {
    /// Something may be in the way.
    For(Failure),
    /// Nothing is in the way, any more.
    ByNobody(Failure),
}

impl Driver {
    pub(super) async fn created(&self, request: CreateRequest) -> Result<Reply, Failure> {
        let module = self.module(request.address.resource_type())?;
        let tags = StackTags::new(&self.lineage, &request.address, &request.retry_token);
        let token = Some(&*request.retry_token);
        let context = Context { asked: Some(&request.inputs), known: None, creation: token };
        if let (Some(together), Some(id)) = (module.together(), module.key(&request.inputs)) {
            let (inputs, retry_token) = (request.inputs.clone(), request.retry_token.clone());
            let part = Part { operation: Operation::Create, id: id.clone(), inputs, retry_token };
            let answer = self.changed_together(module, together, part).await?;
            self.remember(&id);
            return self.begun(module, Operation::Create, &id, answer, context).await;
        }
        if let (Some(together), Some(id)) = (module.made_with_parts(), module.key(&request.inputs)) {
            let answer = self.made_with_parts(module, together, &id, &request, &tags).await?;
            self.remember(&id);
            let reply = self.begun(module, Operation::Create, &id, answer, context).await;
            self.ended_making(&id, &reply);
            return reply;
        }
        let earlier =
            self.made_by_earlier_run(module, &request.address, &request.inputs, &request.retry_token).await?;
        if let Some(seen) = earlier {
            self.remember(&seen.id);
            return self.begun(module, Operation::Create, &seen.id, Answer::default(), context).await;
        }
        loop {
            let (mut inputs, place) =
                self.place(module, &request.address, &request.inputs, &request.retry_token).await?;
            if let Some(look) = module.before_create(&inputs) {
                let there = self.carry_out(look).await.map_err(|error| failure(&error))?;
                inputs.insert("id", Value::string(there.id));
            }
            let call = module.create(&inputs, &tags)?;
            if !call.spec().takes_retry_token
                && !call.may_be_repeated()
                && let Some(seen) = self.made_before(module, &inputs, &request.retry_token).await?
            {
                return Ok(Reply::Settled(object(module.lifecycle(), seen, context)));
            }
            let token = match place {
                None => request.retry_token.to_string(),
                // Another place is another request, and the same token must mean the same request.
                Some(number) => format!("{}-{number}", request.retry_token),
            };
            let client = self.client_for(&call).await.map_err(|error| failure(&error))?;
            match call.send(&client, &token, self.options(&inputs)).await {
                Ok(answer) => {
                    let id = id_of(module, &inputs, &answer)
                        .ok_or_else(|| Failure::unclear("the service showed nothing of the new object"))?;
                    self.remember(&id);
                    return self.begun(module, Operation::Create, &id, answer, context).await;
                }
                Err(error) if is_full(&error) && place.is_some() => {
                    // When no place is left, the next round says so.
                    self.has_no_room(&request.address, &failure(&error).message);
                }
                Err(error) if self.may_linger(&error) => {
                    let words = failure(&error).message;
                    return Err(Failure::busy(words, BUSY_AGAIN_AFTER));
                }
                Err(error) => return Err(failure(&error)),
            }
        }
    }

    /// Whether an address or name is taken, perhaps still by what this run has deleted: a service lets go of its VNIC some
    /// minutes after the object has gone. A conflict has no code of its own for that, so its words are looked at.
    fn may_linger(&self, error: &Error) -> bool {
        matches!(error, Error::Conflict(_))
            && self.has_removed_any()
            && failure(error).message.contains("already in use")
    }

    /// An operation that takes no retry token may have been carried out before: the object is looked for first.
    async fn made_before(
        &self,
        module: &dyn ResourceModule,
        inputs: &ValueMap,
        token: &str,
    ) -> Result<Option<Seen>, Failure> {
        let seen = if let Some(look) = module.find(inputs) {
            self.carry_out(look).await.map_err(|error| failure(&error))?.into_iter().next()
        } else if let Some(id) = module.key(inputs) {
            self.look(module, &id).await.map_err(|error| failure(&error))?
        } else {
            None
        };
        // One that carries the tag of another request is somebody else's: the service will say that it exists.
        Ok(seen.filter(|seen| seen.tag(tags::TOKEN).is_none_or(|found| found == token)))
    }

    pub(super) async fn updated(&self, request: UpdateRequest) -> Result<Reply, Failure> {
        let module = self.module(request.address.resource_type())?;
        let id = &*request.identifier;
        let known = Some(&request.prior.attributes);
        let context = Context { asked: Some(&request.inputs), known, creation: None };
        if let Some(together) = module.together() {
            let (inputs, retry_token) = (request.inputs.clone(), request.retry_token.clone());
            let part = Part { operation: Operation::Update, id: id.to_owned(), inputs, retry_token };
            let answer = self.changed_together(module, together, part).await?;
            return self.begun(module, Operation::Update, id, answer, context).await;
        }
        for look in 0..LOOKS_MAX {
            let current = self.look(module, id).await.map_err(|error| failure(&error))?;
            let Some(current) = current else { return Ok(Reply::Gone) };
            let change = Change { current: &current, inputs: &request.inputs, attributes: &request.changed };
            let calls = module.update(id, &change, &StackTags::carried(&current.body))?;
            // Another look may make it another request, and the same token must mean the same request.
            let token = match look {
                0 => request.retry_token.to_string(),
                again => format!("{}-look{again}", request.retry_token),
            };
            match self.in_turn(module, id, &calls, &token, &request.inputs).await {
                // Somebody else changed it since we looked, and that must stay.
                Err(Stop::Call(Error::Changed(_))) => {}
                Err(stop) => return Err(stop.into_failure()),
                Ok(answer) => {
                    let answer = answer.unwrap_or_default();
                    return self.begun(module, Operation::Update, id, answer, context).await;
                }
            }
        }
        Err(Failure::busy("others change it again and again", BUSY_AGAIN_AFTER))
    }

    pub(super) async fn deleted(&self, request: DeleteRequest) -> Result<Reply, Failure> {
        let module = self.module(request.address.resource_type())?;
        let id = &*request.identifier;
        // What the service never tells, such as whether to keep a boot volume, is known from what was asked for.
        let mut known = request.entry.inputs.clone();
        for (name, value) in request.entry.attributes.iter() {
            known.insert(name.clone(), value.clone());
        }
        if let Some(together) = module.together() {
            let retry_token = request.retry_token.clone();
            let part = Part { operation: Operation::Delete, id: id.to_owned(), inputs: known, retry_token };
            let answer = self.changed_together(module, together, part).await?;
            self.remember_removed(id);
            let nothing_began = answer.work_request.is_none();
            if nothing_began && self.look(module, id).await.map_err(|error| failure(&error))?.is_none() {
                return Ok(Reply::Gone);
            }
            return self.begun(module, Operation::Delete, id, answer, Context::default()).await;
        }
        // It takes no place in its group any more.
        self.forget_placing(&request.address);
        let calls = module.delete(id, &known);
        let none = ValueMap::new();
        let mut had_its_second_try = false;
        loop {
            match self.in_turn(module, id, &calls, &request.retry_token, &none).await {
                Ok(_) if module.outlives_deletion() => return Ok(Reply::Gone),
                Ok(answer) => {
                    self.remember_removed(id);
                    let answer = answer.unwrap_or_default();
                    return self.begun(module, Operation::Delete, id, answer, Context::default()).await;
                }
                Err(Stop::Call(error @ Error::MissingOrHidden(_)))
                    if self.is_young(id, Some(&request.entry)) =>
                {
                    let words = failure(&error).message;
                    let words = format!("it was made only just now, and may not show yet: {words}");
                    return Err(Failure::busy(words, BUSY_AGAIN_AFTER));
                }
                Err(Stop::Call(Error::MissingOrHidden(_)) | Stop::Gone) => return Ok(Reply::Gone),
                // Nobody looks any more for what is in the way: the next run will.
                Err(Stop::Call(error)) if error.was_stopped() => return Err(failure(&error)),
                Err(Stop::Call(error)) => {
                    // A part that is not in its whole any more is told as bad input, not as missing.
                    let is_gone = matches!(error, Error::Rejected(_))
                        && matches!(self.look(module, id).await, Ok(None));
                    if is_gone {
                        return Ok(Reply::Gone);
                    }
                    match self.refused(module, id, &error).await {
                        // Whoever was in the way left after the refusal and before we looked.
                        Refused::ByNobody(_) if !had_its_second_try => had_its_second_try = true,
                        Refused::ByNobody(refusal) | Refused::For(refusal) => return Err(refusal),
                    }
                }
                Err(stop) => return Err(stop.into_failure()),
            }
        }
    }

    /// Says what holds back a deletion that the service refused. Whatever cannot be found out is left out: the refusal
    /// must not be hidden by a failure to explain it.
    async fn refused(&self, module: &dyn ResourceModule, id: &str, error: &Error) -> Refused {
        let mut refusal = failure(error);
        let is_conflict = matches!(error, Error::Conflict(_)) || refusal.again_after.is_some();
        let Some(look) = module.obstacle(id).filter(|_| is_conflict) else { return Refused::For(refusal) };
        match self.carry_out(look).await {
            Ok(Obstacle::Lingers(words)) => {
                refusal.message = format!("{words}: {}", refusal.message);
                refusal.again_after = Some(BUSY_AGAIN_AFTER);
                Refused::For(refusal)
            }
            Ok(Obstacle::Stays(words)) => {
                refusal.message = format!("{words}: {}", refusal.message);
                refusal.again_after = None;
                Refused::For(refusal)
            }
            Ok(Obstacle::Nothing) => Refused::ByNobody(refusal),
            Err(_) => Refused::For(refusal),
        }
    }

    /// Makes calls one after another, waiting for the object to settle in between: the service takes one change at a
    /// time. Each call is safe to repeat, so that a crash between two of them is mended by starting over. The answer is
    /// that of the last call.
    pub(super) async fn in_turn(
        &self,
        module: &dyn ResourceModule,
        id: &str,
        calls: &[Call],
        retry_token: &str,
        inputs: &ValueMap,
    ) -> Result<Option<Answer>, Stop> {
        let mut last: Option<Answer> = None;
        for (step, call) in calls.iter().enumerate() {
            if let Some(answer) = &last {
                self.settle(module, id, answer).await?;
            }
            let token = format!("{retry_token}-{step}");
            let client = self.client_for(call).await.map_err(Stop::Call)?;
            let sent = call.send(&client, &token, self.options(inputs)).await;
            last = Some(sent.map_err(|error| match last {
                // The calls before it were carried out.
                Some(_) if error.was_stopped() => Stop::Failure(Failure::unclear(failure(&error).message)),
                _ => Stop::Call(error),
            })?);
        }
        Ok(last)
    }

    pub(super) async fn settle(
        &self,
        module: &dyn ResourceModule,
        id: &str,
        answer: &Answer,
    ) -> Result<(), Stop> {
        let lifecycle = module.lifecycle();
        let deadline = self.time.monotonic() + lifecycle.limit;
        let mut background = answer.work_request.as_ref();
        loop {
            let mut words = "the work request".to_owned();
            if let Some(work_request) = background {
                match self.background(work_request).await.map_err(Stop::Failure)? {
                    Background::Goes { .. } => {}
                    Background::Succeeded => background = None,
                    Background::Failed(words) => return Err(Stop::Failure(Failure::refused(words))),
                }
            }
            if background.is_none() {
                let seen = self.look(module, id).await.map_err(Stop::Call)?.ok_or(Stop::Gone)?;
                match lifecycle.stage(&seen.state) {
                    Stage::Settled => return Ok(()),
                    Stage::Through => words = format!("`{}`", seen.state),
                    Stage::Failed | Stage::Gone => {
                        let words = format!("it is `{}` between two changes", seen.state);
                        return Err(Stop::Failure(Failure::unclear(words)));
                    }
                }
            }
            if self.time.monotonic() >= deadline {
                let words = format!("it did not settle between two changes: {words}");
                return Err(Stop::Failure(Failure::unclear(words)));
            }
            self.time.sleep(lifecycle.again_after()).await;
        }
    }
}

/// Why calls in turn did not come to their end.
pub(super) enum Stop {
    Call(Error),
    Failure(Failure),
    Gone,
}

impl Stop {
    pub(super) fn into_failure(self) -> Failure {
        match self {
            Self::Call(error) => failure(&error),
            Self::Failure(failure) => failure,
            Self::Gone => Failure::unclear("it went away while it was being changed"),
        }
    }
}

/// What a new object is called: what the service says, or what the inputs tell beforehand.
fn id_of(module: &dyn ResourceModule, inputs: &ValueMap, answer: &Answer) -> Option<String> {
    module.key(inputs).or_else(|| module.id_of_new(inputs, &answer.body))
}
