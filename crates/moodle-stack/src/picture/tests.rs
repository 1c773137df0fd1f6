use std::collections::BTreeSet;

use super::color::{Colors, Look};
use super::draw::place;
use super::layout::{Block, Rect};
use super::texts::label;
use super::*;
use crate::config::Config;

const LEAST: &str = "[site]\nname = \"campus\"\nadmin_email = \"it@example.org\"\n";
const KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl it@example.org";

fn config(more: &str) -> Config {
    Config::parse(&format!("{LEAST}{more}")).expect("the file is right")
}

/// Scenes of many kinds: name and scene.
fn scenes() -> Vec<(String, Scene)> {
    let mut all = Vec::new();
    for servers in [1, 2, 3, 5, 12, 26, 100] {
        for replicas in [0, 1, 2, 3, 18] {
            for domains in [None, Some(1), Some(3)] {
                let text = format!(
                    "[servers]\ncount = {servers}\n[database]\nshape = \"MySQL.8\"\nreplicas = {replicas}\nhigh_availability = {}\n",
                    servers > 1
                );
                all.push((
                    format!("{servers} servers, {replicas} replicas, {domains:?}"),
                    Scene::of(&config(&text), domains),
                ));
            }
        }
    }
    let ocid = |kind: &str| format!("ocid1.{kind}.oc1.eu-frankfurt-1.aaaaaaaa");
    for (name, text) in [
        ("private", "[load_balancer]\npublic = false\n".to_owned()),
        ("private, from some", "[load_balancer]\npublic = false\n[network]\nvisitors_from = [\"10.1.0.0/16\", \"10.2.0.0/16\", \"10.3.0.0/16\"]\n".to_owned()),
        ("SSH", format!("[servers]\nssh_from = [\"10.0.0.0/16\", \"10.9.0.0/16\"]\nssh_authorized_keys = [\"{KEY}\"]\n")),
        ("SSH, private", format!("[load_balancer]\npublic = false\n[servers]\ncount = 12\nssh_from = [\"10.0.0.0/16\"]\nssh_authorized_keys = [\"{KEY}\"]\n")),
        ("HeatWave", "[database]\nshape = \"MySQL.8\"\nreplicas = 3\nheatwave_nodes = 3\n".to_owned()),
        ("TLS", "hostname = \"learn.example.org\"\n[tls]\nmode = \"acme\"\n".to_owned()),
        ("strange words", format!("full_name = 'A \"B\" <C> & D; #1 | `x` {}'\n", "very long ".repeat(20))),
        ("existing network", format!("[network]\ncidr = \"10.0.0.0/16\"\nweb_cidr = \"10.0.2.0/24\"\nvcn_id = \"{}\"\ninternet_gateway_id = \"{}\"\nweb_subnet_id = \"{}\"\n", ocid("vcn"), ocid("internetgateway"), ocid("subnet"))),
        ("WordPress", "application = \"wordpress\"\n[servers]\navailability_domains = [2, 3]\ncount = 4\n".to_owned()),
    ] {
        all.push((name.to_owned(), Scene::of(&config(&text), Some(3))));
    }
    all
}

fn contains(outer: Rect, inner: Rect) -> bool {
    outer.x <= inner.x
        && outer.y <= inner.y
        && outer.right() >= inner.right()
        && outer.bottom() >= inner.bottom()
}

fn overlap(one: Rect, other: Rect) -> bool {
    one.x < other.right() && other.x < one.right() && one.y < other.bottom() && other.y < one.bottom()
}

/// The rectangle of a part of an arrow.
fn part(points: &[(f64, f64)]) -> Rect {
    let (a, b) = (points[0], points[1]);
    Rect { x: a.0.min(b.0), y: a.1.min(b.1), w: (a.0 - b.0).abs(), h: (a.1 - b.1).abs() }
}

/// As [`overlap`], for lines too, which have no area: touching counts.
fn touch(line: Rect, other: Rect) -> bool {
    line.x <= other.right() && other.x <= line.right() && line.y <= other.bottom() && other.y <= line.bottom()
}

