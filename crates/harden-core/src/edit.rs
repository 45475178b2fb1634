//! Byte-range edits: all of a set or none.

use std::fmt;

use dockerfile_syntax::Span;

/// One replacement in the source text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// What goes; empty for an insertion.
    pub span: Span,
    /// What comes.
    pub text: String,
}

impl Edit {
    /// Replaces a range.
    pub fn replace(span: Span, text: impl Into<String>) -> Self {
        Self { span, text: text.into() }
    }

    /// Inserts before the byte at `offset`.
    pub fn insert(offset: u32, text: impl Into<String>) -> Self {
        Self::replace(Span::at(offset), text)
    }

    /// Removes a range.
    pub fn delete(span: Span) -> Self {
        Self::replace(span, "")
    }
}

/// Edits that do not touch each other, sorted by position.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EditSet {
    edits: Vec<Edit>,
    /// How far text after edit `i` has moved.
    shift_after: Vec<i64>,
}

/// Why edits do not form a set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EditError {
    /// Two edits share a byte, or two insertions go to the same place: their order would be a guess.
    Overlap(Span, Span),
    /// A range ends past the text, or lies inside a character.
    OutOfBounds(Span),
}

impl fmt::Display for EditError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Overlap(a, b) => write!(f, "the edits at bytes {a:?} and {b:?} overlap"),
            Self::OutOfBounds(span) => write!(f, "the edit at bytes {span:?} is not inside the text"),
        }
    }
}

impl std::error::Error for EditError {}

impl EditSet {
    /// Sorts and checks the edits of `source`. Edits that replace a range with itself are dropped.
    pub fn new(source: &str, mut edits: Vec<Edit>) -> Result<Self, EditError> {
        for edit in &edits {
            let Span { start, end } = edit.span;
            let inside = start <= end
                && source.is_char_boundary(start as usize)
                && source.is_char_boundary(end as usize);
            if !inside {
                return Err(EditError::OutOfBounds(edit.span));
            }
        }
        edits.retain(|edit| source[edit.span.range()] != edit.text);
        edits.sort_by_key(|edit| edit.span);
        for pair in edits.windows(2) {
            let (a, b) = (pair[0].span, pair[1].span);
            let same_place = a.start == b.start;
            if same_place || b.start < a.end {
                return Err(EditError::Overlap(a, b));
            }
        }
        let mut shift = 0_i64;
        let shift_after = edits
            .iter()
            .map(|edit| {
                shift = shift.saturating_add_unsigned(edit.text.len() as u64) - i64::from(edit.span.len());
                shift
            })
            .collect();
        Ok(Self { edits, shift_after })
    }

    /// The edits in order.
    pub fn edits(&self) -> &[Edit] {
        &self.edits
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.edits.is_empty()
    }

    /// The text with all edits made.
    pub fn apply(&self, source: &str) -> String {
        let grown: usize = self.edits.iter().map(|edit| edit.text.len()).sum();
        let mut out = String::with_capacity(source.len() + grown);
        let mut at = 0;
        for edit in &self.edits {
            out.push_str(&source[at..edit.span.start as usize]);
            out.push_str(&edit.text);
            at = edit.span.end as usize;
        }
        out.push_str(&source[at..]);
        out
    }

    /// Whether an edit reaches into `span`. Edits that only touch its ends do not.
    pub fn touches(&self, span: Span) -> bool {
        let from = self.edits.partition_point(|edit| edit.span.end < span.start);
        self.edits[from..].iter().take_while(|edit| edit.span.start < span.end).any(|edit| {
            let inside = span.start < edit.span.start && edit.span.start < span.end;
            edit.span.intersects(span) || inside
        })
    }

    /// Where the byte at `offset` of the source is after the edits. Inside a replaced range: the start of what
    /// replaced it. An insertion at `offset` comes before the byte.
    pub fn forward(&self, offset: u32) -> u32 {
        let done = self.edits.partition_point(|edit| edit.span.end <= offset);
        let shift = done.checked_sub(1).map_or(0, |last| self.shift_after[last]);
        match self.edits.get(done) {
            Some(edit) if edit.span.start <= offset => moved(edit.span.start, shift),
            _ => moved(offset, shift),
        }
    }

    /// The offset in the source of the byte at `offset` after the edits. Inside inserted text: the start of what it
    /// replaced.
    pub fn backward(&self, offset: u32) -> u32 {
        let offset = i64::from(offset);
        let new_end = |index: usize| i64::from(self.edits[index].span.end) + self.shift_after[index];
        let (mut low, mut high) = (0, self.edits.len());
        while low < high {
            let middle = low + (high - low) / 2;
            if new_end(middle) <= offset { low = middle + 1 } else { high = middle }
        }
        let shift = low.checked_sub(1).map_or(0, |last| self.shift_after[last]);
        match self.edits.get(low) {
            Some(edit) if i64::from(edit.span.start) + shift <= offset => edit.span.start,
            _ => u32::try_from(offset - shift).unwrap_or_default(),
        }
    }
}

/// `offset` moved by the edits before it; never below the start of the text.
fn moved(offset: u32, shift: i64) -> u32 {
    u32::try_from(i64::from(offset) + shift).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(edits: Vec<Edit>) -> EditSet {
        EditSet::new("0123456789", edits).unwrap()
    }

    #[test]
    fn edits_apply_in_order_of_position() {
        let set = set(vec![
            Edit::delete(Span::new(8, 9)),
            Edit::insert(0, "a"),
            Edit::replace(Span::new(2, 4), "bcd"),
        ]);
        assert_eq!(set.apply("0123456789"), "a01bcd45679");
        assert_eq!(set.forward(0), 1);
        assert_eq!(set.forward(5), 7);
        assert_eq!(set.forward(3), 3);
        assert_eq!(set.backward(7), 5);
        assert_eq!(set.backward(4), 2);
        assert_eq!(set.backward(0), 0);
        assert_eq!(set.backward(10), 9);
    }

    #[test]
    fn overlap_is_an_error() {
        let overlap = |a, b| EditSet::new("0123456789", vec![a, b]).is_err();
        assert!(overlap(Edit::delete(Span::new(1, 4)), Edit::delete(Span::new(3, 5))));
        assert!(overlap(Edit::insert(2, "a"), Edit::insert(2, "b")));
        assert!(overlap(Edit::insert(2, "a"), Edit::delete(Span::new(1, 3))));
        assert!(!overlap(Edit::delete(Span::new(1, 3)), Edit::delete(Span::new(3, 5))));
        assert!(EditSet::new("é", vec![Edit::insert(1, "")]).is_err());
        assert!(EditSet::new("a", vec![Edit::delete(Span::new(0, 2))]).is_err());
    }

    #[test]
    fn touching_an_end_is_not_reaching_in() {
        let set = set(vec![Edit::insert(3, "x"), Edit::delete(Span::new(5, 7))]);
        assert!(!set.touches(Span::new(3, 5)));
        assert!(!set.touches(Span::new(0, 3)));
        assert!(set.touches(Span::new(2, 4)));
        assert!(set.touches(Span::new(6, 8)));
        assert!(!set.touches(Span::new(7, 9)));
    }
}
