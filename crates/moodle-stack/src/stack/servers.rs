//! The web servers, and their places behind the load balancer.

use std::net::Ipv4Addr;

use oci_resources::attr::Attr;
use oci_resources::core::instance::{
    self, Instance, InstanceOptions, Placement, PlacementShape, SourceDetails, VnicDetails,
};
use oci_resources::core::instance_parts::Metadata;
use oci_resources::network_load_balancer::backend::{self, Backend};
use oci_resources::network_load_balancer::backend_set;
use oci_resources::network_load_balancer::network_load_balancer;
use oci_resources::objectstorage::bucket;
use oci_resources::objectstorage::object::{self, Object};
use reconcile::Address;
use reconcile::value::AttributePath;

use crate::config::{Config, Replace, TlsMode};
use crate::server::versions::{DatabaseKind, Version};
use crate::server::{
    self, Bundle, Database, DatabaseTls, Endpoint, NfsShare, ObjectPlace, Position, Release, SITE_URL_KEY,
    SecretSource, ServerSpec, Site, SiteUrl, Storage, Tls, Updates,
};

use super::balancer::{listeners, url};
use super::build::Build;
use super::names::{self, address, of_server};
use super::{Facts, StackError, Zone};

/// Servers and backends change one after another in the group of this name.
const GROUP: &str = "servers";

/// What the service makes, at least, when the file names no version.
///
/// **Source**: MySQL HeatWave documentation, "Creating a DB system": without a version it is the latest.
const DATABASE_VERSION_LEAST: Version = Version(8, 4, 0);

/// Minutes from one server's updates to the next one's: a restart takes a few.
const UPDATE_SLOT_MINUTES: u16 = 30;

pub(super) fn add(build: &mut Build<'_>) -> Result<(), StackError> {
    build.graph.rolling_group(GROUP, 1);
    let domains = domains(build)?;
    for index in 0..build.config.servers.count {
        add_server(build, index, &domains)?;
        for (set, port) in listeners(build.config).iter().copied() {
            add_backend(build, index, set, port);
        }
    }
    Ok(())
}

/// The availability domains that servers may be in.
fn domains(build: &Build<'_>) -> Result<Vec<String>, StackError> {
    let numbers = &build.config.servers.availability_domains;
    if numbers.is_empty() {
        return Ok(build.facts.availability_domains.clone());
    }
    numbers.iter().map(|number| build.domain("servers.availability_domains", *number)).collect()
}

fn add_server(build: &mut Build<'_>, index: u16, domains: &[String]) -> Result<(), StackError> {
    let (config, name) = (build.config, names::server(index));
    let servers = &config.servers;
    let image = servers.image_id.clone().or_else(|| build.facts.image_id.clone());
    let image = image.ok_or_else(|| StackError::NoImage { shape: servers.shape.clone() })?;
    let (metadata, bundle) = metadata(build, index)?;
    let instance = Instance {
        compartment_id: build.compartment(),
        placement: placement(config, domains, index).into(),
        display_name: build.display(&name),
        source_details: SourceDetails {
            source_type: "image".into(),
            source_id: image.into(),
            boot_volume_size_in_gbs: servers.boot_volume_in_gbs.into(),
            ..SourceDetails::default()
        }
        .into(),
        create_vnic_details: VnicDetails {
            subnet_id: build.subnet(Zone::Web),
            private_ip: private_ip(config, index),
            assign_public_ip: false.into(),
            hostname_label: name.as_str().into(),
            ..VnicDetails::default()
        }
        .into(),
        metadata: metadata.into(),
        // The old metadata service hands out credentials to whoever can make a server fetch a URL.
        instance_options: InstanceOptions { are_legacy_imds_endpoints_disabled: true.into() }.into(),
        freeform_tags: build.tags(),
        defined_tags: build.defined_tags(),
        ..Instance::default()
    };
    let mut node = instance.inputs().at(of_server(instance::TYPE, "web", index)).rolling(GROUP, name);
    node.lifecycle.ignore_changes = ignored(config);
    if let Some(bundle) = bundle {
        let at = of_server(object::TYPE, "boot", index);
        add_bundle(build, at.clone(), bundle);
        node = node.after(at);
    }
    build.graph.add(node);
    Ok(())
}

