//! Which repository a folder belongs to.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The roots of repositories, each looked for once.
#[derive(Default)]
pub(super) struct Repositories {
    known: BTreeMap<PathBuf, Option<PathBuf>>,
}

impl Repositories {
    /// The nearest folder that holds `.git`, from the canonical `folder` up. `None` outside any repository.
    pub(super) fn root(&mut self, folder: &Path) -> Option<PathBuf> {
        let mut passed = Vec::new();
        let mut root = None;
        for above in folder.ancestors() {
            if let Some(known) = self.known.get(above) {
                root.clone_from(known);
                break;
            }
            passed.push(above);
            if above.join(".git").exists() {
                root = Some(above.to_path_buf());
                break;
            }
        }
        for folder in passed {
            self.known.insert(folder.to_path_buf(), root.clone());
        }
        root
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_nearest_repository_counts() {
        let dir = tempfile::tempdir().unwrap();
        let path = |path: &str| dir.path().join(path);
        for folder in ["a/.git", "a/b/c", "a/sub/d", "e/f"] {
            fs::create_dir_all(path(folder)).unwrap();
        }
        fs::write(path("a/sub/.git"), "gitdir: ../.git/modules/sub").unwrap();
        let mut repositories = Repositories::default();
        for _ in 0..2 {
            assert_eq!(repositories.root(&path("a/b/c")), Some(path("a")));
            assert_eq!(repositories.root(&path("a/b")), Some(path("a")));
            assert_eq!(repositories.root(&path("a/sub/d")), Some(path("a/sub")), "a submodule");
            let outside = repositories.root(&path("e/f"));
            assert!(outside.is_none_or(|root| !root.starts_with(dir.path())));
        }
    }
}
