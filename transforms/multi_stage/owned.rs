//! Who owns what the runtime stage makes anew.
//!
//! WORKDIR makes its folder for the user in force, and leaves one that is there as it is (measured with BuildKit of buildx
//! 0.29). `COPY --from` keeps the owners of the files it copies; a folder that it makes is root's, unless `--chown` says
//! otherwise (Dockerfile reference, "COPY --chown").

use harden_core::syntax::{Flag, Instruction, Keyword};
use harden_core::{Value, image_path};

use super::effects::{self, Effect};
use super::moves::{Moves, is_in_project};
use super::owners;
use super::split::{CopyOut, Split};
use super::view::{Step, View};

/// The user for whom the builder makes a folder, as an instruction writes it; `None` for root, and where it is not known.
pub(crate) fn maker(view: &View<'_, '_>, split: &Split, moves: &Moves, folder: &str) -> Option<String> {
    for step in view.steps.iter().take(split.last + 1) {
        let user = || moves.users.get(step.index).cloned().flatten().filter(|user| !is_root(user));
        match step.instruction.keyword() {
            Keyword::Workdir if entered(view, step).is_some_and(|path| is_below(&path, folder)) => {
                return user();
            }
            Keyword::Copy | Keyword::Add if brings(view, step, folder) => {
                return usable(view, split, step, chown(step.instruction)?);
            }
            Keyword::Run => {
                let makes = |effect: Effect| match effect {
                    Effect::Folders(paths) | Effect::Trees(paths) | Effect::Writes(paths) => {
                        paths.iter().any(|path| is_below(path, folder))
                    }
                    _ => false,
                };
                if step.ran.iter().flat_map(|ran| effects::of(view, ran)).any(makes) {
                    return user();
                }
            }
            _ => {}
        }
    }
    None
}

/// The value of `--chown` for what is copied out of the builder: the one user other than root to whom all of it belongs.
pub(crate) fn owner(view: &View<'_, '_>, split: &Split, moves: &Moves, copy: &CopyOut) -> Option<String> {
    // The root of the project is made by WORKDIR, and what steps of other users put into it keeps its owner.
    let holds_root = split.roots.iter().any(|root| is_below(root, &copy.from));
    if holds_root || !is_in_project(split, &copy.from) {
        return None;
    }
    let end = view.steps.get(split.last)?.instruction.span().end;
    let mut copied: Vec<u32> = Vec::new();
    if let Ok(files) = view.files() {
        let own = files.all.get(&copy.from).into_iter();
        copied.extend(own.chain(files.below(&copy.from).map(|(_, file)| file)).map(|file| file.by));
        copied.retain(|by| *by < end);
        copied.sort_unstable();
        copied.dedup();
    }
    if copied.is_empty() {
        return builder(view, split, moves);
    }
    let mut owners = copied.into_iter().map(|by| {
        let step = view.steps.iter().find(|step| step.instruction.span().start == by)?;
        usable(view, split, step, chown(step.instruction)?)
    });
    let first = owners.next()??;
    owners.all(|owner| owner.as_deref() == Some(first.as_str())).then_some(first)
}

/// The user of all steps that build, if that is one and not root.
fn builder(view: &View<'_, '_>, split: &Split, moves: &Moves) -> Option<String> {
    let mut users = split.explained.iter().map(|at| moves.users.get(at.0).cloned().flatten());
    let first = users.next()??;
    let step = view.steps.get(split.last)?;
    let is_one = users.all(|user| user.as_deref() == Some(first.as_str()));
    usable(view, split, step, &first).filter(|user| is_one && !is_root(user))
}

/// The value of `--chown` of an instruction.
fn chown(instruction: Instruction<'_>) -> Option<&str> {
    instruction.flag("chown").and_then(Flag::value)
}

/// An owner with its variables filled in, if the runtime stage knows it.
fn usable(view: &View<'_, '_>, split: &Split, step: &Step<'_>, written: &str) -> Option<String> {
    let text = view.scopes.expand_text(&step.state, written).ok()?.text;
    let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte));
    let known = |name: &str| {
        name.bytes().all(|byte| byte.is_ascii_digit())
            || (split.runtime.shell && owners::is_known(view, split, name))
    };
    let all = is_plain && !text.is_empty() && text.split(':').all(known);
    (all && !is_root(&text)).then_some(text)
}

fn is_root(user: &str) -> bool {
    matches!(user.split(':').next(), Some("root" | "0" | ""))
}

/// The folder a WORKDIR enters.
fn entered(view: &View<'_, '_>, step: &Step<'_>) -> Option<String> {
    match view.steps.get(step.index + 1) {
        Some(next) => next.workdir.clone().ok(),
        None => match &view.run.end.workdir {
            Value::Known(path) => Some(path.clone()),
            _ => None,
        },
    }
}

/// Whether a COPY makes a folder.
fn brings(view: &View<'_, '_>, step: &Step<'_>, folder: &str) -> bool {
    let at = step.instruction.span();
    let copied = view.run.paths.copied().find(|one| one.instruction.span() == at);
    let to = copied.and_then(|one| one.destination.as_deref().ok());
    to.is_some_and(|to| is_below(to, folder))
}

/// Whether a path is a folder or below it.
fn is_below(path: &str, folder: &str) -> bool {
    let path = image_path::resolve("/", path);
    path.strip_prefix(folder.trim_end_matches('/'))
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
