//! Steps behind the split that read files only the builder has.
//!
//! A recipe ends the builder with the last step that builds. What follows may still copy from the sources, or from what
//! the build left beside the program; then the builder has to end later.

use harden_core::syntax::Keyword;
use harden_core::{Why, image_path};

use super::effects::{self, Effect};
use super::files::Files;
use super::moves::{first_line, is_carried, is_in_project};
use super::ran::Ran;
use super::split::Split;
use super::view::{Step, View};

/// Lets the builder end with the last step that reads a file only it has.
///
/// # Errors
/// `step-reads-sources`: files are copied between the build and that step, which belong to the runtime stage.
pub(crate) fn extend(view: &View<'_, '_>, split: &mut Split) -> Result<(), Why> {
    let Some(end) = view.steps.get(split.last).map(|step| step.instruction.span().end) else { return Ok(()) };
    let mut made: Vec<String> = Vec::new();
    let mut found = None;
    for step in view.steps.iter().skip(split.last + 1) {
        for ran in &step.ran {
            if let Some(path) = missing(view, split, end, &made, ran) {
                found = Some((step, path));
            }
            made.extend(effects::of(view, ran).into_iter().flat_map(written));
        }
    }
    let Some((step, path)) = found else { return Ok(()) };
    let is_copy = |step: &&Step<'_>| matches!(step.instruction.keyword(), Keyword::Copy | Keyword::Add);
    let between = view.steps.iter().take(step.index).skip(split.last + 1);
    if let Some(copy) = between.into_iter().find(is_copy) {
        let message = format!(
            "`{}` reads `{path}` of the sources, and `{}` comes between it and the build; move it to the other RUN of \
             the build",
            first_line(step.instruction),
            first_line(copy.instruction)
        );
        return Err(Why::new("step-reads-sources", message));
    }
    split.last = step.index;
    Ok(())
}

fn written(effect: Effect) -> Vec<String> {
    match effect {
        Effect::Writes(paths) | Effect::Trees(paths) | Effect::Folders(paths) | Effect::Links(paths) => paths,
        _ => Vec::new(),
    }
}

/// A path of the project that a command reads and the runtime stage lacks.
fn missing(view: &View<'_, '_>, split: &Split, end: u32, made: &[String], ran: &Ran) -> Option<String> {
    let name = ran.name().unwrap_or_default();
    // They make what they name.
    if matches!(name, "mkdir" | "touch" | "echo" | "printf" | "useradd" | "adduser" | "cd") {
        return None;
    }
    let forced = name == "rm" && ran.command.has_flag(Some('f'), "force");
    if forced {
        return None;
    }
    let whole = !matches!(name, "chmod" | "chown" | "chgrp" | "rm" | "find");
    let reads = matches!(name, "cat" | "chgrp" | "chmod" | "chown" | "cp" | "install" | "mv" | "rm");
    let count = ran.command.words.len();
    let inputs = ran.command.redirects.iter().filter(|(operator, _)| operator == "<").map(|(_, word)| word);
    let operands = ran.command.words.iter().enumerate().filter_map(|(index, word)| {
        // What is copied to is no source.
        let is_target = matches!(name, "cp" | "mv" | "install" | "ln") && index + 1 == count;
        (index > 0 && !is_target).then_some(word)
    });
    operands.chain(inputs).find_map(|word| {
        let text = word.text.as_str();
        if text.is_empty() || text.starts_with('-') || text.contains(['$', '`', '\n']) {
            return None;
        }
        let path = ran.path(text)?;
        let provided = |path: &str| {
            is_carried(split, path)
                || split.copies.iter().any(|copy| is_below(path, copy.to.trim_end_matches('/')))
                || made.iter().any(|made| is_below(path, made))
        };
        let is_root = split.roots.iter().any(|root| is_below(root, &path));
        if is_root || !is_in_project(split, &path) || provided(&path) {
            return None;
        }
        let lacks = match view.files() {
            Ok(files) => known(files, end, &path, whole, &provided),
            Err(_) => None,
        };
        // A file the context does not have was made by the build, or is brought by a later COPY.
        lacks
            .unwrap_or_else(|| reads && text.contains(['/', '.']) && !is_brought(view, end, &path))
            .then_some(path)
    })
}

/// Whether the runtime stage lacks files of the build context at or below a path; `None` when there are none.
fn known(files: &Files, end: u32, path: &str, whole: bool, provided: &dyn Fn(&str) -> bool) -> Option<bool> {
    let (folder, start) = match path.find(['*', '?', '[']) {
        Some(at) => path.get(..at).and_then(|start| start.rsplit_once('/')).unwrap_or((path, "")),
        None => (path, ""),
    };
    let folder = if folder.is_empty() { "/" } else { folder };
    let own = files.all.get_key_value(folder).into_iter().map(|(path, file)| (path.clone(), file));
    let below = files.below(folder).filter(|(rest, _)| rest.starts_with(start));
    let below = below.map(|(rest, file)| (image_path::resolve(folder, rest), file));
    let mut all = own.chain(below).peekable();
    all.peek()?;
    let gone = |(path, file): (String, &super::files::Placed)| file.by <= end && !provided(&path);
    Some(if whole { all.any(gone) } else { all.all(gone) })
}

/// Whether a COPY behind the split may bring it.
fn is_brought(view: &View<'_, '_>, end: u32, path: &str) -> bool {
    view.run
        .paths
        .copied()
        .filter(|one| one.instruction.span().start > end)
        .any(|one| one.destination.as_deref().map_or(true, |to| is_below(path, to) || is_below(to, path)))
}

fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder.trim_end_matches('/'))
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
