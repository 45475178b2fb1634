//! The lines that are written.

use harden_core::UserStyle;

/// How a user comes into being.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Create {
    /// shadow's `groupadd` and `useradd`.
    Shadow,
    /// `addgroup` and `adduser` of `BusyBox`.
    Busybox,
    /// Lines appended to `/etc/passwd` and `/etc/group` unless the name is there: for images whose tools nobody knows.
    Append,
}

/// Everything that is written for one stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lines {
    pub(crate) create: Option<Create>,
    pub(crate) name: String,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    /// Whether `/etc/passwd` will have the uid. Without, the group has to be given: it would be 0.
    pub(crate) listed: bool,
    /// Home of a user that is made.
    pub(crate) home: String,
    /// Directories the program writes to: whether they have to be made first.
    pub(crate) own: Vec<(String, bool)>,
    pub(crate) style: UserStyle,
    pub(crate) recursive: bool,
    /// A comment above USER that says who the number is.
    pub(crate) comment: Option<String>,
    pub(crate) escape: char,
}

impl Lines {
    /// What USER says.
    pub(crate) fn user(&self) -> String {
        if self.listed { self.uid.to_string() } else { format!("{}:{}", self.uid, self.gid) }
    }

    /// The lines above USER that make the user and give it its directories, as one RUN; empty when there is nothing
    /// to do.
    pub(crate) fn run(&self) -> Vec<String> {
        let mut commands = self.creation();
        let mut own = self.own.clone();
        // The tools make the home directory themselves.
        if self.create == Some(Create::Append) {
            own.push((self.home.clone(), true));
            own.sort();
        }
        commands.extend(ownership(&own, self.uid, self.gid, self.style, self.recursive));
        run(&commands, self.escape)
    }

    /// HOME, its comment and USER.
    pub(crate) fn switch(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if self.style == UserStyle::RootGroup && self.create.is_some() {
            // A user id that is not in /etc/passwd has HOME=/.
            lines.push(format!("ENV HOME={}", self.home));
        }
        lines.extend(self.comment.as_ref().map(|comment| format!("# {comment}")));
        lines.push(format!("USER {}", self.user()));
        lines
    }

    fn creation(&self) -> Vec<String> {
        let Self { name, uid, gid, home, .. } = self;
        let own_group = *gid != 0;
        match self.create {
            None => Vec::new(),
            Some(Create::Shadow) => {
                let mut commands = Vec::new();
                if own_group {
                    commands.push(format!("groupadd --gid {gid} {name}"));
                }
                commands.push(format!(
                    "useradd --no-log-init --uid {uid} --gid {gid} --create-home --home-dir {home} --shell \
                     /usr/sbin/nologin {name}"
                ));
                commands.extend(self.open_home());
                commands
            }
            Some(Create::Busybox) => {
                let mut commands = Vec::new();
                let group = if own_group { name.as_str() } else { "root" };
                if own_group {
                    commands.push(format!("addgroup -S -g {gid} {name}"));
                }
                commands.push(format!("adduser -S -D -u {uid} -G {group} -h {home} -s /sbin/nologin {name}"));
                commands.extend(self.open_home());
                commands
            }
            Some(Create::Append) => {
                let group = if own_group {
                    format!(" && echo '{name}:x:{gid}:' >> /etc/group")
                } else {
                    String::new()
                };
                // `||` and `&&` bind alike: what follows runs in either case.
                vec![format!(
                    "grep -q '^{name}:' /etc/passwd || {{ echo '{name}:x:{uid}:{gid}::{home}:/sbin/nologin' >> \
                     /etc/passwd{group}; }}"
                )]
            }
        }
    }

    /// Any member of group 0 may use the home directory that a tool made.
    fn open_home(&self) -> Option<String> {
        (self.style == UserStyle::RootGroup).then(|| format!("chmod g=u {}", self.home))
    }
}

/// The commands that give directories to the user.
pub(crate) fn ownership(
    own: &[(String, bool)],
    uid: u32,
    gid: u32,
    style: UserStyle,
    recursive: bool,
) -> Vec<String> {
    let mut commands = Vec::new();
    let list = |filter: &dyn Fn(&&(String, bool)) -> bool| {
        own.iter().filter(filter).map(|(path, _)| path.as_str()).collect::<Vec<_>>().join(" ")
    };
    let made = list(&|(_, make)| *make);
    if !made.is_empty() {
        commands.push(format!("mkdir -p {made}"));
    }
    // `-R` reaches what lies in another of them.
    let covered = |path: &str| {
        let holds = |(other, _): &(String, bool)| {
            path.strip_prefix(other.as_str()).is_some_and(|rest| rest.starts_with('/'))
        };
        recursive && own.iter().any(holds)
    };
    let all = list(&|(path, _)| !covered(path));
    if !all.is_empty() {
        let deep = if recursive { "-R " } else { "" };
        commands.push(format!("chown {deep}{uid}:{gid} {all}"));
        if style == UserStyle::RootGroup {
            commands.push(format!("chmod {deep}g=u {all}"));
        }
    }
    commands
}

/// One RUN of several commands, one a line.
pub(crate) fn run(commands: &[String], escape: char) -> Vec<String> {
    let last = commands.len().saturating_sub(1);
    let line = |(index, command): (usize, &String)| {
        let start = if index == 0 { "RUN " } else { " && " };
        let end = if index == last { String::new() } else { format!(" {escape}") };
        format!("{start}{command}{end}")
    };
    commands.iter().enumerate().map(line).collect()
}

/// Whether a path can stand in a shell command and a Dockerfile as it is.
pub(crate) fn is_plain(path: &str) -> bool {
    path.starts_with('/')
        && path.bytes().all(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'.' | b'_' | b'-' | b'+' | b'@')
        })
        && !path.split('/').any(|part| part == "..")
}
