//! Where a request goes: the host of each service in each region, and what may replace it.
//!
//! The answer is an *origin*, scheme and authority without a path: operations carry the API version in their
//! own path. An origin comes from, in this order: an override for the client, an override for all services,
//! the service's template and the region.
//!
//! # Source
//! The templates are those of Oracle's Python SDK 2.189.0 (`schemas/oci-api`); how they are filled in is read
//! off its `base_client.py` and `regions.py`.

use std::collections::BTreeMap;

use world::World;

use crate::region::Region;

/// How the host of one client is made.
#[derive(Debug, PartialEq, Eq)]
pub struct ServiceEndpoint {
    /// The service, as in [`crate::operation::OperationSpec::service`].
    pub service: &'static str,
    /// Oracle's client, as in [`crate::operation::OperationSpec::client`].
    pub client: &'static str,
    /// The host, with `{region}`, `{secondLevelDomain}` and `{dualStack?with:without}` to fill in.
    pub template: &'static str,
    /// Templates of certain realms, used only when [`Endpoints::realm_specific`] is on.
    pub realm_templates: &'static [(&'static str, &'static str)],
    /// Whether the region alone tells the host. If not, another resource does (a vault its management
    /// endpoint), and an override must be given.
    pub regional: bool,
}

const fn regional(service: &'static str, client: &'static str, template: &'static str) -> ServiceEndpoint {
    ServiceEndpoint { service, client, template, realm_templates: &[], regional: true }
}

const IAAS: &str = "https://iaas.{region}.{dualStack?ds.oci.:}{secondLevelDomain}";
const MYSQL: &str = "https://mysql.{region}.ocp.{secondLevelDomain}";

/// Every client that we know, by service and name. A test compares it with `schemas/oci-api`.
pub const SERVICES: &[ServiceEndpoint] = &[
    regional("bastion", "BastionClient", "https://bastion.{region}.oci.{secondLevelDomain}"),
    regional("core", "BlockstorageClient", IAAS),
    regional("core", "ComputeClient", IAAS),
    regional("core", "VirtualNetworkClient", IAAS),
    regional(
        "file_storage",
        "FileStorageClient",
        "https://filestorage.{region}.{dualStack?ds.:}oci.{secondLevelDomain}",
    ),
    regional("identity", "IdentityClient", "https://identity.{region}.oci.{secondLevelDomain}"),
    ServiceEndpoint {
        regional: false,
        ..regional("key_management", "KmsManagementClient", "https://kms.{region}.{secondLevelDomain}")
    },
    regional("key_management", "KmsVaultClient", "https://kms.{region}.{secondLevelDomain}"),
    regional("limits", "LimitsClient", "https://limits.{region}.oci.{secondLevelDomain}"),
    regional("monitoring", "MonitoringClient", "https://telemetry.{region}.{secondLevelDomain}"),
    regional("mysql", "DbBackupsClient", MYSQL),
    regional("mysql", "DbSystemClient", MYSQL),
    regional("mysql", "MysqlaasClient", MYSQL),
    regional("mysql", "ReplicasClient", MYSQL),
    regional("mysql", "WorkRequestsClient", MYSQL),
    regional(
        "network_load_balancer",
        "NetworkLoadBalancerClient",
        "https://network-load-balancer-api.{region}.oci.{secondLevelDomain}",
    ),
    ServiceEndpoint {
        realm_templates: &[(
            "oc1",
            "https://{namespaceName+Dot}objectstorage.{region}.{dualStack?ds.:}oci.customer-oci.com",
        )],
        ..regional(
            "object_storage",
            "ObjectStorageClient",
            "https://objectstorage.{region}.{dualStack?ds.oci.:}{secondLevelDomain}",
        )
    },
    regional("secrets", "SecretsClient", "https://secrets.vaults.{region}.oci.{secondLevelDomain}"),
    regional("vault", "VaultsClient", "https://vaults.{region}.oci.{secondLevelDomain}"),
    regional("work_requests", "WorkRequestClient", "https://iaas.{region}.{secondLevelDomain}"),
];

