//! Order of a graph, or the cycles that it has instead. Nothing here recurses: graphs may be 100,000 deep.

use std::collections::VecDeque;

use super::Edges;

/// At most so many cycles are listed: more than a person can mend in one go.
const CYCLES_MAX: usize = 50;

/// Cycles such that every node that lies on any cycle is on at least one of these.
#[derive(Debug)]
pub(crate) struct Cycles {
    pub(crate) cycles: Vec<Vec<u32>>,
    /// There are more than are listed.
    pub(crate) truncated: bool,
}

/// The nodes so that each comes after all that it needs, or the cycles that make this impossible.
///
/// They come in waves: first what needs nothing, then what needs only that, and so on; in a wave by position. What is
/// walked along in this order is walked along nearly as it lies in memory, which a graph of 100,000 nodes does not fit into a cache.
pub(crate) fn order(edges: &Edges) -> Result<Vec<u32>, Cycles> {
    let dependents = edges.reversed();
    let mut waiting: Vec<usize> = (0..).zip(0..edges.len()).map(|(node, _)| edges.of(node).len()).collect();
    let mut order: Vec<u32> =
        (0..).zip(&waiting).filter(|(_, count)| **count == 0).map(|(at, _)| at).collect();
    order.reserve(edges.len() - order.len());
    let mut wave = 0..order.len();
    while !wave.is_empty() {
        for at in wave.clone() {
            for dependent in dependents.of(order[at]) {
                waiting[*dependent as usize] -= 1;
                if waiting[*dependent as usize] == 0 {
                    order.push(*dependent);
                }
            }
        }
        wave = wave.end..order.len();
        order[wave.clone()].sort_unstable();
    }
    if order.len() == edges.len() {
        return Ok(order);
    }
    trim(edges, &dependents, &mut waiting);
    Err(cycles(edges, &waiting))
}

/// Takes out what only leads to a cycle and lies on none, so that no search starts there.
fn trim(edges: &Edges, dependents: &Edges, waiting: &mut [usize]) {
    let mut needed: Vec<usize> = (0..)
        .zip(waiting.iter())
        .map(|(node, _)| dependents.of(node).iter().filter(|by| waiting[**by as usize] > 0).count())
        .collect();
    let unfinished = (0..).zip(waiting.iter()).filter(|(_, count)| **count > 0).map(|(node, _)| node);
    let mut queue: VecDeque<u32> = unfinished.filter(|node| needed[*node as usize] == 0).collect();
    while let Some(node) = queue.pop_front() {
        waiting[node as usize] = 0;
        for dependency in edges.of(node).iter().copied().filter(|at| waiting[*at as usize] > 0) {
            needed[dependency as usize] -= 1;
            if needed[dependency as usize] == 0 {
                queue.push_back(dependency);
            }
        }
    }
}

fn cycles(edges: &Edges, waiting: &[usize]) -> Cycles {
    let mut named = vec![false; edges.len()];
    let mut found = Cycles { cycles: Vec::new(), truncated: false };
    for (start, count) in (0..).zip(waiting) {
        if *count == 0 || named[start as usize] {
            continue;
        }
        let Some(cycle) = shortest_cycle(edges, waiting, start) else { continue };
        if found.cycles.len() == CYCLES_MAX {
            found.truncated = true;
            break;
        }
        cycle.iter().for_each(|node| named[*node as usize] = true);
        found.cycles.push(cycle);
    }
    found
}

/// The shortest way from `start` back to itself; `None` if it only leads to a cycle.
fn shortest_cycle(edges: &Edges, waiting: &[usize], start: u32) -> Option<Vec<u32>> {
    let mut came_from = vec![u32::MAX; edges.len()];
    let mut queue = VecDeque::from([start]);
    while let Some(node) = queue.pop_front() {
        for next in edges.of(node).iter().copied().filter(|next| waiting[*next as usize] > 0) {
            if next == start {
                let mut cycle = vec![node];
                let mut at = node;
                while at != start {
                    at = came_from[at as usize];
                    cycle.push(at);
                }
                cycle.reverse();
                return Some(cycle);
            }
            if came_from[next as usize] == u32::MAX {
                came_from[next as usize] = node;
                queue.push_back(next);
            }
        }
    }
    None
}
