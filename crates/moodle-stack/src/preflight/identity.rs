//! Dynamic groups and policies: whether they let themselves be looked at, and whether their names are free.
//!
//! # Source
//! API reference of IAM, `CreateDynamicGroupDetails` and `CreatePolicyDetails`: both names are unique, that of a dynamic group among all
//! groups of the tenancy. Groups are listed where they lie, in the tenancy; policies of other compartments are not looked at.

use oci_client::services::identity::models::{DynamicGroup, Policy};
use oci_client::services::identity::operations::{ListDynamicGroups, ListPolicies};

use super::Place;
use super::names::{permitted, refused};
use super::subject::Subject;
use crate::codes::Code;
use crate::reads::{Read, Reads};
use crate::report::{Check, Finding};

/// A group or a policy, as far as its name is concerned.
struct Named {
    id: String,
    name: String,
    is_live: bool,
}

impl From<DynamicGroup> for Named {
    fn from(group: DynamicGroup) -> Self {
        let is_live = group.lifecycle_state.is_none_or(|state| is_live(state.as_str()));
        Self { id: group.id.unwrap_or_default(), name: group.name.unwrap_or_default(), is_live }
    }
}

impl From<Policy> for Named {
    fn from(policy: Policy) -> Self {
        let is_live = policy.lifecycle_state.is_none_or(|state| is_live(state.as_str()));
        Self { id: policy.id.unwrap_or_default(), name: policy.name.unwrap_or_default(), is_live }
    }
}

/// What is being deleted is gone when its name is needed.
fn is_live(state: &str) -> bool {
    !matches!(state, "DELETING" | "DELETED")
}

/// Looks at the groups of the tenancy and the policies of the compartment, when the stack is to make some.
pub(super) async fn look(reads: &Reads, subject: &Subject<'_>, place: &Place) -> Vec<Finding> {
    let wanted = &subject.names.identities;
    if wanted.is_empty() {
        return Vec::new();
    }
    let groups = reads.list(ListDynamicGroups::new(&place.tenancy));
    let policies = reads.list(ListPolicies::new(&place.compartment));
    let (groups, policies) = tokio::join!(groups, policies);
    let mut findings = judge(subject, place, &Kind::GROUPS, wanted, named(groups));
    findings.extend(judge(subject, place, &Kind::POLICIES, wanted, named(policies)));
    findings
}

fn named<T: Into<Named>>(read: Read<Vec<T>>) -> Read<Vec<Named>> {
    read.map(|items| items.into_iter().map(Into::into).collect())
}

/// What is called how, and where somebody must be permitted to make it.
struct Kind {
    name: &'static str,
    resource_type: &'static str,
    is_in_tenancy: bool,
}

impl Kind {
    const GROUPS: Self =
        Self { name: "dynamic groups", resource_type: "dynamic-groups", is_in_tenancy: true };
    const POLICIES: Self = Self { name: "policies", resource_type: "policies", is_in_tenancy: false };
}

/// Whether the kind may be looked at, and which of the wanted names are taken.
fn judge(
    subject: &Subject<'_>,
    place: &Place,
    kind: &Kind,
    wanted: &[String],
    read: Read<Vec<Named>>,
) -> Vec<Finding> {
    let there = match read {
        Ok(there) => there,
        Err(error) => {
            let compartment = if kind.is_in_tenancy { &place.tenancy } else { &place.compartment };
            let finding = refused(kind.name, kind.resource_type, compartment, place, &error);
            return vec![finding.key("cloud.identity")];
        }
    };
    let is_taken = |name: &&String| {
        let same = |other: &&Named| other.is_live && other.name.eq_ignore_ascii_case(name);
        there.iter().filter(same).any(|other| !subject.existing.has(&other.id))
    };
    let taken: Vec<String> = wanted.iter().filter(is_taken).map(|name| format!("`{name}`")).collect();
    let needed = match wanted {
        [one] => format!("`{one}` is free"),
        _ => {
            format!("`{}` and {} more are free", wanted.first().map_or("", String::as_str), wanted.len() - 1)
        }
    };
    let finding =
        |found: String| Finding::ok(Check::Names, kind.name, needed.clone(), found).key("site.name");
    let names = if taken.is_empty() {
        finding("nobody has them, as far as can be seen".to_owned())
    } else {
        finding(format!("taken: {}", taken.join(", "))).fault(Code::IdentityTaken).advice(
            "give the stack another `site.name`, remove or import them, or have an administrator make them and set \
             `cloud.identity = \"none\"`",
        )
    };
    vec![permitted(kind.name), names]
}
