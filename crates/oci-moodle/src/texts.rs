//! The verbs that need no cloud and no state: `init`, `validate`, `schema`.

use std::io::{IsTerminal as _, Write as _};

use moodle_stack::config::init::{Answers, render};
use moodle_stack::config::{Size, SourceFile, load, schema as stack_schema};
use moodle_stack::picture::{self, Scene};
use moodle_stack::server::versions::Application;
use moodle_stack::session;
use serde_json::json;

use crate::arguments::{self, Global, GraphFormat, Init, Json};
use crate::exit::{Exit, Failure};
use crate::report::{answer, say};
use crate::stack_file;

/// `oci-moodle validate`.
pub(crate) fn validate(global: &Global, json: Json) -> Result<Exit, Failure> {
    let file = stack_file::read(global, &world::RealWorld::new())?;
    say(&file.warnings);
    if json.json {
        answer(json!({"valid": true, "site": file.config.site.name}))?;
    } else {
        answer(format_args!("{}: nothing is wrong", global.stack.display()))?;
    }
    Ok(Exit::Done)
}

/// `oci-moodle init`.
pub(crate) fn init(global: &Global, given: Init) -> Result<Exit, Failure> {
    let path = &global.stack;
    let answers = Answers {
        name: asked(given.name, "The site's short name (1 to 12 small letters and digits): ", "--name")?,
        admin_email: asked(given.admin_email, "The administrator's mail address: ", "--admin-email")?,
        application: match given.application {
            arguments::Application::Moodle => Application::Moodle,
            arguments::Application::Wordpress => Application::WordPress,
            arguments::Application::Drupal => Application::Drupal,
            arguments::Application::Joomla => Application::Joomla,
        },
        size: match given.size {
            arguments::Size::Small => Size::Small,
            arguments::Size::Medium => Size::Medium,
            arguments::Size::Large => Size::Large,
        },
        hostname: given.hostname,
        region: given.region,
        compartment_id: given.compartment_id,
    };
    let text = render(&answers);
    let file = SourceFile::new(path.display().to_string(), text.clone());
    let (_, diagnostics) = load(&file);
    if diagnostics.has_errors() {
        return Err(stack_file::wrong(global, &diagnostics, &file));
    }
    // A file that is there is somebody's work.
    let created = std::fs::OpenOptions::new().write(true).create_new(true).open(path);
    let written = created.and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| {
        let message = format!("could not write {}", path.display());
        if error.kind() == std::io::ErrorKind::AlreadyExists {
            Failure::usage_because(message, &error).hint("`-c FILE` names another file")
        } else {
            Failure::because(message, &error)
        }
    })?;
    answer(format_args!(
        "{} is written. Next: `oci-moodle validate`, `oci-moodle preflight`, `oci-moodle apply`.",
        path.display()
    ))?;
    Ok(Exit::Done)
}

/// An answer that was given as an argument, or else by whoever sits at the terminal.
fn asked(given: Option<String>, question: &str, option: &str) -> Result<String, Failure> {
    if let Some(answer) = given {
        return Ok(answer);
    }
    let unknown = || Failure::usage(format!("`{option}` is missing, and there is no terminal to ask at"));
    if !std::io::stdin().is_terminal() {
        return Err(unknown());
    }
    let mut out = std::io::stderr();
    let mut answer = String::new();
    write!(out, "{question}")
        .and_then(|()| out.flush())
        .and_then(|()| std::io::stdin().read_line(&mut answer))
        .map_err(|error| unknown().cause(error.to_string()))?;
    Ok(answer.trim().to_owned())
}

/// `oci-moodle graph`.
pub(crate) fn graph(global: &Global, format: GraphFormat) -> Result<Exit, Failure> {
    let file = stack_file::read(global, &world::RealWorld::new())?;
    say(&file.warnings);
    // What was asked of the cloud before says how many availability domains there are to draw.
    let facts = session::known_facts(&stack_file::state_path(global), &file.config);
    let scene = Scene::of(&file.config, facts.map(|facts| facts.availability_domains.len()));
    match format {
        GraphFormat::Svg => answer(picture::svg(&scene)),
        GraphFormat::Dot => answer(picture::dot(&scene)),
        GraphFormat::Mermaid => answer(picture::mermaid(&scene)),
        GraphFormat::Json => answer(format_args!("{:#}", picture::json(&scene))),
    }?;
    Ok(Exit::Done)
}

/// `oci-moodle schema`.
pub(crate) fn schema(resource_type: Option<&str>) -> Result<Exit, Failure> {
    let Some(wanted) = resource_type else {
        answer(stack_schema::text())?;
        return Ok(Exit::Done);
    };
    let modules = oci_resources::modules().map(|module| module.resource_type());
    let sources = oci_resources::data_sources().map(|source| source.data_type());
    let all: Vec<_> = modules.chain(sources).collect();
    let Some(found) = all.iter().find(|known| &*known.name == wanted) else {
        let near = reconcile::graph::suggest(wanted, all.iter().map(|known| &*known.name));
        let failure = Failure::usage(format!("`{wanted}` is no type that is known here"));
        return Err(match near {
            Some(near) => failure.hint(format!("did you mean `{near}`?")),
            None => failure.hint("the book lists all types, in docs/src/resources"),
        });
    };
    let text = serde_json::to_string_pretty(&found.schema.to_json())
        .map_err(|error| Failure::because("the schema cannot be written", &error))?;
    answer(text)?;
    Ok(Exit::Done)
}
