//! A plan for programs. The shape is documented in the book, page "The program".

use reconcile::Address;
use reconcile::diff::Cause;
use reconcile::plan::{Action, Mode, Plan, Step};
use reconcile::run::ApplyOptions;
use serde_json::{Value as Json, json};

use super::steps::Kind;
use crate::view::value;

/// Goes up when a reader of an older shape would misunderstand.
const FORMAT_VERSION: u32 = 1;

/// The whole plan as one document.
pub(crate) fn json(plan: &Plan, options: &ApplyOptions) -> Json {
    let counts = plan.counts();
    let forecast = plan.forecast(options.kinds.clone(), options.concurrency).ok();
    let path: Vec<&str> = forecast.as_ref().map_or_else(Vec::new, |forecast| {
        let path = forecast.critical_path(&plan.tasks());
        path.iter().map(|step| plan.steps()[*step as usize].address.as_str()).collect()
    });
    let (lineage, serial) = plan.made_from();
    json!({
        "format_version": FORMAT_VERSION,
        "mode": match plan.mode() {
            Mode::Apply => "apply",
            Mode::Destroy => "destroy",
            Mode::RefreshOnly => "refresh_only",
        },
        "made_from": {"lineage": lineage, "serial": serial},
        "has_changes": !plan.is_empty(),
        "counts": {
            "create": counts.create, "update": counts.update, "replace": counts.replace, "delete": counts.delete,
            "adopt": counts.adopt, "unchanged": plan.unchanged(),
        },
        "expected_seconds": forecast.as_ref().map(|forecast| forecast.end.as_secs_f64()),
        "critical_path": path,
        "steps": plan.steps().iter().zip(0..).map(|(step, at)| step_json(plan, step, at)).collect::<Vec<_>>(),
        "drift": plan.drift().iter().map(|drift| json!({
            "address": drift.address.as_str(),
            "gone": drift.gone,
            "attributes": drift.attributes.iter().map(|attribute| json!({
                "path": attribute.path.to_string(),
                "before": value::json(&attribute.before),
                "after": value::json(&attribute.after),
                "managed": attribute.managed,
            })).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
        "left_out": plan.deferred().iter().map(|deferred| json!({
            "address": deferred.address.as_str(),
            "why": deferred.why.to_string(),
        })).collect::<Vec<_>>(),
        "adopted": plan.adopted().iter().map(|(address, identifier)| json!({
            "address": address.as_str(), "id": **identifier,
        })).collect::<Vec<_>>(),
        "protections": plan.protections().iter().map(|(address, protect)| json!({
            "address": address.as_str(), "protect": protect,
        })).collect::<Vec<_>>(),
        "problems": plan.problems().iter().map(|problem| json!({
            "address": problem.address.as_ref().map(Address::as_str),
            "attribute": problem.attribute.as_ref().map(ToString::to_string),
            "message": problem.message,
        })).collect::<Vec<_>>(),
        "outputs": value::json_map(plan.outputs()),
    })
}

fn step_json(plan: &Plan, step: &Step, at: u32) -> Json {
    let after: Vec<Json> = step
        .after
        .iter()
        .map(|before| &plan.steps()[*before as usize])
        .map(|before| json!({"address": before.address.as_str(), "action": action(&before.action)}))
        .collect();
    let is_creation = Kind::of(plan, at) == Some(Kind::Create);
    let changes: Vec<Json> = step
        .changes
        .iter()
        // A new object differs from nothing in everything; `planned` says the same, shorter.
        .filter(|_| !is_creation)
        .map(|change| {
            json!({
                "path": change.path.to_string(),
                "before": value::json(&change.before),
                "after": value::json(&change.after),
                "forces_new": change.forces_new,
                "drift": change.cause == Cause::Drift,
            })
        })
        .collect();
    json!({
        "address": step.address.as_str(),
        "action": action(&step.action),
        "replaces": plan.is_replacement(at),
        "reason": step.reason.to_string(),
        "after": after,
        "changes": changes,
        "planned": value::json_map(&step.planned),
        "expected_seconds": step.expected.as_secs_f64(),
    })
}

fn action(action: &Action) -> &'static str {
    crate::view::progress::action_name(action)
}
