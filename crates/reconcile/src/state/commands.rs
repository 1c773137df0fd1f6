//! What a person does to a state by hand: look, move, remove, import, recover.
//!
//! Every change is a record in the journal like any other, and a copy of the state is kept before one that takes
//! something away. Nothing here changes the world. A command that cannot be carried out whole changes nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::State;
use crate::Address;
use crate::graph::suggest;
use crate::journal::{Journal, Ledger, LedgerError};
use crate::provider::{Failure, Listed, Object, Provider, ReadAnswer, ReadRequest, ResourceType};
use crate::record::{Identifier, IntentId, Record, Slot, StateEntry, Status};
use crate::secret::DigestKey;
use crate::value::{Value, ValueMap};

/// Why a command changed nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommandError {
    /// There is nothing at that address.
    #[error("the state has nothing at `{address}`{}", did_you_mean(suggestion.as_ref()))]
    NotThere {
        /// What was asked for.
        address: Address,
        /// What may have been meant.
        suggestion: Option<Address>,
    },
    /// There is something at that address already.
    #[error("the state has an object at `{address}` already: {}", name_of(identifier.as_deref()))]
    Occupied {
        /// The address.
        address: Address,
        /// What is there.
        identifier: Option<Identifier>,
    },
    /// That object is known at another address.
    #[error("the state has {identifier} already, at `{address}`")]
    Known {
        /// The object.
        identifier: Identifier,
        /// Where it is.
        address: Address,
    },
    /// An operation on it has not ended.
    #[error("operation {} on `{address}` has not ended; apply or refresh first", intent.0)]
    Open {
        /// The address.
        address: Address,
        /// The operation.
        intent: IntentId,
    },
    /// An object of one type cannot be at an address of another.
    #[error("`{from}` and `{to}` are of different types")]
    OtherType {
        /// The old address.
        from: Address,
        /// The new one.
        to: Address,
    },
    /// The provider does not know the type.
    #[error("the provider has no resource type `{resource_type}`")]
    NoSuchType {
        /// The type.
        resource_type: String,
    },
    /// There is no such object in the world.
    #[error("there is no {resource_type} with the identifier {identifier}")]
    Gone {
        /// The type that was asked for.
        resource_type: String,
        /// The object that was asked for.
        identifier: Identifier,
    },
    /// The service does not show it: it is not there, or we may not see it.
    #[error("{identifier} is not there, or may not be seen: {message}")]
    Hidden {
        /// The object that was asked for.
        identifier: Identifier,
        /// What the service said.
        message: String,
    },
    /// The provider could not look.
    #[error("could not read {what}")]
    Unreadable {
        /// What was to be read.
        what: String,
        /// What the service said.
        source: Failure,
    },
    /// The journal could not be written.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

fn did_you_mean(suggestion: Option<&Address>) -> String {
    suggestion.map_or_else(String::new, |address| format!("; did you mean `{address}`?"))
}

fn name_of(identifier: Option<&str>) -> &str {
    identifier.unwrap_or("not named yet")
}

/// One object of a state, as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown<'a> {
    /// Its address.
    pub address: &'a Address,
    /// Which of the address's objects it is.
    pub slot: Slot,
    /// What is known of it.
    pub entry: &'a Arc<StateEntry>,
}

/// Everything in a state, by address; the current object of an address before deposed ones.
#[must_use]
pub fn list(state: &State) -> Vec<Shown<'_>> {
    let current = state.entries().map(|(address, entry)| Shown { address, slot: Slot::Current, entry });
    let deposed =
        state.deposed().map(|(address, by, entry)| Shown { address, slot: Slot::Deposed(by), entry });
    let mut all: Vec<_> = current.chain(deposed).collect();
    all.sort_by(|a, b| (a.address, a.slot).cmp(&(b.address, b.slot)));
    all
}

/// What a state has at one address.
///
/// # Errors
/// [`CommandError::NotThere`], with the nearest address that there is.
pub fn show<'a>(state: &'a State, address: &Address) -> Result<Vec<Shown<'a>>, CommandError> {
    let all: Vec<_> = list(state).into_iter().filter(|shown| shown.address == address).collect();
    if all.is_empty() { Err(not_there(state, address)) } else { Ok(all) }
}

/// Moves everything at one address to another, where nothing is. References to it follow.
///
/// Says where a copy of the state before was kept.
///
/// # Errors
/// [`CommandError::NotThere`], [`CommandError::Occupied`], [`CommandError::OtherType`], [`CommandError::Open`]: nothing
/// has changed then. [`CommandError::Ledger`].
pub async fn rename(journal: &mut Journal, from: &Address, to: &Address) -> Result<String, CommandError> {
    let state = journal.state();
    show(state, from)?;
    if from.resource_type() != to.resource_type() || from.is_data() != to.is_data() {
        return Err(CommandError::OtherType { from: from.clone(), to: to.clone() });
    }
    if let Ok(there) = show(state, to) {
        let identifier = there[0].entry.identifier.clone();
        return Err(CommandError::Occupied { address: to.clone(), identifier });
    }
    check_idle(state, from)?;
    check_idle(state, to)?;
    let backup = journal.backup().await?;
    journal.commit(vec![Record::Move { from: from.clone(), to: to.clone() }]).await?;
    Ok(backup)
}

