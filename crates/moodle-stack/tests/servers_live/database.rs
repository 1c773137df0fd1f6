//! Real database servers.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::stage::{MEMBERS, PRIMARY, Service, Stage, output, run, wait_for};

/// The packages of MariaDB.
pub(crate) const MARIADB: [&str; 2] = ["mariadb-server", "openssl"];
/// Who may create schemas and users.
pub(crate) const ADMIN: &str = "admin";

/// A server that listens at its address, port 3306, and refuses whoever comes without TLS.
pub(crate) struct Server {
    pub(crate) service: Service,
    command: Command,
    log: PathBuf,
    socket: PathBuf,
    /// What root's sessions begin with.
    pub(crate) prelude: &'static str,
}

impl Server {
    pub(crate) fn start(mut command: Command, folder: &Path) -> Self {
        let log = folder.join("log");
        let service = Service::start(&mut command, log.clone());
        Self { service, command, log, socket: folder.join("socket"), prelude: "" }
    }

    /// Starts it again after [`Service::kill`].
    pub(crate) fn restart(&mut self) {
        self.service = Service::start(&mut self.command, self.log.clone());
        self.wait();
    }

    /// Waits until it answers.
    pub(crate) fn wait(&mut self) {
        wait_for("the database answers", 60, || {
            let ended = self.service.ended();
            assert!(ended.is_none(), "the database ended with {ended:?}: {}", self.service.said());
            output(&mut self.client("SELECT 1")).status.success().then_some(())
        });
    }

    /// What root is told: rows as lines, columns with tabs between them.
    pub(crate) fn root(&self, sql: &str) -> String {
        run(&mut self.client(sql)).trim_end().to_owned()
    }

    fn client(&self, sql: &str) -> Command {
        let mut command = Command::new("mariadb");
        command.args(["--no-defaults", "--skip-ssl", "--user=root", "--batch", "--skip-column-names"]);
        command.arg("--socket").arg(&self.socket).args(["--execute", &format!("{}{sql}", self.prelude)]);
        command
    }

    /// The account that a database service gives to whoever orders it.
    pub(crate) fn create_admin(&self, password: &str) {
        let password = password.replace('\\', "\\\\").replace('\'', "\\'");
        self.root(&format!("CREATE USER '{ADMIN}'@'%' IDENTIFIED BY '{password}'"));
        self.root(&format!("GRANT ALL ON *.* TO '{ADMIN}'@'%' WITH GRANT OPTION"));
    }
}

/// A MariaDB server with empty schemas. Servers of the same stage begin with the same bytes.
pub(crate) fn mariadb(stage: &Stage, address: &str, number: usize, options: &[&str]) -> Server {
    let mut server = start_mariadb(stage, address, number, options);
    server.wait();
    server
}

/// Three nodes of a Galera cluster. Each takes writes.
pub(crate) fn galera(stage: &Stage) -> Vec<Server> {
    let cluster = format!("--wsrep-cluster-address=gcomm://{}", MEMBERS.join(","));
    let node = |(index, address): (usize, &&str)| {
        let address = *address;
        let provider =
            format!("--wsrep-provider-options=gmcast.listen_addr=tcp://{address}:4567;gcache.size=32M");
        let [own, receive] = ["node", "sst-receive"].map(|what| format!("--wsrep-{what}-address={address}"));
        let mut options =
            vec!["--wsrep-on=ON", "--wsrep-provider=/usr/lib/galera/libgalera_smm.so", &cluster];
        options.extend([
            "--wsrep-cluster-name=site",
            "--wsrep-sst-method=rsync",
            "--innodb-autoinc-lock-mode=2",
        ]);
        options.extend(["--max-connections=500", "--wsrep-auto-increment-control=OFF"]);
        options.extend([provider.as_str(), &own, &receive]);
        if index == 0 {
            options.push("--wsrep-new-cluster");
        }
        let mut server = start_mariadb(stage, address, index + 1, &options);
        server.wait();
        // Its answers have in them what any node has said before.
        server.prelude = "SET SESSION wsrep_sync_wait = 15; ";
        let state = "SELECT variable_value FROM information_schema.global_status
                     WHERE variable_name = 'wsrep_local_state_comment'";
        wait_for("a node is synced", 60, || (server.root(state) == "Synced").then_some(()));
        server
    };
    MEMBERS.iter().enumerate().map(node).collect()
}

