//! From lines to instructions (BuildKit, `frontend/dockerfile/parser`).

use std::sync::Arc;

use crate::heredoc;
use crate::logical::{LRange, Logical};
use crate::node::{self, Node};
use crate::tree::{Comment, Directive, DirectiveName, Dockerfile, HeredocData, InstructionData};
use crate::{Keyword, Span, SyntaxError, SyntaxErrorKind, validate};

/// Longest physical line without its `\n`: Go's `bufio.Scanner` holds 64 KiB.
const MAX_LINE: u32 = 65_535;

#[derive(Clone, Copy)]
struct Line {
    start: u32,
    /// Before `\r` and `\n`.
    end: u32,
    /// Start of the following line.
    next: u32,
    number: u32,
}

struct Lines<'a> {
    source: &'a str,
    at: u32,
    number: u32,
    too_long: Vec<Span>,
}

impl Iterator for Lines<'_> {
    type Item = Line;

    fn next(&mut self) -> Option<Line> {
        let bytes = self.source.as_bytes();
        let start = self.at;
        if start as usize >= bytes.len() {
            return None;
        }
        let (mut end, next) = match memchr::memchr(b'\n', &bytes[start as usize..]) {
            Some(len) => (start + len as u32, start + len as u32 + 1),
            None => (bytes.len() as u32, bytes.len() as u32),
        };
        if end - start > MAX_LINE {
            self.too_long.push(Span::new(start, end));
        }
        while end > start && bytes[end as usize - 1] == b'\r' {
            end -= 1;
        }
        self.at = next;
        self.number += 1;
        Some(Line { start, end, next, number: self.number })
    }
}

struct Parser<'a> {
    source: &'a str,
    lines: Lines<'a>,
    file: Dockerfile,
    directives_done: bool,
    /// The directives met so far, by [`DirectiveName`].
    directives_met: [bool; 3],
    /// Index of the first comment of the unbroken run above the current line.
    run: u32,
    parts: Vec<Span>,
    node_errors: Vec<(LRange, SyntaxErrorKind)>,
    in_stage: bool,
}

pub(crate) fn parse(source: &Arc<str>) -> Dockerfile {
    let file = Dockerfile::empty(Arc::clone(source));
    let lines = Lines { source, at: 0, number: 0, too_long: Vec::new() };
    let mut parser = Parser {
        source,
        lines,
        file,
        directives_done: false,
        directives_met: [false; 3],
        run: 0,
        parts: Vec::new(),
        node_errors: Vec::new(),
        in_stage: false,
    };
    parser.run();
    parser.file
}

