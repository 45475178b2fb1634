//! Byte ranges in the source and their line and column.

use std::fmt;
use std::ops::Range;

/// A half-open byte range in the source text.
///
/// Offsets are `u32`: a Dockerfile above 4 GiB is refused before it is parsed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// The range `start..end`.
    pub const fn new(start: u32, end: u32) -> Self {
        Self { start, end }
    }

    /// The empty range at `offset`, where an insertion goes.
    pub const fn at(offset: u32) -> Self {
        Self { start: offset, end: offset }
    }

    /// Number of bytes.
    pub const fn len(self) -> u32 {
        self.end - self.start
    }

    /// Whether the range holds no byte.
    pub const fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// Whether `offset` lies inside.
    pub const fn contains(self, offset: u32) -> bool {
        self.start <= offset && offset < self.end
    }

    /// Whether `other` lies wholly inside.
    pub const fn covers(self, other: Span) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// Whether the two ranges share a byte.
    pub const fn intersects(self, other: Span) -> bool {
        self.start < other.end && other.start < self.end
    }

    /// The range for slicing.
    pub const fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.start, self.end)
    }
}

/// A position for people: both numbers start at 1; the column counts characters, not bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineCol {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

impl fmt::Display for LineCol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// Bytes between two counts of characters in a [`LineIndex`].
const STRIDE: usize = 512;

/// Start offset of every line, and how many characters stand before every [`STRIDE`]th byte: a [`LineCol`] look-up costs
/// no more in a line of many megabytes.
#[derive(Clone, Debug)]
pub(crate) struct LineIndex {
    starts: Vec<u32>,
    chars: Vec<u32>,
}

/// Characters that begin in `bytes`, which may start or end inside one.
fn count_chars(bytes: &[u8]) -> u32 {
    bytes.iter().map(|&byte| u32::from(byte & 0xc0 != 0x80)).sum()
}

impl LineIndex {
    pub(crate) fn new(source: &str) -> Self {
        let mut starts = vec![0];
        starts.extend(memchr::memchr_iter(b'\n', source.as_bytes()).map(|at| at as u32 + 1));
        let mut total = 0;
        let mut chars = Vec::with_capacity(source.len() / STRIDE + 1);
        for chunk in source.as_bytes().chunks(STRIDE) {
            chars.push(total);
            total += count_chars(chunk);
        }
        Self { starts, chars }
    }

    /// Characters before `offset`.
    fn chars_before(&self, source: &str, offset: usize) -> u32 {
        let block = (offset / STRIDE).min(self.chars.len().saturating_sub(1));
        self.chars
            .get(block)
            .map_or(0, |&chars| chars + count_chars(&source.as_bytes()[block * STRIDE..offset]))
    }

    pub(crate) fn line_col(&self, source: &str, offset: u32) -> LineCol {
        let line = self.starts.partition_point(|&start| start <= offset);
        let start = self.starts[line - 1] as usize;
        let mut end = (offset as usize).min(source.len());
        while !source.is_char_boundary(end) {
            end -= 1;
        }
        let start = start.min(end);
        let column = if end - start <= STRIDE {
            count_chars(&source.as_bytes()[start..end])
        } else {
            self.chars_before(source, end) - self.chars_before(source, start)
        };
        LineCol { line: line as u32, column: column + 1 }
    }

    /// Byte range of line `line` (from 1) without its line ending.
    pub(crate) fn line_span(&self, source: &str, line: u32) -> Option<Span> {
        let start = *self.starts.get(line.checked_sub(1)? as usize)?;
        let end = self.starts.get(line as usize).map_or(source.len() as u32, |&next| next - 1);
        let text = source[start as usize..end as usize].trim_end_matches('\r');
        Some(Span::new(start, start + text.len() as u32))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters() {
        let source = "FROM a\r\n# é b\n";
        let index = LineIndex::new(source);
        assert_eq!(index.line_col(source, 0), LineCol { line: 1, column: 1 });
        let at_b = source.find('b').unwrap() as u32;
        assert_eq!(index.line_col(source, at_b), LineCol { line: 2, column: 5 });
        assert_eq!(index.line_col(source, source.len() as u32), LineCol { line: 3, column: 1 });
        assert_eq!(index.line_span(source, 1), Some(Span::new(0, 6)));
        assert_eq!(index.line_span(source, 3), Some(Span::new(15, 15)));
        assert_eq!(index.line_span(source, 4), None);
        assert_eq!(index.line_span(source, 0), None);
    }

    #[test]
    fn an_offset_inside_a_character_does_not_panic() {
        let source = "é";
        assert_eq!(LineIndex::new(source).line_col(source, 1).column, 1);
        assert_eq!(LineIndex::new("").line_col("", 7), LineCol { line: 1, column: 1 });
    }

    #[test]
    fn columns_in_long_lines() {
        for lead in ["", "x", "xx\n"] {
            let source = format!("{lead}{}", "é".repeat(3 * STRIDE));
            let index = LineIndex::new(&source);
            let start = source.rfind('\n').map_or(0, |at| at + 1);
            for offset in (start..=source.len()).filter(|&at| source.is_char_boundary(at)).step_by(37) {
                let column = source[start..offset].chars().count() as u32 + 1;
                assert_eq!(index.line_col(&source, offset as u32).column, column);
            }
        }
    }
}
