//! The scene for others to draw: Mermaid, Graphviz, JSON.

use std::fmt::Write as _;

use super::scene::{Link, Scene, Thing};

/// As a Mermaid flowchart, which many wikis and Git servers draw.
#[must_use]
pub fn mermaid(scene: &Scene) -> String {
    let mut text = format!("---\ntitle: {}\n---\nflowchart TB\n", json_text(&scene.title));
    for thing in scene.things.iter().filter(|thing| thing.inside.is_none()) {
        mermaid_thing(&mut text, thing, 1);
    }
    for group in scene.groups.iter().filter(|group| group.inside.is_none()) {
        mermaid_group(&mut text, scene, &group.id, 1);
    }
    for link in &scene.links {
        let label = html(&label(link));
        let label = if label.is_empty() { String::new() } else { format!("|\"{label}\"|") };
        let _ = writeln!(text, "    {} -->{label} {}", link.from, link.to);
    }
    text
}

// Groups nest as deep as the scene has kinds of them: four.
fn mermaid_group(text: &mut String, scene: &Scene, id: &str, depth: usize) {
    let Some(group) = scene.groups.iter().find(|group| group.id == id) else { return };
    let indent = "    ".repeat(depth);
    let label = lines(&group.title, &group.details).map(html).collect::<Vec<_>>().join("<br>");
    let _ = writeln!(text, "{indent}subgraph {id}[\"{label}\"]");
    for thing in scene.things_in(id) {
        mermaid_thing(text, thing, depth + 1);
    }
    for inner in scene.groups_in(id) {
        mermaid_group(text, scene, &inner.id, depth + 1);
    }
    let _ = writeln!(text, "{indent}end");
}

fn mermaid_thing(text: &mut String, thing: &Thing, depth: usize) {
    let label = lines(&thing.title, &thing.details).map(html).collect::<Vec<_>>().join("<br>");
    let _ = writeln!(text, "{}{}[\"{label}\"]", "    ".repeat(depth), thing.id);
}

/// For Graphviz.
#[must_use]
pub fn dot(scene: &Scene) -> String {
    let mut text = "digraph stack {\n    compound=true;\n    rankdir=TB;\n    node [shape=box, fontname=\"Helvetica\"];\n    \
                    fontname=\"Helvetica\";\n"
        .to_owned();
    let _ = writeln!(text, "    label={};\n    labelloc=t;", json_text(&scene.title));
    for thing in scene.things.iter().filter(|thing| thing.inside.is_none()) {
        dot_thing(&mut text, thing, 1);
    }
    for group in scene.groups.iter().filter(|group| group.inside.is_none()) {
        dot_group(&mut text, scene, &group.id, 1);
    }
    for link in &scene.links {
        // An edge to a cluster is one to something in it, cut off at the border.
        let end = |id: &str| match first_inside(scene, id) {
            Some(thing) => (thing, Some(format!("cluster_{id}"))),
            None => (id.to_owned(), None),
        };
        let ((from, tail), (to, head)) = (end(&link.from), end(&link.to));
        let mut attributes = vec![format!("label={}", json_text(&label(link)))];
        attributes.extend(tail.map(|tail| format!("ltail=\"{tail}\"")));
        attributes.extend(head.map(|head| format!("lhead=\"{head}\"")));
        let _ = writeln!(text, "    \"{from}\" -> \"{to}\" [{}];", attributes.join(", "));
    }
    text + "}\n"
}

fn dot_group(text: &mut String, scene: &Scene, id: &str, depth: usize) {
    let Some(group) = scene.groups.iter().find(|group| group.id == id) else { return };
    let indent = "    ".repeat(depth);
    let label = lines(&group.title, &group.details).collect::<Vec<_>>().join("\n");
    let _ = writeln!(text, "{indent}subgraph \"cluster_{id}\" {{\n{indent}    label={};", json_text(&label));
    for thing in scene.things_in(id) {
        dot_thing(text, thing, depth + 1);
    }
    for inner in scene.groups_in(id) {
        dot_group(text, scene, &inner.id, depth + 1);
    }
    let _ = writeln!(text, "{indent}}}");
}

fn dot_thing(text: &mut String, thing: &Thing, depth: usize) {
    let label = lines(&thing.title, &thing.details).collect::<Vec<_>>().join("\n");
    let _ = writeln!(text, "{}\"{}\" [label={}];", "    ".repeat(depth), thing.id, json_text(&label));
}

/// The first thing in a group, however deep.
fn first_inside(scene: &Scene, id: &str) -> Option<String> {
    scene.groups.iter().find(|group| group.id == id)?;
    let own = scene.things_in(id).next().map(|thing| thing.id.clone());
    own.or_else(|| scene.groups_in(id).find_map(|inner| first_inside(scene, &inner.id)))
}

/// As JSON: `title`, `groups`, `things` and `links`, as [`Scene`] has them.
#[must_use]
pub fn json(scene: &Scene) -> serde_json::Value {
    serde_json::to_value(scene).expect("a scene is texts in lists")
}

fn lines<'a>(title: &'a str, details: &'a [String]) -> impl Iterator<Item = &'a str> {
    std::iter::once(title).chain(details.iter().map(String::as_str))
}

pub(super) fn label(link: &Link) -> String {
    match (link.purpose.as_str(), link.ports.as_str()) {
        (purpose, "") => purpose.to_owned(),
        ("", ports) => ports.to_owned(),
        (purpose, ports) => format!("{purpose}: {ports}"),
    }
}

/// A text in quotes, as JSON, YAML and Graphviz read it alike.
fn json_text(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Mermaid reads labels as HTML; its own way of escaping is with `#` and `;`.
fn html(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '"' | '<' | '>' | '&' | '#' | ';' | '|' | '`' => {
                let _ = write!(escaped, "#{};", u32::from(c));
            }
            c => escaped.push(c),
        }
    }
    escaped
}
