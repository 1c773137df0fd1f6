//! Eight servers boot at the same moment, and the site is installed exactly once, whatever happens to the one that does it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use moodle_stack::server::versions::DatabaseKind;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt as _, SeedableRng as _};

use crate::database::{MARIADB, Server, mariadb};
use crate::machine::{Machine, PHP, Secrets, share, spec};
use crate::stage::{PRIMARY, Process, Service, Stage, on_stage, read, run, wait_for, write};

/// How many tables the stand-in of the installer makes, and how many of them have a row that says who made it.
const TABLES: usize = 15;
const SIGNED_TABLES: usize = 12;
const SERVERS: usize = 8;
/// Sites that are installed at the same time, by eight servers each.
const LANES: u64 = 4;

/// What happens to the server that installs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// It is gone at once, as by a power cut: its whole process group is killed.
    PowerCut,
    /// What holds the lock is killed, and nothing else: its installer must not outlive it.
    HolderKilled,
    /// It stands still until the others are through, then goes on.
    Freeze,
}

/// When it happens. The application's stand-in waits there, so that it is then, however busy the machine is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Moment {
    /// Before the installer does anything.
    Start,
    /// When so many tables are there.
    Tables(usize),
    /// When the installer is about to end.
    End,
    /// In the first run of cron, when the site is complete and nobody else knows it yet.
    Cron,
}

impl Moment {
    /// As the stand-in calls it.
    fn name(self) -> String {
        match self {
            Self::Start => "start".to_owned(),
            Self::Tables(count) => format!("table {count}"),
            Self::End => "end".to_owned(),
            Self::Cron => "cron".to_owned(),
        }
    }
}

/// A site and its servers.
pub(crate) struct Site {
    schema: String,
    pub(crate) machines: Vec<Machine>,
    share: PathBuf,
    secrets: Secrets,
}

/// What the installers have written down: a word, who, and the rest, in the order in which it happened.
struct Record(Vec<[String; 3]>);

impl Site {
    pub(crate) fn new(stage: &Stage, schema: &str, lease_seconds: u64) -> Self {
        Self::on(DatabaseKind::MariaDb, &[PRIMARY], stage, schema, lease_seconds)
    }

    /// On this kind of database, whose `addresses` the servers use in turn.
    pub(crate) fn on(
        kind: DatabaseKind,
        addresses: &[&str],
        stage: &Stage,
        schema: &str,
        lease_seconds: u64,
    ) -> Self {
        let secrets = Secrets::default();
        let share = share(stage, &format!("{schema}.share"));
        let times = [
            ("install_lease_seconds", lease_seconds),
            ("install_poll_milliseconds", 150),
            ("install_wait_seconds", 60),
        ];
        let mut spec = spec(schema);
        spec.database.kind = kind;
        let mut machines: Vec<Machine> = Vec::new();
        for number in 0..SERVERS {
            spec.name = format!("web{}", number + 1);
            let machine = if let Some(address) = addresses.get(number) {
                spec.database.primary.host = (*address).to_owned();
                Machine::new(stage, &spec, &share, &secrets, &times)
            } else {
                machines[number % addresses.len()].twin(&spec.name)
            };
            machines.push(machine);
        }
        Self { schema: schema.to_owned(), machines, share, secrets }
    }

    /// Boots a server as far as the installation.
    fn boot(&self, machine: &Machine) -> Service {
        Service::start(&mut machine.install(), machine.folder.join("boot.log"))
    }

    pub(crate) fn boot_all(&self) -> Vec<Service> {
        self.machines.iter().map(|machine| self.boot(machine)).collect()
    }

    fn record(&self) -> Record {
        let line = |line: &str| {
            let mut words = line.splitn(3, ' ').map(str::to_owned);
            [(); 3].map(|()| words.next().unwrap_or_default())
        };
        Record(read(&self.share.join("data/record")).lines().map(line).collect())
    }

    /// The first installer that comes to this moment will wait there.
    pub(crate) fn pause_at(&self, moment: Moment) {
        self.tell("pause-at", &moment.name());
    }

    /// Waits until it does, and says where its server stands among [`Self::machines`].
    pub(crate) fn paused(&self) -> usize {
        self.paused_after(0)
    }

