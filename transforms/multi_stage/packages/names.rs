//! What packages are for. The facts are in `data/packages.toml`.

use crate::multi_stage::runtime_image::Release;
use crate::support::base_images::Family;

/// Constants made from the data.
mod table {
    use super::Kinds;

    include!(concat!(env!("OUT_DIR"), "/packages.rs"));
}

/// Packages by release; an empty release is any.
type ByRelease = &'static [(&'static str, &'static [&'static str])];

/// Packages of one kind of distribution, each list sorted.
struct Kinds {
    build: &'static [&'static str],
    commands: &'static [&'static str],
    libraries: &'static [(&'static str, ByRelease)],
    tools: &'static [(&'static str, &'static str)],
}

/// What a package is for, as far as its name tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// Only for building.
    Build,
    /// It fetches, unpacks or signs; builds use it, and programs may. The name of its command.
    Fetch(&'static str),
    /// Headers; these are the packages of their libraries, which programs built with them need.
    Libraries(Vec<String>),
    /// Headers of a library whose package is not known.
    Unknown,
    /// Perhaps for running.
    Run,
}

/// Packages that builds use to get sources, with their commands (Debian, Alpine and Red Hat name them alike). An empty
/// command: what the package has is for the package manager only.
const FETCH: [(&str, &str); 23] = [
    ("apt-transport-https", ""),
    ("apt-utils", ""),
    ("bzip2", "bzip2"),
    ("curl", "curl"),
    ("dirmngr", ""),
    ("git", "git"),
    ("git-core", "git"),
    ("gnupg", "gpg"),
    ("gnupg2", "gpg"),
    ("lsb-release", "lsb_release"),
    ("mercurial", "hg"),
    ("openssh", "ssh"),
    ("openssh-client", "ssh"),
    ("openssh-clients", "ssh"),
    ("rsync", "rsync"),
    ("software-properties-common", ""),
    ("subversion", "svn"),
    ("tar", "tar"),
    ("unzip", "unzip"),
    ("wget", "wget"),
    ("xz", "xz"),
    ("xz-utils", "xz"),
    ("zip", "zip"),
];

fn kinds(family: Family) -> Option<&'static Kinds> {
    Some(match family {
        Family::Debian | Family::Ubuntu => &table::DEBIAN,
        Family::Alpine => &table::ALPINE,
        Family::Rhel | Family::Fedora | Family::Amazon => &table::RHEL,
        _ => return None,
    })
}

/// What the package is for.
pub(super) fn of(name: &str, family: Family, release: Option<&Release>) -> Use {
    if let Ok(at) = FETCH.binary_search_by_key(&name, |&(known, _)| known)
        && let Some((_, command)) = FETCH.get(at)
    {
        return Use::Fetch(command);
    }
    let is_header = name.ends_with("-dev") || name.ends_with("-devel");
    let Some(kinds) = kinds(family) else {
        return if is_header { Use::Unknown } else { Use::Run };
    };
    if kinds.build.binary_search(&name).is_ok() || is_compiler(name) {
        return Use::Build;
    }
    if let Ok(at) = kinds.libraries.binary_search_by_key(&name, |&(known, _)| known)
        && let Some((_, by)) = kinds.libraries.get(at)
    {
        let own = |key: &str| key.is_empty() || release.is_some_and(|release| release.name == key);
        return match by.iter().find(|(key, _)| own(key)) {
            Some((_, names)) => Use::Libraries(names.iter().map(|&name| name.to_owned()).collect()),
            None => Use::Unknown,
        };
    }
    if is_header { Use::Unknown } else { Use::Run }
}

/// Whether a package is for fetching, unpacking or signing, and has a command that programs may start, too.
pub(crate) fn is_for_fetching(name: &str) -> bool {
    FETCH.iter().any(|(known, command)| *known == name && !command.is_empty())
}

/// Versions of compilers: `gcc-12`, `g++-11`, `clang-15`, `python3.11-dev`, `linux-headers-6.1`.
fn is_compiler(name: &str) -> bool {
    let numbered = |prefix: &str| {
        name.strip_prefix(prefix).is_some_and(|rest| {
            !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        })
    };
    let python = name.strip_prefix("python3.").is_some_and(|rest| {
        rest.strip_suffix("-dev").is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()))
    });
    python
        || ["gcc-", "g++-", "clang-", "llvm-", "lld-", "gfortran-", "cpp-", "autoconf", "automake-1."]
            .into_iter()
            .any(numbered)
        || name.starts_with("linux-headers-")
}

