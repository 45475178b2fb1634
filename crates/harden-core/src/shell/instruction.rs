//! The commands an instruction of a Dockerfile executes.

use std::collections::BTreeSet;
use std::ops::Range;

use dockerfile_syntax::{Heredoc, Instruction, Keyword, Span, Token};

use super::unwrap::{SHELL_LONGS, SHELL_SHORTS, SHELLS, script_word};
use super::{Command, CommandPlace, Word, read};
use crate::Value;

/// A command of an instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located {
    /// The command. Its ranges and those of its words are ranges of the file; they hold the continuations and comment
    /// lines inside. Where JSON or shell quotes with escapes surround a script, they are those of the whole string.
    pub command: Command,
    /// [`Command::span`] as a span.
    pub span: Span,
}

/// The commands of RUN, CMD, ENTRYPOINT and HEALTHCHECK, and whether all were understood. Other instructions execute
/// nothing; for ONBUILD ask its trigger.
///
/// `shell` is the one in force (`State::shell`). A shell form for anything but sh, bash and their like gives no commands
/// and is not understood; the shell of a base image is taken for one of them, as it is everywhere but on Windows.
///
/// - A shell form is the script, an exec form a command of literal words, or the script of `["sh", "-c", …]`.
/// - `RUN <<EOF` is the body as a script, for the program its `#!` names (moby/buildkit,
///   `frontend/dockerfile/dockerfile2llb`); any other RUN with here-documents is read as the shell gets it. The body that
///   goes to the standard input of a shell, as in `RUN bash <<EOF`, is a script too.
pub fn of_instruction(instruction: Instruction<'_>, shell: &Value<Vec<String>>) -> (Vec<Located>, bool) {
    match instruction.keyword() {
        Keyword::Run | Keyword::Cmd | Keyword::Entrypoint | Keyword::Healthcheck => {}
        _ => return (Vec::new(), true),
    }
    if instruction.is_exec_form() {
        return exec_form(instruction);
    }
    let text = match instruction.keyword() {
        // `CMD` and its command.
        Keyword::Healthcheck => instruction.words().nth(1),
        _ => Some(instruction.arguments()),
    };
    let Some(text) = text.filter(|text| !text.text().is_empty()) else { return (Vec::new(), true) };
    let heredocs: Vec<_> = match instruction.keyword() {
        Keyword::Run => instruction.heredocs().collect(),
        _ => Vec::new(),
    };
    let body = match heredocs.as_slice() {
        [heredoc] if heredoc.opener().text() == text.text() => Some(Source::body(instruction, *heredoc)),
        _ => None,
    };
    if let Some(body) = &body
        && let Some(interpreter) = interpreter(&body.text)
    {
        return match interpreter.name() {
            Some(name) if SHELLS.contains(&name) => body.commands(),
            _ => (vec![body.locate(interpreter)], true),
        };
    }
    let known = match shell {
        Value::Known(words) => is_shell(words),
        Value::FromBase => true,
        Value::Unknown(_) => false,
    };
    if !known {
        return (Vec::new(), false);
    }
    let Some(body) = body else { return with_heredocs(instruction, text, &heredocs) };
    body.commands()
}

/// Whether the words of SHELL run a script this module reads.
fn is_shell(words: &[String]) -> bool {
    let mut programs = words.iter().map(|word| word.rsplit('/').next().unwrap_or(word));
    let program = programs.find(|name| !matches!(*name, "env" | "busybox"));
    let reads = words.last().is_some_and(|last| {
        last.strip_prefix('-').is_some_and(|flags| !flags.starts_with('-') && flags.contains('c'))
    });
    reads && program.is_some_and(|program| SHELLS.contains(&program))
}

fn exec_form(instruction: Instruction<'_>) -> (Vec<Located>, bool) {
    let skipped = usize::from(instruction.keyword() == Keyword::Healthcheck);
    let values: Vec<_> = instruction.values().into_iter().skip(skipped).collect();
    let words: Vec<_> = values
        .iter()
        .map(|value| Word {
            text: value.text.clone().into_owned(),
            literal: true,
            span: bytes(value.token.span()),
        })
        .collect();
    let (Some(first), Some(last)) = (words.first(), words.last()) else { return (Vec::new(), true) };
    let span = first.span.start..last.span.end;
    let command = command(words, span);
    let Some(value) = script_word(&command).and_then(|index| values.get(index)) else {
        let span = span_of(&command.span);
        return (vec![Located { command, span }], true);
    };
    let written = value.token.text();
    let plain = written.len() == value.text.len() + 2;
    let token = if plain { value.token.part(1, written.len() as u32 - 1) } else { value.token };
    Source {
        text: value.text.clone().into_owned(),
        pieces: vec![Piece { start: 0, place: Place::Token { token, exact: plain } }],
    }
    .commands()
}

/// A command of literal words.
fn command(words: Vec<Word>, span: Range<usize>) -> Command {
    Command { words, assignments: Vec::new(), redirects: Vec::new(), span, place: CommandPlace::default() }
}

