//! What package managers are told to do.

use super::words::Words;
use super::{Effect, Package};

/// A package manager of distributions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Manager {
    /// `apt-get`, `apt`, `aptitude`.
    Apt,
    /// `apk`.
    Apk,
    /// `dnf`.
    Dnf,
    /// `microdnf`.
    Microdnf,
    /// `yum`.
    Yum,
    /// `tdnf`.
    Tdnf,
    /// `zypper`.
    Zypper,
}

impl Manager {
    /// By the name of its command.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "apt-get" | "apt" | "aptitude" => Self::Apt,
            "apk" => Self::Apk,
            "dnf" | "dnf5" => Self::Dnf,
            "microdnf" => Self::Microdnf,
            "yum" => Self::Yum,
            "tdnf" => Self::Tdnf,
            "zypper" => Self::Zypper,
            _ => return None,
        })
    }

    /// Options that take a value (apt-get(8), apk(8), dnf(8), zypper(8)).
    fn valued(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::Apt => ("otca", &["option", "target-release", "config-file", "host-architecture"]),
            Self::Apk => (
                "tXp",
                &[
                    "virtual",
                    "repository",
                    "root",
                    "keys-dir",
                    "repositories-file",
                    "arch",
                    "wait",
                    "cache-dir",
                ],
            ),
            Self::Dnf | Self::Microdnf | Self::Yum | Self::Tdnf => (
                "cdeRx",
                &[
                    "config",
                    "setopt",
                    "enablerepo",
                    "disablerepo",
                    "enable-repo",
                    "installroot",
                    "releasever",
                    "exclude",
                    "repo",
                    "repoid",
                    "repofrompath",
                    "forcearch",
                ],
            ),
            Self::Zypper => ("ptr", &["repo", "from", "type", "root", "plus-repo"]),
        }
    }
}

/// What a package manager does.
///
/// # Errors
/// It cannot be told; why.
pub(super) fn of(words: &Words<'_, '_, '_>, manager: Manager) -> Result<Vec<Effect>, String> {
    let (shorts, longs) = manager.valued();
    let operands = words.operands(shorts, longs);
    let Some((subcommand, rest)) = operands.split_first() else { return Ok(Vec::new()) };
    if !subcommand.literal {
        return Err("what the package manager does is named by a variable".to_owned());
    }
    let command = words.command();
    match subcommand.text.as_str() {
        "update" if matches!(manager, Manager::Apt | Manager::Apk) => Ok(vec![Effect::Refresh]),
        "makecache" | "refresh" | "ref" => Ok(vec![Effect::Refresh]),
        "clean" | "autoclean" | "autoremove" | "check" | "list" | "search" | "show" | "info" | "policy"
        | "download" | "source" | "build-dep" | "repolist" | "version" | "stats" | "fetch" | "cache"
        | "check-update" | "history" => Ok(Vec::new()),
        "upgrade" | "dist-upgrade" | "full-upgrade" | "safe-upgrade" | "update" | "up" | "dup" => {
            Ok(vec![Effect::Upgrade])
        }
        "remove" | "purge" | "del" | "erase" | "rm" => {
            // Groups of `apk add --virtual` begin with a dot.
            let known = rest.iter().filter_map(|word| words.text(word));
            let names =
                known.flat_map(|text| text.split_ascii_whitespace().map(str::to_owned).collect::<Vec<_>>());
            let names = names.collect();
            Ok(vec![Effect::Unpackages(names)])
        }
        "install" | "add" | "in" | "reinstall" | "localinstall" => {
            let foreign = match manager {
                Manager::Apt => command.option(Some('t'), "target-release").is_some(),
                Manager::Apk => command.option(Some('X'), "repository").is_some(),
                Manager::Zypper => command.option(None, "from").is_some(),
                _ => ["enablerepo", "enable-repo", "repofrompath"]
                    .iter()
                    .any(|name| command.option(None, name).is_some()),
            };
            let root = ["root", "installroot"].iter().any(|name| command.option(None, name).is_some());
            if root {
                return Err("packages are installed into another root".to_owned());
            }
            let group = match manager {
                Manager::Apk => {
                    command.option(Some('t'), "virtual").map(|word| words.text(&word).unwrap_or(word.text))
                }
                _ => None,
            };
            let recommends = recommends(words, manager);
            let mut effects = Vec::new();
            if foreign {
                effects.push(Effect::Repository);
            }
            let one = |text: String| Package { text, manager, recommends, group: group.clone() };
            let found: Vec<Package> = names(words, rest)?.into_iter().map(one).collect();
            if !found.is_empty() {
                effects.push(Effect::Packages(found));
            }
            Ok(effects)
        }
        other => Err(format!("nobody knows what `{other}` does to the packages of the image")),
    }
}

/// Whether packages that are recommended are installed, too.
fn recommends(words: &Words<'_, '_, '_>, manager: Manager) -> bool {
    let command = words.command();
    match manager {
        Manager::Apt => {
            let by_option = command.option(Some('o'), "option").is_some_and(|word| {
                let text = word.text.to_ascii_lowercase();
                text.contains("install-recommends=0") || text.contains("install-recommends=false")
            });
            !command.has_flag(None, "no-install-recommends") && !by_option
        }
        Manager::Zypper => !command.has_flag(None, "no-recommends"),
        Manager::Dnf | Manager::Yum | Manager::Microdnf => !command.words.iter().any(|word| {
            let text = word.text.to_ascii_lowercase();
            text.contains("install_weak_deps=0") || text.contains("install_weak_deps=false")
        }),
        Manager::Apk | Manager::Tdnf => false,
    }
}

/// The packages that words name. A variable may stand for several.
fn names(words: &Words<'_, '_, '_>, rest: &[&harden_core::shell::Word]) -> Result<Vec<String>, String> {
    let mut names = Vec::new();
    for word in rest {
        let Some(text) = words.text(word) else {
            return Err(format!("which packages `{}` stands for is not known", word.text));
        };
        for name in text.split_ascii_whitespace() {
            if name.starts_with(['/', '.']) || name.strip_suffix(".deb").is_some() || name.contains("://") {
                return Err(format!("`{name}` is a package from a file"));
            }
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.:_=~<>@/*".contains(&byte);
            if !name.bytes().all(plain) || name.starts_with('-') {
                return Err(format!("`{name}` is no name of a package"));
            }
            names.push(name.to_owned());
        }
    }
    Ok(names)
}
