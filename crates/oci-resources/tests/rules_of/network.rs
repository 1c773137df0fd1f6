//! Networks.

use serde_json::json;

use crate::Rules;

fn vcn_and_subnet() -> Vec<Rules> {
    let long = "m".repeat(16);
    let name = "n".repeat(256);
    vec![
        Rules {
            resource_type: "oci_core_vcn",
            right: json!({"compartment_id": "c", "cidr_blocks": ["10.0.0.0/16"], "dns_label": "campus"}),
            wrong: vec![
                (json!({"compartment_id": null}), &["compartment_id"]),
                (json!({"cidr_blocks": []}), &["cidr_blocks", "cidr_blocks"]),
                (json!({"cidr_blocks": ["10.0.0.0/15"]}), &["cidr_blocks[0]"]),
                (json!({"cidr_blocks": ["10.0.0.0/31"]}), &["cidr_blocks[0]"]),
                (json!({"cidr_blocks": ["10.0.0.1/16"]}), &["cidr_blocks[0]"]),
                (json!({"cidr_blocks": ["10.0.0.0/16", "10.0.1.0/24"]}), &["cidr_blocks[1]"]),
                (
                    json!({"cidr_blocks": ["10.0.0.0/16", "10.1.0.0/16", "10.2.0.0/16", "10.3.0.0/16", "10.4.0.0/16", "10.5.0.0/16"]}),
                    &["cidr_blocks", "cidr_blocks"],
                ),
                (json!({"dns_label": long}), &["dns_label"]),
                (json!({"dns_label": "1a"}), &["dns_label"]),
                (json!({"display_name": ""}), &["display_name"]),
                (json!({"display_name": name}), &["display_name"]),
                (json!({"ipv6private_cidr_blocks": ["10.0.0.0/8"]}), &["ipv6private_cidr_blocks[0]"]),
                (json!({"ipv6private_cidr_blocks": ["fd00::1/48"]}), &["ipv6private_cidr_blocks[0]"]),
                (
                    json!({"byoipv6cidr_details": [{"byoipv6range_id": "r", "ipv6cidr_block": "x"}]}),
                    &["byoipv6cidr_details[0].ipv6cidr_block"],
                ),
            ],
        },
        Rules {
            resource_type: "oci_core_subnet",
            right: json!({"compartment_id": "c", "vcn_id": "v", "cidr_block": "10.0.0.0/24"}),
            wrong: vec![
                (json!({"cidr_block": null}), &["cidr_block"]),
                (json!({"ipv4cidr_blocks": ["10.0.1.0/24"]}), &["ipv4cidr_blocks"]),
                (json!({"cidr_block": null, "ipv4cidr_blocks": ["10.0.1.1/24"]}), &["ipv4cidr_blocks[0]"]),
                (json!({"cidr_block": "10.0.0.0/31"}), &["cidr_block"]),
                (json!({"ipv6cidr_block": "10.0.0.0/24"}), &["ipv6cidr_block"]),
                (json!({"ipv6cidr_blocks": ["2001:db8::1/64"]}), &["ipv6cidr_blocks[0]"]),
                (json!({"dns_label": "a-b"}), &["dns_label"]),
                (json!({"security_list_ids": ["1", "2", "3", "4", "5", "6"]}), &["security_list_ids"]),
                (
                    json!({"prohibit_public_ip_on_vnic": true, "prohibit_internet_ingress": true}),
                    &["prohibit_internet_ingress"],
                ),
            ],
        },
    ]
}

