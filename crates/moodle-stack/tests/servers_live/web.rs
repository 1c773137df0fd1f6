//! Real web servers and a real load balancer.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::machine::Machine;
use crate::stage::{BALANCER, Service, Stage, WEB, read, run, wait_for, write};

/// The packages of web server and load balancer.
pub(crate) const PACKAGES: [&str; 3] = ["apache2", "php-fpm", "haproxy"];
/// The port on which the application answers without the virtual host that we render.
pub(crate) const ALONE: u16 = 8081;
/// The site's name.
pub(crate) const HOST: &str = "moodle.example.org";

/// Where Debian has the modules that Oracle Linux loads.
const MODULES: [&str; 14] = [
    "mpm_event",
    "authz_core",
    "alias",
    "dir",
    "mime",
    "rewrite",
    "headers",
    "setenvif",
    "remoteip",
    "proxy",
    "proxy_fcgi",
    "socache_shmcb",
    "ssl",
    "env",
];

/// A web server that runs: PHP, Apache and the check, in the mounts of one machine.
pub(crate) struct Web {
    pub(crate) address: &'static str,
    folder: PathBuf,
    inside: Service,
    pub(crate) php: Service,
    pub(crate) apache: Service,
    pub(crate) health: Service,
}

impl Web {
    /// Starts `machine`, whose boot has ended, at the address of the web server `number` (from 0).
    pub(crate) fn start(machine: &Machine, number: usize) -> Self {
        let (address, folder) = (WEB[number], machine.folder.clone());
        write(&folder.join("etc/httpd/conf/httpd.conf"), &httpd_conf(address));
        write(&folder.join("etc/php-fpm.conf"), PHP_FPM_CONF);
        let mut boot = machine.after_secrets(
            "if [[ -f /run/site-secrets/tls_key ]]; then
                install -d -m 0700 /etc/pki/site
                install -m 0600 /run/site-secrets/tls_certificate /etc/pki/site/cert.pem
                install -m 0600 /run/site-secrets/tls_key /etc/pki/site/key.pem
            fi
            echo booted; exec sleep infinity",
        );
        let inside = Service::start(&mut boot, folder.join("inside.log"));
        wait_for("the machine is up", 30, || inside.said().contains("booted").then_some(()));
        let [php, apache, health] = ["php", "apache", "health"]
            .map(|name| Service::start(&mut service(&inside, name), folder.join(format!("{name}.log"))));
        Self { address, folder, inside, php, apache, health }
    }

    /// Runs a shell script on the machine.
    pub(crate) fn shell(&self, script: &str) -> String {
        run(&mut enter(&self.inside, &["bash", "-ec", script]))
    }

    /// Starts one of `php`, `apache` and `health` again.
    pub(crate) fn restart(&mut self, name: &str) {
        let started =
            Service::start(&mut service(&self.inside, name), self.folder.join(format!("{name}.log")));
        match name {
            "php" => self.php = started,
            "apache" => self.apache = started,
            "health" => self.health = started,
            other => panic!("there is no service {other}"),
        }
    }

    /// What all of it has said, for whoever looks into a failure.
    pub(crate) fn said(&self) -> String {
        let errors =
            read(&PathBuf::from(format!("/proc/{}/root/var/log/httpd-error.log", self.inside.child.id())));
        format!("{}\n{}\n{}\n{errors}", self.php.said(), self.apache.said(), self.health.said())
    }
}

/// A command in the mounts of a machine.
fn enter(inside: &Service, arguments: &[&str]) -> Command {
    let mut command = Command::new("nsenter");
    command.args(["--mount", "--uts", "--target", &inside.child.id().to_string(), "--"]).args(arguments);
    command.env("PHP_INI_SCAN_DIR", ":/etc/php.d");
    command
}

fn service(inside: &Service, name: &str) -> Command {
    let script = match name {
        "php" => "exec php-fpm* --nodaemonize --fpm-config /etc/php-fpm.conf",
        "apache" => "exec apache2 -f /etc/httpd/conf/httpd.conf -DFOREGROUND",
        _ => HEALTH,
    };
    let script = script.replace("php-fpm*", "$(compgen -c php-fpm | head -n 1)");
    enter(inside, &["bash", "-c", &script])
}

