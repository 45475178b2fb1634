//! Everything below a folder of the context directory that is sent to the builder.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};

use harden_core::{ContextListing, ListedEntry, ListedKind, Why};

use super::ignore::DockerIgnore;
use super::walk::{Object, Place, Walk, display, join, quoted};

/// Directory entries looked at for one listing at most.
const ENTRY_LIMIT: usize = 20_000;
/// Folders inside each other that are looked into at most.
const DEPTH_LIMIT: usize = 64;

/// Lists what lies below `folder`, which is relative and clean; empty is the context root. A file lists itself. Links on
/// the way to it are followed, links below it are not. Nothing is opened but folders.
///
/// Folders nearer to the root come first, each whole or not at all, so that a listing that stops at a limit holds the
/// same entries on every machine.
pub(super) fn list(root: &Path, ignore: &DockerIgnore, folder: &str) -> Result<ContextListing, Why> {
    let base = match Walk::new(root, ignore).resolve(folder)? {
        Place::Found(base) if base.metadata.is_dir() => base,
        Place::Found(file) => {
            let entries = vec![entry(folder.to_owned(), &file.metadata)];
            return Ok(ContextListing { entries, complete: true, ..ContextListing::default() });
        }
        Place::Missing => {
            return Err(Why::new("not-found", format!("{} is not in the build context", quoted(folder))));
        }
        Place::Ignored => {
            let message = format!("{} is left out of the build context by .dockerignore", quoted(folder));
            return Err(Why::new("ignored-by-dockerignore", message));
        }
    };
    let mut listing = ContextListing { complete: true, ..ContextListing::default() };
    // Folders that are sent only for what an exception of `.dockerignore` puts back below them.
    let mut doubtful = Vec::new();
    let mut pending = VecDeque::from([Folder::of(&base)]);
    let mut left = ENTRY_LIMIT;
    while let Some(inside) = pending.pop_front() {
        let Some(children) = inside.children(left) else {
            listing.complete = false;
            break;
        };
        left -= children.names.len();
        listing.complete &= children.complete;
        for name in children.names {
            let absolute = inside.absolute.join(&name);
            let name = display(&name);
            let below = join(&inside.below, &name);
            let relative = join(&inside.relative, &name);
            let Ok(metadata) = fs::symlink_metadata(&absolute) else {
                listing.complete = false;
                continue;
            };
            let excluded = ignore.excludes(&relative);
            let searched = metadata.is_dir() && (!excluded || ignore.may_send_below(&relative));
            if excluded && !searched {
                continue;
            }
            if excluded {
                doubtful.push(listing.entries.len());
            }
            listing.entries.push(entry(join(folder, &below), &metadata));
            if searched && inside.depth < DEPTH_LIMIT {
                pending.push_back(Folder { relative, below, absolute, depth: inside.depth + 1 });
            } else if searched {
                listing.complete = false;
            }
        }
    }
    drop_empty(&mut listing.entries, &doubtful);
    listing.entries.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(listing)
}

/// A folder still to be looked into.
struct Folder {
    /// Relative to the context root, links resolved: what `.dockerignore` is asked about.
    relative: String,
    /// Relative to the folder that is listed.
    below: String,
    absolute: PathBuf,
    depth: usize,
}

/// The names in a folder, sorted.
struct Children {
    names: Vec<OsString>,
    complete: bool,
}

impl Folder {
    fn of(base: &Object) -> Self {
        Self {
            relative: base.relative.clone(),
            below: String::new(),
            absolute: base.absolute.clone(),
            depth: 0,
        }
    }

    /// Its names; `None` when there are more than `limit`. A folder that cannot be read has none, and says so.
    fn children(&self, limit: usize) -> Option<Children> {
        let mut children = Children { names: Vec::new(), complete: true };
        let Ok(entries) = fs::read_dir(&self.absolute) else {
            children.complete = false;
            return Some(children);
        };
        for entry in entries {
            match entry {
                Ok(_) if children.names.len() == limit => return None,
                Ok(entry) => children.names.push(entry.file_name()),
                Err(_) => {
                    children.complete = false;
                    break;
                }
            }
        }
        children.names.sort();
        Some(children)
    }
}

fn entry(path: String, metadata: &Metadata) -> ListedEntry {
    let kind = if metadata.is_dir() {
        ListedKind::Directory
    } else if metadata.is_file() {
        ListedKind::File
    } else {
        ListedKind::Other
    };
    // Nobody ever asks for the bits of a link.
    let mode = if metadata.is_symlink() { None } else { mode(metadata) };
    ListedEntry { path, kind, mode }
}

#[cfg(unix)]
#[allow(clippy::unnecessary_wraps, reason = "not every platform has them")]
fn mode(metadata: &Metadata) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt as _;
    Some(metadata.permissions().mode() & 0o7777)
}

#[cfg(not(unix))]
fn mode(_: &Metadata) -> Option<u32> {
    None
}

/// Removes the excluded folders (by position, parents before children) below which nothing is sent.
fn drop_empty(entries: &mut Vec<ListedEntry>, excluded: &[usize]) {
    if excluded.is_empty() {
        return;
    }
    let mut is_doubtful = vec![false; entries.len()];
    for &index in excluded {
        is_doubtful[index] = true;
    }
    let mut parents = std::collections::BTreeSet::new();
    for (entry, _) in entries.iter().zip(&is_doubtful).filter(|(_, doubtful)| !**doubtful) {
        let mut path = entry.path.as_str();
        while let Some(slash) = path.rfind('/') {
            path = &path[..slash];
            if !parents.insert(path.to_owned()) {
                break;
            }
        }
    }
    let mut index = 0;
    entries.retain(|entry| {
        index += 1;
        !is_doubtful[index - 1] || parents.contains(&entry.path)
    });
}

#[cfg(test)]
#[path = "listing_tests.rs"]
mod tests;