/// Forgets what is at these addresses. The objects stay in the world.
///
/// Says where a copy of the state before was kept.
///
/// # Errors
/// [`CommandError::NotThere`], [`CommandError::Open`], for the first address that cannot be removed: nothing has changed
/// then. [`CommandError::Ledger`].
pub async fn remove(journal: &mut Journal, addresses: &[Address]) -> Result<String, CommandError> {
    let state = journal.state();
    let mut records = BTreeMap::new();
    for address in addresses {
        check_idle(state, address)?;
        for Shown { address, slot, .. } in show(state, address)? {
            let forget = Record::Forget { address: address.clone(), slot, protect: false };
            records.insert((address.clone(), slot), forget);
        }
    }
    let backup = journal.backup().await?;
    journal.commit(records.into_values().collect()).await?;
    Ok(backup)
}

/// Takes an object of the world into the state. The next plan shows how it differs from what is wanted.
///
/// # Errors
/// [`CommandError::Occupied`], [`CommandError::Known`], [`CommandError::NoSuchType`], [`CommandError::Gone`],
/// [`CommandError::Hidden`], [`CommandError::Unreadable`]: nothing has changed then. [`CommandError::Ledger`].
pub async fn import(
    journal: &mut Journal,
    provider: &dyn Provider,
    address: &Address,
    identifier: &Identifier,
) -> Result<(), CommandError> {
    let resource_type = type_of(provider, address)?;
    check_idle(journal.state(), address)?;
    if let Ok(there) = show(journal.state(), address) {
        let identifier = there[0].entry.identifier.clone();
        return Err(CommandError::Occupied { address: address.clone(), identifier });
    }
    let known = list(journal.state()).into_iter().find(|shown| {
        shown.address.resource_type() == address.resource_type()
            && shown.entry.identifier.as_ref() == Some(identifier)
    });
    if let Some(shown) = known {
        return Err(CommandError::Known { identifier: identifier.clone(), address: shown.address.clone() });
    }
    let request = ReadRequest { address: address.clone(), identifier: identifier.clone(), entry: None };
    let object = match provider.read(&resource_type.name, vec![request]).await.pop() {
        Some(ReadAnswer::Found(object)) => object,
        Some(ReadAnswer::Hidden(message)) => {
            return Err(CommandError::Hidden { identifier: identifier.clone(), message });
        }
        Some(ReadAnswer::Failed(source)) => {
            return Err(CommandError::Unreadable { what: identifier.to_string(), source });
        }
        Some(ReadAnswer::Gone) | None => {
            let resource_type = resource_type.name.to_string();
            return Err(CommandError::Gone { resource_type, identifier: identifier.clone() });
        }
    };
    let protect = journal.state().stays_protected(address);
    let mut entry = entry_of(journal.key(), address, resource_type, &object, protect);
    entry.dependencies = dependencies(&object.attributes, address, &names(journal.state()));
    let record = Record::Put { address: address.clone(), slot: Slot::Current, entry: Box::new(entry) };
    journal.commit(vec![record]).await?;
    Ok(())
}

/// What [`recover`] did and did not do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Recovered {
    /// Taken into the state.
    pub added: Vec<(Address, Identifier)>,
    /// In the state already, as they are.
    pub known: usize,
    /// Left out, because the state has another object at this address, or several objects say that they are it.
    pub doubtful: Vec<(Address, Identifier)>,
    /// Where a copy of the state before was kept.
    pub backup: String,
}