/// A server's files, in the bucket before the server is there.
fn add_bundle(build: &mut Build<'_>, at: Address, bundle: Bundle) {
    let object = Object {
        namespace: bundle.place.namespace.into(),
        bucket: bundle.place.bucket.into(),
        object: bundle.place.object.into(),
        content: bundle.text.into(),
        content_type: "text/plain".into(),
        ..Object::default()
    };
    build.graph.add(object.inputs().at(at).after(address(bucket::TYPE, "site")));
}

/// What may change without a word: the image when the file leaves the choice to us, and everything that would replace a server
/// when the file says that none is.
fn ignored(config: &Config) -> Vec<AttributePath> {
    let servers = &config.servers;
    if servers.replace == Replace::Never {
        return ["source_details", "placement", "metadata", "create_vnic_details"]
            .map(AttributePath::attribute)
            .into();
    }
    if servers.image_id.is_none() {
        return vec![AttributePath::attribute("source_details").name("source_id")];
    }
    Vec::new()
}

/// Servers begin at different domains, and go on to the next where there is no room.
fn placement(config: &Config, domains: &[String], index: u16) -> Placement {
    let servers = &config.servers;
    let mut domains = domains.to_vec();
    let first = usize::from(index) % domains.len().max(1);
    domains.rotate_left(first);
    let flexible = |shape: &String| PlacementShape {
        shape: shape.as_str().into(),
        ocpus: if shape.ends_with(".Flex") { servers.ocpus.into() } else { Attr::Absent },
        memory_in_gbs: if shape.ends_with(".Flex") { servers.memory_in_gbs.into() } else { Attr::Absent },
    };
    let shapes: Vec<PlacementShape> =
        std::iter::once(&servers.shape).chain(&servers.fallback_shapes).map(flexible).collect();
    Placement {
        availability_domains: domains.into(),
        shapes: shapes.into(),
        spread_group: GROUP.into(),
        ..Placement::default()
    }
}

/// The address of a server, where the subnet is ours: it is the same after a replacement. In a subnet that others use too, the
/// service chooses one that is free.
#[must_use]
pub fn server_address(config: &Config, index: u16) -> Option<Ipv4Addr> {
    if config.network.web_subnet_id.is_some() {
        return None;
    }
    let range = config.network.web_cidr;
    // The first two addresses are the service's. A large subnet leaves some more for what may come.
    let first: u32 = if range.prefix_len() <= 24 { 10 } else { 2 };
    Some(Ipv4Addr::from(u32::from(range.network()) + first + u32::from(index)))
}

fn private_ip(config: &Config, index: u16) -> Attr<String> {
    server_address(config, index).map_or(Attr::Absent, |address| address.to_string().into())
}

/// A server's metadata, and its files where there is no room for them.
fn metadata(build: &Build<'_>, index: u16) -> Result<(Metadata, Option<Bundle>), StackError> {
    let config = build.config;
    let keys = config.servers.ssh_authorized_keys.join("\n");
    let mut others = std::collections::BTreeMap::new();
    let mut other_bytes = keys.len() + "ssh_authorized_keys".len();
    if config.site.hostname.is_none() {
        others.insert(SITE_URL_KEY.to_owned(), Attr::<String>::Expr(url(config)));
        // `https://` and an address.
        other_bytes += SITE_URL_KEY.len() + 8 + 15;
    }
    let rendered = server::render(&spec(build, index)?)?;
    let place = place(build, names::BOOT_PREFIX.to_owned());
    let user_data = server::user_data(&rendered, other_bytes)
        .or_else(|_| server::user_data_with_bundle(&rendered, &place, other_bytes))?;
    let metadata = Metadata {
        ssh_authorized_keys: if keys.is_empty() { Attr::Absent } else { keys.into() },
        user_data: user_data.base64.into(),
        others,
    };
    Ok((metadata, user_data.bundle))
}

/// An object in the bucket of the site.
fn place(build: &Build<'_>, object: String) -> ObjectPlace {
    ObjectPlace { namespace: build.facts.namespace.clone(), bucket: names::bucket(build.config), object }
}

