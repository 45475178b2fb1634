//! Sources in the build context.

use harden_core::syntax::{Instruction, Keyword};
use harden_core::{ContextSource, EntryKind, ListedKind, Why};

use super::find::{Certainty, Look, is_true, reach};
use super::paths::{self, below, join, name};
use super::stages::elsewhere;
use super::{By, Copied, ImagePaths, Origin, Target};

impl<'a> ImagePaths<'_, 'a> {
    /// A source in the build context.
    pub(super) fn in_context(
        &self,
        copied: &Copied<'a>,
        destination: &str,
        source: &str,
        path: &str,
    ) -> Look<'a> {
        // Everything before `/./` is left out of the folders that --parents makes.
        let (pivot, _) = source.split_once("/./").unwrap_or_default();
        let pivot = paths::relative(pivot);
        let found = match self.ctx.context_source(source) {
            Ok(found) => found,
            Err(why) => return unread(copied, destination, source, path, &why.why()),
        };
        let ContextSource { entries, guessed, .. } = &found;
        let origin = |path: String, folder: bool| Origin::Context {
            path,
            folder,
            guessed: *guessed,
            by: By::of(copied),
        };
        if copied.parents && source.contains("**") {
            let Some(rest) = below(destination, path) else { return Look::No };
            let at = join(&pivot, rest);
            return match self.kind_of(&at) {
                Some(folder) => Look::perhaps(origin(at, folder)),
                None => Look::No,
            };
        }
        let mut maybe = Look::No;
        for entry in entries.iter().rev() {
            let root = if entry.path == "." { "" } else { entry.path.as_str() };
            let (destination, target) = if copied.parents {
                (join(destination, below(&pivot, root).unwrap_or(root)), Target::Either)
            } else {
                (destination.to_owned(), copied.target)
            };
            let here = reach(&destination, target, name(root), path);
            let look = match &entry.kind {
                EntryKind::Directory => match here.inside {
                    None => Look::No,
                    Some("") => Look::Sure(origin(entry.path.clone(), true)),
                    Some(rest) => self.in_folder(copied, &join(root, rest), rest, &origin),
                },
                EntryKind::Archive { .. } if is_extracted(copied.instruction) => {
                    Look::perhaps(Origin::Archive { by: By::of(copied) })
                }
                EntryKind::Unclassified(_) if is_extracted(copied.instruction) => match here.file {
                    Some(_) => Look::perhaps(origin(root.to_owned(), false)),
                    None => Look::perhaps(Origin::Archive { by: By::of(copied) }),
                },
                _ if copied.parents && here.inside != Some("") => Look::No,
                _ => match (here.file, excluded(copied, root)) {
                    (_, Some(true)) | (None, _) => Look::No,
                    (Some(Certainty::Sure), Some(false)) => Look::Sure(origin(root.to_owned(), false)),
                    (Some(_), _) => Look::perhaps(origin(root.to_owned(), false)),
                },
            };
            maybe = maybe.or(|| look);
        }
        maybe
    }

    /// A path inside a folder of the context that is copied whole.
    fn in_folder(
        &self,
        copied: &Copied<'a>,
        at: &str,
        rest: &str,
        origin: &dyn Fn(String, bool) -> Origin<'a>,
    ) -> Look<'a> {
        let excluded = excluded(copied, rest);
        if excluded == Some(true) {
            return Look::No;
        }
        match self.kind_of(at) {
            Some(folder) if excluded.is_none() => Look::perhaps(origin(at.to_owned(), folder)),
            Some(folder) => Look::Sure(origin(at.to_owned(), folder)),
            None => Look::No,
        }
    }

    /// Whether a path of the context is a folder; `None` when it is not sent.
    fn kind_of(&self, path: &str) -> Option<bool> {
        if path.contains(['*', '?', '[', '\\']) {
            // As a source it would be a pattern.
            let listing = self.ctx.context_listing(paths::parent(path)).ok()?;
            let entry = listing.entries.iter().find(|entry| entry.path == path)?;
            return Some(entry.kind == ListedKind::Directory);
        }
        let found = self.ctx.context_source(path).ok()?;
        found.entries.first().map(|entry| entry.kind == EntryKind::Directory)
    }
}

/// A source of the context when the context cannot be looked into.
fn unread<'a>(copied: &Copied<'_>, destination: &str, source: &str, path: &str, why: &Why) -> Look<'a> {
    let (certainty, _) = elsewhere(copied, destination, source, path);
    let origin = Origin::Unknown(why.clone());
    match certainty {
        Some(Certainty::Sure) => Look::Sure(origin),
        Some(Certainty::Perhaps) => Look::Perhaps(origin),
        None => Look::No,
    }
}

/// Whether `--exclude` leaves out a path, relative to what is copied; `None` when a pattern is beyond reading.
fn excluded(copied: &Copied<'_>, rest: &str) -> Option<bool> {
    /// Patterns that are tried.
    const LIMIT: usize = 32;

    let mut answer = if copied.excludes.len() > LIMIT { None } else { Some(false) };
    for pattern in copied.excludes.iter().take(LIMIT) {
        let pattern = pattern.trim_start_matches("./").trim_matches('/');
        let mut part = rest;
        loop {
            match paths::matches(pattern, part) {
                Some(true) => return Some(true),
                Some(false) => {}
                None => answer = None,
            }
            match part.rfind('/') {
                Some(slash) => part = &part[..slash],
                None => break,
            }
        }
    }
    answer
}

fn is_extracted(instruction: Instruction<'_>) -> bool {
    instruction.keyword() == Keyword::Add
        && instruction.flag("unpack").is_none_or(|_| is_true(instruction, "unpack"))
}
