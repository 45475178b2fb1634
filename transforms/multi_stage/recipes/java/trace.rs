//! Which of the builder's files a path of the command line is.

use harden_core::image_path;

use crate::multi_stage::ran::Ran;
use crate::multi_stage::split::CopyOut;
use crate::multi_stage::view::View;

use super::launch::Named;

/// A file or folder the build makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Artefact {
    /// The folder of the project or module that makes it.
    pub(in super::super) module: String,
    /// Its path below the module's output folder; the last part may be a pattern.
    pub(in super::super) file: String,
    /// Where the command reads it; the last part may be a pattern.
    pub(in super::super) path: String,
    /// The command that brings it there, where it is not read where it is made.
    pub(in super::super) moved: Option<(usize, usize)>,
}

/// Finds the artefact at a path; `None` when the build does not make it. `output` is the name of output folders.
pub(super) fn artefact(
    view: &View<'_, '_>,
    folders: &[String],
    output: &str,
    named: &Named,
) -> Option<Artefact> {
    let moved = copied(view, named);
    let (at, made) = match moved {
        Some((at, made)) => (Some(at), made),
        None => (None, named.path.clone()),
    };
    let (module, file) = below_output(folders, output, &made)?;
    Some(Artefact { module, file, path: named.path.clone(), moved: at })
}

/// Splits a path at the output folder of a module.
pub(super) fn below_output(folders: &[String], output: &str, path: &str) -> Option<(String, String)> {
    folders.iter().find_map(|folder| {
        let rest = path.strip_prefix(folder.as_str())?.strip_prefix('/')?;
        let mut at = 0;
        for part in rest.split('/') {
            if part == output {
                let file = rest.get(at + part.len() + 1..).unwrap_or_default();
                let module = image_path::resolve(folder, rest.get(..at).unwrap_or_default());
                return (!file.is_empty()).then(|| (module, file.to_owned()));
            }
            at += part.len() + 1;
        }
        None
    })
}

/// The command that copies or moves a file to a path, and what it copies.
fn copied(view: &View<'_, '_>, named: &Named) -> Option<((usize, usize), String)> {
    let all: Vec<&Ran> = view.ran().filter(|ran| matches!(ran.name(), Some("cp" | "mv"))).collect();
    all.into_iter().rev().find_map(|ran| {
        let words = ran.command.words.get(1..)?;
        let mut paths = words.iter().filter(|word| !word.text.starts_with('-'));
        let to = paths.next_back().filter(|word| word.literal)?;
        let from = paths.next()?;
        // A second source: the target is a folder, and which file is meant is not looked at.
        if paths.next().is_some() || from.text.contains(['$', '`', '~']) {
            return None;
        }
        let source = ran.path(&from.text)?;
        let target = ran.path(&to.text)?;
        let inside = match source.rsplit('/').next() {
            Some(name) if !name.contains(['*', '?']) => image_path::resolve(&target, name),
            _ => String::new(),
        };
        let folder = named.pattern && named.path.rsplit_once('/').is_some_and(|(folder, _)| folder == target);
        (target == named.path || inside == named.path || folder).then_some((ran.at, source))
    })
}

/// What the runtime stage takes for a path.
pub(super) fn copy(named: &Named, folder: bool) -> CopyOut {
    if named.pattern {
        let to = named.path.rsplit_once('/').map(|(folder, _)| format!("{folder}/")).unwrap_or_default();
        return CopyOut { from: named.path.clone(), to, folder: false };
    }
    if folder { CopyOut::folder(named.path.clone()) } else { CopyOut::file(named.path.clone()) }
}

/// Whether the last part of a path has an ending as files have.
pub(super) fn is_file(path: &str) -> bool {
    path.rsplit('/').next().is_some_and(|name| name.rfind('.').is_some_and(|at| at > 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_of_outputs() {
        let folders = ["/app".to_owned()];
        let found = |path: &str| below_output(&folders, "target", path);
        let pair = |module: &str, file: &str| Some((module.to_owned(), file.to_owned()));
        assert_eq!(found("/app/target/a.jar"), pair("/app", "a.jar"));
        assert_eq!(found("/app/web/target/lib/b.jar"), pair("/app/web", "lib/b.jar"));
        assert_eq!(found("/app/target"), None);
        assert_eq!(found("/apple/target/a.jar"), None);
        assert_eq!(found("/app/a.jar"), None);
    }
}
