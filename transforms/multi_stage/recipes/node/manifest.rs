//! `package.json` and lock files, as far as they say what is installed.
//!
//! Sources: docs.npmjs.com "package.json" and "package-lock.json" (`packages` of versions 2 and 3, `dependencies` of
//! version 1, `dev`, `hasInstallScript`), classic.yarnpkg.com "yarn.lock", pnpm.io (`packages`, `requiresBuild`).

use std::collections::{BTreeMap, BTreeSet};

use harden_core::image_path;
use serde_json::{Map, Value};

use super::tables;
use crate::multi_stage::view::View;

/// What `package.json` says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::multi_stage::recipes) struct Package {
    /// `dependencies` and `optionalDependencies`.
    pub(in crate::multi_stage::recipes) dependencies: BTreeSet<String>,
    /// `devDependencies`.
    pub(in crate::multi_stage::recipes) dev: BTreeSet<String>,
    /// `scripts`.
    pub(in crate::multi_stage::recipes) scripts: BTreeMap<String, String>,
    /// It has `workspaces`.
    pub(super) workspaces: bool,
    /// `packageManager`.
    pub(super) manager: Option<String>,
}

/// An installed package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Installed {
    pub(super) name: String,
    /// It has compiled parts or a script that runs when it is installed.
    pub(super) native: bool,
}

/// What a lock file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Lock {
    /// There is none in the image.
    Missing,
    /// There is one that could not be read, and its name.
    Unread(&'static str),
    /// The packages, those only for development left out where it says so.
    Packages(Vec<Installed>),
}

/// Reads a `package.json`; `None` when it is none.
pub(in crate::multi_stage::recipes) fn package(text: &str) -> Option<Package> {
    let Value::Object(json) = serde_json::from_str(text.trim_start_matches('\u{feff}')).ok()? else {
        return None;
    };
    let names = |key: &str| -> Vec<String> {
        json.get(key).and_then(Value::as_object).map(|all| all.keys().cloned().collect()).unwrap_or_default()
    };
    let scripts = json.get("scripts").and_then(Value::as_object);
    let pairs = scripts.into_iter().flatten();
    let scripts = pairs.filter_map(|(name, text)| Some((name.clone(), text.as_str()?.to_owned()))).collect();
    let mut dependencies: BTreeSet<String> = names("dependencies").into_iter().collect();
    dependencies.extend(names("optionalDependencies"));
    Some(Package {
        dependencies,
        dev: names("devDependencies").into_iter().collect(),
        scripts,
        workspaces: json.contains_key("workspaces"),
        manager: json.get("packageManager").and_then(Value::as_str).map(str::to_owned),
    })
}

/// Reads the text of a lock file; `None` when it is none.
type Reader = fn(&str) -> Option<Vec<Installed>>;

