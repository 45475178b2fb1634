//! Does anything keep the pins of a repository fresh?
//!
//! A digest that nobody moves is a base image that gets no fixes, so a run that pins says when the repository of a
//! Dockerfile has no update bot for it. Only the files of bots at the root of the repository are read, each at most
//! 1 MiB; what another service or a shared preset switches on or off cannot be seen from here.

mod dependabot;
mod note;
mod renovate;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use dependabot::Dependabot;
pub use note::{Note, notes};
use renovate::Renovate;

/// Largest file that is read, in bytes.
const MAX_BYTES: u64 = 1 << 20;
/// Folders above a Dockerfile that are searched for `.git`.
const MAX_FOLDERS: usize = 128;
/// Workflow files that are searched for an update action.
const MAX_WORKFLOWS: usize = 64;

/// What moves the pinned digests of a Dockerfile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Updater {
    /// Dependabot, by this file.
    Dependabot(PathBuf),
    /// Renovate, by this file.
    Renovate(PathBuf),
    /// Another tool that has this file or folder; what it covers is not looked at.
    Other(PathBuf),
    /// A bot has a file that could not be understood.
    Unclear {
        /// The file.
        path: PathBuf,
        /// Why, without quoting it.
        why: String,
    },
    /// Nothing that is known here.
    Missing(Missing),
    /// The Dockerfile is in no git repository, so no bot is to be expected.
    NoRepository,
}

/// A folder that no update bot covers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Missing {
    /// Root of the repository, canonical.
    pub root: PathBuf,
    /// Folder of the Dockerfile as Dependabot writes it: `/`, `/services/web`.
    pub folder: String,
    /// The file of Dependabot, when there is one for other things.
    pub dependabot: Option<PathBuf>,
}

/// Finds the updater of each Dockerfile of a run; the files of a repository are read once.
#[derive(Debug, Default)]
pub struct Updaters(Mutex<HashMap<PathBuf, Arc<Repository>>>);

impl Updaters {
    /// What moves the pinned digests of `dockerfile`, which has to exist.
    pub fn of(&self, dockerfile: &Path) -> Updater {
        let Some((root, path)) = locate(dockerfile) else { return Updater::NoRepository };
        let repository = {
            let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(known.entry(root.clone()).or_insert_with(|| Arc::new(Repository::read(&root))))
        };
        repository.updater(&root, &path)
    }
}

/// The root of the repository and the path in it, `/`-separated.
fn locate(dockerfile: &Path) -> Option<(PathBuf, String)> {
    let parent = match dockerfile.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let folder = fs::canonicalize(parent).ok()?;
    let root = folder.ancestors().take(MAX_FOLDERS).find(|folder| folder.join(".git").exists())?;
    let below = folder.strip_prefix(root).ok()?.join(dockerfile.file_name()?);
    let parts = below.components().map(|part| match part {
        Component::Normal(part) => part.to_str(),
        _ => None,
    });
    let parts: Option<Vec<_>> = parts.collect();
    Some((root.to_path_buf(), parts?.join("/")))
}

/// The files of bots of one repository.
#[derive(Debug)]
struct Repository {
    dependabot: Option<(PathBuf, Result<Dependabot, String>)>,
    renovate: Option<(PathBuf, Result<Renovate, String>)>,
    other: Option<PathBuf>,
}

impl Repository {
    fn read(root: &Path) -> Self {
        Self {
            dependabot: first(root, dependabot::FILES, |text, _| Some(dependabot::parse(text))),
            renovate: first(root, renovate::FILES, renovate::parse),
            other: other(root),
        }
    }

    /// `path` is that of the Dockerfile below `root`.
    fn updater(&self, root: &Path, path: &str) -> Updater {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        match &self.dependabot {
            Some((file, Ok(config))) if config.covers(folder) => return Updater::Dependabot(file.clone()),
            _ => {}
        }
        match &self.renovate {
            Some((file, Ok(config))) if config.covers(path) => return Updater::Renovate(file.clone()),
            _ => {}
        }
        if let Some(other) = &self.other {
            return Updater::Other(other.clone());
        }
        let broken_dependabot =
            self.dependabot.as_ref().and_then(|(file, read)| Some((file, read.as_ref().err()?)));
        let broken_renovate =
            self.renovate.as_ref().and_then(|(file, read)| Some((file, read.as_ref().err()?)));
        if let Some((file, why)) = broken_dependabot.or(broken_renovate) {
            return Updater::Unclear { path: file.clone(), why: why.clone() };
        }
        Updater::Missing(Missing {
            root: root.to_path_buf(),
            folder: format!("/{folder}"),
            dependabot: self.dependabot.as_ref().map(|(file, _)| file.clone()),
        })
    }
}

/// The first of `names` that is there and that `parse`, which is given the name too, takes for a file of its bot.
fn first<T>(
    root: &Path,
    names: &[&str],
    parse: impl Fn(&str, &str) -> Option<Result<T, String>>,
) -> Option<(PathBuf, Result<T, String>)> {
    names.iter().find_map(|name| {
        let path = root.join(name);
        let read = match text(&path) {
            Ok(text) => parse(&text?, name)?,
            Err(why) => Err(why),
        };
        Some((path, read))
    })
}

/// The text of a file; `None` when there is none.
fn text(path: &Path) -> Result<Option<String>, String> {
    // Opening a pipe would wait for its writer.
    if !path.is_file() {
        return Ok(None);
    }
    let cannot = |error: std::io::Error| format!("it cannot be read ({})", error.kind());
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes)).map_err(cannot)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err("it is larger than 1 MiB".to_owned());
    }
    let text = String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())?;
    Ok(Some(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text)))
}

/// Other tools that follow image digests: updatecli, and the GitHub actions digestabot and Renovate.
fn other(root: &Path) -> Option<PathBuf> {
    const UPDATECLI: [&str; 4] = ["updatecli.yaml", "updatecli.yml", "updatecli.d", "updatecli"];
    const ACTIONS: [&str; 2] = ["chainguard-dev/digestabot@", "renovatebot/github-action@"];
    if let Some(name) = UPDATECLI.into_iter().find(|name| root.join(name).exists()) {
        return Some(root.join(name));
    }
    let workflows = fs::read_dir(root.join(".github").join("workflows")).ok()?;
    let mut paths: Vec<_> = workflows.take(MAX_WORKFLOWS).flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths.into_iter().find(|path| {
        let is_yaml = path.extension().is_some_and(|extension| extension == "yml" || extension == "yaml");
        let text = || text(path).ok().flatten().unwrap_or_default();
        is_yaml && text().lines().any(|line| is_use_of(line, &ACTIONS))
    })
}

/// Whether a line of a workflow runs one of these actions.
fn is_use_of(line: &str, actions: &[&str]) -> bool {
    let step = line.trim_start().trim_start_matches("- ").trim_start();
    step.strip_prefix("uses:").is_some_and(|action| {
        let action = action.trim_start().trim_start_matches(['"', '\'']);
        actions.iter().any(|known| action.starts_with(known))
    })
}