    /// The same, when so many have waited before.
    fn paused_after(&self, others: usize) -> usize {
        let paused = || self.record().of("paused").nth(others).cloned();
        let host = wait_for(&format!("{}: the moment", self.schema), 60, paused)[1].clone();
        self.machines.iter().position(|machine| machine.name == host).expect("it is one of the servers")
    }

    /// Leaves a word for the stand-in.
    pub(crate) fn tell(&self, file: &str, what: &str) {
        let path = self.share.join("data").join(file);
        write(&path, what);
        std::os::unix::fs::chown(&path, Some(48), Some(48)).expect("this is root");
    }

    /// All of these servers come to a good end.
    pub(crate) fn all_are_through(&self, boots: &mut [Service], except: Option<usize>) {
        for (number, boot) in boots.iter_mut().enumerate() {
            if Some(number) != except {
                let status = wait_for(&format!("{} web{}", self.schema, number + 1), 60, || boot.ended());
                assert_eq!(status, Some(0), "{} web{}: {}", self.schema, number + 1, boot.said());
                assert!(boot.said().contains("the application is installed"), "{}", boot.said());
            }
        }
    }

    /// The schema holds one whole installation, all of it by whom the record names last, and nobody worked at the same time.
    pub(crate) fn holds_one_installation(&self, database: &Server) {
        let (schema, record) = (&self.schema, self.record());
        record.shows_one_at_a_time(schema);
        let last = record.of("end").last().unwrap_or_else(|| panic!("{schema}: nobody has ended")).clone();
        let tables = database.root(&format!(
            "SELECT table_name, table_collation FROM information_schema.tables WHERE table_schema = '{schema}'"
        ));
        assert_eq!(tables.lines().count(), TABLES, "{schema}: {tables}");
        assert!(tables.lines().all(|line| line.ends_with("\tutf8mb4_unicode_ci")), "{schema}: {tables}");
        let installers: Vec<_> =
            (1..=SIGNED_TABLES).map(|n| format!("SELECT installer FROM mdl_t{n}")).collect();
        let installers = database.root(&format!("USE {schema}; {}", installers.join(" UNION ALL ")));
        assert_eq!(installers.lines().count(), SIGNED_TABLES, "{schema}: one row a table");
        assert_eq!(installers.lines().collect::<BTreeSet<_>>(), [last[1].as_str()].into(), "{schema}");
        let row = database.root(&format!("SELECT state, begun FROM {schema}_boot.installation"));
        assert_eq!(row, "done\t0", "{schema}");
        let collation = database.root(&format!(
            "SELECT default_collation_name FROM information_schema.schemata WHERE schema_name LIKE '{schema}%'"
        ));
        assert_eq!(
            collation, "utf8mb4_unicode_ci\nutf8mb4_unicode_ci",
            "{schema}: the site's schema and ours"
        );
    }

    /// A server that boots afterwards finds it done and does nothing.
    pub(crate) fn a_late_server_finds_it_done(&self, machine: &Machine) {
        let before = self.record().0.len();
        let said = run(&mut machine.install());
        assert!(said.trim_end().ends_with("the application is installed"), "{said}");
        assert!(!said.contains("this server installs"), "{said}");
        assert_eq!(self.record().0.len(), before, "{}: a late server ran something", self.schema);
    }

    /// No password in what the servers said, nor in a file that everybody can read.
    pub(crate) fn secrets_are_kept(&self) {
        for machine in &self.machines {
            let said = read(&machine.folder.join("boot.log"));
            assert!(!self.secrets.all().iter().any(|secret| said.contains(secret)), "{said}");
        }
        let folders = self.machines.iter().map(|machine| &machine.folder).chain([&self.share]);
        for file in folders.flat_map(|folder| files_for_everybody(folder)) {
            let text = read(&file);
            for secret in self.secrets.all() {
                // As PHP and as JSON write it, too.
                let in_php = secret.replace('\\', "\\\\").replace('\'', "\\'");
                let in_json = secret.replace('\\', "\\\\").replace('"', "\\\"");
                let shown = [secret, &in_php, &in_json].iter().any(|written| text.contains(*written));
                assert!(!shown, "{} has a password, and everybody can read it", file.display());
            }
        }
    }
}

