//! Where nothing is wrong, nothing is found.

use moodle_stack::config::Config;
use moodle_stack::preflight::{Check, Level};

use crate::setup::{Setup, codes};

/// All files of `examples/`.
const EXAMPLES: [(&str, &str); 5] = [
    ("moodle-small", include_str!("../../../examples/moodle-small.toml")),
    ("moodle-full", include_str!("../../../examples/moodle-full.toml")),
    ("wordpress", include_str!("../../../examples/wordpress.toml")),
    ("drupal", include_str!("../../../examples/drupal.toml")),
    ("joomla", include_str!("../../../examples/joomla.toml")),
];

#[tokio::test(start_paused = true)]
async fn a_healthy_cloud_has_room_for_every_example() {
    for (name, text) in EXAMPLES {
        let mut setup = Setup::new(3, "eu-frankfurt-1");
        setup.config = Config::parse(text).unwrap();
        let report = setup.look().await;
        let (faults, warnings) = (codes(&report, Level::Fault), codes(&report, Level::Warning));
        assert!(faults.is_empty() && warnings.is_empty(), "{name}:\n{}", report.to_table(Level::Unknown));
        assert!(report.skipped().is_empty(), "{name}: {:?}", report.skipped());
        assert!(report.counts().ok > 30, "{name}:\n{}", report.to_table(Level::Ok));
        let looked_at = |check| report.findings().iter().any(|finding| finding.check == check);
        for check in [
            Check::Credentials,
            Check::Clock,
            Check::Region,
            Check::Compartment,
            Check::Domains,
            Check::Permissions,
            Check::Limits,
            Check::Shapes,
            Check::Image,
            Check::Capacity,
            Check::Database,
            Check::Names,
            Check::Bucket,
        ] {
            assert!(looked_at(check), "{name}: {check} was not looked at");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_region_with_one_domain_is_as_good() {
    let report = Setup::new(4, "eu-zurich-1").look().await;
    assert!(!report.has_faults(), "{}", report.to_table(Level::Unknown));
}

#[tokio::test(start_paused = true)]
async fn what_exists_already_is_not_in_its_own_way() {
    let mut setup = Setup::new(5, "eu-frankfurt-1");
    let vcn = setup.vcn("10.0.0.0/16", Some("campus")).await;
    setup.set(&vcn, "displayName", "campus");
    setup.limit("vcn-count", 1);
    let report = setup.look().await;
    assert_eq!(codes(&report, Level::Fault), ["E0312"].into());
    assert_eq!(codes(&report, Level::Warning), ["E0333", "E0334"].into());
    setup.existing.push(vcn);
    let report = setup.look().await;
    assert!(report.worst() < Level::Warning, "{}", report.to_table(Level::Unknown));
}

#[tokio::test(start_paused = true)]
async fn an_existing_network_that_is_as_the_file_says_is_taken() {
    let mut setup = Setup::new(6, "eu-frankfurt-1");
    let vcn = setup.with_vcn().await;
    setup.config.network.balancer_subnet_id = Some(setup.subnet(&vcn, "10.0.1.0/24", "front", false).await);
    setup.config.network.web_subnet_id = Some(setup.subnet(&vcn, "10.0.2.0/24", "back", true).await);
    setup.config.network.internet_gateway_id = Some(setup.internet_gateway(&vcn).await);
    setup.config.load_balancer.public_ip_id = Some(setup.public_ip().await);
    let report = setup.look().await;
    assert!(report.worst() < Level::Warning, "{}", report.to_table(Level::Unknown));
}

/// Side by side: the time that it takes is that of a few answers, not of all of them.
#[tokio::test(start_paused = true)]
async fn reads_go_on_side_by_side() {
    let setup = Setup::new(7, "eu-frankfurt-1");
    setup.faults(&serde_json::json!({"faults": [{"when": {}, "do": {"delay": {"seconds": 1.0}}}]}));
    let (before, began) = (setup.mock.requests().len(), setup.world.monotonic());
    let report = setup.look().await;
    assert!(!report.has_faults(), "{}", report.to_table(Level::Unknown));
    let (requests, took) =
        (setup.mock.requests().len() - before, (setup.world.monotonic() - began).as_secs());
    assert!(requests > 30, "{requests}");
    assert!(took <= requests as u64 / 4, "{requests} requests of a second each took {took} s");
}