/// Makes the data of a new MariaDB. Its bootstrap was seen to end with a segmentation fault of its own, once in some hundred times, and
/// leaves a folder that is of no use; the tests are not about that, so that it may try three times.
fn make_first(folder: &Path) {
    for attempt in 1..=3 {
        let made = output(
            Command::new("mariadb-install-db")
                .args(["--no-defaults", "--user=root", "--auth-root-authentication-method=normal"])
                .args(["--skip-test-db", &format!("--datadir={}", folder.display())]),
        );
        if made.status.success() {
            return;
        }
        let said = String::from_utf8_lossy(&made.stderr).into_owned();
        assert!(attempt < 3, "mariadb-install-db: {}\n{said}", made.status);
        // Nothing is there when it failed before it began.
        let _ = std::fs::remove_dir_all(folder);
    }
}

fn start_mariadb(stage: &Stage, address: &str, number: usize, options: &[&str]) -> Server {
    let first = stage.folder.join("mariadb.first");
    if !first.exists() {
        make_first(&first);
    }
    let folder = stage.folder(&format!("mariadb.{number}"));
    run(Command::new("cp").arg("-a").args([&first, &folder.join("data")]));
    run(Command::new("chown").args(["-R", "mysql"]).arg(&folder));
    let (certificate, key) = certificate(stage, "database");
    let mut command = Command::new("mariadbd");
    command.args(["--no-defaults", "--user=mysql", "--port=3306", "--skip-name-resolve", "--log-bin=binlog"]);
    // The rows of a transaction wait for one disk in production, and for none here.
    command.args(["--sync-binlog=0", "--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=64M"]);
    command.args(["--require-secure-transport=ON", "--binlog-format=ROW"]);
    command.arg(format!("--server-id={number}")).arg(format!("--bind-address={address}"));
    command.arg(format!("--ssl-cert={}", certificate.display())).arg(format!("--ssl-key={}", key.display()));
    for (option, name) in [("datadir", "data"), ("socket", "socket"), ("pid-file", "pid")] {
        command.arg(format!("--{option}={}", folder.join(name).display()));
    }
    command.args(options);
    Server::start(command, &folder)
}

/// Makes `replica` follow `primary`, whose bytes are the same and which has no rows of a site yet.
pub(crate) fn follow(replica: &Server, primary: &Server) {
    primary.root(
        "CREATE USER 'follower'@'%' IDENTIFIED BY 'f'; GRANT REPLICATION SLAVE ON *.* TO 'follower'@'%'",
    );
    replica.root(&format!(
        "CHANGE MASTER TO master_host = '{PRIMARY}', master_user = 'follower', master_password = 'f', master_ssl = 1,
         master_connect_retry = 1, master_use_gtid = slave_pos; START SLAVE"
    ));
}

/// A self-signed certificate and its key, such as HeatWave's: signed by nobody that a client knows.
pub(crate) fn certificate(stage: &Stage, name: &str) -> (PathBuf, PathBuf) {
    let (certificate, key) =
        (stage.folder.join(format!("{name}.pem")), stage.folder.join(format!("{name}.key")));
    if !certificate.exists() {
        run(Command::new("openssl")
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"])
            .args(["-days", "2", "-subj", &format!("/CN={name}"), "-keyout"])
            .arg(&key)
            .arg("-out")
            .arg(&certificate));
        run(Command::new("chown").arg("mysql").arg(&key));
    }
    (certificate, key)
}
