//! Places as SARIF counts them, names of files as URIs, and fingerprints.
//!
//! SARIF 2.1.0: lines and columns from 1, offsets from 0, ends exclusive, columns and offsets in UTF-16 code units
//! (`columnKind`), and a byte order mark is no part of the text (3.30). A lone carriage return ends no line
//! (`newlineSequences`).

use std::fmt::Write as _;

use dockerfile_syntax::{Dockerfile, Span};
use harden_core::redact::{mask_text, secret_spans};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

/// Bytes between two places whose offset is known.
const STRIDE: usize = 256;
/// Bytes of a line that a fingerprint is made of.
const MAX_FINGERPRINTED: usize = 512;

/// A range of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Region {
    start_line: u32,
    start_column: u32,
    end_line: u32,
    end_column: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    char_offset: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    char_length: Option<u32>,
}

/// The places of one text. Each answer takes the time of a binary search, however long the line is.
pub(super) struct Places<'t> {
    text: &'t str,
    /// Where each line starts, in bytes; the first behind the byte order mark.
    lines: Vec<usize>,
    /// Code units before each block of [`STRIDE`] bytes.
    units: Vec<u32>,
}

/// Code units of the characters that begin in `bytes`.
fn units(bytes: &[u8]) -> u32 {
    // A character beyond the basic plane has four bytes and two code units.
    bytes.iter().map(|&byte| u32::from(byte & 0xc0 != 0x80) + u32::from(byte >= 0xf0)).sum()
}

impl<'t> Places<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        let mut lines = vec![start];
        lines.extend(text.match_indices('\n').map(|(at, _)| at + 1));
        let mut total = 0;
        let mut blocks = Vec::with_capacity(text.len() / STRIDE + 1);
        for block in text.as_bytes().chunks(STRIDE) {
            blocks.push(total);
            total += units(block);
        }
        blocks.push(total);
        Self { text, lines, units: blocks }
    }

    /// Code units before a byte, those of the byte order mark among them.
    fn before(&self, at: usize) -> u32 {
        let block = at / STRIDE;
        let rest = self.text.as_bytes().get(block * STRIDE..at).unwrap_or_default();
        self.units.get(block).copied().unwrap_or_default() + units(rest)
    }

    /// Line and column from 1, and offset from 0.
    fn position(&self, at: usize) -> (u32, u32, u32) {
        let first = self.lines.first().copied().unwrap_or_default();
        let at = at.clamp(first, self.text.len().max(first));
        let line = self.lines.partition_point(|&start| start <= at).max(1);
        let start = self.lines.get(line - 1).copied().unwrap_or_default();
        let offset = self.before(at);
        (line as u32, offset - self.before(start) + 1, offset - self.before(first))
    }

    /// A place to look at. The end of a line is no part of it where it would be the end of the region.
    pub(super) fn region(&self, span: Span) -> Region {
        let found = self.text.get(span.range()).unwrap_or_default();
        let shown = found.trim_end_matches(['\r', '\n']).len();
        let region = self.exact(Span::new(span.start, span.start + shown as u32));
        Region { char_offset: None, char_length: None, ..region }
    }

    /// A place to edit.
    pub(super) fn exact(&self, span: Span) -> Region {
        let (start_line, start_column, offset) = self.position(span.start as usize);
        let (end_line, end_column, end) = self.position(span.end as usize);
        Region {
            start_line,
            start_column,
            end_line,
            end_column,
            char_offset: Some(offset),
            char_length: Some(end - offset),
        }
    }
}

/// A path as a URI reference (RFC 3986): every byte that is not unreserved or `/` is percent-encoded. A first part like
/// `a:b` would be a scheme; its colon is encoded, too.
pub(super) fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            // Writing to a `String` cannot fail.
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}

/// Makes fingerprints of the findings of one file.
pub(super) struct Fingerprints<'f> {
    file: &'f Dockerfile,
    secrets: Vec<Span>,
}

impl<'f> Fingerprints<'f> {
    pub(super) fn new(file: &'f Dockerfile) -> Self {
        Self { file, secrets: secret_spans(file) }
    }

