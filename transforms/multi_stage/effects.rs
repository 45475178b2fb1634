//! What commands that no recipe knows do to the image.
//!
//! Sources: the manual pages of each program (coreutils, shadow, apt, apk, dnf, tar, git, curl, wget). What is not read
//! here is [`Effect::Unknown`]; nothing is taken to be harmless because nobody knows it.

mod files;
mod packages;
mod words;

use super::ran::Ran;
use super::recipes::node::project::{installs_tools, sets_option};
use super::view::View;
use words::Words;

pub(crate) use packages::Manager;

/// What one command of a RUN does, as far as the runtime stage is concerned. Paths are absolute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Installs packages of the distribution.
    Packages(Vec<Package>),
    /// Removes packages of the distribution.
    Unpackages(Vec<String>),
    /// Brings all packages up to date.
    Upgrade,
    /// Fetches the lists of packages.
    Refresh,
    /// Tells the package manager to take packages from another server.
    Mirror,
    /// Adds a repository that is not the distribution's.
    Repository,
    /// Makes users or groups.
    Account,
    /// Makes folders.
    Folders(Vec<String>),
    /// Writes these files and no others.
    Writes(Vec<String>),
    /// Fills these folders with files that nobody lists: `git clone`, `tar -x`.
    Trees(Vec<String>),
    /// Changes these files, which were there before.
    Edits(Vec<String>),
    /// Makes symbolic links here.
    Links(Vec<String>),
    /// Removes these files or folders.
    Removes(Vec<String>),
    /// Changes the modes of these files or folders.
    Modes(Vec<String>),
    /// Changes who owns these files or folders.
    Owners(Vec<String>),
    /// Changes settings of the system that containers may depend on: `locale-gen`, `update-ca-certificates`.
    System,
    /// It cannot be told; why, as the end of a sentence.
    Unknown(String),
}

/// A package as a command names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Package {
    /// Its name, with the version it is held at: `curl`, `nginx=1.22.1-*`.
    pub(crate) text: String,
    /// Which package manager installs it.
    pub(crate) manager: Manager,
    /// Packages it recommends come with it.
    pub(crate) recommends: bool,
    /// The name of a group it is removed by later: `apk add --virtual .build-deps gcc`.
    pub(crate) group: Option<String>,
}

impl Package {
    /// Whether the lists of packages must have been fetched before.
    pub(crate) fn needs_lists(&self) -> bool {
        self.manager == Manager::Apt
    }

    /// Its name alone.
    pub(crate) fn name(&self) -> &str {
        let end = self.text.find(['=', '<', '>', '~', '@', '/']).unwrap_or(self.text.len());
        let name = self.text.get(..end).unwrap_or_default();
        match self.manager {
            Manager::Apt => name.split(':').next().unwrap_or(name),
            _ => name,
        }
    }
}

/// What a command does; nothing when the answer is empty.
pub(crate) fn of(view: &View<'_, '_>, ran: &Ran) -> Vec<Effect> {
    let words = Words::new(view, ran);
    let mut effects = Vec::new();
    match ran.name() {
        None if ran.command.words.is_empty() => {}
        None => {
            effects.push(Effect::Unknown("the name of a command is a variable".to_owned()));
        }
        // A package for the whole image that containers use.
        Some(_) if installs_tools(view, ran) || sets_option(ran) => effects.push(Effect::System),
        Some(name) => match command(&words, name) {
            Ok(found) => effects.extend(found),
            Err(why) => effects.push(Effect::Unknown(why)),
        },
    }
    match files::redirects(&words) {
        Ok(found) => effects.extend(found),
        Err(why) => effects.push(Effect::Unknown(why)),
    }
    effects
}

fn command(words: &Words<'_, '_, '_>, name: &str) -> Result<Vec<Effect>, String> {
    if let Some(manager) = Manager::named(name) {
        return packages::of(words, manager);
    }
    if is_harmless(words, name) {
        return Ok(Vec::new());
    }
    match name {
        "useradd" | "groupadd" | "adduser" | "addgroup" | "usermod" | "groupmod" | "userdel" | "groupdel"
        | "deluser" | "delgroup" | "chpasswd" | "passwd" | "chsh" | "gpasswd" => Ok(vec![Effect::Account]),
        "locale-gen"
        | "update-locale"
        | "localedef"
        | "dpkg-reconfigure"
        | "update-ca-certificates"
        | "update-ca-trust"
        | "setup-timezone"
        | "debconf-set-selections"
        | "update-alternatives"
        | "a2enmod"
        | "a2dismod"
        | "a2ensite"
        | "a2dissite"
        | "fc-cache"
        | "visudo"
        | "update-rc.d"
        | "dpkg-divert"
        | "dpkg-statoverride" => Ok(vec![Effect::System]),
        "add-apt-repository" | "apt-key" | "yum-config-manager" | "apt-add-repository" => {
            Ok(vec![Effect::Repository])
        }
        _ => files::of(words, name),
    }
}

/// Programs that only read, print or wait, and shell builtins that end with the RUN.
fn is_harmless(words: &Words<'_, '_, '_>, name: &str) -> bool {
    let command = &words.ran.command;
    let only_asks = || {
        let mut rest = command.words.iter().skip(1).map(|word| word.text.as_str());
        let first = rest.next();
        let asks = matches!(
            first,
            Some("--version" | "-version" | "-V" | "-v" | "version" | "--help" | "-h" | "help")
        );
        asks && rest.next().is_none()
    };
    match name {
        ":" | "true" | "false" | "echo" | "printf" | "cd" | "pushd" | "popd" | "set" | "export" | "unset"
        | "shift" | "exit" | "return" | "break" | "continue" | "read" | "local" | "readonly" | "declare"
        | "shopt" | "trap" | "wait" | "hash" | "type" | "umask" | "ulimit" | "test" | "[" | "[[" | "let"
        | "ls" | "cat" | "grep" | "egrep" | "fgrep" | "awk" | "gawk" | "mawk" | "cut" | "tr" | "head"
        | "tail" | "wc" | "uniq" | "which" | "whereis" | "whoami" | "id" | "groups" | "uname" | "arch"
        | "nproc" | "date" | "sleep" | "pwd" | "printenv" | "basename" | "dirname" | "realpath"
        | "readlink" | "stat" | "du" | "df" | "file" | "tree" | "md5sum" | "sha1sum" | "sha256sum"
        | "sha512sum" | "seq" | "yes" | "expr" | "jq" | "getent" | "ldd" | "nm" | "diff" | "cmp" | "rev"
        | "tac" | "hostname" | "free" | "ps" | "getconf" | "sync" | "base64" | "od" | "hexdump" | "xxd"
        | "strings" | "command" | "dpkg-query" | "dpkg-architecture" | "apt-cache" | "apt-mark"
        | "apt-config" | "lsb_release" | "lscpu" | "ping" | "nslookup" | "dig" | "ssh-keyscan" | "tput" => {
            true
        }
        "dpkg" => command.words.get(1).is_some_and(|word| {
            matches!(word.text.as_str(), "--print-architecture" | "-l" | "-s" | "-L" | "--list" | "--status")
        }),
        "sort" => command.option(Some('o'), "output").is_none(),
        _ => only_asks(),
    }
}
