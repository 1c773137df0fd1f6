//! What there is to see.

use serde::Serialize;

use crate::config::{Config, TlsMode};
use crate::stack::{Conversation, Peer, Ports, Zone, conversations, names};

/// Everything that the picture shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Scene {
    /// What it is a picture of.
    pub title: String,
    /// What holds other things, outer ones first.
    pub groups: Vec<Group>,
    /// What does something.
    pub things: Vec<Thing>,
    /// Who talks to whom.
    pub links: Vec<Link>,
}

/// Something that holds other things.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Group {
    /// Its name in the picture.
    pub id: String,
    /// What it is.
    pub kind: GroupKind,
    /// What is written on it.
    pub title: String,
    /// What else there is to say about it.
    pub details: Vec<String>,
    /// The group that it is in.
    pub inside: Option<String>,
}

/// What a group is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupKind {
    /// A region of Oracle's cloud.
    Region,
    /// The network.
    Vcn,
    /// A subnet with public addresses.
    PublicSubnet,
    /// A subnet without.
    PrivateSubnet,
    /// An availability or fault domain.
    Domain,
    /// What belongs together.
    Cluster,
    /// Services outside the network.
    Services,
}

/// Something that does something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Thing {
    /// Its name in the picture.
    pub id: String,
    /// What it is.
    pub kind: ThingKind,
    /// What is written on it.
    pub title: String,
    /// What else there is to say about it.
    pub details: Vec<String>,
    /// The group that it is in.
    pub inside: Option<String>,
}

/// What a thing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ThingKind {
    /// People, and what is not the stack's own.
    Outside,
    /// A way out of the network or into it.
    Gateway,
    /// The load balancer.
    Balancer,
    /// A web server.
    Server,
    /// An instance of the database.
    Database,
    /// Something that keeps files.
    Storage,
    /// Stands for several that are not drawn one by one.
    More,
}

/// Somebody talks to somebody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Link {
    /// Who begins: a thing or a group.
    pub from: String,
    /// Who answers.
    pub to: String,
    /// Protocol and ports.
    pub ports: String,
    /// What for.
    pub purpose: String,
}

/// More of one kind in one place are not drawn one by one.
const SHOWN_MAX: usize = 8;

impl Scene {
    /// The scene of a stack. `domains` is how many availability domains the region has, if that is known.
    #[must_use]
    pub fn of(config: &Config, domains: Option<usize>) -> Self {
        let mut scene =
            Self { title: title(config), groups: Vec::new(), things: Vec::new(), links: Vec::new() };
        scene.add_outside(config);
        scene.add_network(config);
        scene.add_balancer(config);
        scene.add_servers(config, domains);
        scene.add_database(config);
        scene.add_storage(config);
        scene.add_links(config);
        scene
    }

    /// The things in a group, in order.
    pub(super) fn things_in<'a>(&'a self, group: &'a str) -> impl Iterator<Item = &'a Thing> {
        self.things.iter().filter(move |thing| thing.inside.as_deref() == Some(group))
    }

    /// The groups in a group, in order.
    pub(super) fn groups_in<'a>(&'a self, group: &'a str) -> impl Iterator<Item = &'a Group> {
        self.groups.iter().filter(move |inner| inner.inside.as_deref() == Some(group))
    }

    fn group(&mut self, kind: GroupKind, id: &str, inside: Option<&str>, title: &str, details: Vec<String>) {
        let (id, title, inside) = (id.to_owned(), title.to_owned(), inside.map(str::to_owned));
        self.groups.push(Group { id, kind, title, details, inside });
    }

    fn thing(&mut self, kind: ThingKind, id: &str, inside: Option<&str>, title: &str, details: Vec<String>) {
        let (id, title, inside) = (id.to_owned(), title.to_owned(), inside.map(str::to_owned));
        self.things.push(Thing { id, kind, title, details, inside });
    }

    fn link(&mut self, from: &str, to: &str, ports: String, purpose: &str) {
        let (from, to, purpose) = (from.to_owned(), to.to_owned(), purpose.to_owned());
        self.links.push(Link { from, to, ports, purpose });
    }

