//! The book in `docs/` holds together: every page is in the table of contents, every link leads somewhere.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

pub(crate) fn check(_: &[String]) -> Result<(), String> {
    let root = test_support::workspace_root();
    let source = root.join("docs/src");
    let mut pages = BTreeSet::new();
    markdown_below(&source, &mut pages)?;
    let summary = read(&source.join("SUMMARY.md"))?;
    let listed: BTreeSet<PathBuf> = links(&summary).map(|link| source.join(link)).collect();

    let mut problems = Vec::new();
    for page in pages.iter().filter(|page| !page.ends_with("SUMMARY.md")) {
        if !listed.contains(page) {
            problems.push(format!("{}: not in docs/src/SUMMARY.md", show(page, &root)));
        }
    }
    pages.insert(root.join("README.md"));
    let mut links_seen = 0;
    for page in &pages {
        let folder = page.parent().unwrap_or(&root);
        for link in links(&read(page)?) {
            let path = link.split('#').next().unwrap_or_default();
            if path.is_empty() || link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            links_seen += 1;
            if !folder.join(path).exists() {
                problems.push(format!("{}: link to `{link}`, which does not exist", show(page, &root)));
            }
        }
    }
    if problems.is_empty() {
        println!(
            "book: {} pages, {links_seen} links inside the project, all of them lead somewhere",
            pages.len()
        );
        return Ok(());
    }
    Err(format!("{} problems:\n  {}", problems.len(), problems.join("\n  ")))
}

fn show(page: &Path, root: &Path) -> String {
    page.strip_prefix(root).unwrap_or(page).display().to_string()
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn markdown_below(folder: &Path, found: &mut BTreeSet<PathBuf>) -> Result<(), String> {
    for entry in fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))? {
        let path = entry.map_err(|error| error.to_string())?.path();
        if path.is_dir() {
            markdown_below(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.insert(path);
        }
    }
    Ok(())
}

/// The targets of Markdown links, `](target)`, outside code blocks.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let mut in_code = false;
    text.lines()
        .filter(move |line| {
            let fence = line.trim_start().starts_with("```");
            in_code ^= fence;
            !in_code && !fence
        })
        .flat_map(|line| line.split("](").skip(1))
        .filter_map(|rest| rest.split(')').next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_in_code_blocks_do_not_count() {
        let text = "see [a](one.md) and [b](two.md#part)\n```\n[c](three.md)\n```\n[d](four.md)";
        assert_eq!(links(text).collect::<Vec<_>>(), ["one.md", "two.md#part", "four.md"]);
    }
}
