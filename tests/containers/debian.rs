//! A small Debian, made of the packages that are installed on this machine.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use tempfile::NamedTempFile;

use crate::process::scratch;

const STATUS: &str = "/var/lib/dpkg/status";
/// What nobody needs in a test.
const LEFT_OUT: [&str; 6] = [
    "usr/share/doc/",
    "usr/share/man/",
    "usr/share/locale/",
    "usr/share/info/",
    "usr/share/lintian/",
    "usr/lib/udev/",
];
/// Folders that are links into `/usr` on a merged system, while packages may still list files below them.
const MERGED: [&str; 6] = ["bin", "sbin", "lib", "lib32", "lib64", "libx32"];

/// An installed package.
#[derive(Debug, Default)]
struct Package {
    essential: bool,
    architecture: String,
    provides: Vec<String>,
    /// Each entry is satisfied by any one of its names.
    depends: Vec<Vec<String>>,
}

/// A command that writes a tar archive with the essential packages, `more` and all they depend on; users, caches and
/// what installation scripts make are missing. The file has to live as long as the command.
pub(crate) fn archive(more: &[&str]) -> Result<(Command, NamedTempFile), String> {
    let status =
        fs::read_to_string(STATUS).map_err(|error| format!("{STATUS}: {error}; this is not Debian"))?;
    let packages = installed(&status);
    if let Some(missing) = more.iter().find(|name| !packages.contains_key(**name)) {
        return Err(format!("the Debian package {missing} is not installed"));
    }
    let mut paths = BTreeSet::new();
    for name in closure(&packages, more) {
        let with_architecture = format!("/var/lib/dpkg/info/{name}:{}.list", packages[name].architecture);
        let list = fs::read_to_string(with_architecture)
            .or_else(|_| fs::read_to_string(format!("/var/lib/dpkg/info/{name}.list")))
            .map_err(|error| format!("the files of package {name}: {error}"))?;
        paths.extend(list.lines().filter_map(|line| line.strip_prefix('/')).map(placed));
    }
    paths.extend(MERGED.iter().filter(|link| is_link(link)).map(|link| (*link).to_owned()));
    let mut list = NamedTempFile::new_in(scratch()).unwrap();
    for path in paths.iter().filter(|path| is_wanted(path)) {
        write!(list, "{path}\0").unwrap();
    }
    let mut tar = Command::new("tar");
    tar.args(["--create", "--file=-", "--directory=/", "--no-recursion", "--numeric-owner", "--null"])
        .arg("--verbatim-files-from")
        .arg("--files-from")
        .arg(list.path());
    Ok((tar, list))
}

fn is_link(path: &str) -> bool {
    Path::new("/").join(path).is_symlink()
}

fn is_wanted(path: &str) -> bool {
    path != "."
        && !LEFT_OUT.iter().any(|folder| path.starts_with(folder))
        && Path::new("/").join(path).symlink_metadata().is_ok()
}

/// Where a listed path is on a merged system.
fn placed(path: &str) -> String {
    match path.split_once('/') {
        Some((top, _)) if MERGED.contains(&top) && is_link(top) => format!("usr/{path}"),
        _ => path.to_owned(),
    }
}

/// The essential packages and `more`, with what they depend on.
fn closure<'a>(packages: &'a BTreeMap<String, Package>, more: &[&str]) -> BTreeSet<&'a str> {
    let mut open: Vec<&str> = packages
        .iter()
        .filter(|(name, package)| package.essential || more.contains(&name.as_str()))
        .map(|(name, _)| name.as_str())
        .collect();
    let mut found = BTreeSet::new();
    while let Some(name) = open.pop() {
        if !found.insert(name) {
            continue;
        }
        for alternatives in &packages[name].depends {
            let real = alternatives.iter().find_map(|name| packages.get_key_value(name));
            let provides =
                |package: &Package| alternatives.iter().any(|name| package.provides.contains(name));
            let chosen = real.or_else(|| packages.iter().find(|(_, package)| provides(package)));
            open.extend(chosen.map(|(name, _)| name.as_str()));
        }
    }
    found
}

/// Reads the paragraphs of `dpkg`'s status file (Debian Policy, chapters 5 and 7).
fn installed(status: &str) -> BTreeMap<String, Package> {
    let names = |list: &str| -> Vec<String> {
        let name = |word: &str| word.split([' ', '(', ':']).next().unwrap_or_default().to_owned();
        list.split('|').map(|word| name(word.trim())).collect()
    };
    let mut packages = BTreeMap::new();
    for paragraph in status.split("\n\n") {
        let field = |wanted: &str| {
            let lines = paragraph.lines().filter_map(|line| line.split_once(": "));
            lines.into_iter().find(|(name, _)| *name == wanted).map_or("", |(_, value)| value)
        };
        if !field("Status").ends_with(" installed") {
            continue;
        }
        let depends = [field("Pre-Depends"), field("Depends")];
        let package = Package {
            essential: field("Essential") == "yes",
            architecture: field("Architecture").to_owned(),
            provides: field("Provides").split(',').flat_map(names).collect(),
            depends: depends.iter().flat_map(|list| list.split(',')).map(names).collect(),
        };
        packages.insert(field("Package").to_owned(), package);
    }
    packages
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = "Package: base\nEssential: yes\nStatus: install ok installed\nArchitecture: amd64\n\
        Pre-Depends: libc6 (>= 2.34)\nDepends: awk | nothing, gone | shell:any\n\n\
        Package: mawk\nStatus: install ok installed\nArchitecture: amd64\nProvides: awk (= 1), other\n\n\
        Package: shell\nStatus: install ok installed\nArchitecture: amd64\n\n\
        Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nDepends: base\n\n\
        Package: removed\nStatus: deinstall ok config-files\nEssential: yes\nArchitecture: amd64\n\n\
        Package: extra\nStatus: install ok installed\nArchitecture: all\n";

    #[test]
    fn dependencies_are_followed_through_alternatives_and_provided_names() {
        let packages = installed(SAMPLE);
        assert!(!packages.contains_key("removed"));
        let all: Vec<_> = closure(&packages, &[]).into_iter().collect();
        assert_eq!(all, ["base", "libc6", "mawk", "shell"]);
        assert!(closure(&packages, &["extra"]).contains("extra"));
    }
}