/// What runs on the server with this index, counted from 0.
///
/// # Errors
/// When the names that it must find others by do not follow from the file and the facts.
pub fn server_spec(config: &Config, facts: &Facts, index: u16) -> Result<ServerSpec, StackError> {
    spec(&Build::new(config, facts), index)
}

fn spec(build: &Build<'_>, index: u16) -> Result<ServerSpec, StackError> {
    let config = build.config;
    let endpoint = |label| build.host(label, Zone::Database).map(|host| Endpoint { host, port: 3306 });
    let database = &config.database;
    Ok(ServerSpec {
        name: names::server(index),
        position: Position { index, count: config.servers.count },
        release: Release {
            application: config.site.application,
            version: config.version().to_owned(),
            sha256: config.site.sha256.clone(),
        },
        php: config.site.php,
        site: site(config),
        database: Database {
            kind: DatabaseKind::MySql,
            version: database.version.as_deref().and_then(Version::parse).unwrap_or(DATABASE_VERSION_LEAST),
            primary: endpoint(names::DATABASE_LABEL)?,
            // Always, so that replicas come and go without a new server.
            read: Some(endpoint(names::READ_LABEL)?),
            schema: database.schema.clone(),
            user: database.user.clone(),
            admin_user: database.admin_user.clone(),
            tls: DatabaseTls::Require,
        },
        storage: Storage {
            nfs: Some(NfsShare {
                host: build.host(names::STORAGE_LABEL, Zone::Storage)?,
                path: names::EXPORT_PATH.to_owned(),
            }),
            mount_point: "/srv/site".to_owned(),
        },
        tls: tls(config),
        secrets: SecretSource::Object(place(build, names::SECRETS_OBJECT.to_owned())),
        report: Some(place(build, names::report_object(index))),
        updates: Updates {
            automatic: config.servers.automatic_updates,
            hour: config.servers.update_hour,
            slot_minutes: UPDATE_SLOT_MINUTES,
        },
    })
}

fn site(config: &Config) -> Site {
    let site = &config.site;
    let scheme = if config.tls.mode == TlsMode::Off { "http" } else { "https" };
    Site {
        url: match &site.hostname {
            Some(host) => SiteUrl::Known(format!("{scheme}://{host}")),
            None => SiteUrl::Metadata,
        },
        full_name: site.full_name.clone().unwrap_or_else(|| site.name.clone()),
        short_name: site.short_name.clone().unwrap_or_else(|| site.name.clone()),
        language: site.language.clone(),
        admin_user: site.admin_user.clone(),
        admin_email: site.admin_email.clone(),
    }
}

fn tls(config: &Config) -> Tls {
    let tls = &config.tls;
    match tls.mode {
        TlsMode::Off => Tls::Off,
        TlsMode::Files => Tls::Given { hsts: tls.hsts },
        TlsMode::Acme => Tls::Acme {
            directory: tls.directory.clone(),
            email: tls.email.clone().unwrap_or_else(|| config.site.admin_email.clone()),
            hsts: tls.hsts,
        },
    }
}

/// A server's place in a backend set. It goes before its server does, and waits there until what has begun is over.
///
/// It names the address and not the instance: a set with an instance in it that somebody has terminated could not be changed.
fn add_backend(build: &mut Build<'_>, index: u16, set: &str, port: u16) {
    let (name, server) = (names::server(index), of_server(instance::TYPE, "web", index));
    let ip_address = match private_ip(build.config, index) {
        Attr::Absent => instance::private_ip(&server).into(),
        chosen => chosen,
    };
    let backend = Backend {
        network_load_balancer_id: network_load_balancer::id(&address(network_load_balancer::TYPE, "site"))
            .into(),
        backend_set_name: backend_set::name(&address(backend_set::TYPE, set)).into(),
        name: name.as_str().into(),
        ip_address,
        port: i64::from(port).into(),
        drain_seconds: i64::from(build.config.servers.drain_in_seconds).into(),
        ..Backend::default()
    };
    let at = of_server(backend::TYPE, set, index);
    let mut node = backend.inputs().at(at).rolling(GROUP, name).after(server.clone());
    node.lifecycle.replace_when = vec![instance::id(&server).reference().clone()];
    build.graph.add(node);
}
