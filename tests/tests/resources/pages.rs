//! A refresh whose lists come in many pages.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use cross_tests::bench::Bench;
use cross_tests::{MockTransport, client_through};
use http::HeaderValue;
use oci_client::sign::Signed;
use oci_client::transport::{AttemptLimits, RawResponse, Transport, TransportError};
use oci_resources::core::network_security_group::{self, NetworkSecurityGroup};
use oci_resources::core::subnet;
use oci_resources::core::vcn;
use oci_resources::driver::Driver;
use oci_resources::network_load_balancer::network_load_balancer::{self as balancer, NetworkLoadBalancer};
use reconcile::graph::GraphBuilder;
use reconcile::plan::PlanOptions;
use serde_json::{Value as Json, json};
use world::BoxFuture;

use crate::{add_network, at};

/// So many items are on a page, whatever limit is asked for; the first page of each list is empty.
const PAGE: usize = 3;

/// Cuts the mock's lists into small pages.
#[derive(Debug)]
struct Pages {
    inner: MockTransport,
    /// What comes on later pages, by the token that asks for them.
    later: Mutex<BTreeMap<String, Vec<Json>>>,
}

impl Pages {
    /// The page that a token asks for, and the token of the next one.
    fn page(&self, token: &str) -> Option<(Vec<Json>, Option<String>)> {
        let mut later = self.later.lock().unwrap();
        let mut items = later.remove(token)?;
        let rest = items.split_off(items.len().min(PAGE));
        Some((items, self.keep(&mut later, rest)))
    }

    fn keep(&self, later: &mut BTreeMap<String, Vec<Json>>, rest: Vec<Json>) -> Option<String> {
        // Such as Oracle's are: with signs that must be escaped.
        let token = format!("tok/+={}", rest.first()?["id"].as_str()?);
        later.insert(token.clone(), rest);
        Some(token)
    }
}

impl Transport for Pages {
    fn send(
        &self,
        signed: Signed,
        limits: AttemptLimits,
    ) -> BoxFuture<'_, Result<RawResponse, TransportError>> {
        Box::pin(async move {
            let target = signed.request().target.clone();
            let is_list = signed.request().method == http::Method::GET;
            let query = target.split_once('?').map(|(_, query)| query).unwrap_or_default();
            let asked = query.split('&').find_map(|pair| pair.strip_prefix("page="));
            let asked = asked.map(|token| token.replace("%2F", "/").replace("%2B", "+").replace("%3D", "="));
            if let Some((items, next)) = asked.as_deref().and_then(|token| self.page(token)) {
                let body = if target.contains("/networkLoadBalancers") {
                    json!({"items": items})
                } else {
                    json!(items)
                };
                let mut response = RawResponse {
                    status: http::StatusCode::OK,
                    headers: http::HeaderMap::new(),
                    body: body.to_string().into(),
                };
                next.map(|next| {
                    response.headers.insert("opc-next-page", HeaderValue::from_str(&next).unwrap())
                });
                return Ok(response);
            }
            let mut response = self.inner.send(signed, limits).await?;
            let body: Json = serde_json::from_slice(&response.body).unwrap_or_default();
            let items = body.as_array().or_else(|| body["items"].as_array());
            if let (true, Some(items)) =
                (is_list, items.filter(|items| items.len() > 1 && items[0]["id"].is_string()))
            {
                let next = self.keep(&mut self.later.lock().unwrap(), items.clone()).unwrap();
                let empty = if body.is_array() { json!([]) } else { json!({"items": []}) };
                response.body = empty.to_string().into();
                response.headers.insert("opc-next-page", HeaderValue::from_str(&next).unwrap());
            }
            Ok(response)
        })
    }
}

#[tokio::test(start_paused = true)]
async fn a_refresh_and_a_rebuilt_state_go_through_all_pages() {
    let mut bench = Bench::new(61).await;
    let tenancy = bench.cloud.tenancy();
    let mut builder = GraphBuilder::default();
    add_network(&tenancy, &mut builder);
    for number in 0..10 {
        let group = NetworkSecurityGroup {
            compartment_id: tenancy.as_str().into(),
            vcn_id: vcn::id(&at(vcn::TYPE, "main")).into(),
            display_name: format!("group {number}").into(),
            ..NetworkSecurityGroup::default()
        };
        builder.add(group.inputs().at(at(network_security_group::TYPE, &format!("n{number}"))));
    }
    for number in 0..5 {
        let site = NetworkLoadBalancer {
            compartment_id: tenancy.as_str().into(),
            display_name: "site".into(),
            subnet_id: subnet::id(&at(subnet::TYPE, "web")).into(),
            ..NetworkLoadBalancer::default()
        };
        builder.add(site.inputs().at(at(balancer::TYPE, &format!("n{number}"))));
    }
    let graph = builder.build().unwrap();
    bench.reach(&graph).await;

    let inner = MockTransport::new(bench.cloud.mock.clone(), Arc::clone(&bench.world));
    let pages = Arc::new(Pages { inner, later: Mutex::default() });
    let client = client_through(&bench.cloud.mock, &bench.world, pages).build();
    bench.driver = Driver::new(client, cross_tests::bench::LINEAGE, vec![tenancy]);
    let before = bench.cloud.mock.requests().len();
    let plan = bench.plan(&graph, &PlanOptions::default()).await;
    assert!(plan.is_empty() && plan.drift().is_empty(), "{plan:#?}");
    // One list a type, of which the mock sees the first page: nothing was read by itself because a page was missed.
    let reads = bench.cloud.mock.requests().len() - before;
    assert_eq!(reads, 4);
    use reconcile::provider::Provider as _;
    for (resource_type, count) in [(network_security_group::TYPE, 10), (balancer::TYPE, 5)] {
        let listed = bench.driver.list(resource_type, cross_tests::bench::LINEAGE).await.unwrap();
        assert_eq!(listed.len(), count);
    }
}
