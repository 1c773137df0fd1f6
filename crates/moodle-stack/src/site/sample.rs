//! A site in which all is well, for tests to break.

use std::collections::BTreeMap;

use super::blame::rules::wanted;
use super::evidence::{
    Backend, BackendSet, Evidence, Export, Gateway, HealthCheck, Network, Route, RouteTable, SecurityList,
    Server as Left, Subnet,
};
use super::{Answer, Front};
use crate::config::Config;
use crate::stack::Zone;
use crate::status::{
    BackendSet as SetHealth, Backup, Balancer, Boot, Database, Endpoint, FileSystem, Look, Machine,
    MountTarget, Replica, Server, Status,
};

pub(crate) const PRIVATE_TABLE: &str = "ocid1.routetable.oc1..private";
pub(crate) const NAT: &str = "ocid1.natgateway.oc1..one";

const FILES: &str = "ocid1.filesystem.oc1..one";
const EXPORTS: &str = "ocid1.exportset.oc1..one";
const SERVERS: [&str; 2] = ["web1", "web2"];

/// All that is known of a site.
pub(crate) struct Sample {
    pub(crate) config: Config,
    pub(crate) status: Status,
    pub(crate) evidence: Evidence,
    pub(crate) front: Front,
}

/// Two servers, one replica.
pub(crate) fn sample() -> Sample {
    let text = "[site]\nname = \"campus\"\nadmin_email = \"it@example.org\"\n[database]\nshape = \"MySQL.8\"\nreplicas = 1\n";
    let config = Config::parse(text).unwrap_or_else(|wrong| panic!("{wrong}"));
    let answer = Answer { status: 303, location: Some("http://198.51.100.7/login/index.php".to_owned()) };
    Sample {
        status: status(),
        evidence: Evidence {
            sets: Look::Seen([("http".to_owned(), set())].into()),
            servers: SERVERS.iter().enumerate().map(|(index, name)| left(index, name)).collect(),
            export: Look::Seen(export()),
            export_set_id: Some(EXPORTS.to_owned()),
            network: network(&config),
        },
        front: Front { url: "http://198.51.100.7".to_owned(), answer: Ok(answer) },
        config,
    }
}

fn status() -> Status {
    let health: BTreeMap<String, String> = SERVERS.map(|name| (name.to_owned(), "OK".to_owned())).into();
    let set = SetHealth { status: "OK".to_owned(), backends: health };
    Status {
        looked_at: "2026-11-26T12:00:00Z".to_owned(),
        load_balancer: Look::Seen(Balancer {
            id: "ocid1.networkloadbalancer.oc1..one".to_owned(),
            state: "ACTIVE".to_owned(),
            addresses: vec!["198.51.100.7".to_owned()],
            listeners: [("http".to_owned(), 80)].into(),
            backend_sets: [("http".to_owned(), Look::Seen(set))].into(),
        }),
        servers: SERVERS.map(server).into(),
        database: Look::Seen(database()),
        replicas: vec![Replica { number: 1, look: Look::Seen(("ACTIVE".to_owned(), "AD-1".to_owned())) }],
        last_backup: Look::Seen(Some(Backup {
            made_at: "2026-11-26T01:00:00Z".to_owned(),
            made_by: "AUTOMATIC".to_owned(),
            age_in_seconds: 11 * 3600,
        })),
        file_system: Look::Seen(FileSystem {
            id: FILES.to_owned(),
            state: "ACTIVE".to_owned(),
            availability_domain: "AD-1".to_owned(),
            used_bytes: 3,
            last_snapshot_at: Look::Seen(None),
        }),
        mount_target: Look::Seen(MountTarget {
            id: "ocid1.mounttarget.oc1..one".to_owned(),
            state: "ACTIVE".to_owned(),
            availability_domain: "AD-1".to_owned(),
        }),
        expires: Vec::new(),
    }
}

fn address(index: usize) -> String {
    format!("10.0.2.{}", 10 + index)
}

fn set() -> BackendSet {
    let backend = |(index, name): (usize, &&str)| Backend {
        name: (*name).to_owned(),
        address: address(index),
        status: "OK".to_owned(),
        results: vec!["OK".to_owned()],
        ..Backend::default()
    };
    BackendSet {
        check: HealthCheck {
            protocol: "HTTP".to_owned(),
            port: Some(80),
            path: Some("/".to_owned()),
            expects: Some(303),
        },
        backends: SERVERS.iter().enumerate().map(backend).collect(),
    }
}

