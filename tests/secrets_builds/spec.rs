//! A case: a folder with a Dockerfile, and `case.toml` that says what it shows.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use tempfile::TempDir;

use crate::files::read_toml;
use crate::process::scratch;

const SPEC: &str = "case.toml";

/// A case.
pub(crate) struct Case {
    pub(crate) name: String,
    folder: PathBuf,
    pub(crate) spec: Spec,
}

/// What `case.toml` says. Words between `@` are replaced in it, in the Dockerfile and in the context (see [`Values`]).
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Spec {
    /// What the case shows, one sentence.
    #[allow(dead_code, reason = "for people who read the case")]
    why: String,
    /// The level at which `env-secrets` writes its fix.
    pub(crate) level: LevelName,
    /// Where the secrets of the image that is built from the original are.
    pub(crate) found: BTreeSet<Place>,
    /// What the original build is given with `--build-arg`.
    #[serde(default)]
    pub(crate) arguments: BTreeMap<String, String>,
    /// Environment variables of the rewritten build, for secrets that come from one; the others are `@SECRET@`.
    #[serde(default)]
    pub(crate) values: BTreeMap<String, String>,
    /// Files of the context, besides those in the folder. `@KEY@` is the private key that the SSH server accepts.
    #[serde(default)]
    pub(crate) files: BTreeMap<String, String>,
    /// Files that the steps make with their secrets, in both images.
    pub(crate) made: BTreeMap<String, String>,
    /// Files that the steps make when nobody gives a secret or argument: both builds succeed then as well.
    #[serde(default)]
    pub(crate) without: BTreeMap<String, String>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum LevelName {
    Review,
    Suggest,
}

/// Where a secret can be found.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Place {
    /// `docker history --no-trunc`.
    History,
    /// `docker image inspect`.
    Config,
    /// A layer in `docker save`.
    Layer,
    /// What the builder keeps, as `docker buildx du --verbose` tells it.
    Cache,
    /// What the builder writes while it builds.
    Output,
    /// How the image was built, which buildx keeps and attaches to an image that is pushed (BuildKit documentation,
    /// "SLSA provenance").
    Provenance,
}

/// What stands for the words between `@` in a case. Secrets are new in each run and case, so that nothing an earlier run
/// left behind can be taken for them.
#[derive(Default)]
pub(crate) struct Values {
    /// `@SECRET@`.
    pub(crate) secret: String,
    /// `@OTHER@`, another secret.
    pub(crate) other: String,
    /// `@MADE@`, what the servers give to those who know a secret.
    pub(crate) made: String,
    /// `@HTTP@`, host and port of the HTTP server.
    pub(crate) http: String,
    /// `@SSH@`, the port of the SSH server on 127.0.0.1, and its key.
    pub(crate) ssh: Option<(u16, String)>,
}

impl Values {
    /// The text with its values.
    pub(crate) fn fill(&self, text: &str) -> String {
        let (port, key) =
            self.ssh.as_ref().map_or_else(Default::default, |(port, key)| (port.to_string(), key.clone()));
        [
            ("@SECRET@", &self.secret),
            ("@OTHER@", &self.other),
            ("@MADE@", &self.made),
            ("@HTTP@", &self.http),
            ("@SSH@", &port),
            ("@KEY@", &key),
        ]
        .iter()
        .fold(text.to_owned(), |text, (word, value)| text.replace(word, value))
    }
}

impl Case {
    pub(crate) fn open(folder: &Path) -> Self {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        Self { name, folder: folder.to_owned(), spec: read_toml(&folder.join(SPEC)) }
    }

    /// The Dockerfile with its values.
    pub(crate) fn dockerfile(&self, values: &Values) -> String {
        values.fill(&fs::read_to_string(self.folder.join("Dockerfile")).unwrap())
    }

    /// Whether a step talks to the SSH server.
    pub(crate) fn needs_ssh(&self) -> bool {
        self.spec.files.values().any(|text| text.contains("@KEY@"))
    }

    /// The strings that must not be in a rewritten image.
    pub(crate) fn canaries(&self, values: &Values) -> Vec<String> {
        let mut canaries = vec![values.secret.clone()];
        let texts = || self.spec.files.values().chain(self.spec.values.values());
        if texts().any(|text| text.contains("@OTHER@")) {
            canaries.push(values.other.clone());
        }
        if self.needs_ssh() {
            canaries = values.ssh.iter().filter_map(|(_, key)| key_line(key)).collect();
        }
        canaries
    }

    /// A repository with the context in the folder `context`.
    pub(crate) fn repository(&self, values: &Values) -> TempDir {
        let repository = TempDir::new_in(scratch()).unwrap();
        fs::create_dir(repository.path().join(".git")).unwrap();
        let context = repository.path().join("context");
        fs::create_dir(&context).unwrap();
        fs::write(context.join("Dockerfile"), self.dockerfile(values)).unwrap();
        for (path, text) in &self.spec.files {
            let path = context.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, values.fill(text)).unwrap();
        }
        repository
    }
}

/// A line of a private key that no other key has: the first ones tell only its kind, and what is public about it.
fn key_line(key: &str) -> Option<String> {
    let lines: Vec<&str> = key.lines().filter(|line| !line.starts_with("-----")).collect();
    lines.get(lines.len().checked_sub(2)?).map(|line| (*line).to_owned())
}
