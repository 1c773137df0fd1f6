//! What is wrong with a configuration, as far as that can be known without the cloud.
//!
//! Each rule is a function of the configuration alone. It names the key that it is about first, and the others that take part, so
//! that nothing is said about a value that could not be read. Bounds of single values are not here: they stand in the
//! schema, beside the value.
//!
//! Some faults cannot be written down, so that no rule looks for them: the file system and its mount target lie in one availability
//! domain, host names and DNS labels are made from the stack's name, and security rules follow from who talks to whom.

mod balancer;

mod database;

mod network;

mod servers;

mod shapes;

mod site;

pub(crate) use network::addresses_needed;
use oci_client::secret::Secret;

use crate::codes::Code;
use crate::config::{Config, secret};
use crate::diagnostic::Diagnostic;

/// A rule: everything of one kind that is wrong with a configuration.
pub type Rule = fn(&Config) -> Vec<Diagnostic>;

/// All rules.
pub const RULES: &[Rule] = &[
    site::versions_go_together,
    site::tags_are_accepted,
    network::vcn_has_a_size,
    network::addresses_are_free,
    network::addresses_are_private,
    network::subnets_are_inside,
    network::subnets_are_disjoint,
    network::subnets_are_large_enough,
    network::parts_have_a_whole,
    servers::one_is_few,
    servers::one_processor,
    servers::sizes_fit_shapes,
    servers::shapes_are_known,
    servers::fallbacks_differ,
    servers::ssh_has_keys_and_sources,
    servers::ssh_comes_from_inside,
    servers::domains_exist,
    database::shape_is_known,
    database::shape_carries_replicas,
    database::can_be_highly_available,
    database::replicas_are_read,
    database::users_are_free,
    database::storage_can_grow,
    database::heatwave_fits,
    balancer::health_status_is_the_applications,
    balancer::health_checks_end_in_time,
    balancer::public_address_is_used,
    balancer::certificate_is_given_when_it_is_needed,
    balancer::authority_reaches_the_site,
    balancer::hsts_needs_https,
];

/// Everything that the rules find, in the order of the rules. [`crate::config::load`] has done this already, and sorted it by
/// place.
#[must_use]
pub fn all(config: &Config) -> Vec<Diagnostic> {
    RULES.iter().flat_map(|rule| rule(config)).collect()
}

/// Whether the service takes a password that somebody gave, once it is known. `key` says which: `secrets.admin_password`.
#[must_use]
pub fn password(key: &str, password: &Secret<String>) -> Option<Diagnostic> {
    let weak = secret::check_password(password).err()?;
    let message = format!("the service would refuse `{key}`: {weak}");
    let hint = "8 to 32 characters with a digit, a small and a capital letter and a special character; \
                or { generate = true }";
    Some(Diagnostic::error(Code::PasswordRules, key, message).hint(hint))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_that_the_service_refuses_is_found_and_not_shown() {
        let found = password("secrets.admin_password", &Secret::new("hunter2".to_owned())).unwrap();
        assert_eq!(found.code, Code::PasswordRules);
        assert!(!format!("{found:?}").contains("hunter2"));
        assert_eq!(password("secrets.admin_password", &Secret::new("Correct-Horse-7".to_owned())), None);
    }
}
