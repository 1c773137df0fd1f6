//! What happens in one simulated life of a stack: the graphs that are wanted one after another, the faults of the
//! world, and where the program stops. It follows from a seed, and can be made smaller.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use reconcile::Address;
use reconcile::graph::{Graph, GraphBuilder, Node};
use reconcile::value::{Expr, Reference, Value};

/// The resource types of the simulated world.
pub(crate) const TYPES: [&str; 4] = ["sim_net", "sim_disk", "sim_host", "sim_rule"];

/// The type whose loss loses data.
pub(crate) const DISK: usize = 1;
/// The type that tells how it feels.
pub(crate) const HOST: usize = 2;
/// The type whose changes the world serialises by its attribute `lane`.
pub(crate) const RULE: usize = 3;

/// One wanted resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) name: usize,
    pub(crate) kind: usize,
    /// Names of resources whose ids it holds in an attribute that may change in place.
    pub(crate) refs: Vec<usize>,
    /// The name of a resource whose id it holds in an attribute that forces a replacement.
    pub(crate) parent: Option<usize>,
    /// Names of resources that it needs without saying why.
    pub(crate) after: Vec<usize>,
    pub(crate) value: u32,
    pub(crate) fixed: u32,
    pub(crate) secret: Option<u32>,
    pub(crate) lane: Option<u8>,
    /// The batch of its lane with which it may be changed together.
    pub(crate) batch: Option<u8>,
    /// The name of the resource that it is a part of. Both are of one lane and batch, so that they may be made in one request.
    pub(crate) whole: Option<usize>,
    pub(crate) protect: bool,
    pub(crate) create_first: bool,
    /// The unit of the rolling group that it is a member of.
    pub(crate) unit: Option<u8>,
}

/// How often, of a hundred calls, each fault happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Faults {
    pub(crate) throttled: u32,
    pub(crate) before_effect: u32,
    pub(crate) half_way: u32,
    pub(crate) lost_reply: u32,
    pub(crate) late_visibility: u32,
    pub(crate) hidden: u32,
    pub(crate) no_identifier: u32,
    pub(crate) slow: u32,
    /// Work that was accepted and comes to nothing.
    pub(crate) nothing: u32,
    /// No more faults than this in the whole life.
    pub(crate) limit: u32,
}

/// One wish, and what comes in its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chapter {
    pub(crate) wanted: Vec<Wanted>,
    /// The first runs stop at these boundaries.
    pub(crate) crashes: Vec<u64>,
    /// How many objects are changed, and how many removed, behind our back before it.
    pub(crate) drifted: u32,
    pub(crate) vanished: u32,
    /// Whether more than the life of a retry token passes after the first crash.
    pub(crate) long_pause: bool,
    /// Whether the next wish comes right after the last crash, before everything of this one is there.
    pub(crate) given_up: bool,
}

/// A whole life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scenario {
    pub(crate) seed: u64,
    pub(crate) chapters: Vec<Chapter>,
    /// Where the runs that destroy everything stop.
    pub(crate) destroy_crashes: Vec<u64>,
    pub(crate) faults: Faults,
    /// Whether a crash takes the machine's power away, or only kills the program.
    pub(crate) power: bool,
    pub(crate) concurrency: usize,
    pub(crate) out_max: usize,
}

