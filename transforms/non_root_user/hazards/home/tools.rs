//! Tools and caches that a step puts below the home directory of root.

use std::sync::Arc;

use harden_core::Value;
use harden_core::shell::Command;
use harden_core::syntax::Span;

use super::super::super::runs::{self, Ran, Step, clean, is_below};
use super::super::super::view::View;
use super::HOME;
use super::commands::COMMANDS;
use super::installers::{CACHES, CALLS, MOVED_BY_IMAGE, SCRIPTS, Tool};
use super::packages;

/// Something that was installed there.
pub(super) struct Installed {
    pub(super) name: &'static str,
    /// Absolute.
    pub(super) folder: String,
    /// Commands that need it.
    pub(super) provides: &'static [&'static str],
    /// It only matters if one of these runs at start.
    pub(super) only_for_these: bool,
    pub(super) span: Span,
    pub(super) at: usize,
}

/// Longest text of a script that is looked through for calls.
const MAX_TEXT: usize = 256 << 10;

/// What the steps so far say.
pub(super) struct Memory {
    /// A distribution's Python is installed.
    pub(super) python: bool,
    /// Poetry was told where to keep its environment.
    poetry: bool,
    /// Files that may still be read: each is read again for each command that names it.
    texts: u32,
}

impl Memory {
    pub(super) fn new() -> Self {
        Self { python: false, poetry: false, texts: 64 }
    }

    fn note(&mut self, step: &Step<'_, '_>) {
        for one in step.commands {
            self.python |= runs::packages(&one.command).any(|name| name.starts_with("python"));
            self.poetry |= one.command.words.iter().any(|word| {
                ["virtualenvs.create", "virtualenvs.in-project", "virtualenvs.path"]
                    .contains(&word.text.as_str())
            });
        }
    }

    pub(super) fn text(&mut self, view: &View<'_, '_>, path: &str) -> Option<Arc<str>> {
        self.texts = self.texts.checked_sub(1)?;
        Some(view.paths.text(path).ok()?.text)
    }
}

/// What a RUN installs.
pub(super) fn installed(
    view: &View<'_, '_>,
    memory: &mut Memory,
    step: &Step<'_, '_>,
    at: usize,
) -> Vec<Installed> {
    memory.note(step);
    let mut found: Vec<Installed> = Vec::new();
    let mut push = |tool: &Tool, span: Span, only_for_these: bool| {
        let folder = clean(&format!("{}/{}", step.home().unwrap_or_default(), tool.folder));
        if is_below(&folder, HOME) && !found.iter().any(|known| known.name == tool.name) {
            found.push(Installed {
                name: tool.name,
                folder,
                provides: tool.provides,
                only_for_these,
                span,
                at,
            });
        }
    };
    for one in step.commands.iter().filter(|one| !one.other) {
        let span = one.span;
        let addresses: Vec<&str> = one
            .command
            .words
            .iter()
            .map(|word| word.text.as_str())
            .filter(|text| text.contains('.'))
            .collect();
        for (address, tool) in SCRIPTS.iter().filter(|_| !addresses.is_empty()) {
            // What is fetched here is run by another command.
            let placed = || step.commands.iter().any(|other| has_option(&other.command, tool));
            let named = addresses.iter().any(|text| text.contains(address));
            if named && !placed() && !is_moved(view, step, tool) {
                push(tool, span, false);
            }
        }
        let names = names(&one.command);
        for (words, tool) in COMMANDS {
            if follows(&names, words) && !has_option(&one.command, tool) && !is_moved(view, step, tool) {
                push(tool, span, false);
            }
        }
        for (names, tool) in CACHES {
            let runs = one.command.name().is_some_and(|name| names.contains(&name));
            if runs && !has_option(&one.command, tool) && !is_moved(view, step, tool) {
                push(tool, span, true);
            }
        }
        if let Some(tool) = poetry(view, memory, step, one, &names) {
            push(&tool, span, false);
        }
        if let Some(tool) = miniconda(&one.command) {
            push(&tool, span, false);
        }
        for tool in packages::of_manifest(view, memory, one) {
            if !is_moved(view, step, tool) {
                push(tool, span, false);
            }
        }
        if packages::downloads_python(view, memory, one) && !is_moved(view, step, &packages::UV_PYTHON) {
            push(&packages::UV_PYTHON, span, false);
        }
        if let Some(text) = python(view, memory, step, one) {
            for (call, tool) in CALLS {
                let option = tool.options.iter().any(|option| text.contains(option));
                if text.contains(call) && !option && !is_moved(view, step, tool) {
                    push(tool, span, false);
                }
            }
        }
    }
    for heredoc in step.instruction.heredocs() {
        let text = step.instruction.file().slice(heredoc.body());
        let text = text.get(..MAX_TEXT).unwrap_or(text);
        for (call, tool) in CALLS {
            let option = tool.options.iter().any(|option| text.contains(option));
            if text.contains(call) && !option && !is_moved(view, step, tool) {
                push(tool, step.instruction.keyword_token().span(), false);
            }
        }
    }
    found
}

