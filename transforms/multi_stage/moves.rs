//! Which instructions stay in the builder, and which the runtime stage gets.

use harden_core::syntax::{Instruction, Keyword, Pair};
use harden_core::{Why, image_path};

use super::effects::{self, Effect};
use super::owners;
use super::packages::{self, Install};
use super::ran::Ran;
use super::split::Split;
use super::steps::{self, Made};
use super::tools;
use super::view::{Step, View};

/// What becomes of the steps up to the last one of the builder, and what the runtime stage begins with.
#[derive(Clone, Debug, Default)]
pub(crate) struct Moves {
    /// One for each step up to [`Split::last`].
    pub(crate) fates: Vec<Fate>,
    /// The working directory of the runtime stage where the steps behind the split begin; `None` when it is that of
    /// the image anyway.
    pub(crate) workdir: Option<String>,
    /// What installs the packages the runtime stage needs.
    pub(crate) install: Option<Install>,
    /// The user in force before each step up to the split and behind it, as written; `None` where the file sets none.
    pub(crate) users: Vec<Option<String>>,
}

/// What becomes of an instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It stays in the builder.
    Build,
    /// It moves to the runtime stage.
    Run,
    /// It is in both.
    Both,
    /// The builder keeps it whole, the runtime stage gets these pairs of it, by index.
    Pairs(Vec<usize>),
    /// The builder keeps it whole, the runtime stage gets these commands of it.
    Part {
        /// Texts of commands for a RUN before the files of the builder.
        before: Vec<String>,
        /// Texts of commands for a RUN that has to follow them.
        after: Vec<String>,
    },
    /// It is in both; in the runtime stage it has to follow the files of the builder.
    BothAfterCopies,
}

/// Finds out.
///
/// # Errors
/// A step does something that nobody can follow: `unknown-step`, `mixed-step`, …
pub(crate) fn plan(view: &View<'_, '_>, split: &mut Split) -> Result<Moves, Why> {
    let mut moves = Moves::default();
    let mut made = Made::default();
    let mut user = None;
    for step in view.steps.iter().take(split.last + 1) {
        moves.users.push(user.clone());
        let fate = match step.instruction.keyword() {
            Keyword::Run => steps::run(view, split, step, &mut made)?,
            Keyword::Copy | Keyword::Add => copy(view, split, step)?,
            Keyword::Env => env(split, step.instruction),
            Keyword::Arg | Keyword::Workdir => Fate::Build,
            Keyword::User => {
                user = Some(step.instruction.arguments().text().to_owned());
                Fate::Build
            }
            Keyword::Shell => Fate::Both,
            _ => Fate::Run,
        };
        moves.fates.push(fate);
    }
    moves.users.push(user);
    arguments(view, split, &mut moves);
    split.copies.extend(made.copies(view)?);
    let kept = packages::kept(view, &made.wanted);
    packages::removed(view, split, &kept)?;
    tools::check(view, split, &moves.fates, &kept)?;
    owners::check(view, split, &moves.fates, !kept.is_empty())?;
    moves.install = packages::install(view, split, &made.wanted)?;
    moves.workdir = Some(workdir(view, split)?).filter(|path| path != "/");
    Ok(moves)
}

/// The working directory where the builder ends.
fn workdir(view: &View<'_, '_>, split: &Split) -> Result<String, Why> {
    match view.steps.get(split.last + 1) {
        Some(next) => next.workdir.clone(),
        None => view.end_workdir(),
    }
}

/// COPY and ADD: into the project they are the business of the recipe, anything else the runtime stage gets as well.
fn copy(view: &View<'_, '_>, split: &Split, step: &Step<'_>) -> Result<Fate, Why> {
    let at = step.instruction.span();
    let unknown = |why: &str| {
        let message = format!("where `{}` puts its files is not known: {why}", first_line(step.instruction));
        Why::new("copy-unknown", message)
    };
    let copied = view.run.paths.copied().find(|one| one.instruction.span() == at);
    let copied = copied.ok_or_else(|| unknown("it cannot be read"))?;
    let destination = copied.destination.clone().map_err(|why| unknown(&why.message))?;
    let inside = is_in_project(split, &destination) || is_carried(split, &destination);
    Ok(if inside { Fate::Build } else { Fate::Both })
}

