//! Whether the running site is as the file says, from end to end: every part by what [`crate::status`] sees of it, and the site as a
//! visitor meets it.
//!
//! All of it in one go: a part that is unwell hides no other one.

mod behind;

use std::collections::BTreeSet;

pub use behind::{Changes, judge_behind};

use crate::codes::Code;
use crate::config::{Config, TlsMode};
use crate::report::{Check, Finding, Level, Report};
use crate::server::versions::Application;
use crate::site::{Answer, Inspection, Visitor, judge as judge_answer};
use crate::status::{Backup, Boot, Look, Machine, Status};

/// A backup is made every day. What is older than this has missed its hour.
const BACKUP_AGE_MAX: i64 = 26 * 60 * 60;

/// Judges what was seen, and visits the site at `url` (its address, without a slash at its end), where there is one.
///
/// It does not fail: whatever goes wrong is a finding.
///
/// # Cancel safety
/// It only reads, and may be dropped at any await.
pub async fn run(config: &Config, status: &Status, url: Option<&str>, visitor: &dyn Visitor) -> Report {
    let mut report = Report::default();
    report.add(judge(config, status));
    match url {
        Some(url) => report.add(visits(config, url, visitor).await),
        None => report.skip(&[Check::Site], Check::Balancer),
    }
    report
}

/// The same, and what lies behind the tiers: rules, addresses, the share, the certificate, and what a plan would change.
///
/// # Cancel safety
/// As [`run`].
pub async fn run_whole(
    config: &Config,
    seen: &Inspection,
    changes: &Changes,
    visitor: &dyn Visitor,
) -> Report {
    let url = seen.front.as_ref().map(|front| front.url.as_str());
    let mut report = run(config, &seen.status, url, visitor).await;
    report.add(judge_behind(config, seen, changes));
    report
}

/// Judges what was seen.
#[must_use]
pub fn judge(config: &Config, status: &Status) -> Vec<Finding> {
    let mut findings = vec![balancer(status)];
    findings.extend(sets(config, status));
    findings.extend(servers(config, status));
    findings.extend(database(config, status));
    findings.extend(replicas(config, status));
    findings.extend(storage(status));
    findings.push(backup(status));
    findings
}

/// One part: its state must be the one in which it works.
fn part<T>(check: Check, subject: &str, well: &str, look: &Look<T>, state: fn(&T) -> &str) -> Finding {
    let finding = |found: &str| Finding::ok(check, subject, well, found);
    match look {
        Look::Seen(value) if state(value) == well => finding(well),
        Look::Seen(value) => finding(state(value)).but(Level::Fault, unwell(check)).advice(
            "if it is on its way, wait; else `oci-moodle plan` shows what is not as it was made, and `apply` mends it",
        ),
        Look::None => finding("the state knows of none").fault(unwell(check)).advice("`oci-moodle apply` makes it"),
        Look::Missing(why) | Look::Unread(why) => finding(why).fault(Code::NotSeen).advice(
            "it is gone, or may not be seen, or the service does not answer: `oci-moodle drift` tells more",
        ),
    }
}

/// The code of what is not as it must be.
fn unwell(check: Check) -> Code {
    match check {
        Check::Servers => Code::ServerUnwell,
        Check::Database => Code::DatabaseUnwell,
        Check::Replicas => Code::ReplicaUnwell,
        Check::Storage => Code::StorageUnwell,
        _ => Code::BalancerUnwell,
    }
}

fn balancer(status: &Status) -> Finding {
    part(Check::Balancer, "load balancer", "ACTIVE", &status.load_balancer, |balancer| &balancer.state)
}

/// The health of each server in each backend set. A server that the load balancer does not know gets no visitors either.
fn sets(config: &Config, status: &Status) -> Vec<Finding> {
    let Some(balancer) = status.load_balancer.seen() else { return Vec::new() };
    let mut findings = Vec::new();
    for (name, _) in crate::stack::listeners(config) {
        let subject = format!("backend set `{name}`");
        let set = balancer.backend_sets.get(*name);
        let Some(set) = set.and_then(Look::seen) else {
            let found = match set {
                Some(Look::Missing(why) | Look::Unread(why)) => why.clone(),
                _ => "the load balancer has none of this name".to_owned(),
            };
            let finding = Finding::ok(Check::Health, subject, "its health", found).fault(Code::NotSeen);
            findings.push(finding.advice("`oci-moodle plan` shows what is missing, and `apply` makes it"));
            continue;
        };
        for index in 0..config.servers.count {
            let server = crate::stack::names::server(index);
            let health = set.backends.get(&server).map_or("not in it", String::as_str);
            let finding = Finding::ok(Check::Health, format!("{server} in {subject}"), "OK", health);
            findings.push(if health == "OK" {
                finding
            } else {
                finding.fault(Code::BackendUnwell).advice(
                    "a new server needs some minutes; then look at its first boot, its console history and the security rules",
                )
            });
        }
    }
    findings
}

