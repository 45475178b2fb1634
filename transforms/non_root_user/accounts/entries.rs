//! Lines of `/etc/passwd` and `/etc/group` (passwd(5), group(5)) in a Dockerfile, and the files they are written to.

use harden_core::shell::Word;
use harden_core::syntax::Span;

use crate::non_root_user::runs::{Ran, Step};

/// Lines that were understood.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Entries {
    pub(super) users: Vec<UserLine>,
    pub(super) groups: Vec<GroupLine>,
}

/// A line of passwd.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct UserLine {
    pub(super) name: String,
    pub(super) uid: Option<u32>,
    pub(super) gid: Option<u32>,
    pub(super) home: String,
    /// A build argument it was made with.
    pub(super) argument: Option<String>,
}

/// A line of group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct GroupLine {
    pub(super) name: String,
    pub(super) gid: Option<u32>,
    pub(super) argument: Option<String>,
}

/// What a RUN writes to a file.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) path: String,
    pub(super) append: bool,
    pub(super) entries: Entries,
    /// The content is not known.
    pub(super) unclear: bool,
    pub(super) conditional: bool,
    pub(super) span: Span,
}

/// Longest text that is looked through.
const MAX_TEXT: usize = 1 << 20;

impl Entries {
    /// The lines of `text`.
    pub(super) fn read(text: &str, argument: Option<&String>) -> Self {
        let mut found = Self::default();
        for line in text.get(..MAX_TEXT).unwrap_or(text).lines() {
            let fields: Vec<&str> = line.trim().splitn(9, ':').collect();
            match fields.as_slice() {
                [name, _, uid, gid, _, home, _shell] if is_name(name) => found.users.push(UserLine {
                    name: (*name).to_owned(),
                    uid: uid.parse().ok(),
                    gid: gid.parse().ok(),
                    home: (*home).to_owned(),
                    argument: argument.cloned(),
                }),
                [name, _, gid, _members] if is_name(name) => found.groups.push(GroupLine {
                    name: (*name).to_owned(),
                    gid: gid.parse().ok(),
                    argument: argument.cloned(),
                }),
                _ => {}
            }
        }
        found
    }

    pub(super) fn extend(&mut self, other: Self) {
        self.users.extend(other.users);
        self.groups.extend(other.groups);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.users.is_empty() && self.groups.is_empty()
    }
}

/// Whether shadow and `BusyBox` take it for a login name; capitals and dots are in use too.
pub(super) fn is_name(name: &str) -> bool {
    let rest = name.trim_end_matches('$');
    let first = rest.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    first && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
}

/// The files a RUN writes whose content it gives itself: by `echo`, `printf` or a heredoc; and those among passwd and
/// group that it changes by other means.
pub(super) fn written(step: &Step<'_, '_>) -> Vec<Written> {
    let mut found = Vec::new();
    let mut piped: Option<(Entries, bool)> = None;
    for one in step.commands {
        let said = said(step, one);
        let mut targets: Vec<(String, bool)> = Vec::new();
        for (operator, word) in &one.command.redirects {
            let operator = operator.trim_start_matches('1');
            if matches!(operator, ">" | ">>" | ">|" | "&>" | "&>>") {
                targets.extend(target(step, one, word).map(|path| (path, operator.ends_with(">>"))));
            }
        }
        let content = match (one.command.name(), said) {
            (Some("tee"), _) => {
                let append =
                    one.command.words.iter().any(|word| word.text == "-a" || word.text == "--append");
                let files = one.command.words.iter().skip(1).filter(|word| !word.text.starts_with('-'));
                targets.extend(files.filter_map(|word| Some((target(step, one, word)?, append))));
                piped.take()
            }
            (_, said) => said,
        };
        for (path, append) in targets {
            let (entries, unclear) = content.clone().unwrap_or((Entries::default(), true));
            let conditional = super::conditions::conditional(step, one);
            found.push(Written { path, append, entries, unclear, conditional, span: one.span });
        }
        found.extend(rewritten(step, one));
        piped = content.filter(|_| one.command.place.piped);
    }
    found
}

fn target(step: &Step<'_, '_>, one: &Ran, word: &Word) -> Option<String> {
    one.absolute(&step.value(word)?.text)
}