impl Scenario {
    /// The life that belongs to a seed. Most are small, since small ones find as much and run faster; some have
    /// 200 resources.
    pub(crate) fn from_seed(seed: u64) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let size = match random.random_range(0..1000) {
            0..600 => random.random_range(1..=6),
            600..950 => random.random_range(4..=16),
            950..995 => random.random_range(16..=60),
            _ => random.random_range(60..=200),
        };
        let quiet = random.random_ratio(1, 6);
        let mut rate =
            |most: u32| if quiet || random.random_ratio(1, 2) { 0 } else { random.random_range(0..=most) };
        let faults = Faults {
            throttled: rate(20),
            before_effect: rate(8),
            half_way: rate(8),
            lost_reply: rate(15),
            late_visibility: rate(30),
            hidden: rate(6),
            no_identifier: rate(50),
            slow: rate(5),
            nothing: 0,
            limit: 6 + u32::try_from(size / 2).expect("it is small"),
        };
        let first = wanted(size, &mut random);
        let count = random.random_range(1..=3);
        let mut chapters = vec![chapter(first, true, &mut random)];
        for _ in 1..count {
            let before = &chapters[chapters.len() - 1].wanted;
            let next = changed(before, &mut random);
            chapters.push(chapter(next, false, &mut random));
        }
        let mut scenario = Self {
            seed,
            destroy_crashes: crashes(size, &mut random),
            chapters,
            faults,
            power: random.random_ratio(2, 3),
            concurrency: random.random_range(1..=12),
            out_max: random.random_range(1..=2),
        };
        scenario.add_batches_and_nothing(quiet);
        scenario
    }

    /// Lane batches and work that comes to nothing. They are drawn from a source of their own, since they came later: so a seed
    /// still gives the graphs and crashes that it gave before.
    fn add_batches_and_nothing(&mut self, quiet: bool) {
        let mut random = ChaCha8Rng::seed_from_u64(!self.seed);
        if !quiet && random.random_ratio(1, 2) {
            self.faults.nothing = random.random_range(0..=15);
        }
        if random.random_ratio(1, 3) {
            return;
        }
        let all = self.chapters.iter_mut().flat_map(|chapter| &mut chapter.wanted);
        let mut laned: Vec<&mut Wanted> = all.filter(|one| one.lane.is_some()).collect();
        laned.sort_by_key(|one| one.name);
        // A resource has the same batch in every chapter.
        for same in laned.chunk_by_mut(|a, b| a.name == b.name) {
            let batch = random.random_ratio(3, 4).then(|| random.random_range(0..2));
            same.iter_mut().for_each(|one| one.batch = batch);
        }
    }

    /// The same life, in which some of what the world serialises is a part of something else of that kind, and may be made with
    /// it; `None` if there is nothing of the sort in it. A life of its own, since this came later: so a seed still gives the life
    /// that it gave before.
    pub(crate) fn with_wholes(&self) -> Option<Self> {
        let mut random = ChaCha8Rng::seed_from_u64(self.seed.rotate_left(32));
        let mut scenario = self.clone();
        let all = || self.chapters.iter().flat_map(|chapter| &chapter.wanted);
        let names: BTreeSet<usize> = all().filter(|one| one.kind == RULE).map(|one| one.name).collect();
        for name in &names {
            let before: Vec<usize> = names.range(..name).copied().collect();
            if before.is_empty() || random.random_ratio(1, 3) {
                continue;
            }
            let whole = before[random.random_range(0..before.len())];
            scenario.make_part(*name, whole);
        }
        (scenario != *self).then_some(scenario)
    }

    /// Makes one resource a part of another one, in every chapter that has both. A resource has the same lane and batch in all of
    /// them.
    pub(crate) fn make_part(&mut self, name: usize, whole: usize) {
        let mut all = self.chapters.iter().flat_map(|chapter| &chapter.wanted);
        let Some(first) = all.find(|one| one.name == whole) else { return };
        let (lane, batch) = (Some(first.lane.unwrap_or(0)), Some(first.batch.unwrap_or(0)));
        for chapter in &mut self.chapters {
            let has_whole = chapter.wanted.iter().any(|one| one.name == whole);
            for one in chapter.wanted.iter_mut().filter(|one| one.name == whole || one.name == name) {
                (one.lane, one.batch) = (lane, batch);
                if one.name == name && has_whole {
                    one.whole = Some(whole);
                }
            }
        }
    }

    /// For people: what is wanted, chapter by chapter.
    pub(crate) fn describe(&self) -> String {
        let mut text = format!(
            "seed {}, {:?}, power {}, at once {}\n",
            self.seed, self.faults, self.power, self.concurrency
        );
        for (at, chapter) in self.chapters.iter().enumerate() {
            let Chapter { crashes, drifted, vanished, long_pause, given_up, .. } = chapter;
            let _ = writeln!(
                text,
                "chapter {at}: stops at {crashes:?}, drifted {drifted}, vanished {vanished}, long pause {long_pause}, given up {given_up}"
            );
            for wanted in &chapter.wanted {
                let _ = writeln!(text, "    {} {wanted:?}", wanted.address());
            }
        }
        let _ = writeln!(text, "then destroy: stops at {:?}", self.destroy_crashes);
        text
    }
}

