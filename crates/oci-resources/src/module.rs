//! What every resource module offers the driver.

use std::fmt;
use std::sync::Arc;

use oci_client::model::{Model, ModelFacts};
use oci_client::operation::Operation;
use reconcile::provider::{Failure, Health, Invalid, Lane, ResourceType};
use reconcile::record;
use reconcile::value::{Value, ValueMap};
use serde_json::Value as Json;

use crate::call::Call;
use crate::lifecycle::Lifecycle;
use crate::look::Look;
use crate::names::Renames;
use crate::rules;
use crate::tags::{self, StackTags};
use crate::wire;

/// One resource type. A module is pure: it says which calls to make and how to read the answers, and never sends
/// anything itself.
pub trait ResourceModule: Send + Sync + fmt::Debug {
    /// Name, schema and durations, for the engine. Called once for each driver.
    fn resource_type(&self) -> ResourceType;

    /// Its states.
    fn lifecycle(&self) -> &'static Lifecycle;

    /// Where its attributes stand in Oracle's API; for the wire and for the documentation.
    fn api(&self) -> Api;

    /// What the schema cannot say about inputs; all problems at once. Unknown values are taken for right. Tags and locks are
    /// looked at in [`problems`], for all types alike.
    fn validate(&self, _inputs: &ValueMap) -> Vec<Invalid> {
        Vec::new()
    }

    /// Whether two values mean the same although they are spelled differently. `attribute` is the path inside the resource
    /// without indices (`ingress_security_rules.protocol`); asked for the innermost values that differ, then for those
    /// around them. Tags, and words of enums in another case, are the driver's business.
    fn equivalent(&self, _attribute: &str, _desired: &Value, _observed: &Value) -> bool {
        false
    }

    /// What the service serialises: changes with the same lane never run side by side. See `Provider::lane`.
    fn lane(&self, _id: Option<&str>, _inputs: &ValueMap) -> Option<Lane> {
        None
    }

    /// The identifier, where the inputs tell it before the object exists: of what has no OCID, or is there already.
    fn key(&self, _inputs: &ValueMap) -> Option<String> {
        None
    }

    /// Looks for an object that is there already and only wants to be changed: its id is given to [`ResourceModule::create`]
    /// as the input `id`. `None` for what is really made.
    fn before_create(&self, _inputs: &ValueMap) -> Option<Look<Seen>> {
        None
    }

    /// What a new object is called, by the answer to its creation.
    fn id_of_new(&self, _inputs: &ValueMap, body: &Json) -> Option<String> {
        body.get("id").and_then(Json::as_str).map(str::to_owned)
    }

    /// The places in which the object may be made, in the order in which they are to be tried. `None`: there is no choice.
    fn places(&self, _inputs: &ValueMap) -> Option<Look<Vec<Place>>> {
        None
    }

    /// Makes an object with the tags of the stack on it.
    ///
    /// # Errors
    /// When the inputs do not fit the model, which validation excludes.
    fn create(&self, inputs: &ValueMap, tags: &StackTags) -> Result<Call, Failure>;

    /// The object, where the answer to a change shows all of it: otherwise it is read once more.
    fn observe(&self, _body: Json) -> Option<Seen> {
        None
    }

    /// Shows one object; it fails as the service does where there is none.
    fn read(&self, id: &str) -> Look<Seen>;

    /// In which list an object with these attributes is found.
    fn scope(&self, attributes: &ValueMap) -> Scope {
        Scope {
            compartment_id: attributes.get("compartment_id").and_then(Value::as_str).map(str::to_owned),
            ..Scope::default()
        }
    }

    /// The type of what its objects are part of ([`Scope::parent`]), where that is one of ours.
    fn parent_type(&self, _parent: &str) -> Option<&'static str> {
        None
    }

    /// Whether its objects lie in the tenancy itself, never in a compartment of it.
    fn lies_in_tenancy(&self) -> bool {
        false
    }

    /// Shows all objects of a scope. `None`: no list answers enough, so each is read by itself. What a list leaves
    /// out is taken from the state ([`Seen::leaves_out`]).
    fn list(&self, scope: &Scope) -> Option<Look<Vec<Seen>>>;

    /// Looks for the object that a lost create may have made, where it carries no tag to find it by.
    fn find(&self, _inputs: &ValueMap) -> Option<Look<Vec<Seen>>> {
        None
    }

    /// Changes an object: calls in order, each of them safe to repeat, and sending only what changed. Between two calls the
    /// driver waits until the object has settled.
    ///
    /// # Errors
    /// If the service offers no way from what is there to what is wanted.
    fn update(&self, id: &str, change: &Change<'_>, tags: &StackTags) -> Result<Vec<Call>, Failure>;

    /// Attributes that a creation cannot say, although they may be wanted of a new object: the driver updates them once it has
    /// settled, once, with a token that is in the journal by then. The service must tell each of them.
    fn said_by_updates(&self) -> &'static [&'static str] {
        &[]
    }

    /// Removes an object: calls in order, as in [`ResourceModule::update`]; the last one is the deletion. `attributes` are those
    /// that were asked for or told.
    fn delete(&self, id: &str, attributes: &ValueMap) -> Vec<Call>;

    /// Whether the object is there after its deletion, because it belongs to something else (a VCN's default route table):
    /// then the deletion is over when it was answered.
    fn outlives_deletion(&self) -> bool {
        false
    }

    /// How several objects are changed in one request, if they can be.
    fn together(&self) -> Option<&'static dyn Together> {
        None
    }

    /// How parts are made in the request that makes their whole, which is an object of this type. Its creation must take a retry
    /// token, and the lane of the parts must say that they join.
    fn made_with_parts(&self) -> Option<&'static dyn Together> {
        None
    }

    /// How an object feels; asked of types that say [`ResourceType::has_health`].
    fn health(&self, _id: &str) -> Look<Health> {
        Look::Done(Health::Healthy)
    }

    /// Why something is in the way of a deletion, found out when the service refuses it: who holds a subnet, say.
    fn obstacle(&self, _id: &str) -> Option<Look<Obstacle>> {
        None
    }
}

