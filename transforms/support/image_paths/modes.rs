//! Files a user other than root could not use.

use harden_core::syntax::{Instruction, Span};
use harden_core::{ContextListing, EntryKind, ListedEntry, ListedKind};

use super::chain::StepKind;
use super::effects::Effect;
use super::paths::{self, below, join, name};
use super::{Copied, CopyKind, ImagePaths, MAX_WORK, Target};

/// What is told of one image at most.
const LIMIT: usize = 100;
/// Stages that are followed into each other.
const MAX_DEPTH: u32 = 4;

/// Something in the image that only its owner or group could use.
#[derive(Clone, Debug)]
pub(crate) struct Unreadable<'a> {
    /// Its absolute path in the image.
    pub(crate) path: String,
    /// What it is.
    pub(crate) kind: UnreadableKind,
    /// Its permission bits in the image.
    pub(crate) mode: u32,
    /// Its path in the build context; `None` for a download and for a folder that a `--chmod` made.
    pub(crate) source: Option<String>,
    /// Its owner as `--chown` or a later `RUN chown` says; `None` is root.
    pub(crate) owner: Option<String>,
    /// The COPY or ADD that brings it into this image.
    pub(crate) span: Span,
    /// The instruction, of which [`Self::span`] is the keyword.
    pub(crate) instruction: Instruction<'a>,
    /// The build context is a guess.
    pub(crate) guessed: bool,
}

/// What an [`Unreadable`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UnreadableKind {
    /// A file without `o+r`.
    File,
    /// A folder without `o+rx`.
    Folder,
    /// A file ADD downloaded: mode 0600.
    Download,
}

impl UnreadableKind {
    fn is_usable(self, mode: u32) -> bool {
        match self {
            Self::File | Self::Download => mode & 0o4 != 0,
            Self::Folder => mode & 0o5 == 0o5,
        }
    }
}

