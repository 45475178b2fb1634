//! What the packages need in the runtime image.

use std::collections::BTreeSet;

use harden_core::Hazard;

use super::here;
use super::image::Python;
use super::known::{self, Need};
use super::requirements::Wanted;
use super::sources;
use super::steps::Installs;
use crate::multi_stage::effects::{self, Effect};
use crate::multi_stage::packages::names::is_for_fetching;
use crate::multi_stage::split::Split;
use crate::multi_stage::view::View;

/// Packages of Debian and Alpine that compile, or exist for compiling.
pub(super) const TOOLS: [&str; 37] = [
    "alpine-sdk",
    "autoconf",
    "automake",
    "build-base",
    "build-essential",
    "cargo",
    "clang",
    "cmake",
    "default-libmysqlclient-dev",
    "g++",
    "gcc",
    "gfortran",
    "jpeg-dev",
    "libc-dev",
    "libc6-dev",
    "libffi-dev",
    "libjpeg-dev",
    "libldap2-dev",
    "libpq-dev",
    "libsasl2-dev",
    "libssl-dev",
    "libxml2-dev",
    "libxslt-dev",
    "libxslt1-dev",
    "linux-headers",
    "make",
    "mariadb-connector-c-dev",
    "mariadb-dev",
    "musl-dev",
    "openssl-dev",
    "postgresql-dev",
    "python-dev",
    "python3-dev",
    "rust",
    "rustc",
    "zlib-dev",
    "zlib1g-dev",
];

/// Packages that call `ctypes.util.find_library`: on Alpine it asks gcc (CPython, `Lib/ctypes/util.py`).
const FINDERS: [&str; 7] =
    ["cairocffi", "cairosvg", "fusepy", "pyusb", "python-magic", "pyzbar", "weasyprint"];

/// Commands that need a compiler or what comes with it.
pub(super) const COMMANDS: [&str; 14] = [
    "autoconf",
    "automake",
    "c++",
    "cargo",
    "cc",
    "clang",
    "cmake",
    "configure",
    "g++",
    "gcc",
    "gfortran",
    "make",
    "ninja",
    "rustc",
];

/// Commands that full images have and slim ones do not (docker-library/buildpack-deps).
pub(super) const FULL_COMMANDS: [&str; 30] = [
    "bzip2",
    "bzr",
    "convert",
    "curl",
    "curl-config",
    "file",
    "git",
    "gpg",
    "hg",
    "identify",
    "magick",
    "mogrify",
    "mysql_config",
    "patch",
    "pg_config",
    "pgrep",
    "pkill",
    "ps",
    "scp",
    "sftp",
    "ssh",
    "ssh-keygen",
    "ssh-keyscan",
    "svn",
    "top",
    "unzip",
    "wget",
    "xml2-config",
    "xslt-config",
    "xz",
];