/// The service that exchanges certificates and tokens. No operation of ours calls it, only the credentials do.
pub(crate) const AUTH: ServiceEndpoint =
    regional("auth", "AuthClient", "https://auth.{region}.{secondLevelDomain}");

/// The facts of one client.
#[must_use]
pub fn service_endpoint(service: &str, client: &str) -> Option<&'static ServiceEndpoint> {
    SERVICES.iter().find(|known| known.service == service && known.client == client)
}

/// The scheme and authority of an endpoint that the user gave, without a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin(String);

impl Origin {
    /// Reads an endpoint such as `http://127.0.0.1:8080` or `https://iaas.example.com/`.
    ///
    /// # Errors
    /// [`EndpointError`] if it has another scheme, a path, a query, or a user name.
    pub fn parse(text: &str) -> Result<Self, EndpointError> {
        let invalid = |reason| {
            // Whatever stands before an `@` may be a password.
            let shown = text.rsplit_once('@').map_or(text, |(_, host)| host);
            EndpointError::Invalid { endpoint: shown.to_owned(), reason }
        };
        let (scheme, rest) = text.trim().split_once("://").ok_or_else(|| invalid("it has no scheme"))?;
        let scheme = scheme.to_ascii_lowercase();
        if scheme != "http" && scheme != "https" {
            return Err(invalid("its scheme is neither `http` nor `https`"));
        }
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        if authority.contains(['/', '?', '#']) {
            return Err(invalid("it has a path, and every operation brings its own"));
        }
        if authority.contains('@') {
            return Err(invalid("it has a user name, and requests are signed instead"));
        }
        let (host, port) = split_port(authority);
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._[]:%".contains(&byte);
        if host.is_empty() || !host.bytes().all(plain) || (host.contains(':') && !host.starts_with('[')) {
            return Err(invalid("it has no valid host"));
        }
        if port.is_some_and(|port| port.parse::<u16>().is_err()) {
            return Err(invalid("its port is not a number up to 65535"));
        }
        Ok(Self(format!("{scheme}://{}", authority.to_ascii_lowercase())))
    }

    /// Scheme and authority.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Host and port; colons inside the brackets of an IPv6 address belong to the host.
fn split_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (authority, None),
    }
}

/// The endpoint of a service cannot be told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EndpointError {
    /// An endpoint given by the user is no origin.
    #[error(
        "`{endpoint}` cannot be an endpoint: {reason}; write it like `https://host` or `http://host:port`"
    )]
    Invalid {
        /// As it was given, without a user name.
        endpoint: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The list of overrides cannot be read.
    #[error("`{part}` in {origin} is not `oci_SERVICE.CLIENT=ENDPOINT`")]
    InvalidOverride {
        /// The part that is wrong.
        part: String,
        /// Where the list stands.
        origin: &'static str,
    },
    /// Neither a region nor an override.
    #[error("no region is known for {client}; set `region` in the profile, or OCI_REGION")]
    NoRegion {
        /// The client.
        client: String,
    },
    /// A client that we do not know, and no override for it.
    #[error("the client {client} of the service {service} is not known, and no endpoint was given for it")]
    UnknownClient {
        /// The service.
        service: String,
        /// The client.
        client: String,
    },
    /// The host depends on another resource, and no override was given.
    #[error(
        "the endpoint of {client} belongs to a resource and must be given (for keys, the vault's management endpoint)"
    )]
    NotRegional {
        /// The client.
        client: String,
    },
}

/// Everything that decides where requests go, except the operation itself.
#[derive(Clone, Debug, Default)]
pub struct Endpoints {
    region: Option<Region>,
    for_all: Option<Origin>,
    /// By service and client.
    for_client: BTreeMap<(String, String), Origin>,
    dual_stack: bool,
    realm_specific: bool,
}

impl Endpoints {
    /// The usual hosts of `region`, without reading the environment.
    #[must_use]
    pub fn of_region(region: Region) -> Self {
        Self { region: Some(region), ..Self::default() }
    }

