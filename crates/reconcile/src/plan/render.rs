//! A compact text of a plan: one line a step, for tests and logs. Programs for people render their own.

use std::fmt;

use super::{Action, DeferReason, Plan, Reason, Step};
use crate::record::Slot;

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (step, at) in self.steps.iter().zip(0_u32..) {
            let sign = match (&step.action, self.is_replacement(at)) {
                (Action::Create, true) => "+/-",
                (Action::Delete, true) => "-/+",
                (Action::Create, false) => "+",
                (Action::Delete, false) => "-",
                (Action::Update, _) => "~",
                (Action::Read, _) => "<",
                (Action::Check, _) => "?",
            };
            write!(f, "{at} {sign} {}", Name(step))?;
            if !step.after.is_empty() {
                let after: Vec<String> = step.after.iter().map(u32::to_string).collect();
                write!(f, " after {}", after.join(","))?;
            }
            writeln!(f, ": {}", step.reason)?;
            if step.action == Action::Update || (step.action == Action::Create && self.is_replacement(at)) {
                for change in &step.changes {
                    let forced = if change.forces_new { " (forces a new one)" } else { "" };
                    writeln!(f, "    {}: {} -> {}{forced}", change.path, change.before, change.after)?;
                }
            }
        }
        for (address, identifier) in &self.adopted {
            writeln!(f, "= {address}: taken over as {identifier}")?;
        }
        for (address, protect) in &self.protections {
            writeln!(f, "! {address}: {}", if *protect { "protected" } else { "no longer protected" })?;
        }
        for deferred in &self.deferred {
            writeln!(f, "… {}: {}", deferred.address, deferred.why)?;
        }
        for problem in &self.problems {
            let address = problem.address.as_ref().map_or_else(String::new, |address| format!("{address}"));
            let attribute = problem.attribute.as_ref().map_or_else(String::new, |path| format!(".{path}"));
            writeln!(f, "x {address}{attribute}: {}", problem.message)?;
        }
        Ok(())
    }
}

struct Name<'a>(&'a Step);

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.slot {
            Slot::Current => write!(f, "{}", self.0.address),
            Slot::Deposed(intent) => write!(f, "{} (deposed {})", self.0.address, intent.0),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::New => f.write_str("wanted and not there"),
            Self::Gone => f.write_str("has gone behind our back"),
            Self::Changed => f.write_str("changed"),
            Self::Forced { attribute } => write!(f, "`{attribute}` cannot be changed in place"),
            Self::Tainted => f.write_str("its creation failed half-way"),
            Self::Requested => f.write_str("asked for"),
            Self::Triggered { by } => write!(f, "replaced because `{by}` changes"),
            Self::NotWanted => f.write_str("not wanted any more"),
            Self::Destroy => f.write_str("everything is to go"),
            Self::Deposed => f.write_str("its successor exists"),
            Self::AfterChange => f.write_str("can only be read then"),
            Self::Rolling => f.write_str("before the next member goes out"),
        }
    }
}

impl fmt::Display for DeferReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSelected => f.write_str("not selected"),
            Self::Excluded => f.write_str("excluded"),
            Self::DependsOn { address } => write!(f, "comes after `{address}`, which is left out"),
            Self::Hidden { message } => {
                write!(f, "the service does not show it, it has gone or is forbidden: {message}")
            }
            Self::Unreadable { message } => write!(f, "could not be read: {message}"),
            Self::Open => f.write_str("an earlier operation on it has not come to a known end"),
            Self::Busy => f.write_str("something else is changing it"),
            Self::Protected => f.write_str("protected, or holds data"),
        }
    }
}
