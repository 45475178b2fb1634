//! Users and groups that are changed.

use harden_core::Expanded;

use super::options::Arguments;
use super::reader::{At, Reader};
use super::{Account, Group, Id};

impl<'a> Reader<'_, 'a> {
    pub(super) fn modify_user(&mut self, at: &At<'_, '_, 'a>, arguments: &Arguments<'_>) {
        let mut argument = None;
        let new_uid = arguments.has("uid").then(|| at.id(arguments, "uid", &mut argument));
        let group = arguments.value("gid").map(|group| at.value(group));
        let home = arguments.value("home").map(|home| at.value(home));
        let login = arguments.value("login").map(|login| at.value(login));
        if new_uid.is_none() && group.is_none() && home.is_none() && login.is_none() {
            return;
        }
        let Some(name) = arguments.operands.first().and_then(|&name| at.value(name)) else {
            self.gap(at.span, "a command that changes a user whose name cannot be told".to_owned());
            return;
        };
        let gid = group.map(|group| match group {
            Some(group) => match group.text.parse() {
                Ok(gid) => Id::Known(gid),
                Err(_) => {
                    self.found.gid_of(&group.text).map_or_else(|| self.base_group(&group.text), Id::Known)
                }
            },
            None => Id::Unknown,
        });
        let position = self.found.users.iter().position(|user| user.name == name.text);
        let Some(user) = position.and_then(|at| self.found.users.get_mut(at)) else {
            // A user of the base image changes: what is known of that one is no longer true.
            self.adopt(at, &name, new_uid, gid, login.flatten().as_ref(), home.flatten().as_ref());
            return;
        };
        user.conditional |= at.conditional;
        user.from_argument = user.from_argument.take().or(argument);
        if let Some(uid) = new_uid {
            user.uid = uid;
            user.word = None;
            // Changing the uid does not change the group.
            if user.gid == Id::Default {
                user.gid = Id::Unknown;
            }
        }
        if let Some(gid) = gid {
            user.gid = gid;
        }
        if let Some(home) = home {
            user.home = home.map(|home| home.text);
            user.home_made = None;
        }
        match login {
            Some(Some(login)) => user.name = login.text,
            Some(None) => user.conditional = true,
            None => {}
        }
    }

    /// A user of the base image that the file changes.
    fn adopt(
        &mut self,
        at: &At<'_, '_, 'a>,
        name: &Expanded,
        uid: Option<Id>,
        gid: Option<Id>,
        login: Option<&Expanded>,
        home: Option<&Expanded>,
    ) {
        let files = self.files.as_deref().and_then(|files| files.user(&name.text));
        let table = self.entry.and_then(|entry| entry.account(&name.text));
        let before = files
            .map(|user| (user.uid, Some(user.gid), Some(user.home.clone())))
            .or(table.map(|account| (account.uid, account.gid, account.home.map(str::to_owned))));
        let known = |id: Option<u32>| id.map_or(Id::Unknown, Id::Known);
        let argument = [Some(name), login].into_iter().flatten().find_map(|one| one.arguments.first());
        self.push_user(Account {
            name: login.unwrap_or(name).text.clone(),
            uid: uid.unwrap_or_else(|| known(before.as_ref().map(|before| before.0))),
            gid: gid.unwrap_or_else(|| known(before.as_ref().and_then(|before| before.1))),
            group: None,
            home: home.map(|home| home.text.clone()).or_else(|| before.and_then(|before| before.2)),
            home_made: None,
            system: false,
            conditional: at.conditional,
            from_argument: argument.cloned(),
            used: false,
            stage: at.step.stage,
            instruction: at.step.instruction,
            span: at.span,
            word: None,
            tool: None,
        });
    }

    pub(super) fn modify_group(&mut self, at: &At<'_, '_, 'a>, arguments: &Arguments<'_>) {
        let Some(name) = arguments.operands.first().and_then(|&name| at.value(name)) else { return };
        let mut argument = None;
        let gid = arguments.has("gid").then(|| at.id(arguments, "gid", &mut argument));
        let renamed = arguments.value("new-name").and_then(|name| at.value(name));
        let was = self.found.group(&name.text).map(|group| group.gid);
        for user in &mut self.found.users {
            // The number in passwd follows (groupmod(8)).
            let own =
                user.group.as_deref() == Some(&name.text) || (user.group.is_none() && user.name == name.text);
            if let (true, Some(gid)) =
                (own && (was.is_none() || was == Some(user.gid) || user.gid != Id::Known(0)), gid)
            {
                user.gid = gid;
                user.conditional |= at.conditional;
                user.from_argument = user.from_argument.take().or_else(|| argument.clone());
            }
        }
        if let Some(group) = self.found.groups.iter_mut().find(|group| group.name == name.text) {
            group.gid = gid.unwrap_or(group.gid);
            group.word = None;
            group.conditional |= at.conditional;
            if let Some(renamed) = renamed {
                group.name = renamed.text;
            }
        } else if gid.is_some() || renamed.is_some() {
            self.push_group(Group {
                name: renamed.unwrap_or(name).text,
                gid: gid.unwrap_or(Id::Unknown),
                system: false,
                conditional: at.conditional,
                from_argument: argument,
                instruction: at.step.instruction,
                span: at.span,
                word: None,
                option: None,
            });
        }
    }
}
