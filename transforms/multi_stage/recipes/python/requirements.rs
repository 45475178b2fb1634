//! Which packages are installed: requirements files, `pyproject.toml`, `setup.cfg`, `Pipfile` and the lock files.
//!
//! Sources: pip ("Requirements File Format"), `PyPA` specifications ("Dependency specifiers", "Name normalization",
//! `pyproject.toml`, "Dependency Groups"), setuptools ("Configuring setuptools using setup.cfg files"), Poetry ("The
//! pyproject.toml file"), Pipenv ("Pipfile & Pipfile.lock").

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use harden_core::{Missing, Why, image_path};
use toml::{Table, Value};

use super::arguments::without_secrets;
use super::steps::Source;
use crate::multi_stage::view::View;

/// Files that are read for one stage.
const MAX_FILES: usize = 64;

/// Packages that are looked at.
const MAX_PACKAGES: usize = 4096;

/// What is installed.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    /// Packages that are named, with the version where it is pinned. Names are normalized.
    pub(super) named: BTreeMap<String, Option<String>>,
    /// Packages that lock files add to them.
    pub(super) locked: BTreeMap<String, Option<String>>,
    /// What is installed and has no name on an index: URLs, files, groups.
    pub(super) strange: BTreeSet<String>,
    /// Why not everything could be read.
    pub(super) unread: Option<Why>,
    /// A file asks to build from sources.
    pub(super) no_binary: bool,
    files: usize,
    read: BTreeSet<String>,
}

/// The name of a requirement as indexes compare it: `Flask_SQLAlchemy[x]>=3` is `flask-sqlalchemy`.
pub(super) fn name(requirement: &str) -> String {
    let text = requirement.trim_start();
    let end = text.find(|ch: char| !ch.is_ascii_alphanumeric() && !matches!(ch, '-' | '_' | '.'));
    let written = text.get(..end.unwrap_or(text.len())).unwrap_or_default();
    let mut name = String::with_capacity(written.len());
    for ch in written.chars() {
        match ch {
            '-' | '_' | '.' if name.ends_with('-') => {}
            '-' | '_' | '.' => name.push('-'),
            ch => name.push(ch.to_ascii_lowercase()),
        }
    }
    name.trim_matches('-').to_owned()
}

/// The version a requirement is pinned to.
fn pin(requirement: &str) -> Option<String> {
    let (_, rest) = requirement.split_once("==")?;
    let rest = rest.trim_start_matches('=').trim_start();
    let end = rest.find(|ch: char| !ch.is_ascii_alphanumeric() && !matches!(ch, '.' | '+' | '*'));
    let version = rest.get(..end.unwrap_or(rest.len()))?;
    (!version.is_empty() && !version.contains('*')).then(|| version.to_owned())
}

impl Wanted {
    /// Reads what `sources` name.
    pub(super) fn read(view: &View<'_, '_>, sources: &[Source]) -> Self {
        let mut wanted = Self::default();
        let text = |path: &str| view.text(path).map(|file| file.text);
        for source in sources {
            match source {
                Source::Requirement(text) => wanted.requirement(text),
                Source::File(path, None) => wanted.file(path, &text),
                Source::File(path, Some(mounted)) => {
                    let read = |_: &str| view.ctx.context_text(mounted).map_err(Missing::why);
                    wanted.file(path, &read);
                }
                Source::Project(folder, extras) => wanted.project(folder, *extras, &text),
                Source::Pipfile(folder) => wanted.pipfile(folder, &text),
                Source::Unknown(what) => drop(wanted.strange.insert(what.clone())),
            }
        }
        wanted
    }

    fn requirement(&mut self, text: &str) {
        let text = text.split(" #").next().unwrap_or(text).trim();
        let name = name(text);
        if name.is_empty() || text.contains("://") || text.contains('$') || text.starts_with(['.', '/']) {
            self.strange.insert(without_secrets(text));
        } else {
            self.add(name, pin(text));
        }
    }

    fn add(&mut self, name: String, version: Option<String>) {
        if self.named.len() < MAX_PACKAGES {
            self.named.insert(name, version);
        } else {
            self.cannot(Why::new("too-many-packages", "more packages are required than are looked at"));
        }
    }

    fn cannot(&mut self, why: Why) {
        self.unread.get_or_insert(why);
    }

