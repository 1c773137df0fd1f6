//! Who is in rotation when: HAProxy, two Apache servers with the rendered virtual host, two databases, and the table in
//! `docs/src/server-health.md`, row by row.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use moodle_stack::server::{Endpoint, ServerSpec, SiteUrl, Tls};

use crate::database::{MARIADB, Server, certificate, follow, mariadb};
use crate::machine::{Machine, PHP, Secrets, share, spec};
use crate::stage::{
    BALANCER, PRIMARY, REPLICA, Service, Stage, WEB, on_stage, read, run, text, wait_for, write,
};
use crate::web::{ALONE, HOST, PACKAGES, Web, ask, balancer, in_rotation};

const SCHEMA: &str = "moodle";
/// How often a server looks after itself here; five seconds in production.
const INTERVAL_MILLISECONDS: u64 = 100;
/// How long a state must stay as it is to be believed: eight rounds of both checks.
const STEADY: Duration = Duration::from_millis(800);

/// A site that runs, on two web servers.
struct Site {
    stage_folder: PathBuf,
    share: PathBuf,
    primary: Server,
    replica: Server,
    web: [Web; 2],
    _balancer: Service,
}

/// One row of the table, without its first cell: alone, server, in rotation, other server, visitor.
type Row = [String; 5];

impl Site {
    fn start(stage: &Stage, change: fn(&mut ServerSpec)) -> Self {
        let primary = mariadb(stage, PRIMARY, 1, &[]);
        let replica = mariadb(stage, REPLICA, 2, &["--read-only=ON"]);
        follow(&replica, &primary);
        primary.create_admin(&Secrets::default().database_admin);
        let share = share(stage, "share");
        let machines = ["web1", "web2"].map(|name| {
            let mut spec = spec(SCHEMA);
            spec.name = name.to_owned();
            spec.database.read = Some(Endpoint { host: REPLICA.to_owned(), port: 3306 });
            change(&mut spec);
            let times = [("health_interval_milliseconds", INTERVAL_MILLISECONDS)];
            let has_certificate = matches!(spec.tls, Tls::Given { .. });
            let tls =
                has_certificate.then(|| certificate(stage, HOST)).map(|(one, two)| [read(&one), read(&two)]);
            let secrets = Secrets { tls, ..Secrets::default() };
            Machine::new(stage, &spec, &share, &secrets, &times)
        });
        for machine in &machines {
            run(&mut machine.install());
        }
        let site_tables = "SELECT count(*) FROM moodle.mdl_config WHERE name = 'adminhash'";
        wait_for("the replica has the site", 30, || (follows(&replica, site_tables) == "1").then_some(()));
        let web = [0, 1].map(|number| Web::start(&machines[number], number));
        let balancer = balancer(stage);
        Self { stage_folder: stage.folder.clone(), share, primary, replica, web, _balancer: balancer }
    }

    /// What is to be seen now.
    fn seen(&self) -> Row {
        let code =
            |port| ask(WEB[0], port, WEB[0], "/").map_or("none".to_owned(), |answer| answer.code.to_string());
        let yes = |is: bool| if is { "yes" } else { "no" }.to_owned();
        let visitor =
            ask(BALANCER, 80, HOST, "/").map_or("none".to_owned(), |answer| answer.code.to_string());
        let [one, other] = in_rotation();
        [code(ALONE), code(80), yes(one), yes(other), visitor]
    }

