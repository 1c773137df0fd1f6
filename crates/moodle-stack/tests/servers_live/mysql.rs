//! A real MySQL: three members of a group, as HeatWave's high availability is, behind one address that follows the primary.
//!
//! Debian's stable releases have no MySQL, its development branch has. Its packages are unpacked, with all that they need,
//! into a folder of their own under `target`, and run from there; nothing of the machine changes.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::database::Server;
use crate::stage::{MEMBERS, PRIMARY, Service, Stage, output, run, text, wait_for, write};

/// What has MySQL's server, with the plug-in for groups.
const PACKAGE: &str = "mysql-server-core";
/// The branch of Debian's archive that has it.
const BRANCH: &str = "sid";

/// Three members and the address in front of them.
pub(crate) struct Group {
    pub(crate) members: Vec<Server>,
    control: PathBuf,
    _endpoint: Service,
}

/// The folder that MySQL runs from.
fn tree() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("mysql")
}

/// Fetches and unpacks MySQL, once.
///
/// # Errors
/// When this machine has no archive of Debian's that it could come from, or the archive does not give it.
pub(crate) fn prepare() -> Result<(), String> {
    let folder = tree();
    fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    let lock = File::create(folder.join("lock")).map_err(|error| error.to_string())?;
    lock.lock().map_err(|error| error.to_string())?;
    if folder.join("complete").exists() {
        return Ok(());
    }
    let apt = configure_apt(&folder)?;
    for arguments in [&["update"][..], &["install", "--yes", "--download-only", PACKAGE]] {
        try_to(Command::new("apt-get").arg("--quiet=2").args(arguments).env("APT_CONFIG", &apt))?;
    }
    for place in ["usr/bin", "usr/sbin", "usr/lib", "usr/lib64", "tmp", "etc"] {
        fs::create_dir_all(folder.join("root").join(place)).map_err(|error| error.to_string())?;
    }
    let archives = fs::read_dir(folder.join("cache/archives")).map_err(|error| error.to_string())?;
    let is_package = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "deb");
    for package in archives.flatten().map(|entry| entry.path()).filter(is_package) {
        try_to(Command::new("dpkg-deb").arg("--extract").arg(package).arg(folder.join("root")))?;
    }
    for name in ["bin", "sbin", "lib", "lib64"] {
        // The base files bring these links where they are among the packages.
        let _ = symlink(format!("usr/{name}"), folder.join("root").join(name));
    }
    try_to(Command::new("chroot").arg(folder.join("root")).args(["/usr/sbin/mysqld", "--version"]))?;
    fs::remove_dir_all(folder.join("cache")).map_err(|error| error.to_string())?;
    write(&folder.join("complete"), "");
    Ok(())
}

/// Settings for `apt-get` that know the development branch only, and nothing of what this machine has installed.
fn configure_apt(folder: &Path) -> Result<PathBuf, String> {
    let wanted = ["--format", "$(REPO_URI)", "Created-By: Packages", "Origin: Debian"];
    let known = try_to(Command::new("apt-get").arg("indextargets").args(wanted))?;
    // The archive itself rather than that of security updates, which has no such branch.
    let mirror = known.lines().find(|uri| !uri.contains("security"));
    let mirror = mirror.ok_or("this machine knows no archive of Debian's")?;
    for place in ["lists/partial", "cache/archives/partial"] {
        fs::create_dir_all(folder.join(place)).map_err(|error| error.to_string())?;
    }
    write(&folder.join("status"), "");
    let keys = "/usr/share/keyrings/debian-archive-keyring.gpg";
    write(&folder.join("sources.list"), &format!("deb [signed-by={keys}] {mirror} {BRANCH} main\n"));
    let shown = folder.display();
    let settings = format!(
        "Dir::State \"{shown}\";\nDir::State::Lists \"{shown}/lists\";\nDir::State::status \"{shown}/status\";
Dir::Cache \"{shown}/cache\";\nDir::Etc::sourcelist \"{shown}/sources.list\";\nDir::Etc::sourceparts \"-\";
APT::Install-Recommends \"false\";\nAPT::Sandbox::User \"root\";\nAcquire::Languages \"none\";\n"
    );
    write(&folder.join("apt.conf"), &settings);
    Ok(folder.join("apt.conf"))
}

fn try_to(command: &mut Command) -> Result<String, String> {
    let output = output(command.env("LC_ALL", "C"));
    let said = text(&output.stdout);
    if output.status.success() {
        Ok(said)
    } else {
        Err(format!("{command:?}: {said}{}", text(&output.stderr)))
    }
}

impl Group {
    /// Three members, of which the first is the primary.
    pub(crate) fn start(stage: &Stage) -> Self {
        let root = tree().join("root");
        run(Command::new("mount").args(["-t", "tmpfs", "mysql"]).arg(root.join("tmp")));
        run(Command::new("chroot")
            .arg(&root)
            .args(["/usr/sbin/mysqld", "--no-defaults", "--initialize-insecure", "--user=root"])
            .args(["--innodb-redo-log-capacity=8388608", "--datadir=/tmp/first"]));
        let members: Vec<_> = (1..=MEMBERS.len()).map(|number| member(&root, number)).collect();
        let (control, endpoint) = endpoint(stage);
        let mut group = Self { members, control, _endpoint: endpoint };
        for (index, member) in group.members.iter_mut().enumerate() {
            member.wait();
            let begin = if index == 0 { "ON" } else { "OFF" };
            member.root(&format!(
                "SET sql_log_bin = 0; CREATE USER 'member'@'%' IDENTIFIED BY 'm';
                 GRANT REPLICATION SLAVE, CONNECTION_ADMIN, BACKUP_ADMIN, GROUP_REPLICATION_STREAM ON *.* TO 'member'@'%';
                 SET sql_log_bin = 1;
                 CHANGE REPLICATION SOURCE TO SOURCE_USER = 'member', SOURCE_PASSWORD = 'm'
                 FOR CHANNEL 'group_replication_recovery';
                 SET GLOBAL group_replication_bootstrap_group = {begin};
                 START GROUP_REPLICATION;
                 SET GLOBAL group_replication_bootstrap_group = OFF"
            ));
        }
        let online =
            "SELECT count(*) FROM performance_schema.replication_group_members WHERE member_state = 'ONLINE'";
        wait_for("three members are online", 60, || (group.members[0].root(online) == "3").then_some(()));
        group.point_at(0);
        group
    }

