//! Follows a path back through the steps of a stage.

use harden_core::syntax::{Instruction, Keyword};
use harden_core::{ContextSource, EntryKind, Why};

use super::chain::{Bottom, Step, StepKind};
use super::effects::Effect;
use super::paths::{self, below, join, name};
use super::{By, Copied, CopyKind, CopySource, ImagePaths, Origin, Target};

/// Links, stages and renames followed for one path at most.
const MAX_DEPTH: u32 = 12;

/// What one or more steps say about a path.
pub(super) enum Look<'a> {
    /// They do not put it there.
    No,
    /// They may.
    Perhaps(Origin<'a>),
    /// They do, or take it away: [`Origin::Base`].
    Sure(Origin<'a>),
}

impl<'a> Look<'a> {
    fn perhaps(mut origin: Origin<'a>) -> Self {
        if let Some(by) = origin.by_mut() {
            by.certain = false;
        }
        Self::Perhaps(origin)
    }

    fn doubtful(self) -> Self {
        match self {
            Self::Sure(origin) => Self::perhaps(origin),
            other => other,
        }
    }

    /// The first that is sure, else the first that may be.
    fn or(self, other: impl FnOnce() -> Self) -> Self {
        match self {
            Self::Sure(_) => self,
            Self::No => other(),
            Self::Perhaps(_) => match other() {
                sure @ Self::Sure(_) => sure,
                _ => self,
            },
        }
    }
}

/// How a path lies to what a source that may be a file or a folder leaves behind.
struct Reach<'p> {
    /// It is the source itself, as a file.
    file: Option<Certainty>,
    /// It lies this far below the source, as a folder; empty for the folder itself.
    inside: Option<&'p str>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Certainty {
    Sure,
    Perhaps,
}