    fn add_outside(&mut self, config: &Config) {
        let from: Vec<String> = config.network.visitors_from.iter().map(ToString::to_string).collect();
        let everywhere = from.iter().any(|range| range == "0.0.0.0/0");
        if config.load_balancer.public {
            let visitors = if everywhere {
                "visitors from anywhere".to_owned()
            } else {
                format!("visitors from {}", some(&from))
            };
            self.thing(ThingKind::Outside, "internet", None, "Internet", vec![visitors]);
        } else {
            let visitors = if everywhere {
                "inside the network and what is connected to it".to_owned()
            } else {
                format!("from {}", some(&from))
            };
            self.thing(ThingKind::Outside, "visitors", None, "Visitors", vec![visitors]);
            self.thing(
                ThingKind::Outside,
                "internet",
                None,
                "Internet",
                vec!["packages and services".to_owned()],
            );
        }
    }

    fn add_network(&mut self, config: &Config) {
        let network = &config.network;
        let region = config.cloud.region.as_ref();
        let region =
            region.map_or_else(|| "The caller's region".to_owned(), |region| format!("Region {region}"));
        self.group(GroupKind::Region, "region", None, &region, Vec::new());
        let vcn =
            if network.vcn_id.is_some() { "existing".to_owned() } else { names::display(config, "vcn") };
        self.group(
            GroupKind::Vcn,
            "vcn",
            Some("region"),
            &format!("VCN {vcn}"),
            vec![network.cidr.to_string()],
        );
        let exists = |id: &Option<String>| if id.is_some() { vec!["exists".to_owned()] } else { Vec::new() };
        if config.load_balancer.public {
            let details = exists(&network.internet_gateway_id);
            self.thing(ThingKind::Gateway, "internet_gateway", Some("vcn"), "Internet gateway", details);
        }
        self.thing(
            ThingKind::Gateway,
            "nat_gateway",
            Some("vcn"),
            "NAT gateway",
            exists(&network.nat_gateway_id),
        );
        let details = exists(&network.service_gateway_id);
        self.thing(ThingKind::Gateway, "service_gateway", Some("vcn"), "Service gateway", details);
        for zone in Zone::ALL {
            let public = zone == Zone::Balancer && config.load_balancer.public;
            let kind = if public { GroupKind::PublicSubnet } else { GroupKind::PrivateSubnet };
            let word = if public { "Public" } else { "Private" };
            let title = format!("{word} subnet {}", zone.label());
            let mut details = vec![zone.range(config)];
            if zone.existing_subnet(config).is_some() {
                details.push("exists".to_owned());
            }
            self.group(kind, zone.label(), Some("vcn"), &title, details);
        }
        self.group(GroupKind::Services, "services", Some("region"), "Oracle services", Vec::new());
    }

    fn add_balancer(&mut self, config: &Config) {
        let balancer = &config.load_balancer;
        let address = match (balancer.public, &balancer.public_ip_id) {
            (true, None) => "reserved public address",
            (true, Some(_)) => "reserved public address, exists",
            (false, _) => "private address",
        };
        let checks = format!(
            "asks each server for {} every {} s, expects {}",
            balancer.health_path,
            balancer.health_interval_in_seconds,
            config.health_status()
        );
        let details = vec![address.to_owned(), checks];
        self.thing(ThingKind::Balancer, "load_balancer", Some("balancer"), "Network load balancer", details);
    }