/// passwd or group changed by `sed -i`, `cp` and the like.
fn rewritten(step: &Step<'_, '_>, one: &Ran) -> Option<Written> {
    let words = one.command.words.get(1..).unwrap_or_default();
    let in_place = match one.command.name()? {
        "sed" | "perl" => words.iter().any(|word| {
            word.text.starts_with("--in-place")
                || (word.text.starts_with('-') && !word.text.starts_with("--") && word.text.contains('i'))
        }),
        "cp" | "mv" | "install" | "ln" => {
            let last = words.last()?;
            let path = target(step, one, last)?;
            return (path == "/etc/passwd" || path == "/etc/group").then(|| unclear(one, path));
        }
        _ => false,
    };
    let path = words
        .iter()
        .map(|word| word.text.as_str())
        .find(|path| matches!(*path, "/etc/passwd" | "/etc/group"))?;
    in_place.then(|| unclear(one, path.to_owned()))
}

fn unclear(one: &Ran, path: String) -> Written {
    let span = one.span;
    Written { path, append: true, entries: Entries::default(), unclear: true, conditional: true, span }
}

/// What a command prints, as lines of passwd and group, and whether there may be more.
fn said(step: &Step<'_, '_>, one: &Ran) -> Option<(Entries, bool)> {
    let words = one.command.words.get(1..).unwrap_or_default();
    let text = match one.command.name()? {
        "echo" => {
            let shown =
                words.iter().skip_while(|word| matches!(word.text.as_str(), "-e" | "-n" | "-ne" | "-en"));
            join(step, shown)?
        }
        "printf" => {
            let (text, argument) = join(step, words.iter().skip_while(|word| word.text == "--"))?;
            if text.replace("%%", "").contains('%') {
                // `printf '%s\n' 'app:x:…' '…'`
                let (format, rest) = words.split_first()?;
                if !matches!(format.text.as_str(), "%s\\n" | "%s" | "%b\\n") {
                    return None;
                }
                let mut lines = Entries::default();
                for word in rest {
                    let (text, argument) = join(step, std::iter::once(word))?;
                    lines.extend(Entries::read(&text, argument.as_ref()));
                }
                return Some((lines, false));
            }
            (text, argument)
        }
        "cat" if words.is_empty() => {
            let file = step.instruction.file();
            let mut entries = Entries::default();
            for heredoc in step.instruction.heredocs() {
                let body = file.slice(heredoc.body());
                entries.extend(Entries::read(body, None));
            }
            return (!entries.is_empty()).then_some((entries, false));
        }
        _ => return None,
    };
    let (text, argument) = text;
    let entries = Entries::read(&text.replace("\\n", "\n").replace("\\t", "\t"), argument.as_ref());
    Some((entries, false))
}

fn join<'w>(step: &Step<'_, '_>, words: impl Iterator<Item = &'w Word>) -> Option<(String, Option<String>)> {
    let mut text = String::new();
    let mut argument = None;
    for word in words {
        // A backslash in front of an `n` is printf's and echo's business.
        let plain = word.text.replace("\\n", "\n");
        let mut lines = Vec::new();
        for line in plain.split('\n') {
            let value = step.expand(line, word.literal)?;
            argument = argument.or_else(|| value.arguments.first().cloned());
            lines.push(value.text);
        }
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(&lines.join("\n"));
    }
    Some((text, argument))
}

/// The users a Windows step makes: `net user NAME [password] /add`, `New-LocalUser [-Name] NAME`.
pub(super) fn windows_users(text: &str) -> Vec<String> {
    let words: Vec<&str> = text
        .split(|ch: char| ch.is_whitespace() || matches!(ch, ';' | '&' | '|' | '"' | '\'' | '(' | ')'))
        .filter(|word| !word.is_empty())
        .collect();
    let is = |at: usize, text: &str| words.get(at).is_some_and(|word| word.eq_ignore_ascii_case(text));
    let mut users = Vec::new();
    for at in 0..words.len() {
        let name = if is(at, "net") && is(at + 1, "user") {
            let added = words.iter().skip(at + 2).take(8).any(|word| word.eq_ignore_ascii_case("/add"));
            words.get(at + 2).filter(|name| added && !name.starts_with('/'))
        } else if is(at, "New-LocalUser") {
            words.get(if is(at + 1, "-Name") { at + 2 } else { at + 1 }).filter(|name| !name.starts_with('-'))
        } else {
            None
        };
        users.extend(name.filter(|name| is_name(name)).map(|name| (*name).to_owned()));
    }
    users
}