impl Wanted {
    pub(crate) fn address(&self) -> Address {
        format!("{}.n{}", TYPES[self.kind], self.name).parse().expect("it is written as one")
    }

    pub(crate) fn secret_text(secret: u32) -> String {
        format!("hunter2-{secret}-swordfish")
    }
}

/// The graph that a list of wanted resources makes.
pub(crate) fn graph(wanted: &[Wanted], out_max: usize) -> Graph {
    let address_of = |name: usize| {
        let found = wanted.iter().find(|other| other.name == name);
        found.expect("references are only made to what is wanted").address()
    };
    let id = |name: usize| Expr::Reference(Reference::new(address_of(name), "id"));
    let mut builder = GraphBuilder::default();
    builder.rolling_group("hosts", out_max);
    for one in wanted {
        let mut node = Node::new(one.address())
            .input("value", Value::from(i64::from(one.value)))
            .input("fixed", Value::from(i64::from(one.fixed)));
        if !one.refs.is_empty() {
            node = node.input("refs", Expr::List(one.refs.iter().map(|name| id(*name)).collect()));
        }
        if let Some(parent) = one.parent {
            node = node.input("parent", id(parent));
        }
        if let Some(secret) = one.secret {
            node = node.input("secret", Value::sensitive(Wanted::secret_text(secret)));
        }
        if let Some(lane) = one.lane {
            node = node.input("lane", Value::string(format!("lane {lane}")));
        }
        if let Some(batch) = one.batch {
            node = node.input("batch", Value::string(format!("batch {batch}")));
        }
        if wanted.iter().any(|part| part.whole == Some(one.name)) {
            node = node.input("label", Value::string(label(one.name)));
        }
        if let Some(whole) = one.whole {
            let label = Reference::new(address_of(whole), "label");
            node = node.input("whole", Expr::Reference(label));
        }
        for name in &one.after {
            node = node.after(address_of(*name));
        }
        if let Some(unit) = one.unit {
            node = node.rolling("hosts", format!("unit {unit}"));
        }
        node.lifecycle.protect = one.protect.then_some(true);
        node.lifecycle.create_first = one.create_first;
        builder.add(node);
    }
    if let Some(one) = wanted.iter().find(|one| one.secret.is_some()) {
        builder.output("secret", Expr::Reference(Reference::new(one.address(), "secret")));
    }
    builder.build().expect("a generated graph has no faults")
}

/// What parts call their whole: known before it is made.
fn label(name: usize) -> String {
    format!("label {name}")
}

fn wanted(size: usize, random: &mut ChaCha8Rng) -> Vec<Wanted> {
    let mut all: Vec<Wanted> = Vec::with_capacity(size);
    let rolling = random.random_ratio(1, 3);
    for name in 0..size {
        let one = one_wanted(name, &all, rolling, random);
        all.push(one);
    }
    all
}

