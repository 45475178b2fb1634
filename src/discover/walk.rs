//! Walks a directory the way git sees it.
//!
//! `.gitignore` files count from the repository's root down, also when the walk begins below it, and so does
//! `.git/info/exclude`. The user's global ignore file does not: the same tree must give the same answer on every
//! machine. Outside a repository nothing is ignored. Hidden directories are walked, because Dockerfiles live in
//! `.devcontainer/` and `.github/`; those of version control systems are not. Symbolic links are not followed: what
//! they point to is found where it is.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use ignore::{DirEntry, WalkBuilder, WalkState};

use super::devcontainer;
use super::names::{self, Role};
use super::paths::{self, Place};
use super::problem::{Problem, ProblemKind};

/// Folders above a named file, or above a walked directory, that are searched for compose and bake files.
const FOLDERS_ABOVE: usize = 5;

/// What a walk found, in no particular order.
#[derive(Default)]
pub(super) struct Found {
    pub(super) dockerfiles: Vec<Place>,
    pub(super) build_files: Vec<(Place, Role)>,
    pub(super) problems: Vec<Problem>,
}

impl Found {
    fn add(&mut self, place: Place, role: Role) {
        match role {
            Role::Dockerfile => self.dockerfiles.push(place),
            _ => self.build_files.push((place, role)),
        }
    }
}

/// Everything of interest in and below `root`.
pub(super) fn walk(root: &Place) -> Found {
    let found = Mutex::new(Found::default());
    walker(&root.shown).build_parallel().run(|| {
        Box::new(|entry| {
            match entry {
                Ok(entry) => {
                    if let Some(hit) = hit(root, &entry) {
                        let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
                        found.add(hit.0, hit.1);
                    }
                }
                Err(error) => {
                    if let Some(problem) = walk_problem(&root.shown, &error) {
                        found.lock().unwrap_or_else(PoisonError::into_inner).problems.push(problem);
                    }
                }
            }
            WalkState::Continue
        })
    });
    found.into_inner().unwrap_or_else(PoisonError::into_inner)
}

fn walker(root: &Path) -> WalkBuilder {
    let mut builder = WalkBuilder::new(root);
    builder.hidden(false).ignore(false).git_global(false).filter_entry(|entry| !is_version_control(entry));
    builder
}

fn hit(root: &Place, entry: &DirEntry) -> Option<(Place, Role)> {
    let role = names::role(entry.file_name())?;
    // Symbolic links have a file type of their own here and are left out.
    if !entry.file_type()?.is_file() {
        return None;
    }
    let below = entry.path().strip_prefix(&root.shown).ok()?;
    Some((Place { shown: paths::join(&root.shown, below), real: root.real.join(below) }, role))
}

fn is_version_control(entry: &DirEntry) -> bool {
    entry.depth() > 0
        && entry.file_type().is_some_and(|kind| kind.is_dir())
        && matches!(entry.file_name().to_str(), Some(".git" | ".hg" | ".svn" | ".jj"))
}

/// A walk goes on after an error; a broken ignore pattern is not worth a word, an unreadable directory is.
fn walk_problem(root: &Path, error: &ignore::Error) -> Option<Problem> {
    let io = error.io_error()?;
    if io.kind() == io::ErrorKind::NotFound {
        return None; // It went away during the walk.
    }
    let path = error_path(error).unwrap_or(root);
    Some(Problem::new(
        paths::plain(path),
        ProblemKind::Unreadable,
        format!(
            "cannot be read ({}), so Dockerfiles in it are not looked at; check its permissions",
            io.kind()
        ),
    ))
}

fn error_path(mut error: &ignore::Error) -> Option<&Path> {
    loop {
        match error {
            ignore::Error::WithPath { path, .. } => return Some(path),
            ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => error = err,
            _ => return None,
        }
    }
}

/// Compose and bake files in `folder` and up to [`FOLDERS_ABOVE`] folders above it, ending with the first folder that
/// holds `.git`.
///
/// What git ignores is left out here too: an override file of one developer must not change the result. `seen` says
/// which folders (by canonical path) were searched before.
pub(super) fn build_files_above(
    folder: &Path,
    mut seen: impl FnMut(&Path) -> bool,
    mut add: impl FnMut(Place, Role),
) {
    let mut folder = folder.to_path_buf();
    for _ in 0..=FOLDERS_ABOVE {
        let Ok(real) = fs::canonicalize(&folder) else { return };
        if !seen(&real) {
            list(&Place { shown: folder.clone(), real }, &mut add);
        }
        if folder.join(".git").exists() {
            return;
        }
        let Some(above) = paths::above(&folder) else { return };
        folder = above;
    }
}

fn list(folder: &Place, add: &mut impl FnMut(Place, Role)) {
    let mut builder = walker(&folder.shown);
    // One level, but for the descriptions of development containers.
    builder.max_depth(Some(3)).filter_entry(|entry| {
        let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
        match entry.depth() {
            0 => true,
            1 => !is_folder || entry.file_name() == devcontainer::FOLDER,
            _ => is_folder || names::role(entry.file_name()) == Some(Role::Devcontainer),
        }
    });
    for entry in builder.build().flatten() {
        match hit(folder, &entry) {
            None | Some((_, Role::Dockerfile)) => {}
            Some((place, role)) => add(place, role),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unreadable_directory_is_named() {
        let error = ignore::Error::WithDepth {
            depth: 2,
            err: Box::new(ignore::Error::WithPath {
                path: "./srv/private".into(),
                err: Box::new(ignore::Error::Io(io::ErrorKind::PermissionDenied.into())),
            }),
        };
        let problem = walk_problem(Path::new("srv"), &error).unwrap();
        assert_eq!(problem.path, Path::new("srv/private"));
        assert_eq!(problem.kind, ProblemKind::Unreadable);
        assert!(problem.to_string().contains("permission denied"), "{problem}");
    }

    #[test]
    fn a_broken_ignore_pattern_is_no_problem() {
        let error = ignore::Error::Glob { glob: Some("[".into()), err: "unclosed".into() };
        assert_eq!(walk_problem(Path::new("srv"), &error), None);
    }
}