impl Parser<'_> {
    fn run(&mut self) {
        self.file.has_bom = self.source.starts_with('\u{feff}');
        while let Some(line) = self.lines.next() {
            let bom = if line.number == 1 && self.file.has_bom { 3 } else { 0 };
            let whole = Span::new(line.start + bom, line.end.max(line.start + bom));
            let content = &self.source[whole.range()];
            let content = content.trim_start();
            let start = whole.end - content.len() as u32;
            if !content.starts_with('#') {
                self.directives_done = true;
                if content.is_empty() {
                    self.run = self.file.comments.len() as u32;
                } else {
                    self.instruction(line, start);
                    self.run = self.file.comments.len() as u32;
                }
                continue;
            }
            let span = Span::new(start, line.end);
            if !self.directives_done && self.directive(span) {
                continue;
            }
            self.directives_done = true;
            self.file.comments.push(Comment { span, line: line.number, inside: false });
        }
        self.finish();
    }

    fn finish(&mut self) {
        let file = &mut self.file;
        let too_long = std::mem::take(&mut self.lines.too_long);
        let errors =
            too_long.into_iter().map(|span| SyntaxError { kind: SyntaxErrorKind::LineTooLong, span });
        file.errors.extend(errors);
        let whole = Span::new(0, file.source.len() as u32);
        if file.instructions.is_empty() {
            file.errors.push(SyntaxError { kind: SyntaxErrorKind::NoInstructions, span: whole });
        } else if !self.in_stage && file.errors.is_empty() {
            file.errors.push(SyntaxError { kind: SyntaxErrorKind::NoFrom, span: whole });
        }
        file.errors.sort_by_key(|error| error.span.start);
    }

    fn error(&mut self, kind: SyntaxErrorKind, span: Span) {
        self.file.errors.push(SyntaxError { kind, span });
    }

    /// Takes the comment line as a directive if it is one.
    fn directive(&mut self, span: Span) -> bool {
        let text = &self.source[span.range()];
        let ascii_blank = |ch: char| matches!(ch, ' ' | '\t' | '\n' | '\u{c}' | '\r');
        let body = text[1..].trim_start();
        let name_len = body.bytes().take_while(u8::is_ascii_alphanumeric).count();
        let (name, rest) = body.split_at(name_len);
        if !name.starts_with(|ch: char| ch.is_ascii_alphabetic()) {
            return false;
        }
        let Some(value) = rest.trim_start_matches(ascii_blank).strip_prefix('=') else { return false };
        let value_start = value.trim_start_matches(ascii_blank);
        let value = value_start.trim_end_matches(ascii_blank);
        if value.is_empty() {
            return false;
        }
        let directive = match name.to_ascii_lowercase().as_str() {
            "syntax" => DirectiveName::Syntax,
            "escape" => DirectiveName::Escape,
            "check" => DirectiveName::Check,
            _ => return false,
        };
        let start = span.end - value_start.len() as u32;
        let value_span = Span::new(start, start + value.len() as u32);
        if std::mem::replace(&mut self.directives_met[directive as usize], true) {
            self.error(SyntaxErrorKind::DuplicateDirective(name.to_ascii_lowercase()), span);
        } else if directive == DirectiveName::Escape {
            match value {
                "\\" => {}
                "`" => self.file.escape = '`',
                _ => self.error(SyntaxErrorKind::InvalidEscapeDirective(value.to_owned()), value_span),
            }
        }
        self.file.directives.push(Directive { name: directive, span, value: value_span });
        true
    }

    /// Splits a line at its continuation: the end of its content, and whether the next line belongs to it.
    fn continuation(&self, start: u32, end: u32) -> (u32, bool) {
        let text = &self.source[start as usize..end as usize];
        let trimmed = text.trim_end_matches([' ', '\t']);
        match trimmed.strip_suffix(self.file.escape) {
            Some(before) if !before.ends_with(self.file.escape) => (start + before.len() as u32, true),
            _ => (end, false),
        }
    }

    fn instruction(&mut self, first: Line, start: u32) {
        let leading = self.run..self.file.comments.len() as u32;
        let (end, mut open) = self.continuation(start, first.end);
        let mut last = first;
        self.parts.clear();
        self.parts.push(Span::new(start, end));
        while open {
            let Some(line) = self.lines.next() else { break };
            last = line;
            let content = self.source[line.start as usize..line.end as usize].trim_start();
            if content.starts_with('#') {
                let span = Span::new(line.end - content.len() as u32, line.end);
                self.file.comments.push(Comment { span, line: line.number, inside: true });
            } else if content.is_empty() {
                self.file.empty_continuations.push(Span::new(line.start, line.next));
            } else {
                let (end, more) = self.continuation(line.start, line.end);
                self.parts.push(Span::new(line.start, end));
                open = more;
            }
        }
        let inner = leading.end..self.file.comments.len() as u32;
        let logical = match self.parts.as_slice() {
            [only] => Logical::slice(*only),
            parts => Logical::join(self.source, parts),
        };
        let text = logical.text(self.source);
        let node = node::read(text, 0..text.len() as u32, self.file.escape, &mut self.node_errors);
        validate::instruction(&node, text, &mut self.node_errors);
        let own_lines = Span::new(start, last.end.max(start));
        self.stage_order(&node, own_lines);
        let heredocs =
            if node.takes_heredocs() { self.heredocs(&logical, own_lines, &mut last) } else { Vec::new() };
        for (range, kind) in self.node_errors.drain(..) {
            let span = logical.source_span(&range);
            self.file.errors.push(SyntaxError { kind, span });
        }
        self.file.instructions.push(InstructionData {
            logical,
            node,
            span: Span::new(start, last.end.max(start)),
            full_span: Span::new(
                if first.number == 1 && self.file.has_bom { 3 } else { first.start },
                last.next,
            ),
            first_line: first.number,
            last_line: last.number,
            heredocs,
            leading,
            inner,
            ends_open: open,
        });
    }

    fn stage_order(&mut self, node: &Node, span: Span) {
        match node.keyword {
            Keyword::From => self.in_stage = true,
            Keyword::Arg | Keyword::Unknown => {}
            keyword if !self.in_stage => self.error(SyntaxErrorKind::NoStage(keyword), span),
            _ => {}
        }
    }

    fn heredocs(&mut self, logical: &Logical, span: Span, last: &mut Line) -> Vec<HeredocData> {
        let openers = match heredoc::openers(logical.text(self.source)) {
            Ok(openers) => openers,
            Err(word) => {
                self.error(SyntaxErrorKind::InvalidHeredoc(word), span);
                return Vec::new();
            }
        };
        let mut heredocs = Vec::with_capacity(openers.len());
        for opener in openers {
            let begin = last.next;
            let mut terminator = None;
            let mut end = begin;
            for line in self.lines.by_ref() {
                *last = line;
                let text = &self.source[line.start as usize..line.end as usize];
                let word = if opener.chomp { text.trim_start_matches('\t') } else { text };
                if word == opener.name {
                    terminator = Some(Span::new(line.end - word.len() as u32, line.end));
                    break;
                }
                end = line.next;
            }
            if terminator.is_none() {
                let at = logical.source_span(&opener.word);
                self.error(SyntaxErrorKind::UnterminatedHeredoc(opener.name.clone()), at);
            }
            heredocs.push(HeredocData { opener, body: Span::new(begin, end), terminator });
        }
        heredocs
    }
}
