//! Manifests of Cargo: which programs a package has.
//!
//! Source: The Cargo Book, "Cargo Targets" (auto-discovery), "Workspaces", "Configuration".

use toml::Spanned;
use toml::de::{DeTable, DeValue};

type Table<'t> = DeTable<'t>;

/// What a `Cargo.toml` says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "they are independent facts")]
pub(super) struct Manifest {
    /// `package.name`.
    pub(super) package: Option<String>,
    /// The edition in which targets beside declared ones are not found by themselves.
    old_edition: bool,
    /// `package.autobins`.
    autobins: Option<bool>,
    /// `[[bin]]`.
    bins: Vec<Bin>,
    /// It makes a library that programs load.
    pub(super) shared: bool,
    /// There is a `[workspace]`.
    pub(super) workspace: bool,
    /// `workspace.members`.
    pub(super) members: Vec<String>,
    /// `workspace.exclude`.
    pub(super) exclude: Vec<String>,
    /// `workspace.default-members`.
    pub(super) defaults: Vec<String>,
    /// Dependencies that are folders.
    pub(super) paths: Vec<String>,
    /// `SQLite` is compiled into the program, whatever features are chosen.
    pub(super) own_sqlite: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Bin {
    name: Option<String>,
    path: Option<String>,
    /// It is built with some features only.
    optional: bool,
}

/// A program of a package.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Program {
    /// Its file's name.
    pub(super) name: String,
    /// It is built with some features only.
    pub(super) optional: bool,
}

/// Reads a manifest; `None` when it is no TOML.
pub(super) fn read(text: &str) -> Option<Manifest> {
    let document = DeTable::parse(text).ok()?;
    let root = document.get_ref();
    let mut manifest = Manifest::default();
    if let Some(package) = table(root, "package").or(table(root, "project")) {
        manifest.package = string(package, "name").map(str::to_owned);
        let inherited = package.get("edition").is_some_and(|edition| edition.get_ref().as_str().is_none());
        manifest.old_edition = !inherited && matches!(string(package, "edition"), None | Some("2015"));
        manifest.autobins = package.get("autobins").and_then(|value| value.get_ref().as_bool());
    }
    for bin in tables(root, "bin") {
        manifest.bins.push(Bin {
            name: string(bin, "name").map(str::to_owned),
            path: string(bin, "path").map(str::to_owned),
            optional: bin.contains_key("required-features"),
        });
    }
    if let Some(library) = table(root, "lib") {
        let kinds = strings(library, "crate-type").into_iter().chain(strings(library, "crate_type"));
        manifest.shared = kinds.into_iter().any(|kind| kind == "cdylib" || kind == "dylib");
    }
    if let Some(workspace) = table(root, "workspace") {
        manifest.workspace = true;
        manifest.members = strings(workspace, "members");
        manifest.exclude = strings(workspace, "exclude");
        manifest.defaults = strings(workspace, "default-members");
        dependencies(workspace, &mut manifest);
    }
    dependencies(root, &mut manifest);
    if let Some(targets) = table(root, "target") {
        for target in targets.iter().filter_map(|(_, value)| as_table(value)) {
            dependencies(target, &mut manifest);
        }
    }
    Some(manifest)
}

/// Dependencies that say something about files and libraries.
fn dependencies(root: &Table<'_>, manifest: &mut Manifest) {
    for kind in ["dependencies", "build-dependencies", "dev-dependencies"] {
        let Some(all) = table(root, kind) else { continue };
        for (key, value) in all {
            let Some(one) = as_table(value) else { continue };
            if let Some(path) = string(one, "path") {
                manifest.paths.push(path.to_owned());
            }
            let name = string(one, "package").unwrap_or(key.get_ref());
            let features = strings(one, "features");
            let optional = one.get("optional").and_then(|value| value.get_ref().as_bool()) == Some(true);
            let bundled = match name {
                "rusqlite" | "libsqlite3-sys" | "diesel" => {
                    features.iter().any(|one| one.starts_with("bundled"))
                }
                "sqlx" | "sea-orm" => features.iter().any(|one| one == "sqlite" || one == "sqlx-sqlite"),
                _ => false,
            };
            manifest.own_sqlite |= bundled && !optional && kind == "dependencies";
        }
    }
}

