//! Which creations may begin together with the creation of what they need.

use super::{Action, Step};
use crate::provider::Provider;

/// Notes for each creation the one that it may begin with, where the provider lets it join and none of its inputs comes from
/// there. With two to choose from it waits for both, as it would without this.
pub(super) fn keep_company(steps: &mut [Step], provider: &dyn Provider) {
    let found: Vec<(usize, u32)> = steps
        .iter()
        .enumerate()
        .filter(|(_, step)| may_have_company(step) && joins(step, provider))
        .filter_map(|(at, step)| Some((at, companion(step, steps)?)))
        .collect();
    for (at, with) in found {
        steps[at].with = Some(with);
    }
}

/// Members of a rolling group that go out do so as their group says.
fn may_have_company(step: &Step) -> bool {
    step.action == Action::Create && step.batch.is_some() && step.unit.is_none()
}

fn joins(step: &Step, provider: &dyn Provider) -> bool {
    let lane = provider.lane(step.address.resource_type(), None, &step.planned);
    lane.is_some_and(|lane| lane.joins)
}

fn companion(step: &Step, steps: &[Step]) -> Option<u32> {
    let is_of_its_batch =
        |other: &Step| may_have_company(other) && other.lane == step.lane && other.batch == step.batch;
    let mut with = step.after.iter().copied().filter(|before| is_of_its_batch(&steps[*before as usize]));
    let (Some(first), None) = (with.next(), with.next()) else { return None };
    let other = &steps[first as usize];
    let needs_its_outputs = step.planned.values().any(|value| value.comes_from(&other.address));
    (!needs_its_outputs && other.address != step.address).then_some(first)
}
