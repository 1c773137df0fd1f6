//! Brings up a small network on the embedded mock: plan, apply, a second plan that has nothing to do, destroy.
//!
//!     cargo run --release -p examples --bin small_network
//!
//! The same code works on Oracle Cloud Infrastructure with a client over HTTP in place of the embedded cloud.
#![expect(clippy::print_stdout, reason = "an example shows its result")]

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use cross_tests::Cloud;
use oci_resources::core::subnet::{self, Subnet};
use oci_resources::core::vcn::{self, Vcn};
use oci_resources::driver::Driver;
use reconcile::Address;
use reconcile::graph::{Graph, GraphBuilder};
use reconcile::journal::{Holder, Journal, KeySource, Ledger};
use reconcile::plan::{Mode, PlanInput, PlanOptions, plan};
use reconcile::run::{ApplyOptions, Cancel, Context, Silent, apply, refresh};
use reconcile::secret::KeyFile;
use reconcile::store::FileStore;
use world::{RealWorld, World};

/// What is wanted: a VCN, and a private subnet that refers to it. The order of creation follows from the reference.
fn network(compartment: &str) -> Result<Graph, Box<dyn Error>> {
    let main = Address::new(vcn::TYPE, "main")?;
    let vcn = Vcn {
        compartment_id: compartment.into(),
        cidr_blocks: vec![String::from("10.0.0.0/16")].into(),
        dns_label: "campus".into(),
        ..Vcn::default()
    };
    let web = Subnet {
        compartment_id: compartment.into(),
        vcn_id: vcn::id(&main).into(),
        cidr_block: "10.0.1.0/24".into(),
        prohibit_public_ip_on_vnic: true.into(),
        ..Subnet::default()
    };
    let mut graph = GraphBuilder::default();
    graph.add(vcn.inputs().at(main.clone()));
    graph.add(web.inputs().at(Address::new(subnet::TYPE, "web")?));
    graph.output("vcn_id", vcn::id(&main).reference().clone());
    graph.build().map_err(|problems| format!("{problems:?}").into())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let world: Arc<dyn World> = Arc::new(RealWorld::new());
    let cloud = Cloud::new(1, &world);
    let folder = tempfile::tempdir()?;
    let (store, key_file) = (folder.path().join("state.json"), folder.path().join("state.key"));
    let holder = Holder {
        owner: "example".to_owned(),
        host: "localhost".to_owned(),
        pid: std::process::id(),
        reason: "apply".to_owned(),
        lease: Duration::from_secs(120),
    };
    let keys = KeySource::File(KeyFile::new(key_file));
    let mut journal =
        Journal::open(Box::new(FileStore::new(store)), &keys, holder, Arc::clone(&world)).await?;

    let key = journal.key().clone();
    let driver = Driver::new(cloud.client.clone(), "small-network", vec![cloud.tenancy()]);
    let context = Context { provider: &driver, world: &*world, key: &key };
    let graph = network(&cloud.tenancy())?;
    for (title, mode) in [("apply", Mode::Apply), ("apply again", Mode::Apply), ("destroy", Mode::Destroy)] {
        let observed = refresh(context, &graph, journal.state(), true).await;
        let state = journal.state();
        let input = PlanInput { provider: &driver, key: &key, graph: &graph, state, observed: &observed };
        let plan = plan(input, &PlanOptions { mode, ..PlanOptions::default() });
        println!("{title}: {} steps", plan.steps().len());
        for step in plan.steps() {
            println!("  {:?} {}", step.action, step.address);
        }
        let (options, cancel) = (ApplyOptions::default(), Cancel::new());
        let summary = apply(context, &graph, &plan, &mut journal, &options, &mut Silent, &cancel).await?;
        println!("  {} done, {} failed, outputs {:?}", summary.done, summary.failed.len(), summary.outputs);
    }
    Ok(journal.close().await?)
}
