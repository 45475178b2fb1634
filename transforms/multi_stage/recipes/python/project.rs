//! Folders into which nothing has to be copied again in the runtime stage.

use harden_core::image_path;
use harden_core::syntax::Keyword;

use super::steps::Installs;
use crate::multi_stage::ran::Ran;
use crate::multi_stage::view::View;
use crate::support::image_paths::{Copied, CopyKind};

/// Folders whose COPYs before the split are not repeated: projects that go over whole, and folders that got nothing but
/// manifests, which a COPY behind the split brings as well or which nothing reads (`/tmp`).
pub(super) fn of(view: &View<'_, '_>, installs: &Installs, last: usize) -> Vec<String> {
    let mut roots: Vec<String> = installs.editable.iter().cloned().collect();
    let split = view.steps.get(last).map_or(u32::MAX, |step| step.instruction.span().end);
    let copied: Vec<&Copied<'_>> = view.run.paths.copied().collect();
    let (before, behind): (Vec<&Copied<'_>>, Vec<&Copied<'_>>) =
        copied.into_iter().partition(|one| one.instruction.span().start < split);
    // What a RUN writes into a folder that does not go over would be lost.
    if !view.steps.iter().take(last + 1).flat_map(|step| &step.ran).all(|ran| is_plain(installs, ran)) {
        return roots;
    }
    for one in &before {
        let Some(folder) = folder(one) else { continue };
        let inside =
            |other: &&&Copied<'_>| other.destination.as_deref().is_ok_and(|path| is_below(&folder, path));
        if folder == "/"
            || roots.contains(&folder)
            || !before.iter().filter(inside).all(|one| is_manifests(one))
        {
            continue;
        }
        let is_scratch = is_below("/tmp", &folder);
        let is_repeated =
            before.iter().filter(inside).all(|one| behind.iter().any(|later| covers(later, one)));
        if is_scratch || is_repeated {
            roots.push(folder);
        }
    }
    roots
}

/// Whether a command is one of an installer, or known to write no files into projects.
fn is_plain(installs: &Installs, ran: &Ran) -> bool {
    const NAMES: [&str; 19] = [
        ":", "addgroup", "adduser", "apk", "apt", "apt-get", "cd", "chmod", "chown", "echo", "export",
        "groupadd", "ldconfig", "mkdir", "rm", "rmdir", "set", "true", "useradd",
    ];
    let writes =
        ran.command.redirects.iter().any(|(kind, target)| kind.contains('>') && target.text != "/dev/null");
    !writes && (installs.explained.contains(&ran.at) || ran.name().is_some_and(|name| NAMES.contains(&name)))
}

/// The folder that gets what a COPY copies.
fn folder(copied: &Copied<'_>) -> Option<String> {
    let destination = copied.destination.as_deref().ok()?;
    let written = copied.instruction.copy()?.destination.text;
    let one_file = copied.sources.len() == 1 && !written.ends_with(['/', '.']);
    let name = destination.rsplit('/').next().unwrap_or_default();
    if one_file && is_manifest(name) {
        let parent = destination.rsplit_once('/')?.0;
        return Some(if parent.is_empty() { "/".to_owned() } else { parent.to_owned() });
    }
    Some(destination.to_owned())
}

/// Whether `later` copies the folder of the build context that the sources of `one` are in to where they went.
fn covers(later: &Copied<'_>, one: &Copied<'_>) -> bool {
    if later.instruction.keyword() != Keyword::Copy && later.instruction.keyword() != Keyword::Add {
        return false;
    }
    let Some(into) = folder(one) else { return false };
    if later.destination.as_deref() != Ok(into.as_str()) || !later.excludes.is_empty() {
        return false;
    }
    // Renamed on the way.
    let renames = one.sources.len() == 1 && one.destination.as_deref() != Ok(into.as_str());
    let name = one.destination.as_deref().ok().and_then(|path| path.rsplit('/').next());
    one.sources.iter().all(|source| {
        let path = image_path::resolve("/", &source.text);
        let same_name = !renames || path.rsplit('/').next() == name;
        let parent =
            path.rsplit_once('/').map_or("/", |(parent, _)| if parent.is_empty() { "/" } else { parent });
        let holds = |other: &str| image_path::resolve("/", other) == parent;
        same_name
            && later.sources.iter().any(|other| matches!(other.kind, CopyKind::Context) && holds(&other.text))
    })
}

fn is_manifests(copied: &Copied<'_>) -> bool {
    let is_one = |text: &str| is_manifest(text.trim_end_matches('/').rsplit('/').next().unwrap_or_default());
    copied.sources.iter().all(|source| matches!(source.kind, CopyKind::Context) && is_one(&source.text))
}

/// Whether only installers read a file of that name.
fn is_manifest(name: &str) -> bool {
    const NAMES: [&str; 10] = [
        "pdm.lock",
        "pipfile",
        "pipfile*",
        "pipfile.lock",
        "poetry.lock",
        "poetry.lock*",
        "pyproject.toml",
        "setup.cfg",
        "setup.py",
        "uv.lock",
    ];
    let name = name.to_ascii_lowercase();
    let is_list = |stem: &str| {
        let ending = [".txt", ".in", ".pip", "*"].iter().any(|ending| name.ends_with(ending));
        name.starts_with(stem) && ending
    };
    NAMES.contains(&name.as_str())
        || is_list("requirements")
        || is_list("constraints")
        || is_list("requirement")
}

fn is_below(folder: &str, path: &str) -> bool {
    path.strip_prefix(folder.trim_end_matches('/'))
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
