//! What the load balancer asks of the servers, and what it finds.

use std::collections::BTreeMap;

use oci_client::services::network_load_balancer::models;
use oci_client::services::network_load_balancer::operations::{GetBackendHealth, GetNetworkLoadBalancer};
use world::BoxFuture;

use super::super::evidence::{Backend, BackendSet, HealthCheck};
use super::said;
use crate::reads::{Reads, all, words};
use crate::status::Look;

pub(super) async fn read(reads: &Reads, id: Option<&str>) -> Look<BTreeMap<String, BackendSet>> {
    let Some(id) = id else { return Look::None };
    let found = reads.value(&GetNetworkLoadBalancer::new(id)).await;
    let sets = found.map(|found| found.backend_sets.unwrap_or_default());
    let sets = match sets {
        Ok(sets) => sets,
        Err(error) => return Look::of(Err(error)),
    };
    let sets = sets.into_iter().map(|(name, found)| -> BoxFuture<'_, (String, BackendSet)> {
        Box::pin(async move {
            let set = set(reads, id, &name, found).await;
            (name, set)
        })
    });
    Look::Seen(all(sets).await.into_iter().collect())
}

async fn set(reads: &Reads, id: &str, name: &str, found: models::BackendSet) -> BackendSet {
    let backends = found.backends.unwrap_or_default();
    let backends = backends
        .into_iter()
        .map(|found| -> BoxFuture<'_, Backend> { Box::pin(backend(reads, id, name, found)) });
    BackendSet { check: found.health_checker.map(check).unwrap_or_default(), backends: all(backends).await }
}

fn check(found: models::HealthChecker) -> HealthCheck {
    HealthCheck {
        protocol: said(found.protocol.as_ref().map(|protocol| protocol.as_str())),
        port: found.port,
        path: found.url_path,
        expects: found.return_code,
    }
}

async fn backend(reads: &Reads, id: &str, set: &str, found: models::Backend) -> Backend {
    let name = found.name.unwrap_or_default();
    let health = reads.value(&GetBackendHealth::new(id, set, name.clone())).await;
    let (status, mut results, trouble) = match health {
        Ok(health) => {
            let status = said(health.status.as_ref().map(|status| status.as_str()));
            (status, health.health_check_results.unwrap_or_default(), None)
        }
        Err(error) => ("UNKNOWN".to_owned(), Vec::new(), Some(words(&error))),
    };
    // The newest first. The service does not promise an order.
    results.sort_by_key(|result| std::cmp::Reverse(result.timestamp.as_ref().map(|at| at.unix_seconds())));
    Backend {
        address: found.ip_address.unwrap_or_default(),
        status,
        results: results
            .into_iter()
            .filter_map(|result| result.health_check_status)
            .map(|status| status.as_str().to_owned())
            .collect(),
        trouble,
        is_drained: found.is_drain == Some(true),
        is_offline: found.is_offline == Some(true),
        name,
    }
}
