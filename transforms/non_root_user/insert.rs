//! Where the lines go, and in what shape.

use harden_core::syntax::{Instruction, Keyword};
use harden_core::{Build, Edit, Why};

/// The last step of a stage that works on its file system or needs its user: the user changes after it.
pub(crate) fn last_step<'a>(build: &Build<'a>, stage: usize) -> Option<Instruction<'a>> {
    let stage = build.stages.get(stage)?;
    let works = |one: &&Instruction<'a>| {
        matches!(
            one.keyword(),
            Keyword::Run | Keyword::Copy | Keyword::Add | Keyword::Workdir | Keyword::User | Keyword::Shell
        )
    };
    Some(*stage.instructions.iter().rev().find(works).unwrap_or(&stage.from))
}

/// Inserts whole lines below an instruction, with its file's line ending; a file without a final newline stays without.
///
/// # Errors
/// `open-continuation`: the file ends inside the instruction, and lines below would join it.
pub(crate) fn below(instruction: Instruction<'_>, lines: &[String]) -> Result<Edit, Why> {
    if instruction.ends_open() {
        let message =
            "the file ends with a continuation; lines below it would become part of that instruction";
        return Err(Why::new("open-continuation", message));
    }
    let file = instruction.file();
    let newline = file.line_ending();
    let at = instruction.full_span().end;
    let complete = file.text()[..at as usize].ends_with('\n');
    let mut text = String::new();
    // hadolint 2.15 reads a heredoc only when a blank line or nothing follows it.
    if is_spaced(instruction) || instruction.heredocs().len() > 0 {
        text.push_str(newline);
    }
    let indent = indent(instruction);
    for line in lines {
        if complete {
            text.extend([indent, line, newline]);
        } else {
            text.extend([newline, indent, line]);
        }
    }
    Ok(Edit::insert(at, text))
}

/// Inserts whole lines above an instruction and the comments that belong to it.
pub(crate) fn above(instruction: Instruction<'_>, lines: &[String]) -> Edit {
    let file = instruction.file();
    let newline = file.line_ending();
    let first = instruction.comments_above().first().map_or(instruction.full_span(), |comment| comment.span);
    let line = file.line_col(first.start).line;
    let at = file.line_span(line).map_or(instruction.full_span().start, |span| span.start);
    let indent = indent(instruction);
    let text = lines.iter().flat_map(|line| [indent, line.as_str(), newline]).collect::<String>();
    Edit::insert(at, text)
}

/// The blanks before an instruction.
fn indent(instruction: Instruction<'_>) -> &str {
    let file = instruction.file();
    let before = file.text().get(..instruction.span().start as usize).unwrap_or_default();
    let line = before.rsplit('\n').next().unwrap_or_default();
    if line.bytes().all(|byte| matches!(byte, b' ' | b'\t')) { line } else { "" }
}

/// Whether the file keeps its instructions apart with blank lines here: one above and one below.
fn is_spaced(instruction: Instruction<'_>) -> bool {
    let file = instruction.file();
    let (first, last) = instruction.lines();
    let first = first.saturating_sub(u32::try_from(instruction.comments_above().len()).unwrap_or(0));
    let blank = |line: u32| file.line_span(line).is_some_and(|span| file.slice(span).trim().is_empty());
    let next_is_blank = file.line_span(last + 1).is_none() || blank(last + 1);
    first > 1 && blank(first - 1) && next_is_blank
}