/// Judges everything that is installed: packages the runtime stage needs, and what stands against the split.
pub(super) fn packages(
    view: &View<'_, '_>,
    python: &Python,
    installs: &Installs,
    tools: &BTreeSet<&'static str>,
    split: &mut Split,
) {
    let wanted = Wanted::read(view, &installs.sources);
    let place = installs.last.and_then(|last| here(view, last));
    let mut hazard = |id: &'static str, message: String| {
        split.hazards.push(Hazard { id, message, place: place.clone() });
    };
    if let Some(why) = &wanted.unread {
        let id = if why.code == "no-context" { "context-unknown" } else { "requirements-unknown" };
        hazard(id, format!("which packages are installed is not known: {}", why.message));
    }
    let minor = python.version.and_then(|(major, minor)| (major == 3).then_some(minor));
    if python.full {
        if python.version.is_some_and(|version| version < (3, 8)) {
            hazard("old-python", "for so old a Python many packages have no wheels, and what they are compiled against is not in the slim image".to_owned());
        }
        if installs.no_binary || wanted.no_binary {
            hazard("no-binary", "packages are built from sources although there may be wheels, and what they are linked against is not known".to_owned());
        }
        if let Some(first) = wanted.strange.first() {
            hazard("unknown-package", format!("what `{first}` needs of the full image is not known"));
        }
    }
    let mut unknown: Vec<&str> = Vec::new();
    let mut needed: BTreeSet<&str> = BTreeSet::new();
    let all = wanted.named.iter().map(|one| (one, true)).chain(wanted.locked.iter().map(|one| (one, false)));
    for ((name, version), named) in all {
        let locked = wanted.locked.get(name).and_then(Option::as_deref);
        let need = known::need(name, version.as_deref().or(locked), minor);
        if python.alpine && FINDERS.contains(&name.as_str()) {
            hazard(
                "finds-library",
                format!(
                    "the package {name} finds its library with what compilers bring, which the runtime image lacks"
                ),
            );
        }
        if let Need::Unfit(why) = need {
            // What is linked or opened comes from packages that steps name.
            if !python.full && !why.starts_with("compiles") && !why.starts_with("lets") {
                continue;
            }
            hazard(
                "unfit-package",
                format!("the package {name} {why}, and the runtime image has less to do so with"),
            );
            continue;
        }
        if !python.full {
            continue;
        }
        match need {
            Need::Compiled([]) => {
                hazard(
                    "from-source",
                    format!(
                        "{name} {} may have no wheel for this Python; what it is linked against is not in the slim image",
                        version.as_deref().unwrap_or_default()
                    ),
                );
            }
            Need::Packages(packages) | Need::Compiled(packages) => needed.extend(packages),
            // A lock file names what known packages depend on, too.
            Need::Unknown if named => unknown.push(name),
            Need::Nothing | Need::Unknown | Need::Unfit(_) => {}
        }
    }
    if !unknown.is_empty() {
        let shown: Vec<&str> = unknown.iter().copied().take(4).collect();
        let more = if unknown.len() > shown.len() {
            format!(" and {} more", unknown.len() - shown.len())
        } else {
            String::new()
        };
        hazard(
            "unknown-package",
            format!("what {}{more} may need of the full image is not known", shown.join(", ")),
        );
    }
    split.packages.extend(needed.into_iter().map(str::to_owned));
    if !python.full {
        split.packages.extend(of_tools(python, tools).into_iter().map(str::to_owned));
        split.packages.extend(programs(view, python, &wanted));
        if sources::start_programs(view) {
            split.packages.extend(fetchers(view));
        }
    }
}

/// Packages for fetching that steps install and do not take away again: programs may start what they have.
fn fetchers(view: &View<'_, '_>) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for effect in view.ran().flat_map(|ran| effects::of(view, ran)) {
        match effect {
            Effect::Packages(found) => {
                let kept = found.into_iter().filter(|one| one.group.is_none());
                names.extend(kept.map(|one| one.name().to_owned()).filter(|name| is_for_fetching(name)));
            }
            Effect::Unpackages(gone) => names.retain(|name| !gone.contains(name)),
            _ => {}
        }
    }
    names
}

/// Libraries that come with compilers and that compiled code is linked against.
fn of_tools(python: &Python, tools: &BTreeSet<&'static str>) -> Vec<&'static str> {
    let has = |names: &[&str]| names.iter().any(|name| tools.contains(name));
    let mut found = Vec::new();
    if python.alpine {
        if has(&["alpine-sdk", "build-base", "g++"]) {
            found.push("libstdc++");
        }
        if has(&["alpine-sdk", "build-base", "cargo", "g++", "gcc", "rust"]) {
            found.push("libgcc");
        }
        if has(&["gfortran"]) {
            found.push("libgfortran");
        }
    } else if has(&["gfortran"]) {
        found.push("libgfortran5");
    }
    found
}

/// Packages that Python packages start or open, and that steps install or compilers bring.
fn programs(view: &View<'_, '_>, python: &Python, wanted: &Wanted) -> Vec<String> {
    let mut found = Vec::new();
    let names = wanted.named.keys().chain(wanted.locked.keys());
    for name in names {
        let Some((_, packages)) = known::PROGRAMS.iter().find(|(known, _)| known == name) else { continue };
        for package in *packages {
            let is_installed = *package == "libgomp1"
                || view.ran().any(|ran| {
                    super::installs_packages(ran)
                        && ran.command.words.iter().any(|word| word.text == *package)
                });
            if is_installed {
                found.push(if python.alpine {
                    package.trim_end_matches('1').to_owned()
                } else {
                    (*package).to_owned()
                });
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_sorted() {
        assert!(TOOLS.is_sorted());
        assert!(COMMANDS.is_sorted());
        assert!(FULL_COMMANDS.is_sorted());
    }
}