/// All files below `folder` that every user may read.
fn files_for_everybody(folder: &Path) -> Vec<PathBuf> {
    use std::os::unix::fs::PermissionsExt as _;
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder of the stage can be read").flatten() {
        let metadata = entry.metadata().expect("nobody removes it now");
        if metadata.is_dir() {
            found.extend(files_for_everybody(&entry.path()));
        } else if metadata.is_file() && metadata.permissions().mode() & 0o004 != 0 {
            found.push(entry.path());
        }
    }
    found
}

impl Record {
    fn of<'a>(&'a self, word: &'a str) -> impl Iterator<Item = &'a [String; 3]> {
        self.0.iter().filter(move |line| line[0] == word)
    }

    /// Once another installer has begun, the one before does nothing any more.
    fn shows_one_at_a_time(&self, schema: &str) {
        let mut gone = BTreeSet::new();
        let mut at_work = String::new();
        let work = |line: &&[String; 3]| ["begin", "table", "end"].contains(&line[0].as_str());
        for line in self.0.iter().filter(work) {
            if line[1] != at_work {
                assert!(!gone.contains(&line[1]), "{schema}: {} is back: {:?}", line[1], self.0);
                gone.insert(std::mem::replace(&mut at_work, line[1].clone()));
            }
        }
    }
}

/// Looks through the command lines and environments of all processes for as long as `body` runs.
pub(crate) fn while_watching(secrets: &Secrets, body: impl FnOnce()) {
    /// Ends the watch also when `body` panics.
    struct Over<'a>(&'a AtomicBool);
    impl Drop for Over<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }

    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let watch = scope.spawn(|| {
            let mut seen = 0_u64;
            while !is_over.load(Ordering::Relaxed) {
                for entry in fs::read_dir("/proc").expect("/proc is mounted").flatten() {
                    for file in ["cmdline", "environ"] {
                        let told = read(&entry.path().join(file));
                        seen += u64::from(told.contains("install.php"));
                        let shown = secrets.all().iter().any(|secret| told.contains(secret));
                        assert!(!shown, "a password is in {file} of {told:?}");
                    }
                }
                thread::sleep(Duration::from_millis(20));
            }
            seen
        });
        let over = Over(&is_over);
        body();
        drop(over);
        let seen = watch.join().expect("no password was seen in a command line or an environment");
        assert!(seen > 100, "the watch has seen the servers at work only {seen} times");
    });
}

/// Runs `body` for each seed, a few at a time.
pub(crate) fn in_lanes(seeds: u64, body: impl Fn(u64) + Sync) {
    thread::scope(|scope| {
        for lane in 0..LANES {
            let body = &body;
            scope.spawn(move || (lane..seeds).step_by(LANES as usize).for_each(body));
        }
    });
}

/// One site: its servers boot, and what `trouble` says happens to the one that installs.
pub(crate) fn race(site: &Site, database: &Server, trouble: Option<(Trouble, Moment)>) {
    let schema = &site.schema;
    let mut late = 0;
    let mut boots;
    if let Some((trouble, moment)) = trouble {
        site.pause_at(moment);
        boots = site.boot_all();
        late = site.paused();
        strike(site, &mut boots, late, trouble);
        let counts = ["begin", "end", "cron"].map(|word| site.record().of(word).count());
        match moment {
            Moment::Start | Moment::Tables(_) | Moment::End => {
                assert_eq!(counts, [2, 1, 1], "{schema}: the first was stopped half-way");
            }
            Moment::Cron => assert_eq!(counts, [1, 1, 2], "{schema}: a complete site is kept, and cron runs"),
        }
    } else {
        boots = site.boot_all();
        site.all_are_through(&mut boots, None);
        let record = site.record();
        let counts = ["begin", "end", "cron"].map(|word| record.of(word).count());
        assert_eq!(counts, [1, 1, 1], "{schema}: begun, ended, and one first run of cron");
        let installing = boots.iter().filter(|boot| boot.said().contains("this server installs")).count();
        let said = boots.iter().map(Service::said).collect::<String>();
        assert_eq!(installing, 1, "{schema}: the others waited: {said}");
    }
    site.holds_one_installation(database);
    site.a_late_server_finds_it_done(&site.machines[late]);
    site.secrets_are_kept();
    println!("{schema}: {trouble:?}, {} begun", site.record().of("begin").count());
}

