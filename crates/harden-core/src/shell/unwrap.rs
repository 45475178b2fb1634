//! Commands that run another command.

use super::options::Argument;
use super::{Command, CommandPlace, Script, Word, read};

/// Most commands in one another that are followed, as in `exec env sudo sh -c …`.
const MAX_STEPS: usize = 32;

/// Most bytes of inner commands and scripts that are read for one command.
const MAX_TEXT: usize = 1 << 20;

/// How a program takes the command it runs.
struct Wrapper {
    name: &'static str,
    /// Short options with a value.
    shorts: &'static str,
    /// Long options with a value.
    longs: &'static [&'static str],
    /// Operands before the command.
    operands: usize,
    /// `NAME=value` may stand before the command.
    assigns: bool,
    /// Options with which no command is run, or one that cannot be told.
    other: &'static [&'static str],
}

const fn wrapper(name: &'static str, shorts: &'static str, longs: &'static [&'static str]) -> Wrapper {
    Wrapper { name, shorts, longs, operands: 0, assigns: false, other: &[] }
}

/// From the manual pages of each: coreutils, util-linux, sudo, opendoas, gosu, su-exec, tini, dumb-init, catatonit,
/// daemontools, runit, s6, Xvfb, bash.
const WRAPPERS: &[Wrapper] = &[
    wrapper("exec", "a", &[]),
    Wrapper { other: &["v", "V"], ..wrapper("command", "", &[]) },
    wrapper("builtin", "", &[]),
    wrapper("nohup", "", &[]),
    wrapper("time", "fo", &["format", "output"]),
    wrapper("setsid", "", &[]),
    wrapper("nice", "n", &["adjustment"]),
    Wrapper { other: &["p", "pid"], ..wrapper("ionice", "cnPu", &["class", "classdata", "pgid", "uid"]) },
    wrapper("stdbuf", "ioe", &["input", "output", "error"]),
    Wrapper { operands: 1, ..wrapper("timeout", "ks", &["kill-after", "signal"]) },
    Wrapper { assigns: true, other: &["S", "split-string"], ..wrapper("env", "uC", &["unset", "chdir"]) },
    Wrapper {
        assigns: true,
        other: &["l", "list", "v", "validate", "e", "edit", "K", "remove-timestamp"],
        ..wrapper(
            "sudo",
            "CDghpRrTtUu",
            &[
                "close-from",
                "chdir",
                "group",
                "host",
                "prompt",
                "chroot",
                "role",
                "command-timeout",
                "type",
                "other-user",
                "user",
            ],
        )
    },
    Wrapper { other: &["L"], ..wrapper("doas", "aCu", &[]) },
    Wrapper { operands: 1, ..wrapper("gosu", "", &[]) },
    Wrapper { operands: 1, ..wrapper("su-exec", "", &[]) },
    Wrapper { operands: 1, ..wrapper("setuidgid", "", &[]) },
    Wrapper { operands: 1, ..wrapper("s6-setuidgid", "", &[]) },
    wrapper("s6-applyuidgid", "ugG", &[]),
    wrapper("chpst", "uUbe/nlLmdopfcrt", &[]),
    Wrapper {
        other: &["d", "dump"],
        ..wrapper(
            "setpriv",
            "",
            &[
                "ambient-caps",
                "apparmor-profile",
                "bounding-set",
                "egid",
                "euid",
                "groups",
                "inh-caps",
                "pdeathsig",
                "ptracer",
                "regid",
                "reuid",
                "rgid",
                "ruid",
                "securebits",
                "selinux-label",
            ],
        )
    },
    Wrapper { operands: 1, ..wrapper("chroot", "", &["groups", "userspec"]) },
    wrapper("tini", "ep", &[]),
    wrapper("tini-static", "ep", &[]),
    wrapper("docker-init", "ep", &[]),
    wrapper("dumb-init", "r", &["rewrite"]),
    wrapper("catatonit", "", &[]),
    wrapper(
        "xvfb-run",
        "efnpsw",
        &["error-file", "auth-file", "server-num", "xauth-protocol", "server-args", "wait"],
    ),
    wrapper("busybox", "", &[]),
];

