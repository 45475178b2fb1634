//! Taking pairs out of ENV, ARG and LABEL the way a person would.
//!
//! What stays keeps its bytes: indentation, alignment, quotes, line endings. Comment lines between the pairs are never
//! lost, whatever they are about: nobody but their author knows.

use std::collections::BTreeSet;

use harden_core::syntax::{Comment, Dockerfile, Flag, Instruction, Keyword, Pair, Span};
use harden_core::{Edit, EditSet, Why};

/// Removes `pairs` from the ENV, ARG or LABEL `of`, or from the one ONBUILD holds. When nothing is left, the whole
/// instruction goes with its line ending, and with one of two blank lines that would meet; comments above it stay.
///
/// Give all pairs of one instruction in one call: the edits of two calls could meet.
///
/// # Errors
/// `not-a-pair`: one of `pairs` does not belong to the instruction, or there are none. `layout`: the result would read
/// differently, for instance because a comment below would become a parser directive.
pub(crate) fn remove(pairs: &[Pair<'_>], of: Instruction<'_>) -> Result<Vec<Edit>, Why> {
    let holder = of.trigger().unwrap_or(of);
    let all = holder.pairs();
    let wanted: BTreeSet<Span> = pairs.iter().map(|pair| pair.whole.span()).collect();
    let gone: Vec<bool> = all.iter().map(|pair| wanted.contains(&pair.whole.span())).collect();
    if wanted.is_empty() || gone.iter().filter(|&&one| one).count() != wanted.len() {
        return Err(Why::new("not-a-pair", "the pairs to remove do not belong to the instruction"));
    }
    let edits = if gone.iter().all(|&one| one) { vec![whole(of)] } else { some(of, holder, &all, &gone) };
    let kept: Vec<&str> =
        all.iter().zip(&gone).filter(|&(_, &gone)| !gone).map(|(pair, _)| pair.whole.text()).collect();
    verify(of, &edits, &kept)?;
    Ok(edits)
}

/// Removes some pairs: one edit for each run of neighbours.
fn some(of: Instruction<'_>, holder: Instruction<'_>, all: &[Pair<'_>], gone: &[bool]) -> Vec<Edit> {
    let keyword = holder.flags().next_back().map_or(holder.keyword_token(), Flag::token);
    let mut left = keyword.span().end;
    let mut after_keyword = true;
    let mut edits = Vec::new();
    let mut index = 0;
    while index < all.len() {
        let span = all[index].whole.span();
        if !gone[index] {
            left = span.end;
            after_keyword = false;
            index += 1;
            continue;
        }
        let mut last = span;
        while index < all.len() && gone[index] {
            last = all[index].whole.span();
            index += 1;
        }
        let run = Run { of, left, pairs: Span::new(span.start, last.end), after_keyword };
        edits.push(match all.get(index) {
            Some(next) => run.between(next.whole.span().start),
            None => run.at_the_end(),
        });
    }
    edits
}

/// Neighbouring pairs that go, and what stands before them.
struct Run<'a> {
    of: Instruction<'a>,
    /// End of the keyword or of the pair before.
    left: u32,
    /// From the first to the last of them.
    pairs: Span,
    /// `left` is the end of the keyword.
    after_keyword: bool,
}

impl Run<'_> {
    fn file(&self) -> &Dockerfile {
        self.of.file()
    }

    fn text(&self, start: u32, end: u32) -> &str {
        self.file().slice(Span::new(start, end))
    }

    fn comments(&self, start: u32, end: u32) -> impl Iterator<Item = &Comment> {
        let all = self.of.comments_inside();
        let first = all.partition_point(|one| one.span.start < start);
        all[first..].iter().take_while(move |one| one.span.start < end)
    }

    /// The lines of the comments in a range, with indentation and line ending.
    fn comment_lines(&self, start: u32, end: u32) -> String {
        self.comments(start, end)
            .map(|comment| self.file().slice(line_of(self.file(), comment.span)))
            .collect()
    }

    /// Nothing follows: what stays ends where it ended, and comments leave the instruction.
    fn at_the_end(&self) -> Edit {
        let file = self.file();
        let end = content_end(file, self.of.full_span());
        let newline = newline_after(file, self.left);
        let indentation = indentation(self.of);
        let text: String = self
            .comments(self.left, end)
            .flat_map(|comment| [newline, indentation, file.slice(comment.span)])
            .collect();
        trimmed(file, Span::new(self.left, end), &text)
    }

    /// A pair that stays begins at `right`.
    fn between(&self, right: u32) -> Edit {
        let file = self.file();
        let (first, last) = (self.pairs.start, self.pairs.end);
        let (before, after) = (self.text(self.left, first), self.text(last, right));
        let inner = self.comment_lines(first, last);
        let behind_newline = |text: &str| text.rfind('\n').map(|at| at + 1);
        let mut gap = match (behind_newline(before), after.find('\n').map(|at| at + 1)) {
            (None, None) if inner.is_empty() => before.to_owned(),
            (None, None) => {
                let line = line_of(file, Span::at(last));
                let blanks = blanks(file.slice(line));
                let indentation = if blanks.is_empty() { "    " } else { blanks };
                format!(" {}{}{inner}{indentation}", file.escape(), newline_after(file, first))
            }
            // The pair behind it takes its place on the line.
            (Some(at), None) => format!("{}{inner}{}", &before[..at], &before[at..]),
            // Its lines go.
            (Some(at), Some(_)) => {
                let comments = self.comment_lines(last, right);
                let indentation = &after[behind_newline(after).unwrap_or(after.len())..];
                format!("{}{inner}{comments}{indentation}", &before[..at])
            }
            // The next line moves up to the keyword.
            (None, Some(_)) if self.after_keyword && self.comments(first, right).next().is_none() => {
                before.to_owned()
            }
            // It was the end of its line.
            (None, Some(at)) => format!("{}{inner}{}", &after[..at], &after[at..]),
        };
        let escape = file.escape();
        let escaped = self.text(0, self.left).ends_with(escape) && gap.starts_with(escape);
        if escaped || !separates(&gap, escape) {
            gap.insert(0, ' ');
        }
        trimmed(file, Span::new(self.left, right), &gap)
    }
}

