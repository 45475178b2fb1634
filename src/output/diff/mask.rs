//! Masks secrets in the lines of a diff.

use std::collections::BTreeSet;
use std::ops::Range;

use super::Secrets;

const MASK: &str = "********";
/// A shorter value is masked at its own place only: looking for `1` or `dev` everywhere would hide the file.
const MIN_SEARCHED_BYTES: usize = 4;
/// Values times bytes to look through, about a second's work. Beyond it whole lines are masked instead.
const MAX_SEARCH: usize = 1 << 32;

/// The places to mask. It stores positions, never values.
pub(super) struct Mask {
    /// Sorted, not overlapping, on character boundaries.
    before: Vec<Range<usize>>,
    after: Vec<Range<usize>>,
}

impl Mask {
    pub(super) fn new(before: &str, after: &str, secrets: &Secrets<'_>) -> Self {
        let mut mask = Mask { before: within(before, secrets.before), after: within(after, secrets.after) };
        let values: BTreeSet<&str> = mask
            .before
            .iter()
            .map(|range| &before[range.clone()])
            .chain(mask.after.iter().map(|range| &after[range.clone()]))
            .filter(|value| value.len() >= MIN_SEARCHED_BYTES)
            .collect();
        if values.len().saturating_mul(before.len().saturating_add(after.len())) > MAX_SEARCH {
            let everything = |text: &str| std::iter::once(0..text.len()).collect();
            return Mask { before: everything(before), after: everything(after) };
        }
        for value in values {
            mask.before.extend(occurrences(before, value));
            mask.after.extend(occurrences(after, value));
        }
        Mask { before: merged(mask.before), after: merged(mask.after) }
    }

    /// `line` with its secret parts masked; `None` when it has none. `line` starts at byte `old` of the text before and
    /// at byte `new` of the text after, where it stands in them.
    pub(super) fn apply(&self, line: &str, old: Option<usize>, new: Option<usize>) -> Option<String> {
        let mut hits = Vec::new();
        for (ranges, start) in [(&self.before, old), (&self.after, new)] {
            let Some(start) = start else { continue };
            let end = start + line.len();
            let first = ranges.partition_point(|range| range.end <= start);
            hits.extend(
                ranges[first..]
                    .iter()
                    .take_while(|range| range.start < end)
                    .map(|range| range.start.max(start) - start..range.end.min(end) - start),
            );
        }
        let hits = merged(hits);
        if hits.is_empty() {
            return None;
        }
        let mut masked = String::with_capacity(line.len() + MASK.len());
        let mut copied = 0;
        for hit in hits {
            masked.push_str(&line[copied..hit.start]);
            masked.push_str(MASK);
            copied = hit.end;
        }
        masked.push_str(&line[copied..]);
        Some(masked)
    }
}

/// The given ranges cut to the text and widened to whole characters.
fn within(text: &str, ranges: &[Range<usize>]) -> Vec<Range<usize>> {
    let ranges = ranges.iter().filter(|range| range.start < range.end).map(|range| {
        let boundary = |at: &usize| text.is_char_boundary(*at);
        let start = (0..=range.start.min(text.len())).rev().find(boundary);
        let end = (range.end.min(text.len())..=text.len()).find(boundary);
        start.unwrap_or(0)..end.unwrap_or(text.len())
    });
    merged(ranges.collect())
}

fn occurrences<'t>(text: &'t str, value: &'t str) -> impl Iterator<Item = Range<usize>> + 't {
    text.match_indices(value).map(|(start, found)| start..start + found.len())
}

fn merged(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.retain(|range| range.start < range.end);
    ranges.sort_by_key(|range| (range.start, range.end));
    let mut merged: Vec<Range<usize>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match merged.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => merged.push(range),
        }
    }
    merged
}
