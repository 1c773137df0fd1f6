//! `apache2 -t` with the modules that Oracle Linux's httpd loads by default and that the site uses.

use std::path::Path;

use super::{Distinct, cases, for_each, fresh_folder, self_signed, tools_are_here};

const MODULES: [&str; 15] = [
    "alias",
    "authz_core",
    "authz_host",
    "dir",
    "env",
    "headers",
    "mime",
    "mpm_event",
    "proxy",
    "proxy_fcgi",
    "remoteip",
    "rewrite",
    "setenvif",
    "socache_shmcb",
    "ssl",
];

#[test]
fn apache_accepts_every_virtual_host() {
    if !tools_are_here(&["apache2", "openssl"]) {
        return;
    }
    let folder = fresh_folder("apache");
    self_signed(&folder, "site");
    let mut distinct = Distinct::default();
    for case in cases() {
        let path = "/etc/httpd/conf.d/site.conf";
        // The only change: a certificate that is here.
        let here = case.file(path).replace("/etc/pki/site/", &format!("{}/site-", folder.display()));
        distinct.add(&case.name, path, &format!("{}{here}", preamble(&folder)));
    }
    for_each("apache2", &["-t", "-f"], &distinct.write(&folder));
}

fn preamble(folder: &Path) -> String {
    let folder = folder.display();
    let modules = MODULES.map(|name| format!("LoadModule {name}_module modules/mod_{name}.so\n")).concat();
    format!(
        "ServerRoot /usr/lib/apache2\n{modules}ServerName localhost\nPidFile {folder}/pid\nErrorLog /dev/stderr\n\
         DefaultRuntimeDir {folder}\nListen 80\nListen 443 https\n"
    )
}
