//! Two stack files in one folder: each site has a state of its own, and the program says how.

use crate::support::{Names, Served, Site};

#[test]
fn the_second_file_of_a_folder_is_told_which_state_to_take_and_both_sites_live_side_by_side() {
    let (served, cloud) = Served::cloud(250, 1);
    let site = Site::lean(&cloud);
    site.apply();
    site.folder.write("other.toml", Site::lean_text().replace("\"lean\"", "\"other\""));
    let first = served.inventory();

    // Nobody takes the one for the other, whatever is asked.
    for verb in [
        &["apply", "--auto-approve"][..],
        &["destroy", "--auto-approve"],
        &["plan"],
        &["drift"],
        &["status"],
        &["verify"],
        &["output", "url"],
        &["state", "list"],
        &["state", "show", "oci_core_vcn.site"],
        &["state", "rm", "oci_core_vcn.site"],
        &["import", "oci_core_vcn.site", "ocid1.vcn.oc1..a"],
    ] {
        let refused = site.run(&[verb, &["-c", "other.toml"]].concat()).expect(64, &verb.join(" "));
        let words =
            "the state in .oci-moodle/state.json is that of the site `lean`, and the file describes `other`";
        assert!(refused.stderr.contains(words), "{verb:?}: {}", refused.stderr);
        let advice = "say `--state .oci-moodle/state-other.json`, or set OCI_MOODLE_STATE to it";
        assert!(refused.stderr.contains(advice), "{verb:?}: {}", refused.stderr);
    }
    assert_eq!(served.inventory(), first);

    let own = ["-c", "other.toml", "--state", ".oci-moodle/state-other.json"];
    site.run(&[&["apply", "--auto-approve"], &own[..]].concat()).expect(0, "apply of the other");
    assert_eq!(served.inventory()["oci_core_vcn"].len(), 2);
    site.run(&["plan", "--detailed-exitcode"]).expect(0, "plan");
    site.run(&[&["plan", "--detailed-exitcode"], &own[..]].concat()).expect(0, "plan of the other");
    site.destroy();
    assert_eq!(served.inventory()["oci_core_vcn"].len(), 1);
    site.run(&[&["destroy", "--auto-approve"], &own[..]].concat()).expect(0, "destroy of the other");
    assert_eq!(served.inventory(), Names::new());
}