    /// The usual hosts of `region`, with what the environment says:
    ///
    /// - `OCI_CLI_ENDPOINT`: an endpoint for all services;
    /// - `CLIENT_HOST_OVERRIDES`: `oci_core.ComputeClient=http://host:port;…`, as for Oracle's Terraform provider;
    /// - `OCI_DUAL_STACK_ENDPOINT_ENABLED=true`: hosts that answer over IPv6 as well, where there are such;
    /// - `OCI_REALM_SPECIFIC_SERVICE_ENDPOINT_TEMPLATE_ENABLED=true`: hosts of the realm, where there are such.
    ///
    /// # Errors
    /// [`EndpointError`] if an endpoint in the environment cannot be one.
    pub fn from_environment(world: &dyn World, region: Option<Region>) -> Result<Self, EndpointError> {
        let variable = |name: &str| world.env_var(name).filter(|value| !value.trim().is_empty());
        let is_on = |name: &str| variable(name).is_some_and(|value| value.eq_ignore_ascii_case("true"));
        let endpoints = Self {
            region,
            for_all: variable("OCI_CLI_ENDPOINT").map(|text| Origin::parse(&text)).transpose()?,
            for_client: BTreeMap::new(),
            dual_stack: is_on("OCI_DUAL_STACK_ENDPOINT_ENABLED"),
            realm_specific: is_on("OCI_REALM_SPECIFIC_SERVICE_ENDPOINT_TEMPLATE_ENABLED"),
        };
        match variable("CLIENT_HOST_OVERRIDES") {
            Some(list) => endpoints.with_overrides("CLIENT_HOST_OVERRIDES", &list),
            None => Ok(endpoints),
        }
    }

    /// Sends every service to `origin`.
    #[must_use]
    pub fn all_at(self, origin: Origin) -> Self {
        Self { for_all: Some(origin), ..self }
    }

    /// Sends one client to `origin`, whatever holds for the others.
    #[must_use]
    pub fn client_at(mut self, service: &str, client: &str, origin: Origin) -> Self {
        self.for_client.insert((service.to_owned(), client.to_owned()), origin);
        self
    }

    /// Whether to use hosts that answer over IPv6 as well, where a service has them.
    #[must_use]
    pub fn dual_stack(self, dual_stack: bool) -> Self {
        Self { dual_stack, ..self }
    }

    /// Whether to use the hosts that a service has for certain realms.
    #[must_use]
    pub fn realm_specific(self, realm_specific: bool) -> Self {
        Self { realm_specific, ..self }
    }

    /// The region whose hosts are used where no override says otherwise.
    #[must_use]
    pub fn region(&self) -> Option<&Region> {
        self.region.as_ref()
    }

    /// The same settings for another region.
    #[must_use]
    pub fn in_region(&self, region: Region) -> Self {
        Self { region: Some(region), ..self.clone() }
    }

    /// Where the requests of `client` go. `parameters` are the operation's path parameters, which a few hosts
    /// contain (Object Storage's the namespace, when realm-specific hosts are on).
    ///
    /// # Errors
    /// [`EndpointError`] if there is neither an override nor a region, or the region does not tell.
    pub fn origin(
        &self,
        service: &str,
        client: &str,
        parameters: &[(&str, &str)],
    ) -> Result<String, EndpointError> {
        let key = (service.to_owned(), client.to_owned());
        if let Some(origin) = self.for_client.get(&key).or(self.for_all.as_ref()) {
            return Ok(origin.0.clone());
        }
        let (service, client) = key;
        let Some(known) = service_endpoint(&service, &client) else {
            return Err(EndpointError::UnknownClient { service, client });
        };
        if !known.regional {
            return Err(EndpointError::NotRegional { client });
        }
        let Some(region) = &self.region else {
            return Err(EndpointError::NoRegion { client });
        };
        Ok(self.fill(known, region, parameters))
    }

    /// The auth service of the region.
    pub(crate) fn auth_origin(&self) -> Result<String, EndpointError> {
        match (&self.for_all, &self.region) {
            (Some(origin), _) => Ok(origin.0.clone()),
            (None, Some(region)) => Ok(self.fill(&AUTH, region, &[])),
            (None, None) => Err(EndpointError::NoRegion { client: AUTH.client.to_owned() }),
        }
    }