impl<'a> ImagePaths<'_, 'a> {
    /// Where `path` of `stage` comes from, before step number `before` of its chain or at its end.
    pub(super) fn look(&self, stage: usize, path: &str, before: Option<usize>, depth: u32) -> Look<'a> {
        let unknown = |code, message| Look::Perhaps(Origin::Unknown(Why::new(code, message)));
        if depth > MAX_DEPTH {
            return unknown("too-deep", "it goes through too many stages and links");
        }
        let Some(chain) = self.chain(stage) else {
            return unknown("too-complex", "it goes through too many stages");
        };
        let steps = chain.steps.get(..before.unwrap_or(chain.steps.len())).unwrap_or_default();
        let mut maybe = Look::No;
        for (index, step) in steps.iter().enumerate().rev() {
            if !self.spend() {
                return unknown("too-complex", "too many instructions would have to be followed");
            }
            let found = match &step.kind {
                StepKind::Copy(copied) => self.in_copy(copied, path, depth),
                StepKind::Run(effect) => self.in_run(stage, index, step, effect, path, depth),
            };
            match (found, &maybe) {
                (Look::Sure(origin), _) => return Look::Sure(origin),
                (perhaps @ Look::Perhaps(_), Look::No) => maybe = perhaps,
                _ => {}
            }
        }
        maybe
    }

    fn in_copy(&self, copied: &Copied<'a>, path: &str, depth: u32) -> Look<'a> {
        let destination = match &copied.destination {
            Ok(destination) => destination,
            Err(why) => return Look::Perhaps(Origin::Unknown(why.clone())),
        };
        // Later sources overwrite earlier ones.
        let mut found = Look::No;
        for source in copied.sources.iter().rev() {
            found = found.or(|| self.in_source(copied, destination, source, path, depth));
        }
        found
    }

    fn in_source(
        &self,
        copied: &Copied<'a>,
        destination: &str,
        source: &CopySource,
        path: &str,
        depth: u32,
    ) -> Look<'a> {
        let by = || By::of(copied);
        if below(destination, path).is_none() {
            return Look::No;
        }
        let as_file =
            |name: &str, origin: Origin<'a>| match reach(destination, copied.target, name, path).file {
                Some(Certainty::Sure) => Look::Sure(origin),
                Some(Certainty::Perhaps) => Look::perhaps(origin),
                None => Look::No,
            };
        match &source.kind {
            CopyKind::Context => self.in_context(copied, destination, &source.text, path),
            CopyKind::Heredoc { name, body, expands } => {
                as_file(name, Origin::Heredoc { body: *body, expands: *expands, by: by() })
            }
            CopyKind::Remote => {
                let url = source.text.split(['?', '#']).next().unwrap_or_default();
                let file = match url.split_once("://").and_then(|(_, rest)| rest.split_once('/')) {
                    Some((_, path)) => name(path),
                    None => "",
                };
                if is_true(copied.instruction, "unpack") {
                    return Look::perhaps(Origin::Archive { by: by() });
                }
                as_file(file, Origin::Remote { by: by() })
            }
            CopyKind::Repository => Look::perhaps(Origin::Remote { by: by() }),
            CopyKind::Stage(stage) => self.in_stage(copied, destination, *stage, &source.text, path, depth),
            CopyKind::Image(image) => {
                let origin = |path: String| Origin::Image { image: image.clone(), path, by: by() };
                let (found, at) = elsewhere(copied, destination, &source.text, path);
                match (found, at) {
                    (Some(Certainty::Sure), at) => Look::Sure(origin(at)),
                    (Some(Certainty::Perhaps), at) => Look::perhaps(origin(at)),
                    (None, _) => Look::No,
                }
            }
            CopyKind::Unknown(why) => Look::Perhaps(Origin::Unknown(why.clone())),
        }
    }

    /// A source in the build context.
    fn in_context(&self, copied: &Copied<'a>, destination: &str, source: &str, path: &str) -> Look<'a> {
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
            return Some(entry.kind == harden_core::ListedKind::Directory);
        }
        let found = self.ctx.context_source(path).ok()?;
        found.entries.first().map(|entry| entry.kind == EntryKind::Directory)
    }

    /// A source in a stage.
    fn in_stage(
        &self,
        copied: &Copied<'a>,
        destination: &str,
        stage: usize,
        source: &str,
        path: &str,
        depth: u32,
    ) -> Look<'a> {
        let (certainty, at) = elsewhere(copied, destination, source, path);
        let Some(certainty) = certainty else { return Look::No };
        let adopt = |mut origin: Origin<'a>| {
            if let Some(by) = origin.by_mut() {
                let inner = by.clone();
                *by = By::of(copied);
                by.mode = by.mode.take().or(inner.mode);
                by.certain = inner.certain;
                by.argument = by.argument.take().or(inner.argument);
            }
            // What a RUN wrote there was made in that stage.
            match origin {
                Origin::Written { body: None, by } => Origin::Built { stage, path: at.clone(), by },
                other => other,
            }
        };
        let found = match self.look(stage, &at, None, depth + 1) {
            // A file, or a folder with a file of its own name inside.
            found @ (Look::No | Look::Sure(Origin::Base | Origin::Context { folder: true, .. })) => {
                match alternative(copied, destination, source, path) {
                    Some(inside) => match self.look(stage, &inside, None, depth + 1) {
                        Look::No | Look::Sure(Origin::Base) => found,
                        inside => inside,
                    },
                    None => found,
                }
            }
            found => found,
        };
        match found {
            Look::Sure(Origin::Base) => Look::No,
            Look::Sure(origin) => Look::Sure(adopt(origin)),
            Look::Perhaps(origin) => Look::perhaps(adopt(origin)),
            Look::No => {
                let Some(chain) = self.chain(stage) else { return Look::No };
                let by = By::of(copied);
                let origin = match (&chain.bottom, chain.runs) {
                    (Bottom::Scratch, false) => return Look::No,
                    (Bottom::Image(image), false) => Origin::Image { image: image.clone(), path: at, by },
                    _ => Origin::Built { stage, path: at, by },
                };
                if certainty == Certainty::Sure { Look::Sure(origin) } else { Look::perhaps(origin) }
            }
        }
    }

    /// One thing a RUN does.
    fn in_run(
        &self,
        stage: usize,
        index: usize,
        step: &Step<'a>,
        effect: &Effect,
        path: &str,
        depth: u32,
    ) -> Look<'a> {
        let by = || By {
            instruction: step.instruction,
            stage: step.stage,
            owner: None,
            mode: None,
            certain: true,
            argument: None,
        };
        let doubt = |look: Look<'a>, sure: bool| if sure { look } else { look.doubtful() };
        match effect {
            Effect::Write { path: written, body, sure } if written == path => {
                doubt(Look::Sure(Origin::Written { body: *body, by: by() }), *sure)
            }
            Effect::Remove { path: removed, sure: true } if below(removed, path).is_some() => {
                Look::Sure(Origin::Base)
            }
            Effect::Link { link, target, sure } => match below(link, path) {
                Some(rest) => {
                    let target = join(target, rest);
                    // A link to what the base image has leads there.
                    let found = match self.look(stage, &target, None, depth + 1) {
                        Look::No => Look::Sure(Origin::Base),
                        found => found,
                    };
                    doubt(found, *sure)
                }
                None => Look::No,
            },
            Effect::Move { from, to, into, copy, sure } => {
                let base = join(to, name(from));
                let inside = match (below(&base, path), below(to, path)) {
                    (Some(rest), _) if *into => Some((rest, true)),
                    (_, Some(rest)) if !*into => Some((rest, true)),
                    _ => None,
                };
                match inside {
                    Some((rest, certain)) => {
                        let found = match self.look(stage, &join(from, rest), Some(index), depth + 1) {
                            Look::No | Look::Sure(Origin::Base) if rest.is_empty() => {
                                Look::Sure(Origin::Written { body: None, by: by() })
                            }
                            Look::Sure(Origin::Base) => Look::No,
                            found => found,
                        };
                        doubt(found, *sure && certain)
                    }
                    None if !*copy && *sure && below(from, path).is_some() => Look::Sure(Origin::Base),
                    None => Look::No,
                }
            }
            _ => Look::No,
        }
    }
}

