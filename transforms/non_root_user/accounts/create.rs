//! Users and groups that are made.

use super::options::Arguments;
use super::reader::{At, Reader};
use super::{Account, Flavour, Group, Id};

impl<'a> Reader<'_, 'a> {
    pub(super) fn add_user(&mut self, at: &At<'_, '_, 'a>, flavour: Flavour, arguments: &Arguments<'_>) {
        if arguments.has("defaults") {
            return;
        }
        let Some(name) = arguments
            .operands
            .last()
            .and_then(|&name| at.value(name))
            .filter(|_| arguments.operands.len() == 1)
        else {
            self.gap(at.span, "a command that makes a user whose name cannot be told".to_owned());
            return;
        };
        let mut argument = name.arguments.first().cloned();
        let uid = at.id(arguments, "uid", &mut argument);
        let system = arguments.has("system");
        let (mut gid, group) = self.primary_group(at, flavour, arguments, uid, &mut argument);
        if arguments.unknown {
            gid = Id::Unknown;
        }
        let (home, home_made) = home(at, flavour, arguments, &name.text, system, &mut argument);
        self.push_user(Account {
            name: name.text,
            uid,
            gid,
            group,
            home,
            home_made,
            system,
            conditional: at.conditional,
            from_argument: argument,
            used: false,
            stage: at.step.stage,
            instruction: at.step.instruction,
            span: at.span,
            word: at.word,
            tool: Some(flavour),
        });
    }

    /// The primary group of a user that is made, and its name as the command gives it.
    fn primary_group(
        &self,
        at: &At<'_, '_, 'a>,
        flavour: Flavour,
        arguments: &Arguments<'_>,
        uid: Id,
        argument: &mut Option<String>,
    ) -> (Id, Option<String>) {
        let given = match flavour {
            Flavour::Shadow => arguments.value("gid"),
            Flavour::Debian => arguments.value("gid").or(arguments.value("ingroup")),
            Flavour::Busybox | Flavour::Unknown => arguments.value("ingroup"),
        };
        let asked = ["gid", "ingroup"].iter().any(|name| arguments.has(name));
        let Some(given) = given else {
            let own = match (flavour, uid) {
                _ if asked => Id::Unknown,
                (Flavour::Unknown, _) => Id::Unknown,
                // GROUP of /etc/default/useradd decides (useradd(8), -N).
                (Flavour::Shadow, _) if arguments.has("no-user-group") => Id::Unknown,
                // nogroup, whose id is the distribution's choice (adduser(8); BusyBox, `adduser -S`).
                (Flavour::Debian, _) if arguments.has("system") && !arguments.has("group") => {
                    self.base_group("nogroup")
                }
                (Flavour::Busybox, _) if arguments.has("system") => self.base_group("nogroup"),
                (_, Id::Known(uid)) => {
                    own_group(flavour, arguments.has("system"), uid).map_or(Id::Unknown, Id::Known)
                }
                (_, other) => other,
            };
            return (own, None);
        };
        let Some(group) = at.value(given) else { return (Id::Unknown, None) };
        *argument = argument.take().or_else(|| group.arguments.first().cloned());
        let group = group.text;
        // Numbers are ids, except where a group has one for a name.
        if let (Ok(gid), None) = (group.parse(), self.found.group(&group)) {
            return (Id::Known(gid), Some(group));
        }
        let gid = match self.found.group(&group) {
            Some(known) => {
                *argument = argument.take().or_else(|| known.from_argument.clone());
                match known.gid {
                    Id::Known(gid) if !known.conditional => Id::Known(gid),
                    _ => Id::Unknown,
                }
            }
            None => self.base_group(&group),
        };
        (gid, Some(group))
    }

    pub(super) fn add_group(&mut self, at: &At<'_, '_, 'a>, arguments: &Arguments<'_>, system: bool) {
        let Some(name) = arguments.operands.first().and_then(|&name| at.value(name)) else {
            self.gap(at.span, "a command that makes a group whose name cannot be told".to_owned());
            return;
        };
        let mut argument = name.arguments.first().cloned();
        let gid = at.id(arguments, "gid", &mut argument);
        let shadow = at.word.is_some_and(|word| self.ctx.file().slice(word).ends_with("groupadd"));
        self.push_group(Group {
            name: name.text,
            gid,
            system,
            conditional: at.conditional || arguments.has("force"),
            from_argument: argument,
            instruction: at.step.instruction,
            span: at.span,
            word: at.word,
            option: Some(if shadow || self.here == Flavour::Debian { "--gid" } else { "-g" }),
        });
    }
}

/// The id of the group that is made along with a user: the user's own, in the range the tool gives groups
/// (login.defs(5), `GID_MAX` and `SYS_GID_MAX`; `USERGROUPS_ENAB` is on in every distribution's images).
pub(super) fn own_group(flavour: Flavour, system: bool, uid: u32) -> Option<u32> {
    let limit = match (flavour, system) {
        (Flavour::Shadow, true) => 999,
        (Flavour::Shadow, false) => 60_000,
        (Flavour::Debian | Flavour::Busybox, _) => u32::MAX,
        (Flavour::Unknown, _) => return None,
    };
    (uid > 0 && uid <= limit).then_some(uid)
}

/// The home directory, and whether it is made.
fn home(
    at: &At<'_, '_, '_>,
    flavour: Flavour,
    arguments: &Arguments<'_>,
    name: &str,
    system: bool,
    argument: &mut Option<String>,
) -> (Option<String>, Option<bool>) {
    let option = if flavour == Flavour::Shadow { "home-dir" } else { "home" };
    let given = arguments.value(option).map(|home| at.value(home));
    if let Some(Some(home)) = &given {
        *argument = argument.take().or_else(|| home.arguments.first().cloned());
    }
    let usual = (!arguments.has("base-dir")).then(|| format!("/home/{name}"));
    let not_made = arguments.has("no-create-home");
    match flavour {
        Flavour::Shadow => {
            let home = given.map_or(usual, |home| home.map(|home| home.text));
            // Without either option CREATE_HOME of login.defs decides: RHEL's is yes, Debian's no.
            let made = match (arguments.has("create-home"), not_made || system) {
                (true, _) => Some(true),
                (false, true) => Some(false),
                (false, false) => None,
            };
            (home, made)
        }
        Flavour::Debian | Flavour::Unknown if system && given.is_none() => (None, None),
        Flavour::Debian | Flavour::Busybox => {
            (given.map_or(usual, |home| home.map(|home| home.text)), Some(!not_made))
        }
        Flavour::Unknown => {
            (given.map_or(usual, |home| home.map(|home| home.text)), not_made.then_some(false))
        }
    }
}
