//! What a plan does not know, and what a plan would change for who only looks.

use std::collections::BTreeSet;
use std::path::Path;

use reconcile::Address;
use reconcile::plan::{DeferReason, Deferred, Pattern, Plan, PlanOptions};

use super::{Place, Session};
use crate::config::Config;
use crate::config::secret::Run;
use crate::verify::Changes;

/// What a plan leaves out because nobody can say how it is, and not because somebody asked for that: a run of the rest has not
/// done what was asked. `options` are those that the plan was made with.
#[must_use]
pub fn in_doubt<'a>(plan: &'a Plan, options: &PlanOptions) -> Vec<&'a Deferred> {
    plan.deferred()
        .iter()
        .filter(|deferred| is_unknown(&deferred.why) && concerns(plan, options, deferred))
        .collect()
}

fn is_unknown(why: &DeferReason) -> bool {
    match why {
        DeferReason::Hidden { .. }
        | DeferReason::Unreadable { .. }
        | DeferReason::Open
        | DeferReason::Busy => true,
        // What comes after something in doubt is not what is in doubt.
        DeferReason::NotSelected
        | DeferReason::Excluded
        | DeferReason::DependsOn { .. }
        | DeferReason::Protected => false,
    }
}

/// Whether something is what was asked about, or what that needs.
fn concerns(plan: &Plan, options: &PlanOptions, deferred: &Deferred) -> bool {
    let matches =
        |patterns: &[Pattern], address: &Address| patterns.iter().any(|pattern| pattern.matches(address));
    let is_needed = || {
        plan.deferred().iter().any(|other| {
            matches!(&other.why, DeferReason::DependsOn { address } if *address == deferred.address)
                && matches(&options.only, &other.address)
        })
    };
    !matches(&options.exclude, &deferred.address)
        && (options.only.is_empty() || matches(&options.only, &deferred.address) || is_needed())
}

/// Whether time alone may help: somebody else is changing all of these right now.
#[must_use]
pub fn may_pass(in_doubt: &[&Deferred]) -> bool {
    !in_doubt.is_empty() && in_doubt.iter().all(|deferred| deferred.why == DeferReason::Busy)
}

/// What a plan would change, for who only looks: nothing is settled, and no object of the cloud is touched. The state is locked for
/// that moment; where another run has it, the plan is what is not known.
///
/// The arguments are those of [`Session::open`].
///
/// # Cancel safety
/// As [`Session::open`].
pub async fn changes(place: Place, files: (&Config, &Path, Run<'_>)) -> Changes {
    let Ok(session) = Session::open(place, files, None, "verify").await else {
        return Changes::Unknown("no plan can be made now: `oci-moodle plan` says why".to_owned());
    };
    let changes = session.changes().await;
    // It was only looked at: a lock that could not be given back expires.
    let _ = session.close().await;
    changes
}

impl Session {
    async fn changes(&self) -> Changes {
        if self.state().open_intents().len() > 0 {
            let why = "a run was cut off, and the next `apply` goes on with it";
            return Changes::Unknown(why.to_owned());
        }
        let observed = self.refresh(true).await;
        let options = PlanOptions::default();
        let plan = self.plan(&observed, &options);
        let planned = plan.steps().iter().map(|step| step.address.to_string());
        let drifted = plan.drift().iter().map(|drift| drift.address.to_string());
        let all: BTreeSet<String> = planned.chain(drifted).collect();
        let doubts = in_doubt(&plan, &options);
        if let (true, Some(first)) = (all.is_empty(), doubts.first()) {
            let others = match doubts.len() {
                1 => String::new(),
                count => format!(", and {} more", count - 1),
            };
            return Changes::Unknown(format!("{}: {}{others}", first.address, first.why));
        }
        Changes::Known(all.into_iter().collect())
    }
}