/// What systemd does with the rendered unit: a user of no account in the web server's group, a folder that goes when the
/// service ends, and another start.
const HEALTH: &str = "
    unit=/etc/systemd/system/site-health.service
    for line in DynamicUser=yes SupplementaryGroups=apache RuntimeDirectory=site-health Restart=always; do
        grep -qxF $line $unit || { echo \"the unit has no $line\"; exit 1; }
    done
    start=$(sed -n 's/^ExecStart=//p' $unit)
    while true; do
        rm -rf /run/site-health
        install -d -o nobody -m 0755 /run/site-health
        setpriv --reuid nobody --regid nogroup --groups apache -- $start
        sleep 1
    done";

const PHP_FPM_CONF: &str = "[global]
error_log = /proc/self/fd/2
[www]
user = apache
group = apache
listen = /run/php-fpm/www.sock
listen.owner = apache
pm = static
pm.max_children = 4
clear_env = no
";

fn httpd_conf(address: &str) -> String {
    let modules: Vec<_> = MODULES
        .iter()
        .map(|name| format!("LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so"))
        .collect();
    format!(
        "# In place of the distribution's own: what Oracle Linux' httpd.conf has, with Debian's paths.
ServerRoot /etc/httpd
ServerName localhost
Listen {address}:80
Listen {address}:{ALONE}
Listen {address}:443
{modules}
User apache
Group apache
PidFile /run/httpd/httpd.pid
ErrorLog /var/log/httpd-error.log
TypesConfig /etc/mime.types
StartServers 1
<Directory />
    AllowOverride None
    Require all denied
</Directory>
IncludeOptional conf.d/*.conf
# The application alone: without anything that we render.
<VirtualHost *:{ALONE}>
    DocumentRoot /var/www/site/public
    DirectoryIndex index.php
    <Directory /var/www/site/public>
        Require all granted
    </Directory>
    <FilesMatch \"\\.php$\">
        SetHandler \"proxy:unix:/run/php-fpm/www.sock|fcgi://localhost\"
    </FilesMatch>
</VirtualHost>
",
        modules = modules.join("\n"),
    )
}

/// HAProxy in front of both web servers. It asks as a network load balancer does: by address.
pub(crate) fn balancer(stage: &Stage) -> Service {
    let servers: Vec<_> = WEB
        .iter()
        .enumerate()
        .map(|(number, address)| format!("    server web{} {address}:80 check", number + 1))
        .collect();
    let config = stage.folder.join("haproxy.cfg");
    write(
        &config,
        &format!(
            "defaults
    mode http
    timeout connect 5s
    timeout client 30s
    timeout server 30s
    timeout check 3s
frontend site
    bind {BALANCER}:80
    default_backend web
backend web
    option httpchk
    http-check send meth GET uri / ver HTTP/1.1 hdr Host 10.0.1.1
    http-check expect status 303
    option redispatch
    retries 3
    default-server inter 100ms fall 2 rise 2
{}
listen stats
    bind {BALANCER}:9600
    stats enable
    stats uri /
",
            servers.join("\n")
        ),
    );
    run(Command::new("haproxy").args(["-c", "-f"]).arg(&config));
    let mut command = Command::new("haproxy");
    command.args(["-db", "-f"]).arg(&config);
    Service::start(&mut command, stage.folder.join("haproxy.log"))
}

/// Whether the load balancer sends visitors to each of the web servers.
pub(crate) fn in_rotation() -> [bool; 2] {
    let csv = ask(BALANCER, 9600, "stats", "/;csv").map(|answer| answer.body).unwrap_or_default();
    ["web1", "web2"].map(|name| {
        let prefix = format!("web,{name},");
        let line = csv.lines().find(|line| line.starts_with(&prefix));
        line.is_some_and(|line| line.split(',').nth(17).is_some_and(|status| status.starts_with("UP")))
    })
}

/// An answer by HTTP.
pub(crate) struct Answer {
    pub(crate) code: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

/// Asks by HTTP. Nothing when nobody answers within ten seconds.
pub(crate) fn ask(address: &str, port: u16, host: &str, path: &str) -> Option<Answer> {
    let limit = Some(Duration::from_secs(10));
    let mut stream = TcpStream::connect((address, port)).ok()?;
    stream.set_read_timeout(limit).ok()?;
    // By 1.0, so that the body comes in one piece.
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {host}\r\n\r\n").ok()?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).ok()?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (head, body) = text.split_once("\r\n\r\n")?;
    let code = head.split(' ').nth(1)?.parse().ok()?;
    Some(Answer { code, head: head.to_owned(), body: body.to_owned() })
}
