//! Which transform changes what in which commit.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use harden_core::{Meta, Outcome, Report, Transform};

use super::message::{Part, message};
use crate::discover::Candidate;
use crate::notes::{self, Choice, Companion, Shared};

/// A Dockerfile that is to be changed.
pub(crate) struct Work<'a> {
    pub(crate) candidate: &'a Candidate,
    pub(crate) outcome: &'a Outcome,
    /// Whether there are files of notes beside it.
    pub(crate) choice: Choice,
    /// Its name in the repository, for people.
    pub(crate) name: String,
}

/// What one commit holds.
pub(crate) struct Step<'a> {
    meta: &'static Meta,
    /// The transform has a commit already: another one gave it more to do.
    again: bool,
    parts: Vec<Part<'a>>,
    /// The text of every Dockerfile that is changed so far, by its place in the work.
    pub(crate) texts: BTreeMap<usize, Arc<str>>,
    /// The files beside Dockerfiles so far.
    pub(crate) beside: Vec<Companion>,
}

impl Step<'_> {
    /// The message. `beside` are the names of the files beside Dockerfiles that this commit changes, and whether they
    /// are new in it.
    pub(crate) fn message(&self, beside: &[(String, bool)]) -> String {
        message(self.meta, self.again, &self.parts, beside)
    }
}

/// When a patch is committed: in which pass of its file, and which transform in their order.
type Slot = (usize, usize);

/// The commits, in order. Every file goes through its own patches in their order, and commits of different files are put
/// together where that order allows it.
///
/// # Errors
/// A sentence about a page of notes that must not be overwritten, with the file it belongs to.
pub(crate) fn steps<'a>(
    work: &[Work<'a>],
    transforms: &[&'static dyn Transform],
    candidates: &[Candidate],
) -> Result<Vec<Step<'a>>, String> {
    let mut order = transforms.to_vec();
    order.sort_by_key(|transform| transform.phase());
    let names: Vec<&str> = order.iter().map(|transform| transform.meta().name).collect();
    let slots: Vec<Vec<Slot>> = work.iter().map(|one| slots(&names, one.outcome)).collect();
    let all: BTreeSet<Slot> = slots.iter().flatten().copied().collect();
    let mut steps = Vec::with_capacity(all.len());
    let mut seen = BTreeSet::new();
    for slot in all {
        let Some(transform) = order.get(slot.1) else { continue };
        let meta = transform.meta();
        let mut step = Step {
            meta,
            again: !seen.insert(meta.name),
            parts: Vec::new(),
            texts: BTreeMap::new(),
            beside: Vec::new(),
        };
        let mut shared = Shared::default();
        for (index, (one, slots)) in work.iter().zip(&slots).enumerate() {
            // Slots of a file rise.
            let count = slots.partition_point(|other| *other <= slot);
            let Some(patch) = count.checked_sub(1).and_then(|last| one.outcome.patches.get(last)) else {
                continue;
            };
            step.texts.insert(index, Arc::clone(&patch.after));
            if slots.get(count - 1) == Some(&slot) {
                step.parts
                    .push(Part { name: one.name.clone(), reports: made(one.outcome, count - 1).collect() });
            }
            let beside = notes::beside(one.candidate, &until(one.outcome, count), one.choice)?;
            step.beside.extend(beside.page);
            beside.request.into_iter().for_each(|request| shared.add(request));
        }
        // What nobody may write is told once, when all is known.
        let (files, _) = shared.settle(candidates);
        step.beside.extend(files);
        steps.push(step);
    }
    Ok(steps)
}

/// The slot of each patch. They rise strictly, so that the patches stay in order.
fn slots(order: &[&str], outcome: &Outcome) -> Vec<Slot> {
    let mut pass = 0;
    let mut last = None;
    let mut slots = Vec::with_capacity(outcome.patches.len());
    for patch in &outcome.patches {
        let at = order.iter().position(|name| *name == patch.transform).unwrap_or(order.len());
        if last.is_some_and(|last| at <= last) {
            pass += 1;
        }
        last = Some(at);
        slots.push((pass, at));
    }
    slots
}

/// The findings that a patch fixed.
fn made(outcome: &Outcome, patch: usize) -> impl Iterator<Item = &Report> {
    let count = |patches: &[harden_core::Patch]| patches.iter().map(|one| one.fixes.len()).sum::<usize>();
    let before = count(outcome.patches.get(..patch).unwrap_or_default());
    let here = outcome.patches.get(patch).map_or(0, |one| one.fixes.len());
    outcome.reports.iter().skip(before).take(here)
}

/// The outcome as it would be after the first `count` patches: its text, and what is fixed in it.
fn until(outcome: &Outcome, count: usize) -> Outcome {
    let patches = outcome.patches.get(..count).unwrap_or_default().to_vec();
    let reports = (0..count).flat_map(|patch| made(outcome, patch)).cloned().collect();
    let text = patches.last().map_or_else(|| Arc::clone(&outcome.text), |patch| Arc::clone(&patch.after));
    Outcome { text, patches, reports, needs: BTreeSet::new() }
}

/// Files beside Dockerfiles in any of the steps, each once.
pub(super) fn beside<'s>(steps: &'s [Step<'_>]) -> BTreeMap<PathBuf, &'s Companion> {
    let all = steps.iter().flat_map(|step| &step.beside);
    all.map(|companion| (companion.path.clone(), companion)).collect()
}

/// How a path is written in a message.
pub(super) fn shown(path: &Path) -> String {
    crate::notes::words::clean(&path.to_string_lossy())
}

#[cfg(test)]
mod tests {
    use harden_core::Patch;

    use super::*;

    fn outcome(transforms: &[&'static str]) -> Outcome {
        let patch = |(index, name): (usize, &&'static str)| Patch {
            transform: name,
            before: Arc::from(index.to_string()),
            after: Arc::from((index + 1).to_string()),
            fixes: vec![Vec::new(); index],
        };
        let patches: Vec<Patch> = transforms.iter().enumerate().map(patch).collect();
        Outcome {
            text: Arc::from(transforms.len().to_string()),
            patches,
            reports: Vec::new(),
            needs: BTreeSet::new(),
        }
    }

    #[test]
    fn patches_of_a_file_stay_in_order() {
        let order = ["a", "b", "c"];
        assert_eq!(slots(&order, &outcome(&["a", "c"])), [(0, 0), (0, 2)]);
        assert_eq!(
            slots(&order, &outcome(&["a", "b", "a", "a", "c"])),
            [(0, 0), (0, 1), (1, 0), (2, 0), (2, 2)]
        );
        assert_eq!(slots(&order, &outcome(&["c", "b"])), [(0, 2), (1, 1)]);
        assert_eq!(slots(&order, &outcome(&[])), []);
    }

    #[test]
    fn an_outcome_is_cut_where_a_patch_ends() {
        let whole = outcome(&["a", "b", "c"]);
        for count in 1..=3 {
            let cut = until(&whole, count);
            assert_eq!((&*cut.text, cut.patches.len()), (count.to_string().as_str(), count));
        }
    }
}