/// A tool of which something was copied elsewhere: `cp /root/.local/bin/uv /usr/local/bin`.
pub(super) fn forget(installed: &mut Vec<Installed>, path: &str) {
    let name = path.rsplit('/').next().unwrap_or(path);
    installed.retain(|tool| !tool.provides.contains(&name));
}

/// Each word of a command, and the name of the program it may be: without folders and version.
fn names<'c>(command: &'c Command) -> Vec<(&'c str, &'c str)> {
    let texts = command.words.iter().map(|word| word.text.as_str());
    let name = |text: &'c str| {
        let file = text.bytes().rposition(|byte| byte == b'/').map_or(text, |slash| &text[slash + 1..]);
        file.bytes().position(|byte| byte == b'@').map_or(file, |at| &file[..at])
    };
    texts.map(|text| (text, name(text))).collect()
}

/// Whether the words of a command follow each other like this, other words and options between them.
fn follows(names: &[(&str, &str)], pattern: &[&str]) -> bool {
    let mut words = names.iter();
    pattern.iter().all(|wanted| {
        words.by_ref().any(|(word, name)| {
            *wanted == "*"
                || word == wanted
                || name == wanted
                || (*wanted == "pip" && name.starts_with("pip3"))
        })
    })
}

fn has_option(command: &Command, tool: &Tool) -> bool {
    command.words.iter().any(|word| {
        tool.options.iter().any(|option| {
            word.text.strip_prefix(option).is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
        })
    })
}

/// Whether a variable takes a tool out of the home directory: of the script, the file or the base image.
fn is_moved(view: &View<'_, '_>, step: &Step<'_, '_>, tool: &Tool) -> bool {
    let outside =
        |value: &str| !value.is_empty() && !is_below(&clean(value), HOME) && !value.starts_with('~');
    tool.variables.iter().any(|name| {
        let in_script = step.commands.iter().any(|one| {
            let command = &one.command;
            let assigned = command
                .assignments
                .iter()
                .find(|(known, _)| known == name)
                .map(|(_, word)| word.text.clone());
            let exported = command.words.iter().find_map(|word| {
                let (known, value) = word.text.split_once('=')?;
                (known == *name).then(|| value.to_owned())
            });
            assigned.or(exported).is_some_and(|value| {
                let value = step.expand(&value, !value.contains('$')).map_or(value, |value| value.text);
                outside(&value)
            })
        });
        let in_file = match step.scopes.variable(step.state, name).map(|variable| variable.value) {
            Some(Value::Known(value)) => outside(&value),
            Some(_) => true,
            None => view.base.variable(name).is_some_and(|value| outside(&value)),
        };
        in_script || in_file || moved_by_image(view, name)
    })
}

