//! Addresses of services that stay in a subnet after their owner has gone, and somebody else's instance in our subnet.

use cross_tests::bench::Bench;
use oci_client::page::PageLimits;
use oci_client::services::core::models;
use oci_client::services::core::operations::{LaunchInstance, ListImages, ListSubnets};
use oci_resources::core::{subnet, vcn};
use oci_resources::file_storage::mount_target::{self, MountTarget};
use oci_resources::network_load_balancer::network_load_balancer::{self as balancer, NetworkLoadBalancer};
use reconcile::graph::{Graph, GraphBuilder};
use reconcile::plan::Mode;
use serde_json::json;

use crate::{add_network, at};

fn graph(bench: &Bench) -> Graph {
    let tenancy = bench.cloud.tenancy();
    let domain = bench.cloud.mock.config().place.availability_domains()[0].clone();
    let mut builder = GraphBuilder::default();
    add_network(&tenancy, &mut builder);
    let web = subnet::id(&at(subnet::TYPE, "web"));
    let balancer = NetworkLoadBalancer {
        compartment_id: tenancy.as_str().into(),
        display_name: "site".into(),
        subnet_id: (&web).into(),
        ..NetworkLoadBalancer::default()
    };
    let target = MountTarget {
        compartment_id: tenancy.as_str().into(),
        availability_domain: domain.into(),
        subnet_id: web.into(),
        ..MountTarget::default()
    };
    builder.add(balancer.inputs().at(at(balancer::TYPE, "site")));
    builder.add(target.inputs().at(at(mount_target::TYPE, "nfs")));
    builder.build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn one_destroy_leaves_nothing_however_long_addresses_linger() {
    for seed in 0..100_u64 {
        let mut bench = Bench::new(seed).await;
        bench.control("PUT", "/_mock/lingering", Some(&json!({"minSecs": 0, "maxSecs": 1200})));
        let graph = graph(&bench);
        bench.reach(&graph).await;
        let (_, summary) = bench.go(&Graph::empty(), Mode::Destroy).await;
        assert!(summary.is_success(), "seed {seed}: {summary:#?}");
        for resource_type in [vcn::TYPE, subnet::TYPE, balancer::TYPE, mount_target::TYPE] {
            assert_eq!(bench.live(resource_type), Vec::<String>::new(), "seed {seed}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_address_that_goes_while_the_refusal_is_on_its_way_is_nothing_to_fail_for() {
    for seed in 0..20_u64 {
        let mut bench = Bench::new(seed).await;
        bench.control("PUT", "/_mock/lingering", Some(&json!({"minSecs": 0, "maxSecs": 120})));
        let graph = graph(&bench);
        bench.reach(&graph).await;
        // The refusal is made, and by the time that it is read nobody is in the subnet any more.
        let slow = json!({"when": {"operations": ["DeleteSubnet"]}, "do": {"delay": {"seconds": 20}}});
        bench.control("POST", "/_mock/faults", Some(&json!({"faults": [slow]})));
        let (_, summary) = bench.go(&Graph::empty(), Mode::Destroy).await;
        assert!(summary.is_success(), "seed {seed}: {summary:#?}");
        assert_eq!(bench.live(subnet::TYPE), Vec::<String>::new(), "seed {seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn somebody_elses_instance_is_named_and_all_else_goes() {
    let mut bench = Bench::new(7).await;
    let graph = graph(&bench);
    bench.reach(&graph).await;
    let (tenancy, client) = (bench.cloud.tenancy(), bench.cloud.client.clone());
    let subnets = client.list(ListSubnets::new(&*tenancy), PageLimits::default()).await.unwrap();
    let mut images = ListImages::new(&*tenancy);
    images.shape = Some("VM.Standard.A1.Flex".to_owned());
    let images = client.list(images, PageLimits::default()).await.unwrap();
    let launch = LaunchInstance::new(models::LaunchInstanceDetails {
        compartment_id: Some(tenancy.clone()),
        availability_domain: Some(bench.cloud.mock.config().place.availability_domains()[0].clone()),
        display_name: Some("stranger".to_owned()),
        shape: Some("VM.Standard.A1.Flex".to_owned()),
        shape_config: Some(models::LaunchInstanceShapeConfigDetails {
            ocpus: Some(1.0),
            memory_in_gbs: Some(6.0),
            ..models::LaunchInstanceShapeConfigDetails::default()
        }),
        source_details: Some(
            models::InstanceSourceViaImageDetails {
                image_id: images[0].id.clone(),
                ..models::InstanceSourceViaImageDetails::default()
            }
            .into(),
        ),
        create_vnic_details: Some(models::CreateVnicDetails {
            subnet_id: subnets[0].id.clone(),
            ..models::CreateVnicDetails::default()
        }),
        ..models::LaunchInstanceDetails::default()
    });
    let stranger = client.call(&launch).await.unwrap().value.id.unwrap();
    bench.world.sleep(std::time::Duration::from_secs(300)).await;

    let (_, summary) = bench.go(&Graph::empty(), Mode::Destroy).await;
    let failed = &summary.failed;
    assert_eq!(failed.len(), 1, "{summary:#?}");
    assert_eq!(failed[0].address, at(subnet::TYPE, "web"));
    assert!(failed[0].message.contains("`stranger`") && failed[0].message.contains(&stranger), "{failed:?}");
    assert!(failed[0].message.contains("ocid1.vnic."), "{failed:?}");
    assert_eq!(bench.live(balancer::TYPE).len() + bench.live(mount_target::TYPE).len(), 0);
    assert_eq!(bench.live(subnet::TYPE).len(), 1);
}
