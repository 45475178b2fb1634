//! The file: its text, directives, comments and instructions.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use crate::heredoc::Opener;
use crate::logical::Logical;
use crate::node::Node;
use crate::span::LineIndex;
use crate::{Instruction, LineCol, Span, SyntaxError, parse};

/// A parsed Dockerfile. It keeps every byte of its source, whatever the source is.
///
/// ```
/// use dockerfile_syntax::{Dockerfile, Keyword};
///
/// let file = Dockerfile::parse("FROM alpine:3.22 AS base\nRUN apk add \\\n  # why\n  curl\n");
/// assert!(file.errors().is_empty());
/// let run = file.instructions().nth(1).unwrap();
/// assert_eq!(run.keyword(), Keyword::Run);
/// assert_eq!(run.arguments().text(), "apk add   curl");
/// assert_eq!(run.lines(), (2, 4));
/// ```
#[derive(Clone, Debug)]
pub struct Dockerfile {
    pub(crate) source: Arc<str>,
    pub(crate) escape: char,
    pub(crate) has_bom: bool,
    pub(crate) directives: Vec<Directive>,
    pub(crate) comments: Vec<Comment>,
    pub(crate) instructions: Vec<InstructionData>,
    pub(crate) errors: Vec<SyntaxError>,
    pub(crate) empty_continuations: Vec<Span>,
    lines: OnceLock<LineIndex>,
}

/// A parser directive: `# syntax=…`, `# escape=…` or `# check=…` at the top of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directive {
    /// `syntax`, `escape` or `check`.
    pub name: DirectiveName,
    /// The whole line, from `#` to before the line ending.
    pub span: Span,
    /// The value, without blanks around it.
    pub value: Span,
}

/// The parser directives BuildKit knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DirectiveName {
    /// `# syntax=`: the frontend image.
    Syntax,
    /// `# escape=`: the escape character.
    Escape,
    /// `# check=`: settings of the build checks.
    Check,
}

/// A comment line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Comment {
    /// From `#` to before the line ending.
    pub span: Span,
    /// Line, from 1.
    pub line: u32,
    /// Inside a continued instruction, which BuildKit reads without it.
    pub inside: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct InstructionData {
    pub(crate) logical: Logical,
    pub(crate) node: Node,
    pub(crate) span: Span,
    pub(crate) full_span: Span,
    pub(crate) first_line: u32,
    pub(crate) last_line: u32,
    pub(crate) heredocs: Vec<HeredocData>,
    /// Index range in the file's comments: the unbroken run directly above.
    pub(crate) leading: Range<u32>,
    /// Index range in the file's comments: the lines inside the continuation.
    pub(crate) inner: Range<u32>,
    pub(crate) ends_open: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct HeredocData {
    pub(crate) opener: Opener,
    pub(crate) body: Span,
    pub(crate) terminator: Option<Span>,
}

/// A part of the file; all parts in order are the file, byte for byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece {
    /// The byte order mark.
    Bom(Span),
    /// A directive line with its line ending.
    Directive(Span),
    /// A comment line with its line ending, outside instructions.
    Comment(Span),
    /// A line of blanks with its line ending.
    Blank(Span),
    /// All lines of an instruction, with comments, heredocs and line endings.
    Instruction(Span),
}

impl Piece {
    /// Its byte range.
    pub fn span(self) -> Span {
        match self {
            Self::Bom(span)
            | Self::Directive(span)
            | Self::Comment(span)
            | Self::Blank(span)
            | Self::Instruction(span) => span,
        }
    }
}

impl Dockerfile {
    /// Parses any text. It never fails: what BuildKit would reject is in [`errors`](Self::errors).
    ///
    /// Linear in the length of the source and not recursive on it. Text past 4 GiB is not supported; callers cap far
    /// below that.
    pub fn parse(source: impl Into<Arc<str>>) -> Self {
        parse::parse(&source.into())
    }

    pub(crate) fn empty(source: Arc<str>) -> Self {
        Self {
            source,
            escape: '\\',
            has_bom: false,
            directives: Vec::new(),
            comments: Vec::new(),
            instructions: Vec::new(),
            errors: Vec::new(),
            empty_continuations: Vec::new(),
            lines: OnceLock::new(),
        }
    }

    /// The source, unchanged.
    pub fn text(&self) -> &str {
        &self.source
    }

    /// The source, shared.
    pub fn source(&self) -> Arc<str> {
        Arc::clone(&self.source)
    }

