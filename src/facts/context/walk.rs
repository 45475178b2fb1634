//! Finds what a source names in the context directory, with symbolic links and `.dockerignore` as `BuildKit` has them.
//!
//! Source of facts: containerd/continuity (`fs.RootPath`) for links, tonistiigi/fsutil (`copy.ResolveWildcards`,
//! `filter.go`) for wildcards and for what is sent. Links are confined to the context: an absolute target begins at
//! the context root, and `..` cannot climb above it.

use std::ffi::OsStr;
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use harden_core::Why;

use super::glob::{self, Pattern};
use super::ignore::{self, DockerIgnore};

/// Directory entries looked at for one source at most.
const ENTRY_LIMIT: usize = 10_000;
/// Links followed for one path at most; the builder gives up there too.
const LINK_LIMIT: usize = 255;

/// The context directory and its rules, for one question.
pub(super) struct Walk<'a> {
    root: &'a Path,
    ignore: &'a DockerIgnore,
    entries_left: usize,
}

/// Where a path leads.
#[derive(Debug)]
pub(super) enum Place {
    /// Nowhere.
    Missing,
    /// It is on disk, but it (or a link on the way) is not sent to the builder.
    Ignored,
    /// Here; no component of the path is a link any more.
    Found(Box<Object>),
}

/// An object of the context directory that is sent to the builder.
#[derive(Debug)]
pub(super) struct Object {
    /// Relative to the context root, links resolved; empty is the root itself.
    pub(super) relative: String,
    pub(super) absolute: PathBuf,
    pub(super) metadata: Metadata,
}

/// One match of a pattern.
#[derive(Debug)]
pub(super) struct Match {
    /// Relative to the context root, as the pattern reached it.
    pub(super) path: String,
    /// What it is, links followed, or why that cannot be told.
    pub(super) object: Result<Box<Object>, Why>,
}

/// All matches of a pattern.
#[derive(Debug, Default)]
pub(super) struct Matches {
    pub(super) found: Vec<Match>,
    /// A match was dropped because it is not sent.
    pub(super) ignored: bool,
}

impl<'a> Walk<'a> {
    /// A fresh walk with its full allowance of directory entries.
    pub(super) fn new(root: &'a Path, ignore: &'a DockerIgnore) -> Self {
        Self { root, ignore, entries_left: ENTRY_LIMIT }
    }

    /// Follows `path`, which is relative and clean.
    pub(super) fn resolve(&mut self, path: &str) -> Result<Place, Why> {
        let mut pending: Vec<String> = path.rsplit('/').map(str::to_owned).collect();
        let mut reached = String::new();
        let mut absolute = self.root.to_owned();
        let mut metadata =
            fs::metadata(self.root).map_err(|error| unreadable("the context directory", &error))?;
        let mut links = 0;
        while let Some(component) = pending.pop() {
            match component.as_str() {
                "" | "." => continue,
                ".." => {
                    reached.truncate(reached.rfind('/').unwrap_or(0));
                    absolute = self.root.join(&reached);
                    metadata = fs::metadata(&absolute).map_err(|error| unreadable(&quoted(path), &error))?;
                    continue;
                }
                _ => {}
            }
            // On Windows such a component would lead out of the context.
            if !metadata.is_dir() || (cfg!(windows) && component.contains(['\\', ':'])) {
                return Ok(Place::Missing);
            }
            let candidate = join(&reached, &component);
            let location = absolute.join(&component);
            metadata = match lstat(&location) {
                Ok(metadata) if is_exact_name(&absolute, &component) => metadata,
                Ok(_) => return Ok(Place::Missing),
                Err(error) if is_missing(&error) => return Ok(Place::Missing),
                Err(error) => return Err(unreadable(&quoted(path), &error)),
            };
            if !metadata.is_symlink() {
                (reached, absolute) = (candidate, location);
                continue;
            }
            if self.ignore.excludes(&candidate) {
                return Ok(Place::Ignored);
            }
            let target = fs::read_link(&location).map_err(|error| unreadable(&quoted(path), &error))?;
            let target = link_text(&target).ok_or_else(|| {
                Why::new(
                    "unsupported-link",
                    format!("{} leads through a link whose target cannot be read", quoted(path)),
                )
            })?;
            links += 1;
            let target = ignore::clean(&target);
            // The builder resolves a path in passes; with two links behind it, `..` may be applied to the wrong one.
            if links > LINK_LIMIT || (links > 2 && target.starts_with("..")) {
                return Err(Why::new(
                    "too-many-links",
                    format!(
                        "{} leads through a loop or a chain of symbolic links; name the file itself",
                        quoted(path)
                    ),
                ));
            }
            if target.starts_with('/') {
                reached.clear();
                self.root.clone_into(&mut absolute);
            }
            metadata = fs::metadata(&absolute).map_err(|error| unreadable(&quoted(path), &error))?;
            pending.extend(target.rsplit('/').map(str::to_owned));
        }
        let sent = reached.is_empty()
            || if metadata.is_dir() {
                self.is_directory_sent(&reached, &absolute)?
            } else {
                !self.ignore.excludes(&reached)
            };
        Ok(if sent {
            Place::Found(Box::new(Object { relative: reached, absolute, metadata }))
        } else {
            Place::Ignored
        })
    }

