//! What recipes of compiled languages have in common: the files of a project that the program may read.

use std::collections::BTreeSet;

use harden_core::{Why, image_path};

use crate::multi_stage::effects::{self, Effect};
use crate::multi_stage::split::CopyOut;
use crate::multi_stage::view::View;

/// Commands of RUN, as [`Ran::at`](crate::multi_stage::ran::Ran::at) numbers them.
type Commands = BTreeSet<(usize, usize)>;

/// Whether a path is another one, or below it.
pub(super) fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder.trim_end_matches('/'))
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether the system has files in a folder, so that those of a project cannot be told apart from them.
pub(super) fn is_shared(folder: &str) -> bool {
    const FOLDERS: [&str; 16] = [
        "/",
        "/bin",
        "/etc",
        "/lib",
        "/sbin",
        "/tmp",
        "/usr",
        "/usr/bin",
        "/usr/include",
        "/usr/lib",
        "/usr/local",
        "/usr/local/bin",
        "/usr/local/cargo",
        "/usr/local/cargo/bin",
        "/usr/share",
        "/var",
    ];
    FOLDERS.contains(&folder)
}

/// Whether a step installs a package of the distribution.
pub(super) fn installs(view: &View<'_, '_>, name: &str) -> bool {
    view.ran().flat_map(|ran| effects::of(view, ran)).any(|effect| {
        matches!(effect, Effect::Packages(found) if found.iter().any(|package| package.name() == name))
    })
}

/// Looks for a step that fills a folder of the project with files nobody lists.
///
/// # Errors
/// `unlisted-files`: there is one.
pub(super) fn unlisted(
    view: &View<'_, '_>,
    roots: &[String],
    last: usize,
    explained: &Commands,
) -> Result<(), Why> {
    for ran in view.steps.iter().take(last + 1).flat_map(|step| &step.ran) {
        if explained.contains(&ran.at) {
            continue;
        }
        for effect in effects::of(view, ran) {
            let Effect::Trees(paths) = effect else { continue };
            if let Some(root) = roots.iter().find(|root| paths.iter().any(|path| is_below(root, path))) {
                let name = ran.name().unwrap_or_default();
                let message = format!(
                    "`{name}` fills {root} with files, and which of them the program reads is not known"
                );
                return Err(Why::new("unlisted-files", message));
            }
        }
    }
    Ok(())
}

/// The files below the folders of the project for which `is_source` is false, and what steps write there. `is_source`
/// gets the path below the folder.
pub(super) fn files(
    view: &View<'_, '_>,
    roots: &[String],
    last: usize,
    explained: &Commands,
    is_source: impl Fn(&str) -> bool,
) -> Vec<CopyOut> {
    let mut copies = Vec::new();
    let mut removed: Vec<String> = Vec::new();
    if let Ok(all) = view.files() {
        for root in roots {
            copies.extend(all.assets(root, &is_source));
            // Folders that hold nothing but a file that keeps them in version control.
            for (path, _) in all.below(root) {
                let Some((folder, name)) = path.rsplit_once('/') else { continue };
                let keeps = matches!(name, ".gitkeep" | ".keep" | ".gitignore");
                if keeps && !is_source(path) && all.below(&image_path::resolve(root, folder)).count() == 1 {
                    copies.push(CopyOut::folder(image_path::resolve(root, folder)));
                }
            }
        }
    }
    for ran in view.steps.iter().take(last + 1).flat_map(|step| &step.ran) {
        if explained.contains(&ran.at) {
            continue;
        }
        for effect in effects::of(view, ran) {
            let (paths, folder) = match effect {
                Effect::Writes(paths) => (paths, false),
                Effect::Trees(paths) => (paths, true),
                Effect::Removes(paths) => {
                    removed.extend(paths);
                    continue;
                }
                _ => continue,
            };
            for path in paths {
                let root = roots.iter().find(|root| is_below(&path, root));
                let rest = root.and_then(|root| path.strip_prefix(root.as_str()));
                let rest = rest.map(|rest| rest.trim_start_matches('/'));
                if rest.is_some_and(|rest| !rest.is_empty() && !is_source(rest)) {
                    removed.retain(|gone| !is_below(&path, gone));
                    copies.push(if folder { CopyOut::folder(path) } else { CopyOut::file(path) });
                }
            }
        }
    }
    copies.retain(|copy| !removed.iter().any(|gone| is_below(&copy.from, gone)));
    copies
}