/// The trouble comes over the server that installs, and all others come through.
fn strike(site: &Site, boots: &mut [Service], winner: usize, trouble: Trouble) {
    match trouble {
        Trouble::PowerCut => boots[winner].kill(),
        Trouble::HolderKilled => {
            boots[winner].signal("KILL");
            // Its installer goes with it, and not before: what is busy with other things kills late.
            wait_for("the end of the holder", 30, || boots[winner].ended());
        }
        Trouble::Freeze => boots[winner].signal_group("STOP"),
    }
    site.tell("go-on", "");
    site.all_are_through(boots, Some(winner));
    if trouble == Trouble::Freeze {
        boots[winner].signal_group("CONT");
        site.all_are_through(boots, None);
    } else {
        let status = wait_for("the end of what was killed", 5, || boots[winner].ended());
        assert_eq!(status, None, "it was killed: {}", boots[winner].said());
    }
}

/// What happens, and when, follows from the seed.
pub(crate) fn trouble_of(seed: u64) -> (Trouble, Moment) {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let moment = match random.random_range(0..8) {
        0 => Moment::Start,
        1 => Moment::End,
        2 => Moment::Cron,
        _ => Moment::Tables(random.random_range(1..=SIGNED_TABLES)),
    };
    ([Trouble::PowerCut, Trouble::HolderKilled, Trouble::Freeze][(seed % 3) as usize], moment)
}

fn database(stage: &Stage) -> Server {
    let server = mariadb(stage, PRIMARY, 1, &["--max-connections=500"]);
    server.create_admin(&Secrets::default().database_admin);
    server
}

fn packages() -> Vec<&'static str> {
    MARIADB.into_iter().chain(PHP).collect()
}

#[test]
fn of_eight_servers_exactly_one_installs_and_the_others_wait() {
    on_stage("race::of_eight_servers_exactly_one_installs_and_the_others_wait", &packages(), |stage| {
        let database = database(stage);
        while_watching(&Secrets::default(), || {
            in_lanes(20, |seed| {
                race(&Site::new(stage, &format!("calm_{seed}"), 20), &database, None);
            });
        });
    });
}

#[test]
fn a_winner_that_dies_or_stands_still_half_way_is_replaced_and_leaves_no_trace() {
    let name = "race::a_winner_that_dies_or_stands_still_half_way_is_replaced_and_leaves_no_trace";
    on_stage(name, &packages(), |stage| {
        let database = database(stage);
        while_watching(&Secrets::default(), || {
            in_lanes(20, |seed| {
                let site = Site::new(stage, &format!("seed_{seed}"), 3);
                race(&site, &database, Some(trouble_of(seed)));
            });
        });
    });
}

#[test]
fn a_winner_that_wakes_up_while_its_successor_installs_touches_nothing() {
    let name = "race::a_winner_that_wakes_up_while_its_successor_installs_touches_nothing";
    on_stage(name, &packages(), |stage| {
        let database = database(stage);
        in_lanes(8, |seed| {
            let site = Site::new(stage, &format!("wakes_{seed}"), 3);
            // The old one would go on with tables that the new one has yet to make.
            site.pause_at(Moment::Tables(6));
            let mut boots = site.boot_all();
            let old = site.paused();
            boots[old].signal_group("STOP");
            site.pause_at(Moment::Tables(2));
            let new = site.paused_after(1);
            site.tell(&format!("go-on.{}", site.machines[old].name), "");
            // Its installer wakes up first, and what holds the lock cannot stop it yet.
            let installer = Process::child_of(boots[old].child.id());
            installer.signal("CONT");
            wait_for("the old installer ends", 30, || installer.has_ended().then_some(()));
            boots[old].signal_group("CONT");
            let failed = || boots[old].said().contains("this attempt failed").then_some(());
            wait_for("the old one has noticed", 60, failed);
            site.tell(&format!("go-on.{}", site.machines[new].name), "");
            site.all_are_through(&mut boots, None);
            let counts = ["begin", "end", "cron"].map(|word| site.record().of(word).count());
            assert_eq!(counts, [2, 1, 1], "seed {seed}: the new one was not disturbed");
            site.holds_one_installation(&database);
        });
    });
}