impl<'a> ImagePaths<'_, 'a> {
    /// Files and folders that a user who is not their owner could not use: without `o+r` for files, `o+rx` for folders.
    /// They come from the build context, directly or through a stage, or were downloaded. Where a later `RUN chmod`
    /// opens them they are left out. At most 100, in the order of the file; none where modes are not known.
    pub(crate) fn unreadable(&self) -> Vec<Unreadable<'a>> {
        self.work.set(MAX_WORK);
        let mut found = self.unreadable_of(self.stage, 0);
        found.retain(|one| !self.is_overwritten(one));
        found
    }

    /// Whether another instruction puts something else there later. A folder that is there keeps its mode where
    /// something is copied into it.
    fn is_overwritten(&self, one: &Unreadable<'a>) -> bool {
        let origin = self.origin(&one.path);
        let Some(by) = origin.by() else { return false };
        let is_later = by.instruction.span().start > one.instruction.span().start;
        let is_into = || {
            let mut copies =
                self.copied().filter(|copied| copied.instruction.span() == by.instruction.span());
            copies.any(|copied| copied.destination.as_ref().is_ok_and(|path| *path == one.path))
        };
        by.certain && is_later && !(one.kind == UnreadableKind::Folder && is_into())
    }

    fn unreadable_of(&self, stage: usize, depth: u32) -> Vec<Unreadable<'a>> {
        let mut found: Vec<Unreadable<'a>> = Vec::new();
        let Some(chain) = self.chain(stage).filter(|_| depth < MAX_DEPTH) else { return found };
        for step in &chain.steps {
            if !self.spend() {
                break;
            }
            match &step.kind {
                StepKind::Copy(copied) => {
                    let mut fresh = self.closed_by(copied, depth);
                    // What is copied over something decides its mode.
                    found.retain(|old| !fresh.iter().any(|new| new.path == old.path));
                    fresh.truncate(LIMIT - found.len().min(LIMIT));
                    found.append(&mut fresh);
                }
                StepKind::Run(Effect::Mode { path, spec, recursive }) => {
                    for one in &mut found {
                        if !self.spend() || !covers(path, &one.path, *recursive) {
                            continue;
                        }
                        let is_folder = one.kind == UnreadableKind::Folder;
                        one.mode = apply(spec, one.mode, is_folder).unwrap_or(one.mode);
                    }
                    found.retain(|one| !one.kind.is_usable(one.mode));
                }
                StepKind::Run(Effect::Owner { path, spec, recursive }) => {
                    for one in &mut found {
                        if !self.spend() || !covers(path, &one.path, *recursive) {
                            continue;
                        }
                        one.owner = Some(spec.clone());
                    }
                }
                StepKind::Run(Effect::Remove { path, sure: true }) => {
                    found.retain(|one| below(path, &one.path).is_none());
                }
                StepKind::Run(Effect::Move { from, to, into, copy: false, sure: true }) => {
                    let to = if *into { join(to, name(from)) } else { to.clone() };
                    for one in &mut found {
                        if let Some(rest) = below(from, &one.path) {
                            one.path = join(&to, rest);
                        }
                    }
                }
                StepKind::Run(_) => {}
            }
        }
        found
    }

    /// What one COPY or ADD brings that others cannot use.
    fn closed_by(&self, copied: &Copied<'a>, depth: u32) -> Vec<Unreadable<'a>> {
        let Ok(destination) = &copied.destination else { return Vec::new() };
        let mut found = Vec::new();
        if copied.mode.as_deref().is_some_and(is_number) {
            // A number counts for the folders on the way too and may shut them; `u=rwX` does not (measured).
            let mut made: Vec<_> = copied.makes.iter().rev().cloned().collect();
            if copied.target == Target::Either && self.copies_folder(copied) {
                made.push(destination.clone());
            }
            for path in made {
                found.extend(closed(copied, path, UnreadableKind::Folder, 0o755, None, false));
            }
        }
        for source in &copied.sources {
            match &source.kind {
                CopyKind::Context => self.closed_files(copied, destination, &source.text, &mut found),
                CopyKind::Remote => {
                    let url = source.text.split(['?', '#']).next().unwrap_or_default();
                    let path = match copied.target {
                        Target::Folder => join(destination, name(url)),
                        Target::Either => destination.clone(),
                    };
                    found.extend(closed(copied, path, UnreadableKind::Download, 0o600, None, false));
                }
                CopyKind::Stage(stage) => {
                    let root = paths::resolve("/", &source.text);
                    for one in self.unreadable_of(*stage, depth + 1) {
                        let Some(rest) = below(&root, &one.path) else { continue };
                        if rest.is_empty() && one.kind == UnreadableKind::Folder {
                            continue;
                        }
                        let path = match (rest, copied.target) {
                            ("", Target::Folder) => join(destination, name(&root)),
                            (rest, _) => join(destination, rest),
                        };
                        found.extend(closed(copied, path, one.kind, one.mode, one.source, one.guessed));
                    }
                }
                _ => {}
            }
            if found.len() >= LIMIT {
                break;
            }
        }
        found
    }

    fn copies_folder(&self, copied: &Copied<'a>) -> bool {
        copied.sources.iter().any(|source| {
            matches!(source.kind, CopyKind::Context)
                && self
                    .ctx
                    .context_source(&source.text)
                    .is_ok_and(|found| found.entries.iter().any(|entry| entry.kind == EntryKind::Directory))
        })
    }

    fn closed_files(
        &self,
        copied: &Copied<'a>,
        destination: &str,
        source: &str,
        found: &mut Vec<Unreadable<'a>>,
    ) {
        let Ok(entries) = self.ctx.context_source(source) else { return };
        let pivot = source.split_once("/./").map_or(String::new(), |(before, _)| paths::relative(before));
        for entry in &entries.entries {
            let root = if entry.path == "." { "" } else { entry.path.as_str() };
            let Ok(listing) = self.ctx.context_listing(root) else { continue };
            let base = if copied.parents {
                join(destination, below(&pivot, root).unwrap_or(root))
            } else {
                destination.to_owned()
            };
            let ContextListing { entries, guessed, .. } = &*listing;
            for ListedEntry { path, kind, mode } in entries {
                let (Some(mode), Some(rest)) = (mode, below(root, path)) else { continue };
                let kind = match kind {
                    ListedKind::File => UnreadableKind::File,
                    ListedKind::Directory => UnreadableKind::Folder,
                    ListedKind::Other => continue,
                };
                if !self.spend() {
                    return;
                }
                let path_there = match (rest, copied.target) {
                    ("", Target::Folder) if !copied.parents => join(&base, name(root)),
                    (rest, _) => join(&base, rest),
                };
                let source = Some(path.clone());
                found.extend(closed(copied, path_there, kind, *mode, source, *guessed));
                if found.len() >= LIMIT {
                    return;
                }
            }
        }
    }
}

