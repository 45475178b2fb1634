//! Keeps `--write` away from text that nobody could get back.
//!
//! A file is dirty when git has no copy of what it holds: it differs from the index, or is not tracked. A change that is
//! only staged is in the index, so hooks that run before a commit need no flag. Ignored files, and files outside a
//! repository, are nobody's to keep.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::io::ErrorKind;
use std::path::{MAIN_SEPARATOR, Path, PathBuf};
use std::process::{Command, Stdio};

use super::shown;

/// Bytes of names given to one call of git: Windows takes command lines of 32 KiB.
const MAX_NAMES: usize = 16 << 10;

/// A repository that could not be checked; it stops nothing.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unchecked {
    /// The root of the repository.
    pub(super) root: PathBuf,
    /// What git said, and what that means.
    pub(super) message: String,
}

/// Files of one repository by their [`key`]: the name for git, and their places in what was asked about.
type Files = BTreeMap<Vec<u8>, (OsString, Vec<usize>)>;

/// What git says about some files.
#[derive(Debug, Default)]
pub(super) struct Checked {
    /// The dirty ones, by their places in what was asked about, and why they must not be written.
    pub(super) dirty: Vec<(usize, &'static str)>,
    pub(super) unchecked: Vec<Unchecked>,
}

/// Asks git about files before they are written.
#[derive(Debug, Default)]
pub(super) struct Guard {
    /// Repositories of which git knows nothing; they are not asked about again.
    unchecked: BTreeSet<PathBuf>,
}

impl Guard {
    /// Finds the files that are dirty. One call of git a repository, unless it is for very many files.
    pub(super) fn check(&mut self, paths: &[&Path]) -> Checked {
        let mut repositories: BTreeMap<PathBuf, Files> = BTreeMap::new();
        for (index, path) in paths.iter().enumerate() {
            let Some((root, name)) = place(path) else { continue };
            let files = repositories.entry(root).or_default();
            files.entry(key(&name)).or_insert_with(|| (name, Vec::new())).1.push(index);
        }
        let mut checked = Checked::default();
        for (root, files) in repositories {
            if self.unchecked.contains(&root) {
                continue;
            }
            let names: Vec<&OsStr> = files.values().map(|(name, _)| name.as_os_str()).collect();
            let dirty = match chunks(&names).map(|names| status(&root, names)).collect::<Result<Vec<_>, _>>()
            {
                Ok(dirty) => dirty,
                Err(why) => {
                    checked.unchecked.extend(why.map(|why| Unchecked {
                        root: root.clone(),
                        message: format!(
                            "git cannot say whether files have changes that it does not have ({why}); they are written \
                             without that check"
                        ),
                    }));
                    self.unchecked.insert(root);
                    continue;
                }
            };
            for (name, dirt) in dirty.iter().flatten() {
                let places = files.get(name).map(|(_, places)| places.as_slice()).unwrap_or_default();
                checked.dirty.extend(places.iter().map(|&index| (index, dirt.why())));
            }
        }
        checked
    }
}

/// Why git has no copy of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dirt {
    /// It differs from the index.
    Changed,
    /// It was never added.
    Untracked,
}

impl Dirt {
    fn why(self) -> &'static str {
        match self {
            Self::Changed => {
                "it has changes that are neither committed nor staged, and this would mix with them; commit or stage \
                 them (`git add`), or give --allow-dirty"
            }
            Self::Untracked => {
                "git does not track it, so the original could not be had back; add it (`git add`), or give --allow-dirty"
            }
        }
    }
}

/// The root of the repository a file is in and its name there, symbolic links followed. `None` outside a repository.
fn place(file: &Path) -> Option<(PathBuf, OsString)> {
    let real = file.canonicalize().ok()?;
    let root = real.ancestors().skip(1).find(|folder| folder.join(".git").exists())?;
    let name = real.strip_prefix(root).ok()?.as_os_str().to_owned();
    Some((root.to_path_buf(), name))
}

/// A name as git prints it: bytes, with slashes.
fn key(name: &OsStr) -> Vec<u8> {
    let mut bytes = name.as_encoded_bytes().to_vec();
    if MAIN_SEPARATOR != '/' {
        bytes.iter_mut().filter(|byte| **byte == MAIN_SEPARATOR as u8).for_each(|byte| *byte = b'/');
    }
    bytes
}