    /// Whether a directory reaches the builder: by itself, or for something below it.
    fn is_directory_sent(&mut self, relative: &str, absolute: &Path) -> Result<bool, Why> {
        if !self.ignore.excludes(relative) {
            return Ok(true);
        }
        let mut pending = vec![(relative.to_owned(), absolute.to_owned())];
        while let Some((relative, absolute)) = pending.pop() {
            if !self.ignore.may_send_below(&relative) {
                continue;
            }
            // An unreadable directory that is excluded is skipped by the client as well.
            let Ok(entries) = fs::read_dir(&absolute) else { continue };
            for entry in entries.flatten() {
                self.spend()?;
                let path = join(&relative, &display(&entry.file_name()));
                if !self.ignore.excludes(&path) {
                    return Ok(true);
                }
                if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    pending.push((path, entry.path()));
                }
            }
        }
        Ok(false)
    }

    /// Everything below `directory` that `pattern` matches, sorted by path.
    ///
    /// Links in `directory` are followed. Below it a link is matched but never descended into.
    pub(super) fn expand(&mut self, directory: &str, pattern: &str) -> Result<Matches, Why> {
        let parsed = Pattern::parse(pattern).map_err(|_| {
            Why::new(
                "bad-pattern",
                format!("{} is not a valid wildcard pattern; correct it", quoted(pattern)),
            )
        })?;
        let mut matches = Matches::default();
        let base = match self.resolve(directory)? {
            Place::Found(base) if base.metadata.is_dir() => base,
            Place::Ignored => return Ok(Matches { ignored: true, ..matches }),
            _ => return Ok(matches),
        };
        let plan = Plan::new(&parsed, pattern);
        // (path below the base: as bytes for matching, as text for everything else; on disk; depth)
        let mut pending = vec![(Vec::new(), String::new(), base.absolute.clone(), 0)];
        while let Some((bytes, text, location, depth)) = pending.pop() {
            for name in self.names(&location, &join(&base.relative, &text), plan.literal(depth))? {
                let below = join_bytes(&bytes, &name_bytes(&name));
                if !plan.may_match(depth, &name_bytes(&name)) {
                    continue;
                }
                let text = join(&text, &display(&name));
                let absolute = location.join(&name);
                let Ok(metadata) = lstat(&absolute) else { continue };
                let relative = join(&base.relative, &text);
                if parsed.matches(&below) {
                    let path = join(directory, &text);
                    match self.describe(&relative, absolute, metadata, name.to_str().is_some())? {
                        Some(object) => matches.found.push(Match { path, object }),
                        None => matches.ignored = true,
                    }
                } else if metadata.is_dir()
                    && depth < parsed.max_slashes()
                    && (!self.ignore.excludes(&relative) || self.ignore.may_send_below(&relative))
                {
                    pending.push((below, text, absolute, depth + 1));
                }
            }
        }
        matches.found.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(matches)
    }

    /// What a match is; none when it is not sent.
    fn describe(
        &mut self,
        relative: &str,
        absolute: PathBuf,
        metadata: Metadata,
        is_text: bool,
    ) -> Result<Option<Result<Box<Object>, Why>>, Why> {
        let is_sent = if metadata.is_dir() {
            self.is_directory_sent(relative, &absolute)?
        } else {
            !self.ignore.excludes(relative)
        };
        if !is_sent {
            return Ok(None);
        }
        if !is_text || relative.contains(char::REPLACEMENT_CHARACTER) {
            let message = format!("the name of {} is not UTF-8", quoted(relative));
            return Ok(Some(Err(Why::new("non-utf8-name", message))));
        }
        if !metadata.is_symlink() {
            return Ok(Some(Ok(Box::new(Object { relative: relative.to_owned(), absolute, metadata }))));
        }
        Ok(Some(match self.resolve(relative) {
            Ok(Place::Found(object)) => Ok(object),
            Ok(Place::Missing) => Err(Why::new(
                "dangling-link",
                format!("{} is a link to nothing in the context", quoted(relative)),
            )),
            Ok(Place::Ignored) => Err(Why::new(
                "ignored-by-dockerignore",
                format!("{} is a link to something .dockerignore leaves out", quoted(relative)),
            )),
            Err(why) => Err(why),
        }))
    }

    /// The names in a directory, or only `literal` when it is there.
    fn names(
        &mut self,
        location: &Path,
        relative: &str,
        literal: Option<&str>,
    ) -> Result<Vec<std::ffi::OsString>, Why> {
        if let Some(name) = literal {
            self.spend()?;
            let exists = lstat(&location.join(name)).is_ok() && is_exact_name(location, name);
            return Ok(if exists { vec![name.into()] } else { Vec::new() });
        }
        let failed = |error: &io::Error| unreadable(&format!("the directory {}", quoted(relative)), error);
        let mut names = Vec::new();
        for entry in fs::read_dir(location).map_err(|error| failed(&error))? {
            self.spend()?;
            names.push(entry.map_err(|error| failed(&error))?.file_name());
        }
        Ok(names)
    }

    fn spend(&mut self) -> Result<(), Why> {
        self.entries_left = self.entries_left.checked_sub(1).ok_or_else(|| {
            Why::new(
                "too-many-files",
                format!("more than {ENTRY_LIMIT} files would have to be looked at; name fewer in the source"),
            )
        })?;
        Ok(())
    }
}

