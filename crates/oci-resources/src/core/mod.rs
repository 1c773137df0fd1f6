//! Networking, compute and block volumes: what `core` of Oracle's API holds.

pub mod default_dhcp_options;
pub mod default_route_table;
pub mod default_security_list;
pub mod dhcp_options;
pub mod images;
pub mod instance;
pub mod instance_parts;
pub mod internet_gateway;
pub mod nat_gateway;
pub mod network_security_group;
pub mod network_security_group_security_rule;
mod occupants;
pub mod packet_rules;
pub mod private_ip;
pub mod public_ip;
pub mod route_table;
pub mod security_list;
pub mod service_gateway;
pub mod services;
pub mod shapes;
pub mod subnet;
pub mod vcn;
pub mod vnic;
pub mod volume;
pub mod volume_attachment;

use crate::data::DataSource;
use crate::module::ResourceModule;

/// The resource types.
pub(crate) const MODULES: &[&dyn ResourceModule] = &[
    &default_dhcp_options::Module,
    &default_route_table::Module,
    &default_security_list::Module,
    &dhcp_options::Module,
    &instance::Module,
    &internet_gateway::Module,
    &nat_gateway::Module,
    &network_security_group::Module,
    &network_security_group_security_rule::Module,
    &private_ip::Module,
    &public_ip::Module,
    &route_table::Module,
    &security_list::Module,
    &service_gateway::Module,
    &subnet::Module,
    &vcn::Module,
    &volume::Module,
    &volume_attachment::Module,
];

/// The data sources.
pub(crate) const DATA_SOURCES: &[&dyn DataSource] =
    &[&services::Source, &images::Source, &shapes::Source, &vnic::Source];