fn server(name: &str) -> Server {
    let domain = if name == SERVERS[0] { "FAULT-DOMAIN-1" } else { "FAULT-DOMAIN-2" };
    Server {
        name: name.to_owned(),
        machine: Look::Seen(Machine {
            id: format!("ocid1.instance.oc1..{name}"),
            state: "RUNNING".to_owned(),
            shape: "VM.Standard.A1.Flex".to_owned(),
            ocpus: Some(2.0),
            memory_in_gbs: Some(12.0),
            availability_domain: "AD-1".to_owned(),
            fault_domain: domain.to_owned(),
            made_at: None,
        }),
        health: [("http".to_owned(), "OK".to_owned())].into(),
        boot: Look::Seen(Boot {
            state: "ready".to_owned(),
            last_step: None,
            last_lines: Vec::new(),
            said_at: None,
        }),
    }
}

fn left(index: usize, name: &str) -> Left {
    Left { name: name.to_owned(), private_ip: Some(address(index)), ..Left::default() }
}

fn database() -> Database {
    Database {
        id: "ocid1.mysqldbsystem.oc1..one".to_owned(),
        state: "ACTIVE".to_owned(),
        version: "8.4.6".to_owned(),
        shape: "MySQL.8".to_owned(),
        is_highly_available: true,
        storage_in_gbs: Some(100),
        primary_in: Some("AD-1, FAULT-DOMAIN-1".to_owned()),
        endpoints: vec![Endpoint {
            kind: "DBSYSTEM".to_owned(),
            host: None,
            address: "10.0.3.5".to_owned(),
            port: 3306,
            modes: vec!["READ".to_owned(), "WRITE".to_owned()],
            status: "ACTIVE".to_owned(),
        }],
        heatwave: None,
    }
}

fn export() -> Export {
    Export {
        id: "ocid1.export.oc1..one".to_owned(),
        state: "ACTIVE".to_owned(),
        path: Some("/site".to_owned()),
        export_set_id: Some(EXPORTS.to_owned()),
        file_system_id: Some(FILES.to_owned()),
        offered_to: vec!["10.0.2.0/24 READ_WRITE".to_owned()],
    }
}

fn network(config: &Config) -> Network {
    let route = |destination: &str, gateway_id: &str| Route {
        destination: destination.to_owned(),
        gateway_id: gateway_id.to_owned(),
    };
    let (internet, services) = ("ocid1.internetgateway.oc1..one", "ocid1.servicegateway.oc1..one");
    let public = RouteTable { name: "campus-public".to_owned(), routes: vec![route("0.0.0.0/0", internet)] };
    let private = RouteTable {
        name: "campus-private".to_owned(),
        routes: vec![route("0.0.0.0/0", NAT), route("all-fra-services-in-oracle-services-network", services)],
    };
    let public_table = "ocid1.routetable.oc1..public";
    let open = || Look::Seen(Gateway { state: "AVAILABLE".to_owned(), is_closed: false });
    let mut network = Network {
        route_tables: [(public_table, public), (PRIVATE_TABLE, private)]
            .map(|(id, table)| (id.to_owned(), Look::Seen(table)))
            .into(),
        gateways: [internet, services, NAT].map(|id| (id.to_owned(), open())).into(),
        ..Network::default()
    };
    for zone in Zone::ALL {
        let label = zone.label();
        let list = list_id(zone);
        let table = if zone == Zone::Balancer { public_table } else { PRIVATE_TABLE };
        let subnet = Subnet {
            id: format!("ocid1.subnet.oc1..{label}"),
            state: "AVAILABLE".to_owned(),
            range: Some(zone.range(config)),
            security_list_ids: vec![list.clone()],
            route_table_id: Some(table.to_owned()),
        };
        let rules = wanted(config, zone).into_iter().map(|wanted| wanted.rule).collect();
        network.subnets.insert(label.to_owned(), Look::Seen(subnet));
        network
            .security_lists
            .insert(list, Look::Seen(SecurityList { name: format!("campus-{label}"), rules }));
    }
    network
}

pub(crate) fn list_id(zone: Zone) -> String {
    format!("ocid1.securitylist.oc1..{}", zone.label())
}

/// What is inside a part that is there.
pub(crate) fn inside<T>(part: &mut Look<T>) -> &mut T {
    match part {
        Look::Seen(thing) => thing,
        Look::None | Look::Missing(_) | Look::Unread(_) => panic!("the sample has it"),
    }
}
