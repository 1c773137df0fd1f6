use super::*;
use crate::config::Config;
use crate::site::sample::{Sample, inside, list_id, sample};

/// The codes of what is not as it must be, after `break_it`.
fn codes(break_it: impl FnOnce(&mut Sample)) -> Vec<&'static str> {
    let mut site = sample();
    break_it(&mut site);
    let Sample { config, status, evidence, front } = site;
    let seen =
        Inspection { status, evidence, front: Some(front), certificate_trouble: None, faults: Vec::new() };
    let findings = judge_behind(&config, &seen, &Changes::Known(Vec::new()));
    findings.into_iter().filter_map(|finding| Some(finding.code?.as_str())).collect()
}

fn rules(site: &mut Sample, zone: Zone) -> &mut Vec<PacketRule> {
    &mut inside(site.evidence.network.security_lists.get_mut(&list_id(zone)).unwrap()).rules
}

#[test]
fn where_all_is_well_nothing_is_found() {
    assert_eq!(codes(|_| ()), Vec::<&str>::new());
}

#[test]
fn the_rules_of_file_storage_are_neither_fewer_nor_more() {
    assert_eq!(codes(|site| drop(rules(site, Zone::Storage).remove(0))), ["E0513"]);
    let more = |site: &mut Sample| {
        let mut rule = rules(site, Zone::Storage)[0].clone();
        rule.peer = "0.0.0.0/0".to_owned();
        rules(site, Zone::Storage).push(rule);
    };
    assert_eq!(codes(more), ["E0513"]);
}

#[test]
fn ssh_is_closed_to_whom_the_file_does_not_name() {
    let open = |site: &mut Sample, peer: &str| {
        let mut rule = rules(site, Zone::Web)[0].clone();
        (rule.direction, rule.peer, rule.ports) = (Direction::In, peer.to_owned(), Some((20, 30)));
        rules(site, Zone::Web).push(rule);
    };
    assert_eq!(codes(|site| open(site, "0.0.0.0/0")), ["E0514"]);
    let asked = |site: &mut Sample, peer: &str| {
        site.config.servers.ssh_from = vec!["192.0.2.0/24".parse().unwrap()];
        open(site, peer);
    };
    assert_eq!(codes(|site| asked(site, "192.0.2.0/24")), Vec::<&str>::new());
    assert_eq!(codes(|site| asked(site, "192.0.0.0/16")), ["E0514"]);
}

#[test]
fn servers_have_no_public_address_and_the_share_is_theirs_alone() {
    let public = |site: &mut Sample| site.evidence.servers[0].public_ips = vec!["198.51.100.9".to_owned()];
    assert_eq!(codes(public), ["E0515"]);
    let everybody = |site: &mut Sample| {
        inside(&mut site.evidence.export).offered_to.push("0.0.0.0/0 READ_ONLY".to_owned());
    };
    assert_eq!(codes(everybody), ["E0510"]);
}

#[test]
fn a_certificate_with_a_week_left_is_a_fault() {
    let with = |days: i64| {
        move |site: &mut Sample| {
            let text = "[site]\nname = \"campus\"\nadmin_email = \"it@example.org\"\nhostname = \"moodle.example.org\"\n[tls]\nmode = \"acme\"\n";
            let tls = Config::parse(text).unwrap_or_else(|wrong| panic!("{wrong}")).tls;
            site.config.tls = tls;
            site.status.expires.push(Expiry {
                what: CERTIFICATE.to_owned(),
                at: "2026-12-03T12:00:00Z".to_owned(),
                left_in_seconds: days * 86_400,
            });
        }
    };
    assert_eq!(codes(with(30)), Vec::<&str>::new());
    assert_eq!(codes(with(7)), ["E0516"]);
}

#[test]
fn a_plan_that_has_something_to_do_is_a_warning_and_no_plan_is_unknown() {
    let changed = no_changes(&Changes::Known(vec!["oci_core_vcn.site".to_owned()]));
    assert_eq!((changed.level, changed.code), (Level::Warning, Some(Code::Drifted)));
    let locked = no_changes(&Changes::Unknown("the state is locked".to_owned()));
    assert_eq!((locked.level, locked.code), (Level::Unknown, Some(Code::NotSeen)));
}
