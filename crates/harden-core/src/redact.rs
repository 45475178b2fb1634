//! Never show a secret while quoting a Dockerfile.
//!
//! Two masks work together. [`secret_spans`] knows the file: continuations, comments, heredocs, and it reads broken
//! files too. [`mask_text`] knows only a short text. Both look for values of secret-looking names, for passwords in
//! URLs and command lines, and for the published shapes of access tokens. The names cover what BuildKit's
//! `SecretsUsedInArgOrEnv` check looks for, and more.
//!
//! A false alarm hides a word of a report, a miss publishes a password: in doubt a value is masked. What a reader of
//! a diff needs stays: image references, digests, paths, versions, booleans, `$VARIABLES` and empty values.
//!
//! What cannot be known: a password under a name, in a path or among arguments that say nothing about it (`USER
//! hunter2`, `RUN tool hunter2`), and `user:password@registry/image` without a scheme. `tests/leaks` lists where it shows.
//!
//! Time is linear in the text, nothing recurses, and nothing is kept between calls.

mod assign;
mod commands;
mod names;
mod pipes;
mod shapes;
mod shell;
mod statement;
mod url;
mod value;
mod view;
mod words;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::ops::Range;

use dockerfile_syntax::{Dockerfile, Span, SyntaxError};

/// What stands in the place of a secret. Its length says nothing about the secret.
pub const MASK: &str = "********";

/// Byte ranges of the source that may hold a secret value: sorted, disjoint, on character boundaries, none empty.
///
/// No range reaches over a line ending, so a masked file has the same lines. The names, quotes and continuations
/// around a value stay outside. It works on any text; [`Dockerfile::errors`] may hold whatever it likes.
pub fn secret_spans(file: &Dockerfile) -> Vec<Span> {
    let source = file.text();
    let mut ranges = Vec::new();
    for view in view::views(file) {
        let mut scan = Scan::new(&view.text, view.kind);
        scan.escape = if file.escape() == '`' { b'`' } else { b'\\' };
        scan.file_body = view.file_body;
        for hit in scan.run() {
            view.spans(source, &hit, &mut ranges);
        }
    }
    // A key block may reach over several instructions of a broken file.
    ranges.extend(shapes::private_keys(source).into_iter().filter_map(|key| view::trimmed(source, key)));
    merged(ranges).into_iter().map(|range| Span::new(range.start as u32, range.end as u32)).collect()
}

/// Masks the secrets in a short text that may quote a Dockerfile: a message, a word, a URL.
///
/// ```
/// use harden_core::redact::mask_text;
///
/// assert_eq!(mask_text("DB_PASSWORD=hunter2"), "DB_PASSWORD=********");
/// assert_eq!(mask_text("https://me:hunter2@host/x?access_token=abc1"), "https://me:********@host/x?access_token=********");
/// assert_eq!(mask_text("alpine:3.22 is not pinned"), "alpine:3.22 is not pinned");
/// ```
pub fn mask_text(text: &str) -> Cow<'_, str> {
    let hits = Scan::new(text, Kind::Message).run();
    if hits.is_empty() { Cow::Borrowed(text) } else { Cow::Owned(masked(text, &hits)) }
}

/// A source line (from 1, without its line ending) with every secret masked; empty when there is no such line.
///
/// Each call reads the whole file; for many lines call [`secret_spans`] once.
pub fn mask_line(file: &Dockerfile, line: u32) -> String {
    let Some(span) = file.line_span(line) else { return String::new() };
    let text = file.slice(span);
    let start = span.start as usize;
    let mut hits = Scan::new(text, Kind::Message).run();
    for secret in secret_spans(file).into_iter().filter(|secret| secret.intersects(span)) {
        hits.push(secret.start.max(span.start) as usize - start..secret.end.min(span.end) as usize - start);
    }
    masked(text, &merged(hits))
}

/// The message of a syntax error, fit to be shown.
///
/// A message quotes one word of the source, and a word alone (`hunter2`, cut off from its name) cannot be recognised:
/// where the error touches a secret, the quoted part of the message is masked as a whole.
pub fn mask_error(file: &Dockerfile, error: &SyntaxError) -> String {
    let message = error.to_string();
    let touches = secret_spans(file).into_iter().any(|secret| secret.intersects(error.span));
    if !touches {
        return mask_text(&message).into_owned();
    }
    let quoted = |quote: char| {
        let (open, close) = (message.find(quote)?, message.rfind(quote)?);
        (open < close).then_some(open + 1..close)
    };
    let hits = ['"', '`'].into_iter().filter_map(quoted).collect();
    let shown = masked(&message, &merged(hits));
    mask_text(&shown).into_owned()
}

/// What a text is, as far as that changes how it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// An instruction with its heredocs.
    Instruction,
    /// A line that is no instruction: perhaps the rest of a broken ENV.
    Unknown,
    /// A comment: prose, or code that was commented out.
    Comment,
    /// A message.
    Message,
}

impl Kind {
    /// Whether ordinary sentences are to be expected.
    fn is_prose(self) -> bool {
        matches!(self, Kind::Comment | Kind::Message)
    }
}

/// A text to look through, and what was found in it.
struct Scan<'a> {
    text: &'a str,
    kind: Kind,
    /// The escape character of ENV, LABEL and ARG.
    escape: u8,
    /// Where a file body begins: there, an unquoted value runs to the end of its line.
    file_body: usize,
    hits: Vec<Range<usize>>,
}

impl<'a> Scan<'a> {
    fn new(text: &'a str, kind: Kind) -> Self {
        Scan { text, kind, escape: b'\\', file_body: usize::MAX, hits: Vec::new() }
    }

    fn bytes(&self) -> &'a [u8] {
        self.text.as_bytes()
    }

    /// Finds everything; sorted and disjoint.
    fn run(mut self) -> Vec<Range<usize>> {
        statement::find(&mut self);
        assign::find(&mut self);
        commands::find(&mut self);
        pipes::find(&mut self);
        url::find(&mut self);
        shapes::find(&mut self);
        merged(self.hits)
    }

    /// Notes a secret.
    fn hit(&mut self, range: Range<usize>) {
        self.hits.push(range);
    }
}

/// Sorts ranges, drops empty ones, and joins those that overlap or touch.
fn merged(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.retain(|range| range.start < range.end);
    ranges.sort_unstable_by_key(|range| (range.start, range.end));
    let mut out: Vec<Range<usize>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match out.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => out.push(range),
        }
    }
    out
}

/// The text with each range replaced by [`MASK`].
fn masked(text: &str, hits: &[Range<usize>]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for hit in hits {
        out.push_str(&text[at..hit.start]);
        out.push_str(MASK);
        at = hit.end;
    }
    out.push_str(&text[at..]);
    out
}
