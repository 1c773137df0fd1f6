//! How answers are read: what is forgiven, what is refused, and what a refusal says.

use std::error::Error as _;

use serde_json::json;

use crate::model::{decode, decode_list, to_value_with_secrets};
use crate::operation::DecodeError;
use crate::services::core::models::{
    DhcpDnsOption, DhcpOption, DhcpOptions, Instance, InstanceSourceDetails, LaunchInstanceDetails, Vcn,
    VcnLifecycleState, VolumeAttachment,
};
use crate::services::mysql::models::DbSystem;
use crate::services::network_load_balancer::models::BackendCollection;

fn refusal<T>(result: Result<T, DecodeError>) -> String {
    match result {
        Ok(_) => panic!("it was read"),
        Err(error) => match error.source() {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        },
    }
}

#[test]
fn nulls_missing_fields_and_unknown_fields_are_forgiven() {
    let json =
        br#"{"id":"a","displayName":null,"cidrBlocks":null,"new":{"deep":[1]},"lifecycleState":"FROZEN"}"#;
    let vcn: Vcn = decode(json, "Vcn").unwrap();
    let expected = Vcn {
        id: Some("a".to_owned()),
        lifecycle_state: Some(VcnLifecycleState::Other("FROZEN".to_owned())),
        ..Vcn::default()
    };
    assert_eq!(vcn, expected);
    assert_eq!(to_value_with_secrets(&vcn).unwrap(), json!({"id": "a", "lifecycleState": "FROZEN"}));
}

#[test]
fn a_list_without_a_body_is_empty() {
    for body in ["", " \r\n", "null", " null\n", "[]"] {
        assert_eq!(decode_list::<Vcn>(body.as_bytes(), "list of Vcn").unwrap(), vec![], "{body:?}");
    }
    assert!(decode_list::<Vcn>(b"{}", "list of Vcn").is_err());
}

#[test]
fn a_model_without_a_body_is_an_error_of_its_own() {
    for body in ["", "  ", "\n"] {
        assert!(matches!(decode::<Vcn>(body.as_bytes(), "Vcn"), Err(DecodeError::Empty { expected: "Vcn" })));
    }
    // `null` is a body, and no model.
    assert!(matches!(decode::<Vcn>(b"null", "Vcn"), Err(DecodeError::Json { .. })));
}

