//! The project that Cargo builds: its workspace, packages and files.
//!
//! Source: The Cargo Book, "Workspaces" (members, default members, excluded folders), "Configuration".

use std::collections::BTreeSet;
use std::sync::Arc;

use harden_core::{Why, image_path};

use super::super::super::files::Files;
use super::super::super::view::View;
use super::cargo::Build;
use super::manifest::{self, Locked, Manifest, Program, Settings};
use crate::multi_stage::recipes::compiled::is_below;
use crate::support::image_paths::CopyKind;

/// Manifests that are read at most.
const MAX_MANIFESTS: usize = 64;

/// A workspace, or a package without one.
#[derive(Clone, Debug, Default)]
pub(super) struct Project {
    /// The folder that holds `target` and `Cargo.lock`.
    pub(super) root: String,
    /// Packages and their folders, absolute; the one in `root` first.
    packages: Vec<(String, Manifest)>,
    /// The manifest in `root`.
    manifest: Manifest,
    /// What `.cargo/config.toml` says.
    pub(super) settings: Settings,
    /// The packages of `Cargo.lock`, where the image has it.
    pub(super) lock: Option<Vec<Locked>>,
}

/// Whether a reason means no more than that the build context is not there.
pub(super) fn is_unseen(why: &Why) -> bool {
    matches!(
        why.code,
        "no-context" | "not-found" | "not-recorded" | "ignored-by-dockerignore" | "unreadable" | "timeout"
    )
}

impl Project {
    /// The project that Cargo finds in `folder`; `None` when its files are not at hand.
    ///
    /// # Errors
    /// `no-manifest`: it does not come from the build context. `bad-manifest`: it cannot be read. `copy-unknown`:
    /// which files are where is not known.
    pub(super) fn find(view: &View<'_, '_>, folder: &str) -> Result<Option<Self>, Why> {
        let files = match view.files() {
            Ok(files) => files,
            Err(why) if is_unseen(&why) => return Ok(None),
            Err(why) => return Err(Why::new("copy-unknown", why.message)),
        };
        let mut found: Vec<(String, Manifest)> = Vec::new();
        for above in ancestors(folder) {
            let path = image_path::resolve(&above, "Cargo.toml");
            if !files.all.contains_key(&path) {
                continue;
            }
            let manifest = read(view, &path)?;
            let ends = manifest.workspace;
            found.push((above, manifest));
            if ends {
                break;
            }
        }
        // The nearest manifest is what Cargo was meant to find; the workspace above it counts when it is one.
        let Some((root, manifest)) = found.iter().rfind(|(_, one)| one.workspace).or(found.first()).cloned()
        else {
            // Without a manifest nothing is built: where a folder of the context is copied there, this is not the one
            // that people build with.
            let is_copied = view.run.paths.copied().any(|copied| {
                let covers =
                    copied.destination.as_ref().is_ok_and(|to| is_below(folder, to) || is_below(to, folder));
                covers && copied.sources.iter().any(|source| matches!(source.kind, CopyKind::Context))
            });
            return if is_copied {
                Ok(None)
            } else {
                let message = format!(
                    "no Cargo.toml of the build context is copied to {folder}, so what Cargo builds there is not known"
                );
                Err(Why::new("no-manifest", message))
            };
        };
        let mut project = Self {
            packages: Vec::new(),
            settings: settings(view, files, &root)?,
            lock: None,
            manifest,
            root,
        };
        project.add_packages(view, files, &found)?;
        let path = image_path::resolve(&project.root, "Cargo.lock");
        if files.all.contains_key(&path) {
            project.lock = manifest::lock(&text(view, &path)?);
        }
        Ok(Some(project))
    }

