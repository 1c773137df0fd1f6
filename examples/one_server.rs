//! A small network with one server, from the resource modules: planned, applied to the embedded mock, and shown.
//!
//!     cargo run --release -p examples --bin one_server
#![expect(clippy::print_stdout, reason = "an example shows its result")]

use std::error::Error;

use cross_tests::bench::Bench;
use oci_resources::attr::{Attr, Output};
use oci_resources::core::images::{self, Images};
use oci_resources::core::instance::{self, Instance, ShapeConfig, SourceDetails, VnicDetails};
use oci_resources::core::subnet::{self, Subnet};
use oci_resources::core::vcn::{self, Vcn};
use reconcile::Address;
use reconcile::graph::{Graph, GraphBuilder};
use reconcile::plan::PlanOptions;
use reconcile::value::{AttributePath, Reference};

/// What is wanted. The order of creation follows from what refers to what; the image is the newest that fits the shape.
fn wanted(compartment: &str, domain: &str) -> Result<Graph, Box<dyn Error>> {
    let (network, web) = (Address::new(vcn::TYPE, "main")?, Address::new(subnet::TYPE, "web")?);
    let (server, linux) = (Address::new(instance::TYPE, "web")?, Address::data(images::TYPE, "linux")?);
    let newest = AttributePath::attribute("images").index(0).name("id");
    let newest = Reference { address: linux.clone(), attribute: newest };
    let vcn = Vcn {
        compartment_id: compartment.into(),
        cidr_blocks: vec![String::from("10.0.0.0/16")].into(),
        dns_label: "campus".into(),
        ..Vcn::default()
    };
    let subnet = Subnet {
        compartment_id: compartment.into(),
        vcn_id: vcn::id(&network).into(),
        cidr_block: "10.0.1.0/24".into(),
        dns_label: "web".into(),
        ..Subnet::default()
    };
    let images = Images {
        compartment_id: compartment.into(),
        shape: "VM.Standard.A1.Flex".into(),
        ..Images::default()
    };
    let source = SourceDetails {
        source_type: "image".into(),
        source_id: Attr::Expr(newest.into()),
        ..SourceDetails::default()
    };
    let instance = Instance {
        compartment_id: compartment.into(),
        availability_domain: domain.into(),
        shape: "VM.Standard.A1.Flex".into(),
        shape_config: ShapeConfig { ocpus: 1.0.into(), memory_in_gbs: 6.0.into(), ..ShapeConfig::default() }
            .into(),
        source_details: source.into(),
        create_vnic_details: VnicDetails { subnet_id: subnet::id(&web).into(), ..VnicDetails::default() }
            .into(),
        ..Instance::default()
    };
    let mut graph = GraphBuilder::default();
    graph.add(vcn.inputs().at(network));
    graph.add(subnet.inputs().at(web));
    graph.add(images.inputs().at(linux));
    graph.add(instance.inputs().at(server.clone()));
    let address: Output<String> = instance::private_ip(&server);
    graph.output("address", address.reference().clone());
    graph.build().map_err(|problems| format!("{problems:?}").into())
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut bench = Bench::new(1).await;
    let domain = bench.cloud.mock.config().place.availability_domains().remove(0);
    let graph = wanted(&bench.cloud.tenancy(), &domain)?;
    let plan = bench.plan(&graph, &PlanOptions::default()).await;
    print!("{plan}");
    let summary = bench.carry_out(&graph, &plan).await;
    println!("{} done, {} failed, {:?}", summary.done, summary.failed.len(), summary.outputs);
    Ok(())
}
