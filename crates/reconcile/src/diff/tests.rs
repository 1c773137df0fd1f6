use super::*;
use crate::provider::{
    CreateRequest, DeleteRequest, Failure, FindRequest, Listed, PollRequest, ReadAnswer, ReadRequest, Reply,
    UpdateRequest,
};
use crate::schema::Schema;
use world::BoxFuture;

/// Knows one spelling rule, and no world.
#[derive(Debug)]
struct Spelling(Vec<ResourceType>);

impl Provider for Spelling {
    fn resource_types(&self) -> &[ResourceType] {
        &self.0
    }

    fn equivalent(&self, _: &str, attribute: &str, desired: &Value, observed: &Value) -> bool {
        let name = |value: &Value| value.as_str().map(str::to_lowercase);
        attribute == "rules.protocol" && name(desired).is_some() && name(desired) == name(observed)
    }

    fn read<'a>(&'a self, _: &'a str, _: Vec<ReadRequest>) -> BoxFuture<'a, Vec<ReadAnswer>> {
        unreachable!("a diff does not look at the world")
    }

    fn create(&self, _: CreateRequest) -> BoxFuture<'_, Result<Reply, Failure>> {
        unreachable!("a diff does not change the world")
    }

    fn update(&self, _: UpdateRequest) -> BoxFuture<'_, Result<Reply, Failure>> {
        unreachable!("a diff does not change the world")
    }

    fn delete(&self, _: DeleteRequest) -> BoxFuture<'_, Result<Reply, Failure>> {
        unreachable!("a diff does not change the world")
    }

    fn poll(&self, _: PollRequest) -> BoxFuture<'_, Result<Reply, Failure>> {
        unreachable!("a diff does not look at the world")
    }

    fn find(&self, _: FindRequest) -> BoxFuture<'_, Result<Vec<Object>, Failure>> {
        unreachable!("a diff does not look at the world")
    }

    fn list<'a>(&'a self, _: &'a str, _: &'a str) -> BoxFuture<'a, Result<Vec<Listed>, Failure>> {
        unreachable!("a diff does not look at the world")
    }
}

fn provider() -> Spelling {
    let rule = Schema::default()
        .with("protocol", Attribute::new(Kind::String).required())
        .with("port", Attribute::new(Kind::Integer).computed());
    let route = Schema::default()
        .with("gateway", Attribute::new(Kind::String).force_new())
        .with("about", Attribute::new(Kind::String));
    let vnic = Schema::default()
        .with("subnet", Attribute::new(Kind::String).force_new())
        .with("label", Attribute::new(Kind::String))
        .with("ports", Attribute::new(Kind::String).exact())
        .with("origin", Attribute::new(Kind::String).write_only().force_new())
        .with("hint", Attribute::new(Kind::String).write_only());
    let schema = Schema::default()
        .with("name", Attribute::new(Kind::String))
        .with("zone", Attribute::new(Kind::String).force_new())
        .with("size", Attribute::new(Kind::Integer).computed())
        .with("password", Attribute::new(Kind::String).sensitive().write_only())
        .with("routes", Attribute::new(Kind::List(Attribute::new(Kind::Object(route)).into())))
        .with("rules", Attribute::new(Kind::List(Attribute::new(Kind::Object(rule)).into())).unordered())
        .with("vnic", Attribute::new(Kind::Object(vnic)))
        .with("tags", Attribute::new(Kind::Map(Attribute::new(Kind::String).into())))
        .with("stamp", Attribute::new(Kind::String).read_only().volatile());
    Spelling(vec![ResourceType::new("thing", schema)])
}