/// Rebuilds a state from what the provider lists by the tag of this stack (`tag`, see [`Provider::list`]). What the
/// state has already stays as it is.
///
/// What was known only to the state is lost: secrets, which are set anew by the next apply, and which objects
/// were protected, for which every object that holds data counts as protected.
///
/// # Errors
/// [`CommandError::Unreadable`] when a type cannot be listed: nothing has changed then, since what is not listed could be
/// mistaken for missing. [`CommandError::Ledger`].
pub async fn recover(
    journal: &mut Journal,
    provider: &dyn Provider,
    tag: &str,
) -> Result<Recovered, CommandError> {
    let mut found: BTreeMap<Address, Vec<(&ResourceType, Object)>> = BTreeMap::new();
    for resource_type in provider.resource_types() {
        let listed = provider.list(&resource_type.name, tag).await;
        let listed = listed.map_err(|source| {
            let what = format!("the list of all {}", resource_type.name);
            CommandError::Unreadable { what, source }
        })?;
        for Listed { address, object } in listed {
            found.entry(address).or_default().push((resource_type, object));
        }
    }
    let state = journal.state();
    let mut names = names(state);
    for (address, objects) in &found {
        names.extend(objects.iter().map(|(_, object)| (object.identifier.clone(), address.clone())));
    }
    let mut recovered = Recovered::default();
    let mut records = Vec::new();
    for (address, objects) in &found {
        let known: Vec<_> = list(state).into_iter().filter(|shown| shown.address == address).collect();
        let (known, new): (Vec<_>, Vec<_>) = objects.iter().partition(|(_, object)| {
            known.iter().any(|shown| shown.entry.identifier.as_ref() == Some(&object.identifier))
        });
        recovered.known += known.len();
        match new.as_slice() {
            [] => {}
            [(resource_type, object)] if known.is_empty() && state.is_free(address) => {
                let protect = resource_type.holds_data || state.stays_protected(address);
                let mut entry = entry_of(journal.key(), address, resource_type, object, protect);
                entry.dependencies = dependencies(&object.attributes, address, &names);
                recovered.added.push((address.clone(), object.identifier.clone()));
                let (address, slot) = (address.clone(), Slot::Current);
                records.push(Record::Put { address, slot, entry: Box::new(entry) });
            }
            doubtful => {
                let doubtful = doubtful.iter().map(|(_, object)| object.identifier.clone());
                recovered.doubtful.extend(doubtful.map(|identifier| (address.clone(), identifier)));
            }
        }
    }
    recovered.backup = journal.backup().await?;
    journal.commit(records).await?;
    Ok(recovered)
}

fn not_there(state: &State, address: &Address) -> CommandError {
    let near = suggest(address.as_str(), list(state).into_iter().map(|shown| shown.address.as_str()));
    let suggestion = near.and_then(|near| near.parse().ok());
    CommandError::NotThere { address: address.clone(), suggestion }
}

fn check_idle(state: &State, address: &Address) -> Result<(), CommandError> {
    let open = state.open_intents().find(|(_, open)| open.begin.address == *address);
    open.map_or(Ok(()), |(intent, _)| Err(CommandError::Open { address: address.clone(), intent }))
}

impl State {
    /// Whether nothing is at an address, and nothing is being made there.
    fn is_free(&self, address: &Address) -> bool {
        show(self, address).is_err() && check_idle(self, address).is_ok()
    }
}

fn type_of<'a>(provider: &'a dyn Provider, address: &Address) -> Result<&'a ResourceType, CommandError> {
    let wanted = address.resource_type();
    let found = provider.resource_types().iter().find(|known| &*known.name == wanted && !address.is_data());
    found.ok_or_else(|| CommandError::NoSuchType { resource_type: wanted.to_owned() })
}

/// An entry for an object of which nothing was asked yet.
fn entry_of(
    key: &DigestKey,
    address: &Address,
    resource_type: &ResourceType,
    object: &Object,
    protect: bool,
) -> StateEntry {
    let clear = resource_type.schema.mark_sensitive(&object.attributes);
    StateEntry {
        identifier: Some(object.identifier.clone()),
        inputs: ValueMap::default(),
        attributes: key.redact_map(address.as_str(), &clear),
        dependencies: Vec::new(),
        protect,
        status: if object.broken.is_some() { Status::Tainted } else { Status::Ready },
        private: object.private.clone(),
        schema_version: resource_type.schema_version,
    }
}

/// Which object is at which address.
fn names(state: &State) -> BTreeMap<Identifier, Address> {
    let all = list(state).into_iter();
    all.filter_map(|shown| Some((shown.entry.identifier.clone()?, shown.address.clone()))).collect()
}

/// The addresses whose identifiers stand in the attributes: what the configuration referred to, so that a destroy goes in the
/// right order before the next apply has said it better.
fn dependencies(attributes: &ValueMap, own: &Address, names: &BTreeMap<Identifier, Address>) -> Vec<Address> {
    let mut found = Vec::new();
    attributes.values().for_each(|value| find_names(value, names, &mut found));
    found.retain(|address| address != own);
    found.sort();
    found.dedup();
    found
}

fn find_names(value: &Value, names: &BTreeMap<Identifier, Address>, found: &mut Vec<Address>) {
    match value {
        Value::String(text) => found.extend(names.get(text).cloned()),
        Value::List(values) => values.iter().for_each(|value| find_names(value, names, found)),
        Value::Map(map) => map.values().for_each(|value| find_names(value, names, found)),
        Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::Unknown(_)
        | Value::Sensitive(_)
        | Value::Redacted(_) => {}
    }
}
