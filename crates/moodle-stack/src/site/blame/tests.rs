use super::super::evidence::Direction;
use super::super::layer::Weight;
use super::super::sample::{NAT, PRIVATE_TABLE, Sample, inside, list_id, sample};
use super::*;
use crate::stack::Zone;
use crate::status::Boot;

fn found(site: &Sample) -> Vec<Fault> {
    faults(&site.config, &site.status, &site.evidence, Some(&site.front))
}

/// The first that is found after `break_it`.
fn check(break_it: impl FnOnce(&mut Sample), weight: Weight, layer: Layer, words: &str) {
    let mut site = sample();
    break_it(&mut site);
    let fault = found(&site).into_iter().next().expect("something is wrong");
    assert_eq!((fault.weight, fault.layer), (weight, layer), "{fault}");
    assert!(fault.to_string().contains(words), "{fault}");
}

fn set(site: &mut Sample) -> &mut BackendSet {
    inside(&mut site.evidence.sets).get_mut("http").unwrap()
}

/// As a server that cannot be reached looks to the load balancer.
fn all_critical(site: &mut Sample, last: &str) {
    for backend in &mut set(site).backends {
        backend.status = "CRITICAL".to_owned();
        backend.results = vec![last.to_owned()];
    }
}

#[test]
fn where_all_is_well_nothing_is_found() {
    assert_eq!(found(&sample()), Vec::new());
}

#[test]
fn a_missing_rule_is_named_before_the_health_that_follows_from_it() {
    let words = "rule: subnet web: no rule lets TCP 80 from 10.0.1.0/24 in (the load balancer and its health checks); \
                 list `campus-web` (ocid1.securitylist.oc1..web)";
    let break_it = |site: &mut Sample| {
        let list = inside(site.evidence.network.security_lists.get_mut(&list_id(Zone::Web)).unwrap());
        // Visitors from everywhere are let in by a rule of their own, which covers the load balancer too.
        list.rules.retain(|rule| rule.ports != Some((80, 80)) || rule.direction == Direction::Out);
        all_critical(site, "CONNECT_FAILED");
    };
    let mut site = sample();
    break_it(&mut site);
    let found: Vec<String> = found(&site).iter().map(ToString::to_string).collect();
    assert!(found[..2].contains(&words.to_owned()), "{found:#?}");
    check(break_it, Weight::Stops, Layer::Rule, "no rule lets TCP 80");
}

#[test]
fn a_stateless_rule_does_not_do_for_one_that_must_let_answers_back() {
    let break_it = |site: &mut Sample| {
        let list = inside(site.evidence.network.security_lists.get_mut(&list_id(Zone::Database)).unwrap());
        list.rules[0].is_stateless = true;
    };
    check(break_it, Weight::Stops, Layer::Rule, "TCP 3306 from 10.0.2.0/24 in (MySQL)");
}

#[test]
fn routes_and_closed_gateways_are_named() {
    let no_route = |site: &mut Sample| {
        inside(site.evidence.network.route_tables.get_mut(PRIVATE_TABLE).unwrap()).routes.remove(0);
    };
    check(
        no_route,
        Weight::Stops,
        Layer::Route,
        "no route leads 0.0.0.0/0 to a NAT gateway (packages); route table `campus-private`",
    );
    let closed =
        |site: &mut Sample| inside(site.evidence.network.gateways.get_mut(NAT).unwrap()).is_closed = true;
    check(
        closed,
        Weight::Stops,
        Layer::Route,
        "NAT gateway ocid1.natgateway.oc1..one: the gateway blocks traffic",
    );
    let gone = |site: &mut Sample| {
        site.evidence.network.gateways.insert(NAT.to_owned(), Look::Missing("404".to_owned()));
    };
    check(gone, Weight::Stops, Layer::Route, "it is gone");
}

#[test]
fn a_database_that_is_down_explains_servers_that_are_not_healthy() {
    let down = |site: &mut Sample| {
        inside(&mut site.status.database).state = "INACTIVE".to_owned();
        all_critical(site, "INVALID_STATUS_CODE");
    };
    check(down, Weight::Stops, Layer::Database, "it is INACTIVE");
    let replica = |site: &mut Sample| {
        inside(&mut site.status.replicas[0].look).0 = "FAILED".to_owned();
    };
    check(replica, Weight::Weakens, Layer::Database, "read replica 1: it is FAILED");
}

#[test]
fn shared_files_that_are_not_there_are_storage() {
    let gone = |site: &mut Sample| site.status.mount_target = Look::Missing("404 from there".to_owned());
    check(
        gone,
        Weight::Stops,
        Layer::Storage,
        "mount target: it is gone, or may not be seen: 404 from there",
    );
    let other = |site: &mut Sample| inside(&mut site.evidence.export).file_system_id = None;
    check(other, Weight::Stops, Layer::Storage, "it offers another file system");
}

