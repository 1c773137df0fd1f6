//! A configuration file may hold anything: reading it ends soon, with its profiles or an error, never with a
//! panic, and no error or debug output shows a value.
#![no_main]

use libfuzzer_sys::fuzz_target;
use oci_client::credentials::{ConfigFile, DEFAULT_PROFILE};

fuzz_target!(|bytes: &[u8]| {
    let Ok(file) = ConfigFile::parse(bytes) else { return };
    let names: Vec<String> = file.profile_names().into_iter().map(str::to_owned).collect();
    let defaults = file.profile(DEFAULT_PROFILE);
    for name in &names {
        let profile = file.profile(name).expect("every name that is listed has a profile");
        for (key, setting) in defaults.iter().flatten() {
            let inherited = &profile[key];
            assert!(file.is_own(name, key) || inherited == setting, "DEFAULT is inherited");
        }
        for (key, setting) in &profile {
            assert!(!key.is_empty() && *key == key.to_lowercase(), "names are in lower case");
            assert_eq!(setting.value, setting.value.trim_end(), "values have no blanks at their end");
            assert!(setting.line >= 1);
        }
    }
});
