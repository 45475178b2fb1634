//! Words of what runs at start that lead into root's home directory.

use harden_core::shell::{self, Word};
use harden_core::syntax::{Instruction, Span};
use harden_core::{Launch, Place, ServiceKind, Value};

use super::super::super::risk::Risk;
use super::super::super::runs::{clean, is_below};
use super::super::super::view::View;
use super::super::services;
use super::HOME;
use super::tools::Installed;

/// A word of a command line.
struct At {
    text: String,
    /// The command itself.
    first: bool,
    /// In shell form, where `~` and `$HOME` mean the home of the new user.
    shell: bool,
    place: Option<Place>,
}

pub(super) fn risks(view: &View<'_, '_>, tools: &[&Installed]) -> Vec<Risk> {
    let mut words = Vec::new();
    let shell = &view.end.shell;
    for (launch, from_base) in
        [(view.runtime.entrypoint, view.base.entrypoint()), (view.runtime.command, view.base.command())]
    {
        match launch {
            Launch::Set { instruction, .. } => of_instruction(instruction, shell, &mut words),
            Launch::FromBase => of_words(&from_base.unwrap_or_default(), None, &mut words),
            Launch::Empty => {}
        }
    }
    let started = words.len();
    for setting in services::of(view).flat_map(|service| &service.settings) {
        if let ServiceKind::Entrypoint(given) | ServiceKind::Command(given) = &setting.kind {
            of_words(given, Some(&services::place(setting)), &mut words);
        }
    }
    let mut risks: Vec<Risk> = words.iter().filter_map(|word| judge(word, tools)).collect();
    // A cache only counts if what it is for runs.
    for tool in tools.iter().filter(|tool| tool.only_for_these) {
        let word = words.iter().find(|word| word.first && tool.provides.contains(&command_name(&word.text)));
        if let Some(word) = word {
            let message =
                format!("`{}` needs {}, which root's steps left in `{}`", word.text, tool.name, tool.folder);
            risks.push(Risk::lower("root-home-cache", message, word.place.clone()));
        }
    }
    if let Some(check) = view.runtime.healthcheck {
        words.truncate(started);
        let mut words = Vec::new();
        of_instruction(check, shell, &mut words);
        for word in words.iter().filter(|word| inside(&word.text).is_some()) {
            let message = format!("the health check uses `{}`, where nobody but root can read", word.text);
            risks.push(Risk::lower("root-home-files", message, word.place.clone()));
        }
    }
    risks
}

fn judge(word: &At, tools: &[&Installed]) -> Option<Risk> {
    let place = word.place.clone();
    if word.first && !word.text.contains('/') {
        let name = command_name(&word.text);
        let tool = tools.iter().find(|tool| !tool.only_for_these && tool.provides.contains(&name))?;
        let message = format!("`{name}` lies in `{}`: the container would not start", tool.folder);
        return Some(Risk::stop("root-home-command", message, place));
    }
    match inside(&word.text)? {
        Inside::Path => {
            let message = format!(
                "`{}` is started from root's own directory: the container would not start",
                word.text
            );
            Some(Risk::stop("root-home-command", message, place))
        }
        Inside::Part => {
            let message = format!("`{}` leads into root's own directory", word.text);
            Some(Risk::lower("root-home-command", message, place))
        }
        Inside::Tilde if word.shell => {
            let message = format!("`{}` is another place for another user", word.text);
            Some(Risk::lower("root-home-command", message, place))
        }
        Inside::Tilde => None,
    }
}

/// How a word leads into root's home directory.
enum Inside {
    /// It is a path in it.
    Path,
    /// It holds one.
    Part,
    /// It is relative to the home directory of whoever runs it.
    Tilde,
}

fn inside(text: &str) -> Option<Inside> {
    if text.starts_with('/') && is_below(&clean(text), HOME) {
        return Some(Inside::Path);
    }
    if text == "~" || text.starts_with("~/") || text.starts_with("$HOME/") || text.starts_with("${HOME}/") {
        return Some(Inside::Tilde);
    }
    let mut from = 0;
    while let Some(at) = text.get(from..)?.find("/root/") {
        let start = from + at;
        let before = text.get(..start)?.chars().next_back();
        // `/srv/root/x` and `https://host/root/x` are other places.
        if before.is_none_or(|ch| {
            matches!(ch, '=' | ':' | ',' | '"' | '\'' | ' ' | '(' | '\n' | '\t' | ';' | '>' | '@')
        }) {
            return Some(Inside::Part);
        }
        from = start + 1;
    }
    None
}

fn command_name(text: &str) -> &str {
    text.rsplit('/').next().unwrap_or(text)
}

fn of_words(given: &[String], place: Option<&Place>, words: &mut Vec<At>) {
    for (at, text) in given.iter().enumerate() {
        words.push(At { text: text.clone(), first: at == 0, shell: false, place: place.cloned() });
    }
}

fn of_instruction(instruction: Instruction<'_>, shell: &Value<Vec<String>>, words: &mut Vec<At>) {
    let (commands, complete) = shell::of_instruction(instruction, shell);
    for one in &commands {
        for command in one.command.unwrapped().commands {
            let mut push = |word: &Word, first: bool, span: Span| {
                let place = Some(Place::Here(span));
                words.push(At { text: word.text.clone(), first, shell: !instruction.is_exec_form(), place });
            };
            for (at, word) in command.words.iter().enumerate() {
                push(word, at == 0, one.span);
            }
            for (_, word) in &command.assignments {
                push(word, false, one.span);
            }
        }
    }
    if commands.is_empty() && !complete {
        let place = Some(Place::Here(instruction.span()));
        let text = instruction.arguments().text().to_owned();
        words.push(At { text, first: false, shell: true, place });
    }
}