    /// What stays the same when lines above move or blanks change: the rule, the start of the line without blanks, and
    /// nothing of a secret in it, which could be guessed from a hash.
    pub(super) fn of(&self, rule: &str, span: Span) -> String {
        let line = self.file.line_span(self.file.line_col(span.start).line).unwrap_or(span);
        let mut end = line.end.min(line.start.saturating_add(MAX_FINGERPRINTED as u32)) as usize;
        while !self.file.text().is_char_boundary(end) {
            end -= 1;
        }
        let mut plain = String::new();
        let mut at = line.start as usize;
        let from = self.secrets.partition_point(|secret| secret.end <= line.start);
        for secret in self.secrets.iter().skip(from).take_while(|secret| (secret.start as usize) < end) {
            let start = (secret.start as usize).clamp(at, end);
            plain.push_str(self.file.text().get(at..start).unwrap_or_default());
            at = (secret.end as usize).clamp(start, end);
        }
        plain.push_str(self.file.text().get(at..end).unwrap_or_default());
        let mut hash = Sha256::new();
        hash.update(rule);
        hash.update([0]);
        for word in mask_text(&plain).split_whitespace() {
            hash.update(word);
            hash.update([0]);
        }
        let mut shown = String::new();
        for byte in hash.finalize().iter().take(16) {
            let _ = write!(shown, "{byte:02x}");
        }
        shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str, part: &str) -> Region {
        let start = text.find(part).unwrap();
        Places::new(text).exact(Span::new(start as u32, (start + part.len()) as u32))
    }

    #[test]
    fn columns_count_utf_16() {
        let region = at("FROM a\r\n# é😀 x\r\n", "x");
        assert_eq!((region.start_line, region.start_column, region.end_column), (2, 7, 8));
        assert_eq!((region.char_offset, region.char_length), (Some(14), Some(1)));
    }

    #[test]
    fn a_byte_order_mark_is_not_counted() {
        for (text, offset) in [("\u{feff}FROM a\nRUN b\n", 0), ("FROM a\nRUN b\n", 0)] {
            let from = at(text, "FROM");
            assert_eq!((from.start_line, from.start_column, from.char_offset), (1, 1, Some(offset)));
            let run = at(text, "RUN");
            assert_eq!((run.start_line, run.start_column, run.char_offset), (2, 1, Some(7)));
        }
        let before = Places::new("\u{feff}FROM a").exact(Span::at(0));
        assert_eq!((before.start_column, before.char_offset), (1, Some(0)));
    }

    #[test]
    fn the_end_of_the_text() {
        let region = Places::new("FROM a\n").exact(Span::at(7));
        assert_eq!((region.start_line, region.start_column, region.char_offset), (2, 1, Some(7)));
        let region = Places::new("FROM a").exact(Span::at(6));
        assert_eq!((region.start_line, region.start_column, region.char_offset), (1, 7, Some(6)));
        let region = Places::new("FROM a\r\n").region(Span::new(5, 8));
        assert_eq!((region.end_line, region.end_column), (1, 7));
    }

    #[test]
    fn blocks_agree_with_counting() {
        let text: String = (0..600).map(|at| ["a", "é", "😀", "\n", "\r\n"][at * 7 % 5]).collect();
        let places = Places::new(&text);
        for (at, _) in text.char_indices() {
            let (line, column, offset) = places.position(at);
            let before = &text[..at];
            assert_eq!(offset as usize, before.encode_utf16().count());
            assert_eq!(line as usize, before.matches('\n').count() + 1);
            let start = before.rfind('\n').map_or(0, |at| at + 1);
            assert_eq!(column as usize, text[start..at].encode_utf16().count() + 1);
        }
    }

    #[test]
    fn names_as_uris() {
        assert_eq!(uri("docker/web.Dockerfile"), "docker/web.Dockerfile");
        assert_eq!(uri("a b/é#?%:&.Dockerfile"), "a%20b/%C3%A9%23%3F%25%3A%26.Dockerfile");
    }

    #[test]
    fn fingerprints_stay_where_lines_move_and_know_no_secret() {
        let of = |text: &str| {
            let file = Dockerfile::parse(text);
            let at = text.find("ENV").unwrap() as u32;
            Fingerprints::new(&file).of("secret-in-env", Span::new(at, at + 3))
        };
        let first = of("FROM a\nENV DB_PASSWORD=hunter2-Xq9vT4z\n");
        assert_eq!(first, of("# more\r\nFROM a\r\n\r\n  ENV   DB_PASSWORD=hunter2-Xq9vT4z\r\n"));
        assert_eq!(
            first,
            of("FROM a\nENV DB_PASSWORD=another-Yp8wU5a\n"),
            "it would tell one secret from another"
        );
        assert_ne!(first, of("FROM a\nENV OTHER_PASSWORD=hunter2-Xq9vT4z\n"));
    }
}