    fn add_servers(&mut self, config: &Config, known: Option<usize>) {
        let servers = &config.servers;
        let web = Zone::Web.label();
        let about = self.groups.iter_mut().find(|group| group.id == web);
        if let Some(web) = about {
            web.details.push(size_of_servers(config));
            web.details.push(format!(
                "{} {} on {}",
                config.site.application,
                config.version(),
                config.site.php
            ));
        }
        let chosen = &servers.availability_domains;
        let domains: Vec<String> = match (chosen.len(), known) {
            (0, None) => Vec::new(),
            (0, Some(count)) => (1..=count).map(|number| number.to_string()).collect(),
            _ => chosen.iter().map(ToString::to_string).collect(),
        };
        let titles: Vec<String> = match domains.len() {
            _ if servers.count == 1 => vec!["One availability domain".to_owned()],
            0 => vec!["Spread over availability and fault domains".to_owned()],
            // Where there is one availability domain, fault domains are what keeps servers apart.
            1 => (1..=FAULT_DOMAINS).map(|number| format!("Fault domain {number}")).collect(),
            _ => domains.iter().map(|number| format!("Availability domain {number}")).collect(),
        };
        let columns = titles.len();
        for (column, title) in titles.iter().enumerate().take(usize::from(servers.count)) {
            let id = format!("domain{}", column + 1);
            self.group(GroupKind::Domain, &id, Some(web), title, Vec::new());
            let here: Vec<u16> =
                (0..servers.count).filter(|index| usize::from(*index) % columns == column).collect();
            let shown = if here.len() > SHOWN_MAX { SHOWN_MAX - 1 } else { here.len() };
            for (place, index) in here[..shown].iter().enumerate() {
                let mut details: Vec<String> = crate::stack::server_address(config, *index)
                    .map(|address| address.to_string())
                    .into_iter()
                    .collect();
                if domains.len() > 1 {
                    details.push(format!("fault domain {}", place % FAULT_DOMAINS + 1));
                }
                let name = names::server(*index);
                self.thing(ThingKind::Server, &name, Some(&id), &name, details);
            }
            self.add_more(&id, here.len() - shown);
        }
    }

    fn add_database(&mut self, config: &Config) {
        let database = &config.database;
        let zone = Zone::Database.label();
        let version = database
            .version
            .as_deref()
            .map_or("newest version".to_owned(), |version| format!("version {version}"));
        let storage = match database.storage_max_in_gbs {
            Some(max) => format!("{} GB, grows to {max} GB", database.storage_in_gbs),
            None => format!("{} GB", database.storage_in_gbs),
        };
        let details = vec![
            format!("{}, {version}, {storage}", database.shape),
            format!("backups kept {} days, to any moment of them", database.backup_retention_in_days),
        ];
        self.group(GroupKind::Cluster, "mysql", Some(zone), "MySQL HeatWave", details);
        let kind = ThingKind::Database;
        self.thing(
            kind,
            "primary",
            Some("mysql"),
            "Primary",
            vec![format!("host name {}", names::DATABASE_LABEL)],
        );
        if database.high_availability {
            for number in 1..=2 {
                let details = vec!["takes over".to_owned()];
                self.thing(kind, &format!("standby{number}"), Some("mysql"), "Standby", details);
            }
        }
        if database.replicas > 0 {
            let details = vec![format!("behind one endpoint, host name {}", names::READ_LABEL)];
            self.group(GroupKind::Cluster, "reads", Some(zone), "Read replicas", details);
            let count = usize::from(database.replicas);
            let shown = if count > SHOWN_MAX { SHOWN_MAX - 1 } else { count };
            for number in 1..=shown {
                self.thing(
                    kind,
                    &format!("read{number}"),
                    Some("reads"),
                    &format!("Replica {number}"),
                    Vec::new(),
                );
            }
            self.add_more("reads", count - shown);
        }
        if database.heatwave_nodes > 0 {
            let nodes = if database.heatwave_nodes == 1 { "node" } else { "nodes" };
            let details = vec![format!("{} {nodes} {}", database.heatwave_nodes, database.heatwave_shape)];
            self.thing(kind, "heatwave", Some(zone), "HeatWave cluster", details);
        }
    }

    fn add_storage(&mut self, config: &Config) {
        let storage = &config.storage;
        let kind = ThingKind::Storage;
        let details =
            vec![format!("host name {}", names::STORAGE_LABEL), format!("exports {}", names::EXPORT_PATH)];
        self.thing(kind, "mount_target", Some(Zone::Storage.label()), "Mount target", details);
        let details = vec![
            format!("bucket {}", names::bucket(config)),
            "secrets for the servers, and their reports".to_owned(),
        ];
        self.thing(kind, "bucket", Some("services"), "Object Storage", details);
        let details = vec![
            format!("file system {}", names::display(config, "files")),
            format!("in availability domain {}", storage.availability_domain),
            format!("daily snapshots, kept {} days", storage.snapshot_retention_in_days),
        ];
        self.thing(kind, "file_system", Some("services"), "File Storage", details);
    }