/// It, unless everybody can use it in the image.
fn closed<'a>(
    copied: &Copied<'a>,
    path: String,
    kind: UnreadableKind,
    mode: u32,
    source: Option<String>,
    guessed: bool,
) -> Option<Unreadable<'a>> {
    let mode = match &copied.mode {
        // What cannot be read is taken to be what its author needs.
        Some(spec) => apply(spec, mode, kind == UnreadableKind::Folder)?,
        None => mode,
    };
    let instruction = copied.instruction;
    let span = instruction.keyword_token().span();
    let owner = copied.owner.clone();
    (!kind.is_usable(mode)).then_some(Unreadable {
        path,
        kind,
        mode,
        source,
        owner,
        span,
        instruction,
        guessed,
    })
}

/// Whether `chmod` of a path or pattern reaches something.
fn covers(pattern: &str, path: &str, recursive: bool) -> bool {
    if !paths::is_pattern(pattern) {
        return below(pattern, path).is_some_and(|rest| recursive || rest.is_empty());
    }
    // Wildcards of a shell stop at slashes.
    let depth = pattern.matches('/').count();
    let end = path.match_indices('/').nth(depth).map(|(at, _)| at);
    let reached = &path[..end.unwrap_or(path.len())];
    (recursive || end.is_none()) && paths::matches(pattern, reached).unwrap_or(true)
}

fn is_number(spec: &str) -> bool {
    !spec.is_empty() && spec.bytes().all(|byte| matches!(byte, b'0'..=b'7'))
}

/// Permission bits after `chmod SPEC` (POSIX `chmod`, operand `mode`); `None` when the text is none.
pub(super) fn apply(spec: &str, mode: u32, is_folder: bool) -> Option<u32> {
    if is_number(spec) {
        return u32::from_str_radix(spec, 8).ok().map(|bits| bits & 0o7777);
    }
    let mut mode = mode;
    for clause in spec.split(',') {
        let at = clause.find(['+', '-', '='])?;
        let mut who = 0;
        for one in clause[..at].chars() {
            who |= match one {
                'u' => 0o700,
                'g' => 0o070,
                'o' => 0o007,
                'a' => 0o777,
                _ => return None,
            };
        }
        // Without a letter the umask counts; 022 is that of every builder.
        let (who, masked) = if at == 0 { (0o777, 0o755) } else { (who, 0o777) };
        let mut rest = &clause[at..];
        while let Some(operator) = rest.chars().next() {
            let end = rest[1..].find(['+', '-', '=']).map_or(rest.len(), |found| found + 1);
            let mut bits = 0;
            for one in rest[1..end].chars() {
                bits |= match one {
                    'r' => 0o444,
                    'w' => 0o222,
                    'x' => 0o111,
                    'X' if is_folder || mode & 0o111 != 0 => 0o111,
                    'X' | 's' | 't' => 0,
                    'u' => (mode >> 6 & 7) * 0o111,
                    'g' => (mode >> 3 & 7) * 0o111,
                    'o' => (mode & 7) * 0o111,
                    _ => return None,
                };
            }
            let bits = bits & who & masked;
            mode = match operator {
                '+' => mode | bits,
                '-' => mode & !bits,
                _ => mode & !who | bits,
            };
            rest = &rest[end..];
        }
    }
    Some(mode)
}
