//! `harden.toml`: what a repository wants of harden, the same on every machine.
//!
//! The file has no version and is strict: a key, transform or level that does not exist is an error with its place, so
//! that no setting is lost to a spelling mistake. `docs/harden-toml.md` describes the format.
//!
//! It is looked for in the folder of what is given and in the folders above, and the first one counts. The search ends
//! at the root of the repository (the folder that holds `.git`), or without one at the root of the file system; there,
//! a file of another user is refused, because everybody may put one into a shared folder such as `/tmp`.

mod error;
mod files;
mod images;
mod keys;
mod read;
mod set;
mod stages;
#[cfg(test)]
mod tests;
mod user;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use harden_core::{Level, StageSettings, UserSettings};

use crate::notes::Choice;

pub use error::ConfigError;
use files::FileRule;
pub use images::{ImagePattern, ImagePolicy};
pub use keys::SECTIONS;
pub use set::Configs;
pub use stages::StageChoice;
pub use user::UserChoice;

/// Name of the file.
pub const FILE_NAME: &str = "harden.toml";
/// Largest file that is read, in bytes.
pub const MAX_SIZE: u64 = 1 << 20;
/// Folders that are searched at most.
const MAX_FOLDERS: usize = 128;
const DOCKER_HUB: &str = "docker.io";

/// The settings of a `harden.toml`. What is not in the file is empty or `None` here.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The file; relative to the working directory when it is below it.
    pub path: PathBuf,
    /// `level`: fixes are written up to this level.
    pub level: Option<Level>,
    /// `only`: names of the transforms to run; empty means all.
    pub only: Vec<String>,
    /// `skip`: names of transforms to leave out.
    pub skip: Vec<String>,
    /// `facts`: recorded image facts; relative paths of the file have been joined to its folder. Later ones win.
    pub facts: Vec<PathBuf>,
    /// `offline`: whether registries are left alone.
    pub offline: Option<bool>,
    /// `notes`: when there are files of notes beside a Dockerfile.
    pub notes: Option<Choice>,
    /// `[pin-digest]`: which images are pinned. `ignore` lists images that never are, `only`, unless empty, those that
    /// may be.
    pub images: ImagePolicy,
    /// `[non-root-user]`: what is chosen about the user that containers run as.
    pub user: UserChoice,
    /// `[multi-stage]`: what is chosen about the stages a file is split into.
    pub stages: StageChoice,
    /// `[registries."host[:port]"]`, by host in lower case; the hosts of Docker Hub are `docker.io`.
    pub registries: BTreeMap<String, Registry>,
    /// Canonical folder of the file.
    folder: PathBuf,
    /// `[[files]]`, in the order of the file.
    files: Vec<FileRule>,
}

/// How one registry is asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Registry {
    /// `mirror`: asked first, `host[:port][/prefix]`, without a slash at its end.
    pub mirror: Option<String>,
    /// `insecure`: whether it may be asked without TLS.
    pub insecure: bool,
}

impl Config {
    /// The configuration for `start`, a file or folder that may be missing. `None` when there is no file.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load); and when the file was found outside a repository and belongs neither to root nor to the
    /// owner of the folder the search began in (Unix only).
    pub fn discover(start: &Path) -> Result<Option<Self>, ConfigError> {
        find(start)?.map(|path| Self::load(&path)).transpose()
    }

    /// Reads a configuration file.
    ///
    /// # Errors
    ///
    /// It cannot be read, is larger than [`MAX_SIZE`], or is not what `docs/harden-toml.md` describes.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let help = "check the path and its permissions";
        let unreadable = |error: std::io::Error| {
            ConfigError::new(path, format!("cannot be read ({})", error.kind()), help)
        };
        // Opening a pipe would wait for its writer.
        if !fs::metadata(path).map_err(unreadable)?.is_file() {
            return Err(ConfigError::new(path, "is no regular file", help));
        }
        let mut bytes = Vec::new();
        File::open(path)
            .and_then(|file| file.take(MAX_SIZE + 1).read_to_end(&mut bytes))
            .map_err(unreadable)?;
        if bytes.len() as u64 > MAX_SIZE {
            return Err(ConfigError::new(
                path,
                "is larger than 1 MiB",
                "move lists of facts into a facts file",
            ));
        }
        let text = String::from_utf8(bytes).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            ConfigError::new(path, format!("is not UTF-8 at byte {at}"), "save it as UTF-8")
        })?;
        let folder = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let folder = fs::canonicalize(folder).map_err(unreadable)?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        Ok(Self { folder, ..read::parse(text, path, &path.display().to_string())? })
    }

    /// Mirrors by registry, as the resolver takes them.
    #[must_use]
    pub fn mirrors(&self) -> BTreeMap<String, String> {
        let mirror = |(host, registry): (&String, &Registry)| Some((host.clone(), registry.mirror.clone()?));
        self.registries.iter().filter_map(mirror).collect()
    }

    /// Registries that may be asked without TLS, as the resolver takes them.
    #[must_use]
    pub fn insecure(&self) -> BTreeSet<String> {
        self.registries
            .iter()
            .filter(|(_, registry)| registry.insecure)
            .map(|(host, _)| host.clone())
            .collect()
    }

    /// What counts for one Dockerfile: the settings at the top, and over them the `[[files]]` entries that match, of which
    /// the last one that gives a setting decides it. Standard input has no path and no such entries.
    #[must_use]
    pub fn for_file(&self, path: Option<&Path>) -> FileSettings<'_> {
        let below =
            path.filter(|_| !self.files.is_empty()).and_then(|path| files::relative(&self.folder, path));
        let rules = self.files.iter().filter(|rule| below.as_deref().is_some_and(|path| rule.covers(path)));
        let mut settings = FileSettings {
            config: Some(self),
            user: self.user,
            stages: self.stages,
            ..FileSettings::default()
        };
        for rule in rules {
            settings.user = rule.user.or(settings.user);
            settings.stages = rule.stages.or(settings.stages);
            settings.file_level = rule.level.or(settings.file_level);
            settings.skip.extend(rule.skip.iter().map(String::as_str));
        }
        settings
    }
}

