//! The instructions of a chain of stages, with the commands that RUN executes.

use std::collections::BTreeSet;
use std::rc::Rc;

use harden_core::shell::{Command, Word};
use harden_core::syntax::{Instruction, Keyword, Span, variables};
use harden_core::{Expanded, Scopes, State, Value, image_path};

/// One instruction and what is in force before it.
pub(crate) struct Step<'s, 'a> {
    pub(crate) stage: usize,
    pub(crate) instruction: Instruction<'a>,
    pub(crate) scopes: &'s Scopes<'s, 'a>,
    pub(crate) state: &'s State,
    /// What RUN executes, in order; commands inside wrappers and `sh -c` follow the command that runs them. Empty for
    /// other instructions.
    pub(crate) commands: &'s [Ran],
    /// Whether everything the script of RUN says is among [`commands`](Self::commands).
    pub(crate) complete: bool,
    /// Variables the script itself gives a value.
    assigned: &'s BTreeSet<String>,
}

/// What a RUN executes.
#[derive(Default)]
struct Script {
    commands: Vec<Ran>,
    complete: bool,
    assigned: BTreeSet<String>,
}

/// A command that a RUN executes.
#[derive(Clone, Debug)]
pub(crate) struct Ran {
    pub(crate) command: Command,
    /// Where it stands in the Dockerfile.
    pub(crate) span: Span,
    /// It or what it runs has another user than root: `sudo -u app`, `su app -c`, `gosu app`.
    pub(crate) other: bool,
    /// The working directory, when it is known.
    folder: Option<Rc<str>>,
}

/// Most commands of one RUN that are looked at, with those inside wrappers.
const MAX_COMMANDS: usize = 4_000;

/// Longest path of a working directory (Linux, `PATH_MAX`).
const MAX_PATH: usize = 4_096;

/// Calls `visit` with every instruction of the chain. Those inside ONBUILD are not among them.
pub(crate) fn walk<'a>(scopes: &Scopes<'_, 'a>, chain: &[usize], mut visit: impl FnMut(&Step<'_, 'a>)) {
    for &stage in chain {
        scopes.walk(stage, |scopes, instruction, state| {
            let script = match instruction.keyword() {
                Keyword::Run => scopes.once(instruction, || read(stage, instruction, scopes, state)),
                _ => Rc::new(Script { complete: true, ..Script::default() }),
            };
            let Script { commands, complete, assigned } = &*script;
            visit(&Step { stage, instruction, scopes, state, commands, complete: *complete, assigned });
        });
    }
}

fn read(stage: usize, run: Instruction<'_>, scopes: &Scopes<'_, '_>, state: &State) -> Script {
    let read = scopes.commands(run, state);
    let (located, complete) = &*read;
    let mut assigned = BTreeSet::new();
    for one in located {
        note_assigned(&one.command, &mut assigned);
    }
    let mut script = Script {
        commands: Vec::with_capacity(located.len()),
        complete: *complete,
        assigned: BTreeSet::new(),
    };
    let step =
        Step { stage, instruction: run, scopes, state, commands: &[], complete: true, assigned: &assigned };
    let whole = run.span();
    let mut outer: Option<Rc<str>> = match &state.workdir {
        Value::Known(workdir) => Some(Rc::from(workdir.as_str())),
        Value::FromBase | Value::Unknown(_) => None,
    };
    // `cd` in a subshell does not last.
    let mut inner: Option<Option<Rc<str>>> = None;
    for one in located {
        if script.commands.len() >= MAX_COMMANDS {
            script.complete = false;
            break;
        }
        let mut folder = if one.command.place.subshell {
            inner.take().unwrap_or_else(|| outer.clone())
        } else {
            outer.clone()
        };
        let span = if whole.covers(one.span) { one.span } else { whole };
        let subshell = one.command.place.subshell;
        let mut other = false;
        let mut here = folder.clone();
        for (depth, command) in one.command.unwrapped().commands.into_iter().enumerate() {
            let after = step.folder_after(&command, here.as_ref());
            let switches = switches_user(&command);
            other |= switches;
            script.commands.push(Ran { command, span, other, folder: here });
            if depth == 0 {
                folder.clone_from(&after);
            }
            here = after;
        }
        if subshell {
            inner = Some(folder);
        } else {
            inner = None;
            outer = folder;
        }
    }
    script.assigned = assigned;
    script
}

impl Step<'_, '_> {
    fn folder_after(&self, command: &Command, folder: Option<&Rc<str>>) -> Option<Rc<str>> {
        match command.name() {
            Some("cd") => {
                let target = match command.words.get(1) {
                    Some(word) => self.value(word)?.text,
                    None => self.home()?,
                };
                let path = if target.starts_with('/') { target } else { format!("{}/{target}", folder?) };
                (path.len() <= MAX_PATH).then(|| Rc::from(clean(&path)))
            }
            Some("pushd" | "popd") => None,
            _ => folder.cloned(),
        }
    }

    /// What a word comes to, when ENV and ARG decide it and nothing else does.
    pub(crate) fn value(&self, word: &Word) -> Option<Expanded> {
        self.expand(&word.text, word.literal)
    }