/// What is wrong with inputs beyond what the schema says: with tags and locks, and what the module knows.
#[must_use]
pub fn problems(module: &dyn ResourceModule, inputs: &ValueMap) -> Vec<Invalid> {
    let mut problems = module.validate(inputs);
    let mut check = rules::Check::of(inputs, &mut problems);
    rules::tags::check(&mut check, StackTags::count(inputs));
    check.each("locks", |lock| lock.text("time_created", rules::moment));
    problems
}

/// Changes several parts of one whole in one request.
pub trait Together: Send + Sync + fmt::Debug {
    /// The id of the whole that a part belongs to.
    fn whole(&self, id: &str) -> String;

    /// Shows the whole.
    fn read(&self, whole: &str) -> Look<Whole>;

    /// The next of the requests that make all changes; none if all is as it should be. It must be refused by the service when
    /// the whole has changed since it was looked at: others may change it too, in this program or elsewhere.
    ///
    /// # Errors
    /// When the inputs do not fit the model, which validation excludes.
    fn next(&self, whole: &str, current: &Whole, parts: &[Part]) -> Result<Option<Turn>, Failure>;

    /// The request that makes a whole, of which `inputs` are wanted, with these parts in it.
    ///
    /// # Errors
    /// When the inputs do not fit the model, which validation excludes.
    fn creation(&self, inputs: &ValueMap, parts: &[Part]) -> Result<Call, Failure>;
}

/// A whole as it was when somebody looked.
#[derive(Clone, Debug, Default)]
pub struct Whole {
    /// What the service showed.
    pub body: Json,
    /// Which version of it that was.
    pub etag: Option<String>,
}

/// One part and what shall become of it.
#[derive(Clone, Debug)]
pub struct Part {
    /// What is done.
    pub operation: record::Operation,
    /// Its id.
    pub id: String,
    /// What is wanted of it; of one that goes, what was asked for.
    pub inputs: ValueMap,
    /// The token of what is done to it.
    pub retry_token: Arc<str>,
}

/// One of several requests.
#[derive(Clone, Debug)]
pub struct Turn {
    /// The request.
    pub call: Call,
    /// How long to wait after it has been carried out, before the next one. The last one needs no pause.
    pub pause: Option<std::time::Duration>,
}

/// The name of the lane of whatever `attribute` names: its OCID, or where that will come from.
#[must_use]
pub fn lane_of(inputs: &ValueMap, attribute: &str) -> Option<Lane> {
    match inputs.get(attribute)? {
        Value::Unknown(origin) => Some(Lane::new(origin.address.as_str())),
        known => known.as_str().map(Lane::new),
    }
}

/// A place in which an object may be made.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Place {
    /// For people: `AD-1, FAULT-DOMAIN-2, VM.Standard.A1.Flex`.
    pub name: String,
    /// Where it stands in the user's order, from 0. It tells this place from the others in retry tokens.
    pub number: usize,
    /// The inputs that mean this place, in place of those that were given.
    pub inputs: ValueMap,
    /// The lower the better. Among equals the one with the fewest siblings is tried first, then the order of the list.
    pub rank: u32,
    /// How many members of the group are there already.
    pub siblings: u32,
    /// The group whose members are kept apart.
    pub group: Option<String>,
    /// The availability domain.
    pub domain: String,
    /// The fault domain, if it is chosen.
    pub fault: Option<String>,
    /// The shape.
    pub shape: String,
}

/// Something that is in the way of a deletion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// It will go by itself: the address of a service whose owner is gone already.
    Lingers(String),
    /// Somebody else's; waiting does not help.
    Stays(String),
    /// Nothing was found.
    Nothing,
}

