//! Common misspellings in what people read: code, documentation, messages.

use std::process::Command;

use crate::process;

/// Words that look like misspellings and are not: names of crates' modules and of APIs; and those that tests misspell on
/// purpose.
const OURS: &str = "ser,crate,infront,inout,iam,mke,nd,te,ot,mian,sise,strin,aply,modle";

pub(crate) fn check(_: &[String]) -> Result<(), String> {
    let root = test_support::workspace_root();
    let files = process::output(
        Command::new("git").current_dir(&root).args(["ls-files", "*.rs", "*.md", "*.toml", "*.sh"]),
    )?;
    // Generated code holds Oracle's words, key material holds no words at all.
    let files: Vec<&str> = files
        .lines()
        .filter(|file| !file.contains("/oci-client/src/services/") && !file.contains("/vectors/"))
        .collect();
    if files.is_empty() {
        return Err("git lists no files: the check would prove nothing".to_owned());
    }
    let mut codespell = Command::new(test_support::python());
    codespell.current_dir(&root).args(["-m", "codespell_lib", "--ignore-words-list", OURS]).args(&files);
    let status = codespell.status().map_err(|error| format!("codespell could not start: {error}"))?;
    if !status.success() {
        return Err("misspelt words, listed above".to_owned());
    }
    println!("spelling: {} files", files.len());
    Ok(())
}
