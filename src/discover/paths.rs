//! Paths as the user would write them.

use std::fs;
use std::path::{Component, Path, PathBuf};

/// A file or folder: how reports show it and which one it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Built from what the user named; this is what gets opened and printed.
    pub(super) shown: PathBuf,
    /// Canonical: two spellings of one file have the same.
    pub(super) real: PathBuf,
}

/// `path` without leading `./`; the current directory itself is `.`.
pub(super) fn plain(path: &Path) -> PathBuf {
    let plain: PathBuf = path.components().skip_while(|part| *part == Component::CurDir).collect();
    if plain.as_os_str().is_empty() { PathBuf::from(".") } else { plain }
}

/// `base/rest`, without a leading `./`.
pub(super) fn join(base: &Path, rest: &Path) -> PathBuf {
    plain(&base.join(rest))
}

/// The folder of a file.
pub(super) fn folder(file: &Path) -> PathBuf {
    plain(file.parent().unwrap_or(Path::new("")))
}

/// The folder above `folder`, by its spelling: `a/b` → `a` → `.` → `..` → `../..`. None above a root.
pub(super) fn above(folder: &Path) -> Option<PathBuf> {
    match folder.components().next_back() {
        Some(Component::Normal(_)) => Some(plain(folder.parent()?)),
        Some(Component::RootDir | Component::Prefix(_)) => None,
        Some(Component::CurDir) | None => Some(PathBuf::from("..")),
        Some(Component::ParentDir) => Some(folder.join("..")),
    }
}

/// `path` with `x/..` taken out, where that names the same directory: behind a symbolic link it may not.
pub(super) fn tidy(path: &Path) -> PathBuf {
    let mut tidy = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(tidy.components().next_back(), Some(Component::Normal(_))) => {
                tidy.pop();
            }
            _ => tidy.push(part),
        }
    }
    let tidy = plain(&tidy);
    let same = matches!((fs::canonicalize(&tidy), fs::canonicalize(path)), (Ok(a), Ok(b)) if a == b);
    if same { tidy } else { plain(path) }
}

/// `path` for a report, `/`-separated on every platform.
pub(super) fn display(path: &Path) -> String {
    let text = path.display().to_string();
    if cfg!(windows) { text.replace('\\', "/") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leading_dots_are_dropped() {
        for (path, expected) in [
            ("./a/b", "a/b"),
            ("././a", "a"),
            (".", "."),
            ("./", "."),
            ("", "."),
            ("../a", "../a"),
            ("a/./b", "a/b"),
        ] {
            assert_eq!(plain(Path::new(path)), Path::new(expected), "{path}");
        }
        assert_eq!(join(Path::new("."), Path::new("a")), Path::new("a"));
        assert_eq!(folder(Path::new("Dockerfile")), Path::new("."));
        assert_eq!(folder(Path::new("a/Dockerfile")), Path::new("a"));
    }

    #[test]
    fn climbing_goes_on_above_the_current_directory() {
        let mut path = PathBuf::from("a/b");
        let mut seen = Vec::new();
        for _ in 0..4 {
            path = above(&path).unwrap();
            seen.push(path.to_str().unwrap().to_owned());
        }
        assert_eq!(seen, ["a", ".", "..", "../.."]);
    }

    #[cfg(unix)]
    #[test]
    fn climbing_ends_at_the_root() {
        assert_eq!(above(Path::new("/a")), Some(PathBuf::from("/")));
        assert_eq!(above(Path::new("/")), None);
    }

    #[test]
    fn tidy_takes_out_detours() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("a/b")).unwrap();
        assert_eq!(tidy(&dir.path().join("a/b/../../a")), dir.path().join("a"));
    }

    #[cfg(unix)]
    #[test]
    fn tidy_keeps_a_detour_that_means_something() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("a/b")).unwrap();
        fs::create_dir_all(dir.path().join("c")).unwrap();
        std::os::unix::fs::symlink(dir.path().join("a/b"), dir.path().join("c/link")).unwrap();
        let detour = dir.path().join("c/link/..");
        assert_eq!(tidy(&detour), detour);
    }
}
