//! Files of databases in the build context.

use harden_core::{ListedKind, Place};

use super::join;
use super::marks::is_root;
use crate::non_root_user::risk::Risk;
use crate::non_root_user::view::View;
use crate::support::image_paths::{CopyKind, Origin};

/// Most files of databases that are told.
const MAX_FILES: usize = 20;

/// Files of databases that are copied from the build context: only root may write to them.
pub(super) fn risks(view: &View<'_, '_>) -> Vec<Risk> {
    let Ok(listing) = view.ctx.context_listing("") else { return Vec::new() };
    let files = listing.entries.iter().filter(|entry| entry.kind == ListedKind::File).filter(|entry| {
        let name = entry.path.rsplit('/').next().unwrap_or_default();
        [".sqlite3", ".sqlite", ".db", ".db3"].iter().any(|end| name.ends_with(end)) && name != "Thumbs.db"
    });
    let mut risks = Vec::new();
    for file in files.take(MAX_FILES) {
        for copied in view.paths.copied() {
            let Ok(to) = &copied.destination else { continue };
            if copied.owner.as_deref().is_some_and(|owner| !is_root(owner)) {
                continue;
            }
            let sources = copied.sources.iter().filter(|source| matches!(source.kind, CopyKind::Context));
            let mut candidates =
                sources.filter_map(|source| below(&source.text, &file.path)).map(|rest| join(to, rest));
            let here = candidates.any(|path| {
                matches!(view.paths.origin(&path), Origin::Context { path: from, by, .. }
                    if from == file.path && by.instruction.span() == copied.instruction.span())
            });
            if here {
                let message = format!("{} is copied into the image and only root may write to it", file.path);
                risks.push(Risk::lower("state-file", message, Some(Place::Here(copied.instruction.span()))));
                break;
            }
        }
    }
    risks
}

/// What is left of a file below a source, or its name when it is the source.
fn below<'p>(source: &str, file: &'p str) -> Option<&'p str> {
    let source = source.trim_start_matches("./").trim_matches('/');
    if source.is_empty() || source == "." {
        return Some(file);
    }
    let rest = file.strip_prefix(source)?;
    match rest.strip_prefix('/') {
        Some(rest) => Some(rest),
        None if rest.is_empty() => Some(file.rsplit('/').next().unwrap_or_default()),
        None => None,
    }
}