fn moved_by_image(view: &View<'_, '_>, variable: &str) -> bool {
    let Some(image) = view.base.image.as_ref().filter(|_| view.base.config.is_none()) else { return false };
    let name = image.familiar();
    MOVED_BY_IMAGE.iter().any(|(prefix, variables)| {
        let rest = name.strip_prefix(prefix);
        let same = rest.is_some_and(|rest| {
            rest.is_empty() || rest.starts_with([':', '@', '/']) || prefix.ends_with('/')
        });
        same && variables.contains(&variable)
    })
}

/// `poetry install` keeps its environment below the home directory unless it is told otherwise (Poetry docs,
/// "Configuration").
fn poetry(
    view: &View<'_, '_>,
    memory: &Memory,
    step: &Step<'_, '_>,
    one: &Ran,
    names: &[(&str, &str)],
) -> Option<Tool> {
    let tool = Tool {
        name: "Poetry's environment",
        folder: ".cache/pypoetry/virtualenvs",
        variables: &["POETRY_VIRTUALENVS_PATH", "POETRY_CACHE_DIR", "VIRTUAL_ENV"],
        options: &["--dry-run"],
        provides: &["poetry"],
    };
    let installs = ["install", "sync", "add"].iter().any(|verb| follows(names, &["poetry", verb]));
    if !installs || memory.poetry || has_option(&one.command, &tool) || is_moved(view, step, &tool) {
        return None;
    }
    let switched = |name: &str, on: &str| {
        let value = step.scopes.variable(step.state, name).map(|variable| variable.value);
        let inline =
            one.command.assignments.iter().any(|(known, word)| known == name && is_switch(&word.text, on));
        inline || matches!(value, Some(Value::Known(value)) if is_switch(&value, on))
    };
    if switched("POETRY_VIRTUALENVS_CREATE", "false") || switched("POETRY_VIRTUALENVS_IN_PROJECT", "true") {
        return None;
    }
    let file = view.ctx.context_text("poetry.toml");
    let in_file =
        file.is_ok_and(|text| text.contains("in-project = true") || text.contains("create = false"));
    (!in_file).then_some(tool)
}

fn is_switch(value: &str, on: &str) -> bool {
    let value = value.trim_matches(['"', '\'']).to_ascii_lowercase();
    value == on || value == if on == "true" { "1" } else { "0" }
}

/// The installers of conda go to the home directory without `-p` (their `--help`).
fn miniconda(command: &Command) -> Option<Tool> {
    let program = match command.name() {
        Some("sh" | "bash") => command.words.iter().skip(1).find(|word| !word.text.starts_with('-'))?,
        _ => command.words.first()?,
    };
    let name = program.text.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    let known = ["miniconda", "miniforge", "mambaforge", "anaconda"];
    let installs = known.iter().any(|known| name.starts_with(known)) && extension(&name) == "sh";
    let placed = command.words.iter().any(|word| {
        let text = &word.text;
        text.starts_with("--prefix")
            || (text.starts_with('-') && !text.starts_with("--") && text.contains('p'))
    });
    (installs && !placed).then_some(Tool {
        name: "conda",
        folder: "miniconda3",
        variables: &[],
        options: &[],
        provides: &["conda", "mamba", "python", "python3"],
    })
}

/// Python and Julia code that a command runs: of `-c`, or a script of the build context.
fn python(view: &View<'_, '_>, memory: &mut Memory, step: &Step<'_, '_>, one: &Ran) -> Option<String> {
    let name = one.command.name()?;
    if !(name.starts_with("python") || name == "julia" || name == "uv" || name == "poetry") {
        return None;
    }
    let words = &one.command.words;
    if let Some(code) = words.iter().position(|word| word.text == "-c" || word.text == "-e") {
        return words.get(code + 1).map(|code| code.text.clone());
    }
    let script = words.iter().skip(1).find(|word| matches!(extension(&word.text), "py" | "jl"))?;
    let path = one.absolute(&step.value(script)?.text)?;
    let text = memory.text(view, &path)?;
    Some(text.get(..MAX_TEXT).unwrap_or(&text).to_owned())
}

fn extension(path: &str) -> &str {
    path.rsplit_once('.').map_or("", |(_, extension)| extension)
}
