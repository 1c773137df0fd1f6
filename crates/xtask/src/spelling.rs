//! Common misspellings in what people read: code, documentation, messages.

use std::process::Command;

use crate::process;

/// Words that look like misspellings and are not: names of crates' modules and of APIs.
const OURS: &str = "ser,crate,inout,iam,mke,nd,te,ot";

pub(crate) fn check(_: &[String]) -> Result<(), String> {
    let root = test_support::workspace_root();
    let files = process::output(
        Command::new("git").current_dir(&root).args(["ls-files", "*.rs", "*.md", "*.toml", "*.sh"]),
    )?;
    // Generated code holds Oracle's words, key material holds no words at all.
    let files: Vec<&str> =
        files.lines().filter(|file| !file.contains("/generated/") && !file.contains("/vectors/")).collect();
    if files.is_empty() {
        return Err("git lists no files: the check would prove nothing".to_owned());
    }
    let mut codespell = Command::new(test_support::python());
    codespell.current_dir(&root).args(["-m", "codespell_lib", "--ignore-words-list", OURS]).args(&files);
    process::run(&mut codespell)?;
    println!("spelling: {} files", files.len());
    Ok(())
}
