//! The status for people: a line for each part.

use super::{Backup, Balancer, Database, Endpoint, FileSystem, Look, Machine, MountTarget, Server, Status};

impl Status {
    /// For people: a line for each part, tier by tier.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut lines = vec![balancer_line(&self.load_balancer)];
        let sets = self.load_balancer.seen().into_iter().flat_map(|balancer| &balancer.backend_sets);
        lines.extend(
            sets.map(|(name, set)| format!("  backend set {name}: {}", shown(set, |set| set.status.clone()))),
        );
        lines.extend(self.servers.iter().map(server_line));
        lines.push(format!("database: {}", shown(&self.database, database_words)));
        let endpoints = self.database.seen().into_iter().flat_map(|database| &database.endpoints);
        lines.extend(endpoints.map(endpoint_line));
        lines.extend(self.replicas.iter().map(|replica| {
            let words = shown(&replica.look, |(state, domain)| format!("{state}, in {domain}"));
            format!("  read replica {}: {words}", replica.number)
        }));
        let backup = |backup: &Option<Backup>| match backup {
            Some(backup) => format!("{}, {}", backup.made_at, backup.made_by),
            None => "none yet".to_owned(),
        };
        lines.push(format!("  last backup: {}", shown(&self.last_backup, backup)));
        lines.push(format!("file system: {}", shown(&self.file_system, file_system_words)));
        let target = |target: &MountTarget| format!("{}, in {}", target.state, target.availability_domain);
        lines.push(format!("mount target: {}", shown(&self.mount_target, target)));
        lines.extend(self.expires.iter().map(|expiry| format!("expires: {} at {}", expiry.what, expiry.at)));
        lines.join("\n") + "\n"
    }
}

/// What was seen, in words.
fn shown<T>(look: &Look<T>, words: impl Fn(&T) -> String) -> String {
    match look {
        Look::Seen(value) => words(value),
        Look::None => "none".to_owned(),
        Look::Missing(why) => format!("gone, or not to be seen: {why}"),
        Look::Unread(why) => format!("cannot be seen: {why}"),
    }
}

fn balancer_line(balancer: &Look<Balancer>) -> String {
    let words = |balancer: &Balancer| {
        let listeners = balancer.listeners.iter().map(|(name, port)| format!("{name} on {port}"));
        let listeners = listeners.collect::<Vec<_>>().join(", ");
        format!("{}, at {}; {listeners}", balancer.state, balancer.addresses.join(", "))
    };
    format!("load balancer: {}", shown(balancer, words))
}

fn server_line(server: &Server) -> String {
    let machine = |machine: &Machine| {
        let size = machine.ocpus.zip(machine.memory_in_gbs);
        let size = size.map_or_else(String::new, |(ocpus, memory)| format!(", {ocpus} OCPUs, {memory} GB"));
        let Machine { state, shape, availability_domain, fault_domain, .. } = machine;
        format!("{state}, {shape}{size}, in {availability_domain}, {fault_domain}")
    };
    let health = server.health.iter().map(|(set, health)| format!("; {set}: {health}"));
    let boot = match &server.boot {
        Look::Seen(boot) => format!("; first boot: {}", boot.state),
        Look::None | Look::Missing(_) | Look::Unread(_) => String::new(),
    };
    format!("server {}: {}{}{boot}", server.name, shown(&server.machine, machine), health.collect::<String>())
}

fn database_words(database: &Database) -> String {
    let available = if database.is_highly_available { ", highly available" } else { "" };
    let storage = database.storage_in_gbs.map_or_else(String::new, |size| format!(", {size} GB"));
    let primary =
        database.primary_in.as_ref().map_or_else(String::new, |place| format!("; primary in {place}"));
    let cluster = database.heatwave.as_ref();
    let cluster =
        cluster.map_or_else(String::new, |(state, nodes)| format!("; HeatWave: {state}, {nodes} nodes"));
    let Database { state, version, shape, .. } = database;
    format!("{state}, MySQL {version}, {shape}{available}{storage}{primary}{cluster}")
}

fn endpoint_line(endpoint: &Endpoint) -> String {
    let host = endpoint.host.as_deref().unwrap_or(&endpoint.address);
    format!(
        "  {} {host}:{} ({}): {}",
        endpoint.kind,
        endpoint.port,
        endpoint.modes.join(", "),
        endpoint.status
    )
}

fn file_system_words(files: &FileSystem) -> String {
    let snapshot = |at: &Option<String>| at.clone().unwrap_or_else(|| "none yet".to_owned());
    format!(
        "{}, {} bytes used, in {}; last snapshot: {}",
        files.state,
        files.used_bytes,
        files.availability_domain,
        shown(&files.last_snapshot_at, snapshot)
    )
}
