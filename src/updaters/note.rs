//! What to say about Dockerfiles whose pins nobody moves.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::{Missing, Updater};

/// Folders that are listed one by one; for more, one pattern stands for all.
const MAX_LISTED: usize = 20;

/// A remark for the end of a run, one for each repository or file it is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Note {
    /// The file to look at or to change; it may not exist yet.
    pub path: PathBuf,
    /// What is the matter, one sentence.
    pub message: String,
    /// The exact lines to add to the file, if that is what to do.
    pub lines: Option<String>,
}

/// The remarks about what was found for the Dockerfiles that have pinned images, sorted by path.
pub fn notes<'u>(updaters: impl IntoIterator<Item = &'u Updater>) -> Vec<Note> {
    let mut missing = BTreeMap::<&Path, (BTreeSet<&str>, Option<&PathBuf>)>::new();
    let mut notes = BTreeSet::new();
    for updater in updaters {
        match updater {
            Updater::Missing(Missing { root, folder, dependabot }) => {
                let (folders, _) = missing.entry(root).or_insert((BTreeSet::new(), dependabot.as_ref()));
                folders.insert(folder);
            }
            Updater::Unclear { path, why } => {
                let message =
                    format!("nobody can tell whether it keeps pinned digests fresh: {why}; correct it");
                notes.insert(Note { path: path.clone(), message, lines: None });
            }
            Updater::Dependabot(_) | Updater::Renovate(_) | Updater::Other(_) | Updater::NoRepository => {}
        }
    }
    notes.extend(missing.into_iter().map(|(root, (folders, dependabot))| note(root, &folders, dependabot)));
    notes.into_iter().collect()
}

fn note(root: &Path, folders: &BTreeSet<&str>, dependabot: Option<&PathBuf>) -> Note {
    let mut lines = String::new();
    if dependabot.is_none() {
        lines.push_str("version: 2\nupdates:\n");
    }
    lines.push_str("  - package-ecosystem: \"docker\"\n    directories:\n");
    let listed: Vec<&str> =
        if folders.len() > MAX_LISTED { vec!["**/*"] } else { folders.iter().copied().collect() };
    for folder in listed {
        // A JSON string is a YAML string too; a string always serializes.
        let _ = writeln!(lines, "      - {}", serde_json::to_string(folder).unwrap_or_default());
    }
    lines.push_str("    schedule:\n      interval: \"weekly\"\n");
    let count = folders.len();
    let plural = if count == 1 { "folder" } else { "folders" };
    let place = if dependabot.is_some() { "under its `updates`" } else { "in this new file" };
    let message = format!(
        "no update bot moves the pinned digests in {count} {plural} of this repository, so they will go stale; \
         add Dependabot's lines {place}, or switch on Renovate"
    );
    let path = dependabot.cloned().unwrap_or_else(|| root.join(".github").join("dependabot.yml"));
    Note { path, message, lines: Some(lines) }
}