/// Reads the lock file in `folder` of the image.
pub(super) fn lock(view: &View<'_, '_>, folder: &str) -> Lock {
    let readers: [(&'static str, Reader); 4] = [
        ("npm-shrinkwrap.json", npm),
        ("package-lock.json", npm),
        ("pnpm-lock.yaml", pnpm),
        ("yarn.lock", yarn),
    ];
    for (name, reader) in readers {
        let path = image_path::resolve(folder, name);
        if !view.files().is_ok_and(|files| files.all.contains_key(&path)) {
            continue;
        }
        let read = view.text(&path).ok().and_then(|file| reader(&file.text));
        return read.map_or(Lock::Unread(name), Lock::Packages);
    }
    Lock::Missing
}

/// `package-lock.json` of all versions.
fn npm(text: &str) -> Option<Vec<Installed>> {
    let Value::Object(json) = serde_json::from_str(text.trim_start_matches('\u{feff}')).ok()? else {
        return None;
    };
    if let Some(Value::Object(packages)) = json.get("packages") {
        let named = packages.iter().filter_map(|(path, entry)| {
            let at = path.rfind("node_modules/")?;
            Some((path.get(at + "node_modules/".len()..)?, entry.as_object()?))
        });
        return Some(named.filter_map(|(name, entry)| of_npm(name, entry)).collect());
    }
    // Version 1 nests; serde_json bounds how deep.
    let mut found = Vec::new();
    let mut open: Vec<&Map<String, Value>> =
        json.get("dependencies").and_then(Value::as_object).into_iter().collect();
    while let Some(packages) = open.pop() {
        for (name, entry) in packages {
            let Some(entry) = entry.as_object() else { continue };
            found.extend(of_npm(name, entry));
            open.extend(entry.get("dependencies").and_then(Value::as_object));
        }
    }
    Some(found)
}

/// An entry of `package-lock.json`; `None` for what only development needs.
fn of_npm(name: &str, entry: &Map<String, Value>) -> Option<Installed> {
    let is = |key: &str| entry.get(key).and_then(Value::as_bool) == Some(true);
    if is("dev") || is("link") {
        return None;
    }
    let binds = ["dependencies", "optionalDependencies", "requires"].iter().any(|key| {
        entry.get(*key).and_then(Value::as_object).is_some_and(|all| all.keys().any(|name| is_binder(name)))
    });
    Some(Installed { name: name.to_owned(), native: is("hasInstallScript") || binds })
}

fn is_binder(name: &str) -> bool {
    tables::BINDERS.binary_search(&name).is_ok()
}

/// `yarn.lock` of Yarn 1 and later: a line without indentation begins an entry, and those below `dependencies:` name
/// what it needs.
fn yarn(text: &str) -> Option<Vec<Installed>> {
    let mut found: Vec<Installed> = Vec::new();
    for line in text.lines().map(|line| line.trim_end_matches('\r')) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let indentation = line.len() - line.trim_start().len();
        let words = line.trim();
        if indentation == 0 {
            let first = words.split(',').next().unwrap_or_default().trim_matches(['"', ':', ' ']);
            let name = before_version(first);
            if name != "__metadata" && !name.is_empty() {
                found.push(Installed { name: name.to_owned(), native: false });
            }
        } else if indentation >= 4
            && let Some(last) = found.last_mut()
        {
            let name = words.split([' ', ':']).next().unwrap_or_default().trim_matches('"');
            last.native |= is_binder(name);
        }
    }
    (!found.is_empty()).then_some(found)
}

/// `pnpm-lock.yaml`: keys below `packages:` and `snapshots:` are packages, and what stands deeper says what they need.
fn pnpm(text: &str) -> Option<Vec<Installed>> {
    let mut found: BTreeMap<String, bool> = BTreeMap::new();
    let mut inside = false;
    let mut last: Option<String> = None;
    let mut dev = false;
    for line in text.lines().map(str::trim_end) {
        let indentation = line.len() - line.trim_start().len();
        let words = line.trim_start();
        match indentation {
            _ if words.is_empty() || words.starts_with('#') => {}
            0 => {
                inside = matches!(words, "packages:" | "snapshots:");
                last = None;
            }
            2 if inside => {
                let key = words.trim_end_matches(['{', '}', ' ', ':']).trim_matches(['\'', '"']);
                let name = before_version(key.trim_start_matches('/').split('(').next().unwrap_or_default());
                // Before version 6 of the file the version stands behind a slash.
                let name = match name.rsplit_once('/') {
                    Some((before, version)) if version.starts_with(|first: char| first.is_ascii_digit()) => {
                        before
                    }
                    _ => name,
                };
                found.entry(name.to_owned()).or_default();
                last = Some(name.to_owned());
                dev = false;
            }
            _ if inside => {
                let Some(name) = &last else { continue };
                dev |= words == "dev: true";
                let key = words.split(':').next().unwrap_or_default().trim_matches(['\'', '"']);
                let native = words == "requiresBuild: true" || (indentation >= 6 && is_binder(key));
                if dev {
                    found.remove(name);
                } else if native {
                    found.insert(name.clone(), true);
                }
            }
            _ => {}
        }
    }
    let all: Vec<Installed> = found.into_iter().map(|(name, native)| Installed { name, native }).collect();
    (!all.is_empty()).then_some(all)
}

/// The name of `name@range`, which may begin with `@`.
fn before_version(text: &str) -> &str {
    let at = text.match_indices('@').map(|(at, _)| at).find(|&at| at > 0);
    at.and_then(|at| text.get(..at)).unwrap_or(text)
}

#[cfg(test)]
#[path = "manifest_tests.rs"]
mod tests;