    /// The text of a range.
    ///
    /// # Panics
    /// When the range does not lie on character boundaries of this file. Every span this crate hands out does.
    pub fn slice(&self, span: Span) -> &str {
        &self.source[span.range()]
    }

    /// The escape character: `\` unless a directive says `` ` ``.
    pub fn escape(&self) -> char {
        self.escape
    }

    /// Whether the file begins with a byte order mark.
    pub fn has_bom(&self) -> bool {
        self.has_bom
    }

    /// Parser directives, in order.
    pub fn directives(&self) -> &[Directive] {
        &self.directives
    }

    /// The value of a directive.
    pub fn directive(&self, name: DirectiveName) -> Option<&str> {
        self.directives
            .iter()
            .find(|directive| directive.name == name)
            .map(|directive| self.slice(directive.value))
    }

    /// All comment lines in order, also those inside continuations, without directives.
    pub fn comments(&self) -> &[Comment] {
        &self.comments
    }

    /// The instructions in order. ONBUILD holds its own: [`Instruction::trigger`].
    pub fn instructions(
        &self,
    ) -> impl DoubleEndedIterator<Item = Instruction<'_>> + ExactSizeIterator + Clone {
        self.instructions.iter().map(|data| Instruction::new(self, data))
    }

    /// What BuildKit would reject, sorted by position. Empty: BuildKit accepts the file.
    pub fn errors(&self) -> &[SyntaxError] {
        &self.errors
    }

    /// Blank lines inside continuations: accepted, and deprecated by BuildKit.
    pub fn empty_continuations(&self) -> &[Span] {
        &self.empty_continuations
    }

    /// Line and column of a byte offset.
    pub fn line_col(&self, offset: u32) -> LineCol {
        self.line_index().line_col(&self.source, offset)
    }

    /// Byte range of a line (from 1) without its line ending.
    pub fn line_span(&self, line: u32) -> Option<Span> {
        self.line_index().line_span(&self.source, line)
    }

    fn line_index(&self) -> &LineIndex {
        self.lines.get_or_init(|| LineIndex::new(&self.source))
    }

    /// The line ending most lines use; `"\n"` when there is none.
    pub fn line_ending(&self) -> &'static str {
        let bytes = self.source.as_bytes();
        let (mut lf, mut crlf) = (0_usize, 0_usize);
        for at in memchr::memchr_iter(b'\n', bytes) {
            if at > 0 && bytes[at - 1] == b'\r' {
                crlf += 1;
            } else {
                lf += 1;
            }
        }
        if crlf > lf { "\r\n" } else { "\n" }
    }

    /// The file in parts that cover every byte once.
    pub fn pieces(&self) -> Vec<Piece> {
        let mut marks: Vec<Piece> = Vec::new();
        if self.has_bom {
            marks.push(Piece::Bom(Span::new(0, 3)));
        }
        marks.extend(self.instructions.iter().map(|data| Piece::Instruction(data.full_span)));
        marks.extend(
            self.directives.iter().map(|directive| Piece::Directive(self.whole_line(directive.span))),
        );
        let outside = self.comments.iter().filter(|comment| !comment.inside);
        marks.extend(outside.map(|comment| Piece::Comment(self.whole_line(comment.span))));
        marks.sort_by_key(|piece| piece.span());
        let mut pieces = Vec::with_capacity(marks.len() * 2);
        let mut at = 0;
        for mark in marks {
            self.blank_lines(at, mark.span().start, &mut pieces);
            at = mark.span().end;
            pieces.push(mark);
        }
        self.blank_lines(at, self.source.len() as u32, &mut pieces);
        pieces
    }

    fn blank_lines(&self, mut at: u32, end: u32, pieces: &mut Vec<Piece>) {
        while at < end {
            let rest = &self.source.as_bytes()[at as usize..end as usize];
            let next = memchr::memchr(b'\n', rest).map_or(end, |len| at + len as u32 + 1);
            pieces.push(Piece::Blank(Span::new(at, next)));
            at = next;
        }
    }

    /// The line around a comment or directive: blanks before it and the line ending.
    fn whole_line(&self, span: Span) -> Span {
        let bytes = self.source.as_bytes();
        let before = memchr::memrchr(b'\n', &bytes[..span.start as usize]).map_or(0, |at| at as u32 + 1);
        let start = if before == 0 && self.has_bom { 3 } else { before };
        let end = memchr::memchr(b'\n', &bytes[span.end as usize..])
            .map_or(bytes.len() as u32, |len| span.end + len as u32 + 1);
        Span::new(start, end)
    }
}
