//! What policies and dynamic groups share: they have a state and tags, and are changed and looked at in the tenancy's home region.

use oci_client::model::Model;
use oci_client::operation::{Operation, Paged};
use reconcile::provider::Failure;
use reconcile::schema::Schema;
use schemars::JsonSchema;
use serde_json::Value as Json;

use crate::call::Call;
use crate::look::Look;
use crate::module::{Change, Seen};
use crate::names::Renames;
use crate::tags::StackTags;

/// What the service tells of policies and of dynamic groups.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "a description: the schema is derived from it")]
pub(super) struct Told {
    /// The OCID.
    id: String,
    /// Why it is inactive, as a number, where it is.
    #[schemars(extend("x-volatile" = true))]
    inactive_state: String,
    /// When it was made.
    time_created: String,
    /// Its lifecycle state.
    #[schemars(extend("x-volatile" = true))]
    state: String,
}

/// Terraform's names that Oracle spells otherwise.
pub(super) const RENAMES: Renames = &[("inactive_state", "inactiveStatus")];

pub(super) fn seen(schema: &Schema, body: Json) -> Seen {
    Seen::new(schema, body, RENAMES)
}

pub(super) fn read<O: Operation + Clone + 'static>(get: O, seen: fn(Json) -> Seen) -> Look<Seen> {
    Look::one(Call::new(get).in_home_region(), move |answer| seen(answer.body))
}

pub(super) fn list<O: Paged + 'static>(list: O, seen: fn(Json) -> Seen) -> Look<Vec<Seen>> {
    let list = Call::all_pages(list).in_home_region();
    Look::one(list, move |answer| answer.items().iter().cloned().map(seen).collect())
}

pub(super) fn update<M: Model + Default, O: Operation + Clone + 'static>(
    change: &Change<'_>,
    tags: &StackTags,
    operation: impl FnOnce(M) -> O,
) -> Result<Vec<Call>, Failure> {
    let calls = change.update(tags, &[], RENAMES, operation)?;
    Ok(calls.into_iter().map(Call::in_home_region).collect())
}
