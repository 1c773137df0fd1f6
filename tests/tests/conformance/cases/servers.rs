//! Two servers, made without the engine: no resource type tells the OCIDs of their VNICs and of the addresses on them.

use std::time::Duration;

use cross_tests::bench::Bench;
use oci_client::page::PageLimits;
use oci_client::services::core::models;
use oci_client::services::core::operations::{
    CreateSubnet, CreateVcn, LaunchInstance, ListPrivateIps, ListVnicAttachments,
};

use crate::kit::Place;

/// Where [`made`] has the VNIC of the first server.
pub(crate) const FIRST_VNIC: usize = 0;
/// Where it has the primary private address of the first server.
pub(crate) const FIRST_ADDRESS: usize = 1;
/// Where it has the VNIC of the second server.
pub(crate) const SECOND_VNIC: usize = 2;

/// The OCIDs of each server's VNIC and its primary private address.
pub(crate) async fn made(bench: &Bench, place: &Place) -> Vec<String> {
    let subnet_id = subnet(bench, place).await;
    let client = &bench.cloud.client;
    let mut made = Vec::new();
    for _ in 0..2 {
        let launched = client.call(&LaunchInstance::new(server(place, &subnet_id))).await.unwrap().value;
        settle(bench).await;
        let mut attachments = ListVnicAttachments::new(&*place.tenancy);
        attachments.instance_id = launched.id;
        let attachments = client.list(attachments, PageLimits::default()).await.unwrap();
        let vnic_id = attachments[0].vnic_id.clone().unwrap();
        let mut addresses = ListPrivateIps::new();
        addresses.vnic_id = Some(vnic_id.clone());
        let addresses = client.list(addresses, PageLimits::default()).await.unwrap();
        made.extend([vnic_id, addresses[0].id.clone().unwrap()]);
    }
    made
}

/// What was asked for a minute ago is there.
async fn settle(bench: &Bench) {
    bench.world.sleep(Duration::from_secs(60)).await;
}

async fn subnet(bench: &Bench, place: &Place) -> String {
    let client = &bench.cloud.client;
    let vcn = models::CreateVcnDetails {
        compartment_id: Some(place.tenancy.clone()),
        cidr_blocks: Some(vec!["172.16.0.0/16".to_owned()]),
        ..models::CreateVcnDetails::default()
    };
    let vcn_id = client.call(&CreateVcn::new(vcn)).await.unwrap().value.id;
    settle(bench).await;
    let subnet = models::CreateSubnetDetails {
        compartment_id: Some(place.tenancy.clone()),
        vcn_id,
        cidr_block: Some("172.16.0.0/24".to_owned()),
        ..models::CreateSubnetDetails::default()
    };
    let subnet_id = client.call(&CreateSubnet::new(subnet)).await.unwrap().value.id;
    settle(bench).await;
    subnet_id.unwrap()
}

fn server(place: &Place, subnet_id: &str) -> models::LaunchInstanceDetails {
    let image = models::InstanceSourceViaImageDetails {
        image_id: Some(place.images[0].clone()),
        ..models::InstanceSourceViaImageDetails::default()
    };
    models::LaunchInstanceDetails {
        compartment_id: Some(place.tenancy.clone()),
        availability_domain: Some(place.domains[0].clone()),
        shape: Some("VM.Standard.A1.Flex".to_owned()),
        shape_config: Some(models::LaunchInstanceShapeConfigDetails {
            ocpus: Some(1.0),
            memory_in_gbs: Some(6.0),
            ..models::LaunchInstanceShapeConfigDetails::default()
        }),
        source_details: Some(models::InstanceSourceDetails::Image(image)),
        create_vnic_details: Some(models::CreateVnicDetails {
            subnet_id: Some(subnet_id.to_owned()),
            assign_public_ip: Some(false),
            ..models::CreateVnicDetails::default()
        }),
        ..models::LaunchInstanceDetails::default()
    }
}