    fn add_packages(
        &mut self,
        view: &View<'_, '_>,
        files: &Files,
        found: &[(String, Manifest)],
    ) -> Result<(), Why> {
        self.packages.push((self.root.clone(), self.manifest.clone()));
        let mut known: BTreeSet<String> = BTreeSet::from([self.root.clone()]);
        let mut open: Vec<String> = found.iter().map(|(folder, _)| folder.clone()).collect();
        if self.manifest.workspace {
            for (rest, _) in files.below(&self.root) {
                let Some(folder) = rest.strip_suffix("/Cargo.toml") else { continue };
                let is_member = self.manifest.members.iter().any(|pattern| matches(pattern, folder));
                let excluded = self.manifest.exclude.iter().any(|path| below(folder, path));
                if is_member && !excluded {
                    open.push(image_path::resolve(&self.root, folder));
                }
            }
        }
        let near = |folder: &str, paths: &[String]| -> Vec<String> {
            paths.iter().map(|path| image_path::resolve(folder, path)).collect()
        };
        open.extend(near(&self.root, &self.manifest.paths));
        while let Some(folder) = open.pop() {
            let path = image_path::resolve(&folder, "Cargo.toml");
            if !files.all.contains_key(&path) || !known.insert(folder.clone()) {
                continue;
            }
            if known.len() > MAX_MANIFESTS {
                return Err(Why::new("bad-manifest", "the workspace has more packages than are looked at"));
            }
            let manifest = read(view, &path)?;
            open.extend(near(&folder, &manifest.paths));
            self.packages.push((folder, manifest));
        }
        self.packages.sort_by(|one, other| one.0.cmp(&other.0));
        Ok(())
    }

    /// Folders of the project: its root and packages that lie elsewhere.
    pub(super) fn folders(&self) -> Vec<String> {
        let mut folders = vec![self.root.clone()];
        for (folder, _) in &self.packages {
            if !folders.iter().any(|known| is_below(folder, known)) {
                folders.push(folder.clone());
            }
        }
        folders
    }

    /// Whether a package makes a library that programs load.
    pub(super) fn makes_shared(&self) -> bool {
        self.packages.iter().any(|(_, manifest)| manifest.shared)
    }

    /// Whether the project compiles `SQLite` into its programs.
    pub(super) fn own_sqlite(&self) -> bool {
        self.packages.iter().any(|(_, manifest)| manifest.own_sqlite)
    }

    /// The programs that a command makes.
    pub(super) fn programs(&self, files: &Files, build: &Build) -> Vec<Program> {
        if !build.bins.is_empty() {
            let plain = build.bins.iter().filter(|name| !name.contains(['*', '?', '[']));
            let mut named: Vec<Program> =
                plain.map(|name| Program { name: name.clone(), optional: false }).collect();
            if named.len() < build.bins.len() {
                let all = self.packages.iter().flat_map(|one| of(files, one));
                named.extend(all.map(|one| Program { optional: true, ..one }));
            }
            return named;
        }
        if build.other {
            return Vec::new();
        }
        let is_chosen = |(folder, manifest): &&(String, Manifest)| {
            if build.install {
                return *folder == build.folder;
            }
            if !build.packages.is_empty() {
                let name = manifest.package.as_deref().unwrap_or_default();
                return build.packages.iter().any(|one| one.split(['@', '#']).any(|part| part == name));
            }
            if build.workspace {
                return true;
            }
            if build.folder != self.root {
                return *folder == build.folder;
            }
            let rest = folder.strip_prefix(self.root.as_str()).unwrap_or(folder).trim_start_matches('/');
            if !self.manifest.defaults.is_empty() {
                return self.manifest.defaults.iter().any(|pattern| matches(pattern, rest));
            }
            self.manifest.package.is_none() || *folder == self.root
        };
        // Folders that are dependencies need not be members of the workspace.
        let member = |folder: &str| {
            let rest = folder.strip_prefix(self.root.as_str()).unwrap_or(folder).trim_start_matches('/');
            folder == self.root
                || folder == build.folder
                || self.manifest.members.iter().any(|pattern| matches(pattern, rest))
        };
        let chosen = self.packages.iter().filter(is_chosen);
        let programs = chosen.flat_map(|one| {
            let sure = member(&one.0);
            of(files, one)
                .into_iter()
                .map(move |program| Program { optional: program.optional || !sure, ..program })
        });
        programs.collect()
    }
}

/// The programs of a package.
fn of(files: &Files, (folder, manifest): &(String, Manifest)) -> Vec<Program> {
    let below: Vec<&str> =
        files.below(folder).map(|(rest, _)| rest).filter(|rest| rest.starts_with("src/")).collect();
    manifest.programs(&below)
}

fn read(view: &View<'_, '_>, path: &str) -> Result<Manifest, Why> {
    let text = text(view, path)?;
    manifest::read(&text).ok_or_else(|| Why::new("bad-manifest", format!("`{path}` is no valid manifest")))
}

/// The text of a file of the project.
fn text(view: &View<'_, '_>, path: &str) -> Result<Arc<str>, Why> {
    let unread = |why: Why| Why::new("bad-manifest", format!("`{path}` cannot be read: {}", why.message));
    view.text(path).map(|file| file.text).map_err(unread)
}

