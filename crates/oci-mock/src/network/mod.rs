//! The network inside the cloud: addresses in subnets, VNICs with their private and public addresses, names,
//! and what the routes and rules let through.
//!
//! Services put themselves into a subnet with [`attach_service_vnic`] and leave it with
//! [`release_service_vnic`]; whether anything can be reached is asked with [`reachability()`], and what a
//! server answers with [`server_answer`].

mod addresses;
mod control;
mod filters;
mod flow;
mod names;
mod needs;
mod reachability;
mod routes;
mod servers;
mod vnics;

pub(crate) use addresses::{Wanted, blocks_of, choose_address};
pub use addresses::{check_host_name, free_addresses, vcn_of_subnet};
pub(crate) use control::CONTROLS;
pub use flow::Protocol;
pub use names::{full_name, resolve};
pub use needs::{Application, Needs, needs_of_text, needs_of_user_data};
pub use reachability::{Reachability, admits, reachability};
pub use servers::{
    Asker, Page, Readiness, ServerAnswer, console_lines, instance_at, next_change, readiness, server_answer,
};
pub use vnics::{
    AttachedVnic, PublicAddress, VnicRequest, assign_public_ip, attach_service_vnic, attach_vnic,
    check_groups, linger_of_service_vnics, new_public_ip, owner_of, primary_private_ip, release_public_ip,
    release_service_vnic, release_vnic, set_linger_of_service_vnics, set_vnic_groups, unassign_public_ip,
    vnics_of,
};
pub(crate) use vnics::{EPHEMERAL, add_private_ip, remove_vnic};
