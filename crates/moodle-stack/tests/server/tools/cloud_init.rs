//! `cloud-init schema`, and cloud-init's own reader: each file comes out as it was rendered.

use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use moodle_stack::server::{ObjectPlace, cloud_config, user_data, user_data_with_bundle};

use super::{cases, fresh_folder, succeeds, tools_are_here, write};

/// Runs `cloud-init schema` in one process for all files, as its own entry does, with a faster reader of the same YAML;
/// then writes each file of `write_files`, as cloud-init reads it, below a folder.
const CHECK: &str = include_str!("cloud_init.py");

#[test]
fn cloud_init_accepts_all_user_data_and_reads_each_file_as_it_was_rendered() {
    if !tools_are_here(&["cloud-init", "python3", "python3-yaml"]) {
        return;
    }
    let folder = fresh_folder("cloud-init");
    let cases = cases();
    let check = folder.join("check.py");
    write(&check, CHECK);
    let mut list = String::new();
    for case in &cases {
        let path = folder.join(format!("{}.yaml", case.name));
        write(&path, &cloud_config(&case.rendered));
        list += &format!("{}\n", path.display());
    }
    let printed = succeeds(Command::new("/usr/bin/python3").arg(&check), list.as_bytes());
    let mut answers = printed.lines();
    for case in &cases {
        let answer: serde_json::Value = serde_json::from_str(answers.next().expect("a line a file")).unwrap();
        let files = answer["write_files"].as_array().expect("a list of files");
        assert_eq!(files.len(), case.rendered.files.len(), "{}", case.name);
        for entry in files {
            let path = entry["path"].as_str().unwrap();
            let file = &case.rendered.files[path];
            assert_eq!(entry["content"], file.content.as_str(), "{}: {path}", case.name);
            assert_eq!(entry["permissions"], format!("{:04o}", file.mode), "{}: {path}", case.name);
        }
        // It runs at each start, before the files are written.
        let early = answer["bootcmd"][0].as_array().expect("a command");
        assert_eq!((early.len(), &early[0]), (3, &serde_json::json!("sh")), "{}", case.name);
        assert_eq!(answer["runcmd"], serde_json::json!([["bash", "/usr/local/lib/site/boot.sh"]]));
    }
}

/// The command itself, with its own reader, over what a server really gets.
#[test]
fn the_command_cloud_init_schema_accepts_one_server_of_each_application() {
    if !tools_are_here(&["cloud-init"]) {
        return;
    }
    let folder = fresh_folder("cloud-init-command");
    for application in moodle_stack::server::versions::Application::ALL {
        let rendered = moodle_stack::server::render(&crate::samples::plain(application)).unwrap();
        let place = ObjectPlace {
            namespace: "axexample".to_owned(),
            bucket: "campus-site".to_owned(),
            object: "boot/".to_owned(),
        };
        // With the files in it, and with the command that fetches them.
        for data in [user_data(&rendered, 0).unwrap(), user_data_with_bundle(&rendered, &place, 0).unwrap()] {
            let path = folder.join(application.name());
            write(&path, &unpacked(&data.base64));
            let schema = ["schema", "--annotate", "--config-file"];
            let printed = succeeds(Command::new("cloud-init").args(schema).arg(&path), b"");
            assert!(printed.starts_with("Valid cloud-config"), "{printed}");
            assert!(!printed.contains("# E1"), "{printed}");
        }
    }
}

/// User data in clear.
pub(super) fn unpacked(base64: &str) -> String {
    use std::io::Read as _;
    let bytes = STANDARD.decode(base64).unwrap();
    let mut text = String::new();
    flate2::read::GzDecoder::new(bytes.as_slice()).read_to_string(&mut text).unwrap();
    text
}