impl<'a> By<'a> {
    fn of(copied: &Copied<'a>) -> Self {
        Self {
            instruction: copied.instruction,
            stage: copied.stage,
            owner: copied.owner.clone(),
            mode: copied.mode.clone(),
            certain: true,
            argument: copied.arguments.first().cloned(),
        }
    }
}

/// How `path` lies to a source called `name`.
fn reach<'p>(destination: &str, target: Target, name: &str, path: &'p str) -> Reach<'p> {
    let inside = below(destination, path);
    let is_named = !name.is_empty() && inside == Some(name);
    let file = match (target, inside) {
        (Target::Folder, _) if is_named => Some(Certainty::Sure),
        (Target::Either, Some("")) => Some(Certainty::Sure),
        (Target::Either, _) if is_named => Some(Certainty::Perhaps),
        _ => None,
    };
    Reach { file, inside }
}

/// Where `path` lies in the stage or image a source is copied from, and how sure it is that it is there.
fn elsewhere(
    copied: &Copied<'_>,
    destination: &str,
    source: &str,
    path: &str,
) -> (Option<Certainty>, String) {
    let source = paths::resolve("/", source);
    let last = name(&source);
    let Some(inside) = below(destination, path) else { return (None, String::new()) };
    if copied.parents {
        let at = paths::resolve("/", inside);
        let part = below(&source, &at).is_some() || paths::is_pattern(&source);
        return (part.then_some(Certainty::Perhaps), at);
    }
    if paths::is_pattern(&source) {
        // Matches are files that go into the destination, or folders whose content does.
        return match inside {
            "" if copied.target == Target::Folder => (Some(Certainty::Perhaps), source),
            "" => (Some(Certainty::Sure), source),
            _ if !inside.contains('/') && paths::matches(last, inside) != Some(false) => {
                (Some(Certainty::Perhaps), join(paths::parent(&source), inside))
            }
            _ => (Some(Certainty::Perhaps), join(&source, inside)),
        };
    }
    match inside {
        // A file would go into the folder.
        "" if copied.target == Target::Folder => (Some(Certainty::Perhaps), source),
        "" => (Some(Certainty::Sure), source),
        // As a file in a folder, unless the source is a folder.
        _ if inside == last && !source.is_empty() => match copied.target {
            Target::Folder => (Some(Certainty::Sure), source),
            Target::Either => (Some(Certainty::Perhaps), source),
        },
        _ => (Some(Certainty::Perhaps), join(&source, inside)),
    }
}

/// For a path that is the source as a file: what it is when the source is a folder.
fn alternative(copied: &Copied<'_>, destination: &str, source: &str, path: &str) -> Option<String> {
    let source = paths::resolve("/", source);
    let inside = below(destination, path)?;
    let is_named = !copied.parents && inside == name(&source) && !inside.is_empty();
    is_named.then(|| join(&source, inside))
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
    let mut answer = Some(false);
    for pattern in &copied.excludes {
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

fn is_true(instruction: Instruction<'_>, flag: &str) -> bool {
    instruction
        .flag(flag)
        .is_some_and(|flag| !flag.value().is_some_and(|value| value.eq_ignore_ascii_case("false")))
}
