//! Descriptions of development containers (containers.dev, "devcontainer.json reference").

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::builds;
use super::names::Role;
use super::paths::{self, Place};
use super::problem::{Problem, ProblemKind};
use super::value::{Text, Value};

/// The folder of descriptions; each may have a folder of its own in it.
pub(super) const FOLDER: &str = ".devcontainer";

/// Whether a Dockerfile, named canonically, lies in or below a `.devcontainer` folder.
pub(super) fn is_inside(dockerfile: &Path) -> bool {
    dockerfile.parent().is_some_and(|folder| folder.iter().any(|part| part == FOLDER))
}

/// The Dockerfiles the descriptions among `files` build, canonical.
pub(super) fn dockerfiles(files: &[(Place, Role)]) -> (BTreeSet<PathBuf>, Vec<Problem>) {
    let mut named = BTreeSet::new();
    let mut problems = Vec::new();
    for (place, _) in files.iter().filter(|(place, role)| *role == Role::Devcontainer && counts(&place.real))
    {
        match read(&place.shown) {
            Ok(Some(dockerfile)) => {
                let path = paths::folder(&place.shown).join(dockerfile);
                named.extend(fs::canonicalize(path).ok());
            }
            Ok(None) => {}
            Err(problem) => problems.push(problem),
        }
    }
    (named, problems)
}

/// Editors look for `.devcontainer.json`, `.devcontainer/devcontainer.json` and `.devcontainer/*/devcontainer.json`.
fn counts(file: &Path) -> bool {
    let mut above = file.iter().rev();
    above.next().is_some_and(|name| name == ".devcontainer.json") || above.take(2).any(|part| part == FOLDER)
}

/// The Dockerfile a description names, as it names it.
fn read(path: &Path) -> Result<Option<String>, Problem> {
    let unknown = "so it is not known which Dockerfile is for development only";
    let text = builds::read_text(path)
        .map_err(|why| Problem::new(path, ProblemKind::BuildFileUnreadable, format!("{why}, {unknown}")))?;
    // JSON with comments and trailing commas, which JSON5 contains.
    let root: Value = json5::from_str(&text).map_err(|error| {
        let line = error.position().map(|position| position.line + 1);
        let message = format!("this devcontainer file is not JSON, {unknown}; correct it");
        Problem::new(path, ProblemKind::BuildFileMalformed, message).at(line)
    })?;
    let build = root.get("build").and_then(|build| build.get("dockerfile"));
    let named = build.or_else(|| root.get("dockerFile")).map(Value::text);
    // `${localEnv:…}` and the like are the editor's to replace.
    Ok(named.as_ref().and_then(Text::certain).filter(|name| !name.contains("${")).map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_that_count() {
        for (path, expected) in [
            ("/r/.devcontainer.json", true),
            ("/r/.devcontainer/devcontainer.json", true),
            ("/r/.devcontainer/python/devcontainer.json", true),
            ("/r/.devcontainer/a/b/devcontainer.json", false),
            ("/r/devcontainer.json", false),
            ("/r/src/devcontainer.json", false),
        ] {
            assert_eq!(counts(Path::new(path)), expected, "{path}");
        }
        assert!(is_inside(Path::new("/r/.devcontainer/a/b/Dockerfile")));
        assert!(!is_inside(Path::new("/r/.devcontainer")));
        assert!(!is_inside(Path::new("/r/devcontainer/Dockerfile")));
    }
}