#[test]
fn a_health_check_that_expects_something_else_is_named_with_what_it_should() {
    let break_it = |site: &mut Sample| {
        set(site).check.expects = Some(200);
        all_critical(site, "INVALID_STATUS_CODE");
    };
    check(
        break_it,
        Weight::Stops,
        Layer::HealthCheck,
        "backend set http: the health check expects 200, and a healthy server answers 303 to `GET /`",
    );
}

#[test]
fn one_server_less_weakens_and_no_server_stops() {
    let stop = |site: &mut Sample, index: usize| {
        inside(&mut site.status.servers[index].machine).state = "STOPPED".to_owned();
        let backend = &mut set(site).backends[index];
        backend.status = "CRITICAL".to_owned();
        backend.results = vec!["CONNECT_FAILED".to_owned()];
    };
    let words = "server: web2: the machine ocid1.instance.oc1..web2 is STOPPED; in the backend set `http` it is CRITICAL (CONNECT_FAILED)";
    check(|site| stop(site, 1), Weight::Weakens, Layer::Server, words);
    check(
        |site| [0, 1].into_iter().for_each(|index| stop(site, index)),
        Weight::Stops,
        Layer::Server,
        "web1",
    );
}

#[test]
fn a_boot_that_failed_says_at_which_step_and_what_it_said_last() {
    let break_it = |site: &mut Sample| {
        site.status.servers[0].boot = Look::Seen(Boot {
            state: "failed".to_owned(),
            last_step: Some("share".to_owned()),
            last_lines: vec!["mount.nfs: Connection timed out".to_owned()],
            said_at: None,
        });
        set(site).backends[0].status = "CRITICAL".to_owned();
    };
    let words =
        "web1: its first boot failed at the step `share`; its log ends: mount.nfs: Connection timed out";
    check(break_it, Weight::Weakens, Layer::Server, words);
}

#[test]
fn a_boot_that_failed_is_told_before_servers_that_may_still_come_up() {
    let break_it = |site: &mut Sample| {
        site.status.servers[1].boot = Look::Seen(Boot {
            state: "failed".to_owned(),
            last_step: Some("packages".to_owned()),
            last_lines: vec!["no mirror answers".to_owned()],
            said_at: None,
        });
        all_critical(site, "CONNECT_FAILED");
    };
    check(break_it, Weight::Stops, Layer::Server, "web2: its first boot failed at the step `packages`");
}

#[test]
fn a_server_that_could_not_be_launched_says_what_its_work_request_said() {
    let break_it = |site: &mut Sample| {
        inside(&mut site.status.servers[0].machine).state = "TERMINATED".to_owned();
        site.evidence.servers[0].work_errors = vec!["InternalError: Out of host capacity.".to_owned()];
    };
    check(
        break_it,
        Weight::Weakens,
        Layer::Server,
        "is TERMINATED; its work requests say: InternalError: Out of host capacity.",
    );
}

#[test]
fn servers_that_answer_wrong_are_the_application() {
    let break_it = |site: &mut Sample| all_critical(site, "INVALID_STATUS_CODE");
    check(
        break_it,
        Weight::Stops,
        Layer::Application,
        "it answers with another status than a healthy server; its first boot went well",
    );
    let elsewhere = |site: &mut Sample| {
        let location = Some("http://10.0.2.10/login/index.php".to_owned());
        site.front.answer = Ok(super::super::Answer { status: 303, location });
    };
    check(
        elsewhere,
        Weight::Stops,
        Layer::Application,
        "303 with `Location: http://10.0.2.10/login/index.php`",
    );
}

#[test]
fn nobody_getting_through_to_healthy_servers_is_the_way_to_the_load_balancer() {
    let break_it = |site: &mut Sample| {
        site.front.answer = Err("connection refused".to_owned());
    };
    check(break_it, Weight::Stops, Layer::LoadBalancer, "gives no answer: connection refused");
}

#[test]
fn what_cannot_be_read_is_said_and_hides_nothing() {
    let mut site = sample();
    site.status.database = Look::Unread("the service is down: 503".to_owned());
    inside(&mut site.status.servers[1].machine).state = "STOPPED".to_owned();
    let found = found(&site);
    let layers: Vec<Layer> = found.iter().map(|fault| fault.layer).collect();
    assert_eq!(layers, [Layer::Database, Layer::Server], "{found:#?}");
    assert!(found.iter().all(|fault| fault.weight == Weight::Weakens), "{found:#?}");
}

#[test]
fn a_server_that_reports_nothing_shows_the_end_of_its_console() {
    let break_it = |site: &mut Sample| {
        site.status.servers[0].boot = Look::None;
        site.evidence.servers[0].console = vec!["Kernel panic".to_owned()];
        set(site).backends[0].status = "CRITICAL".to_owned();
        set(site).backends[0].results = vec!["CONNECT_FAILED".to_owned()];
    };
    check(
        break_it,
        Weight::Weakens,
        Layer::Server,
        "nothing takes connections there; it has reported nothing of its first boot, and its console ends: Kernel panic",
    );
}