    /// Waits until the row is what is to be seen, and stays so.
    fn settles_at(&self, state: &str, row: &Row, steady: Duration) {
        let until = Instant::now() + Duration::from_secs(40);
        let mut since = None;
        loop {
            let seen = self.seen();
            if seen.iter().zip(row).all(|(seen, row)| row == "any" || seen == row) {
                if since.get_or_insert_with(Instant::now).elapsed() >= steady {
                    return;
                }
            } else {
                since = None;
                let said = self.web.iter().map(Web::said).collect::<String>();
                assert!(
                    Instant::now() < until,
                    "{state}: the page says {row:?}, to be seen is {seen:?}\n{said}"
                );
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The trouble that the row is about, or its end.
    fn trouble(&mut self, state: &str, begins: bool) {
        let mount_again = format!("mount --bind {} /srv/site", self.share.display());
        let [one, _] = &mut self.web;
        let either = |begin: &str, end: &str| (if begins { begin } else { end }).to_owned();
        let in_share = self.share.join("data");
        match state {
            "nothing is wrong" => {}
            "the share is not mounted" => {
                one.shell(&either("umount /srv/site", &mount_again));
            }
            "an empty folder lies where the share belongs" => {
                let empty = "install -d -o apache -g apache /run/empty /run/empty/data; mount --bind /run/empty /srv/site";
                one.shell(&either(empty, "umount /srv/site"));
            }
            "the share does not answer" => {
                // Whoever opens it waits for a writer, who does not come.
                let silent = "mkfifo /run/silent; mount --bind /run/silent /srv/site/.site-share";
                one.shell(&either(silent, "umount --lazy /srv/site/.site-share; rm /run/silent"));
            }
            "the configuration is missing" => {
                let path = "/var/www/site/config.php";
                one.shell(&either(&format!("mv {path} {path}.away"), &format!("mv {path}.away {path}")));
            }
            "the secrets are missing" => {
                let path = "/etc/site/site.php";
                one.shell(&either(&format!("mv {path} {path}.away"), &format!("mv {path}.away {path}")));
            }
            "PHP is stopped" if begins => one.php.kill(),
            "PHP is stopped" => one.restart("php"),
            "the web server is stopped" if begins => one.apache.kill(),
            "the web server is stopped" => one.restart("apache"),
            "the check is stopped" if begins => {
                one.health.kill();
                one.shell("rm -rf /run/site-health");
            }
            "the check is stopped" => one.restart("health"),
            "the server is drained" => {
                drop(one.shell(&either("touch /etc/site/drain", "rm /etc/site/drain")))
            }
            "all: the replica is gone" if begins => self.replica.service.kill(),
            "all: the replica is gone" => self.replica.restart(),
            "all: the primary is gone, the replica is not" if begins => self.primary.service.kill(),
            "all: the primary is gone, the replica is not" => self.primary.restart(),
            "all: the primary does not answer" => self.primary.service.signal(&either("STOP", "CONT")),
            "all: the primary takes no writes" => {
                self.primary.root(&format!("SET GLOBAL read_only = {}", either("ON", "OFF")));
            }
            "all: primary and replica are gone" if begins => {
                self.primary.service.kill();
                self.replica.service.kill();
            }
            "all: primary and replica are gone" => {
                self.primary.restart();
                self.replica.restart();
            }
            "all: the schema is empty" => self.rename_table(begins),
            "all: maintenance, switched on by the command line" => {
                let file = in_share.join("climaintenance.html");
                if begins {
                    write(&file, "back soon")
                } else {
                    std::fs::remove_file(file).expect("it was there")
                }
            }
            "all: maintenance, switched on in the browser" => {
                self.primary.root(&format!(
                    "REPLACE INTO {SCHEMA}.mdl_config (name, value) VALUES ('maintenance_enabled', '{}')",
                    either("1", "0"),
                ));
            }
            "all: an upgrade is pending" => {
                let version = either("2025100600", "2026100500");
                self.primary.root(&format!(
                    "UPDATE {SCHEMA}.mdl_config SET value = '{version}' WHERE name = 'version'"
                ));
            }
            other => panic!("the page has a state that this test does not know: {other}"),
        }
    }

    /// The application's tables go, and come back.
    fn rename_table(&self, away: bool) {
        let (there, elsewhere) = (format!("{SCHEMA}.mdl_config"), format!("{SCHEMA}_boot.mdl_config"));
        let (from, to) = if away { (there, elsewhere) } else { (elsewhere, there) };
        self.primary.root(&format!("RENAME TABLE {from} TO {to}"));
    }
}

/// What a replica answers, which may not have the table yet.
fn follows(replica: &Server, query: &str) -> String {
    let exists =
        replica.root("SELECT count(*) FROM information_schema.tables WHERE table_name = 'mdl_config'");
    if exists == "1" { replica.root(query) } else { String::new() }
}

/// The rows of the page's table.
fn rows_of_the_page() -> Vec<(String, Row)> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/src/server-health.md");
    let page = read(&page);
    let lines = page.lines().skip_while(|line| !line.starts_with("| state |"));
    let row = |line: &str| {
        let mut cells = line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned());
        let state = cells.next().expect("a row has a first cell");
        (state, [(); 5].map(|()| cells.next().expect("a row has six cells")))
    };
    lines.skip(2).take_while(|line| line.starts_with('|')).map(row).collect()
}

fn packages() -> Vec<&'static str> {
    MARIADB.into_iter().chain(PHP).chain(PACKAGES).collect()
}

#[test]
fn the_load_balancer_finds_each_state_as_the_page_says() {
    on_stage("health::the_load_balancer_finds_each_state_as_the_page_says", &packages(), |stage| {
        let rows = rows_of_the_page();
        assert!(rows.len() >= 19, "the page has lost rows: {rows:?}");
        let healthy =
            rows.iter().find(|(state, _)| state == "nothing is wrong").expect("the page begins with it");
        let mut site = Site::start(stage, |_| {});
        for (state, row) in &rows {
            let began = Instant::now();
            site.trouble(state, true);
            site.settles_at(state, row, STEADY);
            site.trouble(state, false);
            site.settles_at(&format!("after: {state}"), &healthy.1, Duration::ZERO);
            println!("{state}: {row:?}, {} ms", began.elapsed().as_millis());
        }
        let said = site.web.iter().map(Web::said).collect::<String>();
        assert!(
            !Secrets::default().all().iter().any(|secret| said.contains(secret)),
            "a password is in a log"
        );
    });
}

