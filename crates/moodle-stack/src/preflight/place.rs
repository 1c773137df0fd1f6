//! The place: clock, region, compartment, availability domains.

use oci_client::classify::Class;
use oci_client::decide::CLOCK_SKEW_MAX;
use oci_client::error::{Error, Hint as _};
use oci_client::region::{Region, Regions};
use oci_client::services::identity::models::{self, CompartmentLifecycleState, RegionSubscription};
use oci_client::services::identity::operations::{
    GetCompartment, ListAvailabilityDomains, ListRegionSubscriptions, ListRegions,
};
use reconcile::graph::suggest;

use super::caller::Caller;
use super::subject::Subject;
use crate::codes::Code;
use crate::config::Config;
use crate::reads::{Read, Reads, is_missing, unread, words};
use crate::report::{Check, Finding, Level};

/// Beyond this many seconds a clock deserves a look: it does not drift so far where it is set by the network.
const CLOCK_DOUBTFUL: i64 = 60;

/// What was found about the region.
pub(super) struct LookedAtRegion {
    pub(super) findings: Vec<Finding>,
    /// The region to ask, where it is another one than the client's own; or what stands in the way of asking.
    pub(super) region: Result<Option<Region>, Check>,
}

/// Looks at clock and region. It is the first question that is asked of a service, so that it also finds who is not believed.
pub(super) async fn region(reads: &Reads, subject: &Subject<'_>, caller: &Caller) -> LookedAtRegion {
    let (list, subscriptions) = (ListRegions::new(), ListRegionSubscriptions::new(&caller.tenancy));
    let (regions, subscriptions) = tokio::join!(reads.one(&list), reads.value(&subscriptions));
    let (regions, clock_ahead) = match regions {
        Ok(answer) => {
            let ahead = answer.clock_ahead().map(|ahead| ahead.num_seconds());
            (answer.value, ahead)
        }
        Err(error) => {
            let finding = not_heard(&error);
            let because = finding.check;
            return LookedAtRegion { findings: vec![finding], region: Err(because) };
        }
    };
    let mut findings: Vec<Finding> = clock_ahead.map(clock).into_iter().collect();
    let wanted = subject.config.cloud.region.as_deref().or(caller.region.as_deref());
    let Some(wanted) = wanted.map(|name| Regions::built_in().resolve(name)) else {
        findings.push(Finding::ok(Check::Region, "region", "the caller's", "the endpoints say where"));
        return LookedAtRegion { findings, region: Ok(None) };
    };
    findings.extend(judge_region(wanted.name(), &regions, &subscriptions));
    let is_usable = findings.iter().all(|finding| finding.level != Level::Fault);
    let other = Some(wanted).filter(|wanted| caller.region.as_deref() != Some(wanted.name()));
    LookedAtRegion { findings, region: if is_usable { Ok(other) } else { Err(Check::Region) } }
}

/// The very first question got no answer.
fn not_heard(error: &Error) -> Finding {
    let advice = error.hint();
    let finding = match error.class() {
        Some(Class::NotAuthenticated) => {
            let ahead = error.failed().and_then(|failed| failed.failure.clock_ahead);
            if let Some(ahead) = ahead.filter(|ahead| ahead.abs() > CLOCK_SKEW_MAX) {
                return clock(ahead.num_seconds());
            }
            let needed = "a signature that the service accepts";
            Finding::ok(Check::Credentials, "signature", needed, words(error)).fault(Code::NotAuthenticated)
        }
        None if matches!(error, Error::Credentials { .. } | Error::Sign { .. }) => {
            Finding::ok(Check::Credentials, "signature", "a key or token to sign with", words(error))
                .fault(Code::NoCredentials)
        }
        _ => unread(Check::Region, "identity service", "an answer", error, Level::Fault),
    };
    match advice {
        Some(advice) => finding.advice(advice),
        None => finding,
    }
}

/// The service refuses what is dated more than five minutes off.
fn clock(ahead: i64) -> Finding {
    let side = if ahead >= 0 { "ahead of" } else { "behind" };
    let found = format!("{} s {side} the service's", ahead.abs());
    let needed = format!("at most {} s off", CLOCK_SKEW_MAX.num_seconds());
    let finding = Finding::ok(Check::Clock, "this computer's clock", needed, found);
    let advice = "set the clock, and let the network keep it right (NTP)";
    if ahead.abs() > CLOCK_SKEW_MAX.num_seconds() {
        finding.fault(Code::ClockOff).advice(advice)
    } else if ahead.abs() > CLOCK_DOUBTFUL {
        finding.warning(Code::ClockOff).advice(advice)
    } else {
        finding
    }
}

