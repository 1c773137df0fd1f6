//! Whether it can work, before anything is changed: credentials, limits, capacity, images, names and address ranges.
//!
//! It reads and does nothing else; `crate::reads` sees to that. Whatever can be asked side by side is. Everything is found in one
//! go: a check that fails hides no other one, unless that other one cannot even be asked, as nothing can be asked of a region
//! that does not know the caller. What was not asked for that reason stands in [`Report::skipped`].
//!
//! Each module below reads its facts in one function and judges them in others, which are pure.
//!
//! Deliberately absent: a promise. A capacity report is a snapshot, limits may lag by minutes, and what a caller may *do* cannot
//! be read; only what it may look at.

mod caller;
mod capacity;
mod database;
mod gateways;
mod identity;
mod limits;
mod names;
mod network;
mod place;
mod servers;
mod ssh_keys;
mod subject;
mod tags;

use oci_client::client::Client;
use world::BoxFuture;

pub use crate::report::{Check, Counts, Finding, Level, Report, Skipped};
pub use subject::{Existing, Names, Subject};

use crate::config::Config;
use crate::reads::{Reads, all};

/// What needs a caller whom the services know.
const NEEDS_CALLER: &[Check] = &[Check::Clock, Check::Region];

/// What needs the region.
const NEEDS_REGION: &[Check] = &[
    Check::Compartment,
    Check::Domains,
    Check::Permissions,
    Check::Limits,
    Check::Shapes,
    Check::Image,
    Check::Capacity,
    Check::Database,
    Check::Network,
    Check::Names,
    Check::PublicAddress,
    Check::Bucket,
    Check::Tags,
];

/// What needs to know the availability domains.
const NEEDS_DOMAINS: &[Check] = &[Check::Shapes, Check::Capacity];

/// Looks whether a stack that does not exist yet can be made from `config`. See [`run_for`].
///
/// # Cancel safety
/// It only reads, and may be dropped at any await.
pub async fn run(client: &Client, config: &Config) -> Report {
    run_for(client, &Subject::new(config)).await
}

/// Looks whether `subject` can be made, with reads only. `client` calls as the user; where the file names another region
/// than the caller's own, that region is asked.
///
/// It does not fail: whatever goes wrong is a finding.
///
/// # Cancel safety
/// It only reads, and may be dropped at any await.
pub async fn run_for(client: &Client, subject: &Subject<'_>) -> Report {
    let mut report = Report::default();
    report.add(ssh_keys::judge(subject.config));

    let (findings, caller) = caller::look(client).await;
    report.add(findings);
    let Some(caller) = caller else {
        report.skip(NEEDS_CALLER, Check::Credentials);
        report.skip(NEEDS_REGION, Check::Credentials);
        return report;
    };
    let asked = Reads::new(client.clone());
    let looked = place::region(&asked, subject, &caller).await;
    report.add(looked.findings);
    let region = match looked.region {
        Ok(region) => region,
        Err(because) => {
            if because == Check::Credentials {
                report.skip(&[Check::Region], because);
            }
            report.skip(NEEDS_REGION, because);
            return report;
        }
    };
    let client = region.map_or_else(|| client.clone(), |region| client.in_region(region));
    let reads = Reads::new(client);
    in_region(&reads, subject, caller.tenancy, &mut report).await;
    report
}

/// Everything that is asked of the region itself.
async fn in_region(reads: &Reads, subject: &Subject<'_>, tenancy: String, report: &mut Report) {
    let (looked, domains) =
        tokio::join!(place::compartment(reads, subject, &tenancy), place::domains(reads, subject, &tenancy));
    report.add(looked.findings);
    report.add(domains.findings);
    let has_compartment = looked.is_usable;
    if !has_compartment {
        report.skip(&[Check::Permissions, Check::Names], Check::Compartment);
    }
    // Where the compartment cannot be asked, what the region offers still can.
    let compartment = if has_compartment { looked.id } else { tenancy.clone() };
    let place = Place { tenancy, compartment, domains: domains.names };
    if place.domains.is_empty() {
        report.skip(NEEDS_DOMAINS, Check::Domains);
    }

    let place = &place;
    let mut checks: Vec<BoxFuture<'_, Vec<Finding>>> = vec![
        Box::pin(servers::look(reads, subject, place)),
        Box::pin(database::look(reads, subject.config, place)),
        Box::pin(limits::look(reads, subject, place)),
        Box::pin(network::look(reads, subject, place)),
        Box::pin(names::public_address(reads, subject)),
        Box::pin(names::buckets(reads, subject, place)),
        Box::pin(tags::look(reads, subject.config, place)),
    ];
    if has_compartment {
        checks.push(Box::pin(names::look(reads, subject, place)));
        checks.push(Box::pin(identity::look(reads, subject, place)));
    }
    all(checks).await.into_iter().for_each(|findings| report.add(findings));
}

/// Where it is to be made, as far as that is known.
struct Place {
    tenancy: String,
    compartment: String,
    /// The region's availability domains by their numbers, the first one first.
    domains: Vec<String>,
}

impl Place {
    /// The domains that these numbers name; all of them when there are none. What does not exist is left out, and said elsewhere.
    fn domains_of(&self, numbers: &[u8]) -> Vec<String> {
        let named = |number: &u8| self.domains.get(usize::from(number.checked_sub(1)?)).cloned();
        if numbers.is_empty() { self.domains.clone() } else { numbers.iter().filter_map(named).collect() }
    }
}
