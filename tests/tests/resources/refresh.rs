//! A refresh of a thousand resources costs a few lists, not a thousand reads.

use cross_tests::bench::Bench;
use oci_resources::attr::{Attr, ToExpr};
use oci_resources::core::dhcp_options::{self, DhcpOptions};
use oci_resources::core::network_security_group::{self, NetworkSecurityGroup};
use oci_resources::core::private_ip::{self, PrivateIp};
use oci_resources::core::public_ip::{self, PublicIp};
use oci_resources::core::route_table::{self, RouteTable};
use oci_resources::core::security_list::{self, SecurityList};
use oci_resources::core::subnet::{self, Subnet};
use oci_resources::core::vcn;
use oci_resources::core::volume::{self, Volume};
use oci_resources::file_storage::file_system::{self, FileSystem};
use oci_resources::network_load_balancer::backend::{self, Backend};
use oci_resources::network_load_balancer::backend_set::{self, BackendSet};
use oci_resources::network_load_balancer::network_load_balancer::{self as balancer, NetworkLoadBalancer};
use reconcile::graph::{Graph, GraphBuilder};
use reconcile::plan::PlanOptions;
use serde_json::json;

use crate::{add_network, at};

/// How many of each type; with a VCN, a subnet, a load balancer and its set the sum is a thousand.
const COUNTS: [(&str, usize); 10] = [
    (subnet::TYPE, 100),
    (security_list::TYPE, 100),
    (route_table::TYPE, 100),
    (network_security_group::TYPE, 100),
    (dhcp_options::TYPE, 100),
    (public_ip::TYPE, 40),
    (private_ip::TYPE, 100),
    (volume::TYPE, 156),
    (file_system::TYPE, 80),
    (backend::TYPE, 120),
];

fn add(builder: &mut GraphBuilder, tenancy: &str, domain: &str, resource_type: &str, number: usize) {
    let (network, web) = (vcn::id(&at(vcn::TYPE, "main")), subnet::id(&at(subnet::TYPE, "web")));
    let compartment_id: Attr<String> = tenancy.into();
    let inputs = match resource_type {
        subnet::TYPE => Subnet {
            compartment_id,
            vcn_id: network.into(),
            cidr_block: format!("10.0.{}.0/24", 1 + number).into(),
            ..Subnet::default()
        }
        .inputs(),
        security_list::TYPE => {
            SecurityList { compartment_id, vcn_id: network.into(), ..SecurityList::default() }.inputs()
        }
        route_table::TYPE => {
            RouteTable { compartment_id, vcn_id: network.into(), ..RouteTable::default() }.inputs()
        }
        network_security_group::TYPE => {
            NetworkSecurityGroup { compartment_id, vcn_id: network.into(), ..NetworkSecurityGroup::default() }
                .inputs()
        }
        dhcp_options::TYPE => DhcpOptions {
            compartment_id,
            vcn_id: network.into(),
            options: Attr::Expr(
                json!([{"type": "DomainNameServer", "server_type": "VcnLocal"}]).to_expr().unwrap(),
            ),
            ..DhcpOptions::default()
        }
        .inputs(),
        public_ip::TYPE => {
            PublicIp { compartment_id, lifetime: "RESERVED".into(), ..PublicIp::default() }.inputs()
        }
        private_ip::TYPE => {
            PrivateIp { subnet_id: web.into(), lifetime: "RESERVED".into(), ..PrivateIp::default() }.inputs()
        }
        volume::TYPE => Volume {
            compartment_id,
            availability_domain: domain.into(),
            size_in_gbs: 50.into(),
            ..Volume::default()
        }
        .inputs(),
        file_system::TYPE => {
            FileSystem { compartment_id, availability_domain: domain.into(), ..FileSystem::default() }
                .inputs()
        }
        _ => Backend {
            network_load_balancer_id: balancer::id(&at(balancer::TYPE, "site")).into(),
            backend_set_name: backend_set::name(&at(backend_set::TYPE, "web")).into(),
            ip_address: format!("10.0.0.{}", 100 + number).into(),
            port: 80.into(),
            ..Backend::default()
        }
        .inputs(),
    };
    builder.add(inputs.at(at(resource_type, &format!("n{number}"))));
}

fn graph(tenancy: &str, domain: &str) -> Graph {
    let mut builder = GraphBuilder::default();
    add_network(tenancy, &mut builder);
    let site = at(balancer::TYPE, "site");
    let balancer = NetworkLoadBalancer {
        compartment_id: tenancy.into(),
        display_name: "site".into(),
        subnet_id: subnet::id(&at(subnet::TYPE, "web")).into(),
        ..NetworkLoadBalancer::default()
    };
    builder.add(balancer.inputs().at(site.clone()));
    let set = BackendSet {
        network_load_balancer_id: balancer::id(&site).into(),
        name: "web".into(),
        policy: "FIVE_TUPLE".into(),
        health_checker: Attr::Expr(json!({"protocol": "TCP", "port": 80}).to_expr().unwrap()),
        ..BackendSet::default()
    };
    builder.add(set.inputs().at(at(backend_set::TYPE, "web")));
    for (resource_type, count) in COUNTS {
        (0..count).for_each(|number| add(&mut builder, tenancy, domain, resource_type, number));
    }
    builder.build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_thousand_resources_are_read_with_few_lists() {
    let mut bench = Bench::new(51).await;
    bench.options.concurrency = 100;
    // What a small tenancy may have is not what this is about.
    bench.control("PUT", "/_mock/limits", Some(&json!({})));
    let tenancy = bench.cloud.tenancy();
    let domain = bench.cloud.mock.config().place.availability_domains()[0].clone();
    let graph = graph(&tenancy, &domain);
    assert_eq!(graph.nodes().len(), 1000);
    bench.reach(&graph).await;
    let before = bench.cloud.mock.requests().len();
    let plan = bench.plan(&graph, &PlanOptions::default()).await;
    assert!(plan.is_empty(), "{:#?}", plan.steps());
    let reads = bench.cloud.mock.requests().len() - before;
    println!("{reads} requests for {} resources", graph.nodes().len());
    assert!(reads <= 40, "{reads} requests");
}