/// The package that has a command which small images of the family lack.
pub(crate) fn package_of(family: Family, tool: &str) -> Option<&'static str> {
    let kinds = kinds(family)?;
    let at = kinds.tools.binary_search_by_key(&tool, |&(known, _)| known).ok()?;
    kinds.tools.get(at).map(|(_, package)| *package)
}

/// Whether the smallest image of the family has a command. `None`: nothing is known of the family.
pub(crate) fn is_in_small(family: Family, tool: &str) -> Option<bool> {
    let kinds = kinds(family).filter(|kinds| !kinds.commands.is_empty())?;
    Some(kinds.commands.binary_search(&tool).is_ok())
}

/// Whether a package has the command.
pub(crate) fn has_command(package: &str, tool: &str) -> bool {
    if package == tool {
        return true;
    }
    let by_fetch = FETCH.iter().any(|(name, command)| *name == package && *command == tool);
    let tables = [&table::DEBIAN, &table::ALPINE, &table::RHEL];
    by_fetch
        || tables.iter().any(|kinds| kinds.tools.iter().any(|(one, name)| *one == tool && *name == package))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn release(family: Family, name: &str) -> Release {
        Release { family, name: name.to_owned(), certain: true }
    }

    #[test]
    fn headers_stand_for_their_library() {
        let libraries = |name: &str, family, tag: &str| of(name, family, Some(&release(family, tag)));
        let one = |name: &str| Use::Libraries(vec![name.to_owned()]);
        assert_eq!(libraries("libssl-dev", Family::Debian, "bullseye"), one("libssl1.1"));
        assert_eq!(libraries("libssl-dev", Family::Debian, "bookworm"), one("libssl3"));
        assert_eq!(libraries("libssl-dev", Family::Debian, "trixie"), one("libssl3t64"));
        assert_eq!(libraries("libssl-dev", Family::Debian, "forky"), Use::Unknown);
        assert_eq!(libraries("libjpeg-dev", Family::Ubuntu, "22.04"), one("libjpeg-turbo8"));
        assert_eq!(libraries("postgresql-dev", Family::Alpine, "3.20"), one("libpq"));
        assert_eq!(of("libssl-dev", Family::Debian, None), Use::Unknown, "the release decides");
        assert_eq!(of("libpq-dev", Family::Debian, None), one("libpq5"), "the same in all releases");
        assert_eq!(of("libnobody-dev", Family::Debian, None), Use::Unknown);
        assert_eq!(of("nobody-devel", Family::Suse, None), Use::Unknown);
    }

    #[test]
    fn what_only_builds_use() {
        for name in ["gcc", "build-essential", "g++-12", "clang-15", "python3-dev", "python3.11-dev", "make"]
        {
            assert_eq!(of(name, Family::Debian, None), Use::Build, "{name}");
        }
        for name in ["gcc-", "gcc-12-base", "libgcc-s1", "nginx", "gettext", "python3", "default-jre", "g++-"]
        {
            assert_eq!(of(name, Family::Debian, None), Use::Run, "{name}");
        }
        assert_eq!(of("build-base", Family::Alpine, None), Use::Build);
        assert_eq!(of("curl", Family::Alpine, None), Use::Fetch("curl"));
    }

    #[test]
    fn the_tables_are_sorted() {
        assert!(FETCH.is_sorted_by_key(|(name, _)| *name));
        for kinds in [&table::DEBIAN, &table::ALPINE, &table::RHEL] {
            assert!(kinds.build.is_sorted() && kinds.commands.is_sorted());
            assert!(kinds.tools.iter().all(|(tool, _)| kinds.commands.binary_search(tool).is_err()));
            assert!(kinds.libraries.is_sorted_by_key(|(name, _)| *name));
            assert!(kinds.tools.is_sorted_by_key(|(name, _)| *name));
            for (name, by) in kinds.libraries {
                assert!(!by.is_empty() && by.iter().all(|(_, names)| !names.is_empty()), "{name}");
            }
        }
    }

    #[test]
    fn commands_lead_to_packages() {
        assert_eq!(package_of(Family::Debian, "ps"), Some("procps"));
        assert_eq!(package_of(Family::Alpine, "bash"), Some("bash"));
        assert_eq!(package_of(Family::Debian, "nobody"), None);
        assert!(
            has_command("procps", "pgrep") && has_command("gnupg2", "gpg") && !has_command("curl", "wget")
        );
    }
}