fn servers(config: &Config, status: &Status) -> Vec<Finding> {
    let wanted = usize::from(config.servers.count);
    let count = status.servers.len();
    let finding = Finding::ok(Check::Servers, "servers", wanted.to_string(), count.to_string());
    let mut findings = vec![if count >= wanted {
        finding.key("servers.count")
    } else {
        finding.key("servers.count").fault(Code::ServerMissing).advice("`oci-moodle apply` makes the others")
    }];
    for server in &status.servers {
        findings
            .push(part(Check::Servers, &server.name, "RUNNING", &server.machine, |machine| &machine.state));
        findings.extend(boot(&server.name, &server.boot));
    }
    findings.extend(spread(status));
    findings
}

/// What the server said of its first boot; nothing, where it has said nothing.
fn boot(server: &str, boot: &Look<Boot>) -> Option<Finding> {
    let finding = |found: String| Finding::ok(Check::Boot, server, "ready", found);
    Some(match boot {
        Look::None => return None,
        Look::Missing(why) | Look::Unread(why) => finding(why.clone()).but(Level::Unknown, Code::NotSeen),
        Look::Seen(boot) if boot.has_failed() => {
            let step = boot.last_step.as_deref().unwrap_or("a step");
            let last = boot.last_lines.last().map_or_else(String::new, |line| format!(": {line}"));
            finding(format!("`{step}` failed{last}"))
                .fault(Code::BootFailed)
                .advice(
                    "mend what the log says, then restart the server, which goes on with its boot; or replace it: \
                     `oci-moodle apply --replace`",
                )
        }
        Look::Seen(boot) => finding(boot.state.clone()),
    })
}

/// Two servers in one fault domain are lost together.
fn spread(status: &Status) -> Option<Finding> {
    let machines: Vec<&Machine> = status.servers.iter().filter_map(|server| server.machine.seen()).collect();
    if machines.len() < 2 {
        return None;
    }
    let places: BTreeSet<(&str, &str)> = machines
        .iter()
        .map(|machine| (machine.availability_domain.as_str(), machine.fault_domain.as_str()))
        .collect();
    let found = format!("{} in {} places", machines.len(), places.len());
    let finding = Finding::ok(Check::Servers, "spread", "more than one fault domain", found);
    Some(if places.len() > 1 {
        finding
    } else {
        finding
            .warning(Code::ServersTogether)
            .advice("there was no room elsewhere when they were made; replace one of them when there is")
    })
}

fn database(config: &Config, status: &Status) -> Vec<Finding> {
    let state = part(Check::Database, "database", "ACTIVE", &status.database, |database| &database.state);
    let mut findings = vec![state];
    let Some(database) = status.database.seen() else { return findings };
    let unwell = |finding: Finding, advice: &str| finding.fault(Code::DatabaseUnwell).advice(advice);
    if config.database.high_availability {
        let found = if database.is_highly_available { "it has" } else { "it stands alone" };
        let finding = Finding::ok(Check::Database, "high availability", "two instances that stand by", found);
        findings.push(if database.is_highly_available {
            finding.key("database.high_availability")
        } else {
            unwell(finding.key("database.high_availability"), "`oci-moodle apply` switches it on")
        });
    }
    let is_open = |mode: &str| {
        database.endpoints.iter().any(|endpoint| {
            endpoint.status == "ACTIVE" && endpoint.modes.iter().any(|own| own.eq_ignore_ascii_case(mode))
        })
    };
    let found = if is_open("WRITE") { "there is one" } else { "there is none" };
    let finding = Finding::ok(Check::Database, "endpoint for writing", "an active one", found);
    findings.push(if is_open("WRITE") {
        finding
    } else {
        unwell(
            finding,
            "during a failover this lasts a minute or two; else look at the DB system in the console",
        )
    });
    findings
}