/// Shells whose `-c` this module reads.
pub(super) const SHELLS: [&str; 8] = ["sh", "bash", "dash", "ash", "zsh", "ksh", "mksh", "rbash"];

/// Their options with a value.
pub(super) const SHELL_SHORTS: &str = "oO";
pub(super) const SHELL_LONGS: &[&str] = &["rcfile", "init-file"];

impl Command {
    /// The command and those it runs, the outer one first: through `exec`, `env`, `sudo`, `gosu`, `tini` and the like
    /// (as far as their options are understood), `eval`, and the script of `sh -c`, `su -c` and `runuser -c`.
    ///
    /// [`Script::complete`] is false when a command is run that cannot be told: it stands in a variable, or behind an
    /// option whose meaning is not known. Each inner command has the place of the outer one besides its own; ranges in a
    /// `-c` script are those of the word that holds it. Commands named to `xargs` and `find` are not looked for.
    pub fn unwrapped(&self) -> Script {
        let mut script = self.inside();
        script.commands.insert(0, self.clone());
        script
    }

    /// As [`unwrapped`](Self::unwrapped), without the command itself: for most commands nothing, and nothing is copied.
    pub fn inside(&self) -> Script {
        let mut room = MAX_TEXT;
        let mut look = |command: &Command| {
            let size: usize = command.words.iter().map(|word| 1 + word.text.len()).sum();
            match room.checked_sub(size) {
                Some(left) => {
                    room = left;
                    inner(command)
                }
                None => unknown(),
            }
        };
        let mut script = look(self);
        // Those from here on have not been looked at. Each round goes one deeper for all of them.
        let mut next = 0;
        for _ in 1..MAX_STEPS {
            let end = script.commands.len();
            for index in next..end {
                let inner = look(&script.commands[index]);
                script.complete &= inner.complete;
                script.commands.extend(inner.commands);
            }
            next = end;
        }
        script.complete &= next == script.commands.len();
        script
    }
}

/// The commands one command runs.
fn inner(command: &Command) -> Script {
    let Some(name) = command.name() else {
        return Script { commands: Vec::new(), complete: command.words.is_empty() };
    };
    if SHELLS.contains(&name) {
        return shell(command);
    }
    match name {
        "eval" => eval(command),
        "su" | "runuser" => su(command, name),
        _ => match WRAPPERS.iter().find(|wrapper| wrapper.name == name) {
            Some(wrapper) => wrapped(command, wrapper),
            None => Script { commands: Vec::new(), complete: true },
        },
    }
}

fn unknown() -> Script {
    Script { commands: Vec::new(), complete: false }
}

/// The command behind a wrapper's options and operands.
fn wrapped(command: &Command, wrapper: &Wrapper) -> Script {
    let mut operands = wrapper.operands;
    let mut assignments = command.assignments.clone();
    for argument in command.arguments(1, wrapper.shorts, wrapper.longs, true) {
        let index = match argument {
            Argument::Short(short, _) if wrapper.other.iter().any(|other| other.chars().eq([short])) => {
                return unknown();
            }
            Argument::Long(name, _) if wrapper.other.contains(&name) => return unknown(),
            Argument::Short(..) | Argument::Long(..) => continue,
            Argument::Operand(index) => index,
        };
        let word = &command.words[index];
        // `env -` is `env -i`.
        if wrapper.name == "env" && word.text == "-" {
            continue;
        }
        if wrapper.assigns
            && let Some((name, value)) = assignment(word)
        {
            assignments.push((name, value));
        } else if operands > 0 {
            operands -= 1;
        } else {
            return one(command, index, assignments);
        }
    }
    Script { commands: Vec::new(), complete: true }
}

/// The command that begins with word `index` of `outer`.
fn one(outer: &Command, index: usize, assignments: Vec<(String, Word)>) -> Script {
    let words = outer.words[index..].to_vec();
    let Some(first) = words.first() else { return unknown() };
    let span = first.span.start..outer.span.end.max(first.span.end);
    let command = Command { words, assignments, redirects: Vec::new(), span, place: outer.place.clone() };
    Script { commands: vec![command], complete: true }
}

