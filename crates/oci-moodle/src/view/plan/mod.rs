//! A plan as Terraform users know it: signs, attributes, reasons, a count at the end.

mod json;
mod steps;

use reconcile::Address;
use reconcile::plan::{Action, Mode, Plan, Reason};
use reconcile::record::Slot;
use reconcile::run::ApplyOptions;
use reconcile::schedule::Forecast;

use super::style::{Role, Style};
use super::text::{clean, counted, rough};
use super::value::long;

pub(crate) use json::json;

/// How a plan is shown.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Show {
    /// Whether it is coloured.
    pub(crate) style: Style,
    /// Values that do not fit into so many columns get several lines.
    pub(crate) columns: usize,
}

/// The whole plan. Ends with a line end.
pub(crate) fn render(plan: &Plan, options: &ApplyOptions, show: Show) -> String {
    let mut sections = vec![drift(plan, show), steps::render(plan, show), left_out(plan, show)];
    sections.push(outputs(plan, show));
    sections.push(problems(plan, show));
    sections.push(conclusion(plan, options, show));
    sections.retain(|section| !section.is_empty());
    sections.join("\n")
}

/// What changed behind our back, apart from what will be done about it.
fn drift(plan: &Plan, show: Show) -> String {
    if plan.drift().is_empty() {
        return String::new();
    }
    let mut text = show.style.paint(Role::Strong, "Changed by somebody else since the last run:") + "\n\n";
    for drift in plan.drift() {
        if drift.gone {
            let sign = show.style.paint(Role::Bad, "-");
            text.push_str(&format!("  {sign} {} has gone\n", drift.address));
            continue;
        }
        let sign = show.style.paint(Role::Care, "~");
        text.push_str(&format!("  {sign} {}\n", drift.address));
        for attribute in &drift.attributes {
            let label = format!("{} = ", attribute.path);
            let before = long(&attribute.before, 8 + label.len(), 8, show.columns);
            let after = long(&attribute.after, 12 + label.len(), 8, show.columns);
            let note = if attribute.managed { "" } else { "  # nobody asked for a value here" };
            let note = show.style.paint(Role::Faint, note);
            text.push_str(&format!("      {sign} {label}{before} -> {after}{note}\n"));
        }
    }
    text
}

/// What is not done, and why.
fn left_out(plan: &Plan, show: Show) -> String {
    if plan.deferred().is_empty() {
        return String::new();
    }
    let mut text = show.style.paint(Role::Strong, "Left out:") + "\n\n";
    for deferred in plan.deferred() {
        text.push_str(&format!("  {}: {}\n", deferred.address, clean(&deferred.why.to_string())));
    }
    text
}

fn outputs(plan: &Plan, show: Show) -> String {
    if plan.is_empty() || plan.outputs().is_empty() || plan.mode() == Mode::Destroy {
        return String::new();
    }
    let mut text = show.style.paint(Role::Strong, "Outputs:") + "\n\n";
    let widest = plan.outputs().keys().map(|name| name.len()).max().unwrap_or(0);
    for (name, value) in plan.outputs().iter() {
        text.push_str(&format!("  {name:widest$} = {}\n", long(value, widest + 5, 2, show.columns)));
    }
    text
}

/// Why it cannot be applied.
fn problems(plan: &Plan, show: Show) -> String {
    if plan.problems().is_empty() {
        return String::new();
    }
    let mut text = show.style.paint(Role::Strong, "This plan cannot be applied:") + "\n\n";
    for problem in plan.problems() {
        let address = problem.address.as_ref().map_or("the whole", Address::as_str);
        let attribute = problem.attribute.as_ref().map_or_else(String::new, |path| format!(".{path}"));
        let sign = show.style.paint(Role::Bad, "!");
        text.push_str(&format!("  {sign} {address}{attribute}: {}\n", clean(&problem.message)));
    }
    text
}

/// The count, and how long it will take.
fn conclusion(plan: &Plan, options: &ApplyOptions, show: Show) -> String {
    if plan.is_empty() {
        let stays = match plan.unchanged() {
            0 => String::new(),
            count => format!(" {} as it should be.", counted(count, "resource is", "resources are")),
        };
        return show.style.paint(Role::Good, "No changes.") + &stays + "\n";
    }
    let counts = plan.counts();
    let mut parts = vec![
        format!("{} to create", counts.create),
        format!("{} to change", counts.update),
        format!("{} to replace", counts.replace),
        format!("{} to delete", counts.delete),
    ];
    let of = |action| plan.steps().iter().filter(|step| step.action == action).count();
    let (reads, checks) = (of(Action::Read), of(Action::Check));
    for (count, what) in [
        (counts.adopt, "to take over"),
        (reads, "to read"),
        (checks, "to see healthy"),
        (plan.unchanged(), "unchanged"),
    ] {
        if count > 0 {
            parts.push(format!("{count} {what}"));
        }
    }
    let plan_word = show.style.paint(Role::Strong, "Plan:");
    let mut text = format!("{plan_word} {}.\n", parts.join(", "));
    if let Ok(forecast) = plan.forecast(options.kinds.clone(), options.concurrency)
        && !forecast.end.is_zero()
    {
        text.push_str(&duration(plan, &forecast));
    }
    text
}

/// How long it usually takes, and which steps that is: the ones that a twentieth of the time or more goes into.
fn duration(plan: &Plan, forecast: &Forecast) -> String {
    let path = forecast.critical_path(&plan.tasks());
    let counts = |step: &&u32| plan.steps()[**step as usize].expected * 20 >= forecast.end;
    let named: Vec<String> = path
        .iter()
        .filter(counts)
        .map(|step| &plan.steps()[*step as usize])
        .map(|step| {
            let what = if step.action == Action::Delete { "deleting " } else { "" };
            format!("{what}{} ({})", step.address, rough(step.expected))
        })
        .collect();
    let named = if named.is_empty() { String::new() } else { format!(": {}", named.join(", then ")) };
    format!("It usually takes about {}{named}.\n", rough(forecast.end))
}

/// The reason of a step, if there is more to say than what is done.
fn because(reason: &Reason) -> Option<String> {
    match reason {
        Reason::New | Reason::Changed | Reason::Destroy => None,
        other => Some(other.to_string()),
    }
}

/// An address with the slot that is meant.
fn named(address: &Address, slot: Slot) -> String {
    match slot {
        Slot::Current => address.to_string(),
        Slot::Deposed(_) => format!("{address} (the one that was replaced)"),
    }
}

#[cfg(test)]
mod tests;