impl Manifest {
    /// The programs of the package; `is_file` tells whether it has a file.
    pub(super) fn programs(&self, files: &[&str]) -> Vec<Program> {
        let Some(package) = &self.package else { return Vec::new() };
        let mut programs: Vec<Program> = Vec::new();
        let mut declared: Vec<String> = Vec::new();
        for bin in &self.bins {
            let Some(name) = &bin.name else { continue };
            programs.push(Program { name: name.clone(), optional: bin.optional });
            match &bin.path {
                Some(path) => declared.push(path.trim_start_matches("./").to_owned()),
                None => declared.extend([
                    format!("src/bin/{name}.rs"),
                    format!("src/bin/{name}/main.rs"),
                    format!("src/{name}.rs"),
                ]),
            }
        }
        let auto = self.autobins.unwrap_or(!self.old_edition || self.bins.is_empty());
        if auto {
            let mut found: Vec<(&str, &str)> = Vec::new();
            for file in files {
                if *file == "src/main.rs" {
                    found.push((package, file));
                } else if let Some(rest) = file.strip_prefix("src/bin/") {
                    let name = rest.strip_suffix("/main.rs").or_else(|| rest.strip_suffix(".rs"));
                    found.extend(name.filter(|name| !name.contains('/')).map(|name| (name, *file)));
                }
            }
            for (name, path) in found {
                if !declared.iter().any(|one| one == path) && !programs.iter().any(|one| one.name == name) {
                    programs.push(Program { name: name.to_owned(), optional: false });
                }
            }
        }
        programs
    }
}

/// What `.cargo/config.toml` says about the build.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Settings {
    /// `build.target`, or that it is more than one.
    pub(super) target: Option<Result<String, ()>>,
    /// `build.target-dir`.
    pub(super) target_dir: Option<String>,
    /// All flags for the compiler.
    pub(super) flags: String,
    /// Crates are in a folder of the project.
    pub(super) vendored: Option<String>,
}

/// Reads `.cargo/config.toml`; `None` when it is no TOML.
pub(super) fn settings(text: &str) -> Option<Settings> {
    let document = DeTable::parse(text).ok()?;
    let root = document.get_ref();
    let mut read = Settings::default();
    if let Some(build) = table(root, "build") {
        flags(build, &mut read);
        read.target = match build.get("target").map(Spanned::get_ref) {
            None => None,
            Some(DeValue::String(one)) => Some(Ok(one.to_string())),
            Some(_) => Some(Err(())),
        };
        read.target_dir = string(build, "target-dir").map(str::to_owned);
    }
    if let Some(targets) = table(root, "target") {
        targets.iter().filter_map(|(_, value)| as_table(value)).for_each(|one| flags(one, &mut read));
    }
    if let Some(sources) = table(root, "source") {
        let mut folders = sources.iter().filter_map(|(_, value)| as_table(value));
        read.vendored = folders.find_map(|one| string(one, "directory")).map(str::to_owned);
    }
    Some(read)
}

/// `rustflags`: a list, or one text.
fn flags(section: &Table<'_>, read: &mut Settings) {
    let single = string(section, "rustflags").map(str::to_owned);
    for flag in strings(section, "rustflags").into_iter().chain(single) {
        read.flags.push_str(&flag);
        read.flags.push(' ');
    }
}

/// A package of `Cargo.lock` and the names of what it depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Locked {
    pub(super) name: String,
    pub(super) needs: Vec<String>,
}

/// Reads `Cargo.lock`; `None` when it is none.
pub(super) fn lock(text: &str) -> Option<Vec<Locked>> {
    let document = DeTable::parse(text).ok()?;
    let packages = tables(document.get_ref(), "package");
    let read = packages.into_iter().filter_map(|package| {
        let name = string(package, "name")?.to_owned();
        let needs = strings(package, "dependencies");
        // `name`, `name version` or `name version (source)`.
        let needs = needs.iter().filter_map(|one| one.split(' ').next()).map(str::to_owned).collect();
        Some(Locked { name, needs })
    });
    Some(read.collect())
}

fn as_table<'v, 't>(value: &'v Spanned<DeValue<'t>>) -> Option<&'v Table<'t>> {
    match value.get_ref() {
        DeValue::Table(table) => Some(table),
        _ => None,
    }
}

fn table<'v, 't>(root: &'v Table<'t>, key: &str) -> Option<&'v Table<'t>> {
    as_table(root.get(key)?)
}

fn tables<'v, 't>(root: &'v Table<'t>, key: &str) -> Vec<&'v Table<'t>> {
    match root.get(key).map(Spanned::get_ref) {
        Some(DeValue::Array(all)) => all.iter().filter_map(as_table).collect(),
        _ => Vec::new(),
    }
}

fn string<'v>(root: &'v Table<'_>, key: &str) -> Option<&'v str> {
    root.get(key)?.get_ref().as_str()
}

fn strings(root: &Table<'_>, key: &str) -> Vec<String> {
    match root.get(key).map(Spanned::get_ref) {
        Some(DeValue::Array(all)) => {
            all.iter().filter_map(|one| one.get_ref().as_str()).map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
#[path = "manifest_tests.rs"]
mod tests;
