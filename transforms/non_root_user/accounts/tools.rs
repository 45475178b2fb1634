//! The tools that make users and groups, and what their options mean.
//!
//! shadow: useradd(8), groupadd(8), usermod(8), groupmod(8). Debian: adduser(8). `BusyBox`: `loginutils/adduser.c` and
//! `addgroup.c`.

use harden_core::shell::Word;
use harden_core::syntax::Reference;

use super::options::{Argument, Arguments, Known};
use crate::support::base_images::{self, Family};

/// What is called `adduser`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flavour {
    /// Another name of useradd, as on Fedora and RHEL.
    Shadow,
    /// The Perl script of Debian and Ubuntu.
    Debian,
    /// `BusyBox`.
    Busybox,
    /// One of them.
    Unknown,
}

const fn flag(short: char, long: &'static str) -> Known {
    Known { short: Some(short), long, value: false }
}

const fn with(short: char, long: &'static str) -> Known {
    Known { short: Some(short), long, value: true }
}

const fn long(long: &'static str) -> Known {
    Known { short: None, long, value: false }
}

const fn long_with(long: &'static str) -> Known {
    Known { short: None, long, value: true }
}

const USERADD: &[Known] = &[
    with('b', "base-dir"),
    with('c', "comment"),
    with('d', "home-dir"),
    flag('D', "defaults"),
    with('e', "expiredate"),
    with('f', "inactive"),
    flag('F', "add-subids-for-system"),
    with('g', "gid"),
    with('G', "groups"),
    with('k', "skel"),
    with('K', "key"),
    flag('l', "no-log-init"),
    flag('m', "create-home"),
    flag('M', "no-create-home"),
    flag('N', "no-user-group"),
    flag('o', "non-unique"),
    with('p', "password"),
    with('P', "prefix"),
    flag('r', "system"),
    with('R', "root"),
    with('s', "shell"),
    with('u', "uid"),
    flag('U', "user-group"),
    with('Z', "selinux-user"),
    long("badname"),
    long("badnames"),
];

const BUSYBOX_ADDUSER: &[Known] = &[
    flag('D', "disabled-password"),
    with('g', "gecos"),
    with('G', "ingroup"),
    with('h', "home"),
    flag('H', "no-create-home"),
    with('k', "skel"),
    with('s', "shell"),
    flag('S', "system"),
    with('u', "uid"),
];

const DEBIAN_ADDUSER: &[Known] = &[
    flag('q', "quiet"),
    long("add-extra-groups"),
    long("add_extra_groups"),
    long("allow-all-names"),
    long("allow-bad-names"),
    long("allow-badname"),
    long_with("comment"),
    long_with("conf"),
    long("debug"),
    long("disabled-login"),
    long("disabled-password"),
    long("encrypt-home"),
    long_with("firstgid"),
    long_with("firstuid"),
    long("force-badname"),
    long_with("gecos"),
    long_with("gid"),
    long("group"),
    long_with("home"),
    long_with("ingroup"),
    long_with("lastgid"),
    long_with("lastuid"),
    long("no-create-home"),
    long_with("shell"),
    long("system"),
    long_with("uid"),
    long("verbose"),
];

/// For options that Debian's and `BusyBox`'s adduser share.
const SHARED_ADDUSER: &[Known] = &[
    long("disabled-password"),
    long_with("gecos"),
    long_with("home"),
    long_with("ingroup"),
    long("no-create-home"),
    with('s', "shell"),
    long("system"),
    with('u', "uid"),
];

const GROUPADD: &[Known] = &[
    flag('f', "force"),
    with('g', "gid"),
    with('K', "key"),
    flag('o', "non-unique"),
    with('p', "password"),
    with('P', "prefix"),
    flag('r', "system"),
    with('R', "root"),
    with('U', "users"),
];

/// `BusyBox`'s and Debian's; no option means two things.
const ADDGROUP: &[Known] = &[
    with('g', "gid"),
    flag('S', "system"),
    flag('q', "quiet"),
    long("allow-bad-names"),
    long("debug"),
    long("force-badname"),
    long("group"),
    long("verbose"),
];

const USERMOD: &[Known] = &[
    flag('a', "append"),
    flag('b', "badname"),
    with('c', "comment"),
    with('d', "home"),
    with('e', "expiredate"),
    with('f', "inactive"),
    with('g', "gid"),
    with('G', "groups"),
    with('l', "login"),
    flag('L', "lock"),
    flag('m', "move-home"),
    flag('o', "non-unique"),
    with('p', "password"),
    with('P', "prefix"),
    flag('r', "remove"),
    with('R', "root"),
    with('s', "shell"),
    with('u', "uid"),
    flag('U', "unlock"),
    with('v', "add-subuids"),
    with('V', "del-subuids"),
    with('w', "add-subgids"),
    with('W', "del-subgids"),
    with('Z', "selinux-user"),
];

const GROUPMOD: &[Known] = &[
    flag('a', "append"),
    with('g', "gid"),
    with('n', "new-name"),
    flag('o', "non-unique"),
    with('p', "password"),
    with('P', "prefix"),
    with('R', "root"),
    with('U', "users"),
];

const DELETE: &[Known] = &[
    flag('f', "force"),
    flag('q', "quiet"),
    flag('r', "remove"),
    long("only-if-empty"),
    long("remove-all-files"),
    long("remove-home"),
    long("system"),
];