fn each(check: impl Fn(&str, &Scene, &Block)) {
    let scenes = scenes();
    assert!(scenes.len() > 100);
    for (name, scene) in scenes {
        check(&name, &scene, &place(&scene));
    }
}

#[test]
fn no_text_leaves_its_box_or_meets_another_one() {
    each(|name, _, block| {
        let page = Rect { w: block.w, h: block.h, ..Rect::default() };
        for (at, text) in block.texts.iter().enumerate() {
            let home = text.inside.map_or(page, |inside| block.boxes[inside].rect);
            assert!(contains(home, text.rect), "{name}: `{}` leaves its place", text.words);
            for other in &block.texts[at + 1..] {
                assert!(!overlap(text.rect, other.rect), "{name}: `{}` and `{}`", text.words, other.words);
            }
            for (number, boxed) in block.boxes.iter().enumerate() {
                // Around it, or apart from it: a border through words is as bad as other words.
                let is_clear = contains(boxed.rect, text.rect) || !overlap(boxed.rect, text.rect);
                assert!(is_clear, "{name}: the border of `{}` goes through `{}`", boxed.id, text.words);
                let is_thing = matches!(boxed.look, Look::Thing(_));
                let is_foreign = is_thing && text.inside != Some(number) && overlap(boxed.rect, text.rect);
                assert!(!is_foreign, "{name}: `{}` stands in `{}`", text.words, boxed.id);
            }
        }
    });
}

#[test]
fn boxes_are_inside_or_apart() {
    each(|name, scene, block| {
        for (at, boxed) in block.boxes.iter().enumerate() {
            if let Some(inside) = boxed.inside {
                assert!(contains(block.boxes[inside].rect, boxed.rect), "{name}: {}", boxed.id);
            }
            for other in block.boxes[at + 1..].iter().filter(|other| other.inside == boxed.inside) {
                assert!(!overlap(boxed.rect, other.rect), "{name}: {} and {}", boxed.id, other.id);
            }
        }
        // Each is drawn once, in the group that the scene says.
        let drawn: Vec<(&str, Option<&str>)> = block
            .boxes
            .iter()
            .map(|boxed| (boxed.id.as_str(), boxed.inside.map(|inside| block.boxes[inside].id.as_str())))
            .collect();
        let wanted: BTreeSet<(&str, Option<&str>)> =
            (scene.things.iter().map(|thing| (thing.id.as_str(), thing.inside.as_deref())))
                .chain(scene.groups.iter().map(|group| (group.id.as_str(), group.inside.as_deref())))
                .collect();
        assert_eq!(drawn.len(), wanted.len(), "{name}");
        assert_eq!(drawn.into_iter().collect::<BTreeSet<_>>(), wanted, "{name}");
    });
}

#[test]
fn arrows_go_from_border_to_border_and_through_nothing_that_is_to_be_read() {
    each(|name, scene, block| {
        assert_eq!(block.arrows.len(), scene.links.len(), "{name}: an arrow for each link");
        for arrow in &block.arrows {
            let what = format!("{name}: {} to {}", arrow.from, arrow.to);
            let drawn = scene.links.iter().filter(|link| link.from == arrow.from && link.to == arrow.to);
            assert_eq!(drawn.count(), 1, "{what}");
            let (first, last) = (arrow.points[0], arrow.points[arrow.points.len() - 1]);
            for (point, id) in [(first, &arrow.from), (last, &arrow.to)] {
                let rect = block.rect(id);
                let dot = Rect { x: point.0, y: point.1, ..Rect::default() };
                let on_side =
                    [rect.x, rect.right()].contains(&point.0) || [rect.y, rect.bottom()].contains(&point.1);
                assert!(
                    touch(dot, rect) && on_side,
                    "{what}: {point:?} is not on the border of {id}, {rect:?}"
                );
            }
            for pair in arrow.points.windows(2) {
                let line = part(pair);
                assert!(line.w == 0.0 || line.h == 0.0, "{what}: a slanting line");
                assert!(line.w + line.h > 16.0, "{what}: too short to see where it goes");
                for text in &block.texts {
                    assert!(!touch(line, text.rect), "{what}: goes through `{}`", text.words);
                }
                let others = block.boxes.iter().filter(|boxed| matches!(boxed.look, Look::Thing(_)));
                for boxed in others.filter(|boxed| boxed.id != arrow.from && boxed.id != arrow.to) {
                    assert!(!touch(line, boxed.rect), "{what}: goes through {}", boxed.id);
                }
            }
        }
    });
}

