//! The text of the second stage.

use harden_core::syntax::{Dockerfile, Instruction, Keyword, Span};
use harden_core::{Edit, Why};

use super::moves::{Fate, Moves};
use super::owned;
use super::split::{CopyOut, Split};
use super::steps;
use super::view::{Step, View};

/// The name the builder gets.
const BUILDER: &str = "build";

/// All edits of a split.
///
/// # Errors
/// `open-continuation`: there is nowhere to write it.
pub(crate) fn edits(view: &View<'_, '_>, split: &Split, moves: &Moves) -> Result<Vec<Edit>, Why> {
    let file = view.ctx.file();
    let last = view.steps.get(split.last).map_or(view.stage.from, |step| step.instruction);
    if last.ends_open() {
        return Err(Why::new("open-continuation", "the file ends with a continuation"));
    }
    let mut edits = split.builder_edits.clone();
    let builder = if let Some(name) = &view.stage.name {
        name.clone()
    } else {
        let image = view.stage.image;
        edits.push(Edit::insert(image.span().end, format!(" AS {BUILDER}")));
        BUILDER.to_owned()
    };
    let mut ending = Vec::new();
    for (after, lines) in &split.builder_lines {
        match after {
            Some(index) if *index == split.last => ending.extend(lines.iter().cloned()),
            Some(index) => {
                let step = view.steps.get(*index).map_or(view.stage.from, |step| step.instruction);
                edits.push(below(step, lines));
            }
            None => edits.push(below(view.stage.from, lines)),
        }
    }
    for (step, fate) in view.steps.iter().zip(&moves.fates) {
        if *fate == Fate::Run {
            edits.push(Edit::delete(with_blank_line(whole(step.instruction), file)));
        }
    }
    let lines = runtime(view, split, moves, &builder);
    edits.push(stage(last, &ending, &lines));
    Ok(edits)
}

/// The lines of the runtime stage up to the steps behind the split.
fn runtime(view: &View<'_, '_>, split: &Split, moves: &Moves, builder: &str) -> Vec<String> {
    let file = view.ctx.file();
    let mut lines = Vec::new();
    let platform = view.stage.from.flag("platform").map(|flag| format!("{} ", flag.text()));
    lines.push(format!("FROM {}{}", platform.unwrap_or_default(), split.runtime.text));
    if let Some(install) = &moves.install {
        lines.extend(run(&install.commands, file.escape()));
    }
    for (name, value) in &split.env {
        lines.push(format!("ENV {name}={value}"));
    }
    let mut here = Here::default();
    for (step, fate) in view.steps.iter().zip(&moves.fates) {
        match fate {
            Fate::Build | Fate::BothAfterCopies => {}
            Fate::Part { before, .. } if before.is_empty() => {}
            Fate::Run => lines.extend(text(step)),
            Fate::Both => {
                here.reach(view, step, fate, (split, moves), &mut lines);
                lines.extend(text(step));
            }
            Fate::Pairs(kept) => lines.push(pairs(step.instruction, kept)),
            Fate::Part { before, .. } => {
                here.reach(view, step, fate, (split, moves), &mut lines);
                lines.extend(run(before, file.escape()));
            }
        }
    }
    let next = view.steps.get(split.last + 1).map(|step| step.instruction);
    let is_entered_anyway = next
        .is_some_and(|next| next.keyword() == Keyword::Workdir && next.arguments().text().starts_with('/'));
    let workdir = moves.workdir.as_deref().filter(|_| !is_entered_anyway);
    here.enter(view, split, moves, workdir, &mut lines);
    lines.extend(split.copies.iter().map(|copy| line(view, split, moves, copy, builder)));
    for (step, fate) in view.steps.iter().zip(&moves.fates) {
        let again = match fate {
            Fate::BothAfterCopies => text(step),
            Fate::Part { after, .. } if !after.is_empty() => run(after, file.escape()),
            _ => continue,
        };
        here.reach(view, step, fate, (split, moves), &mut lines);
        lines.extend(again);
    }
    here.enter(view, split, moves, workdir, &mut lines);
    if next.is_none_or(|next| next.keyword() != Keyword::User) || here.user.is_none() {
        here.become_user(moves.users.last().and_then(Option::as_deref), &mut lines);
    }
    lines
}

/// Working directory and user of the runtime stage as far as it is written.
#[derive(Default)]
struct Here {
    workdir: Option<String>,
    user: Option<String>,
}

impl Here {
    /// Writes what is needed so that a repeated step has the working directory and the user it had.
    fn reach(
        &mut self,
        view: &View<'_, '_>,
        step: &Step<'_>,
        fate: &Fate,
        (split, moves): (&Split, &Moves),
        lines: &mut Vec<String>,
    ) {
        let works = matches!(step.instruction.keyword(), Keyword::Run | Keyword::Copy | Keyword::Add);
        if !works {
            return;
        }
        let anywhere = match step.instruction.keyword() {
            Keyword::Run => !steps::needs_workdir(view, step, fate),
            _ => step.instruction.values().last().is_some_and(|value| value.text.starts_with('/')),
        };
        if let Ok(workdir) = &step.workdir
            && !anywhere
        {
            self.enter(view, split, moves, Some(workdir), lines);
        }
        self.become_user(moves.users.get(step.index).and_then(Option::as_deref), lines);
    }

