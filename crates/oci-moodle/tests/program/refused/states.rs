//! States and plans that are not what they should be, on a site that is there.

use std::fs;

use super::{APPLY, Case, Folder, Served, Site, TIME_SCALE, check, files, is_fine, nothing};

const STATE: &str = ".oci-moodle/state.json";

fn read(folder: &Folder, name: &str) -> Vec<u8> {
    fs::read(folder.path(name)).unwrap()
}

fn truncate(folder: &Folder, name: &str) {
    let content = read(folder, name);
    folder.write(name, &content[..content.len() / 2]);
}

pub(super) const CASES: &[Case] = &[
    Case {
        name: "a state that is cut off",
        spoil: |folder| truncate(folder, STATE),
        arguments: APPLY,
        code: 64,
        words: &["state.json", "hint: ", "copy"],
    },
    Case {
        name: "a state that is empty",
        spoil: |folder| folder.write(STATE, ""),
        arguments: APPLY,
        code: 64,
        words: &["state.json", "hint: "],
    },
    Case {
        name: "a state that is something else",
        spoil: |folder| folder.write(STATE, "{\"version\": 4, \"terraform_version\": \"1.9.0\"}"),
        arguments: APPLY,
        code: 64,
        words: &["state.json", "hint: "],
    },
    Case {
        name: "a state that is cut off, for those who only look",
        spoil: |folder| truncate(folder, STATE),
        arguments: &["state", "list"],
        code: 64,
        words: &["state.json", "hint: "],
    },
    Case {
        name: "a state of a newer program",
        spoil: |folder| newer(folder, STATE),
        arguments: APPLY,
        code: 64,
        words: &["state.json", "newer", "hint: ", "install"],
    },
    Case {
        name: "a state of a newer program, to remove all",
        spoil: |folder| newer(folder, STATE),
        arguments: &["destroy", "--auto-approve"],
        code: 64,
        words: &["state.json", "newer", "hint: "],
    },
    Case {
        name: "a state of another site",
        spoil: |folder| folder.write("moodle.toml", Site::lean_text().replace("\"lean\"", "\"other\"")),
        arguments: APPLY,
        code: 64,
        words: &["`lean`", "`other`", "hint: ", "--state"],
    },
    Case {
        name: "a state of another site, to remove all",
        spoil: |folder| folder.write("moodle.toml", Site::lean_text().replace("\"lean\"", "\"other\"")),
        arguments: &["destroy", "--auto-approve"],
        code: 64,
        words: &["`lean`", "`other`", "hint: "],
    },
    Case {
        name: "a folder for a state",
        spoil: |folder| fs::create_dir(folder.path("folder")).unwrap(),
        arguments: &["apply", "--auto-approve", "--state", "folder"],
        code: 1,
        words: &["folder", "directory"],
    },
    Case {
        name: "a state in a file instead of a folder",
        spoil: nothing,
        arguments: &["apply", "--auto-approve", "--state", "moodle.toml/state.json"],
        code: 1,
        words: &["moodle.toml/state.json", "directory"],
    },
    Case {
        name: "a state without its key",
        spoil: |folder| fs::remove_file(folder.path(".oci-moodle/state.key")).unwrap(),
        arguments: APPLY,
        code: 64,
        words: &["state.key", "hint: ", "bring the key back"],
    },
    Case {
        name: "a state with another key",
        spoil: |folder| folder.write(".oci-moodle/state.key", read(folder, "other.key")),
        arguments: APPLY,
        code: 64,
        words: &["key", "hint: ", "bring the key back"],
    },
    Case {
        name: "a key that is none",
        spoil: |folder| folder.write(".oci-moodle/state.key", "no key"),
        arguments: APPLY,
        code: 64,
        words: &["state.key"],
    },
    Case {
        name: "an address that the state does not have",
        spoil: nothing,
        arguments: &["state", "show", "oci_core_vcn.other"],
        code: 64,
        words: &["oci_core_vcn.other"],
    },
    Case {
        name: "an address that cannot be forgotten",
        spoil: nothing,
        arguments: &["state", "rm", "oci_core_vcn.other"],
        code: 64,
        words: &["oci_core_vcn.other"],
    },
    Case {
        name: "an address that is taken",
        spoil: nothing,
        arguments: &["state", "mv", "oci_core_subnet.web", "oci_core_subnet.database"],
        code: 64,
        words: &["oci_core_subnet.database"],
    },
    Case {
        name: "an output that is not there",
        spoil: nothing,
        arguments: &["output", "urll"],
        code: 64,
        words: &["`urll`", "did you mean `url`"],
    },
    Case {
        name: "something to replace that is not there",
        spoil: nothing,
        arguments: &["plan", "--replace", "oci_core_vcn.other"],
        code: 64,
        words: &["oci_core_vcn.other"],
    },
    Case {
        name: "a selection of nothing",
        spoil: nothing,
        arguments: &["plan", "--only", "oci_core_vnc.*"],
        code: 64,
        words: &["`oci_core_vnc.*`", "means nothing", "hint: "],
    },
    Case {
        name: "an exception of nothing",
        spoil: nothing,
        arguments: &["apply", "--auto-approve", "--exclude", "oci_core_instance.web[7]"],
        code: 64,
        words: &["`oci_core_instance.web[7]`", "means nothing", "hint: "],
    },
    Case {
        name: "something to take over that does not exist",
        spoil: nothing,
        arguments: &["import", "oci_core_vcn.other", "ocid1.vcn.oc1.eu-frankfurt-1.aaaaaaaanothing"],
        code: 64,
        words: &["ocid1.vcn.oc1.eu-frankfurt-1.aaaaaaaanothing"],
    },
    Case {
        name: "a plan that is none",
        spoil: |folder| folder.write("a.plan", "yes"),
        arguments: &["apply", "a.plan", "--auto-approve"],
        code: 64,
        words: &["a.plan", "hint: ", "make a new plan"],
    },
    Case {
        name: "a plan that is cut off",
        spoil: |folder| truncate(folder, "fresh.plan"),
        arguments: &["apply", "fresh.plan", "--auto-approve"],
        code: 64,
        words: &["fresh.plan", "hint: "],
    },
    Case {
        name: "a plan of a newer program",
        spoil: |folder| newer(folder, "fresh.plan"),
        arguments: &["apply", "fresh.plan", "--auto-approve"],
        code: 64,
        words: &["fresh.plan", "format 99", "hint: "],
    },
    Case {
        name: "a plan that was made from an older state",
        spoil: nothing,
        arguments: &["apply", "stale.plan", "--auto-approve"],
        code: 64,
        words: &["stale.plan", "hint: ", "make a new plan"],
    },
    Case {
        name: "a plan that was made from another state",
        spoil: nothing,
        arguments: &["apply", "foreign.plan", "--auto-approve"],
        code: 64,
        words: &["foreign.plan", "hint: ", "make a new plan"],
    },
    Case {
        name: "a plan that was made from another file",
        spoil: |folder| folder.write("moodle.toml", Site::lean_text().replace("count = 1", "count = 2")),
        arguments: &["apply", "fresh.plan", "--auto-approve"],
        code: 64,
        words: &["hint: ", "make a new plan"],
    },
    Case {
        name: "no room for a plan",
        spoil: nothing,
        arguments: &["plan", "--out", "/dev/full"],
        code: 1,
        words: &["/dev/full", "No space left", "hint: "],
    },
    Case {
        name: "no folder for a plan",
        spoil: nothing,
        arguments: &["plan", "--out", "none/a.plan"],
        code: 1,
        words: &["none/a.plan", "No such file"],
    },
];