fn judge_region(
    wanted: &str,
    regions: &[models::Region],
    subscriptions: &Read<Vec<RegionSubscription>>,
) -> Vec<Finding> {
    let names = || regions.iter().filter_map(|region| region.name.as_deref());
    let finding =
        |found: &str| Finding::ok(Check::Region, wanted, "a region of Oracle's", found).key("cloud.region");
    if !regions.is_empty() && !names().any(|name| name == wanted) {
        let near = suggest(wanted, names());
        let advice = near.map_or_else(
            || "take one that `oci iam region list` shows".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        return vec![finding("no region has this name").fault(Code::RegionUnknown).advice(advice)];
    }
    let subscriptions = match subscriptions {
        Ok(subscriptions) => subscriptions,
        Err(error) => {
            let needed = "a subscription of the tenancy";
            return vec![unread(Check::Region, wanted, needed, error, Level::Unknown)];
        }
    };
    let own: Vec<&str> = subscriptions.iter().filter_map(|one| one.region_name.as_deref()).collect();
    let subscription = subscriptions.iter().find(|one| one.region_name.as_deref() == Some(wanted));
    let home = subscriptions.iter().find(|one| one.is_home_region == Some(true));
    let home = home.and_then(|home| home.region_name.as_deref()).unwrap_or("not told");
    let needed = "a subscription of the tenancy";
    let finding = |found: String| Finding::ok(Check::Region, wanted, needed, found).key("cloud.region");
    vec![match subscription.map(|one| one.status.as_ref().map_or("READY", |status| status.as_str())) {
        Some("READY") => finding(format!("subscribed; the home region is {home}")),
        Some(status) => finding(format!("the subscription is {status}"))
            .fault(Code::RegionNotSubscribed)
            .advice("wait until it is READY; it takes minutes"),
        None => {
            finding(format!("the tenancy has {}", own.join(", "))).fault(Code::RegionNotSubscribed).advice(
                "take one of those, or subscribe to this one in the console (a subscription is for good)",
            )
        }
    }]
}

/// What was found about the compartment.
pub(super) struct LookedAtCompartment {
    pub(super) findings: Vec<Finding>,
    pub(super) id: String,
    /// Whether things can be made in it.
    pub(super) is_usable: bool,
}

/// Looks whether the compartment is there.
pub(super) async fn compartment(reads: &Reads, subject: &Subject<'_>, tenancy: &str) -> LookedAtCompartment {
    let id = subject.config.cloud.compartment_id.clone().unwrap_or_else(|| tenancy.to_owned());
    let read = reads.value(&GetCompartment::new(&id)).await;
    // A caller who may work in the root compartment need not be allowed to read it.
    let is_root = id == tenancy;
    let finding = judge_compartment(&id, is_root, &read);
    let is_usable = finding.level != Level::Fault;
    LookedAtCompartment { findings: vec![finding], id, is_usable }
}

fn judge_compartment(id: &str, is_root: bool, read: &Read<models::Compartment>) -> Finding {
    let needed = "a compartment that is ACTIVE";
    let finding =
        |found: String| Finding::ok(Check::Compartment, id, needed, found).key("cloud.compartment_id");
    match read {
        Ok(compartment) => {
            let name = compartment.name.as_deref().unwrap_or("no name");
            match &compartment.lifecycle_state {
                None | Some(CompartmentLifecycleState::Active) => finding(format!("`{name}`, ACTIVE")),
                Some(state) => finding(format!("`{name}`, {state}"))
                    .fault(Code::CompartmentState)
                    .advice("name another compartment, or have this one recovered"),
            }
        }
        Err(error) if is_missing(error) && !is_root => finding(words(error))
            .fault(Code::CompartmentMissing)
            .advice("the service does not say whether it is not there or not permitted: check the OCID, and ask for a policy"),
        Err(error) => {
            let level = if is_root { Level::Unknown } else { Level::Fault };
            unread(Check::Compartment, id, needed, error, level).key("cloud.compartment_id")
        }
    }
}

/// What was found about the availability domains.
pub(super) struct LookedAtDomains {
    pub(super) findings: Vec<Finding>,
    /// By number.
    pub(super) names: Vec<String>,
}

/// Looks which availability domains there are.
pub(super) async fn domains(reads: &Reads, subject: &Subject<'_>, tenancy: &str) -> LookedAtDomains {
    let needed = "a list of them";
    match reads.value(&ListAvailabilityDomains::new(tenancy)).await {
        Ok(domains) => {
            let names = by_number(domains.into_iter().filter_map(|domain| domain.name).collect());
            LookedAtDomains { findings: judge_domains(subject.config, &names), names }
        }
        Err(error) => {
            let finding = unread(Check::Domains, "availability domains", needed, &error, Level::Fault);
            LookedAtDomains { findings: vec![finding], names: Vec::new() }
        }
    }
}

/// Their order is not promised; their names end in their numbers (`Uocm:PHX-AD-1`).
fn by_number(mut names: Vec<String>) -> Vec<String> {
    let number = |name: &String| name.rsplit('-').next().and_then(|number| number.parse::<u32>().ok());
    names.sort_by_key(|name| (number(name).unwrap_or(u32::MAX), name.clone()));
    names
}

fn judge_domains(config: &Config, names: &[String]) -> Vec<Finding> {
    let numbers = config.servers.availability_domains.iter();
    let servers = numbers.map(|number| ("servers.availability_domains", *number));
    let database = config.database.availability_domain.map(|number| ("database.availability_domain", number));
    let storage = ("storage.availability_domain", config.storage.availability_domain);
    let named = servers.chain(database).chain([storage]);
    let found = match names.len() {
        1 => "the region has one".to_owned(),
        count => format!("the region has {count}"),
    };
    let judge = |(key, number): (&'static str, u8)| {
        let subject = format!("number {number}");
        let finding = Finding::ok(Check::Domains, subject, format!("`{key}`"), found.clone()).key(key);
        if (1..=names.len()).contains(&usize::from(number)) {
            finding
        } else {
            finding.fault(Code::DomainMissing).advice(format!("take a number from 1 to {}", names.len()))
        }
    };
    named.map(judge).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_are_sorted_by_their_numbers() {
        let names = ["x:FRA-AD-3", "x:FRA-AD-1", "x:FRA-AD-2"].map(str::to_owned);
        assert_eq!(by_number(names.into()), ["x:FRA-AD-1", "x:FRA-AD-2", "x:FRA-AD-3"]);
    }

    #[test]
    fn a_clock_is_right_doubtful_or_wrong() {
        assert_eq!(clock(-2).level, Level::Ok);
        assert_eq!(clock(90).level, Level::Warning);
        assert_eq!(clock(-400).level, Level::Fault);
        assert_eq!(clock(-400).found, "400 s behind the service's");
    }
}
