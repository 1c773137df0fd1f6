//! What the graph must know of the cloud and cannot choose.

use std::collections::BTreeMap;

use oci_client::client::Client;
use oci_client::credentials::CredentialError;
use oci_client::page::PageLimits;
use oci_client::services::core::operations::{GetSubnet, GetVcn, ListImages, ListServices};
use oci_client::services::identity::operations::ListAvailabilityDomains;
use oci_client::services::object_storage::operations::GetNamespace;
use serde::{Deserialize, Serialize};

use crate::config::Config;

use super::Zone;

/// What the graph must know of the cloud and cannot choose. It changes rarely: what was asked once can be kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// The compartment that everything is in.
    pub compartment_id: String,
    /// The tenancy, as far as the caller's credentials or the file say it.
    #[serde(default)]
    pub tenancy_id: Option<String>,
    /// The region's name, as far as the caller's credentials or the file say it.
    pub region: Option<String>,
    /// The availability domains of the region, by their numbers: the first is number 1.
    pub availability_domains: Vec<String>,
    /// The tenancy's namespace in Object Storage.
    pub namespace: String,
    /// The OCID of "all services" of Oracle's in this region.
    pub services_id: String,
    /// The label that routes name those services by.
    pub services_label: String,
    /// The newest image of Oracle Linux 9 for the shape, unless the file names one.
    pub image_id: Option<String>,
    /// The DNS labels of the VCN and the subnets that the file names, by OCID. Those that are made get their labels from us.
    #[serde(default)]
    pub dns_labels: BTreeMap<String, String>,
}

/// The cloud cannot be asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FactsError {
    /// There are no credentials.
    #[error("could not find out who is calling")]
    Credentials(#[from] CredentialError),
    /// A request failed.
    #[error("could not ask for {what}")]
    Request {
        /// What was asked for.
        what: &'static str,
        /// What came of it.
        #[source]
        source: oci_client::error::Error,
    },
    /// Neither the file nor the credentials name a compartment.
    #[error(
        "no compartment is named, and the credentials do not tell the tenancy: set `cloud.compartment_id`"
    )]
    NoCompartment,
    /// The service did not tell something that it always tells.
    #[error("the answer about {0} is not complete")]
    Incomplete(&'static str),
}

impl Facts {
    /// Asks, with four requests side by side.
    ///
    /// # Errors
    /// [`FactsError`].
    ///
    /// # Cancel safety
    /// It only reads, and may be dropped at any await.
    pub async fn ask(client: &Client, config: &Config) -> Result<Self, FactsError> {
        let caller = client.whoami().await?;
        let root = caller.tenancy.clone();
        let compartment_id = config.cloud.compartment_id.clone().or_else(|| root.clone());
        let compartment_id = compartment_id.ok_or(FactsError::NoCompartment)?;
        let is_tenancy = |id: &&String| id.starts_with("ocid1.tenancy.");
        let tenancy_id = root.clone().or_else(|| Some(&compartment_id).filter(is_tenancy).cloned());
        // Domains and images are the tenancy's; any compartment of it gives the same answer.
        let tenancy = root.unwrap_or_else(|| compartment_id.clone());
        let failed = |what| move |source| FactsError::Request { what, source };
        let dns_labels = dns_labels(client, config).await?;
        let mut images = ListImages::new(tenancy.clone());
        images.operating_system = Some("Oracle Linux".to_owned());
        images.operating_system_version = Some("9".to_owned());
        images.shape = Some(config.servers.shape.clone());
        let (domains, services, domain_call, namespace_call) = (
            ListAvailabilityDomains::new(tenancy),
            ListServices::new(),
            "the availability domains",
            "the namespace of Object Storage",
        );
        let images = async {
            if config.servers.image_id.is_some() {
                Ok(Vec::new())
            } else {
                client.list(images, PageLimits::default()).await
            }
        };
        let namespace = GetNamespace::new();
        let (domains, namespace, services, images) = tokio::join!(
            client.call(&domains),
            client.call(&namespace),
            client.list(services, PageLimits::default()),
            images
        );
        let domains = domains.map_err(failed(domain_call))?.value;
        let mut availability_domains: Vec<String> =
            domains.into_iter().filter_map(|domain| domain.name).collect();
        availability_domains.sort();
        let services = services.map_err(failed("Oracle's services in the region"))?;
        let all = services
            .into_iter()
            .find(|service| service.cidr_block.as_deref().is_some_and(|label| label.starts_with("all-")));
        let (services_id, services_label) = all
            .and_then(|all| all.id.zip(all.cidr_block))
            .ok_or(FactsError::Incomplete("Oracle's services in the region"))?;
        let images = images.map_err(failed("images of Oracle Linux 9"))?;
        let newest =
            images.into_iter().max_by_key(|image| image.time_created.as_ref().map(ToString::to_string));
        Ok(Self {
            compartment_id,
            tenancy_id,
            region: config.cloud.region.clone().or(caller.region),
            availability_domains,
            namespace: namespace.map_err(failed(namespace_call))?.value,
            services_id,
            services_label,
            image_id: newest.and_then(|image| image.id),
            dns_labels,
        })
    }
}

/// The DNS labels of what the file names. What has none is left out.
async fn dns_labels(client: &Client, config: &Config) -> Result<BTreeMap<String, String>, FactsError> {
    let mut labels = BTreeMap::new();
    if let Some(id) = &config.network.vcn_id {
        let failed = |source| FactsError::Request { what: "the VCN that the file names", source };
        let vcn = client.call(&GetVcn::new(id.clone())).await.map_err(failed)?.value;
        labels.extend(vcn.dns_label.map(|label| (id.clone(), label)));
    }
    for id in Zone::ALL.iter().filter_map(|zone| zone.existing_subnet(config)) {
        let failed = |source| FactsError::Request { what: "a subnet that the file names", source };
        let subnet = client.call(&GetSubnet::new(id.to_owned())).await.map_err(failed)?.value;
        labels.extend(subnet.dns_label.map(|label| (id.to_owned(), label)));
    }
    Ok(labels)
}
