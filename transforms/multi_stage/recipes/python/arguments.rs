//! The words of `pip install`.

use harden_core::Why;

use super::places::Call;
use super::steps::Source;
use crate::multi_stage::ran::Ran;
use crate::multi_stage::view::{Step, View};

/// What `pip install` was told.
#[derive(Debug, Default)]
pub(super) struct Pip {
    /// What says which packages.
    pub(super) sources: Vec<Source>,
    /// Folders of projects that stay where they are.
    pub(super) editable: Vec<String>,
    /// `--target`, `--prefix`.
    pub(super) folder: Option<String>,
    /// `--user`.
    pub(super) user: bool,
    /// `--no-binary`.
    pub(super) no_binary: bool,
}

/// The words of a command with the variables of the file replaced, as far as they are known.
pub(super) fn words(view: &View<'_, '_>, step: &Step<'_>, ran: &Ran) -> Vec<String> {
    let text = |word: &harden_core::shell::Word| {
        if word.literal || word.text.contains("$(") || word.text.contains('`') {
            return word.text.clone();
        }
        let expanded = view.scopes.expand_text(&step.state, &word.text);
        expanded.map_or_else(|_| word.text.clone(), |expanded| expanded.text)
    };
    ran.command.words.iter().map(text).collect()
}

/// Whether `name` is `base` or one with a version: `pip3`, `python3.12`.
pub(super) fn is_versioned(name: &str, base: &str) -> bool {
    let Some(rest) = name.strip_prefix(base) else { return false };
    rest.chars().all(|ch| ch.is_ascii_digit() || ch == '.')
}

/// Whether a command of pip installs nothing.
pub(super) fn is_harmless(rest: &[&str]) -> bool {
    let command = rest.iter().find(|word| !word.starts_with('-'));
    match command {
        Some(&word) => matches!(
            word,
            "cache"
                | "check"
                | "config"
                | "debug"
                | "download"
                | "freeze"
                | "inspect"
                | "list"
                | "show"
                | "uninstall"
                | "wheel"
        ),
        None => true,
    }
}

impl Pip {
    /// Reads the words behind `pip`. `None`: it installs nothing.
    pub(super) fn read(call: &Call<'_, '_, '_>, rest: &[&str]) -> Result<Option<Self>, Why> {
        /// Options with a value that does not matter here (pip, `cli/cmdoptions.py`; uv, "CLI reference").
        const VALUED: [&str; 37] = [
            "--abi",
            "--build",
            "--build-constraint",
            "--cache-dir",
            "--cert",
            "--client-cert",
            "--config-settings",
            "--constraint",
            "-c",
            "--exists-action",
            "--extra-index-url",
            "--find-links",
            "-f",
            "--global-option",
            "--implementation",
            "--index",
            "--index-strategy",
            "--index-url",
            "-i",
            "--install-option",
            "--keyring-provider",
            "--link-mode",
            "--log",
            "--only-binary",
            "--platform",
            "--progress-bar",
            "--proxy",
            "--python",
            "-p",
            "--python-version",
            "--report",
            "--resume-retries",
            "--retries",
            "--src",
            "--timeout",
            "--trusted-host",
            "--upgrade-strategy",
        ];
        let at = rest.iter().position(|word| !word.starts_with('-'));
        let Some((at, _)) = at.and_then(|at| Some((at, rest.get(at).filter(|word| **word == "install")?)))
        else {
            return Ok(None);
        };
        for name in ["PIP_PREFIX", "PIP_ROOT", "PIP_TARGET", "PIP_USER"] {
            let is_set = call.view.scopes.variable(&call.step.state, name).is_some()
                || call.ran.command.assignments.iter().any(|(assigned, _)| assigned == name);
            if is_set {
                let message = format!(
                    "{name} says where packages go, which nobody has checked; use the option of pip instead"
                );
                return Err(Why::new("install-folder", message));
            }
        }
        let mut pip = Self::default();
        let mut words = rest.iter().skip(at + 1).copied();
        while let Some(word) = words.next() {
            let (flag, inline) = match word.split_once('=') {
                Some((flag, value)) if flag.starts_with("--") => (flag, Some(value)),
                _ => (word, None),
            };
            let mut value = || inline.or_else(|| words.next()).unwrap_or_default();
            match flag {
                "-r" | "--requirement" | "--requirements" => pip.file(call, value()),
                "-e" | "--editable" => {
                    let text = value();
                    pip.project(call, text, true)?;
                }
                "-t" | "--target" | "--prefix" => {
                    let folder = call.ran.path(value()).filter(|path| !path.contains('$'));
                    let why =
                        || Why::new("install-folder", "the folder packages are installed into is not known");
                    pip.folder = Some(folder.ok_or_else(why)?);
                }
                "--root" => {
                    let message =
                        "packages are installed below another root, which nobody can run from there";
                    return Err(Why::new("install-folder", message));
                }
                "--group" | "--dry-run" => pip.sources.push(Source::Unknown(word.to_owned())),
                "--no-binary" => {
                    let _ = value();
                    pip.no_binary = true;
                }
                "--user" => pip.user = true,
                flag if VALUED.contains(&flag) => drop(value()),
                flag if flag.starts_with("-r") && flag.len() > 2 && !flag.starts_with("--") => {
                    pip.file(call, flag.get(2..).unwrap_or_default());
                }
                flag if flag.starts_with('-') => {}
                text => pip.project(call, text, false)?,
            }
        }
        Ok(Some(pip))
    }

    fn file(&mut self, call: &Call<'_, '_, '_>, text: &str) {
        match call.ran.path(text) {
            Some(path) if !path.contains('$') && !text.contains("://") => {
                let mounted = call.mounted(&path);
                self.sources.push(Source::File(path, mounted));
            }
            _ => self.sources.push(Source::Unknown(text.to_owned())),
        }
    }

    /// A requirement, or a folder with a project.
    fn project(&mut self, call: &Call<'_, '_, '_>, text: &str, editable: bool) -> Result<(), Why> {
        let (path, extras) = match text.split_once('[') {
            Some((path, _)) => (path, true),
            None => (text, false),
        };
        let is_folder = path.starts_with('.') || path.starts_with('/') || path.ends_with('/');
        if path.contains("://")
            || path.contains('$')
            || path.contains('*')
            || path.contains(".whl")
            || path.contains(".tar.")
        {
            if editable {
                let message = "an editable install keeps its sources in a folder that nobody knows";
                return Err(Why::new("editable-unknown", message));
            }
            self.sources.push(Source::Unknown(without_secrets(text)));
            return Ok(());
        }
        if !is_folder && !editable {
            self.sources.push(Source::Requirement(text.to_owned()));
            return Ok(());
        }
        let why = || Why::new("workdir-unknown", "the folder of the project that is installed is not known");
        let folder = call.ran.path(path).ok_or_else(why)?;
        self.sources.push(Source::Project(folder.clone(), extras));
        if editable {
            self.editable.push(folder);
        }
        Ok(())
    }
}

/// A URL without what stands before its host or behind its path: it may hold a password.
pub(super) fn without_secrets(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else {
        return text.split_whitespace().next().unwrap_or_default().to_owned();
    };
    let scheme = scheme.rsplit([' ', '@']).next().unwrap_or_default();
    let rest = rest.split(['?', '#', ' ']).next().unwrap_or_default();
    let rest = rest.split_once('/').map_or(rest, |(host, _)| host);
    let host = rest.rsplit('@').next().unwrap_or_default();
    format!("{scheme}://{host}/…")
}
