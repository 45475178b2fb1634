//! One repository: is it fit to be committed to, and the commits themselves.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{MAIN_SEPARATOR, Path, PathBuf};

use tempfile::TempDir;

use super::git::Git;
use super::plan;

/// Names given to one call of git: Windows takes command lines of 32 KiB.
const NAMES: usize = 64;
/// Files that a message lists.
const LISTED: usize = 5;

/// A file in a repository.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    /// The root of the repository: the nearest folder above the file with `.git`, symbolic links followed.
    pub(crate) root: PathBuf,
    name: OsString,
}

impl Place {
    /// Where a file is; the file itself need not be there, its folder has to. `None` outside a repository.
    pub(crate) fn of(file: &Path) -> Option<Self> {
        let real = file.canonicalize().ok().or_else(|| {
            let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
            Some(folder.unwrap_or(Path::new(".")).canonicalize().ok()?.join(file.file_name()?))
        })?;
        let root = real.ancestors().skip(1).find(|folder| folder.join(".git").exists())?;
        let name = real.strip_prefix(root).ok()?.as_os_str().to_owned();
        Some(Self { root: root.to_path_buf(), name })
    }

    /// Its name in the repository, for people.
    pub(crate) fn shown(&self) -> String {
        String::from_utf8_lossy(&self.key()).into_owned()
    }

    /// Its name as git has it: bytes, with slashes.
    pub(super) fn key(&self) -> Vec<u8> {
        let mut bytes = self.name.as_encoded_bytes().to_vec();
        if MAIN_SEPARATOR != '/' {
            bytes.iter_mut().filter(|byte| **byte == MAIN_SEPARATOR as u8).for_each(|byte| *byte = b'/');
        }
        bytes
    }
}

/// How a file is kept in the repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(super) mode: String,
    pub(super) object: String,
    /// The file holds the very bytes of the object; else a filter or a conversion of line endings is between them.
    pub(super) plain: bool,
}

/// A repository that is fit to be committed to.
pub(crate) struct Repository {
    pub(super) git: Git,
    pub(super) root: PathBuf,
    /// The commit that the work tree stands on.
    pub(super) base: String,
    /// The branch that is checked out.
    pub(super) branch: String,
    /// For the index and for texts on their way into the repository.
    pub(super) folder: TempDir,
}

impl Repository {
    /// Opens the repository at `root`.
    ///
    /// # Errors
    /// What is wrong with it, and what to do: no repository, no commit, no branch, no author, or changes that are not
    /// committed unless `dirty` allows them.
    pub(crate) fn open(root: &Path, dirty: bool) -> Result<Self, String> {
        let git = Git::new(root);
        git.line(&["rev-parse", "--git-dir"])
            .map_err(|said| format!("git cannot use the repository: {said}"))?;
        let head = git.run(&["symbolic-ref", "--quiet", "HEAD"], b"")?;
        let branch = head.line().map_err(|_| {
            "no branch is checked out (HEAD is detached), so there is nothing to branch off; check one out first, for \
             instance with `git switch main`"
        })?;
        let branch = branch.strip_prefix("refs/heads/").unwrap_or(&branch).to_owned();
        let base = git.line(&["rev-parse", "--verify", "--quiet", "HEAD^{commit}"]).map_err(
            |_| "it has no commit yet; commit the files first, so that the changes can be told from them",
        )?;
        if !dirty {
            clean(&git)?;
        }
        for who in ["GIT_AUTHOR_IDENT", "GIT_COMMITTER_IDENT"] {
            git.line(&["var", who]).map_err(|said| {
                format!(
                    "git does not know who commits ({said}); set user.name and user.email with `git config`"
                )
            })?;
        }
        let folder = tempfile::Builder::new()
            .prefix("harden-")
            .tempdir()
            .map_err(|error| format!("cannot make a temporary folder: {error}"))?;
        Ok(Self { git, root: root.to_path_buf(), base, branch, folder })
    }

    /// The branch that is checked out.
    pub(crate) fn branch(&self) -> &str {
        &self.branch
    }