fn one_wanted(name: usize, before: &[Wanted], rolling: bool, random: &mut ChaCha8Rng) -> Wanted {
    let kind = random.random_range(0..TYPES.len());
    let some = |random: &mut ChaCha8Rng, most: usize| -> Vec<usize> {
        let count = random.random_range(0..=most.min(before.len()));
        let picked: BTreeSet<usize> =
            (0..count).map(|_| before[random.random_range(0..before.len())].name).collect();
        picked.into_iter().collect()
    };
    let is_member = kind == HOST && rolling;
    // A member refers to nothing: what it needs could not be replaced destroy-first without taking all members out, and such a
    // plan is refused.
    let refs = if !is_member && random.random_ratio(2, 3) { some(random, 3) } else { Vec::new() };
    let after = if !is_member && random.random_ratio(1, 6) { some(random, 2) } else { Vec::new() };
    let parent =
        (!is_member && random.random_ratio(1, 3)).then(|| some(random, 1).first().copied()).flatten();
    Wanted {
        name,
        kind,
        refs,
        parent,
        after,
        value: random.random_range(0..4),
        fixed: random.random_range(0..3),
        secret: random.random_ratio(1, 3).then(|| random.random_range(0..3)),
        lane: (kind == RULE && random.random_ratio(3, 4)).then(|| random.random_range(0..2)),
        batch: None,
        whole: None,
        protect: random.random_ratio(1, 12),
        create_first: random.random_ratio(1, 4),
        unit: is_member.then(|| random.random_range(0..4)),
    }
}

/// The next wish: most stays, some changes, some goes, some is new.
fn changed(before: &[Wanted], random: &mut ChaCha8Rng) -> Vec<Wanted> {
    let mut after: Vec<Wanted> = before.to_vec();
    for one in &mut after {
        if random.random_ratio(1, 4) {
            one.value += 1;
        }
        if random.random_ratio(1, 6) {
            one.fixed += 1;
        }
        if one.secret.is_some() && random.random_ratio(1, 6) {
            one.secret = Some(random.random_range(0..3));
        }
        // Removing the rule does not unprotect what exists.
        if one.protect && random.random_ratio(1, 2) {
            one.protect = false;
        }
        if random.random_ratio(1, 8) {
            one.refs.pop();
        }
        if random.random_ratio(1, 12) {
            one.create_first = !one.create_first;
        }
    }
    // What is removed, and with it every reference to it.
    let gone: BTreeSet<usize> =
        after.iter().filter(|_| random.random_ratio(1, 6)).map(|one| one.name).collect();
    forget(&mut after, &gone);
    let next_name = before.iter().map(|one| one.name + 1).max().unwrap_or(0);
    let rolling = before.iter().any(|one| one.unit.is_some());
    for name in next_name..next_name + random.random_range(0..=2) {
        let one = one_wanted(name, &after, rolling, random);
        after.push(one);
    }
    after
}

/// Removes resources and all references to them.
pub(crate) fn forget(wanted: &mut Vec<Wanted>, gone: &BTreeSet<usize>) {
    wanted.retain(|one| !gone.contains(&one.name));
    for one in wanted {
        one.refs.retain(|name| !gone.contains(name));
        one.after.retain(|name| !gone.contains(name));
        one.parent = one.parent.filter(|name| !gone.contains(name));
        one.whole = one.whole.filter(|name| !gone.contains(name));
    }
}

fn chapter(wanted: Vec<Wanted>, is_first: bool, random: &mut ChaCha8Rng) -> Chapter {
    let crashes = crashes(wanted.len(), random);
    let mut some = || if !is_first && random.random_ratio(1, 4) { random.random_range(1..=2) } else { 0 };
    let (drifted, vanished) = (some(), some());
    let long_pause = random.random_ratio(1, 20);
    let given_up = random.random_ratio(1, 3);
    Chapter { wanted, crashes, drifted, vanished, long_pause, given_up }
}

fn crashes(size: usize, random: &mut ChaCha8Rng) -> Vec<u64> {
    let count = match random.random_range(0..10) {
        0..3 => 0,
        3..8 => 1,
        _ => random.random_range(2..=4),
    };
    // A step crosses some ten boundaries; opening the state some twenty.
    let most = 30 + 12 * size as u64;
    (0..count).map(|_| random.random_range(1..=most)).collect()
}