/// What a command does to users and groups.
#[derive(Debug)]
pub(super) enum Call<'w> {
    AddUser(Flavour, Arguments<'w>),
    AddGroup(Arguments<'w>, /* the id a group without one gets is a system id */ bool),
    ModifyUser(Arguments<'w>),
    ModifyGroup(Arguments<'w>),
    DeleteUser(Argument<'w>),
    DeleteGroup(Argument<'w>),
    /// It makes or changes users in a way that is not followed.
    Unclear,
}

/// What the command `name` with the arguments `words` does; `None` when it has nothing to do with users.
pub(super) fn call<'w>(name: &str, words: &'w [Word], here: Flavour) -> Option<Call<'w>> {
    let call = match name {
        "useradd" => Call::AddUser(Flavour::Shadow, Arguments::read(words, USERADD)),
        "adduser" => {
            let flavour = flavour(words, here);
            let known = match flavour {
                Flavour::Shadow => USERADD,
                Flavour::Debian => DEBIAN_ADDUSER,
                Flavour::Busybox => BUSYBOX_ADDUSER,
                Flavour::Unknown => SHARED_ADDUSER,
            };
            let arguments = Arguments::read(words, known);
            match arguments.operands.len() {
                1 if flavour == Flavour::Debian && is_group_only(&arguments) => {
                    Call::AddGroup(arguments, true)
                }
                // A user and a group that exist.
                2 => return None,
                _ => Call::AddUser(flavour, arguments),
            }
        }
        "groupadd" => add_group(Arguments::read(words, GROUPADD))?,
        "addgroup" => add_group(Arguments::read(words, ADDGROUP))?,
        "usermod" => Call::ModifyUser(Arguments::read(words, USERMOD)),
        "groupmod" => Call::ModifyGroup(Arguments::read(words, GROUPMOD)),
        "userdel" | "deluser" => {
            let arguments = Arguments::read(words, DELETE);
            match arguments.operands.as_slice() {
                [user] => Call::DeleteUser(*user),
                _ => return None,
            }
        }
        "groupdel" | "delgroup" => {
            let arguments = Arguments::read(words, DELETE);
            match arguments.operands.as_slice() {
                [group] => Call::DeleteGroup(*group),
                _ => return None,
            }
        }
        "newusers" | "vipw" | "vigr" | "homectl" | "systemd-sysusers" => Call::Unclear,
        _ => return None,
    };
    Some(call)
}

fn add_group(arguments: Arguments<'_>) -> Option<Call<'_>> {
    let system = arguments.has("system");
    // `addgroup USER GROUP` puts a user that exists into a group that exists.
    (arguments.operands.len() == 1).then_some(Call::AddGroup(arguments, system))
}

/// `adduser --group NAME` without `--system` is addgroup (adduser(8)).
fn is_group_only(arguments: &Arguments<'_>) -> bool {
    arguments.has("group") && !arguments.has("system")
}

/// Which adduser a command line is for: an option only one of them has decides, else what the image is.
fn flavour(words: &[Word], here: Flavour) -> Flavour {
    let mut shared = false;
    for word in words {
        if let Some(long) = word.text.strip_prefix("--") {
            match long.split('=').next().unwrap_or(long) {
                "create-home" | "home-dir" | "no-log-init" | "user-group" | "no-user-group" | "groups"
                | "base-dir" | "non-unique" | "password" => return Flavour::Shadow,
                "disabled-login" | "quiet" | "firstuid" | "lastuid" | "firstgid" | "lastgid" | "conf"
                | "force-badname" | "allow-bad-names" | "allow-badname" | "allow-all-names" | "debug"
                | "add_extra_groups" | "add-extra-groups" | "encrypt-home" => return Flavour::Debian,
                "empty-password" => return Flavour::Busybox,
                "gecos" | "ingroup" | "disabled-password" => shared = true,
                _ => {}
            }
        } else if let Some(letters) = word.text.strip_prefix('-').filter(|_| word.literal) {
            // Letters behind one that takes a value are the value.
            let end = letters.find(['u', 'g', 'G', 'h', 's', 'k', 'd', 'c', 'p']).unwrap_or(letters.len());
            let flags = letters.get(..end).unwrap_or_default();
            if flags.contains(['S', 'D', 'H']) || matches!(letters.get(end..=end), Some("h")) {
                return Flavour::Busybox;
            }
            if flags.contains(['m', 'M', 'r', 'l', 'N', 'U', 'o'])
                || matches!(letters.get(end..=end), Some("d" | "c" | "p"))
            {
                return Flavour::Shadow;
            }
        }
    }
    if shared && here == Flavour::Shadow { Flavour::Unknown } else { here }
}

/// Which adduser an image has, by its operating system.
pub(super) fn of_family(family: Family) -> Flavour {
    match family {
        Family::Alpine | Family::Wolfi | Family::Busybox => Flavour::Busybox,
        Family::Debian | Family::Ubuntu => Flavour::Debian,
        Family::Rhel
        | Family::Fedora
        | Family::Amazon
        | Family::Azure
        | Family::Photon
        | Family::Suse
        | Family::Arch => Flavour::Shadow,
        Family::Distroless | Family::Windows | Family::Unknown => Flavour::Unknown,
    }
}

/// Which adduser an image has, by its name.
pub(super) fn of_image(image: &Reference) -> Flavour {
    base_images::find(image).map_or(Flavour::Unknown, |entry| of_family(entry.system.family))
}

/// Which adduser an image has, by a package manager that is used in it.
pub(super) fn of_package_manager(command: &str) -> Flavour {
    match command {
        "apk" => Flavour::Busybox,
        "apt-get" | "apt" | "dpkg" | "aptitude" => Flavour::Debian,
        "dnf" | "yum" | "microdnf" | "tdnf" | "zypper" | "rpm" | "pacman" => Flavour::Shadow,
        _ => Flavour::Unknown,
    }
}
