//! The text of an instruction with its continuations joined, and the way back to the source.

use std::ops::Range;

use crate::Span;

/// A range in the joined text of one instruction.
pub(crate) type LRange = Range<u32>;

/// One instruction's joined text.
///
/// Without a continuation it is a slice of the source and costs nothing.
#[derive(Clone, Debug)]
pub(crate) struct Logical {
    joined: Option<Box<str>>,
    /// Where the text (or its first segment) begins in the source.
    start: u32,
    len: u32,
    /// `(offset in the text, offset in the source)` of every contiguous run, when there is more than one.
    segments: Vec<(u32, u32)>,
}

impl Logical {
    /// The text is `source[span]`.
    pub(crate) fn slice(span: Span) -> Self {
        Self { joined: None, start: span.start, len: span.len(), segments: Vec::new() }
    }

    /// The text is the concatenation of `parts`.
    pub(crate) fn join(source: &str, parts: &[Span]) -> Self {
        let len = parts.iter().map(|part| part.len() as usize).sum();
        let mut joined = String::with_capacity(len);
        let mut segments = Vec::with_capacity(parts.len());
        for part in parts {
            if !part.is_empty() || segments.is_empty() {
                segments.push((joined.len() as u32, part.start));
            }
            joined.push_str(&source[part.range()]);
        }
        let start = parts.first().map_or(0, |part| part.start);
        Self { len: joined.len() as u32, joined: Some(joined.into_boxed_str()), start, segments }
    }

    pub(crate) fn text<'a>(&'a self, source: &'a str) -> &'a str {
        match &self.joined {
            Some(text) => text,
            None => &source[self.start as usize..(self.start + self.len) as usize],
        }
    }

    /// Source offset of the byte at `at`; at a seam, the one after it.
    fn forward(&self, at: u32) -> u32 {
        if self.segments.is_empty() {
            return self.start + at;
        }
        let index = self.segments.partition_point(|&(text, _)| text <= at).saturating_sub(1);
        let (text, source) = self.segments[index];
        source + (at - text)
    }

    /// Source offset just after the byte before `at`; at a seam, the one before it.
    fn backward(&self, at: u32) -> u32 {
        if self.segments.is_empty() || at == 0 {
            return self.forward(at);
        }
        let index = self.segments.partition_point(|&(text, _)| text < at).saturating_sub(1);
        let (text, source) = self.segments[index];
        source + (at - text)
    }

    /// The source range of a range of the text. It includes continuations and comment lines in its middle, never at
    /// its ends.
    pub(crate) fn source_span(&self, range: &LRange) -> Span {
        if range.start == range.end {
            return Span::at(self.backward(range.start));
        }
        Span::new(self.forward(range.start), self.backward(range.end))
    }

    /// Whether a continuation lies inside `range`.
    pub(crate) fn is_split(&self, range: &LRange) -> bool {
        self.source_span(range).len() != range.end - range.start
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_do_not_begin_or_end_in_a_continuation() {
        let source = "RUN a \\\n  b\\\nc";
        let parts = [Span::new(0, 6), Span::new(8, 11), Span::new(13, 14)];
        let logical = Logical::join(source, &parts);
        assert_eq!(logical.text(source), "RUN a   bc");
        assert_eq!(logical.source_span(&(4..5)), Span::new(4, 5));
        assert_eq!(logical.source_span(&(8..10)), Span::new(10, 14));
        assert_eq!(logical.source_span(&(6..8)), Span::new(8, 10));
        assert_eq!(logical.source_span(&(9..9)), Span::at(11));
        assert!(logical.is_split(&(8..10)) && !logical.is_split(&(4..5)));
    }
}