#[test]
fn another_type_of_json_is_refused_with_its_path() {
    for (json, words) in [
        (r#"{"cidrBlocks":"10.0.0.0/16"}"#, "at `$.cidrBlocks`: invalid type: a string, expected a list"),
        (
            r#"{"cidrBlocks":["10.0.0.0/16",7]}"#,
            "at `$.cidrBlocks[1]`: invalid type: integer `7`, expected a string",
        ),
        (
            r#"{"freeformTags":{"a":"b","c d":[]}}"#,
            "at `$.freeformTags[\"c d\"]`: invalid type: sequence, expected a string",
        ),
        (r#"{"isZprOnly":"true"}"#, "at `$.isZprOnly`: invalid type: a string, expected true or false"),
        (r#"{"timeCreated":"soon"}"#, "at `$.timeCreated`: invalid value: another string, expected a time"),
        (
            r#"{"timeCreated":1767323045}"#,
            "at `$.timeCreated`: invalid type: integer `1767323045`, expected a time",
        ),
        (r#"{"byoipv6CidrBlocks":[null]}"#, "at `$.byoipv6CidrBlocks[0]`: invalid type: null"),
        (r#"[]"#, "at `$`: invalid type: sequence, expected an object, `Vcn`"),
        (r#"{"id":"a"} {"#, "at `$`: trailing characters"),
        (r#"{"id":"a""#, "at `$`: EOF"),
        (r#"{"cidrBlocks":["a", "#, "at `$.cidrBlocks"),
    ] {
        let said = refusal(decode::<Vcn>(json.as_bytes(), "Vcn"));
        assert!(said.contains(words), "{json}: {said}");
    }
    let nested = br#"{"items":[{},{},{"port":"x"}]}"#;
    let said = refusal(decode::<BackendCollection>(nested, "BackendCollection"));
    assert!(said.contains("at `$.items[2].port`"), "{said}");
}

#[test]
fn a_refusal_never_quotes_a_string_of_the_answer() {
    for field in ["cidrBlocks", "isZprOnly", "timeCreated", "freeformTags", "definedTags"] {
        let said = refusal(decode::<Vcn>(format!(r#"{{"{field}":"canary-77"}}"#).as_bytes(), "Vcn"));
        assert!(!said.contains("canary"), "{said}");
    }
    for json in [
        r#""canary-77""#,
        r#"{"sourceDetails":"canary-77"}"#,
        r#"{"sourceDetails":{"sourceType":["canary-77"]}}"#,
    ] {
        let said = refusal(decode::<Instance>(json.as_bytes(), "Instance"));
        assert!(!said.contains("canary"), "{said}");
    }
    for json in [r#"{"dataStorageSizeInGBs":"canary-77"}"#, r#"{"heatWaveCluster":"canary-77"}"#] {
        let said = refusal(decode::<DbSystem>(json.as_bytes(), "DbSystem"));
        assert!(!said.contains("canary"), "{said}");
    }
}

#[test]
fn whole_numbers_are_read_as_oracles_sdk_reads_them_but_never_rounded() {
    let size = |json: &str| {
        let json = format!(r#"{{"dataStorageSizeInGBs":{json}}}"#);
        decode::<DbSystem>(json.as_bytes(), "DbSystem").map(|system| system.data_storage_size_in_gbs)
    };
    for (json, expected) in [
        ("50", 50),
        ("\"50\"", 50),
        ("50.0", 50),
        ("-7", -7),
        ("9223372036854775807", i64::MAX),
        ("-9223372036854775808", i64::MIN),
    ] {
        assert_eq!(size(json).unwrap(), Some(expected), "{json}");
    }
    for json in ["50.5", "9223372036854775808", "1e30", "\"5x\"", "\"\"", "true", "[1]"] {
        assert!(size(json).is_err(), "{json} was read");
    }
}

#[test]
fn the_kind_of_a_union_may_stand_anywhere() {
    for json in [
        r#"{"sourceType":"image","imageId":"i","bootVolumeSizeInGBs":50}"#,
        r#"{"imageId":"i","sourceType":"image","bootVolumeSizeInGBs":50}"#,
        r#"{"imageId":"i","bootVolumeSizeInGBs":50,"unknown":{"a":1},"sourceType":"image"}"#,
        r#"{"sourceType":null,"imageId":"i","bootVolumeSizeInGBs":50,"sourceType":"image"}"#,
        r#"{"sourceType":"image","imageId":"i","bootVolumeSizeInGBs":50,"sourceType":"bootVolume"}"#,
    ] {
        let source: InstanceSourceDetails = decode(json.as_bytes(), "InstanceSourceDetails").unwrap();
        let InstanceSourceDetails::Image(image) = &source else { panic!("{json}: {source:?}") };
        assert_eq!(
            (image.image_id.as_deref(), image.boot_volume_size_in_gbs),
            (Some("i"), Some(50)),
            "{json}"
        );
        let written = to_value_with_secrets(&source).unwrap();
        assert_eq!(written, json!({"sourceType": "image", "imageId": "i", "bootVolumeSizeInGBs": 50}));
    }
}

#[test]
fn an_unknown_kind_keeps_everything_and_its_common_fields_are_typed() {
    let json = json!({
        "attachmentType": "quantum",
        "id": "ocid1.volumeattachment.a",
        "isReadOnly": true,
        "lifecycleState": "ATTACHED",
        "entanglement": {"pairs": [1, 2, null]},
        "spin": null,
    });
    let attachment: VolumeAttachment = decode(json.to_string().as_bytes(), "VolumeAttachment").unwrap();
    let VolumeAttachment::Other(other) = &attachment else { panic!("{attachment:?}") };
    assert_eq!(other.attachment_type.as_deref(), Some("quantum"));
    assert_eq!(attachment.id(), Some("ocid1.volumeattachment.a"));
    assert_eq!(attachment.is_read_only(), Some(&true));
    assert_eq!(to_value_with_secrets(&attachment).unwrap(), json);
    assert!(!format!("{attachment:?}").contains("pairs"), "what nobody knows may be secret");
}

#[test]
fn a_union_without_a_kind_is_read_as_one_of_no_known_kind() {
    for json in [r#"{"imageId":"i"}"#, r#"{"sourceType":null,"imageId":"i"}"#] {
        let source: InstanceSourceDetails = decode(json.as_bytes(), "InstanceSourceDetails").unwrap();
        let InstanceSourceDetails::Other(other) = &source else { panic!("{source:?}") };
        assert_eq!(other.source_type, None);
        assert_eq!(to_value_with_secrets(&source).unwrap(), json!({"imageId": "i"}));
    }
    let said = refusal(decode::<InstanceSourceDetails>(br#"{"sourceType":7}"#, "InstanceSourceDetails"));
    assert!(said.contains("at `$.sourceType`"), "{said}");
}

#[test]
fn a_mistake_in_what_stood_before_the_kind_has_its_path_too() {
    let json = br#"{"options":[{"customDnsServers":"10.0.0.2","type":"DomainNameServer"}]}"#;
    let said = refusal(decode::<DhcpOptions>(json, "DhcpOptions"));
    assert!(said.contains("at `$.options[0].customDnsServers`"), "{said}");
}

#[test]
fn a_caller_writes_only_what_it_sets() {
    let option =
        DhcpOption::from(DhcpDnsOption { custom_dns_servers: Some(vec![]), ..DhcpDnsOption::default() });
    assert_eq!(
        to_value_with_secrets(&option).unwrap(),
        json!({"type": "DomainNameServer", "customDnsServers": []})
    );
    assert_eq!(to_value_with_secrets(&LaunchInstanceDetails::default()).unwrap(), json!({}));
}

#[test]
fn very_deep_json_does_not_exhaust_the_stack() {
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    // Skipping needs no stack; keeping does.
    let unknown = format!(r#"{{"id":"a","unknown":{deep}}}"#);
    assert_eq!(decode::<Vcn>(unknown.as_bytes(), "Vcn").unwrap().id.as_deref(), Some("a"));
    let kept = format!(r#"{{"definedTags":{{"a":{{"b":{deep}}}}}}}"#);
    assert!(refusal(decode::<Vcn>(kept.as_bytes(), "Vcn")).contains("recursion limit"));
    let before = format!(r#"{{"a":{deep},"sourceType":"image"}}"#);
    let read = decode::<InstanceSourceDetails>(before.as_bytes(), "InstanceSourceDetails");
    assert!(refusal(read).contains("recursion limit"));
}
