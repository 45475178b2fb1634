//! The programs a build makes: where they are and what they are called.
//!
//! Source: `go help build` ("The -o flag …"), `go help install`, and `load.DefaultExecName` of cmd/go: the last element
//! of the import path, the one before it where that is a major version; of a list of files the first one's name.

use std::collections::BTreeMap;

use harden_core::image_path;

use super::super::super::view::View;
use super::commands::{Build, GOPATH, Linking};

/// Folders above one that are looked at for `go.mod`.
const MAX_ABOVE: usize = 16;

/// What a path of programs is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A program.
    File,
    /// A folder that holds nothing but programs.
    Folder,
    /// A folder that holds other things, too: which file of it is the program is not known.
    Nameless,
}

/// A program, or a folder that gets programs whose names are not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Program {
    /// Absolute path in the builder.
    pub(super) path: String,
    /// What is there.
    pub(super) kind: Kind,
    /// It only goes along when a command calls it: a tool of `go install PACKAGE@VERSION`, or what `cp` leaves behind.
    pub(super) optional: bool,
    /// The program does not know where Go was.
    pub(super) trimmed: bool,
    /// How it is linked.
    pub(super) linking: Linking,
}

/// A module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Module {
    /// The folder of its `go.mod`.
    pub(super) root: String,
    /// What imports call it.
    pub(super) path: String,
    /// It needs other modules.
    pub(super) requires: bool,
}

/// Modules of the image, each looked for once.
#[derive(Default)]
pub(super) struct Modules {
    found: BTreeMap<String, Option<Module>>,
    /// Made by `go mod init`, by folder.
    made: BTreeMap<String, String>,
}

impl Modules {
    /// Notes `go mod init`.
    pub(super) fn make(&mut self, folder: String, path: String) {
        self.made.insert(folder, path);
    }

    /// The module a folder belongs to.
    pub(super) fn of(&mut self, view: &View<'_, '_>, folder: &str) -> Option<Module> {
        let mut here = folder.to_owned();
        for _ in 0..MAX_ABOVE {
            if let Some(module) = self.at(view, &here) {
                return Some(module);
            }
            if here == "/" {
                return None;
            }
            here = image_path::resolve(&here, "..");
        }
        None
    }

    fn at(&mut self, view: &View<'_, '_>, folder: &str) -> Option<Module> {
        if let Some(path) = self.made.get(folder) {
            return Some(Module { root: folder.to_owned(), path: path.clone(), requires: true });
        }
        let read = || {
            let text = view.text(&image_path::resolve(folder, "go.mod")).ok()?;
            module(&text.text, folder)
        };
        self.found.entry(folder.to_owned()).or_insert_with(read).clone()
    }
}

/// Reads the text of a `go.mod`.
pub(super) fn module(text: &str, folder: &str) -> Option<Module> {
    let mut path = None;
    let mut requires = false;
    for line in text.lines() {
        let line = line.split("//").next().unwrap_or_default().trim();
        let (verb, rest) = line.split_once([' ', '\t', '(']).unwrap_or((line, ""));
        match verb {
            "module" if path.is_none() => {
                let name = rest.trim().trim_matches(['"', '`']);
                path = (!name.is_empty()).then(|| name.to_owned());
            }
            "require" => requires = true,
            _ => {}
        }
    }
    Some(Module { root: folder.to_owned(), path: path?, requires })
}

/// The name of the program of a package.
pub(super) fn name_of(import_path: &str) -> Option<String> {
    let mut parts = import_path.trim_end_matches('/').rsplit('/');
    let last = parts.next().filter(|last| !last.is_empty())?;
    let before = parts.next().filter(|_| is_major(last));
    Some(before.unwrap_or(last).to_owned())
}

/// `v2`, `v10`, but not `v1` or `v02`.
fn is_major(part: &str) -> bool {
    part.strip_prefix('v').is_some_and(|digits| {
        digits.bytes().all(|byte| byte.is_ascii_digit())
            && !digits.is_empty()
            && !digits.starts_with('0')
            && digits != "1"
    })
}