/// Which names are worth a look at each depth.
struct Plan<'p> {
    /// One pattern a path component; empty when a component cannot be matched by itself.
    components: Vec<(Pattern, Option<&'p str>)>,
}

impl<'p> Plan<'p> {
    fn new(parsed: &Pattern, pattern: &'p str) -> Self {
        let components = if parsed.has_fixed_depth() {
            let component = |text: &'p str| {
                let is_literal = !glob::has_wildcard(text) && !text.contains(['\\', ':']);
                Pattern::parse(text).map(|parsed| (parsed, is_literal.then_some(text)))
            };
            // Fails for an escaped slash only.
            pattern.split('/').map(component).collect::<Result<_, _>>().unwrap_or_default()
        } else {
            Vec::new()
        };
        Self { components }
    }

    /// The only name that can match at this depth.
    fn literal(&self, depth: usize) -> Option<&'p str> {
        self.components.get(depth).and_then(|(_, literal)| *literal)
    }

    fn may_match(&self, depth: usize, name: &[u8]) -> bool {
        self.components.get(depth).is_none_or(|(pattern, _)| pattern.matches(name))
    }
}

fn lstat(path: &Path) -> io::Result<Metadata> {
    fs::symlink_metadata(path)
}

/// Whether the path leads nowhere, as opposed to somewhere we may not look.
fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// A path in a message: control characters are escaped.
pub(super) fn quoted(path: &str) -> String {
    format!("`{}`", path.escape_debug())
}

/// Why something could not be looked at. Only the kind of the error is given: its text may hold a path.
pub(super) fn unreadable(what: &str, error: &io::Error) -> Why {
    Why::new("unreadable", format!("{what} cannot be read ({}); make it readable or remove it", error.kind()))
}

pub(super) fn join(directory: &str, name: &str) -> String {
    match (directory, name) {
        ("", name) => name.to_owned(),
        (directory, "") => directory.to_owned(),
        (directory, name) => format!("{directory}/{name}"),
    }
}

fn join_bytes(directory: &[u8], name: &[u8]) -> Vec<u8> {
    if directory.is_empty() { name.to_owned() } else { [directory, b"/", name].concat() }
}

/// A link target with `/` between its components, when it is text that means the same in the builder.
#[cfg(not(windows))]
fn link_text(target: &Path) -> Option<String> {
    target.to_str().map(str::to_owned)
}

#[cfg(windows)]
fn link_text(target: &Path) -> Option<String> {
    let relative =
        !target.has_root() && !matches!(target.components().next(), Some(std::path::Component::Prefix(_)));
    relative.then(|| target.to_str().map(|text| text.replace('\\', "/"))).flatten()
}

/// A name as the builder's Go code sees it: bytes.
#[cfg(unix)]
fn name_bytes(name: &OsStr) -> std::borrow::Cow<'_, [u8]> {
    std::borrow::Cow::Borrowed(std::os::unix::ffi::OsStrExt::as_bytes(name))
}

#[cfg(not(unix))]
fn name_bytes(name: &OsStr) -> std::borrow::Cow<'_, [u8]> {
    match name.to_string_lossy() {
        std::borrow::Cow::Borrowed(text) => std::borrow::Cow::Borrowed(text.as_bytes()),
        std::borrow::Cow::Owned(text) => std::borrow::Cow::Owned(text.into_bytes()),
    }
}

/// A name as text: each byte that is not UTF-8 is U+FFFD, as in Go.
pub(super) fn display(name: &OsStr) -> String {
    let mut text = String::new();
    for chunk in name_bytes(name).utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    text
}

/// The builder tells `README` from `readme` where this file system may not.
#[cfg(any(windows, target_os = "macos"))]
fn is_exact_name(directory: &Path, name: &str) -> bool {
    fs::read_dir(directory)
        .is_ok_and(|mut entries| entries.any(|entry| entry.is_ok_and(|entry| entry.file_name() == name)))
}

#[cfg(not(any(windows, target_os = "macos")))]
fn is_exact_name(_: &Path, _: &str) -> bool {
    true
}