/// A RUN whose shell gets the line with the here-documents behind it.
fn with_heredocs(
    instruction: Instruction<'_>,
    line: Token<'_>,
    heredocs: &[Heredoc<'_>],
) -> (Vec<Located>, bool) {
    let mut source = Source { text: line.text().to_owned(), pieces: Vec::new() };
    source.pieces.push(Piece { start: 0, place: Place::Token { token: line, exact: true } });
    for heredoc in heredocs {
        source.text.push('\n');
        let start = source.text.len();
        source.pieces.push(Piece { start, place: Place::File(heredoc.body().start as usize) });
        source.text.push_str(instruction.file().slice(heredoc.body()));
        source.text.push_str(heredoc.name());
    }
    if !heredocs.is_empty() {
        source.text.push('\n');
    }
    let (mut located, mut complete) = source.commands();
    let mut scripts = Vec::new();
    for one in located.iter().filter(|one| reads_input(&one.command)) {
        let input = heredocs
            .iter()
            .rfind(|heredoc| heredoc.file_descriptor() == 0 && one.span.covers(heredoc.opener().span()));
        let Some(heredoc) = input else { continue };
        let body = Source::body(instruction, *heredoc);
        // The outer shell puts the values of expansions into the script and takes away a backslash before another one.
        complete &= !heredoc.expands() || !(body.text.contains(['$', '`']) || body.text.contains("\\\\"));
        let (mut inner, understood) = body.commands();
        complete &= understood;
        for inner in &mut inner {
            inner.command.place.nest(&one.command.place);
            inner.command.place.subshell = true;
        }
        scripts.extend(inner);
    }
    if !scripts.is_empty() {
        // `$(…)` in the body has been read with the line.
        let known: BTreeSet<_> = located.iter().map(|one| one.span).collect();
        located.extend(scripts.into_iter().filter(|one| !known.contains(&one.span)));
        located.sort_by_key(|one| one.span.start);
    }
    (located, complete)
}

/// Whether this is a shell that takes its script from the standard input.
fn reads_input(command: &Command) -> bool {
    let shell = command.name().is_some_and(|name| SHELLS.contains(&name));
    shell
        && script_word(command).is_none()
        && (command.has_flag(Some('s'), "") || command.positional(SHELL_SHORTS, SHELL_LONGS).is_empty())
}

/// The program and argument of a first line `#!program argument`; its ranges are those in `text`.
fn interpreter(text: &str) -> Option<Command> {
    let line = text.strip_prefix("#!")?.lines().next().unwrap_or_default();
    let mut words = Vec::new();
    let mut at = 2;
    for part in line.split([' ', '\t']) {
        if !part.is_empty() {
            words.push(Word { text: part.to_owned(), literal: true, span: at..at + part.len() });
        }
        at += part.len() + 1;
    }
    // `#!/usr/bin/env -S bash -e`
    if words.first().is_some_and(|word| word.text.rsplit('/').next() == Some("env")) {
        words.remove(0);
        while words.first().is_some_and(|word| word.text.starts_with('-')) {
            words.remove(0);
        }
    }
    let span = words.first()?.span.start..words.last()?.span.end;
    Some(command(words, span))
}

/// A script and where each part of it stands in the file.
struct Source<'a> {
    text: String,
    /// Sorted by `start`; the first starts at 0.
    pieces: Vec<Piece<'a>>,
}

struct Piece<'a> {
    /// Offset in the script.
    start: usize,
    place: Place<'a>,
}

enum Place<'a> {
    /// Joined text of an instruction; not `exact` when the script is what the token decodes to.
    Token { token: Token<'a>, exact: bool },
    /// The file, from this offset on.
    File(usize),
}

impl<'a> Source<'a> {
    /// The body of a here-document.
    fn body(instruction: Instruction<'a>, heredoc: Heredoc<'a>) -> Self {
        let body = instruction.file().slice(heredoc.body());
        let mut source = Source { text: String::with_capacity(body.len()), pieces: Vec::new() };
        let mut at = heredoc.body().start as usize;
        let lines: &mut dyn Iterator<Item = &str> =
            if heredoc.chomps() { &mut body.split_inclusive('\n') } else { &mut std::iter::once(body) };
        for line in lines {
            let kept = if heredoc.chomps() { line.trim_start_matches('\t') } else { line };
            let place = Place::File(at + line.len() - kept.len());
            source.pieces.push(Piece { start: source.text.len(), place });
            source.text.push_str(kept);
            at += line.len();
        }
        source
    }

    fn commands(&self) -> (Vec<Located>, bool) {
        let script = read(&self.text);
        (script.commands.into_iter().map(|command| self.locate(command)).collect(), script.complete)
    }

    fn locate(&self, mut command: Command) -> Located {
        let words = command.words.iter_mut();
        let assigned = command.assignments.iter_mut().map(|(_, word)| word);
        let targets = command.redirects.iter_mut().map(|(_, word)| word);
        for word in words.chain(assigned).chain(targets) {
            word.span = bytes(self.span(&word.span));
        }
        let span = self.span(&command.span);
        command.span = bytes(span);
        Located { command, span }
    }

    fn span(&self, range: &Range<usize>) -> Span {
        let first = self.part(range.start, range.end);
        let last = self.part(range.end.saturating_sub(1).max(range.start), range.end);
        Span::new(first.start, last.end.max(first.start))
    }

    /// The part of `start..end` that lies in the piece in which `start` lies.
    fn part(&self, start: usize, end: usize) -> Span {
        let next = self.pieces.partition_point(|piece| piece.start <= start);
        let Some(piece) = next.checked_sub(1).and_then(|index| self.pieces.get(index)) else {
            return Span::default();
        };
        let end = self.pieces.get(next).map_or(end, |next| end.min(next.start));
        let (start, end) = (start - piece.start, end - piece.start);
        match &piece.place {
            Place::Token { token, exact: true } => token.part(start as u32, end as u32).span(),
            Place::Token { token, .. } => token.span(),
            Place::File(offset) => span_of(&(offset + start..offset + end)),
        }
    }
}

fn bytes(span: Span) -> Range<usize> {
    span.range()
}

fn span_of(range: &Range<usize>) -> Span {
    Span::new(range.start as u32, range.end as u32)
}
