//! The texts a file consists of, with continuations joined, and the way back to the source.

use std::ops::Range;

use dockerfile_syntax::{Dockerfile, Instruction, Keyword, Piece, Span};

use super::Kind;

/// One text to look through.
pub(super) struct View {
    pub(super) text: String,
    pub(super) kind: Kind,
    /// Where a file body (heredoc of COPY or ADD) begins in the text.
    pub(super) file_body: usize,
    /// `(offset in the text, offset in the source, length)`, one for each line.
    runs: Vec<(usize, usize, usize)>,
}

impl View {
    fn new(kind: Kind) -> Self {
        View { text: String::new(), kind, file_body: usize::MAX, runs: Vec::new() }
    }

    fn push(&mut self, source: &str, range: Range<usize>) {
        self.runs.push((self.text.len(), range.start, range.len()));
        self.text.push_str(&source[range]);
    }

    /// Adds a line: with `escape` at its end the next one joins it, else it ends here. Gives whether it is open.
    fn push_line(&mut self, source: &str, line: Range<usize>, escape: char) -> bool {
        let text = &source[line.clone()];
        let content = text.trim_end();
        let open = content.strip_suffix(escape).filter(|before| !before.ends_with(escape));
        if let Some(before) = open {
            self.push(source, line.start..line.start + before.len());
        } else {
            self.push(source, line.start..line.start + text.trim_end_matches(['\n', '\r']).len());
            self.text.push('\n');
        }
        open.is_some()
    }

    /// The source ranges of a range of the text, line by line, without blanks around them.
    pub(super) fn spans(&self, source: &str, hit: &Range<usize>, spans: &mut Vec<Range<usize>>) {
        let first = self.runs.partition_point(|&(at, _, len)| at + len <= hit.start);
        for &(at, origin, len) in &self.runs[first..] {
            if at >= hit.end {
                break;
            }
            let start = origin + hit.start.saturating_sub(at);
            let end = origin + len.min(hit.end - at);
            spans.extend(trimmed(source, start..end));
        }
    }
}

/// The range without blanks and line endings around it.
pub(super) fn trimmed(source: &str, range: Range<usize>) -> Option<Range<usize>> {
    let text = source.get(range.clone())?;
    let start = range.start + text.len() - text.trim_start().len();
    let end = range.start + text.trim_end().len();
    (start < end).then_some(start..end)
}

/// Every text of the file: each instruction with its heredocs, each run of comment lines, each directive.
///
/// A comment line inside a continued instruction is a text of its own, as BuildKit reads the instruction without it.
pub(super) fn views(file: &Dockerfile) -> Vec<View> {
    let source = file.text();
    let mut views = Vec::new();
    let mut instructions = file.instructions();
    let mut comments = View::new(Kind::Comment);
    for piece in file.pieces() {
        match piece {
            Piece::Comment(span) | Piece::Directive(span) => {
                push_comment(&mut comments, source, span.range());
            }
            Piece::Bom(_) | Piece::Blank(_) => flush(&mut comments, &mut views),
            Piece::Instruction(span) => {
                flush(&mut comments, &mut views);
                let Some(instruction) = instructions.next() else { continue };
                let trigger = instruction.trigger().map_or(instruction.keyword(), Instruction::keyword);
                let kind = if trigger == Keyword::Unknown { Kind::Unknown } else { Kind::Instruction };
                let body = instruction.heredocs().next().map_or(span.end, |heredoc| heredoc.body().start);
                let mut view = own_lines(file, Span::new(span.start, body.max(span.start)), kind, &mut views);
                if matches!(trigger, Keyword::Copy | Keyword::Add) {
                    view.file_body = view.text.len();
                }
                for line in lines(source, body as usize..span.end as usize) {
                    view.push_line(source, line, '\\');
                }
                views.push(view);
            }
        }
    }
    flush(&mut comments, &mut views);
    views
}

/// The lines of an instruction without its heredocs; its comment lines go to `views`.
fn own_lines(file: &Dockerfile, span: Span, kind: Kind, views: &mut Vec<View>) -> View {
    let source = file.text();
    let mut view = View::new(kind);
    let mut comments = View::new(Kind::Comment);
    let mut first = true;
    for line in lines(source, span.range()) {
        let content = source[line.clone()].trim_start();
        if !first && content.starts_with('#') {
            push_comment(&mut comments, source, line);
        } else if first || !content.is_empty() {
            view.push_line(source, line, file.escape());
        }
        first = false;
    }
    flush(&mut comments, views);
    if !view.text.ends_with('\n') {
        view.text.push('\n');
    }
    view
}

fn push_comment(comments: &mut View, source: &str, line: Range<usize>) {
    let text = &source[line.clone()];
    // A comment that goes on has its mark dropped, so that `# ENV A=\` and `#   secret` join.
    let mark = if comments.text.is_empty() || comments.text.ends_with('\n') {
        0
    } else {
        text.len() - text.trim_start().trim_start_matches('#').len()
    };
    comments.push_line(source, line.start + mark..line.end, '\\');
}

fn flush(view: &mut View, views: &mut Vec<View>) {
    let full = std::mem::replace(view, View::new(Kind::Comment));
    if !full.text.is_empty() {
        views.push(full);
    }
}

fn lines(source: &str, range: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let mut at = range.start;
    source[range].split_inclusive('\n').map(move |line| {
        let start = at;
        at += line.len();
        start..at
    })
}
