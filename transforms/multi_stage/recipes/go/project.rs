//! The files of the project that the program may read when it runs.

use harden_core::syntax::Keyword;
use harden_core::{Hazard, Place, image_path};

use super::super::super::effects::{self, Effect};
use super::super::super::split::CopyOut;
use super::super::super::view::View;
use super::sources::Sources;
use super::work::Work;
use crate::support::image_paths::{Copied, CopyKind, Target};

/// The files of the project that are not Go code, and what steps write into it.
pub(super) fn project(view: &View<'_, '_>, work: &Work, sources: &Sources) -> Vec<CopyOut> {
    let mut copies = Vec::new();
    if let Ok(all) = view.files() {
        for root in &work.roots {
            let inner = |path: &str| work.roots.iter().any(|other| other != root && is_below(other, path));
            let is_gone = |path: &str| {
                let path = image_path::resolve(root, path);
                let by = all.all.get(&path).map_or(0, |placed| placed.by);
                inner(&path) || work.removed.iter().any(|(at, gone)| by < *at && covers(gone, &path))
            };
            copies.extend(all.assets(root, |path| is_source(path, sources) || is_gone(path)));
            // Folders that hold nothing but a file that keeps them in version control.
            for (path, _) in all.below(root) {
                let Some((folder, name)) = path.rsplit_once('/') else { continue };
                let keeps = matches!(name, ".gitkeep" | ".keep" | ".gitignore");
                let alone = || all.below(&image_path::resolve(root, folder)).count() == 1;
                if keeps && !is_gone(path) && alone() {
                    copies.push(CopyOut::folder(image_path::resolve(root, folder)));
                }
            }
        }
    }
    copies.extend(view.run.paths.copied().flat_map(|copied| named(view, work, copied)).flatten());
    for (step, ran) in
        view.steps.iter().take(work.last + 1).flat_map(|step| step.ran.iter().map(move |ran| (step, ran)))
    {
        if work.explained.contains(&ran.at) || !step.is_read {
            continue;
        }
        for effect in effects::of(view, ran) {
            let (paths, folder) = match effect {
                Effect::Writes(paths) | Effect::Edits(paths) => (paths, false),
                Effect::Trees(paths) => (paths, true),
                _ => continue,
            };
            for path in paths {
                let root = work.roots.iter().find(|root| is_below(root, &path));
                let rest = root.and_then(|root| path.strip_prefix(root.as_str()));
                let is_code = rest.is_some_and(|rest| is_source(rest.trim_start_matches('/'), sources));
                if root.is_some() && !is_code && !work.roots.contains(&path) {
                    copies.push(if folder { CopyOut::folder(path) } else { CopyOut::file(path) });
                }
            }
        }
    }
    copies
}

/// Whether a file of the project is only read by the build.
pub(super) fn is_source(path: &str, sources: &Sources) -> bool {
    /// C code of packages counts as Go code (`go help filetype`).
    const CODE: [&str; 14] =
        ["go", "c", "cc", "cpp", "cxx", "f", "h", "hh", "hpp", "hxx", "m", "s", "S", "syso"];
    const NAMES: [&str; 12] = [
        ".air.toml",
        ".golangci.toml",
        ".golangci.yaml",
        ".goreleaser.yaml",
        ".goreleaser.yml",
        "GNUmakefile",
        "Makefile",
        "go.mod",
        "go.sum",
        "go.work",
        "go.work.sum",
        "makefile",
    ];
    let name = path.rsplit('/').next().unwrap_or(path);
    let in_folder = |wanted: &str| path.split('/').rev().skip(1).any(|one| one == wanted);
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    CODE.contains(&extension)
        || NAMES.contains(&name)
        || in_folder("vendor") && path.starts_with("vendor/")
        || in_folder("testdata") && !sources.testdata
}

/// Whether `path` is `folder` or below it.
pub(super) fn is_below(folder: &str, path: &str) -> bool {
    let rest = path.strip_prefix(folder.trim_end_matches('/'));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether removing `gone`, whose last part may be a pattern of the shell, removes `path` too.
pub(super) fn covers(gone: &str, path: &str) -> bool {
    let Some((folder, pattern)) = gone.rsplit_once('/') else { return false };
    if !pattern.contains(['*', '?', '[']) {
        return is_below(gone, path);
    }
    let Some(rest) = path.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/')) else { return false };
    let name = rest.split('/').next().unwrap_or_default();
    match pattern.split_once('*') {
        Some((start, end)) if !pattern.contains(['?', '[']) && !end.contains('*') => {
            name.len() >= start.len() + end.len() && name.starts_with(start) && name.ends_with(end)
        }
        // Any other pattern may match.
        _ => true,
    }
}

/// What a COPY or ADD brings into the project that is not a known file of the build context; `None` for what cannot be
/// told from the rest of the project.
fn named(view: &View<'_, '_>, work: &Work, copied: &Copied<'_>) -> Vec<Option<CopyOut>> {
    /// Folders that hold Go code by convention.
    const CODE: [&str; 5] = ["cmd", "internal", "pkg", "vendor", "."];
    let Ok(destination) = &copied.destination else { return Vec::new() };
    let is_late = view
        .steps
        .get(work.last)
        .is_none_or(|last| copied.instruction.span().start > last.instruction.span().start);
    if is_late || !work.roots.iter().any(|root| is_below(root, destination)) {
        return Vec::new();
    }
    let written = copied.instruction.copy();
    let slash = written.is_some_and(|words| words.destination.text.ends_with('/'));
    let into = slash || copied.target == Target::Folder;
    let known = view.files().is_ok();
    let place = |text: &str, is_file: bool| {
        let name = text.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let path = if is_file && into { image_path::resolve(destination, name) } else { destination.clone() };
        let copy = if is_file { CopyOut::file(path) } else { CopyOut::folder(path) };
        // A root as a whole would bring the sources along.
        (!work.roots.contains(&copy.from) && !name.contains(['*', '?', '['])).then_some(copy)
    };
    let one = |source: &crate::support::image_paths::CopySource| {
        let text = source.text.as_str();
        let name = text.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        match &source.kind {
            CopyKind::Context if known => Vec::new(),
            CopyKind::Context => {
                let is_code = CODE.contains(&name) || is_source(name, &Sources::default()) || name.is_empty();
                if is_code { Vec::new() } else { vec![place(text, name.contains('.'))] }
            }
            CopyKind::Heredoc { name, .. } => vec![place(name, true)],
            CopyKind::Remote => vec![place(text, true)],
            CopyKind::Stage(_) | CopyKind::Image(_) => vec![place(text, name.contains('.'))],
            CopyKind::Repository => vec![place(text, false)],
            CopyKind::Unknown(_) => vec![None],
        }
    };
    copied.sources.iter().flat_map(one).collect()
}

/// Files that get into the project in a way that does not tell them from the sources.
pub(super) fn unknown(view: &View<'_, '_>, work: &Work) -> Vec<Hazard> {
    let is_open = |copied: &&Copied<'_>| {
        let is_copy = matches!(copied.instruction.keyword(), Keyword::Copy | Keyword::Add);
        is_copy && view.files().is_ok() && named(view, work, copied).iter().any(Option::is_none)
    };
    let hazard = |copied: &Copied<'_>| {
        Hazard {
        id: "copied-files",
        message: "files are copied into the folder of the project, and which of them the program reads is not known"
            .to_owned(),
        place: Some(Place::Here(copied.instruction.span())),
    }
    };
    view.run.paths.copied().filter(is_open).map(hazard).collect()
}
