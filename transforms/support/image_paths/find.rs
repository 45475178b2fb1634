//! Follows a path back through the steps of a stage.

use harden_core::Why;
use harden_core::syntax::Instruction;

use super::chain::StepKind;
use super::paths::{below, name};
use super::stages::elsewhere;
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
    pub(super) fn perhaps(mut origin: Origin<'a>) -> Self {
        if let Some(by) = origin.by_mut() {
            by.certain = false;
        }
        Self::Perhaps(origin)
    }

    pub(super) fn doubtful(self) -> Self {
        match self {
            Self::Sure(origin) => Self::perhaps(origin),
            other => other,
        }
    }

    /// The first that is sure, else the first that may be.
    pub(super) fn or(self, other: impl FnOnce() -> Self) -> Self {
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
pub(super) struct Reach<'p> {
    /// It is the source itself, as a file.
    pub(super) file: Option<Certainty>,
    /// It lies this far below the source, as a folder; empty for the folder itself.
    pub(super) inside: Option<&'p str>,
}

/// How sure it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Certainty {
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
}

impl<'a> By<'a> {
    pub(super) fn of(copied: &Copied<'a>) -> Self {
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
pub(super) fn reach<'p>(destination: &str, target: Target, name: &str, path: &'p str) -> Reach<'p> {
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

pub(super) fn is_true(instruction: Instruction<'_>, flag: &str) -> bool {
    instruction
        .flag(flag)
        .is_some_and(|flag| !flag.value().is_some_and(|value| value.eq_ignore_ascii_case("false")))
}
