//! Users and groups that the stages of a chain make.
//!
//! What cannot be seen is a [`Gap`]: [`Accounts::complete`] is false then, and a name that is not listed may exist all
//! the same.

#![allow(dead_code, reason = "what is said of users is complete, whoever asks")]

mod change;
mod conditions;
mod copied;
mod create;
mod entries;
mod options;
mod packages;
mod reader;
mod scripts;
#[cfg(test)]
mod tests;
mod tools;
mod used;

use harden_core::syntax::{Instruction, Reference, Span};
use harden_core::{Context, Scopes};

pub(crate) use tools::Flavour;

/// Users and groups a chain of stages makes, besides those of its base image.
#[derive(Clone, Debug)]
pub(crate) struct Accounts<'a> {
    users: Vec<Account<'a>>,
    groups: Vec<Group<'a>>,
    gaps: Vec<Gap>,
    rest: Rest,
}

/// A user id or group id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Id {
    /// This one. Where a build argument decides, the one its default gives.
    Known(u32),
    /// The tool that makes the user or group takes a free one.
    Default,
    /// It cannot be told.
    Unknown,
}

/// A user the file makes.
#[derive(Clone, Debug)]
pub(crate) struct Account<'a> {
    pub(crate) name: String,
    pub(crate) uid: Id,
    /// The primary group. [`Id::Default`] is a group of its own that is made with it: its id is the user's where that
    /// is free and in range, see [`gid_for`](Self::gid_for). A group that the file makes without a fixed id gives
    /// [`Id::Unknown`]; it is in [`group`](Self::group).
    pub(crate) gid: Id,
    /// The primary group as the command names it.
    pub(crate) group: Option<String>,
    /// The home directory; `None` when it cannot be told.
    pub(crate) home: Option<String>,
    /// Whether the home directory is made along with the user.
    pub(crate) home_made: Option<bool>,
    /// Made as a system user.
    pub(crate) system: bool,
    /// It may not exist, or with other properties: its command is skipped or fails under some condition.
    pub(crate) conditional: bool,
    /// A build argument that its name, an id or the home depends on.
    pub(crate) from_argument: Option<String>,
    /// The file gives it files or runs something as it: USER, `--chown`, chown, `su`, `gosu` and the like.
    pub(crate) used: bool,
    /// The stage it is made in.
    pub(crate) stage: usize,
    /// RUN, COPY or ADD.
    pub(crate) instruction: Instruction<'a>,
    /// The command, or the instruction.
    pub(crate) span: Span,
    /// The command word (`useradd`), if it stands in the Dockerfile as it is.
    pub(crate) word: Option<Span>,
    /// What made it; `None` for a line of `/etc/passwd`.
    pub(crate) tool: Option<Flavour>,
}

/// A group the file makes.
#[derive(Clone, Debug)]
pub(crate) struct Group<'a> {
    pub(crate) name: String,
    pub(crate) gid: Id,
    /// Made as a system group.
    pub(crate) system: bool,
    /// See [`Account::conditional`].
    pub(crate) conditional: bool,
    /// See [`Account::from_argument`].
    pub(crate) from_argument: Option<String>,
    /// RUN, COPY or ADD.
    pub(crate) instruction: Instruction<'a>,
    /// The command, or the instruction.
    pub(crate) span: Span,
    /// The command word (`groupadd`), if it stands in the Dockerfile as it is.
    pub(crate) word: Option<Span>,
    /// How the command takes an id.
    option: Option<&'static str>,
}

/// A step that may have made users or groups nobody can see from here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Gap {
    /// Where.
    pub(crate) span: Span,
    /// What it is: `the script ./setup.sh`, `the package postgresql (postgres)`.
    pub(crate) what: String,
    /// The users it is known to make, when they are known.
    pub(crate) users: &'static [&'static str],
}

