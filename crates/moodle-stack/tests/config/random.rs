//! Random files: what is written is read back, and nothing makes the reader fall over.

use ipnet::Ipv4Net;
use moodle_stack::config::{
    Cloud, Config, Database, Identity, LoadBalancer, Network, Replace, Secrets, Servers, Site, Size, Source,
    Storage, Tls, TlsMode,
};
use moodle_stack::server::versions::{Application, Php};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;

use super::{SHORTEST, read};

fn line() -> impl Strategy<Value = String> {
    "[a-zA-Z\"'\\\\ äß#=\\[\\]]{0,20}[a-z]"
}

fn site() -> impl Strategy<Value = Site> {
    let names =
        ("[a-z][a-z0-9]{0,11}", "[a-z]{1,8}@[a-z]{1,8}\\.org", option::of("[a-z]{1,9}\\.example\\.org"));
    let kinds = (proptest::sample::select(&Application::ALL[..]), proptest::sample::select(&Php::ALL[..]));
    let size = proptest::sample::select(&Size::ALL[..]);
    let more =
        (option::of("[0-9]{1,2}\\.[0-9]{1,2}"), option::of("[0-9a-f]{64}"), option::of(line()), line());
    (names, kinds, size, more).prop_map(|((name, admin_email, hostname), (application, php), size, more)| {
        Site {
            name,
            size,
            application,
            version: more.0,
            sha256: more.1,
            php,
            hostname,
            full_name: more.2.clone(),
            short_name: more.2,
            language: "pt_br".to_owned(),
            admin_user: more.3,
            admin_email,
        }
    })
}

fn range() -> impl Strategy<Value = Ipv4Net> {
    (any::<u32>(), 0..=32_u8)
        .prop_map(|(address, prefix)| Ipv4Net::new_assert(address.into(), prefix).trunc())
}

fn network() -> impl Strategy<Value = Network> {
    (range(), range(), range(), range(), range()).prop_map(
        |(cidr, balancer_cidr, web_cidr, database_cidr, storage_cidr)| Network {
            cidr,
            balancer_cidr,
            web_cidr,
            database_cidr,
            storage_cidr,
            visitors_from: vec![cidr],
            web_subnet_id: Some("ocid1.subnet.oc1.fra.a".to_owned()),
            ..Network::default()
        },
    )
}

fn servers() -> impl Strategy<Value = Servers> {
    let shapes = || "VM\\.Standard\\.[A-Z][0-9]\\.Flex";
    let image = option::of("ocid1\\.image\\.oc1\\.[a-z]{3}\\.[a-z]{5}");
    (1..=100_u16, shapes(), (2..=1024_u32, 1..=4096_u32), vec(shapes(), 0..3), image, vec(range(), 0..3))
        .prop_map(|(count, shape, (halves, memory), fallback_shapes, image_id, ssh_from)| Servers {
            count,
            shape,
            ocpus: f64::from(halves) / 2.0,
            memory_in_gbs: f64::from(memory),
            fallback_shapes,
            image_id,
            ssh_authorized_keys: Vec::new(),
            ssh_from,
            boot_volume_in_gbs: 50 + i64::from(memory),
            availability_domains: vec![3, 1],
            replace: if count > 50 { Replace::Never } else { Replace::Rolling },
            drain_in_seconds: u32::from(count),
            automatic_updates: halves % 2 == 0,
            update_hour: 23,
        })
}

fn database() -> impl Strategy<Value = Database> {
    (
        "MySQL\\.[0-9]{1,3}",
        any::<bool>(),
        0..=18_u16,
        50..=131_072_i64,
        option::of("[89]\\.[0-9]"),
        1..=35_i64,
        any::<bool>(),
    )
        .prop_map(|(shape, high_availability, replicas, storage_in_gbs, version, days, protect)| {
            Database {
                shape,
                high_availability,
                replicas,
                storage_in_gbs,
                version,
                backup_retention_in_days: days,
                protect,
                storage_max_in_gbs: Some(storage_in_gbs.max(100)),
                availability_domain: protect.then_some(2),
                heatwave_nodes: replicas,
                ..Database::default()
            }
        })
}

