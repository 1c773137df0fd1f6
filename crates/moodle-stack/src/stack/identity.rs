//! Who the servers are to Oracle's services, and what they may do: read the site's secrets, and say how they are.
//!
//! A server calls Object Storage as itself, with the identity of its instance. A dynamic group says which instances are meant, a
//! policy what they may do. Usually there is one of each for every server. One group that lists all servers was turned down: it
//! would be changed when all of them are there, and in a rolling replacement the first new server needs its secrets before the
//! second one goes. Free-form tags do not count in the rule of a group, and defined ones need a namespace, which is the tenancy's.
//!
//! # Source
//! Documentation of IAM, "Policy Syntax", "Conditions" and "Writing Matching Rules to Define Dynamic Groups"; "Details for Object
//! Storage", which has the variables and permissions: a `PUT` needs `OBJECT_CREATE`, or `OBJECT_OVERWRITE` where the object exists.

use std::sync::Arc;

use oci_resources::attr::Attr;
use oci_resources::core::instance;
use oci_resources::identity::dynamic_group::{self, DynamicGroup};
use oci_resources::identity::policy::{self, Policy};
use reconcile::Address;
use reconcile::value::{Expr, TemplatePart};

use crate::config::{Config, Identity};

use super::StackError;
use super::build::Build;
use super::names::{self, ALL_SERVERS, address, of_server};

/// Which reports somebody may write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reports {
    /// That of the server with this index, counted from 0.
    Of(u16),
    /// Those of all servers.
    All,
}

/// The statements of the policy for `subject`, such as `dynamic-group campus-servers`: it may read the secrets and the servers'
/// files, and write `reports`, in the bucket of the site, which is in the compartment with this OCID.
#[must_use]
pub fn statements(config: &Config, subject: &str, compartment_id: &str, reports: Reports) -> [String; 2] {
    allowed(config, compartment_id, reports).map(|what| format!("allow {subject} {what}"))
}

/// What is allowed, without the subject.
fn allowed(config: &Config, compartment_id: &str, reports: Reports) -> [String; 2] {
    let place = match compartment_id.starts_with("ocid1.tenancy.") {
        true => "tenancy".to_owned(),
        false => format!("compartment id {compartment_id}"),
    };
    let (bucket, secrets) = (names::bucket(config), names::SECRETS_OBJECT);
    // A text between quotes is meant as it stands; what begins with this and goes on somehow, between slashes.
    let report = match reports {
        Reports::Of(index) => format!("'{}'", names::report_object(index)),
        Reports::All => "/reports*/".to_owned(),
    };
    [
        format!(
            "to read objects in {place} where all {{target.bucket.name = '{bucket}', \
             any {{target.object.name = '{secrets}', target.object.name = /boot*/}}}}"
        ),
        format!(
            "to manage objects in {place} where all {{target.bucket.name = '{bucket}', target.object.name = {report}, \
             any {{request.permission = 'OBJECT_CREATE', request.permission = 'OBJECT_OVERWRITE'}}}}"
        ),
    ]
}

/// The rule of the group of all instances in a compartment.
#[must_use]
pub fn rule_of_compartment(compartment_id: &str) -> String {
    format!("instance.compartment.id = '{compartment_id}'")
}

pub(super) fn add(build: &mut Build<'_>) -> Result<(), StackError> {
    let config = build.config;
    match config.cloud.identity {
        Identity::None => Ok(()),
        Identity::Compartment => {
            let rule = rule_of_compartment(&build.facts.compartment_id);
            let at = |resource_type| address(resource_type, ALL_SERVERS);
            add_group(build, at(dynamic_group::TYPE), ALL_SERVERS, rule.into())?;
            add_policy(build, at(policy::TYPE), &at(dynamic_group::TYPE), ALL_SERVERS, Reports::All);
            Ok(())
        }
        Identity::Server => {
            for index in 0..config.servers.count {
                let name = names::server(index);
                let at = |resource_type| of_server(resource_type, "web", index);
                let instance = TemplatePart::Reference(instance::id(&at(instance::TYPE)).reference().clone());
                let rule = vec![text("instance.id = '"), instance, text("'")];
                let rule = Attr::Expr(Expr::Template(rule));
                add_group(build, at(dynamic_group::TYPE), &name, rule)?;
                add_policy(build, at(policy::TYPE), &at(dynamic_group::TYPE), &name, Reports::Of(index));
            }
            Ok(())
        }
    }
}

fn text(piece: &str) -> TemplatePart {
    TemplatePart::Text(Arc::from(piece))
}

fn add_group(
    build: &mut Build<'_>,
    at: Address,
    thing: &str,
    matching_rule: Attr<String>,
) -> Result<(), StackError> {
    let tenancy = build.facts.tenancy_id.as_deref().ok_or(StackError::NoTenancy)?;
    let group = DynamicGroup {
        compartment_id: tenancy.into(),
        name: build.display(thing),
        description: about(build.config, thing, "Who they are").into(),
        matching_rule,
        freeform_tags: build.tags(),
        defined_tags: build.defined_tags(),
        ..DynamicGroup::default()
    };
    build.graph.add(group.inputs().at(at));
    Ok(())
}

/// The group is named by its OCID: a statement with a name goes on meaning the group that had it when the statement was written.
fn add_policy(build: &mut Build<'_>, at: Address, group: &Address, thing: &str, reports: Reports) {
    let group = TemplatePart::Reference(dynamic_group::id(group).reference().clone());
    let statement = |what: String| {
        let parts = vec![text("allow dynamic-group id "), group.clone(), text(&format!(" {what}"))];
        Expr::Template(parts)
    };
    let allowed = allowed(build.config, &build.facts.compartment_id, reports).map(statement);
    let policy = Policy {
        compartment_id: build.compartment(),
        name: build.display(thing),
        description: about(build.config, thing, "What they may do").into(),
        statements: Attr::Expr(Expr::List(allowed.to_vec())),
        freeform_tags: build.tags(),
        defined_tags: build.defined_tags(),
        ..Policy::default()
    };
    build.graph.add(policy.inputs().at(at));
}

fn about(config: &Config, thing: &str, what: &str) -> String {
    format!("{what}: {thing} of the site {}", config.site.name)
}