fn replicas(config: &Config, status: &Status) -> Vec<Finding> {
    let wanted = usize::from(config.database.replicas);
    let count = status.replicas.len();
    let mut findings = Vec::new();
    if wanted > 0 || count > 0 {
        let finding = Finding::ok(Check::Replicas, "read replicas", wanted.to_string(), count.to_string());
        let finding = finding.key("database.replicas");
        findings.push(if count >= wanted {
            finding
        } else {
            finding.fault(Code::ReplicaUnwell).advice("`oci-moodle apply` makes the others")
        });
    }
    let of_each = status.replicas.iter().map(|replica| {
        let subject = format!("read replica {}", replica.number);
        part(Check::Replicas, &subject, "ACTIVE", &replica.look, |(state, _)| state)
    });
    findings.extend(of_each);
    findings
}

fn storage(status: &Status) -> Vec<Finding> {
    vec![
        part(Check::Storage, "file system", "ACTIVE", &status.file_system, |files| &files.state),
        part(Check::Storage, "mount target", "ACTIVE", &status.mount_target, |target| &target.state),
    ]
}

/// A site of today has no backup yet. That is told, and is nobody's fault.
fn backup(status: &Status) -> Finding {
    let needed = "one of the last day";
    let finding = |found: String| Finding::ok(Check::Backups, "last backup", needed, found);
    match &status.last_backup {
        Look::Seen(Some(Backup { made_at, age_in_seconds, .. })) if *age_in_seconds <= BACKUP_AGE_MAX => {
            finding(made_at.clone())
        }
        Look::Seen(Some(Backup { made_at, .. })) => finding(made_at.clone())
            .warning(Code::BackupOld)
            .advice("look in the console why the DB system was not backed up"),
        Look::Seen(None) => Finding { level: Level::Unknown, ..finding("none yet".to_owned()) },
        Look::None => {
            Finding { level: Level::Unknown, ..finding("the state knows of no database".to_owned()) }
        }
        Look::Missing(why) | Look::Unread(why) => finding(why.clone()).but(Level::Unknown, Code::NotSeen),
    }
}

/// The page on which users of an application log in.
const fn login_page(application: Application) -> &'static str {
    match application {
        Application::Moodle => "/login/index.php",
        Application::WordPress => "/wp-login.php",
        Application::Drupal => "/user/login",
        Application::Joomla => "/administrator/",
    }
}

/// Visits the site as a browser does: the front page, and the page on which users log in. With TLS, plain HTTP must lead to HTTPS
/// first.
async fn visits(config: &Config, url: &str, visitor: &dyn Visitor) -> Vec<Finding> {
    let mut findings = Vec::new();
    let front = format!("{url}/");
    let application = config.site.application;
    if config.tls.mode != TlsMode::Off
        && let Some(rest) = url.strip_prefix("https://")
    {
        let plain = format!("http://{rest}/");
        let is_right = |answer: &Answer| {
            answer.status == 301 && answer.location.as_deref().is_some_and(|place| place.starts_with(&front))
        };
        findings.push(visit(&plain, &format!("301 to {front}…"), is_right, url, visitor).await);
    }
    let needed = format!("200, or a redirect to a page below {front}");
    let is_right = |answer: &Answer| judge_answer(application, url, answer).is_ok();
    findings.push(visit(&front, &needed, is_right, url, visitor).await);
    let login = format!("{url}{}", login_page(application));
    findings.push(visit(&login, "200", |answer| answer.status == 200, url, visitor).await);
    findings
}

/// Visits one page of the site at `site`.
async fn visit(
    page: &str,
    needed: &str,
    is_right: impl Fn(&Answer) -> bool,
    site: &str,
    visitor: &dyn Visitor,
) -> Finding {
    let subject = format!("GET {page}");
    let finding = |found: String| Finding::ok(Check::Site, &subject, needed, found);
    let answer = match visitor.get(page).await {
        Ok(answer) => answer,
        Err(trouble) => {
            let finding = finding(trouble).fault(Code::SiteSilent);
            let advice = "see the load balancer and its health above; then the host name's DNS entry and `network.visitors_from`";
            return finding.advice(advice);
        }
    };
    let found = match &answer.location {
        Some(place) => format!("{} to {place}", answer.status),
        None => answer.status.to_string(),
    };
    let finding = finding(found);
    if is_right(&answer) {
        return finding;
    }
    let leads_right = answer.location.as_deref().is_none_or(|place| place.starts_with(&format!("{site}/")));
    let advice = if leads_right {
        "the application answers something else: see the servers' first boot, and its own log"
    } else {
        "the application believes to have another address: see `site.hostname`"
    };
    finding.fault(Code::SiteSilent).advice(advice)
}
