//! What is read from replicas and what is not: the rendered configuration, a real PHP, a primary and a replica that follows it.

use moodle_stack::server::Endpoint;
use moodle_stack::server::versions::Application;
use serde_json::{Value, json};

use crate::database::{MARIADB, Server, follow, mariadb};
use crate::machine::{Machine, PHP, Secrets, of, share, spec};
use crate::stage::{PRIMARY, REPLICA, Stage, on_stage, run, wait_for};

const SCHEMA: &str = "split";

/// What the stand-in of the installer makes.
const TABLES: &str = "15";

/// A primary with the number 1, and a replica with the number 2 that follows it and takes no writes.
fn databases(stage: &Stage) -> (Server, Server) {
    let primary = mariadb(stage, PRIMARY, 1, &[]);
    let replica = mariadb(stage, REPLICA, 2, &["--read-only=ON"]);
    follow(&replica, &primary);
    primary.create_admin(&Secrets::default().database_admin);
    (primary, replica)
}

/// A server of the site, with or without replicas.
fn machine(stage: &Stage, application: Application, name: &str, has_replica: bool) -> Machine {
    let mut spec = if application == Application::Moodle { spec(SCHEMA) } else { of(application, SCHEMA) };
    spec.name = name.to_owned();
    spec.database.read = has_replica.then(|| Endpoint { host: REPLICA.to_owned(), port: 3306 });
    Machine::new(stage, &spec, &share(stage, "share"), &Secrets::default(), &[])
}

/// Which server answered what.
fn split(machine: &Machine, argument: &str) -> Value {
    let script = format!(
        "exec setpriv --reuid apache --regid apache --clear-groups php /var/www/site/split.php {argument}"
    );
    serde_json::from_str(&run(&mut machine.after_secrets(&script))).expect("the program prints JSON")
}

fn packages() -> Vec<&'static str> {
    MARIADB.into_iter().chain(PHP).collect()
}

#[test]
fn reads_go_to_the_replica_and_what_must_be_fresh_to_the_primary() {
    on_stage("split::reads_go_to_the_replica_and_what_must_be_fresh_to_the_primary", &packages(), |stage| {
        let (mut primary, mut replica) = databases(stage);
        let with = machine(stage, Application::Moodle, "with", true);
        let without = machine(stage, Application::Moodle, "without", false);
        run(&mut with.install());
        let count = format!("SELECT count(*) FROM information_schema.tables WHERE table_schema = '{SCHEMA}'");
        assert_eq!(primary.root(&count), TABLES);
        wait_for("the replica has the site", 30, || (replica.root(&count) == TABLES).then_some(()));

        assert_eq!(
            split(&with, ""),
            json!({
                "has_key": true, "plain": 2, "sessions": 1, "lock_db": 1, "just_written": 1, "not_written": 2,
                "in_the_end": 2, "after_latency": true, "in_transaction": 1, "after_transaction": 2, "lock": 1,
                "temporary": 1, "with_empty_user": 1, "with_wrong_port": 1,
            })
        );
        assert_eq!(
            split(&without, ""),
            json!({
                "has_key": false, "plain": 1, "sessions": 1, "lock_db": 1, "just_written": 1, "not_written": 1,
                "in_the_end": 1, "after_latency": true, "in_transaction": 1, "after_transaction": 1, "lock": 1,
                "temporary": 1,
            })
        );

        replica.service.kill();
        assert_eq!(split(&with, "")["plain"], 1, "without a replica the primary is asked");
        replica.restart();
        assert_eq!(split(&with, "only-read")["plain"], 2, "and it is used again when it is back");
        primary.service.kill();
        let wanted = json!({ "has_key": true, "plain": 2, "sessions": "gone", "lock_db": "gone" });
        assert_eq!(split(&with, "only-read"), wanted, "reads go on, sessions do not");
    });
}

#[test]
fn drupal_reaches_primary_and_replica_and_wordpress_its_primary_both_encrypted() {
    let name = "split::drupal_reaches_primary_and_replica_and_wordpress_its_primary_both_encrypted";
    on_stage(name, &packages(), |stage| {
        let (_primary, replica) = databases(stage);
        run(&mut machine(stage, Application::Moodle, "first", true).install());
        let count = format!("SELECT count(*) FROM information_schema.tables WHERE table_schema = '{SCHEMA}'");
        wait_for("the replica has the site", 30, || (replica.root(&count) == TABLES).then_some(()));
        let connect = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/servers_live/stand-in/connect.php");
        let seen = |application, file: &str| -> Value {
            let machine = machine(stage, application, application.name(), true);
            let said = run(&mut machine.after_secrets(&format!("php {connect} /etc/site/{file}")));
            serde_json::from_str(&said).expect("the program prints JSON")
        };
        assert_eq!(
            seen(Application::Drupal, "settings.php"),
            json!({ "default": [1, 1, true], "replica 0": [2, 1, true] })
        );
        assert_eq!(seen(Application::WordPress, "wp-config.php"), json!({ "default": ["1", "1", true] }));
    });
}
