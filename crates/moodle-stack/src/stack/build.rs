//! What the parts of the stack share while the graph is put together.

use std::collections::BTreeMap;

use oci_resources::attr::Attr;
use oci_resources::core::subnet;
use oci_resources::core::vcn;
use reconcile::graph::GraphBuilder;

use crate::config::Config;

use super::names::address;
use super::{Facts, StackError, Zone};

/// A graph under construction.
pub(super) struct Build<'a> {
    pub(super) config: &'a Config,
    pub(super) facts: &'a Facts,
    pub(super) graph: GraphBuilder,
}

impl<'a> Build<'a> {
    pub(super) fn new(config: &'a Config, facts: &'a Facts) -> Self {
        Self { config, facts, graph: GraphBuilder::default() }
    }

    pub(super) fn compartment(&self) -> Attr<String> {
        self.facts.compartment_id.as_str().into()
    }

    pub(super) fn display(&self, thing: &str) -> Attr<String> {
        super::names::display(self.config, thing).into()
    }

    /// The tags of the file. What our driver adds by itself is not among them.
    pub(super) fn tags(&self) -> Attr<BTreeMap<String, String>> {
        given(&self.config.tags)
    }

    pub(super) fn defined_tags(&self) -> Attr<BTreeMap<String, String>> {
        given(&self.config.defined_tags)
    }

    pub(super) fn vcn(&self) -> Attr<String> {
        match &self.config.network.vcn_id {
            Some(id) => id.as_str().into(),
            None => vcn::id(&address(vcn::TYPE, "site")).into(),
        }
    }

    pub(super) fn subnet(&self, zone: Zone) -> Attr<String> {
        match zone.existing_subnet(self.config) {
            Some(id) => id.into(),
            None => subnet::id(&address(subnet::TYPE, zone.label())).into(),
        }
    }

    /// The whole host name of what has `label` in the subnet of `zone`.
    pub(super) fn host(&self, label: &str, zone: Zone) -> Result<String, StackError> {
        let network = &self.config.network;
        let existing = |key: &'static str, id: &str| {
            let label = self.facts.dns_labels.get(id).cloned();
            label.ok_or_else(|| StackError::NoLabel { key, id: id.to_owned() })
        };
        let subnet = match zone.existing_subnet(self.config) {
            Some(id) => existing(zone.subnet_key(), id)?,
            None => zone.label().to_owned(),
        };
        let vcn = match &network.vcn_id {
            Some(id) => existing("network.vcn_id", id)?,
            None => self.config.site.name.clone(),
        };
        Ok(format!("{label}.{subnet}.{vcn}.oraclevcn.com"))
    }

    /// The name of the availability domain that `key` has the number of.
    pub(super) fn domain(&self, key: &'static str, number: u8) -> Result<String, StackError> {
        let domains = &self.facts.availability_domains;
        let at = usize::from(number).checked_sub(1);
        let there = domains.len();
        at.and_then(|at| domains.get(at)).cloned().ok_or(StackError::NoSuchDomain { key, number, there })
    }
}

/// An empty map is left out: it would otherwise say that there must be nothing.
fn given(map: &BTreeMap<String, String>) -> Attr<BTreeMap<String, String>> {
    if map.is_empty() { Attr::Absent } else { map.clone().into() }
}
