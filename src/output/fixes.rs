//! The fixes of one file as edits of the text it had, so that other programs can make them.
//!
//! The engine makes fixes one transform after the other, each on the text the last one left. Here their edits are carried
//! back to the first text. Fixes that meet in one place there cannot be told apart any more and become one.

mod pieces;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use dockerfile_syntax::{Dockerfile, Span};
use harden_core::redact::{mask_text, secret_spans};
use harden_core::{Edit, EditSet, Outcome};

use self::pieces::{Changed, Pieces};

/// Bytes that are parsed to check that each fix can be made alone. With more, all fixes of the file are one.
const MAX_PARSED: usize = 8 << 20;
/// Values times bytes looked through for secrets; with more, a fix is not quoted.
const MAX_SEARCH: usize = 1 << 28;
/// A shorter secret is recognised by its place only.
const MIN_SEARCHED_BYTES: usize = 4;

/// One or several fixed findings that are made together.
#[derive(Debug, PartialEq, Eq)]
pub struct JointFix {
    /// Places of the findings in [`Outcome::reports`], in order; never empty.
    pub reports: Vec<usize>,
    /// Edits of the original text, in order.
    pub edits: Vec<Edit>,
    /// Whether an edit would write a secret down again. Such a fix must not be quoted.
    pub secret: bool,
}

/// All fixes of one file.
#[derive(Debug, Default)]
pub struct Fixes {
    /// In the order of their first edits. Made together they give the text of the outcome.
    pub fixes: Vec<JointFix>,
    all: EditSet,
}

impl Fixes {
    /// Carries the fixes of `outcome` back to the text `source` had.
    pub fn new(source: &Dockerfile, outcome: &Outcome) -> Self {
        let text = source.text();
        let mut pieces = Pieces::new(text.len());
        let mut reports = 0;
        for patch in &outcome.patches {
            let edits = patch.fixes.iter().enumerate();
            let edits = edits.flat_map(|(at, fix)| fix.iter().map(move |edit| (edit, reports + at)));
            let edits = edits.filter(|(edit, _)| patch.before.get(edit.span.range()) != Some(&edit.text));
            pieces.apply(edits.collect());
            reports += patch.fixes.len();
        }
        let changed = pieces.changed();
        let edits = changed.iter().map(Changed::edit).collect();
        // The engine's own result is what counts; a difference would be a bug here.
        let Ok(all) = EditSet::new(text, edits) else { return Self::default() };
        if all.apply(text) != *outcome.text {
            debug_assert!(false, "the fixes do not lead to the result");
            return Self::default();
        }
        let mut fixes = joined(text, &changed, reports);
        if fixes.len() > 1 && !each_stands_alone(source, &fixes) {
            fixes = vec![JointFix {
                reports: (0..reports).collect(),
                edits: all.edits().to_vec(),
                secret: false,
            }];
        }
        let secrets = Secrets::new(source, outcome, &all);
        for fix in &mut fixes {
            fix.secret = fix.edits.iter().any(|edit| secrets.are_in(edit));
        }
        Self { fixes, all }
    }

    /// Where a place of the original is after all fixes.
    pub fn forward(&self, span: Span) -> Span {
        let start = self.all.forward(span.start);
        Span::new(start, self.all.forward(span.end).max(start))
    }
}

/// Fixes that share a changed place, or that share one with the same third fix, are one.
fn joined(text: &str, changed: &[Changed], reports: usize) -> Vec<JointFix> {
    let mut leader: Vec<usize> = (0..reports).collect();
    for one in changed {
        for pair in one.owners.windows(2) {
            let (a, b) = (root(&mut leader, pair[0]), root(&mut leader, pair[1]));
            leader[a.max(b)] = a.min(b);
        }
    }
    let mut groups: BTreeMap<usize, JointFix> = BTreeMap::new();
    for report in 0..reports {
        let group = groups.entry(root(&mut leader, report)).or_insert_with(|| JointFix {
            reports: Vec::new(),
            edits: Vec::new(),
            secret: false,
        });
        group.reports.push(report);
    }
    for one in changed {
        let (Some(&owner), edit) = (one.owners.first(), one.edit()) else { continue };
        let group = groups.get_mut(&root(&mut leader, owner));
        // What was written and taken back again is no edit.
        if let Some(group) = group.filter(|_| text.get(edit.span.range()) != Some(&edit.text)) {
            group.edits.push(edit);
        }
    }
    let mut fixes: Vec<_> = groups.into_values().filter(|fix| !fix.edits.is_empty()).collect();
    fixes.sort_by_key(|fix| fix.edits.first().map(|edit| edit.span));
    fixes
}

/// The first fix of the group of `one`, with the way there shortened.
fn root(leader: &mut [usize], mut one: usize) -> usize {
    while leader[one] != one {
        leader[one] = leader[leader[one]];
        one = leader[one];
    }
    one
}

/// Whether BuildKit takes the file with each of the fixes alone. One may build on what another has made: a mount needs
/// the frontend that its neighbour has asked for.
fn each_stands_alone(source: &Dockerfile, fixes: &[JointFix]) -> bool {
    if fixes.len().saturating_mul(source.text().len()) > MAX_PARSED {
        return false;
    }
    fixes.iter().all(|fix| {
        EditSet::new(source.text(), fix.edits.clone())
            .is_ok_and(|edits| Dockerfile::parse(edits.apply(source.text())).errors().is_empty())
    })
}

/// What must not be written down.
struct Secrets<'e> {
    /// In the text after all fixes.
    spans: Vec<Span>,
    values: BTreeSet<String>,
    all: &'e EditSet,
}

impl<'e> Secrets<'e> {
    fn new(source: &Dockerfile, outcome: &Outcome, all: &'e EditSet) -> Self {
        if all.is_empty() {
            return Self { spans: Vec::new(), values: BTreeSet::new(), all };
        }
        let after = Dockerfile::parse(outcome.text.clone());
        let spans = secret_spans(&after);
        let old = secret_spans(source);
        let values = old.iter().map(|&span| source.slice(span));
        let values = values.chain(spans.iter().map(|&span| after.slice(span)));
        let values = values.filter(|value| value.len() >= MIN_SEARCHED_BYTES).map(str::to_owned).collect();
        Self { spans, values, all }
    }

    fn are_in(&self, edit: &Edit) -> bool {
        if edit.text.is_empty() {
            return false;
        }
        if self.values.len().saturating_mul(edit.text.len()) > MAX_SEARCH {
            return true;
        }
        // An edit begins where what stands before it has moved to; `forward` gives the start of a replacement.
        let start = if edit.span.is_empty() {
            self.all.forward(edit.span.start).saturating_sub(edit.text.len() as u32)
        } else {
            self.all.forward(edit.span.start)
        };
        let written = Span::new(start, start.saturating_add(edit.text.len() as u32));
        let from = self.spans.partition_point(|span| span.end <= written.start);
        self.spans.get(from).is_some_and(|span| span.start < written.end)
            || self.values.iter().any(|value| edit.text.contains(value))
            || mask_text(&edit.text) != edit.text.as_str()
    }
}
