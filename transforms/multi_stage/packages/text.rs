//! The commands that install packages.

use crate::multi_stage::effects::Manager;

/// How packages are installed.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub(super) struct Options {
    pub(super) manager: Manager,
    /// Recommended packages come with them.
    pub(super) recommends: bool,
    /// All packages are brought up to date first.
    pub(super) upgrade: bool,
    /// A step behind it needs the lists of packages.
    pub(super) keeps_lists: bool,
    /// Packages may not ask questions.
    pub(super) noninteractive: bool,
    /// The escape character of the file.
    pub(super) escape: char,
    pub(super) newline: &'static str,
}

/// Longest list that stays on one line, in bytes.
const LINE: usize = 90;

/// The commands, in order.
pub(super) fn commands(options: &Options, names: &[String]) -> Vec<String> {
    let mut commands = Vec::new();
    let weak = if options.recommends { "" } else { " --setopt=install_weak_deps=False" };
    let front = if options.noninteractive { "DEBIAN_FRONTEND=noninteractive " } else { "" };
    let (before, upgrade, install, after): (&[&str], String, String, &[&str]) = match options.manager {
        Manager::Apt => (
            &["apt-get update"],
            format!("{front}apt-get upgrade -y"),
            format!(
                "{front}apt-get install -y{}",
                if options.recommends { "" } else { " --no-install-recommends" }
            ),
            &["rm -rf /var/lib/apt/lists/*"],
        ),
        Manager::Apk => (&[], "apk upgrade --no-cache".to_owned(), "apk add --no-cache".to_owned(), &[]),
        Manager::Dnf => {
            (&[], "dnf upgrade -y".to_owned(), format!("dnf install -y{weak}"), &["dnf clean all"])
        }
        Manager::Microdnf => (
            &[],
            "microdnf update -y".to_owned(),
            format!("microdnf install -y{weak}"),
            &["microdnf clean all"],
        ),
        Manager::Yum => (&[], "yum update -y".to_owned(), "yum install -y".to_owned(), &["yum clean all"]),
        Manager::Tdnf => {
            (&[], "tdnf update -y".to_owned(), "tdnf install -y".to_owned(), &["tdnf clean all"])
        }
        Manager::Zypper => (
            &["zypper --non-interactive refresh"],
            "zypper --non-interactive update".to_owned(),
            format!(
                "zypper --non-interactive install{}",
                if options.recommends { "" } else { " --no-recommends" }
            ),
            &["zypper clean --all"],
        ),
    };
    commands.extend(before.iter().map(|&text| text.to_owned()));
    if options.upgrade {
        commands.push(upgrade);
    }
    if !names.is_empty() {
        commands.push(list(options, &install, names));
    }
    if !(options.keeps_lists && options.manager == Manager::Apt) {
        commands.extend(after.iter().map(|&text| text.to_owned()));
    }
    commands
}

/// `install` and the names, one a line when they are many.
fn list(options: &Options, install: &str, names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| quoted(name)).collect();
    let line = format!("{install} {}", quoted.join(" "));
    if line.len() <= LINE {
        return line;
    }
    let mut text = install.to_owned();
    for name in quoted {
        text.extend([" ", &options.escape.to_string(), options.newline, "        ", &name]);
    }
    text
}

/// A version with signs that mean something to a shell stands in quotes.
fn quoted(name: &str) -> String {
    if name.contains(['*', '~', '<', '>', '?']) { format!("'{name}'") } else { name.to_owned() }
}
