//! The commands of RUN that install Python packages, and where they put them.
//!
//! Sources: the user guides of pip ("pip install", "User Installs", "Configuration"), `venv` (Python library reference),
//! Poetry ("Configuration": `virtualenvs.create`, `virtualenvs.in-project`), uv ("Projects", "Python environments"),
//! Pipenv ("Configuration": `PIPENV_VENV_IN_PROJECT`).

use std::collections::BTreeSet;

use harden_core::syntax::Keyword;
use harden_core::{Value, Why, image_path};

use super::arguments::{self, Pip};
use super::places::{Call, home};
use crate::multi_stage::ran::Ran;
use crate::multi_stage::view::{Step, View};

/// Where Python and what it installs without a virtual environment are in the official images
/// (docker-library/python, `Dockerfile-linux.template`).
pub(super) const SYSTEM: &str = "/usr/local";

/// Packages that install others and are not what a program imports.
const INSTALLERS: [&str; 10] = [
    "build",
    "pip",
    "pip-tools",
    "pipenv",
    "poetry",
    "poetry-core",
    "setuptools",
    "uv",
    "virtualenv",
    "wheel",
];

/// Everything the RUN steps install.
#[derive(Debug, Default)]
#[allow(clippy::struct_excessive_bools, reason = "each is a setting of its own")]
pub(super) struct Installs {
    /// The commands that were understood.
    pub(super) explained: BTreeSet<(usize, usize)>,
    /// The last step with one of them.
    pub(super) last: Option<usize>,
    /// Folders that hold what was installed.
    pub(super) places: BTreeSet<String>,
    /// Project folders that what was installed points into: they go over whole.
    pub(super) editable: BTreeSet<String>,
    /// What says which packages, in order.
    pub(super) sources: Vec<Source>,
    /// Something builds wheels from sources although there may be one to download.
    pub(super) no_binary: bool,
    /// The step that uninstalls what the image itself brings.
    pub(super) uninstalls: Option<usize>,
    /// uv made an environment; it may have downloaded another Python for it.
    pub(super) uv_python: bool,
    /// Virtual environments, by their folder.
    pub(super) environments: BTreeSet<String>,
    /// Poetry installs into the Python it runs with.
    poetry_system: bool,
    /// Poetry puts the environment into the project.
    poetry_in_project: bool,
}

/// What says which packages are installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// A requirement as pip takes it.
    Requirement(String),
    /// A file of requirements: its path in the image, and the one in the build context where a bind mount has it.
    File(String, Option<String>),
    /// A folder with a project: `pyproject.toml`, `setup.cfg`, `setup.py`. Whether extras of it are wanted.
    Project(String, bool),
    /// A folder with a `Pipfile`.
    Pipfile(String),
    /// It cannot be told.
    Unknown(String),
}

/// Reads all RUN steps.
///
/// # Errors
/// An installer is used in a way that leaves open where packages go: `installer`, `poetry-environment`, …
pub(super) fn read(view: &View<'_, '_>) -> Result<Installs, Why> {
    let mut installs = Installs::default();
    let setting = |name: &str| value(view, name);
    let is_no = |value: Option<String>| {
        value.is_some_and(|value| matches!(value.to_ascii_lowercase().as_str(), "false" | "0" | "never"))
    };
    let is_yes = |value: Option<String>| {
        value.is_some_and(|value| matches!(value.to_ascii_lowercase().as_str(), "true" | "1"))
    };
    installs.poetry_system = is_no(setting("POETRY_VIRTUALENVS_CREATE"));
    installs.poetry_in_project = is_yes(setting("POETRY_VIRTUALENVS_IN_PROJECT"));
    installs.no_binary = setting("PIP_NO_BINARY").is_some();
    for step in view.steps.iter().filter(|step| step.instruction.keyword() == Keyword::Run) {
        for ran in &step.ran {
            let before = installs.last;
            if installs.command(view, step, ran)? {
                installs.explained.insert(ran.at);
            } else {
                installs.last = before;
            }
        }
    }
    Ok(installs)
}

/// The value an ENV of the stage gives at its end.
pub(super) fn value(view: &View<'_, '_>, name: &str) -> Option<String> {
    let variable = view.scopes.variable(view.run.end, name)?;
    match variable.value {
        Value::Known(value) => Some(value),
        Value::FromBase | Value::Unknown(_) => None,
    }
}

