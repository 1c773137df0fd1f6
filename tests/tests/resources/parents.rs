//! Parts whose list hangs on something else (exports, snapshots, private addresses, rules of a group): when the service says 404 of that,
//! they have gone with it, or we may not see it. Only the first is a change.

use cross_tests::bench::Bench;
use oci_client::services::core::operations::{DeleteNetworkSecurityGroup, DeletePrivateIp, DeleteSubnet};
use oci_client::services::file_storage::operations::{DeleteFileSystem, DeleteMountTarget};
use oci_resources::core::network_security_group::{self, NetworkSecurityGroup};
use oci_resources::core::network_security_group_security_rule::{
    self as rule, NetworkSecurityGroupSecurityRule,
};
use oci_resources::core::private_ip::{self, PrivateIp};
use oci_resources::core::{subnet, vcn};
use oci_resources::file_storage::export::{self, Export};
use oci_resources::file_storage::file_system::{self, FileSystem};
use oci_resources::file_storage::mount_target::{self, MountTarget};
use oci_resources::file_storage::snapshot::{self, Snapshot};
use reconcile::Address;
use reconcile::graph::{Graph, GraphBuilder};
use reconcile::plan::{DeferReason, Mode, PlanOptions};
use serde_json::json;

use crate::{add_network, at};

/// The types of the parts.
const PARTS: [&str; 4] = [export::TYPE, snapshot::TYPE, private_ip::TYPE, rule::TYPE];

/// A subnet with an address, a group with a rule, a file system with a snapshot, and a mount target with an export.
fn graph(bench: &Bench) -> Graph {
    let tenancy = bench.cloud.tenancy();
    let domain = bench.cloud.mock.config().place.availability_domains()[0].clone();
    let mut builder = GraphBuilder::default();
    add_network(&tenancy, &mut builder);
    let web = at(subnet::TYPE, "web");
    let address = PrivateIp {
        subnet_id: subnet::id(&web).into(),
        ip_address: "10.0.0.200".into(),
        lifetime: "RESERVED".into(),
        ..PrivateIp::default()
    };
    builder.add(address.inputs().at(at(private_ip::TYPE, "part")));
    let group = at(network_security_group::TYPE, "whole");
    let servers = NetworkSecurityGroup {
        compartment_id: tenancy.as_str().into(),
        vcn_id: vcn::id(&at(vcn::TYPE, "main")).into(),
        ..NetworkSecurityGroup::default()
    };
    builder.add(servers.inputs().at(group.clone()));
    let http = NetworkSecurityGroupSecurityRule {
        network_security_group_id: network_security_group::id(&group).into(),
        direction: "INGRESS".into(),
        protocol: "tcp".into(),
        source: "10.0.0.0/16".into(),
        ..NetworkSecurityGroupSecurityRule::default()
    };
    builder.add(http.inputs().at(at(rule::TYPE, "part")));
    for name in ["whole", "other"] {
        let files = FileSystem {
            compartment_id: tenancy.as_str().into(),
            availability_domain: domain.as_str().into(),
            ..FileSystem::default()
        };
        builder.add(files.inputs().at(at(file_system::TYPE, name)));
    }
    let saved = Snapshot {
        file_system_id: file_system::id(&at(file_system::TYPE, "whole")).into(),
        name: "before".into(),
        ..Snapshot::default()
    };
    builder.add(saved.inputs().at(at(snapshot::TYPE, "part")));
    let server = at(mount_target::TYPE, "whole");
    let mount_target = MountTarget {
        compartment_id: tenancy.as_str().into(),
        availability_domain: domain.as_str().into(),
        subnet_id: subnet::id(&web).into(),
        ..MountTarget::default()
    };
    builder.add(mount_target.inputs().at(server.clone()));
    let exported = Export {
        export_set_id: mount_target::export_set_id(&server).into(),
        file_system_id: file_system::id(&at(file_system::TYPE, "other")).into(),
        path: "/data".into(),
        ..Export::default()
    };
    builder.add(exported.inputs().at(at(export::TYPE, "part")));
    builder.build().unwrap()
}

/// A bench on which all of it has been there for a while, and what it is made from.
async fn long_made(seed: u64) -> (Bench, Graph) {
    let mut bench = Bench::new(seed).await;
    let graph = graph(&bench);
    bench.reach(&graph).await;
    bench.restart();
    bench.world.sleep(std::time::Duration::from_secs(1200)).await;
    (bench, graph)
}