/// Whether BuildKit sees a blank between what stands around this gap of blanks, continuations and comment lines.
fn separates(gap: &str, escape: char) -> bool {
    let Some((first, rest)) = gap.split_once('\n') else { return !gap.is_empty() };
    let first = first.trim_end_matches([' ', '\t', '\r']).trim_end_matches(escape);
    let last = rest.rsplit('\n').next().unwrap_or_default();
    !first.is_empty() || !last.is_empty()
}

/// Replaces `span`, without what the old and the new text begin and end with.
fn trimmed(file: &Dockerfile, span: Span, text: &str) -> Edit {
    let old = file.slice(span);
    let same = |(a, b): &(char, char)| a == b;
    let width = |(one, _): (char, char)| one.len_utf8();
    let start: usize = old.chars().zip(text.chars()).take_while(same).map(width).sum();
    let (old, text) = (&old[start..], &text[start..]);
    let end: usize = old.chars().rev().zip(text.chars().rev()).take_while(same).map(width).sum();
    let span = Span::new(span.start + start as u32, span.end - end as u32);
    Edit::replace(span, &text[..text.len() - end])
}

/// Removes the instruction with all its lines; comments inside stay where they were.
fn whole(of: Instruction<'_>) -> Edit {
    let file = of.file();
    let full = of.full_span();
    let comments = of.comments_inside();
    if !comments.is_empty() {
        let newline = newline_after(file, full.start);
        let lines: Vec<String> =
            comments.iter().map(|one| format!("{}{}", indentation(of), file.slice(one.span))).collect();
        let end = content_end(file, full);
        return Edit::replace(Span::new(full.start, end), lines.join(newline));
    }
    let text = file.text();
    if !text[full.range()].ends_with('\n') {
        return Edit::delete(Span::new(end_of_text_before(file, full.start), full.end));
    }
    let above = line_before(file, full.start);
    let below = (full.end as usize != text.len()).then(|| line_of(file, Span::at(full.end)));
    let is_blank = |line: Option<Span>| line.is_some_and(|line| file.slice(line).trim().is_empty());
    let alone = above.is_none() || is_blank(above);
    if alone && is_blank(below) {
        return Edit::delete(Span::new(full.start, below.map_or(full.end, |line| line.end)));
    }
    // At the end of the file the blank line above goes, but not when an instruction that may go too ends there.
    if below.is_none()
        && is_blank(above)
        && let Some(above) = above
        && !previous(of).is_some_and(holds_pairs)
    {
        return Edit::delete(Span::new(above.start, full.end));
    }
    Edit::delete(full)
}