    fn add_links(&mut self, config: &Config) {
        let all = conversations(config);
        let zone = |zone| Peer::Zone(zone);
        let by_visitors = |talk: &Conversation| talk.to == zone(Zone::Balancer);
        let visit = ports(&all, by_visitors);
        let balancer = Zone::Balancer.label();
        let (web, database, storage) = (Zone::Web.label(), Zone::Database.label(), Zone::Storage.label());
        if config.load_balancer.public {
            self.link("internet", "internet_gateway", visit.clone(), "visitors");
            self.link("internet_gateway", balancer, visit, "visitors");
        } else {
            self.link("visitors", balancer, visit, "visitors");
        }
        let between = |from, to| move |talk: &Conversation| talk.from == zone(from) && talk.to == zone(to);
        self.link(
            "load_balancer",
            web,
            ports(&all, between(Zone::Balancer, Zone::Web)),
            "visitors and health checks",
        );
        self.link(web, database, ports(&all, between(Zone::Web, Zone::Database)), "MySQL");
        self.link(web, storage, ports(&all, between(Zone::Web, Zone::Storage)), "NFS");
        let outwards =
            |talk: &Conversation| talk.from == zone(Zone::Web) && matches!(talk.to, Peer::Range(_));
        let out = ports(&all, outwards);
        self.link(web, "nat_gateway", out.clone(), "packages");
        self.link("nat_gateway", "internet", out, "packages");
        self.link(web, "service_gateway", "TCP 443".to_owned(), "secrets and reports");
        self.link("service_gateway", "bucket", "TCP 443".to_owned(), "secrets and reports");
        self.link("mount_target", "file_system", String::new(), "files");
        let ssh: Vec<String> = config.servers.ssh_from.iter().map(ToString::to_string).collect();
        if !ssh.is_empty() {
            self.thing(
                ThingKind::Outside,
                "administrators",
                None,
                "Administrators",
                vec![format!("from {}", some(&ssh))],
            );
            self.link("administrators", web, "TCP 22".to_owned(), "SSH");
        }
    }

    fn add_more(&mut self, inside: &str, count: usize) {
        if count > 0 {
            let title = format!("{count} more");
            self.thing(ThingKind::More, &format!("{inside}_more"), Some(inside), &title, Vec::new());
        }
    }
}

/// Every availability domain has three.
///
/// **Source**: Oracle's documentation, "Regions and Availability Domains", section "Fault Domains".
const FAULT_DOMAINS: usize = 3;

fn title(config: &Config) -> String {
    let name = config.site.full_name.as_deref().unwrap_or(&config.site.name);
    let scheme = if config.tls.mode == TlsMode::Off { "http" } else { "https" };
    match &config.site.hostname {
        Some(host) => format!("{name}: {scheme}://{host}"),
        None => format!("{name}: {} on Oracle Cloud Infrastructure", config.site.application),
    }
}

fn size_of_servers(config: &Config) -> String {
    let servers = &config.servers;
    let (count, shape) = (servers.count, &servers.shape);
    if !shape.ends_with(".Flex") {
        return format!("{count} × {shape}");
    }
    let ocpus = if servers.ocpus == 1.0 { "OCPU" } else { "OCPUs" };
    format!("{count} × {shape}: {} {ocpus}, {} GB", servers.ocpus, servers.memory_in_gbs)
}

/// A few, and how many more.
fn some(ranges: &[String]) -> String {
    match ranges {
        [] => "nowhere".to_owned(),
        [one] => one.clone(),
        [one, two] => format!("{one} and {two}"),
        [one, rest @ ..] => format!("{one} and {} more ranges", rest.len()),
    }
}

/// The ports of the conversations that are meant: `TCP 80, 443`.
fn ports(all: &[Conversation], is_meant: impl Fn(&Conversation) -> bool) -> String {
    let (mut tcp, mut udp) = (Vec::new(), Vec::new());
    for talk in all.iter().filter(|talk| is_meant(talk)) {
        let (list, first, last) = match talk.ports {
            Ports::Tcp(first, last) => (&mut tcp, first, last),
            Ports::Udp(first, last) => (&mut udp, first, last),
        };
        let text = if first == last { first.to_string() } else { format!("{first}–{last}") };
        if !list.contains(&text) {
            list.push(text);
        }
    }
    let parts = [("TCP", tcp), ("UDP", udp)];
    let shown = parts.iter().filter(|(_, list)| !list.is_empty());
    shown.map(|(protocol, list)| format!("{protocol} {}", list.join(", "))).collect::<Vec<_>>().join("; ")
}