#[test]
fn an_installation_that_fails_is_cleaned_up_and_tried_again_but_not_for_ever() {
    let name = "race::an_installation_that_fails_is_cleaned_up_and_tried_again_but_not_for_ever";
    on_stage(name, &packages(), |stage| {
        let database = database(stage);

        let site = Site::new(stage, "twice", 20);
        site.tell("failures-wanted", "2");
        let mut boots = site.boot_all();
        site.all_are_through(&mut boots, None);
        let counts = ["begin", "end", "cron"].map(|word| site.record().of(word).count());
        assert_eq!(counts, [3, 1, 1], "two failed, the third did it");
        site.holds_one_installation(&database);

        let site = Site::new(stage, "never", 20);
        site.tell("failures-wanted", "1000");
        for mut boot in site.boot_all() {
            let status = wait_for("the end of a hopeless boot", 60, || boot.ended());
            assert_eq!(status, Some(1), "{}", boot.said());
            assert!(boot.said().contains("the installer failed 3 times on this server"), "{}", boot.said());
            assert!(boot.said().contains("ended with status 1"), "{}", boot.said());
        }
        let left = "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'never'";
        assert_eq!(database.root(left), "0", "each failure was cleaned up");
        site.secrets_are_kept();
    });
}

#[test]
fn tables_that_were_there_before_are_never_emptied() {
    on_stage("race::tables_that_were_there_before_are_never_emptied", &packages(), |stage| {
        let database = database(stage);
        database.root("CREATE DATABASE foreign_one; CREATE TABLE foreign_one.theirs (id INT) SELECT 1 AS id");
        let site = Site::new(stage, "foreign_one", 20);
        for mut boot in site.boot_all() {
            assert_eq!(wait_for("the end of a boot", 60, || boot.ended()), Some(1), "{}", boot.said());
            assert!(boot.said().contains("they are left alone"), "{}", boot.said());
        }
        assert_eq!(database.root("SELECT count(*) FROM foreign_one.theirs"), "1");

        // A site that was restored from a backup.
        database.root(
            "CREATE DATABASE restored; USE restored;
             CREATE TABLE mdl_config (name VARCHAR(100), value TEXT); CREATE TABLE mdl_sessions (id INT);
             INSERT INTO mdl_config VALUES ('version', '2026100500')",
        );
        let site = Site::new(stage, "restored", 20);
        let mut boots = site.boot_all();
        site.all_are_through(&mut boots, None);
        let counts = ["begin", "end", "cron"].map(|word| site.record().of(word).count());
        assert_eq!(counts, [0, 0, 1], "it is kept as it is, and cron has its first run");
    });
}

#[test]
fn a_database_that_stands_still_or_starts_anew_costs_time_and_no_second_installation() {
    let name = "race::a_database_that_stands_still_or_starts_anew_costs_time_and_no_second_installation";
    on_stage(name, &packages(), |stage| {
        let mut database = database(stage);

        let site = Site::new(stage, "still", 3);
        site.pause_at(Moment::Tables(5));
        let mut boots = site.boot_all();
        site.paused();
        database.service.signal("STOP");
        // Longer than the lease: the one that installs must have stopped its installer by itself.
        let stopped = "was stopped: the lock could not be kept";
        wait_for("the winner gives up", 60, || {
            boots.iter().any(|boot| boot.said().contains(stopped)).then_some(())
        });
        site.tell("go-on", "");
        database.service.signal("CONT");
        site.all_are_through(&mut boots, None);
        site.holds_one_installation(&database);

        let site = Site::new(stage, "anew", 3);
        site.pause_at(Moment::Tables(5));
        let mut boots = site.boot_all();
        site.paused();
        database.service.kill();
        site.tell("go-on", "");
        database.restart();
        site.all_are_through(&mut boots, None);
        site.holds_one_installation(&database);
        site.a_late_server_finds_it_done(&site.machines[7]);
        site.secrets_are_kept();
    });
}
