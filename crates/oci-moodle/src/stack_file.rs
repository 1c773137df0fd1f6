//! The stack file, and what lies beside it.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use moodle_stack::config::{Config, SourceFile, load};
use moodle_stack::diagnostic::{Diagnostics, Places};
use world::World;

use crate::arguments::Global;
use crate::exit::Failure;
use crate::view::Style;
use crate::view::diagnostics::{findings, findings_json};

/// A stack file that is right.
pub(crate) struct StackFile {
    pub(crate) config: Config,
    /// Its text, and where each key stands in it.
    pub(crate) source: SourceFile,
    pub(crate) places: Places,
    /// What is not wrong, and should be known.
    pub(crate) warnings: String,
    /// The folder that it lies in.
    pub(crate) folder: PathBuf,
}

/// Reads the file that the arguments name.
pub(crate) fn read(global: &Global, machine: &dyn World) -> Result<StackFile, Failure> {
    let path = &global.stack;
    let bytes = machine.read_file(path).map_err(|error| {
        let hint = match error.kind() {
            std::io::ErrorKind::NotFound => "`oci-moodle init` writes one; `-c FILE` names another",
            _ => "`-c FILE` names another",
        };
        Failure::usage_because(format!("could not read the stack file {}", path.display()), &error).hint(hint)
    })?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Failure::usage(format!("the stack file {} is no text: byte {at} is not UTF-8", path.display()))
    })?;
    let file = SourceFile::new(path.display().to_string(), text);
    let (config, diagnostics) = load(&file);
    if diagnostics.has_errors() {
        return Err(wrong(global, &diagnostics, &file));
    }
    let warnings = findings(&diagnostics, &file, style(global));
    let folder = reconcile::disk::folder_of(path).to_owned();
    let places = diagnostics.places().clone();
    Ok(StackFile { config, source: file, places, warnings, folder })
}

/// How what people read on stderr is coloured.
fn style(global: &Global) -> Style {
    Style::choose(global.color, std::io::stderr().is_terminal(), &world::RealWorld::new())
}

/// The file is wrong.
pub(crate) fn wrong(global: &Global, diagnostics: &Diagnostics, file: &SourceFile) -> Failure {
    Failure::findings(findings(diagnostics, file, style(global)), findings_json(diagnostics, file))
}

/// The `.oci-moodle` beside the stack file.
pub(crate) fn work_folder(global: &Global) -> PathBuf {
    let name = Path::new(".oci-moodle");
    match reconcile::disk::folder_of(&global.stack) {
        // As people would write it.
        here if here == Path::new(".") => name.to_owned(),
        folder => folder.join(name),
    }
}

/// Where the state is.
pub(crate) fn state_path(global: &Global) -> PathBuf {
    global.state.clone().unwrap_or_else(|| work_folder(global).join("state.json"))
}
