//! A case: a folder with an application, and `case.toml` that says how to tell that it works.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use harden_core::UserStyle;
use serde::Deserialize;
use tempfile::TempDir;

use crate::bases::Bases;
use crate::files::{copy_file, copy_tree, read_toml};
use crate::here;
use crate::process::scratch;

/// In a case with a hazard: the Dockerfile with the USER that harden must not write, to show that it breaks.
pub(crate) const FORCED: &str = "forced.Dockerfile";
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
    #[allow(dead_code, reason = "for people who read the case")]
    why: String,
    /// `root-group` for the style that `OpenShift` wants.
    style: Option<Style>,
    /// The image runs as another user from the start; nothing has to change.
    #[serde(default)]
    pub(crate) fine_already: bool,
    /// What `config.User` has to be, where only one answer is right.
    pub(crate) user: Option<String>,
    /// Files of the context that come from `apps`, by path; `counter` is the static program.
    #[serde(default)]
    provide: BTreeMap<String, String>,
    /// Modes of files in the context, in octal; git keeps only one bit of them.
    #[serde(default)]
    modes: BTreeMap<String, String>,
    /// harden knows the users and tools of the base images, as with `--inspect`; otherwise their configuration alone.
    #[serde(default)]
    pub(crate) inspect: bool,
    /// Built by the builder that came before BuildKit.
    #[serde(default)]
    pub(crate) legacy: bool,
    /// A user must not be added, at least not as `forced.Dockerfile` does.
    pub(crate) hazard: Option<HazardSpec>,
    /// How containers run; one a target.
    #[serde(rename = "container", default)]
    pub(crate) containers: Vec<ContainerSpec>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Style {
    OwnGroup,
    RootGroup,
}

/// What goes wrong with another user.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HazardSpec {
    /// The hazard that harden names when it leaves the file alone by default. Absent where it can do better.
    pub(crate) id: Option<String>,
    /// A part of what the builder, the container or the checks say of the forced file.
    pub(crate) breaks: String,
}

/// How a container runs and what it has to do.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ContainerSpec {
    /// The stage it runs; the last one when absent.
    pub(crate) target: Option<String>,
    /// It serves and has to answer; otherwise it has to end.
    pub(crate) http: Option<Http>,
    /// Its HEALTHCHECK has to succeed.
    pub(crate) healthy: bool,
    /// What it has to write or answer, among other things.
    pub(crate) expect: String,
    /// The exit code of a container that ends.
    pub(crate) exit: i32,
    /// Folders its user has to be able to write to.
    pub(crate) writes: Vec<String>,
    /// Files its user has to be able to read, and a new user must not be able to change.
    pub(crate) code: Vec<String>,
    /// Paths at which named volumes are mounted that the original has used before.
    pub(crate) volumes: Vec<String>,
    /// `name=value`, as for `docker run --sysctl`.
    pub(crate) sysctls: Vec<String>,
    /// `name=value`, as for `docker run --env`.
    pub(crate) env: Vec<String>,
    /// `--user` for the rewritten image: an id that a platform chooses.
    pub(crate) as_user: Option<String>,
    /// The original has Docker's usual capabilities: root can neither write to what belongs to others nor change
    /// owners without any. A rewritten image never has them.
    pub(crate) usual_capabilities: bool,
}

/// A request.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Http {
    pub(crate) port: u16,
    #[serde(default = "root")]
    pub(crate) path: String,
}

fn root() -> String {
    "/".to_owned()
}

impl Case {
    pub(crate) fn open(folder: &Path) -> Self {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        Self { name, folder: folder.to_owned(), spec: read_toml(&folder.join(SPEC)) }
    }

    pub(crate) fn style(&self) -> UserStyle {
        match self.spec.style {
            Some(Style::RootGroup) => UserStyle::RootGroup,
            Some(Style::OwnGroup) | None => UserStyle::OwnGroup,
        }
    }

    /// The application alone, in a folder `context` of a repository of its own.
    pub(crate) fn context(&self, bases: &Bases) -> TempDir {
        let repository = TempDir::new_in(scratch()).unwrap();
        fs::create_dir(repository.path().join(".git")).unwrap();
        let context = repository.path().join("context");
        copy_tree(&self.folder, &context, &[SPEC, FORCED]);
        for (path, what) in &self.spec.provide {
            let source =
                if what == "counter" { bases.counter.clone() } else { here().join("apps").join(what) };
            copy_file(&source, &context.join(path));
        }
        for (path, mode) in &self.spec.modes {
            let mode = u32::from_str_radix(mode, 8).unwrap();
            fs::set_permissions(context.join(path), fs::Permissions::from_mode(mode)).unwrap();
        }
        repository
    }
}