    /// The text of a file; an error is kept.
    fn text(&mut self, path: &str, text: &impl Fn(&str) -> Result<Arc<str>, Why>) -> Option<Arc<str>> {
        self.files += 1;
        if self.files > MAX_FILES {
            self.cannot(Why::new("too-many-files", "requirements are spread over more files than are read"));
            return None;
        }
        let missing = || Why::new("requirements-unknown", format!("`{path}` is not in the build context"));
        let read = text(path).map_err(|why| if why.code == "from-base" { missing() } else { why });
        read.map_err(|why| self.cannot(why)).ok()
    }

    /// A requirements file and those it includes.
    fn file(&mut self, path: &str, text: &impl Fn(&str) -> Result<Arc<str>, Why>) {
        let mut todo = vec![path.to_owned()];
        while let Some(path) = todo.pop() {
            if !self.read.insert(path.clone()) {
                continue;
            }
            let Some(content) = self.text(&path, text) else { continue };
            let folder = path.rsplit_once('/').map_or("/", |(folder, _)| folder);
            for line in joined(&content) {
                let line = line.trim();
                if line.is_empty() || line.starts_with('#') {
                    continue;
                }
                let option = |names: &[&str]| {
                    names.iter().find_map(|name| {
                        let rest = line.strip_prefix(name)?;
                        let rest = rest.strip_prefix('=').unwrap_or(rest);
                        Some(rest.split(" #").next().unwrap_or(rest).trim().to_owned())
                    })
                };
                if let Some(other) = option(&["--requirement", "-r"]) {
                    todo.push(image_path::resolve(folder, &other));
                } else if option(&["--no-binary"]).is_some() {
                    self.no_binary = true;
                } else if let Some(other) = option(&["--editable", "-e"]) {
                    self.strange.insert(without_secrets(&other));
                } else if !line.starts_with('-') {
                    self.requirement(line);
                }
            }
        }
    }

    /// A project that is installed from its folder.
    fn project(&mut self, folder: &str, extras: bool, text: &impl Fn(&str) -> Result<Arc<str>, Why>) {
        let at = |name: &str| image_path::resolve(folder, name);
        if !self.read.insert(at("pyproject.toml")) {
            return;
        }
        self.files += 1;
        let pyproject = text(&at("pyproject.toml"));
        let is_there = pyproject.is_ok();
        let table = pyproject.ok().and_then(|text| text.parse::<Table>().ok());
        if is_there && table.is_none() {
            self.cannot(Why::new("manifest", "`pyproject.toml` is no valid TOML"));
            return;
        }
        let found = table.as_ref().is_some_and(|table| self.pyproject(table, extras));
        for lock in ["poetry.lock", "uv.lock"] {
            if let Ok(text) = text(&at(lock)) {
                self.lock(&text);
            }
        }
        if found {
            return;
        }
        if let Some(content) = text(&at("setup.cfg")).ok().filter(|text| text.contains("install_requires")) {
            self.setup_cfg(&content);
            return;
        }
        self.cannot(Why::new(
            "requirements-unknown",
            "which packages the project needs is only known when its `setup.py` runs",
        ));
    }

    /// Whether the file says what the project needs.
    fn pyproject(&mut self, table: &Table, extras: bool) -> bool {
        let tool = table.get("tool").and_then(Value::as_table);
        let poetry = tool.and_then(|tool| tool.get("poetry")).and_then(Value::as_table);
        if let Some(poetry) = poetry {
            let groups = poetry.get("group").and_then(Value::as_table);
            let groups = groups.into_iter().flat_map(|groups| groups.values()).filter_map(Value::as_table);
            for part in std::iter::once(poetry).chain(groups) {
                for key in ["dependencies", "dev-dependencies"] {
                    self.by_name(part.get(key).and_then(Value::as_table));
                }
            }
        }
        let project = table.get("project").and_then(Value::as_table);
        let is_dynamic = project.and_then(|project| project.get("dynamic")).and_then(Value::as_array);
        if is_dynamic.is_some_and(|names| names.iter().any(|name| name.as_str() == Some("dependencies"))) {
            return poetry.is_some_and(|poetry| poetry.contains_key("dependencies"));
        }
        if let Some(project) = project {
            self.list(project.get("dependencies"));
            if extras {
                let optional = project.get("optional-dependencies").and_then(Value::as_table);
                optional.into_iter().flat_map(|table| table.values()).for_each(|list| self.list(Some(list)));
            }
        }
        if extras {
            let groups = table.get("dependency-groups").and_then(Value::as_table);
            groups.into_iter().flat_map(|table| table.values()).for_each(|list| self.list(Some(list)));
        }
        project.is_some() || poetry.is_some()
    }