#[test]
fn with_a_certificate_visitors_come_by_https_and_the_balancer_is_still_answered_by_http() {
    let name = "health::with_a_certificate_visitors_come_by_https_and_the_balancer_is_still_answered_by_http";
    on_stage(name, &packages(), |stage| {
        let site = Site::start(stage, |spec| {
            spec.tls = Tls::Given { hsts: true };
            spec.site.url = SiteUrl::Known(format!("https://{HOST}"));
        });
        let in_rotation_or_not = |wanted: [bool; 2]| {
            wait_for("the load balancer's view", 30, || (in_rotation() == wanted).then_some(()));
        };
        in_rotation_or_not([true, true]);
        let http = ask(WEB[0], 80, HOST, "/course/view.php?id=2").expect("the web server answers");
        assert_eq!(http.code, 301);
        assert!(http.head.contains("https://moodle.example.org/course/view.php?id=2"), "{}", http.head);
        let (code, head) = https(&site, "/");
        assert_eq!(code, "200", "{head}");
        assert!(head.contains("Strict-Transport-Security: max-age=31536000"), "{head}");

        // Proofs for the certificate's authority are answered in every state, and only as text.
        write(&site.share.join("acme/.well-known/acme-challenge/proof"), "<?php echo 1;");
        let proof =
            || ask(WEB[0], 80, HOST, "/.well-known/acme-challenge/proof").expect("the web server answers");
        assert_eq!((proof().code, proof().body.as_str()), (200, "<?php echo 1;"));
        site.web[0].shell("touch /etc/site/drain");
        in_rotation_or_not([false, true]);
        assert_eq!(https(&site, "/").0, "503");
        assert_eq!(proof().code, 200);
    });
}

/// Asks the first web server by HTTPS, by the site's name: the code, and the head of the answer.
fn https(site: &Site, path: &str) -> (String, String) {
    let script = "
        $context = stream_context_create(['ssl' => ['verify_peer' => false, 'peer_name' => $argv[2]],
            'http' => ['ignore_errors' => true, 'follow_location' => 0, 'header' => \"Host: $argv[2]\"]]);
        file_get_contents(\"https://$argv[1]$argv[3]\", false, $context);
        echo implode(\"\\n\", $http_response_header);";
    let mut command = Command::new("php");
    command.args(["-r", script, "--", site.web[0].address, HOST, path]).current_dir(&site.stage_folder);
    let head = run(&mut command);
    (head.split(' ').nth(1).unwrap_or_default().to_owned(), head)
}

#[test]
fn what_is_nobodys_business_is_not_served_and_names_of_files_of_users_are() {
    let name = "health::what_is_nobodys_business_is_not_served_and_names_of_files_of_users_are";
    on_stage(name, &packages(), |stage| {
        let site = Site::start(stage, |_| {});
        wait_for("the web server is in rotation", 30, || in_rotation()[0].then_some(()));
        let public = "/var/www/site/public";
        site.web[0].shell(&format!(
            "cd {public}; mkdir -p .git lib/db vendor/x; touch .git/config README.md upgrade.txt composer.json vendor/x/y.js \
             lib/db/install.xml lib/environment.xml; echo '<?php echo \"router\";' >r.php; \
             echo '<?php echo \"file\", $_SERVER[\"PATH_INFO\"];' >pluginfile.php; echo secret >lib/style.css"
        ));
        let code = |path: &str| ask(WEB[0], 80, HOST, path).map(|answer| answer.code);
        let denied = [
            "/.git/config",
            "/README.md",
            "/upgrade.txt",
            "/composer.json",
            "/vendor/x/y.js",
            "/lib/db/install.xml",
            "/lib/environment.xml",
            "/LIB/DB/INSTALL.XML",
        ];
        for path in denied {
            assert_eq!(code(path), Some(403), "{path}");
        }
        assert_eq!(code("/lib/style.css"), Some(200));
        let body = |path: &str| ask(WEB[0], 80, HOST, path).map(|answer| answer.body).unwrap_or_default();
        assert_eq!(body("/pluginfile.php/5/my/.hidden/README.md"), "file/5/my/.hidden/README.md");
        assert_eq!(body("/pluginfile.php/5/a%2Fb"), "file/5/a%2Fb");
        assert_eq!(body("/api/rest/v2/nothing-of-a-file"), "router");
        let head = ask(WEB[0], 80, HOST, "/").expect("the web server answers").head;
        assert!(head.contains("Server: Apache\r\n"), "it says no version: {head}");
        let trace = run(Command::new("php").args([
            "-r",
            "
            $context = stream_context_create(['http' => ['method' => 'TRACE', 'ignore_errors' => true]]);
            file_get_contents(\"http://$argv[1]/\", false, $context);
            echo $http_response_header[0];",
            "--",
            WEB[0],
        ]));
        assert!(text(trace.as_bytes()).contains("405"), "{trace}");
    });
}
