//! The instructions of a chain of stages, with the commands that RUN executes.

use harden_core::shell::{self, Command, Located, Word};
use harden_core::syntax::{Instruction, Keyword, Span};
use harden_core::{Expanded, Scopes, State, Value};

/// One instruction and what is in force before it.
pub(crate) struct Step<'s, 'a> {
    pub(crate) stage: usize,
    pub(crate) instruction: Instruction<'a>,
    pub(crate) scopes: &'s Scopes<'s, 'a>,
    pub(crate) state: &'s State,
    /// What RUN executes, in order; commands inside wrappers and `sh -c` follow the command that runs them. Empty for
    /// other instructions.
    pub(crate) commands: Vec<Located>,
    /// Whether everything RUN executes is among [`commands`](Self::commands).
    pub(crate) complete: bool,
}

/// Most commands of one RUN that are looked at, with those inside wrappers.
const MAX_COMMANDS: usize = 4_000;

/// Calls `visit` with every instruction of the chain. Those inside ONBUILD are not among them.
pub(crate) fn walk<'a>(scopes: &Scopes<'_, 'a>, chain: &[usize], mut visit: impl FnMut(&Step<'_, 'a>)) {
    for &stage in chain {
        scopes.walk(stage, |scopes, instruction, state| {
            let (commands, complete) = match instruction.keyword() {
                Keyword::Run => commands(instruction, &state.shell),
                _ => (Vec::new(), true),
            };
            visit(&Step { stage, instruction, scopes, state, commands, complete });
        });
    }
}

fn commands(instruction: Instruction<'_>, shell: &Value<Vec<String>>) -> (Vec<Located>, bool) {
    let (read, mut complete) = shell::of_instruction(instruction, shell);
    let mut all = Vec::with_capacity(read.len());
    for one in read {
        if all.len() >= MAX_COMMANDS {
            complete = false;
            break;
        }
        let inner = one.command.unwrapped().commands;
        all.extend(inner.into_iter().map(|command| Located { command, span: one.span }));
    }
    (all, complete)
}

impl Step<'_, '_> {
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
        match text.strip_prefix('~') {
            Some(rest) => {
                let mut expanded = self.scopes.expand_text(self.state, rest).ok()?;
                expanded.text.insert_str(0, &self.home()?);
                Some(expanded)
            }
            None if text.contains("$HOME") || text.contains("${HOME}") => {
                if self.scopes.variable(self.state, "HOME").is_some() {
                    return self.scopes.expand_text(self.state, text).ok();
                }
                let home = self.home()?;
                self.scopes
                    .expand_text(self.state, &text.replace("${HOME}", &home).replace("$HOME", &home))
                    .ok()
            }
            None => self.scopes.expand_text(self.state, text).ok(),
        }
    }

    /// Whether the script itself gives a variable of `text` a value.
    fn assigns(&self, text: &str) -> bool {
        let Ok(variables) = harden_core::syntax::variables(text, '\\') else { return true };
        variables.iter().any(|variable| {
            self.commands.iter().any(|one| {
                let command = &one.command;
                let alone = command.words.is_empty()
                    && command.assignments.iter().any(|(name, _)| *name == variable.name);
                let exported =
                    matches!(command.name(), Some("export" | "local" | "declare" | "read"))
                        && command.words.iter().skip(1).any(|word| {
                            word.text.split('=').next().is_some_and(|name| name == variable.name)
                        });
                alone || exported
            })
        })
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
    pub(crate) fn maybe_root(&self) -> bool {
        match &self.state.user {
            Value::Known(user) => is_root(user),
            Value::FromBase => true,
            Value::Unknown(_) => false,
        }
    }

    /// The path of a word of `one` made absolute and clean: relative to WORKDIR and the `cd` before it.
    pub(crate) fn absolute(&self, one: &Located, path: &str) -> Option<String> {
        if path.starts_with('/') {
            return Some(clean(path));
        }
        let mut folder = match &self.state.workdir {
            Value::Known(workdir) => Some(workdir.clone()),
            Value::FromBase | Value::Unknown(_) => None,
        };
        for before in self.commands.iter().take_while(|before| !std::ptr::eq(*before, one)) {
            match before.command.name() {
                Some("cd") => {
                    let target = match before.command.words.get(1) {
                        Some(word) => self.value(word).map(|value| value.text),
                        None => self.home(),
                    };
                    folder = match (target, folder) {
                        (Some(target), _) if target.starts_with('/') => Some(target),
                        (Some(target), Some(folder)) => Some(format!("{folder}/{target}")),
                        _ => None,
                    };
                }
                Some("pushd" | "popd") => folder = None,
                _ => {}
            }
        }
        Some(clean(&format!("{}/{path}", folder?)))
    }

    /// Where a command stands, as far as it is known; else the instruction.
    pub(crate) fn span(&self, one: &Located) -> Span {
        let whole = self.instruction.span();
        if whole.covers(one.span) { one.span } else { whole }
    }
}

/// Whether a USER means root, by name or number.
pub(crate) fn is_root(user: &str) -> bool {
    let name = user.split(':').next().unwrap_or(user).trim();
    name.is_empty() || name == "root" || name.parse() == Ok(0_u32)
}

/// The path without empty, `.` and `..` parts.
pub(crate) fn clean(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
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
