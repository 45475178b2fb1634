//! A case: a folder with an application, and `case.toml` that says how to tell that it works.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use tempfile::TempDir;

use crate::files::{copy_tree, read_toml};
use crate::process::scratch;

const SPEC: &str = "case.toml";

/// A case.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) folder: PathBuf,
    pub(crate) spec: Spec,
}

/// What `case.toml` says.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Spec {
    /// What the case shows, one sentence.
    pub(crate) why: String,
    /// The reason code of the split: `go-static`, `node`.
    pub(crate) recipe: String,
    /// The level of the split.
    pub(crate) level: Level,
    /// It serves and has to answer on this port; otherwise it has to end.
    pub(crate) port: Option<u16>,
    /// What is asked for, each has to be answered as before; `/` when there are none.
    #[serde(default)]
    pub(crate) paths: Vec<String>,
    /// What it has to write or answer, among other things.
    pub(crate) expect: String,
    /// `name=value`, as for `docker run --env`.
    #[serde(default)]
    pub(crate) env: Vec<String>,
    /// Files that the original has and the split image must not have: compilers, sources.
    pub(crate) gone: Vec<String>,
    /// Files that must still be there, besides what the answers show.
    #[serde(default)]
    pub(crate) kept: Vec<String>,
    /// Its steps need `PyPI` or npm.
    #[serde(default)]
    pub(crate) network: bool,
}

/// A level.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Level {
    /// Written by default.
    Review,
    /// Written with `--level suggest`.
    Suggest,
}

impl Case {
    pub(crate) fn open(folder: &Path) -> Self {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        Self { name, folder: folder.to_owned(), spec: read_toml(&folder.join(SPEC)) }
    }

    /// Its Dockerfile.
    pub(crate) fn text(&self) -> String {
        fs::read_to_string(self.folder.join("Dockerfile")).unwrap()
    }

    /// The application alone, in a folder `context` of a repository of its own.
    pub(crate) fn repository(&self) -> TempDir {
        let repository = TempDir::new_in(scratch()).unwrap();
        fs::create_dir(repository.path().join(".git")).unwrap();
        copy_tree(&self.folder, &repository.path().join("context"), &[SPEC]);
        repository
    }
}
