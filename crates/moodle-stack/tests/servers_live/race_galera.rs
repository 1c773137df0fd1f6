//! The same race on a Galera cluster whose nodes all take writes, with servers that use different nodes: the lock must hold
//! where `GET_LOCK` does not.

use moodle_stack::server::versions::DatabaseKind;

use crate::database::{MARIADB, galera};
use crate::machine::{PHP, Secrets};
use crate::race::{Site, in_lanes, race, trouble_of, while_watching};
use crate::stage::{MEMBERS, on_stage};

#[test]
fn on_three_galera_nodes_at_once_exactly_one_of_eight_servers_installs_whoever_dies() {
    let name =
        "race_galera::on_three_galera_nodes_at_once_exactly_one_of_eight_servers_installs_whoever_dies";
    let packages: Vec<_> = MARIADB.into_iter().chain(PHP).chain(["galera-4", "rsync", "lsof"]).collect();
    on_stage(name, &packages, |stage| {
        let nodes = galera(stage);
        let size = "SELECT variable_value FROM information_schema.global_status WHERE variable_name = 'wsrep_cluster_size'";
        assert_eq!(nodes[0].root(size), "3");
        let number = |lock: &str| nodes.iter().filter(|node| node.root(lock) == "1").count();
        assert_eq!(number("SELECT GET_LOCK('one', 0)"), 3, "each node gives the same lock away");
        nodes[0].create_admin(&Secrets::default().database_admin);
        while_watching(&Secrets::default(), || {
            in_lanes(12, |seed| {
                // Every other one undisturbed.
                let trouble = (seed / 4 % 2 == 1).then(|| trouble_of(seed));
                let lease_seconds = if trouble.is_none() { 20 } else { 3 };
                let schema = format!("seed_{seed}");
                let site = Site::on(DatabaseKind::MariaDb, &MEMBERS, stage, &schema, lease_seconds);
                race(&site, &nodes[0], trouble);
            });
        });
    });
}