/// `NAME=value` as an argument.
fn assignment(word: &Word) -> Option<(String, Word)> {
    let (name, _) = word.text.split_once('=')?;
    let valid = !name.is_empty() && !name.starts_with(|first: char| first.is_ascii_digit());
    let valid = valid && name.bytes().all(|byte| byte == b'_' || byte.is_ascii_alphanumeric());
    valid.then(|| (name.to_owned(), word.tail(name.len() + 1)))
}

/// `sh -c script`. Without `-c` a shell reads a file or its standard input, which is not here.
fn shell(command: &Command) -> Script {
    if let Some(index) = script_word(command) {
        return text(command, &command.words[index], true);
    }
    let file =
        command.arguments(1, SHELL_SHORTS, SHELL_LONGS, true).into_iter().find_map(
            |argument| match argument {
                Argument::Operand(index) => Some(&command.words[index]),
                _ => None,
            },
        );
    // `sh $options`
    Script { commands: Vec::new(), complete: file.is_none_or(|word| word.literal) }
}

/// The place in [`Command::words`] of the script of `sh -c`, for a shell this module reads.
pub(super) fn script_word(command: &Command) -> Option<usize> {
    command.name().filter(|name| SHELLS.contains(name))?;
    let mut given = false;
    for argument in command.arguments(1, SHELL_SHORTS, SHELL_LONGS, true) {
        match argument {
            Argument::Short('c', _) => given = true,
            Argument::Short(..) | Argument::Long(..) => {}
            Argument::Operand(index) => return given.then_some(index),
        }
    }
    None
}

/// `su [options] [-] [user] -c script`, and `runuser -u user [--] command`.
fn su(command: &Command, name: &str) -> Script {
    let longs =
        ["command", "session-command", "shell", "group", "supp-group", "user", "whitelist-environment"];
    let shorts = if name == "su" { "csgGTw" } else { "csgGuTw" };
    let arguments = command.arguments(1, shorts, &longs, false);
    let mut user = false;
    for argument in &arguments {
        match argument {
            Argument::Short('c', Some(script))
            | Argument::Long("command" | "session-command", Some(script)) => {
                return text(command, script, true);
            }
            Argument::Short('u', _) | Argument::Long("user", _) if name == "runuser" => user = true,
            _ => {}
        }
    }
    if user {
        for argument in command.arguments(1, shorts, &longs, true) {
            if let Argument::Operand(index) = argument {
                return one(command, index, Vec::new());
            }
        }
    }
    Script { commands: Vec::new(), complete: true }
}

fn eval(command: &Command) -> Script {
    let words = command.words.get(1..).unwrap_or_default();
    let joined: Vec<_> = words.iter().map(|word| word.text.as_str()).collect();
    let (Some(first), Some(last)) = (words.first(), words.last()) else {
        return Script { commands: Vec::new(), complete: true };
    };
    let literal = words.iter().all(|word| word.literal);
    let span = first.span.start..last.span.end;
    text(command, &Word { text: joined.join(" "), literal, span }, false)
}

/// The commands of a script that is one word of `outer`; `subshell` when another shell reads it.
fn text(outer: &Command, word: &Word, subshell: bool) -> Script {
    let mut script = read(&word.text);
    // An expansion may put anything into the script.
    script.complete &= word.literal;
    for command in &mut script.commands {
        let words = command.words.iter_mut();
        let assigned = command.assignments.iter_mut().map(|(_, word)| word);
        let targets = command.redirects.iter_mut().map(|(_, word)| word);
        for inner in words.chain(assigned).chain(targets) {
            inner.span = word.span.clone();
        }
        command.span = word.span.clone();
        command.place.nest(&outer.place);
        command.place.subshell |= subshell;
    }
    script
}

impl CommandPlace {
    /// The place of what a command at `outer` runs.
    pub(super) fn nest(&mut self, outer: &CommandPlace) {
        self.conditional |= outer.conditional;
        self.fallback |= outer.fallback;
        self.piped |= outer.piped;
        self.background |= outer.background;
        self.subshell |= outer.subshell;
        if self.function.is_none() {
            self.function.clone_from(&outer.function);
        }
    }
}
