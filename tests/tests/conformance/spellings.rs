//! What order and spelling do not change.

use cross_tests::bench::Bench;
use rand::seq::SliceRandom;
use rand::{SeedableRng, rngs::ChaCha8Rng};
use reconcile::schema::{Attribute, Kind};
use reconcile::value::{Expr, Value};

use crate::kit::{Asked, Begun, Case, place};

pub(crate) async fn permutations(case: &Case) {
    for start in 0..=case.also.len() {
        permutations_from(case, start).await;
    }
}

async fn permutations_from(case: &Case, start: usize) {
    let schema = case.schema();
    let mut bench = Bench::new(3).await;
    let place = place(case, &bench).await;
    let Begun { around, asked, .. } = case.starts(&place).swap_remove(start);
    bench.reach(&case.graph_in(around, &place, Some(&asked), &[])).await;
    let mut tried = std::collections::BTreeSet::new();
    for seed in 0..1000_u64 {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let again: Asked = asked
            .iter()
            .map(|(name, value)| {
                let attribute = schema.attribute(name).unwrap();
                (name.clone(), respelled(case, attribute, name, value, &mut random))
            })
            .collect();
        // A type without sets and spellings has one permutation; a large one need not be tried twice.
        if tried.insert(format!("{again:?}")) {
            let graph = case.graph_in(around, &place, Some(&again), &[]);
            let plan = bench.plan_from_state(&graph).await;
            assert!(plan.is_empty(), "seed {seed}: {:#?}", plan.steps());
        }
    }
}

/// Lists without an order are shuffled, and what the case knows other spellings of is spelled otherwise.
fn respelled(case: &Case, attribute: &Attribute, path: &str, value: &Expr, random: &mut ChaCha8Rng) -> Expr {
    match (value, &attribute.kind) {
        (Expr::List(items), Kind::List(item)) => {
            let mut items: Vec<Expr> =
                items.iter().map(|value| respelled(case, item, path, value, random)).collect();
            if attribute.unordered {
                items.shuffle(random);
            }
            Expr::List(items)
        }
        (Expr::Map(entries), Kind::Object(schema)) => Expr::Map(
            entries
                .iter()
                .map(|(name, value)| {
                    let inner = schema.attribute(name).map(|attribute| {
                        respelled(case, attribute, &format!("{path}.{name}"), value, random)
                    });
                    (name.clone(), inner.unwrap_or_else(|| value.clone()))
                })
                .collect(),
        ),
        (Expr::Value(Value::List(items)), Kind::List(_)) => {
            let items = items.iter().cloned().map(Expr::Value).collect();
            respelled(case, attribute, path, &Expr::List(items), random)
        }
        (Expr::Value(Value::Map(map)), Kind::Object(_)) => {
            let entries =
                map.iter().map(|(name, value)| (name.clone(), Expr::Value(value.clone()))).collect();
            respelled(case, attribute, path, &Expr::Map(entries), random)
        }
        (Expr::Value(value), _) => {
            Expr::Value((case.respell)(path, value, random).unwrap_or_else(|| value.clone()))
        }
        _ => value.clone(),
    }
}
