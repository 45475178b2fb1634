//! Settings for some of the Dockerfiles.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use harden_core::Level;

use super::{StageChoice, UserChoice};

/// One `[[files]]` entry of a `harden.toml`.
#[derive(Clone, Debug)]
pub(super) struct FileRule {
    pub(super) paths: GlobSet,
    pub(super) level: Option<Level>,
    pub(super) skip: BTreeSet<String>,
    pub(super) user: UserChoice,
    pub(super) stages: StageChoice,
}

impl FileRule {
    /// Whether it is about the file with this path, which is relative to the configuration file: a pattern that matches
    /// a folder covers everything in it.
    pub(super) fn covers(&self, path: &Path) -> bool {
        path.ancestors().take_while(|part| !part.as_os_str().is_empty()).any(|part| self.paths.is_match(part))
    }
}

/// Reads patterns of paths; the error is the one that is wrong, by its place in the list, and why.
pub(super) fn patterns(texts: &[&str]) -> Result<GlobSet, (usize, String)> {
    let mut set = GlobSetBuilder::new();
    for (index, text) in texts.iter().enumerate() {
        let wrong = |why: &str| (index, why.to_owned());
        let plain = text.strip_prefix("./").unwrap_or(text);
        let plain = plain.strip_suffix('/').unwrap_or(plain);
        if plain.starts_with('/') || plain.split('/').any(|part| part == "..") {
            return Err(wrong("leads out of the folder of this file"));
        }
        if plain.is_empty() {
            return Err(wrong("is empty"));
        }
        let glob = GlobBuilder::new(plain).literal_separator(true).backslash_escape(true).build();
        set.add(glob.map_err(|error| wrong(&format!("is no pattern ({})", error.kind())))?);
    }
    set.build().map_err(|_| (0, "and its neighbours are too large".to_owned()))
}

/// The path of a file relative to `folder`, which is canonical; `None` when it is not below it. Symbolic links in its
/// folder are followed, the file itself may be one.
pub(super) fn relative(folder: &Path, file: &Path) -> Option<PathBuf> {
    let name = file.file_name()?;
    let parent = match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let below = fs::canonicalize(parent).ok()?.strip_prefix(folder).ok()?.join(name);
    below.components().all(|part| matches!(part, Component::Normal(_))).then_some(below)
}