    /// Makes the folder for the user for whom the builder makes it.
    fn enter(
        &mut self,
        view: &View<'_, '_>,
        split: &Split,
        moves: &Moves,
        workdir: Option<&str>,
        lines: &mut Vec<String>,
    ) {
        let Some(workdir) = workdir else { return };
        // Where nothing was entered yet, `/` is taken for granted.
        if self.workdir.as_deref().unwrap_or("/") != workdir {
            let maker = owned::maker(view, split, moves, workdir);
            self.become_user(maker.as_deref(), lines);
            lines.push(format!("WORKDIR {workdir}"));
            self.workdir = Some(workdir.to_owned());
        }
    }

    fn become_user(&mut self, user: Option<&str>, lines: &mut Vec<String>) {
        // Where the file sets none, it is that of the image.
        let Some(user) = user.or(self.user.as_ref().map(|_| "root")) else { return };
        if self.user.as_deref() != Some(user) {
            lines.push(format!("USER {user}"));
            self.user = Some(user.to_owned());
        }
    }
}

fn line(view: &View<'_, '_>, split: &Split, moves: &Moves, copy: &CopyOut, builder: &str) -> String {
    let owner = owned::owner(view, split, moves, copy).map(|owner| format!(" --chown={owner}"));
    let flags = format!("--from={builder}{}", owner.unwrap_or_default());
    let (from, to) = (&copy.from, &copy.to);
    let plain = |path: &str| {
        path.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'$' | b'\\' | b'`'))
    };
    if plain(from) && plain(to) {
        return format!("COPY {flags} {from} {to}");
    }
    let quoted = |path: &str| path.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "\\\\$");
    format!("COPY {flags} [\"{}\", \"{}\"]", quoted(from), quoted(to))
}

/// The pairs of ENV or ARG with these indices.
fn pairs(instruction: Instruction<'_>, kept: &[usize]) -> String {
    let all = instruction.pairs();
    let written = kept.iter().filter_map(|&index| all.get(index)).map(|pair| pair.whole.text());
    format!("{} {}", instruction.keyword_token().text(), written.collect::<Vec<_>>().join(" "))
}

/// The lines of an instruction as it is written, and its comments. What is said about a COPY is mostly about the builder.
fn text(step: &Step<'_>) -> Vec<String> {
    let instruction = step.instruction;
    let span = match instruction.keyword() {
        Keyword::Copy | Keyword::Add => instruction.full_span(),
        _ => whole(instruction),
    };
    let text = instruction.file().slice(span);
    text.lines().map(str::to_owned).collect()
}

/// An instruction and the comments above it, from the start of its first line to the end of its last.
fn whole(instruction: Instruction<'_>) -> Span {
    let file = instruction.file();
    let full = instruction.full_span();
    let first = instruction.comments_above().first().map_or(full.start, |comment| comment.span.start);
    let line = file.line_col(first).line;
    let start = file.line_span(line).map_or(full.start, |span| span.start);
    Span::new(start.min(full.start), full.end)
}

/// A RUN of several commands.
fn run(commands: &[String], escape: char) -> Vec<String> {
    let mut lines = Vec::new();
    for (index, command) in commands.iter().enumerate() {
        let start = if index == 0 { "RUN " } else { "    && " };
        let end = if index + 1 < commands.len() { format!(" {escape}") } else { String::new() };
        lines.push(format!("{start}{command}{end}"));
    }
    lines
}

/// Lines that go, with the blank line below them when there is one above them as well: one of the two stays.
fn with_blank_line(lines: Span, file: &Dockerfile) -> Span {
    let is_blank = |line: u32| file.line_span(line).is_some_and(|span| file.slice(span).trim().is_empty());
    let above = file.line_col(lines.start).line.checked_sub(1);
    let below = file.line_col(lines.end).line;
    match file.line_span(below) {
        Some(span) if span.start == lines.end && is_blank(below) && above.is_some_and(is_blank) => {
            let end = file.line_span(below + 1).map_or(span.end, |next| next.start);
            Span::new(lines.start, end)
        }
        _ => lines,
    }
}

/// Inserts lines below an instruction of the builder.
fn below(instruction: Instruction<'_>, lines: &[String]) -> Edit {
    let file = instruction.file();
    let newline = file.line_ending();
    let text: String = lines.iter().flat_map(|line| [line.as_str(), newline]).collect();
    Edit::insert(instruction.full_span().end, text)
}

/// Inserts the end of the builder and the runtime stage below the last step of the builder.
fn stage(last: Instruction<'_>, ending: &[String], lines: &[String]) -> Edit {
    let file = last.file();
    let newline = file.line_ending();
    let at = last.full_span().end;
    let complete = file.text().get(..at as usize).is_some_and(|text| text.ends_with('\n'));
    let mut text = String::new();
    if !complete {
        text.push_str(newline);
    }
    for line in ending {
        text.extend([line.as_str(), newline]);
    }
    text.push_str(newline);
    let all = lines.join(newline);
    text.push_str(&all);
    if complete {
        text.push_str(newline);
    }
    Edit::insert(at, text)
}