impl Installs {
    /// Whether `ran` is understood, and what it installs.
    fn command<'a>(&mut self, view: &View<'_, 'a>, step: &Step<'a>, ran: &Ran) -> Result<bool, Why> {
        let words = arguments::words(view, step, ran);
        let Some((program, rest)) = words.split_first() else { return Ok(false) };
        let name = program.rsplit('/').next().unwrap_or_default();
        let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
        let ours = Call { view, step, ran, program };
        if arguments::is_versioned(name, "pip") {
            return self.pip(&ours, &rest);
        }
        if arguments::is_versioned(name, "python") {
            return self.python(&ours, &rest);
        }
        match (name, rest.as_slice()) {
            ("virtualenv", rest) => self.environment(&ours, rest),
            ("source" | ".", [script]) if script.ends_with("/bin/activate") => Ok(true),
            ("poetry", rest) => self.poetry(&ours, rest),
            ("pipenv", rest) => self.pipenv(&ours, rest),
            ("uv", rest) => self.uv(&ours, rest),
            ("pip-compile" | "pip-sync", _) => Err(installer("pip-tools")),
            ("conda" | "mamba" | "micromamba", _) => Err(installer("conda")),
            ("pdm", _) => Err(installer("PDM")),
            ("hatch" | "rye" | "pixi", _) => Err(installer(name)),
            // The installers of Poetry and uv, from a pipe.
            ("curl" | "wget", rest) if ran.command.place.piped => {
                Ok(rest.iter().any(|word| is_installer(word)))
            }
            ("sh" | "bash", [] | ["-" | "-s"]) if ran.command.place.piped => {
                let earlier = step.ran.iter().take_while(|other| other.at != ran.at);
                Ok(earlier.last().is_some_and(|other| self.explained.contains(&other.at)))
            }
            _ => Ok(false),
        }
    }

    fn python(&mut self, call: &Call<'_, '_, '_>, rest: &[&str]) -> Result<bool, Why> {
        match rest {
            ["-m", "pip", rest @ ..] => self.pip(call, rest),
            ["-m", "venv" | "virtualenv", rest @ ..] => self.environment(call, rest),
            ["-m", "ensurepip", ..] => Ok(true),
            ["-m", "poetry", rest @ ..] => self.poetry(call, rest),
            ["-m", "pipenv", rest @ ..] => self.pipenv(call, rest),
            ["-m", "spacy", "download", model] => {
                self.sources.push(Source::Requirement((*model).to_owned()));
                self.installed(call, None);
                Ok(true)
            }
            ["setup.py", "install", ..] => {
                let folder = call.folder()?;
                self.sources.push(Source::Project(folder, false));
                self.installed(call, None);
                Ok(true)
            }
            ["setup.py", "develop" | "build_ext", ..] => {
                let folder = call.folder()?;
                self.sources.push(Source::Project(folder.clone(), false));
                self.editable.insert(folder);
                self.installed(call, None);
                Ok(true)
            }
            [] | ["-"] if call.ran.command.place.piped => {
                let earlier = call.step.ran.iter().take_while(|other| other.at != call.ran.at);
                Ok(earlier.last().is_some_and(|other| self.explained.contains(&other.at)))
            }
            _ => Ok(false),
        }
    }

    /// `python -m venv FOLDER`.
    fn environment(&mut self, call: &Call<'_, '_, '_>, rest: &[&str]) -> Result<bool, Why> {
        let mut folder = None;
        let mut words = rest.iter();
        while let Some(word) = words.next() {
            match *word {
                "-p" | "--python" | "--prompt" => drop(words.next()),
                flag if flag.starts_with('-') => {}
                path => folder = call.ran.path(path),
            }
        }
        let Some(folder) = folder.filter(|path| !path.contains('$')) else {
            return Err(Why::new(
                "environment-unknown",
                "the folder of the virtual environment is not known",
            ));
        };
        self.environments.insert(folder.clone());
        self.places.insert(folder);
        self.last = Some(call.step.index);
        Ok(true)
    }

    fn pip(&mut self, call: &Call<'_, '_, '_>, rest: &[&str]) -> Result<bool, Why> {
        if rest.contains(&"uninstall")
            && rest.iter().any(|word| matches!(*word, "pip" | "setuptools" | "wheel"))
        {
            self.uninstalls = self.uninstalls.max(Some(call.step.index));
        }
        let Some(pip) = Pip::read(call, rest)? else { return Ok(arguments::is_harmless(rest)) };
        self.no_binary |= pip.no_binary;
        self.editable.extend(pip.editable.iter().cloned());
        let only_tools = pip.sources.iter().all(|source| match source {
            Source::Requirement(text) => INSTALLERS.contains(&super::requirements::name(text).as_str()),
            _ => false,
        });
        self.sources.extend(pip.sources);
        self.last = Some(call.step.index);
        match pip.folder {
            Some(folder) => {
                self.places.insert(folder);
            }
            None if pip.user => {
                self.places.insert(home(call)?);
            }
            None => {
                let place = self.environment_of(call);
                let user = &call.step.state.user;
                let is_root = matches!(user, Value::FromBase)
                    || matches!(user, Value::Known(name) if matches!(name.split(':').next(), Some("root" | "0")));
                match place {
                    Some(folder) => drop(self.places.insert(folder)),
                    // Without the right to write there, pip installs for the user.
                    None if !is_root => drop(self.places.insert(home(call)?)),
                    // A new pip is of no use to the program.
                    None if only_tools => {}
                    None => drop(self.places.insert(SYSTEM.to_owned())),
                }
            }
        }
        Ok(true)
    }

    fn poetry(&mut self, call: &Call<'_, '_, '_>, rest: &[&str]) -> Result<bool, Why> {
        let words: Vec<&str> = rest.iter().copied().filter(|word| !word.starts_with('-')).collect();
        match words.as_slice() {
            ["config", "virtualenvs.create", value, ..] => self.poetry_system = *value == "false",
            ["config", "virtualenvs.in-project", value, ..] => self.poetry_in_project = *value == "true",
            ["install" | "sync", ..] => {
                let folder = call.folder()?;
                self.sources.push(Source::Project(folder.clone(), true));
                let own = image_path::resolve(&folder, ".venv");
                let place = match self.environment_of(call) {
                    Some(environment) => Some(environment),
                    None if self.poetry_system => None,
                    None if self.poetry_in_project => Some(own),
                    None => {
                        let message = "Poetry puts the virtual environment into its cache; set POETRY_VIRTUALENVS_IN_PROJECT=true";
                        return Err(Why::new("poetry-environment", message));
                    }
                };
                self.installed(call, place);
                return Ok(true);
            }
            ["config" | "self" | "export" | "lock" | "check" | "cache" | "build", ..] | [] => {}
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn pipenv(&mut self, call: &Call<'_, '_, '_>, rest: &[&str]) -> Result<bool, Why> {
        let words: Vec<&str> = rest.iter().copied().filter(|word| !word.starts_with('-')).collect();
        match words.as_slice() {
            ["install" | "sync", names @ ..] => {
                let folder = call.folder()?;
                self.sources.push(Source::Pipfile(folder.clone()));
                self.sources.extend(names.iter().map(|name| Source::Requirement((*name).to_owned())));
                let in_project = value(call.view, "PIPENV_VENV_IN_PROJECT").is_some_and(|value| value != "0");
                let place = if rest.contains(&"--system") {
                    self.environment_of(call)
                } else if in_project {
                    Some(image_path::resolve(&folder, ".venv"))
                } else {
                    let message = "Pipenv puts the virtual environment into the home of the user; install with --system or set PIPENV_VENV_IN_PROJECT=1";
                    return Err(Why::new("pipenv-environment", message));
                };
                self.installed(call, place);
                Ok(true)
            }
            ["lock" | "requirements" | "verify" | "check", ..] | [] => Ok(true),
            _ => Ok(false),
        }
    }

    fn uv(&mut self, call: &Call<'_, '_, '_>, rest: &[&str]) -> Result<bool, Why> {
        match rest {
            ["pip", "install" | "sync", arguments @ ..] => {
                let mut words = vec!["install"];
                if rest.get(1) == Some(&"sync") {
                    words.extend(
                        arguments.iter().filter(|word| !word.starts_with('-')).flat_map(|file| ["-r", file]),
                    );
                } else {
                    words.extend(
                        arguments
                            .iter()
                            .filter(|word| !matches!(**word, "--system" | "--break-system-packages")),
                    );
                }
                let system =
                    arguments.contains(&"--system") || value(call.view, "UV_SYSTEM_PYTHON").is_some();
                let Some(pip) = Pip::read(call, &words)? else { return Ok(false) };
                self.no_binary |= pip.no_binary;
                self.editable.extend(pip.editable);
                self.sources.extend(pip.sources);
                let place = match pip.folder {
                    Some(folder) => Some(folder),
                    None if system => None,
                    None => Some(match self.environment_of(call) {
                        Some(folder) => folder,
                        None => image_path::resolve(&call.folder()?, ".venv"),
                    }),
                };
                self.installed(call, place);
                Ok(true)
            }
            ["venv", rest @ ..] => {
                self.uv_python = true;
                let own = [".venv"];
                let named = rest.iter().any(|word| !word.starts_with('-'));
                self.environment(call, if named { rest } else { &own })
            }
            ["sync", rest @ ..] => {
                let folder = call.folder()?;
                if rest.iter().any(|word| matches!(*word, "--project" | "--directory")) {
                    return Err(Why::new(
                        "environment-unknown",
                        "the folder of the virtual environment is not known",
                    ));
                }
                self.uv_python = true;
                self.sources.push(Source::Project(folder.clone(), true));
                let place = match value(call.view, "UV_PROJECT_ENVIRONMENT") {
                    Some(path) => image_path::resolve(&folder, &path),
                    None => image_path::resolve(&folder, ".venv"),
                };
                self.installed(call, Some(place));
                Ok(true)
            }
            ["export" | "lock" | "cache" | "--version", ..] => Ok(true),
            _ => Ok(false),
        }
    }

    /// Something was installed into `place`, or into the system's Python.
    fn installed(&mut self, call: &Call<'_, '_, '_>, place: Option<String>) {
        let place = match place {
            Some(place) => place,
            None => self.environment_of(call).unwrap_or_else(|| SYSTEM.to_owned()),
        };
        self.places.insert(place);
        self.last = Some(call.step.index);
    }
}

fn installer(name: &str) -> Why {
    Why::new("installer", format!("nobody has checked where {name} puts what it installs"))
}

/// Whether a word is where Poetry or uv is installed from (their documentation, "Installation").
fn is_installer(word: &str) -> bool {
    ["https://install.python-poetry.org", "https://astral.sh/uv/"].iter().any(|url| word.starts_with(url))
}