/// Settings of Cargo in the project; those in folders above it count as well.
fn settings(view: &View<'_, '_>, files: &Files, root: &str) -> Result<Settings, Why> {
    for above in ancestors(root) {
        for name in [".cargo/config.toml", ".cargo/config"] {
            let path = image_path::resolve(&above, name);
            if !files.all.contains_key(&path) {
                continue;
            }
            return manifest::settings(&text(view, &path)?)
                .ok_or_else(|| Why::new("bad-manifest", format!("`{path}` is no valid TOML")));
        }
    }
    Ok(Settings::default())
}

/// A folder and those above it, the nearest first.
fn ancestors(folder: &str) -> Vec<String> {
    /// Real projects are not that deep.
    const MAX: usize = 32;

    let mut all = vec![folder.to_owned()];
    let mut rest = folder;
    while let Some((above, _)) = rest.rsplit_once('/')
        && all.len() < MAX
    {
        rest = above;
        all.push(if above.is_empty() { "/".to_owned() } else { above.to_owned() });
    }
    all
}

fn below(folder: &str, path: &str) -> bool {
    let path = path.trim_start_matches("./").trim_end_matches('/');
    folder.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether a folder is what a member of a workspace names: paths with `*` and `?` in their parts. Patterns with
/// brackets match everything.
pub(super) fn matches(pattern: &str, folder: &str) -> bool {
    let pattern = pattern.trim_start_matches("./").trim_end_matches('/');
    if pattern.contains(['[', '{']) || pattern.contains("**") {
        return true;
    }
    if pattern == "." {
        return folder.is_empty();
    }
    let (mut wanted, mut given) = (pattern.split('/'), folder.split('/'));
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return true,
            (Some(one), Some(other)) if part(one.as_bytes(), other.as_bytes()) => {}
            _ => return false,
        }
    }
}

/// One part of a path against a pattern; in the worst case in the product of their lengths.
fn part(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut to) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    while to < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                back = Some((at, to));
                at += 1;
            }
            Some(one) if *one == b'?' || Some(one) == text.get(to) => {
                at += 1;
                to += 1;
            }
            _ => match &mut back {
                Some((star, from)) => {
                    *from += 1;
                    (at, to) = (*star + 1, *from);
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(at).all(|one| *one == b'*')
}

/// Whether only the build reads a file of that path below a folder of the project.
pub(super) fn is_source(path: &str) -> bool {
    /// Folders at the top of a package.
    const FOLDERS: [&str; 6] = [".cargo", ".sqlx", "benches", "examples", "target", "tests"];
    /// Files.
    const NAMES: [&str; 14] = [
        ".rustfmt.toml",
        "Cargo.lock",
        "Cargo.toml",
        "Cross.toml",
        "Makefile.toml",
        "about.toml",
        "cbindgen.toml",
        "clippy.toml",
        "cliff.toml",
        "deny.toml",
        "rust-toolchain",
        "rust-toolchain.toml",
        "rustfmt.toml",
        "sqlx-data.json",
    ];
    let first = path.split('/').next().unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or_default();
    (path.contains('/') && FOLDERS.contains(&first)) || NAMES.contains(&name) || is_rust(name)
}

/// Whether a path is that of Rust code.
pub(super) fn is_rust(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    name.rsplit_once('.').is_some_and(|(stem, extension)| !stem.is_empty() && extension == "rs")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_of_workspaces() {
        for (pattern, folder) in
            [("crates/*", "crates/api"), ("./api/", "api"), ("a?/b*c", "ax/bxxc"), (".", "")]
        {
            assert!(matches(pattern, folder), "{pattern} {folder}");
        }
        for (pattern, folder) in
            [("crates/*", "crates"), ("crates/*", "crates/api/inner"), ("a", "b"), ("a*b", "ac")]
        {
            assert!(!matches(pattern, folder), "{pattern} {folder}");
        }
        // Not in exponential time, however many stars there are.
        assert!(!part("*a".repeat(2_000).as_bytes(), "a".repeat(1_000).as_bytes()));
    }

    #[test]
    fn sources_and_other_files() {
        for path in [
            "src/main.rs",
            "Cargo.toml",
            "crates/a/Cargo.toml",
            "target/release/a",
            "tests/data.json",
            "build.rs",
            ".cargo/config",
        ] {
            assert!(is_source(path), "{path}");
        }
        for path in
            ["Rocket.toml", "src/index.html", "tests", "data/tests/a.json", ".env", "rs", "migrations/1.sql"]
        {
            assert!(!is_source(path), "{path}");
        }
    }
}