/// Where the attributes of a type stand in Oracle's API.
#[derive(Clone, Copy, Debug)]
pub struct Api {
    /// The service, as its file in `schemas/oci-api` is called.
    pub service: &'static str,
    /// The model of a creation.
    pub create: Option<&'static ModelFacts>,
    /// The model of an update in place.
    pub update: Option<&'static ModelFacts>,
    /// Terraform's names that are not Oracle's spelled otherwise.
    pub renames: Renames,
    /// Fields of those models, by Oracle's names, that we leave to the escape hatch, and why; for the documentation.
    pub left_out: &'static [(&'static str, &'static str)],
    /// Attributes that go another way than through a field of their name, and which; for the documentation.
    pub elsewhere: &'static [(&'static str, &'static str)],
}

/// Objects that one list shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Scope {
    /// The compartment; `None` where the attributes do not tell: then every compartment of the driver is looked through.
    pub compartment_id: Option<String>,
    /// The availability domain, for services that list one at a time.
    pub availability_domain: Option<String>,
    /// What the objects are part of.
    pub parent: Option<String>,
}

/// An object as its service shows it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Seen {
    /// Its identifier.
    pub id: String,
    /// Its `lifecycleState`; empty where the service has none, which counts as settled.
    pub state: String,
    /// What the service says about its state, where it says so.
    pub details: Option<String>,
    /// The object, under Oracle's names.
    pub body: Json,
    /// Its attributes, under Terraform's.
    pub attributes: ValueMap,
    /// Attributes that this view of it does not show: a list may tell less than a `get`.
    pub leaves_out: &'static [&'static str],
    /// Which version of it this is; known only of what must not be changed unseen.
    pub etag: Option<String>,
}

impl Seen {
    /// An object with an OCID and a lifecycle, whose attributes are its fields.
    #[must_use]
    pub fn new(schema: &reconcile::schema::Schema, body: Json, renames: Renames) -> Self {
        let text = |name: &str| body.get(name).and_then(Json::as_str).map(str::to_owned);
        Self {
            id: text("id").unwrap_or_default(),
            state: text("lifecycleState").unwrap_or_default(),
            details: text("lifecycleDetails"),
            attributes: wire::observe(schema, &body, renames),
            leaves_out: &[],
            etag: None,
            body,
        }
    }

    /// A tag of the object.
    #[must_use]
    pub fn tag(&self, name: &str) -> Option<String> {
        tags::freeform(&self.body).remove(name)
    }
}

/// A change from one set of inputs to another.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    /// What is there now.
    pub current: &'a Seen,
    /// What is wanted, complete and in clear.
    pub inputs: &'a ValueMap,
    /// The attributes that differ; names of the top level.
    pub attributes: &'a [Arc<str>],
}

impl Change<'_> {
    /// The call that changes the object, in one request, if anything but `except` differs.
    ///
    /// # Errors
    /// When the inputs do not fit the model, which validation excludes.
    pub(crate) fn update<M: Model + Default, O: Operation + Clone + 'static>(
        &self,
        tags: &StackTags,
        except: &[&str],
        renames: Renames,
        operation: impl FnOnce(M) -> O,
    ) -> Result<Vec<Call>, Failure> {
        let details = wire::update(self, tags, except, renames)?;
        let call = |details| Call::with_raw(operation(details), wire::changed_raw(self));
        Ok(details.map(call).into_iter().collect())
    }

    /// The calls that move the object to another compartment, if that differs, and then change the rest.
    ///
    /// # Errors
    /// As [`Change::update`].
    pub(crate) fn move_and_update<M, Moving, U, Updating>(
        &self,
        tags: &StackTags,
        renames: Renames,
        moving: impl FnOnce(M) -> Moving,
        updating: impl FnOnce(U) -> Updating,
    ) -> Result<Vec<Call>, Failure>
    where
        M: Model + Default,
        Moving: Operation + Clone + 'static,
        U: Model + Default,
        Updating: Operation + Clone + 'static,
    {
        let mut calls = Vec::new();
        if self.has("compartment_id") {
            calls.push(Call::new(moving(wire::details(self.inputs, renames)?)));
        }
        calls.extend(self.update(tags, &["compartment_id"], renames, updating)?);
        Ok(calls)
    }

    /// Whether `attribute` differs.
    #[must_use]
    pub fn has(&self, attribute: &str) -> bool {
        self.attributes.iter().any(|changed| &**changed == attribute)
    }

    /// Whether any of them differs.
    #[must_use]
    pub fn has_any(&self, attributes: &[&str]) -> bool {
        attributes.iter().any(|attribute| self.has(attribute))
    }

    /// The inputs that differ, those of `except` left out. What is no longer wanted is not among them: see
    /// [`Change::removed`].
    #[must_use]
    pub fn changed(&self, except: &[&str]) -> ValueMap {
        let differs = |name: &str| self.has(name) && !except.contains(&name);
        let inputs = self.inputs.iter().filter(|(name, value)| differs(name) && !value.is_null());
        inputs.map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    /// The attributes that were wanted and are no longer.
    pub fn removed(&self) -> impl Iterator<Item = &str> {
        let is_set = |name: &str| self.inputs.get(name).is_some_and(|value| !value.is_null());
        self.attributes.iter().map(|name| &**name).filter(move |name| !is_set(name))
    }
}