fn newer(folder: &Folder, name: &str) {
    let text = String::from_utf8(read(folder, name)).unwrap();
    // The state and plans name it in their own ways, early on.
    let raised = ["\"format_version\": 1", "\"format_version\":1", "\"format\":1"]
        .iter()
        .find(|version| text.contains(**version))
        .map(|version| text.replacen(version, &version.replace('1', "99"), 1))
        .unwrap_or_default();
    assert!(!raised.is_empty(), "{name} has no format: {}", &text[..text.len().min(300)]);
    folder.write(name, raised);
}

/// A site that is there, with a plan that can be applied, one that is stale, and one of another site's state.
fn template(cloud: &[String]) -> Site {
    let site = Site::lean(cloud);
    let other = Site::lean(cloud);
    other.run(&["plan", "--out", "foreign.plan"]).expect(0, "plan");
    site.run(&["plan", "--out", "stale.plan"]).expect(0, "plan");
    site.apply();
    site.folder.write("moodle.toml", Site::lean_text().replace("count = 1", "count = 1\nupdate_hour = 5"));
    site.run(&["plan", "--out", "fresh.plan"]).expect(0, "plan");
    site.folder.write("foreign.plan", read(&other.folder, "foreign.plan"));
    site.folder.write("other.key", read(&other.folder, ".oci-moodle/state.key"));
    site
}

#[test]
fn wrong_states_and_plans_are_refused_and_change_nothing() {
    let (served, cloud) = Served::cloud(TIME_SCALE, 1);
    let template = template(&cloud);
    let mut faults = Vec::new();
    for case in CASES {
        let site = Site::lean(&cloud);
        for (path, content) in files(&template.folder) {
            site.folder.write(path.to_str().unwrap(), content);
        }
        check(case, &site, Some(&served), &mut faults);
    }
    is_fine(&faults);
}

/// A small file system of its own, as root on Linux. It goes when the test ends.
#[cfg(target_os = "linux")]
struct SmallDisk(std::path::PathBuf);

#[cfg(target_os = "linux")]
impl SmallDisk {
    /// `None` where this process may not mount one.
    fn new(folder: &Folder) -> Option<Self> {
        let path = folder.path("disk");
        fs::create_dir_all(&path).unwrap();
        let mut mount = std::process::Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=48k", "tmpfs"]).arg(&path);
        mount.output().is_ok_and(|output| output.status.success()).then_some(Self(path))
    }

    fn grow(&self) {
        let mut mount = std::process::Command::new("mount");
        assert!(mount.args(["-o", "remount,size=16m"]).arg(&self.0).status().unwrap().success());
    }
}

#[cfg(target_os = "linux")]
impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_is_full_stops_a_run_and_with_room_the_next_one_goes_on() {
    let (served, cloud) = Served::cloud(TIME_SCALE, 1);
    let site = Site::lean(&cloud);
    let Some(disk) = SmallDisk::new(&site.folder) else {
        println!("this test needs the right to mount a file system; without it there is nothing to see");
        return;
    };
    let apply = ["apply", "--auto-approve", "--state", "disk/state.json"];
    let ended = site.run(&apply).expect(1, "the disk is full");
    for word in ["No space left", "disk/state", "hint: ", "room on the disk"] {
        assert!(ended.stderr.contains(word), "`{word}` is not said: {}", ended.stderr);
    }
    disk.grow();
    site.run(&apply).expect(0, "there is room again");
    let once = served.inventory();
    for kind in ["oci_core_vcn", "oci_mysql_mysql_db_system", "oci_core_instance"] {
        assert_eq!(once[kind].len(), 1, "{kind}: {once:?}");
    }
    site.run(&["destroy", "--auto-approve", "--state", "disk/state.json"]).expect(0, "destroy");
    assert!(served.inventory().is_empty());
}