/// Where the users come from that are not listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Rest {
    /// The base image of the chain.
    Base,
    /// The base image of this stage's chain: the chain copied that stage's `/etc/passwd`.
    Stage(usize),
    /// This image: `COPY --from=image /etc/passwd`.
    Image(Reference),
    /// There are none: the file gives `/etc/passwd` as a whole.
    Nowhere,
    /// It cannot be told.
    Unknown,
}

impl<'a> Accounts<'a> {
    /// Reads the stages of `chain`, the first one first. Asks for the files of the base image.
    pub(crate) fn read(ctx: &Context<'a>, scopes: &Scopes<'_, 'a>, chain: &[usize]) -> Self {
        reader::read(ctx, scopes, chain, 0)
    }

    /// The users, in the order they are made.
    pub(crate) fn users(&self) -> impl Iterator<Item = &Account<'a>> {
        self.users.iter()
    }

    /// The user with this name.
    pub(crate) fn user(&self, name: &str) -> Option<&Account<'a>> {
        self.users.iter().find(|user| user.name == name)
    }

    /// The group with this name.
    pub(crate) fn group(&self, name: &str) -> Option<&Group<'a>> {
        self.groups.iter().find(|group| group.name == name)
    }

    /// The id of the user with this name, where it is fixed.
    pub(crate) fn uid_of(&self, user: &str) -> Option<u32> {
        match self.user(user)?.uid {
            Id::Known(uid) => Some(uid),
            Id::Default | Id::Unknown => None,
        }
    }

    /// The id of the group with this name, where it is fixed. A user may bring a group of its name.
    pub(crate) fn gid_of(&self, group: &str) -> Option<u32> {
        let gid = match self.group(group) {
            Some(group) => group.gid,
            None => self.user(group).filter(|user| user.group.is_none())?.gid,
        };
        match gid {
            Id::Known(gid) => Some(gid),
            Id::Default | Id::Unknown => None,
        }
    }

    /// Whether a user or group has this name, or a package is known to make one.
    pub(crate) fn is_taken(&self, name: &str) -> bool {
        self.user(name).is_some()
            || self.group(name).is_some()
            || self.gaps.iter().any(|gap| gap.users.contains(&name))
    }

    /// Whether a user or group has this id.
    pub(crate) fn is_id_taken(&self, id: u32) -> bool {
        let id = Id::Known(id);
        self.users.iter().any(|user| user.uid == id || user.gid == id)
            || self.groups.iter().any(|group| group.gid == id)
    }

    /// Whether every user and group the chain makes is listed.
    pub(crate) fn complete(&self) -> bool {
        self.gaps.is_empty()
    }

    /// The steps that may have made more.
    pub(crate) fn gaps(&self) -> &[Gap] {
        &self.gaps
    }

    /// Where all others come from.
    pub(crate) fn rest(&self) -> &Rest {
        &self.rest
    }
}

impl Account<'_> {
    /// Where and how its command takes a user id: behind the command word.
    pub(crate) fn id_option(&self) -> Option<(u32, &'static str)> {
        let option = match self.tool? {
            Flavour::Shadow | Flavour::Debian => "--uid",
            // All three read this one.
            Flavour::Busybox | Flavour::Unknown => "-u",
        };
        (self.uid == Id::Default).then_some((self.word?.end, option))
    }

    /// The id of the primary group if the user gets the id `uid`: a group of its own has the same one, but of shadow's
    /// only up to `SYS_GID_MAX` and `GID_MAX` (login.defs(5): 999 for system groups, else 60000).
    pub(crate) fn gid_for(&self, uid: u32) -> Option<u32> {
        match self.gid {
            Id::Known(gid) => Some(gid),
            Id::Default => create::own_group(self.tool?, self.system, uid),
            Id::Unknown => None,
        }
    }
}

impl Group<'_> {
    /// Where and how its command takes a group id: behind the command word.
    pub(crate) fn id_option(&self) -> Option<(u32, &'static str)> {
        (self.gid == Id::Default).then_some(())?;
        Some((self.word?.end, self.option?))
    }
}