#[test]
fn a_picture_is_xml_with_every_word_of_the_scene() {
    for (name, scene) in scenes() {
        let text = svg(&scene);
        let document = roxmltree::Document::parse(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(document.root_element().has_tag_name(("http://www.w3.org/2000/svg", "svg")));
        let words: Vec<&str> = document
            .descendants()
            .filter(|node| node.has_tag_name("text"))
            .filter_map(|node| node.text())
            .collect();
        let things =
            scene.things.iter().flat_map(|thing| std::iter::once(&thing.title).chain(&thing.details));
        let groups =
            scene.groups.iter().flat_map(|group| std::iter::once(&group.title).chain(&group.details));
        for wanted in things.chain(groups) {
            assert!(words.contains(&wanted.as_str()), "{name}: `{wanted}` is not in the picture");
        }
        assert_eq!(text, svg(&scene), "the same scene gives the same bytes");
    }
}

/// Contrast of two colours, from 1 to 21.
///
/// **Source**: Web Content Accessibility Guidelines 2.1, "relative luminance" and "contrast ratio".
fn contrast(one: &str, other: &str) -> f64 {
    let luminance = |color: &str| {
        let part = |at: usize| {
            let value = f64::from(u8::from_str_radix(&color[at..at + 2], 16).unwrap()) / 255.0;
            if value <= 0.03928 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
    };
    let (a, b) = (luminance(one) + 0.05, luminance(other) + 0.05);
    if a > b { a / b } else { b / a }
}

#[test]
fn words_and_lines_can_be_told_from_what_they_stand_on_light_or_dark() {
    let sides: [fn(Look) -> Colors; 2] = [|look| look.paint().light, |look| look.paint().dark];
    for side in sides {
        for ground in Look::all().filter(|look| !matches!(look, Look::Text | Look::Faint | Look::Line)) {
            for words in [Look::Text, Look::Faint, Look::Line] {
                let found = contrast(side(words).fill, side(ground).fill);
                assert!(found >= 7.0, "{words:?} on {ground:?}: {found:.1}");
            }
            let stroke = side(ground).stroke;
            if stroke != "none" {
                let found = contrast(stroke, side(Look::Page).fill);
                assert!(found >= 2.5, "the border of {ground:?}: {found:.1}");
            }
        }
    }
}

#[test]
fn the_other_forms_have_everything_too_and_quote_what_they_must() {
    for (name, scene) in scenes() {
        let (mermaid, dot, json) = (mermaid(&scene), dot(&scene), json(&scene));
        let ends =
            scene.things.iter().map(|thing| &thing.id).chain(scene.groups.iter().map(|group| &group.id));
        let ids: BTreeSet<&String> = ends.collect();
        assert_eq!(ids.len(), scene.things.len() + scene.groups.len(), "{name}: ids are unique");
        for link in &scene.links {
            assert!(ids.contains(&link.from) && ids.contains(&link.to), "{name}: {link:?}");
            assert!(mermaid.contains(&format!(" {} -->", link.from)), "{name}: {link:?}");
            assert!(label(link).is_empty() || dot.contains(&label(link)), "{name}: {link:?}");
        }
        for thing in &scene.things {
            assert_eq!(mermaid.matches(&format!(" {}[\"", thing.id)).count(), 1, "{name}: {}", thing.id);
            let start = format!("\"{}\" [label=", thing.id);
            let drawn = dot.lines().filter(|line| line.trim_start().starts_with(&start)).count();
            assert_eq!(drawn, 1, "{name}: {}", thing.id);
        }
        assert_eq!(mermaid.matches("subgraph ").count(), scene.groups.len(), "{name}");
        assert_eq!(mermaid.lines().filter(|line| line.trim() == "end").count(), scene.groups.len(), "{name}");
        assert_eq!(dot.matches('{').count(), dot.matches('}').count(), "{name}");
        assert_eq!(json["links"].as_array().map(Vec::len), Some(scene.links.len()), "{name}");
    }
    let (_, strange) = scenes().into_iter().find(|(name, _)| name == "strange words").unwrap();
    assert!(dot(&strange).contains(r#"label="A \"B\" <C> & D; #1 | `x` very long"#));
}

#[test]
fn the_picture_says_what_the_rules_say() {
    let scene = Scene::of(&config("hostname = \"a.example.org\"\n[tls]\nmode = \"acme\"\n"), Some(3));
    let ports = |from: &str, to: &str| {
        let link = scene.links.iter().find(|link| link.from == from && link.to == to);
        link.map(|link| link.ports.as_str())
    };
    assert_eq!(ports("internet", "internet_gateway"), Some("TCP 80, 443"));
    assert_eq!(ports("web", "database"), Some("TCP 3306, 33060"));
    assert_eq!(ports("web", "storage"), Some("TCP 111, 2048–2050; UDP 111, 2048"));
    assert_eq!(ports("administrators", "web"), None, "SSH is closed unless it is asked for");
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the test compares files of the workspace")]
fn the_picture_in_the_book_is_that_of_the_example() {
    let file = |path: &str| std::fs::read_to_string(test_support::workspace_root().join(path)).unwrap();
    let config = Config::parse(&file("examples/moodle-full.toml")).unwrap();
    let picture = svg(&Scene::of(&config, Some(3)));
    assert!(file(BOOK_PATH) == picture, "stale: run `cargo xtask schemas`");
}

fn bar(name: &str, begin: u64, end: u64, is_critical: bool) -> Bar {
    let seconds = std::time::Duration::from_secs;
    Bar { name: name.to_owned(), begin: seconds(begin), end: seconds(end), is_critical }
}

#[test]
fn a_timeline_has_a_bar_for_each_step_in_order_and_words_that_do_not_meet() {
    let long =
        "oci_network_load_balancer_network_load_balancer.a_name_that_is_far_too_long_to_be_written_out";
    let bars =
        [bar("b", 5, 1505, true), bar("a", 0, 5, true), bar(long, 5, 65, false), bar("d", 5, 4500, false)];
    for bars in [&bars[..], &bars[1..2], &[]] {
        let block = super::timeline::place("Apply", bars);
        let page = Rect { w: block.w, h: block.h, ..Rect::default() };
        for (at, text) in block.texts.iter().enumerate() {
            assert!(contains(page, text.rect), "`{}` leaves the page", text.words);
            for other in &block.texts[at + 1..] {
                assert!(!overlap(text.rect, other.rect), "`{}` and `{}`", text.words, other.words);
            }
            for boxed in block.boxes.iter().filter(|boxed| boxed.rect.w > 0.0) {
                assert!(!overlap(text.rect, boxed.rect), "`{}` stands in {}", text.words, boxed.id);
            }
        }
        roxmltree::Document::parse(&timeline("Apply <&>", bars)).unwrap();
    }
    let block = super::timeline::place("Apply", &bars);
    let rects: Vec<Rect> = (0..4).map(|number| block.rect(&format!("bar{number}"))).collect();
    assert!(
        rects.windows(2).all(|pair| pair[0].y < pair[1].y && pair[0].x <= pair[1].x),
        "by their beginning"
    );
    let apart = (rects[0].right() - rects[1].x).abs();
    assert!(
        apart <= 3.0,
        "what comes after begins where the first ends, but for a bar that would be too small to see"
    );
    assert!(timeline("Apply", &bars).contains(">Apply: 1 h 15 min</text>"));
}