    fn fill(&self, known: &ServiceEndpoint, region: &Region, parameters: &[(&str, &str)]) -> String {
        if region.is_domain() {
            // The region is a whole domain: it follows what stands before the region in the template.
            let prefix = known.template.split("{region}").next().unwrap_or_default();
            return format!("{prefix}{}", region.name());
        }
        let of_realm = known.realm_templates.iter().find(|(realm, _)| Some(*realm) == region.realm());
        let template = match of_realm {
            Some((_, template)) if self.realm_specific => template,
            _ => known.template,
        };
        let mut origin = String::with_capacity(template.len() + 32);
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').expect("a test reads every template");
            origin.push_str(before);
            origin.push_str(&self.placeholder(name, region, parameters));
            rest = after;
        }
        origin.push_str(rest);
        origin
    }

    fn placeholder(&self, name: &str, region: &Region, parameters: &[(&str, &str)]) -> String {
        if let Some(sides) = name.strip_prefix("dualStack?") {
            let (with, without) = sides.split_once(':').unwrap_or((sides, ""));
            return if self.dual_stack { with } else { without }.to_owned();
        }
        let (parameter, dot) = match name.strip_suffix("+Dot") {
            Some(parameter) => (parameter, "."),
            None => (name, ""),
        };
        match parameter {
            "region" => region.name().to_owned(),
            "secondLevelDomain" => region.second_level_domain().to_owned(),
            _ => {
                let value = parameters.iter().find(|(known, _)| *known == parameter);
                // Only what can stand in a host name goes there; the path holds the parameter in any case.
                let fits = |text: &str| {
                    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
                };
                match value {
                    Some((_, value)) if fits(value) => format!("{value}{dot}"),
                    _ => String::new(),
                }
            }
        }
    }

    fn with_overrides(mut self, origin: &'static str, list: &str) -> Result<Self, EndpointError> {
        for part in list.split([';', ',']).map(str::trim).filter(|part| !part.is_empty()) {
            let parsed = part.split_once('=').and_then(|(name, endpoint)| {
                let (service, client) = name.trim().strip_prefix("oci_")?.split_once('.')?;
                Some((service, client, endpoint.trim()))
            });
            let Some((service, client, endpoint)) = parsed else {
                return Err(EndpointError::InvalidOverride { part: part.to_owned(), origin });
            };
            // Oracle's Go SDK takes a host without a scheme to be `https`.
            let endpoint = if endpoint.contains("://") {
                Origin::parse(endpoint)?
            } else {
                Origin::parse(&format!("https://{endpoint}"))?
            };
            self = self.client_at(service, client, endpoint);
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use world::TestWorld;

    use super::*;
    use crate::region::Regions;

    fn frankfurt() -> Endpoints {
        Endpoints::of_region(Regions::built_in().resolve("fra"))
    }

    fn core(endpoints: &Endpoints) -> String {
        endpoints.origin("core", "ComputeClient", &[]).unwrap()
    }

    #[test]
    fn every_placeholder_of_every_template_is_known() {
        for known in SERVICES {
            for template in
                known.realm_templates.iter().map(|(_, template)| template).chain([&known.template])
            {
                let names = template.split('{').skip(1).map(|rest| rest.split_once('}').unwrap().0);
                for name in names {
                    let expected = name.starts_with("dualStack?")
                        || ["region", "secondLevelDomain", "namespaceName+Dot"].contains(&name);
                    assert!(expected, "{name} in {template}");
                }
            }
        }
    }

    #[test]
    fn an_endpoint_is_a_scheme_and_an_authority() {
        for (text, expected) in [
            ("https://host", "https://host"),
            ("HTTP://Host:8080/", "http://host:8080"),
            (" http://127.0.0.1:1 ", "http://127.0.0.1:1"),
            ("http://[::1]:8080", "http://[::1]:8080"),
            ("http://[::1]", "http://[::1]"),
        ] {
            assert_eq!(Origin::parse(text).unwrap().as_str(), expected, "{text}");
        }
        for text in [
            "",
            "host",
            "host:80",
            "ftp://host",
            "https://",
            "https:///",
            "https://host/20160918",
            "https://host//",
            "https://host?x",
            "https://host#x",
            "https://user:canary@host",
            "https://host:x",
            "https://host:65536",
            "https://ho st",
            "https://::1",
            "https://host:",
        ] {
            let error = Origin::parse(text).unwrap_err().to_string();
            assert!(!error.contains("canary"), "{error}");
        }
        assert_eq!(
            Origin::parse("https://host/20160918").unwrap_err().to_string(),
            "`https://host/20160918` cannot be an endpoint: it has a path, and every operation brings its own; \
             write it like `https://host` or `http://host:port`"
        );
    }

    #[test]
    fn an_override_for_a_client_goes_before_one_for_all() {
        let all = Origin::parse("http://all:1").unwrap();
        let one = Origin::parse("http://one:2").unwrap();
        let endpoints = frankfurt().all_at(all).client_at("core", "ComputeClient", one);
        assert_eq!(core(&endpoints), "http://one:2");
        assert_eq!(endpoints.origin("identity", "IdentityClient", &[]).unwrap(), "http://all:1");
        assert_eq!(endpoints.origin("other", "UnknownClient", &[]).unwrap(), "http://all:1");
        assert_eq!(endpoints.auth_origin().unwrap(), "http://all:1");
    }

    #[test]
    fn what_the_region_does_not_tell_is_an_error() {
        let message = |result: Result<String, EndpointError>| result.unwrap_err().to_string();
        assert!(message(Endpoints::default().origin("core", "ComputeClient", &[])).contains("OCI_REGION"));
        assert!(message(frankfurt().origin("core", "Unknown", &[])).contains("Unknown"));
        assert!(message(frankfurt().origin("key_management", "KmsManagementClient", &[])).contains("vault"));
    }

    #[test]
    fn the_namespace_stands_in_the_host_only_if_it_can() {
        let endpoints = frankfurt().realm_specific(true);
        let origin = |parameters: &[(&str, &str)]| {
            endpoints.origin("object_storage", "ObjectStorageClient", parameters).unwrap()
        };
        let plain = "https://objectstorage.eu-frankfurt-1.oci.customer-oci.com";
        assert_eq!(origin(&[("namespaceName", "ns1")]), plain.replace("https://", "https://ns1."));
        assert_eq!(origin(&[]), plain);
        assert_eq!(origin(&[("namespaceName", "evil.example/")]), plain);
    }

    #[tokio::test]
    async fn the_environment_can_override_clients_and_switch_hosts() {
        let world = |name: &str, value: &str| TestWorld::new(DateTime::UNIX_EPOCH, 1).with_env(name, value);
        let region = || Some(Regions::built_in().resolve("fra"));
        let read = |name: &str, value: &str| Endpoints::from_environment(&world(name, value), region());

        let list = "oci_identity.IdentityClient=http://i:1; oci_core.ComputeClient = c.example ;";
        let endpoints = read("CLIENT_HOST_OVERRIDES", list).unwrap();
        assert_eq!(core(&endpoints), "https://c.example");
        assert_eq!(endpoints.origin("identity", "IdentityClient", &[]).unwrap(), "http://i:1");

        let endpoints = read("OCI_DUAL_STACK_ENDPOINT_ENABLED", "True").unwrap();
        assert_eq!(core(&endpoints), "https://iaas.eu-frankfurt-1.ds.oci.oraclecloud.com");
        assert_eq!(core(&read("OCI_CLI_ENDPOINT", "http://m:1").unwrap()), "http://m:1");

        for wrong in ["oci_core.ComputeClient", "core.ComputeClient=http://h", "oci_core=http://h"] {
            let error = read("CLIENT_HOST_OVERRIDES", wrong).unwrap_err();
            assert!(matches!(error, EndpointError::InvalidOverride { .. }), "{error}");
        }
        assert!(read("CLIENT_HOST_OVERRIDES", "oci_core.ComputeClient=http://h/path").is_err());
    }
}