    /// As [`value`](Self::value), for a part of a word.
    pub(crate) fn expand(&self, text: &str, literal: bool) -> Option<Expanded> {
        if literal {
            return Some(Expanded { text: text.to_owned(), arguments: Vec::new() });
        }
        // Quotes are gone from the text; what is left of these means something to the shell alone.
        let dynamic = text.contains(['`', '*', '?', '[', '\\', '\'', '"', '\n']) || text.contains("$(");
        let home = text.starts_with('~') && !text.starts_with("~/") && text != "~";
        if dynamic || home || self.assigns(text) {
            return None;
        }
        let expand = |text: &str| self.scopes.expand_text(self.state, text).ok();
        if let Some(rest) = text.strip_prefix('~') {
            let mut expanded = expand(rest)?;
            expanded.text.insert_str(0, &self.home()?);
            return Some(expanded);
        }
        let has_home = text.contains("$HOME") || text.contains("${HOME}");
        if has_home && self.scopes.variable(self.state, "HOME").is_none() {
            let home = self.home()?;
            return expand(&text.replace("${HOME}", &home).replace("$HOME", &home));
        }
        expand(text)
    }

    /// Whether the script itself gives a variable of `text` a value.
    fn assigns(&self, text: &str) -> bool {
        // A malformed word fails when it is expanded.
        if self.assigned.is_empty() {
            return false;
        }
        match variables(text, '\\') {
            Ok(used) => used.iter().any(|variable| self.assigned.contains(&variable.name)),
            Err(_) => true,
        }
    }

    /// The home directory of the user of this step: ENV, or `/root` for root.
    pub(crate) fn home(&self) -> Option<String> {
        match self.scopes.variable(self.state, "HOME").map(|variable| variable.value) {
            Some(Value::Known(home)) => Some(home),
            Some(_) => None,
            None => self.maybe_root().then(|| "/root".to_owned()),
        }
    }

    /// Whether nothing says that the step runs as another user than root. What the base image says is not looked at.
    fn maybe_root(&self) -> bool {
        match &self.state.user {
            Value::Known(user) => is_root(user),
            Value::FromBase => true,
            Value::Unknown(_) => false,
        }
    }
}

impl Ran {
    /// A path made absolute and clean: relative to WORKDIR and the `cd` before this command.
    pub(crate) fn absolute(&self, path: &str) -> Option<String> {
        match &self.folder {
            _ if path.starts_with('/') => Some(clean(path)),
            Some(folder) => Some(clean(&format!("{folder}/{path}"))),
            None => None,
        }
    }

    /// A command of a script this one executes.
    pub(crate) fn inner(&self, command: Command) -> Self {
        Self { command, folder: None, ..self.clone() }
    }
}

/// Assignments that last: alone, or by `export` and the like.
fn note_assigned(command: &Command, assigned: &mut BTreeSet<String>) {
    if command.words.is_empty() {
        assigned.extend(command.assignments.iter().map(|(name, _)| name.clone()));
    }
    if matches!(command.name(), Some("export" | "local" | "declare" | "typeset" | "readonly" | "read")) {
        let names = command.words.iter().skip(1).filter_map(|word| word.text.split('=').next());
        assigned.extend(names.map(str::to_owned));
    }
}

/// Whether what a command runs has another user than root.
fn switches_user(command: &Command) -> bool {
    let user = match command.name() {
        Some("sudo" | "doas" | "chpst") => leading_option(command, 'u', "user", "gpCDhRrTtU"),
        Some("runuser") => leading_option(command, 'u', "user", "gGcs").or_else(|| operand(command)),
        Some("setpriv") => leading_option(command, '\0', "reuid", ""),
        Some("su" | "gosu" | "su-exec" | "setuidgid" | "s6-setuidgid") => operand(command),
        _ => None,
    };
    user.is_some_and(|user| !is_root(user))
}

fn operand(command: &Command) -> Option<&str> {
    command.words.iter().skip(1).map(|word| word.text.as_str()).find(|word| !word.starts_with('-'))
}

/// The value of an option that stands before the command to run. `others` are letters that take a value as well.
fn leading_option<'w>(command: &'w Command, short: char, long: &str, others: &str) -> Option<&'w str> {
    let mut words = command.words.iter().skip(1).map(|word| word.text.as_str());
    while let Some(word) = words.next().filter(|word| word.starts_with('-') && *word != "--") {
        if let Some(name) = word.strip_prefix("--") {
            match name.split_once('=') {
                Some((name, value)) if name == long => return Some(value),
                None if name == long => return words.next(),
                _ => {}
            }
            continue;
        }
        let taking = |letter: char| letter == short || others.contains(letter);
        if let Some((at, letter)) = word.char_indices().skip(1).find(|(_, letter)| taking(*letter)) {
            let rest = word.get(at + letter.len_utf8()..).unwrap_or_default();
            let value = if rest.is_empty() { words.next() } else { Some(rest) };
            if letter == short {
                return value;
            }
        }
    }
    None
}

/// Whether a USER means root, by name or number.
pub(crate) fn is_root(user: &str) -> bool {
    let name = user.split(':').next().unwrap_or(user).trim();
    name.is_empty() || name == "root" || name.parse() == Ok(0_u32)
}

/// The path without empty, `.` and `..` parts.
pub(crate) fn clean(path: &str) -> String {
    image_path::resolve("/", path)
}

/// Whether `path` is `folder` or lies in it. Both are clean.
pub(crate) fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || folder == "/")
}

/// The words that name packages a command installs from a distribution; empty when it installs none.
pub(crate) fn packages(command: &Command) -> impl Iterator<Item = &str> {
    let verbs: &[&str] = match command.name() {
        Some("apt-get" | "apt" | "aptitude" | "dnf" | "yum" | "microdnf" | "tdnf" | "zypper") => {
            &["install", "in", "reinstall", "groupinstall"]
        }
        Some("apk") => &["add"],
        Some("pacman") => &["-S", "-Sy", "-Syu", "-Syyu"],
        _ => &[],
    };
    let words = command.words.iter().skip(1).map(|word| word.text.as_str());
    words.skip_while(move |word| !verbs.contains(word)).skip(1).filter(|word| !word.starts_with('-'))
}
