//! Defined tags: whether their namespaces and keys are there and may still be used.

use std::collections::BTreeMap;

use oci_client::services::identity::models::{TagNamespaceSummary, TagSummary};
use oci_client::services::identity::operations::{ListTagNamespaces, ListTags};
use world::BoxFuture;

use super::Place;
use crate::codes::Code;
use crate::config::Config;
use crate::reads::{Read, Reads, all, unread};
use crate::report::{Check, Finding, Level};

/// Looks at every defined tag of the file.
pub(super) async fn look(reads: &Reads, config: &Config, place: &Place) -> Vec<Finding> {
    let mut wanted: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (space, key) in config.defined_tags.keys().filter_map(|tag| tag.split_once('.')) {
        wanted.entry(space).or_default().push(key);
    }
    if wanted.is_empty() {
        return Vec::new();
    }
    let mut list = ListTagNamespaces::new(&place.tenancy);
    list.include_subcompartments = Some(true);
    let spaces = match reads.list(list).await {
        Ok(spaces) => spaces,
        Err(error) => {
            let needed = "the tenancy's tag namespaces";
            return vec![
                unread(Check::Tags, "tag namespaces", needed, &error, Level::Unknown).key("defined_tags"),
            ];
        }
    };
    let spaces = &spaces;
    let looked = all(wanted.into_iter().map(|(name, keys)| -> BoxFuture<'_, Vec<Finding>> {
        Box::pin(async move { namespace(reads, spaces, name, &keys).await })
    }))
    .await;
    looked.into_iter().flatten().map(|finding| finding.key("defined_tags")).collect()
}

async fn namespace(reads: &Reads, spaces: &[TagNamespaceSummary], name: &str, keys: &[&str]) -> Vec<Finding> {
    let same = |space: &&TagNamespaceSummary| {
        space.name.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(name))
    };
    let finding = |found: &str| Finding::ok(Check::Tags, name, "a tag namespace", found);
    let Some(space) = spaces.iter().find(same) else {
        let finding = finding("there is none, as far as can be seen").fault(Code::TagMissing);
        return vec![finding.advice("have it made, or take these tags out of the file")];
    };
    if space.is_retired == Some(true) {
        let finding = finding("retired").fault(Code::TagRetired);
        return vec![finding.advice("reactivate it, or take these tags out of the file")];
    }
    let tags = reads.list(ListTags::new(space.id.as_deref().unwrap_or_default())).await;
    keys.iter().map(|key| judge(name, key, &tags)).collect()
}

fn judge(space: &str, key: &str, tags: &Read<Vec<TagSummary>>) -> Finding {
    let subject = format!("{space}.{key}");
    let finding = |found: &str| Finding::ok(Check::Tags, &subject, "a tag key", found);
    let tags = match tags {
        Ok(tags) => tags,
        Err(error) => return unread(Check::Tags, &subject, "a tag key", error, Level::Unknown),
    };
    let same = |tag: &&TagSummary| tag.name.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(key));
    match tags.iter().find(same) {
        None => finding("the namespace has none of this name")
            .fault(Code::TagMissing)
            .advice("have it made, or take the tag out of the file"),
        Some(tag) if tag.is_retired == Some(true) => finding("retired")
            .fault(Code::TagRetired)
            .advice("reactivate it, or take the tag out of the file"),
        Some(_) => finding("there is one"),
    }
}