/// What counts for one Dockerfile.
#[derive(Clone, Debug, Default)]
pub struct FileSettings<'c> {
    config: Option<&'c Config>,
    file_level: Option<Level>,
    skip: BTreeSet<&'c str>,
    user: UserChoice,
    stages: StageChoice,
}

impl FileSettings<'_> {
    /// The level up to which fixes are written, if the user or the file gives one. `given` is that of the command line:
    /// it stands in the place of the file's own `level`, while a `[[files]]` entry can still lower it.
    #[must_use]
    pub fn level(&self, given: Option<Level>) -> Option<Level> {
        match (given, self.file_level) {
            (Some(given), Some(own)) => Some(given.min(own)),
            (given, own) => given.or(own).or_else(|| self.config?.level),
        }
    }

    /// What is chosen about the user that containers run as. `given` is that of the command line and wins.
    #[must_use]
    pub fn user(&self, given: UserChoice) -> UserSettings {
        given.or(self.user).settings()
    }

    /// What is chosen about the stages a file is split into. `given` is that of the command line and wins.
    #[must_use]
    pub fn stages(&self, given: StageChoice) -> StageSettings {
        given.or(self.stages).settings()
    }

    /// Whether a transform may run, as far as the file has a say.
    #[must_use]
    pub fn runs(&self, transform: &str) -> bool {
        let Some(config) = self.config else { return true };
        let listed = |list: &[String]| list.iter().any(|one| one == transform);
        (config.only.is_empty() || listed(&config.only))
            && !listed(&config.skip)
            && !self.skip.contains(transform)
    }
}

/// The file that counts for `start`, as [`Config::discover`] finds it.
pub(crate) fn find(start: &Path) -> Result<Option<PathBuf>, ConfigError> {
    let Some(first) = folder_of(start) else { return Ok(None) };
    let mut found = None;
    for folder in first.ancestors().take(MAX_FOLDERS) {
        if found.is_none() {
            let path = folder.join(FILE_NAME);
            found = path.is_file().then_some(path);
        }
        if folder.join(".git").exists() {
            return Ok(found.map(shown));
        }
    }
    match found {
        Some(path) if !is_trusted(&path, &first) => Err(ConfigError::new(
            shown(path),
            "belongs to another user and is in no git repository, so it is not used",
            "name it with --config if it is meant",
        )),
        found => Ok(found.map(shown)),
    }
}

/// The canonical folder of a file, a folder, or something that is not there but whose folder is.
fn folder_of(start: &Path) -> Option<PathBuf> {
    let real = fs::canonicalize(start).or_else(|_| {
        let parent = start.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::canonicalize(parent)
    });
    let real = real.ok()?;
    if real.is_dir() { Some(real) } else { real.parent().map(Path::to_path_buf) }
}

/// As seen from the working directory, when it is below that.
fn shown(path: PathBuf) -> PathBuf {
    let here = std::env::current_dir().and_then(fs::canonicalize);
    let below = here.ok().and_then(|here| path.strip_prefix(here).ok().map(Path::to_path_buf));
    below.unwrap_or(path)
}

#[cfg(unix)]
fn is_trusted(file: &Path, start: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let owner = |path: &Path| fs::metadata(path).map(|metadata| metadata.uid());
    matches!((owner(file), owner(start)), (Ok(file), Ok(start)) if file == 0 || file == start)
}

/// Folders that everybody may write to are a matter of access control lists there.
#[cfg(not(unix))]
fn is_trusted(_: &Path, _: &Path) -> bool {
    true
}