fn gateways_and_options() -> Vec<Rules> {
    let in_vcn = json!({"compartment_id": "c", "vcn_id": "v"});
    let options = |option: serde_json::Value| json!({"options": [option]});
    let dhcp_wrong: Vec<(serde_json::Value, &'static [&'static str])> = vec![
        (options(json!({"type": "Nonsense"})), &["options[0].type"]),
        (options(json!({"type": "DomainNameServer"})), &["options[0].server_type"]),
        (options(json!({"type": "DomainNameServer", "server_type": "Mine"})), &["options[0].server_type"]),
        (
            options(json!({"type": "DomainNameServer", "server_type": "CustomDnsServer"})),
            &["options[0].custom_dns_servers"],
        ),
        (
            options(
                json!({"type": "DomainNameServer", "server_type": "VcnLocal", "custom_dns_servers": ["10.0.0.2"]}),
            ),
            &["options[0].custom_dns_servers"],
        ),
        (
            options(
                json!({"type": "DomainNameServer", "server_type": "CustomDnsServer", "custom_dns_servers": ["dns"]}),
            ),
            &["options[0].custom_dns_servers[0]"],
        ),
        (
            options(json!({"type": "DomainNameServer", "server_type": "CustomDnsServer",
                "custom_dns_servers": ["10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5"]})),
            &["options[0].custom_dns_servers"],
        ),
        (options(json!({"type": "SearchDomain"})), &["options[0].search_domain_names"]),
        (
            options(json!({"type": "SearchDomain", "search_domain_names": ["a.example", "b.example"]})),
            &["options[0].search_domain_names"],
        ),
    ];
    let server = json!([{"type": "DomainNameServer", "server_type": "VcnLocal"}]);
    vec![
        Rules {
            resource_type: "oci_core_internet_gateway",
            right: in_vcn.clone(),
            wrong: vec![(json!({"vcn_id": null}), &["vcn_id"])],
        },
        Rules {
            resource_type: "oci_core_nat_gateway",
            right: in_vcn.clone(),
            wrong: vec![(json!({"block_traffic": "yes"}), &["block_traffic"])],
        },
        Rules {
            resource_type: "oci_core_service_gateway",
            right: json!({"compartment_id": "c", "vcn_id": "v", "services": [{"service_id": "s"}]}),
            wrong: vec![
                (json!({"services": null}), &["services"]),
                (json!({"services": [{}]}), &["services[0].service_id"]),
            ],
        },
        Rules {
            resource_type: "oci_core_dhcp_options",
            right: json!({"compartment_id": "c", "vcn_id": "v", "options": server}),
            wrong: dhcp_wrong.iter().cloned().chain([(json!({"options": null}), &["options"][..])]).collect(),
        },
        Rules {
            resource_type: "oci_core_default_dhcp_options",
            right: json!({"manage_default_resource_id": "d", "options": server}),
            wrong: dhcp_wrong,
        },
        Rules {
            resource_type: "oci_core_network_security_group",
            right: in_vcn,
            wrong: vec![(json!({"compartment_id": null}), &["compartment_id"])],
        },
        Rules {
            resource_type: "oci_core_public_ip",
            right: json!({"compartment_id": "c", "lifetime": "RESERVED"}),
            wrong: vec![
                (json!({"lifetime": "FOREVER"}), &["lifetime"]),
                (json!({"lifetime": "EPHEMERAL"}), &["private_ip_id"]),
            ],
        },
        Rules {
            resource_type: "oci_core_private_ip",
            right: json!({"vnic_id": "v"}),
            wrong: vec![
                (json!({"vnic_id": null}), &["vnic_id"]),
                (json!({"subnet_id": "s", "vlan_id": "l"}), &["vlan_id"]),
                (json!({"ip_address": "10.0.0.256"}), &["ip_address"]),
                (json!({"hostname_label": "a.b"}), &["hostname_label"]),
                (json!({"cidr_prefix_length": 33}), &["cidr_prefix_length"]),
                (json!({"ipv4subnet_cidr_at_creation": "10.0.0.1/24"}), &["ipv4subnet_cidr_at_creation"]),
                (json!({"lifetime": "SHORT"}), &["lifetime"]),
            ],
        },
    ]
}