    fn list(&mut self, list: Option<&Value>) {
        for text in list.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
            self.requirement(text);
        }
    }

    /// A table of Poetry or Pipenv: name = version, or a table.
    fn by_name(&mut self, table: Option<&Table>) {
        for (key, value) in table.into_iter().flatten().filter(|(key, _)| *key != "python") {
            let version = match value {
                Value::String(text) => Some(text.as_str()),
                Value::Table(inner)
                    if ["git", "path", "url", "file"].iter().any(|key| inner.contains_key(*key)) =>
                {
                    self.strange.insert(key.clone());
                    continue;
                }
                Value::Table(inner) => inner.get("version").and_then(Value::as_str),
                _ => None,
            };
            let is_exact =
                |text: &&str| text.starts_with(|ch: char| ch.is_ascii_digit()) && !text.contains(['*', ',']);
            let version =
                version.and_then(|text| pin(text).or_else(|| Some(text).filter(is_exact).map(str::to_owned)));
            self.add(name(key), version);
        }
    }

    /// `poetry.lock` and `uv.lock`: `[[package]]` with name and version.
    fn lock(&mut self, text: &str) {
        let Ok(table) = text.parse::<Table>() else {
            return self.cannot(Why::new("manifest", "the lock file is no valid TOML"));
        };
        let packages = table.get("package").and_then(Value::as_array);
        for package in packages.into_iter().flatten().filter_map(Value::as_table).take(MAX_PACKAGES) {
            let Some(written) = package.get("name").and_then(Value::as_str) else { continue };
            let version = package.get("version").and_then(Value::as_str).map(str::to_owned);
            self.locked.insert(name(written), version);
        }
    }

    fn setup_cfg(&mut self, text: &str) {
        let mut inside = false;
        for line in text.lines() {
            if !line.starts_with([' ', '\t']) {
                inside = line.trim_start().starts_with("install_requires");
            }
            let requirement = match (inside, line.split_once('=')) {
                (true, Some((key, first))) if key.trim() == "install_requires" => first.trim(),
                (true, _) => line.trim(),
                (false, _) => continue,
            };
            if !requirement.is_empty() && !requirement.starts_with('#') {
                self.requirement(requirement);
            }
        }
    }

    fn pipfile(&mut self, folder: &str, text: &impl Fn(&str) -> Result<Arc<str>, Why>) {
        if let Ok(content) = text(&image_path::resolve(folder, "Pipfile.lock")) {
            match serde_json::from_str::<serde_json::Value>(&content) {
                Ok(lock) => {
                    for part in ["default", "develop"] {
                        let packages = lock.get(part).and_then(serde_json::Value::as_object);
                        for (key, value) in packages.into_iter().flatten().take(MAX_PACKAGES) {
                            let version = value.get("version").and_then(|version| pin(version.as_str()?));
                            self.locked.insert(name(key), version);
                        }
                    }
                }
                Err(_) => self.cannot(Why::new("manifest", "`Pipfile.lock` is no valid JSON")),
            }
        }
        let Some(content) = self.text(&image_path::resolve(folder, "Pipfile"), text) else { return };
        let Ok(table) = content.parse::<Table>() else {
            return self.cannot(Why::new("manifest", "`Pipfile` is no valid TOML"));
        };
        for part in ["packages", "dev-packages"] {
            self.by_name(table.get(part).and_then(Value::as_table));
        }
    }
}

/// The lines of a requirements file, continuations joined.
fn joined(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut open = String::new();
    for line in text.trim_start_matches('\u{feff}').lines() {
        if let Some(part) = line.strip_suffix('\\') {
            open.push_str(part);
            open.push(' ');
        } else {
            open.push_str(line);
            lines.push(std::mem::take(&mut open));
        }
    }
    if !open.is_empty() {
        lines.push(open);
    }
    lines
}

#[cfg(test)]
mod tests;
