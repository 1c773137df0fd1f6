//! The same race on MySQL, and on a primary that is lost in the middle of it.

use moodle_stack::server::versions::DatabaseKind;

use crate::machine::{PHP, Secrets};
use crate::mysql::{Group, prepare};
use crate::race::{Moment, Site, in_lanes, race, trouble_of, while_watching};
use crate::stage::{PRIMARY, Stage, on_stage_after};

fn packages() -> Vec<&'static str> {
    // Of MariaDB the client only.
    PHP.into_iter().chain(["mariadb-client", "haproxy"]).collect()
}

fn group(stage: &Stage) -> Group {
    let group = Group::start(stage);
    group.members[0].create_admin(&Secrets::default().database_admin);
    group
}

#[test]
fn on_mysql_too_exactly_one_of_eight_servers_installs_whoever_dies() {
    let name = "race_mysql::on_mysql_too_exactly_one_of_eight_servers_installs_whoever_dies";
    on_stage_after(prepare, name, &packages(), |stage| {
        let group = group(stage);
        while_watching(&Secrets::default(), || {
            in_lanes(20, |seed| {
                // Every other one undisturbed.
                let trouble = (seed / 4 % 2 == 1).then(|| trouble_of(seed));
                let lease_seconds = if trouble.is_none() { 20 } else { 3 };
                let site =
                    Site::on(DatabaseKind::MySql, &[PRIMARY], stage, &format!("seed_{seed}"), lease_seconds);
                race(&site, &group.members[0], trouble);
            });
        });
    });
}

#[test]
fn a_primary_that_is_lost_half_way_costs_an_attempt_and_the_next_primary_has_one_installation() {
    let name = "race_mysql::a_primary_that_is_lost_half_way_costs_an_attempt_and_the_next_primary_has_one_installation";
    on_stage_after(prepare, name, &packages(), |stage| {
        let mut group = group(stage);
        let site = Site::on(DatabaseKind::MySql, &[PRIMARY], stage, "moved", 3);
        site.pause_at(Moment::Tables(6));
        let mut boots = site.boot_all();
        site.paused();
        let primary = group.fail_over();
        site.tell("go-on", "");
        site.all_are_through(&mut boots, None);
        site.holds_one_installation(&group.members[primary]);
        site.a_late_server_finds_it_done(&site.machines[7]);
        site.secrets_are_kept();
    });
}
