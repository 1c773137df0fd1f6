//! `moodle.toml`: what is wrong with a file is found with its code and its place, and what is written about it is fresh.

mod examples;
mod fresh;
mod random;
mod wrong;

use moodle_stack::config::{Config, SourceFile, load};
use moodle_stack::diagnostic::Diagnostics;

/// The shortest file that is right.
const SHORTEST: &str = "[site]\nname = \"campus\"\nadmin_email = \"it@example.org\"\n";

fn read(text: &str) -> (SourceFile, Config, Diagnostics) {
    let file = SourceFile::new("moodle.toml", text);
    let (config, diagnostics) = load(&file);
    (file, config, diagnostics)
}

/// Each finding as `E0103 5:1 servers.cuont`.
fn findings(text: &str) -> Vec<String> {
    let (file, _, diagnostics) = read(text);
    let place = |diagnostic: &moodle_stack::diagnostic::Diagnostic| {
        let (line, column) = diagnostic.span.as_ref().map_or((0, 0), |span| file.position(span.start));
        format!("{} {line}:{column} {}", diagnostic.code, diagnostic.key)
    };
    diagnostics.as_slice().iter().map(place).collect()
}