fn packet_rules() -> Vec<Rules> {
    let coming = |rule: serde_json::Value| {
        let mut whole = json!({"protocol": "tcp", "source": "10.0.0.0/16"});
        crate::merge(&mut whole, &rule);
        json!({"ingress_security_rules": [whole]})
    };
    let long = "d".repeat(256);
    let wrong = || -> Vec<(serde_json::Value, &'static [&'static str])> {
        vec![
            (coming(json!({"protocol": null})), &["ingress_security_rules[0].protocol"]),
            (coming(json!({"protocol": "nonsense"})), &["ingress_security_rules[0].protocol"]),
            (coming(json!({"protocol": "256"})), &["ingress_security_rules[0].protocol"]),
            (coming(json!({"source": null})), &["ingress_security_rules[0].source"]),
            (coming(json!({"source": "10.0.0.1/16"})), &["ingress_security_rules[0].source"]),
            (coming(json!({"source": "2001:db8::1/32"})), &["ingress_security_rules[0].source"]),
            (coming(json!({"source_type": "ANY"})), &["ingress_security_rules[0].source_type"]),
            (coming(json!({"source_type": "SERVICE_CIDR_BLOCK"})), &["ingress_security_rules[0].source"]),
            (coming(json!({"description": long})), &["ingress_security_rules[0].description"]),
            (
                coming(json!({"tcp_options": {"min": 0, "max": 1}})),
                &["ingress_security_rules[0].tcp_options.min"],
            ),
            (
                coming(json!({"tcp_options": {"min": 1, "max": 65536}})),
                &["ingress_security_rules[0].tcp_options.max"],
            ),
            (
                coming(json!({"tcp_options": {"min": 2, "max": 1}})),
                &["ingress_security_rules[0].tcp_options.max"],
            ),
            (coming(json!({"tcp_options": {"min": 2}})), &["ingress_security_rules[0].tcp_options.max"]),
            (coming(json!({"tcp_options": {"max": 2}})), &["ingress_security_rules[0].tcp_options.min"]),
            (
                coming(json!({"tcp_options": {"source_port_range": {"min": 2, "max": 1}}})),
                &["ingress_security_rules[0].tcp_options.source_port_range.max"],
            ),
            (
                coming(json!({"udp_options": {"min": 1, "max": 2}})),
                &["ingress_security_rules[0].udp_options"],
            ),
            (coming(json!({"icmp_options": {"type": 3}})), &["ingress_security_rules[0].icmp_options"]),
            (
                coming(json!({"protocol": "1", "icmp_options": {"type": 255, "code": 17}})),
                &[
                    "ingress_security_rules[0].icmp_options.code",
                    "ingress_security_rules[0].icmp_options.type",
                ],
            ),
            (
                json!({"egress_security_rules": [{"protocol": "all", "destination": "10.0.0.1/16"}]}),
                &["egress_security_rules[0].destination"],
            ),
        ]
    };
    vec![
        Rules {
            resource_type: "oci_core_security_list",
            right: json!({"compartment_id": "c", "vcn_id": "v", "ingress_security_rules": [
                {"protocol": "58", "source": "2001:db8::/32", "icmp_options": {"type": 3, "code": 4}},
                {"protocol": "tcp", "source": "all-fra-services-in-oracle-services-network",
                 "source_type": "SERVICE_CIDR_BLOCK", "tcp_options": {"min": 1, "max": 65535}},
            ]}),
            wrong: wrong(),
        },
        Rules {
            resource_type: "oci_core_default_security_list",
            right: json!({"manage_default_resource_id": "d"}),
            wrong: wrong(),
        },
        Rules {
            resource_type: "oci_core_network_security_group_security_rule",
            right: json!({"network_security_group_id": "g", "direction": "INGRESS", "protocol": "6",
                "source": "10.0.0.0/16"}),
            wrong: vec![
                (json!({"direction": "UP"}), &["direction"]),
                (json!({"direction": "EGRESS"}), &["destination", "source"]),
                (json!({"destination": "10.0.0.0/16"}), &["destination"]),
                (json!({"destination_type": "CIDR_BLOCK"}), &["destination_type"]),
                (json!({"source": "10.0.0.1/16"}), &["source"]),
                (json!({"source_type": "NETWORK_SECURITY_GROUP"}), &["source"]),
                (json!({"source_type": "SERVICE_CIDR_BLOCK"}), &["source"]),
                (json!({"protocol": "nonsense"}), &["protocol"]),
                (
                    json!({"tcp_options": {"destination_port_range": {"min": 9, "max": 2}}}),
                    &["tcp_options.destination_port_range.max"],
                ),
                (
                    json!({"tcp_options": {"source_port_range": {"min": 0, "max": 2}}}),
                    &["tcp_options.source_port_range.min"],
                ),
                (json!({"icmp_options": {"type": 3}}), &["icmp_options"]),
            ],
        },
    ]
}

fn routes() -> Vec<Rules> {
    let rule = |rule: serde_json::Value| {
        let mut whole = json!({"network_entity_id": "g", "destination": "0.0.0.0/0"});
        crate::merge(&mut whole, &rule);
        json!({"route_rules": [whole]})
    };
    let wrong = || -> Vec<(serde_json::Value, &'static [&'static str])> {
        vec![
            (rule(json!({"network_entity_id": null})), &["route_rules[0].network_entity_id"]),
            (rule(json!({"destination": null})), &["route_rules[0].destination"]),
            (rule(json!({"destination": "10.0.0.1/8"})), &["route_rules[0].destination"]),
            (rule(json!({"destination_type": "NONE"})), &["route_rules[0].destination_type"]),
            (rule(json!({"description": ""})), &["route_rules[0].description"]),
            (
                json!({"route_rules": [{"network_entity_id": "g", "destination": "2001:DB8::/32"},
                    {"network_entity_id": "h", "destination": "2001:db8::/32"}]}),
                &["route_rules[1].destination"],
            ),
        ]
    };
    vec![
        Rules {
            resource_type: "oci_core_route_table",
            right: json!({"compartment_id": "c", "vcn_id": "v", "route_rules": [
                {"network_entity_id": "g", "destination": "0.0.0.0/0"},
                {"network_entity_id": "s", "destination": "all-fra-services-in-oracle-services-network",
                 "destination_type": "SERVICE_CIDR_BLOCK"}]}),
            wrong: wrong(),
        },
        Rules {
            resource_type: "oci_core_default_route_table",
            right: json!({"manage_default_resource_id": "d"}),
            wrong: wrong(),
        },
    ]
}

pub(crate) fn rules() -> Vec<Rules> {
    [vcn_and_subnet(), gateways_and_options(), packet_rules(), routes()].into_iter().flatten().collect()
}
