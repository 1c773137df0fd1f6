//! A new password reaches the database while servers with the old one still live.

use std::process::Command;

use moodle_stack::server::versions::DatabaseKind;

use crate::database::{MARIADB, mariadb};
use crate::machine::{Machine, PHP, Secrets, share, spec};
use crate::mysql::{Group, prepare};
use crate::stage::{PRIMARY, Service, Stage, on_stage, on_stage_after, output, wait_for};

const SCHEMA: &str = "rotated";
/// How often the password changes; each time the servers run into each other in another way.
const ROUNDS: usize = 8;
const SERVERS: usize = 8;

/// Whether the site's user can log in with this password.
fn can_log_in(password: &str) -> bool {
    let mut command = Command::new("mariadb");
    command.args(["--no-defaults", "--ssl", "--host", PRIMARY, "--user", SCHEMA, "--execute", "SELECT 1"]);
    output(command.env("MYSQL_PWD", password)).status.success()
}

/// All servers do the step `database` at the same moment, with this password.
fn step_database(stage: &Stage, kind: DatabaseKind, round: usize, password: &str) {
    let share = share(stage, "share");
    let secrets = Secrets { database: password.to_owned(), ..Secrets::default() };
    let mut spec = spec(SCHEMA);
    spec.database.kind = kind;
    spec.name = format!("web1-{round}");
    let first = Machine::new(stage, &spec, &share, &secrets, &[]);
    let others: Vec<_> = (2..=SERVERS).map(|number| first.twin(&format!("web{number}-{round}"))).collect();
    let boots: Vec<_> = [first]
        .iter()
        .chain(&others)
        .map(|machine| {
            let step =
                "php /usr/local/lib/site/database.php /etc/site/settings.json /run/site-secrets/secrets.json";
            Service::start(&mut machine.command(&["bash", "-c", step]), machine.folder.join("boot.log"))
        })
        .collect();
    for mut boot in boots {
        let status = wait_for("the step `database`", 60, || boot.ended());
        assert_eq!(status, Some(0), "{}", boot.said());
        assert!(!boot.said().contains(password), "{}", boot.said());
    }
}

fn password(round: usize) -> String {
    format!("Pa'ss\\\" {round} $é")
}

#[test]
fn while_a_password_changes_mysql_knows_the_old_and_the_new_one() {
    let name = "rotation::while_a_password_changes_mysql_knows_the_old_and_the_new_one";
    let packages: Vec<_> = PHP.into_iter().chain(["mariadb-client", "haproxy"]).collect();
    on_stage_after(prepare, name, &packages, |stage| {
        let group = Group::start(stage);
        group.members[0].create_admin(&Secrets::default().database_admin);
        step_database(stage, DatabaseKind::MySql, 0, &password(0));
        for round in 1..=ROUNDS {
            step_database(stage, DatabaseKind::MySql, round, &password(round));
            assert!(can_log_in(&password(round)), "round {round}: the new one");
            assert!(
                can_log_in(&password(round - 1)),
                "round {round}: the old one, for servers that still have it"
            );
            assert!(round < 2 || !can_log_in(&password(round - 2)), "round {round}: the one before is gone");
        }
    });
}

#[test]
fn on_mariadb_the_new_password_takes_the_place_of_the_old_one() {
    let name = "rotation::on_mariadb_the_new_password_takes_the_place_of_the_old_one";
    let packages: Vec<_> = MARIADB.into_iter().chain(PHP).collect();
    on_stage(name, &packages, |stage| {
        let database = mariadb(stage, PRIMARY, 1, &[]);
        database.create_admin(&Secrets::default().database_admin);
        for round in 0..3 {
            step_database(stage, DatabaseKind::MariaDb, round, &password(round));
            assert!(can_log_in(&password(round)), "round {round}: the new one");
            assert!(round == 0 || !can_log_in(&password(round - 1)), "round {round}: the old one is gone");
        }
    });
}