type Pairs<'a> = &'a [(&'a str, Value)];

fn map(pairs: Pairs<'_>) -> ValueMap {
    pairs.iter().map(|(name, value)| (Arc::from(*name), value.clone())).collect()
}

/// Each change as `path cause`, with `!` if it forces a new object.
fn check(desired: Pairs<'_>, asked: Pairs<'_>, seen: Pairs<'_>, observed: Pairs<'_>, expected: &[&str]) {
    let provider = provider();
    let key = DigestKey::from_bytes([7; 32]);
    let judge = Judge { provider: &provider, key: &key, resource_type: &provider.0[0] };
    let schema = &judge.resource_type.schema;
    let desired = schema.mark_sensitive(&map(desired));
    let asked = key.redact_map("t.a", &schema.mark_sensitive(&map(asked)));
    let sides = Sides { desired: &desired, asked: &asked, seen: &map(seen), observed: &map(observed) };
    let found: Vec<String> = diff(judge, sides, &Lifecycle::default())
        .iter()
        .map(|change| {
            format!("{} {:?}{}", change.path, change.cause, if change.forces_new { "!" } else { "" })
        })
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn a_change_of_mind_is_told_from_drift() {
    let (old, new) = ([("name", "old".into())], [("name", "new".into())]);
    check(&old, &old, &old, &old, &[]);
    check(&new, &old, &old, &old, &["name ChangeOfMind"]);
    check(&old, &old, &old, &new, &["name Drift"]);
    check(&new, &old, &old, &new, &[]);
}

#[test]
fn the_services_own_spelling_is_neither() {
    check(
        &[("name", "a".into())],
        &[("name", "a".into())],
        &[("name", "A".into())],
        &[("name", "A".into())],
        &[],
    );
}

#[test]
fn what_the_user_never_set_never_shows_and_what_he_no_longer_sets_is_cleared() {
    check(&[], &[], &[("name", "x".into())], &[("name", "y".into())], &[]);
    check(
        &[],
        &[("name", "x".into())],
        &[("name", "x".into())],
        &[("name", "x".into())],
        &["name ChangeOfMind"],
    );
    check(&[], &[("size", 1.into())], &[("size", 1.into())], &[("size", 1.into())], &[]);
}

#[test]
fn a_secret_is_compared_by_its_digest() {
    check(&[("password", "p".into())], &[("password", "p".into())], &[], &[], &[]);
    check(&[("password", "q".into())], &[("password", "p".into())], &[], &[], &["password ChangeOfMind"]);
    check(&[("password", "q".into())], &[], &[], &[], &["password ChangeOfMind"]);
}

#[test]
fn sets_compare_by_meaning_whatever_their_order_and_what_they_leave_out() {
    let rule = |protocol: &str, port: Option<i64>| {
        let mut map = ValueMap::from([("protocol", protocol.into())]);
        if let Some(port) = port {
            map.insert("port", port.into());
        }
        Value::Map(map)
    };
    let observed =
        [("rules", Value::list([rule("tcp", Some(1)), rule("tcp", Some(2)), rule("udp", Some(3))]))];
    let wish = [("rules", Value::list([rule("UDP", None), rule("TCP", None), rule("tcp", Some(1))]))];
    check(&wish, &[], &[], &observed, &[]);
    let wrong = [("rules", Value::list([rule("udp", None), rule("tcp", Some(1)), rule("tcp", Some(1))]))];
    check(&wrong, &[], &[], &observed, &["rules ChangeOfMind"]);
}

#[test]
fn the_attribute_inside_that_differs_is_named_and_its_rule_counts() {
    let vnic = |subnet: &str, label: &str| {
        [("vnic", Value::map([("subnet", Value::from(subnet)), ("label", Value::from(label))]))]
    };
    let old = vnic("a", "x");
    check(&vnic("a", "y"), &old, &old, &old, &["vnic.label ChangeOfMind"]);
    check(&vnic("b", "x"), &old, &old, &old, &["vnic.subnet ChangeOfMind!"]);
    check(&[("zone", "b".into())], &[], &[], &[("zone", "a".into())], &["zone ChangeOfMind!"]);
}

#[test]
fn tags_that_somebody_added_are_drift() {
    let ours = [("tags", Value::map([("a", Value::from("1"))]))];
    let more = [("tags", Value::map([("a", Value::from("1")), ("b", Value::from("2"))]))];
    check(&ours, &ours, &ours, &more, &["tags Drift"]);
}

#[test]
fn an_unknown_value_is_a_change() {
    let unknown = Value::unknown("t.b".parse().unwrap(), AttributePath::attribute("id"));
    let old = [("zone", "a".into())];
    check(&[("zone", unknown)], &old, &old, &old, &["zone ChangeOfMind!"]);
}

#[test]
fn leaving_out_what_is_exact_means_that_it_shall_be_absent() {
    let vnic = |entries: &[(&'static str, &str)]| {
        [("vnic", Value::map(entries.iter().map(|(name, value)| (*name, Value::from(*value)))))]
    };
    let (open, narrow) = (vnic(&[("label", "y")]), vnic(&[("label", "y"), ("ports", "22")]));
    check(&open, &open, &open, &narrow, &["vnic.ports Drift"]);
    check(&open, &narrow, &narrow, &narrow, &["vnic.ports ChangeOfMind"]);
    check(&open, &open, &open, &open, &[]);
    check(&vnic(&[("ports", "22")]), &narrow, &narrow, &narrow, &[]);
}

#[test]
fn what_was_asked_for_and_did_not_come_true_is_asked_for_again_or_taken_away() {
    let (none, old, new) = ([("name", Value::Null)], [("name", "old".into())], [("name", "new".into())]);
    check(&new, &none, &old, &old, &["name ChangeOfMind"]);
    check(&old, &none, &old, &old, &[]);
    check(&[], &none, &old, &old, &["name ChangeOfMind"]);
    check(&[], &none, &[], &[], &[]);
}

/// The service tells the object, but not all that is in it.
#[test]
fn what_is_never_told_inside_an_object_is_compared_with_what_was_asked_for() {
    let vnic = |entries: &[(&'static str, &str)]| {
        [("vnic", Value::map(entries.iter().map(|(name, value)| (*name, Value::from(*value)))))]
    };
    let told = vnic(&[("label", "x")]);
    let asked = vnic(&[("label", "x"), ("hint", "a"), ("origin", "a")]);
    check(&asked, &asked, &told, &told, &[]);
    let other_hint = vnic(&[("label", "x"), ("hint", "b"), ("origin", "a")]);
    check(&other_hint, &asked, &told, &told, &["vnic.hint ChangeOfMind"]);
    let other_origin = vnic(&[("label", "x"), ("hint", "a"), ("origin", "b")]);
    check(&other_origin, &asked, &told, &told, &["vnic.origin ChangeOfMind!"]);
    // What stays as it was asked for is not taken for a change because something beside it changes.
    let other_label = vnic(&[("label", "y"), ("hint", "a"), ("origin", "a")]);
    check(&other_label, &asked, &told, &told, &["vnic.label ChangeOfMind"]);
    check(&asked, &asked, &told, &vnic(&[("label", "z")]), &["vnic.label Drift"]);
    // It was not asked for before, and is now.
    check(&asked, &told, &told, &told, &["vnic.hint ChangeOfMind", "vnic.origin ChangeOfMind!"]);
    check(
        &asked,
        &[("name", "n".into())],
        &told,
        &told,
        &["name ChangeOfMind", "vnic.hint ChangeOfMind", "vnic.origin ChangeOfMind!"],
    );
    // What is no longer asked for stays.
    check(&told, &asked, &told, &told, &[]);
    // Of what was imported nobody knows.
    check(&asked, &[], &told, &told, &[]);
}

#[test]
fn what_forces_a_new_object_does_so_in_something_that_was_not_there_before() {
    let vnic = |name: &'static str| [("vnic", Value::map([(name, Value::from("a"))]))];
    check(&vnic("subnet"), &[], &[], &[], &["vnic ChangeOfMind!"]);
    check(&vnic("label"), &[], &[], &[], &["vnic ChangeOfMind"]);
    let routes = |name: &'static str| [("routes", Value::list([Value::map([(name, Value::from("a"))])]))];
    check(&routes("gateway"), &[], &[], &[], &["routes ChangeOfMind!"]);
    check(&routes("about"), &[], &[], &[], &["routes ChangeOfMind"]);
}