    /// The address leads to this member and no other; old connections end.
    pub(crate) fn point_at(&self, member: usize) {
        for number in 0..MEMBERS.len() {
            let state = if number == member { "ready" } else { "maint" };
            self.tell(&format!("set server database/member{} state {state}", number + 1));
            if number != member {
                self.tell(&format!("shutdown sessions server database/member{}", number + 1));
            }
        }
    }

    fn tell(&self, what: &str) {
        let mut socket = UnixStream::connect(&self.control).expect("the load balancer listens");
        writeln!(socket, "{what}").expect("the load balancer reads");
        let mut answer = String::new();
        socket.read_to_string(&mut answer).expect("the load balancer answers");
        assert!(answer.trim().is_empty(), "{what}: {answer}");
    }

    /// Kills the first member, the primary; the group chooses another, and the address follows.
    pub(crate) fn fail_over(&mut self) -> usize {
        self.members[0].service.kill();
        let role = "SELECT member_host FROM performance_schema.replication_group_members WHERE member_role = 'PRIMARY'
                    AND member_state = 'ONLINE' AND @@global.super_read_only = 0";
        let chosen = wait_for("another primary", 90, || {
            let host = [1, 2].map(|number| self.members[number].root(role));
            (1..3).find(|number| host[number - 1] == MEMBERS[*number])
        });
        self.point_at(chosen);
        chosen
    }
}

fn member(root: &Path, number: usize) -> Server {
    let folder = root.join(format!("tmp/member{number}"));
    run(Command::new("cp").arg("-a").args([root.join("tmp/first"), folder.clone()]));
    // Its own name among the servers.
    fs::remove_file(folder.join("auto.cnf")).expect("MySQL has made it");
    let address = MEMBERS[number - 1];
    let seeds: Vec<_> =
        MEMBERS.iter().enumerate().map(|(n, member)| format!("{member}:{}", 33061 + n)).collect();
    let mut command = Command::new("chroot");
    command.arg(root).args([
        "/usr/sbin/mysqld",
        "--no-defaults",
        "--user=root",
        "--port=3306",
        "--mysqlx=OFF",
    ]);
    command.args(["--gtid-mode=ON", "--enforce-gtid-consistency=ON", "--require-secure-transport=ON"]);
    command.args(["--sql-require-primary-key=ON", "--max-connections=500", "--skip-name-resolve"]);
    command.args(["--sync-binlog=0", "--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=64M"]);
    command.args(["--innodb-redo-log-capacity=8388608", "--secure-file-priv=NULL"]);
    command.arg("--plugin-load-add=group_replication.so");
    for (option, value) in [
        ("datadir", format!("/tmp/member{number}")),
        ("socket", format!("/tmp/member{number}/socket")),
        ("pid-file", format!("/tmp/member{number}/pid")),
        ("log-bin", format!("/tmp/member{number}/binlog")),
        ("server-id", number.to_string()),
        ("bind-address", address.to_owned()),
        ("report-host", address.to_owned()),
        ("group-replication-group-name", "5a9f3f5c-7b0e-4a6e-9a55-0d6a5d1f0c11".to_owned()),
        ("group-replication-start-on-boot", "OFF".to_owned()),
        // On one machine each needs a port of its own for the group's talk.
        ("group-replication-local-address", seeds[number - 1].clone()),
        ("group-replication-group-seeds", seeds.join(",")),
        ("group-replication-ip-allowlist", "10.0.2.0/24".to_owned()),
        ("group-replication-recovery-get-public-key", "ON".to_owned()),
        ("group-replication-recovery-use-ssl", "ON".to_owned()),
        ("group-replication-member-expel-timeout", "0".to_owned()),
    ] {
        command.arg(format!("--{option}={value}"));
    }
    Server::start(command, &folder)
}

/// The address that leads to the primary. It decides nothing by itself: the group does, and the test passes it on.
fn endpoint(stage: &Stage) -> (PathBuf, Service) {
    let (config, control) = (stage.folder.join("endpoint.cfg"), stage.folder.join("endpoint.control"));
    let servers: Vec<_> = MEMBERS
        .iter()
        .enumerate()
        .map(|(number, address)| format!("    server member{} {address}:3306 disabled", number + 1))
        .collect();
    write(
        &config,
        &format!(
            "global
    stats socket {} level admin
defaults
    mode tcp
    timeout connect 5s
    timeout client 1h
    timeout server 1h
listen database
    bind {PRIMARY}:3306
{}
",
            control.display(),
            servers.join("\n")
        ),
    );
    let mut command = Command::new("haproxy");
    command.args(["-db", "-f"]).arg(&config);
    let service = Service::start(&mut command, stage.folder.join("endpoint.log"));
    wait_for("the load balancer listens", 30, || UnixStream::connect(&control).ok());
    (control, service)
}
