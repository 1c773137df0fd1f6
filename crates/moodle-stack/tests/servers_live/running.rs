//! Several servers of one site that run, at the same moment: security updates, and a password that changes.

use std::path::Path;
use std::process::Command;

use crate::database::{MARIADB, mariadb};
use crate::machine::{Machine, PHP, Secrets, share, spec};
use crate::stage::{PRIMARY, Service, Stage, on_stage, read, run, wait_for, write};

const SERVERS: usize = 4;

/// Stands in for what a stage has not; each call is a line in a file that all servers share. The secrets are where `enter.sh` has
/// put them.
const STAND_IN: &str = r#"#!/usr/bin/bash
name=${0##*/}
case "$name $*" in
    "dnf"*needs-restarting*) exit 1 ;;
    "dnf"*check-update*) exit 100 ;;
    "systemctl reboot") echo "reboot $HOSTNAME" >>/srv/site/calls ;;
    "sleep 90")
        [[ -e /run/site-drain ]] || echo "not out of rotation: $HOSTNAME" >>/srv/site/calls
        echo "drained $HOSTNAME" >>/srv/site/calls
        exec /bin/sleep 0.3 ;;
    "sleep "*) exec /bin/sleep 0.05 ;;
    "oci "*)
        while [[ $1 != --file ]]; do shift; done
        cp /run/site-secrets/secrets.json "$2" ;;
    "dnf "* | "systemctl reload "*) ;;
    *) echo "no such call: $name $*" >&2; exit 2 ;;
esac
"#;

/// A server, and others with the same files.
fn machines(stage: &Stage, share: &Path, schema: &str, secrets: &Secrets) -> Vec<Machine> {
    let first = Machine::new(stage, &spec(schema), share, secrets, &[]);
    let programs = first.folder.join("local/bin");
    for name in ["dnf", "systemctl", "sleep", "oci"] {
        write(&programs.join(name), STAND_IN);
        run(Command::new("chmod").arg("0755").arg(programs.join(name)));
    }
    let twins: Vec<Machine> = (2..=SERVERS).map(|number| first.twin(&format!("web{number}"))).collect();
    std::iter::once(first).chain(twins).collect()
}

fn start(machine: &Machine, script: &str, log: &str) -> Service {
    let path = "export PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin; mount -t tmpfs tmpfs /var/lib; mkdir /var/lib/site; ";
    Service::start(
        &mut machine.command(&["bash", "-c", &format!("{path}{script}")]),
        machine.folder.join(log),
    )
}

#[test]
fn two_servers_never_restart_together_even_when_all_begin_at_once() {
    let name = "running::two_servers_never_restart_together_even_when_all_begin_at_once";
    on_stage(name, &[], |stage| {
        let share = share(stage, "share");
        let machines = machines(stage, &share, "updated", &Secrets::default());
        let calls = share.join("calls");
        write(&calls, "");
        let mut updates: Vec<Service> = machines
            .iter()
            .map(|machine| start(machine, "exec bash /usr/local/lib/site/update.sh", "update.log"))
            .collect();
        for done in 1..=SERVERS {
            let wanted = format!("reboot {done}");
            wait_for(&wanted, 60, || (read(&calls).matches("reboot ").count() == done).then_some(()));
            let ended = updates.iter_mut().filter_map(Service::ended).count();
            assert!(ended <= done, "one more than has restarted has ended");
            // The server that restarts is back long before a turn has run out by itself.
            run(Command::new("touch").args(["-d", "-16 minutes"]).arg(share.join(".site-update")));
        }
        for update in &mut updates {
            assert_eq!(wait_for("the end of an update", 60, || update.ended()), Some(0), "{}", update.said());
        }
        let calls = read(&calls);
        let lines: Vec<&str> = calls.lines().collect();
        assert_eq!(lines.len(), 2 * SERVERS, "{calls}");
        let mut servers: Vec<&str> = lines
            .chunks(2)
            .map(|pair| {
                let server = pair[0].strip_prefix("drained ").unwrap_or_else(|| panic!("{calls}"));
                assert_eq!(pair[1], format!("reboot {server}"), "another one came in between:\n{calls}");
                server
            })
            .collect();
        servers.sort_unstable();
        servers.dedup();
        assert_eq!(servers.len(), SERVERS, "each has had its turn:\n{calls}");
    });
}

#[test]
fn a_changed_password_reaches_all_running_servers_and_leaves_them_the_same_bytes() {
    let name = "running::a_changed_password_reaches_all_running_servers_and_leaves_them_the_same_bytes";
    let packages: Vec<_> = MARIADB.into_iter().chain(PHP).collect();
    on_stage(name, &packages, |stage| {
        let database = mariadb(stage, PRIMARY, 1, &[]);
        database.create_admin(&Secrets::default().database_admin);
        let share = share(stage, "share");
        let machines = machines(stage, &share, "refreshed", &Secrets::default());
        for machine in &machines {
            let steps = "cd /usr/local/lib/site; php database.php /etc/site/settings.json /run/site-secrets/secrets.json";
            run(&mut machine.after_secrets(steps));
        }
        let file = |machine: &Machine| read(&machine.folder.join("etc/site/site.php"));
        let before = file(&machines[0]);
        let refresh_all = |round: usize| {
            let all: Vec<Service> = machines
                .iter()
                .map(|machine| {
                    let log = format!("refresh-{round}.log");
                    start(machine, "exec bash /usr/local/lib/site/refresh.sh", &log)
                })
                .collect();
            all.into_iter()
                .map(|mut one| (wait_for("a refresh", 60, || one.ended()), one.said()))
                .collect::<Vec<_>>()
        };
        for round in 1..=5 {
            let secrets = Secrets { database: format!("N3w 'pass\\{round}\" $x é"), ..Secrets::default() };
            for machine in &machines {
                machine.give(&secrets);
            }
            for (status, said) in refresh_all(round) {
                assert_eq!(status, Some(0), "{said}");
                assert!(secrets.all().iter().all(|secret| !said.contains(secret)), "{said}");
            }
            let after = file(&machines[0]);
            assert_ne!(after, before);
            assert!(machines.iter().all(|machine| file(machine) == after), "the servers differ");
            let check = "php -r 'require \"/usr/local/lib/site/connect.php\"; \
                         $s = json_decode(file_get_contents(\"/etc/site/settings.json\"), true)[\"database\"]; \
                         connect($s, $s[\"user\"], (require \"/etc/site/site.php\")[\"database_password\"]); echo \"in\";'";
            for machine in &machines {
                assert_eq!(run(&mut machine.command(&["bash", "-c", check])), "in");
            }
        }
        // One server has heard of something that is not whole: it stays as it is, and so do the others.
        let last = file(&machines[0]);
        write(&machines[0].folder.join("secrets.json"), "{\"database_password\": \"half");
        let all = refresh_all(6);
        assert_eq!(all[0].0, Some(1), "{}", all[0].1);
        assert!(all[0].1.contains("the secrets cannot be read"), "{}", all[0].1);
        assert!(machines.iter().all(|machine| file(machine) == last));
    });
}