fn chunks<'n>(names: &'n [&'n OsStr]) -> impl Iterator<Item = &'n [&'n OsStr]> {
    let mut rest = names;
    std::iter::from_fn(move || {
        let mut room = MAX_NAMES;
        let fits = |name: &&&OsStr| {
            let left = room.checked_sub(name.len() + 1);
            room = left.unwrap_or(0);
            left.is_some()
        };
        // A name alone is taken whatever its length.
        let count = rest.iter().take_while(fits).count().max(1);
        let (now, later) = rest.split_at_checked(count)?;
        rest = later;
        Some(now)
    })
}

/// The dirty ones of some files of a repository. An error is what git said; `None` when there is no git or `.git` is no
/// repository.
fn status(root: &Path, names: &[&OsStr]) -> Result<Vec<(Vec<u8>, Dirt)>, Option<String>> {
    let mut git = Command::new("git");
    git.arg("-C").arg(plain(root));
    // A file system monitor is a program that the repository names; the index is not to be written.
    git.args(["--no-optional-locks", "--literal-pathspecs", "-c", "core.fsmonitor=false"]);
    git.args(["status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=all"]);
    git.args(["--ignore-submodules=all", "--"]).args(names);
    // A hook of another repository sets the first two. The index of a hook is the one that will be committed.
    for name in
        ["GIT_DIR", "GIT_WORK_TREE", "GIT_GLOB_PATHSPECS", "GIT_NOGLOB_PATHSPECS", "GIT_ICASE_PATHSPECS"]
    {
        git.env_remove(name);
    }
    let output = match git.env("LC_ALL", "C").stdin(Stdio::null()).output() {
        Ok(output) => output,
        Err(error) if error.kind() == ErrorKind::NotFound => return Err(None),
        Err(error) => return Err(Some(error.to_string())),
    };
    if output.status.success() {
        return Ok(entries(&output.stdout).collect());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let first = said.lines().next().unwrap_or("it failed without a message");
    Err((!first.contains("not a git repository")).then(|| first.to_owned()))
}

/// The dirty entries of `git status --porcelain=v1 -z`: two letters, for the index and for the working tree, a space and
/// the name (git documentation, git-status, "Short Format").
fn entries(output: &[u8]) -> impl Iterator<Item = (Vec<u8>, Dirt)> {
    output.split(|byte| *byte == 0).filter_map(|entry| match entry {
        [_, b' ', b' ', ..] => None,
        [_, b'?', b' ', name @ ..] => Some((name.to_vec(), Dirt::Untracked)),
        [_, _, b' ', name @ ..] => Some((name.to_vec(), Dirt::Changed)),
        _ => None,
    })
}

/// Without the prefix of canonical paths on Windows, which git does not understand.
fn plain(path: &Path) -> PathBuf {
    let short = path.to_str().and_then(|text| text.strip_prefix(r"\\?\"));
    match short {
        Some(short) if short.as_bytes().get(1) == Some(&b':') => short.into(),
        _ => path.to_path_buf(),
    }
}

impl Unchecked {
    /// The root as it is printed.
    pub(super) fn path(&self) -> String {
        shown(&plain(&self.root))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_git_has_no_copy_of_is_dirty() {
        let output =
            b"M  staged\0 M changed\0MM both\0AM new\0A  added\0?? a b\0 A intended\0UU conflict\0D  gone\0";
        let found: Vec<_> = entries(output).collect();
        let dirty = [
            ("changed", Dirt::Changed),
            ("both", Dirt::Changed),
            ("new", Dirt::Changed),
            ("a b", Dirt::Untracked),
            ("intended", Dirt::Changed),
            ("conflict", Dirt::Changed),
        ];
        assert_eq!(found, dirty.map(|(name, dirt)| (name.as_bytes().to_vec(), dirt)));
        assert_eq!(entries(b"").count(), 0);
    }

    #[test]
    fn long_lists_of_names_are_split() {
        let names: Vec<String> = (0..3000).map(|index| format!("folder/{index}/Dockerfile")).collect();
        let huge = "x".repeat(MAX_NAMES * 2);
        let mut given: Vec<&OsStr> = names.iter().map(OsStr::new).collect();
        given.insert(1, OsStr::new(&huge));
        let split: Vec<_> = chunks(&given).collect();
        assert!(split.len() > 3 && split.len() < 20, "{}", split.len());
        assert_eq!(split.concat(), given);
        assert_eq!((split[0].len(), split[1].len()), (1, 1));
        assert_eq!(chunks(&[]).count(), 0);
    }
}