    /// How files with these texts are kept; an error is the reason why one cannot be committed.
    pub(crate) fn entries(&self, files: &[(&Place, &str)]) -> Result<Vec<Result<Entry, String>>, String> {
        let known = self.known(files.iter().map(|(place, _)| *place))?;
        let texts: Vec<&str> = files.iter().map(|(_, text)| *text).collect();
        let plain = self.objects(&texts, false)?;
        let mut entries = Vec::with_capacity(files.len());
        for ((place, text), plain) in files.iter().zip(plain) {
            let Some((mode, object)) = known.get(&place.key()).cloned() else {
                entries.push(Err("git does not track it; commit it first".to_owned()));
                continue;
            };
            if !matches!(mode.as_str(), "100644" | "100755") {
                entries.push(Err("git does not keep it as a file".to_owned()));
                continue;
            }
            let is_plain = plain == object;
            let same = is_plain || self.filtered(place, text, false)? == object;
            entries.push(if same {
                Ok(Entry { mode, object, plain: is_plain })
            } else {
                Err("it is not what the last commit holds; commit or undo its changes first".to_owned())
            });
        }
        Ok(entries)
    }

    /// The mode and object of files in the base, by their names.
    fn known<'p>(
        &self,
        places: impl Iterator<Item = &'p Place>,
    ) -> Result<BTreeMap<Vec<u8>, (String, String)>, String> {
        let names: BTreeSet<&OsStr> = places.map(|place| place.name.as_os_str()).collect();
        let names: Vec<&OsStr> = names.into_iter().collect();
        let mut known = BTreeMap::new();
        for names in names.chunks(NAMES) {
            let options = ["--literal-pathspecs", "ls-tree", "-z", "--full-tree", self.base.as_str(), "--"]
                .map(OsStr::new);
            let out = self.git.output(&[&options, names].concat())?;
            // MODE SP TYPE SP OBJECT TAB NAME
            for line in out.split(|byte| *byte == 0) {
                let mut halves = line.splitn(2, |byte| *byte == b'\t');
                let (Some(about), Some(name)) = (halves.next(), halves.next()) else { continue };
                let about = String::from_utf8_lossy(about).into_owned();
                let mut words = about.split(' ');
                if let (Some(mode), _, Some(object)) = (words.next(), words.next(), words.next()) {
                    known.insert(name.to_vec(), (mode.to_owned(), object.to_owned()));
                }
            }
        }
        Ok(known)
    }

    /// The objects of texts as they are. `write`: put them into the repository.
    pub(super) fn objects(&self, texts: &[&str], write: bool) -> Result<Vec<String>, String> {
        let failed = |error| format!("cannot write a temporary file: {error}");
        let mut paths = Vec::new();
        for (index, text) in texts.iter().enumerate() {
            let path = self.folder.path().join(index.to_string());
            fs::write(&path, text).map_err(failed)?;
            paths.extend_from_slice(path.as_os_str().as_encoded_bytes());
            paths.push(b'\n');
        }
        let mut arguments = vec!["hash-object", "--no-filters", "--stdin-paths"];
        arguments.extend(write.then_some("-w"));
        let objects = self.git.run(&arguments, &paths)?.line()?;
        let objects: Vec<String> = objects.lines().map(str::to_owned).collect();
        if objects.len() == texts.len() {
            Ok(objects)
        } else {
            Err("git hash-object gave no answer".to_owned())
        }
    }

    /// The object that `git add` would make of a text at this place.
    pub(super) fn filtered(&self, place: &Place, text: &str, write: bool) -> Result<String, String> {
        let mut path = OsString::from("--path=");
        path.push(&place.name);
        let mut arguments = vec![OsStr::new("hash-object"), &path, OsStr::new("--stdin")];
        arguments.extend(write.then_some(OsStr::new("-w")));
        self.git.run(&arguments, text.as_bytes())?.line()
    }
}

/// Refuses a work tree that is not what the last commit holds: harden decides by all of it, and a branch has only what is
/// committed.
fn clean(git: &Git) -> Result<(), String> {
    let out = git.output(&[
        "status",
        "--porcelain=v1",
        "-z",
        "--no-renames",
        "--untracked-files=normal",
        "--ignore-submodules=dirty",
    ])?;
    let names: Vec<String> = out
        .split(|byte| *byte == 0)
        .filter_map(|entry| entry.get(3..))
        .map(|name| plan::shown(Path::new(String::from_utf8_lossy(name).as_ref())))
        .collect();
    if names.is_empty() {
        return Ok(());
    }
    let more = names.len().saturating_sub(LISTED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let names: Vec<&str> = names.iter().take(LISTED).map(String::as_str).collect();
    Err(format!(
        "it has changes that are not committed ({}{more}), and the commits would not hold what was looked at; commit or \
         stash them, or give --allow-dirty when no build uses them",
        names.join(", ")
    ))
}