/// Requests that show one of the wholes. Their lists tell as well whether one has gone.
const LOOKS_AT_WHOLES: [&str; 4] = ["GetExportSet", "GetFileSystem", "GetSubnet", "GetNetworkSecurityGroup"];

/// The service answers 404 to these.
fn hidden(operations: &[&str]) -> serde_json::Value {
    let not_found = json!({"respond": {"status": 404, "code": "NotAuthorizedOrNotFound"}});
    json!({"faults": [{"when": {"operations": operations}, "do": not_found}]})
}

fn part(resource_type: &str) -> Address {
    at(resource_type, "part")
}

#[tokio::test(start_paused = true)]
async fn a_permission_that_is_lost_on_a_whole_does_not_make_its_parts_look_gone() {
    let (mut bench, graph) = long_made(91).await;
    let operations = [
        "ListExports",
        "GetExport",
        "ListSnapshots",
        "GetSnapshot",
        "ListPrivateIps",
        "GetPrivateIp",
        "ListNetworkSecurityGroupSecurityRules",
    ];
    bench.faults(&hidden(&operations));
    bench.faults(&hidden(&LOOKS_AT_WHOLES));
    let plan = bench.plan(&graph, &PlanOptions::default()).await;
    assert!(plan.drift().is_empty() && plan.steps().is_empty(), "{plan:#?}");
    for resource_type in PARTS {
        let left = plan.deferred().iter().find(|left| left.address == part(resource_type));
        let why = left.map(|left| &left.why);
        assert!(matches!(why, Some(DeferReason::Hidden { .. })), "{resource_type}: {why:?}");
        assert!(bench.identifier(&part(resource_type)).is_some(), "{resource_type} is forgotten");
    }
    bench.control("DELETE", "/_mock/faults", None);
    bench.expect_quiet(&graph).await;
}

/// Somebody else deletes the wholes, and the parts go with them.
async fn delete_the_wholes(bench: &Bench) {
    let id = |resource_type: &str, name: &str| bench.identifier(&at(resource_type, name)).unwrap();
    let client = &bench.cloud.client;
    client.call(&DeletePrivateIp::new(id(private_ip::TYPE, "part"))).await.unwrap();
    client.call(&DeleteMountTarget::new(id(mount_target::TYPE, "whole"))).await.unwrap();
    client.call(&DeleteFileSystem::new(id(file_system::TYPE, "whole"))).await.unwrap();
    client.call(&DeleteNetworkSecurityGroup::new(id(network_security_group::TYPE, "whole"))).await.unwrap();
    bench.world.sleep(std::time::Duration::from_secs(3600)).await;
    client.call(&DeleteSubnet::new(id(subnet::TYPE, "web"))).await.unwrap();
    bench.world.sleep(std::time::Duration::from_secs(1200)).await;
}

#[tokio::test(start_paused = true)]
async fn parts_that_went_with_their_whole_are_made_again_with_it() {
    let (mut bench, graph) = long_made(92).await;
    delete_the_wholes(&bench).await;
    // The service may say for a while that a whole is deleted, or nothing at all.
    for is_shown in [true, false] {
        if !is_shown {
            bench.faults(&hidden(&LOOKS_AT_WHOLES));
        }
        let plan = bench.plan(&graph, &PlanOptions::default()).await;
        let gone = plan.drift().iter().filter(|drift| drift.gone);
        let gone: Vec<&Address> = gone.map(|drift| &drift.address).collect();
        for resource_type in PARTS {
            assert!(gone.contains(&&part(resource_type)), "{resource_type} is not seen to be gone: {gone:?}");
        }
        assert!(plan.deferred().is_empty(), "{:#?}", plan.deferred());
    }
    bench.control("DELETE", "/_mock/faults", None);
    bench.reach(&graph).await;
    assert!(PARTS.iter().all(|resource_type| bench.identifier(&part(resource_type)).is_some()));
}

#[tokio::test(start_paused = true)]
async fn what_went_with_its_whole_is_no_hindrance_to_destroying_the_rest() {
    let (mut bench, _) = long_made(93).await;
    delete_the_wholes(&bench).await;
    let (plan, summary) = bench.go(&Graph::empty(), Mode::Destroy).await;
    assert!(summary.is_success() && plan.deferred().is_empty(), "{summary:#?} {:#?}", plan.deferred());
    let left = PARTS.iter().chain(&[vcn::TYPE, file_system::TYPE]).map(|name| bench.live(name).len());
    assert_eq!(left.sum::<usize>(), 0);
    assert!(PARTS.iter().all(|resource_type| bench.identifier(&part(resource_type)).is_none()));
}