fn env(split: &Split, instruction: Instruction<'_>) -> Fate {
    let pairs = instruction.pairs();
    let kept: Vec<usize> = (0..pairs.len())
        .filter(|&index| pairs.get(index).is_some_and(|pair| !(split.is_build_variable)(pair.key.text())))
        .collect();
    match kept.len() {
        0 => Fate::Build,
        all if all == pairs.len() => Fate::Both,
        _ => Fate::Pairs(kept),
    }
}

/// ARGs that what the runtime stage gets refers to are declared there again.
fn arguments(view: &View<'_, '_>, split: &Split, moves: &mut Moves) {
    let behind = view.steps.iter().skip(split.last + 1).map(|step| step.instruction.joined());
    let mut used: Vec<&str> = behind.collect();
    for (step, fate) in view.steps.iter().zip(&moves.fates) {
        if *fate != Fate::Build {
            used.push(step.instruction.joined());
        }
    }
    used.extend(moves.users.iter().flatten().map(String::as_str));
    let all = reads_environment(view, split, moves);
    let mut found: Vec<(usize, Vec<usize>)> = Vec::new();
    for step in
        view.steps.iter().take(split.last + 1).filter(|step| step.instruction.keyword() == Keyword::Arg)
    {
        let pairs: Vec<Pair<'_>> = step.instruction.pairs();
        let kept: Vec<usize> = (0..pairs.len())
            .filter(|&at| {
                pairs
                    .get(at)
                    .map(|pair| pair.key.text())
                    .is_some_and(|name| is_named(&used, name) || (all && !(split.is_build_variable)(name)))
            })
            .collect();
        if !kept.is_empty() {
            // A default may refer to other arguments.
            used.push(step.instruction.joined());
            found.push((step.index, if kept.len() == pairs.len() { Vec::new() } else { kept }));
        }
    }
    for (index, kept) in found {
        if let Some(fate) = moves.fates.get_mut(index) {
            *fate = if kept.is_empty() { Fate::Both } else { Fate::Pairs(kept) };
        }
    }
}

/// Whether the runtime stage runs a program that may read arguments: RUN has them as variables (Dockerfile reference,
/// "ARG").
fn reads_environment(view: &View<'_, '_>, split: &Split, moves: &Moves) -> bool {
    let runs = |step: &&Step<'_>| {
        step.index > split.last
            || matches!(moves.fates.get(step.index), Some(Fate::Both | Fate::BothAfterCopies))
    };
    let reads = |ran: &Ran| effects::of(view, ran).iter().any(|effect| matches!(effect, Effect::Unknown(_)));
    view.steps.iter().filter(runs).any(|step| !step.is_read || step.ran.iter().any(reads))
}

/// Whether one of the texts refers to a variable, in any way.
fn is_named(texts: &[&str], name: &str) -> bool {
    texts.iter().any(|text| {
        text.match_indices(name).any(|(at, _)| {
            let before = text.get(..at).unwrap_or_default();
            let after = text.get(at + name.len()..).unwrap_or_default();
            let ends = !after.starts_with(|next: char| next.is_ascii_alphanumeric() || next == '_');
            ends && (before.ends_with('$') || before.ends_with("${"))
        })
    })
}

/// Whether the runtime stage has what the builder has there.
pub(crate) fn is_carried(split: &Split, path: &str) -> bool {
    split.copies.iter().any(|copy| copy.carries(path))
}

pub(crate) fn is_in_project(split: &Split, path: &str) -> bool {
    split.roots.iter().any(|root| {
        let rest = image_path::resolve("/", path);
        rest.strip_prefix(root.trim_end_matches('/'))
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

/// The beginning of an instruction, for messages.
pub(crate) fn first_line(instruction: Instruction<'_>) -> String {
    let text = instruction.joined();
    let line = text.lines().next().unwrap_or_default();
    match line.char_indices().nth(60) {
        Some((at, _)) => format!("{}…", line.get(..at).unwrap_or_default()),
        None => line.to_owned(),
    }
}