/// What a build makes; nothing when it only checks that packages compile. `folders` are known to be folders where the
/// build begins.
pub(super) fn of(
    view: &View<'_, '_>,
    build: &Build,
    modules: &mut Modules,
    is_folder: impl Fn(&str) -> bool,
    holds_only_programs: impl Fn(&str) -> bool,
) -> Vec<Program> {
    let made = |path: String, kind: Kind, optional: bool| Program {
        path,
        kind,
        optional,
        trimmed: build.trimmed,
        linking: build.linking,
    };
    let kind = |folder: &str| if holds_only_programs(folder) { Kind::Folder } else { Kind::Nameless };
    let output = if build.install { Some(bin(view)) } else { build.output.clone() };
    let several = build.packages.len() > 1 && !build.packages.iter().all(|one| is_file(one));
    let pattern = build.packages.iter().any(|one| one.contains("..."));
    let folder = match &output {
        Some(path) if !build.install && !path.ends_with('/') && !is_folder(path) && !several => {
            return vec![made(path.clone(), Kind::File, false)];
        }
        Some(path) => path.clone(),
        // "When compiling multiple packages … build compiles the packages but discards the resulting object".
        None if several || pattern => return Vec::new(),
        None => build.folder.clone(),
    };
    let folder = image_path::resolve("/", &folder);
    if pattern {
        let kind = kind(&folder);
        return vec![made(folder, kind, false)];
    }
    let files = build.packages.iter().all(|one| is_file(one));
    let packages = if files { build.packages.get(..1) } else { build.packages.get(..) };
    let mut programs = Vec::new();
    for package in packages.unwrap_or_default() {
        let (package, tool) = match package.split_once('@') {
            Some((package, _)) => (package, true),
            None => (package.as_str(), false),
        };
        programs.push(if let Some(name) = name(view, build, package, modules) {
            made(image_path::resolve(&folder, &name), Kind::File, tool)
        } else {
            made(folder.clone(), kind(&folder), tool)
        });
    }
    programs
}

pub(super) fn is_file(package: &str) -> bool {
    package.rsplit_once('.').is_some_and(|(_, extension)| extension == "go")
}

/// Where `go install` puts programs.
pub(super) fn bin(view: &View<'_, '_>) -> String {
    let set = |name: &str| {
        // Where several steps set it, the last one counts; that is the rare case.
        let state = view.steps.last().map(|step| &step.state)?;
        let variable = view.scopes.variable(state, name)?;
        match variable.value {
            harden_core::Value::Known(text) if text.starts_with('/') => Some(text),
            _ => None,
        }
    };
    let path = || set("GOPATH").and_then(|list| list.split(':').next().map(str::to_owned));
    let default = || image_path::resolve(&path().unwrap_or_else(|| GOPATH.to_owned()), "bin");
    set("GOBIN").unwrap_or_else(default)
}

/// The name of the program of a package, as the build names it.
fn name(view: &View<'_, '_>, build: &Build, package: &str, modules: &mut Modules) -> Option<String> {
    if is_file(package) {
        let file = package.rsplit('/').next().unwrap_or(package);
        return file.strip_suffix(".go").map(str::to_owned);
    }
    let is_path = package.starts_with('.') || package.starts_with('/');
    if !is_path {
        return name_of(package);
    }
    let folder = image_path::resolve(&build.folder, package);
    if let Some(module) = modules.of(view, &folder) {
        let rest = folder.strip_prefix(module.root.as_str()).unwrap_or_default().trim_matches('/');
        let import = if rest.is_empty() { module.path } else { format!("{}/{rest}", module.path) };
        return name_of(&import);
    }
    // Without modules the import path is the path below GOPATH.
    let below = folder.strip_prefix("/go/src/")?;
    // A go.mod that nobody has read would say something else.
    if view.files().is_err() && below.matches('/').count() < 2 {
        return None;
    }
    below.rsplit('/').next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::{module, name_of};

    #[test]
    fn names_follow_the_import_path() {
        for (path, name) in [
            ("example.com/shop", "shop"),
            ("example.com/shop/v2", "shop"),
            ("example.com/shop/v1", "v1"),
            ("example.com/shop/v2/cmd/cart", "cart"),
            ("gopkg.in/shop.v3", "shop.v3"),
            ("shop", "shop"),
            ("v2", "v2"),
            ("example.com/v02", "v02"),
        ] {
            assert_eq!(name_of(path).as_deref(), Some(name), "{path}");
        }
        assert_eq!(name_of(""), None);
        assert_eq!(name_of("/"), None);
    }

    #[test]
    fn the_module_line_is_read() {
        let read = |text: &str| module(text, "/src").map(|one| (one.path, one.requires));
        let is = |path: &str, requires| Some((path.to_owned(), requires));
        assert_eq!(read("module example.com/a\n\ngo 1.22\n"), is("example.com/a", false));
        assert_eq!(read("// x\r\nmodule \"a/b\" // y\r\nrequire (\r\n)\r\n"), is("a/b", true));
        assert_eq!(read("module\ta\nrequire b v1.0.0\n"), is("a", true));
        for hostile in ["", "module", "module \"\"", "modules a", "\0", &"(".repeat(100_000)] {
            assert_eq!(read(hostile), None);
        }
    }
}