fn source() -> impl Strategy<Value = Source> {
    prop_oneof![
        "[A-Z_]{1,9}".prop_map(Source::Env),
        line().prop_map(|path| Source::File(path.into())),
        vec(line(), 1..4).prop_map(Source::Command),
        any::<u32>().prop_map(|rotation| Source::Generate { rotation }),
    ]
}

fn config() -> impl Strategy<Value = Config> {
    let secrets = (option::of(source()), option::of(source()), option::of(source())).prop_map(
        |(database_admin_password, database_password, admin_password)| Secrets {
            database_admin_password,
            database_password,
            admin_password,
        },
    );
    let identity = proptest::sample::select(vec![Identity::Server, Identity::Compartment, Identity::None]);
    let cloud = (
        option::of(Just("fra".to_owned())),
        option::of(Just("ocid1.tenancy.oc1..aaaa".to_owned())),
        identity,
    )
        .prop_map(|(region, compartment_id, identity)| Cloud { region, compartment_id, identity });
    let storage = (1..=365_i64, any::<bool>()).prop_map(|(snapshot_retention_in_days, protect)| Storage {
        snapshot_retention_in_days,
        protect,
        availability_domain: 2,
    });
    let load_balancer = (any::<bool>(), option::of(100..600_u16), 1..=600_u32).prop_map(
        |(public, health_status, health_timeout_in_seconds)| LoadBalancer {
            public,
            health_status,
            health_timeout_in_seconds,
            health_path: "/login/index.php".to_owned(),
            ..LoadBalancer::default()
        },
    );
    let tls =
        (proptest::sample::select(vec![TlsMode::Off, TlsMode::Files, TlsMode::Acme]), option::of(source()))
            .prop_map(|(mode, key)| Tls { mode, key, ..Tls::default() });
    let tags = (btree_map("[a-z]{1,9}", line(), 0..4), btree_map("[A-Z]{1,9}\\.[a-z]{1,9}", line(), 0..4));
    let parts = (site(), cloud, network(), servers(), database(), storage, secrets, load_balancer, tls, tags);
    parts.prop_map(
        |(
            site,
            cloud,
            network,
            servers,
            database,
            storage,
            secrets,
            load_balancer,
            tls,
            (tags, defined_tags),
        )| Config {
            site,
            cloud,
            network,
            servers,
            database,
            storage,
            secrets,
            load_balancer,
            tls,
            tags,
            defined_tags,
        },
    )
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(config in config()) {
        let text = toml::to_string(&config).unwrap();
        let (file, read, diagnostics) = read(&text);
        prop_assert_eq!(&read, &config, "{}\n{}", text, diagnostics.render(&file));
        // Rules may have something to say about random values; the reader may not.
        let from_reader = diagnostics.as_slice().iter().filter(|one| one.code.as_str() < "E02");
        prop_assert_eq!(from_reader.count(), 0, "{}", diagnostics.render(&file));
    }

    #[test]
    fn any_text_is_read_without_falling_over(text in "[a-z\\[\\]{}=\"'#., 0-9\\n\u{e4}-]{0,80}") {
        let (file, _, diagnostics) = read(&text);
        prop_assert!(diagnostics.has_errors(), "it has no [site]");
        prop_assert!(!diagnostics.render(&file).is_empty());
    }

    /// A right file with some bytes replaced, taken out or put in.
    #[test]
    fn a_damaged_file_is_read_without_falling_over(at in any::<prop::sample::Index>(), cut in 0..6_usize, put in "[a-z\\[\\]{}=\"\\n0-9.]{0,6}") {
        let mut text = format!("{SHORTEST}[servers]\ncount = 3\nssh_from = [\"10.0.0.0/16\"]\n[secrets]\nadmin_password = {{ env = \"X\" }}\n");
        let start = at.index(text.len());
        text.replace_range(start..(start + cut).min(text.len()), &put);
        let (file, _, diagnostics) = read(&text);
        // Either it can be used, or there is a reason with a place in the file.
        let _ = diagnostics.render(&file);
        for one in diagnostics.as_slice() {
            prop_assert!(one.code.as_str() < "E03");
            prop_assert!(one.span.as_ref().is_none_or(|span| span.end <= text.len()));
        }
    }
}