fn previous(of: Instruction<'_>) -> Option<Instruction<'_>> {
    of.file().instructions().take_while(|one| one.span().start < of.span().start).last()
}

fn holds_pairs(instruction: Instruction<'_>) -> bool {
    let held = instruction.trigger().unwrap_or(instruction).keyword();
    matches!(held, Keyword::Env | Keyword::Arg | Keyword::Label)
}

/// The end of the last line before `start` that is not blank. The file keeps ending without a newline.
fn end_of_text_before(file: &Dockerfile, start: u32) -> u32 {
    let mut at = start;
    while let Some(line) = line_before(file, at) {
        if !file.slice(line).trim().is_empty() {
            return content_end(file, line);
        }
        at = line.start;
    }
    at
}

/// The line that ends right before `at`, which begins a line; `None` at the beginning of the file.
fn line_before(file: &Dockerfile, at: u32) -> Option<Span> {
    let first = if file.has_bom() { 3 } else { 0 };
    (at > first).then(|| line_of(file, Span::at(at - 1)))
}

/// The line in which `span` begins, with its line ending and without a byte order mark.
fn line_of(file: &Dockerfile, span: Span) -> Span {
    let text = file.text();
    let at = span.start as usize;
    let first = if file.has_bom() { 3 } else { 0 };
    let bytes = text.as_bytes();
    let start = bytes[..at].iter().rposition(|&byte| byte == b'\n').map_or(first, |found| found + 1);
    let end = bytes[at..].iter().position(|&byte| byte == b'\n').map_or(text.len(), |found| at + found + 1);
    Span::new(start as u32, end as u32)
}

/// The end of a range of lines without the last line ending.
fn content_end(file: &Dockerfile, lines: Span) -> u32 {
    let text = file.slice(lines);
    let content = text.strip_suffix('\n').map_or(text, |text| text.trim_end_matches('\r'));
    lines.start + content.len() as u32
}

/// The line ending of the line that holds `at`.
fn newline_after(file: &Dockerfile, at: u32) -> &str {
    let line = line_of(file, Span::at(at));
    let end = content_end(file, line);
    if end == line.end { file.line_ending() } else { file.slice(Span::new(end, line.end)) }
}

fn indentation(of: Instruction<'_>) -> &str {
    of.file().slice(Span::new(of.full_span().start, of.span().start))
}

fn blanks(line: &str) -> &str {
    &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
}

/// Reads the result again: nothing but the pairs may have changed. `kept` are the pairs that stay.
fn verify(of: Instruction<'_>, edits: &[Edit], kept: &[&str]) -> Result<(), Why> {
    let before = of.file();
    let layout = |what: &str| Why::new("layout", format!("taking the variable out would {what}"));
    let edits =
        EditSet::new(before.text(), edits.to_vec()).map_err(|error| layout(&format!("fail: {error}")))?;
    let after = Dockerfile::parse(edits.apply(before.text()));
    let directives = |file: &Dockerfile| -> Vec<_> {
        let of_one = |one: &harden_core::syntax::Directive| (one.name, file.slice(one.value).to_owned());
        file.directives().iter().map(of_one).collect()
    };
    if directives(before) != directives(&after) {
        return Err(layout("make a comment a parser directive, or the other way round"));
    }
    let mut rest = after.instructions();
    for instruction in before.instructions() {
        if instruction.span() != of.span() {
            if rest.next().is_none_or(|other| other.joined() != instruction.joined()) {
                return Err(layout("change another instruction"));
            }
        } else if !kept.is_empty() {
            let other = rest.next().map(|other| other.trigger().unwrap_or(other));
            let pairs = other.map(Instruction::pairs).unwrap_or_default();
            if !pairs.iter().map(|pair| pair.whole.text()).eq(kept.iter().copied()) {
                return Err(layout("change another variable"));
            }
        }
    }
    if rest.next().is_some() { Err(layout("change another instruction")) } else { Ok(()) }
}

#[cfg(test)]
pub(crate) mod tests;
