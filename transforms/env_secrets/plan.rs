//! What a fix does, before it becomes edits: two fixes that change the same instruction have to be made as one.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use harden_core::syntax::{Instruction, Keyword, Pair, Span};
use harden_core::{
    Context, Edit, Finding, Fix, Hazard, Level, Meta, Note, Scopes, Suppressions, Value, Verdict, Why,
};

use super::report::listed;
use crate::support::frontend;
use crate::support::remove_pair;
use crate::support::secret_mount::{self, Mount};

/// A finding whose fix is not yet made of edits.
pub(super) struct Draft<'a> {
    pub(super) id: &'static str,
    pub(super) span: Span,
    /// What it is about: variables or files.
    pub(super) names: Vec<String>,
    pub(super) message: String,
    pub(super) hazards: Vec<Hazard>,
    pub(super) level: Level,
    pub(super) reason: Why,
    pub(super) assumptions: Vec<String>,
    pub(super) notes: Vec<Note>,
    pub(super) plan: Plan<'a>,
}

/// What changes.
#[derive(Clone, Default)]
pub(super) struct Plan<'a> {
    /// Pairs that go, with their instructions.
    pub(super) pairs: Vec<(Instruction<'a>, Pair<'a>)>,
    /// Mounts that RUNs get.
    pub(super) mounts: Vec<Mounted<'a>>,
    /// Other edits, each inside the instruction it is named with.
    pub(super) others: Vec<(Instruction<'a>, Edit)>,
}

/// A mount that a RUN gets.
#[derive(Clone)]
pub(super) struct Mounted<'a> {
    pub(super) run: Instruction<'a>,
    /// The stage of the RUN.
    pub(super) stage: usize,
    pub(super) mount: Mount,
}

impl Plan<'_> {
    /// The instructions it changes.
    fn touched(&self) -> impl Iterator<Item = Span> {
        let pairs = self.pairs.iter().map(|(one, _)| *one);
        let mounts = self.mounts.iter().map(|one| one.run);
        let others = self.others.iter().map(|(one, _)| *one);
        pairs.chain(mounts).chain(others).map(Instruction::span)
    }

    fn add(&mut self, other: Self) {
        self.pairs.extend(other.pairs);
        self.mounts.extend(other.mounts);
        self.others.extend(other.others);
    }

    /// The edits. Those for one instruction come from one call.
    ///
    /// # Errors
    /// Those of [`remove_pair::remove`], [`secret_mount::add`] and [`frontend::require`].
    fn edits(&self, world: &World<'_, '_>) -> Result<Vec<Edit>, Why> {
        let mut edits: Vec<Edit> = Vec::new();
        for (_, edit) in &self.others {
            if !edits.contains(edit) {
                edits.push(edit.clone());
            }
        }
        let mut pairs: BTreeMap<u32, (Instruction<'_>, Vec<Pair<'_>>)> = BTreeMap::new();
        for (instruction, pair) in &self.pairs {
            pairs.entry(instruction.span().start).or_insert((*instruction, Vec::new())).1.push(*pair);
        }
        for (instruction, pairs) in pairs.into_values() {
            edits.extend(remove_pair::remove(&pairs, instruction)?);
        }
        let mut runs: BTreeMap<u32, (&Mounted<'_>, Vec<Mount>)> = BTreeMap::new();
        for one in &self.mounts {
            let wanted = &mut runs.entry(one.run.span().start).or_insert((one, Vec::new())).1;
            if !wanted.contains(&one.mount) {
                wanted.push(one.mount.clone());
            }
        }
        let mut minimum = None;
        for (at, (one, wanted)) in runs {
            let shell = world.shell(one.stage, at);
            edits.extend(secret_mount::add(&wanted, one.run, world.ctx.build, one.stage, &shell)?);
            minimum = minimum.max(wanted.iter().map(needed).max());
        }
        let Some(minimum) = minimum else { return Ok(edits) };
        let directive = frontend::require(world.ctx.file(), world.ctx.setup, minimum)?;
        Ok(frontend::with_directive(edits, directive))
    }
}

/// The frontend a mount needs.
fn needed(mount: &Mount) -> frontend::Version {
    match mount {
        Mount::Variable { .. } => frontend::SECRET_ENV,
        Mount::File { .. } | Mount::Ssh => frontend::RUN_MOUNT,
    }
}

/// The shell of each RUN of a stage, by its first byte.
type Shells = BTreeMap<u32, Value<Vec<String>>>;

/// What edits are made from.
struct World<'c, 'a> {
    ctx: &'c Context<'a>,
    scopes: &'c Scopes<'c, 'a>,
    /// Those of the stages that were asked about.
    shells: RefCell<BTreeMap<usize, Shells>>,
}

impl World<'_, '_> {
    /// The shell of the RUN that begins at `at`.
    fn shell(&self, stage: usize, at: u32) -> Value<Vec<String>> {
        let mut shells = self.shells.borrow_mut();
        let of_stage = shells.entry(stage).or_insert_with(|| {
            let mut of_stage = BTreeMap::new();
            self.scopes.walk(stage, |_, instruction, state| {
                if instruction.keyword() == Keyword::Run {
                    of_stage.insert(instruction.span().start, state.shell.clone());
                }
            });
            of_stage
        });
        of_stage.get(&at).cloned().unwrap_or(Value::FromBase)
    }
}

/// Makes findings of drafts. Those of one level that change the same instruction become one, because their edits would
/// meet; the others stay apart, so that each can be taken or left.
pub(super) fn findings<'a>(
    ctx: &Context<'a>,
    scopes: &Scopes<'_, 'a>,
    meta: &Meta,
    drafts: Vec<Draft<'a>>,
) -> Vec<Finding> {
    let file = ctx.file();
    let world = World { ctx, scopes, shells: RefCell::default() };
    let suppressions = Suppressions::read(file);
    // What a comment switches off must not switch off others.
    let is_off = |draft: &Draft<'_>| {
        let mut spans = std::iter::once(draft.span).chain(draft.plan.touched());
        spans.any(|span| suppressions.find(file, meta, draft.id, span).is_some())
    };
    let mut groups = Groups::new(drafts.len());
    let mut first: BTreeMap<(Level, u32), usize> = BTreeMap::new();
    for (index, draft) in drafts.iter().enumerate() {
        if !is_off(draft) {
            for span in draft.plan.touched() {
                let with = *first.entry((draft.level, span.start)).or_insert(index);
                groups.join(with, index);
            }
        }
    }
    let mut grouped: BTreeMap<usize, Vec<Draft<'_>>> = BTreeMap::new();
    for (index, draft) in drafts.into_iter().enumerate() {
        grouped.entry(groups.root(index)).or_default().push(draft);
    }
    // Making edits reads the file again: a hostile one must not make that quadratic. All or none, because what is left
    // would be next in the next pass.
    let touched: usize = grouped.values().flatten().map(|one| one.plan.touched().count()).sum();
    let is_too_much = touched.saturating_mul(file.text().len()) > MAX_BYTES;
    let mut findings = Vec::new();
    for group in grouped.into_values() {
        if is_too_much && touched > 1 {
            findings.extend(group.into_iter().map(|one| refused(one, too_many())));
        } else {
            findings.extend(of_group(&world, group));
        }
    }
    findings.sort_by_key(|one| one.span);
    findings
}

/// Bytes that are read again to make edits. Real files stay below a hundredth of it.
const MAX_BYTES: usize = 64 << 20;

/// Why nothing is done to a file that nobody wrote.
pub(super) fn too_many() -> Why {
    Why::new("too-many", "the file has more secrets and steps than are followed together")
}

/// Which drafts belong together.
struct Groups(Vec<usize>);

impl Groups {
    fn new(len: usize) -> Self {
        Self((0..len).collect())
    }

    fn root(&mut self, mut one: usize) -> usize {
        while let Some(&parent) = self.0.get(one).filter(|&&parent| parent != one) {
            let above = self.0.get(parent).copied().unwrap_or(parent);
            if let Some(slot) = self.0.get_mut(one) {
                *slot = above;
            }
            one = parent;
        }
        one
    }

    /// The smaller index becomes the root.
    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        if let Some(slot) = self.0.get_mut(a.max(b)) {
            *slot = a.min(b);
        }
    }
}

fn of_group(world: &World<'_, '_>, mut group: Vec<Draft<'_>>) -> Vec<Finding> {
    group.sort_by_key(|one| one.span);
    let mut whole = Plan::default();
    for one in &group {
        whole.add(one.plan.clone());
    }
    let mut members = group.into_iter();
    let Some(first) = members.next() else { return Vec::new() };
    match whole.edits(world) {
        Ok(edits) => vec![joined(first, members.collect(), edits)],
        Err(why) if members.len() == 0 => vec![refused(first, why)],
        // One of them stops it: each is judged alone.
        Err(_) => std::iter::once(first)
            .chain(members)
            .map(|one| match one.plan.edits(world) {
                Ok(edits) => joined(one, Vec::new(), edits),
                Err(why) => refused(one, why),
            })
            .collect(),
    }
}

fn refused(draft: Draft<'_>, why: Why) -> Finding {
    let Draft { id, span, message, hazards, .. } = draft;
    Finding { hazards, ..Finding::new(id, span, message, Verdict::Refused(why)) }
}

/// Most other findings whose messages are repeated in the one they become part of.
const MAX_REPEATED: usize = 3;

fn joined(first: Draft<'_>, others: Vec<Draft<'_>>, edits: Vec<Edit>) -> Finding {
    let Draft { id, span, mut message, mut hazards, level, mut reason, mut assumptions, mut notes, .. } =
        first;
    let names: Vec<&str> = others.iter().flat_map(|one| one.names.iter().map(String::as_str)).collect();
    if !names.is_empty() {
        let changes = if names.len() > 1 { "change" } else { "changes" };
        let names = listed(names.iter().copied());
        reason.message = format!("{}; {names} {changes} with it, in the same instructions", reason.message);
        if others.len() > MAX_REPEATED {
            message = format!("{message}; the same goes for {names}");
        } else {
            for other in &others {
                message = format!("{message}; {}", other.message);
            }
        }
    }
    for other in others {
        hazards.extend(other.hazards);
        assumptions.extend(other.assumptions);
        notes.extend(other.notes);
    }
    notes.sort();
    notes.dedup();
    let variables: Vec<&str> = notes
        .iter()
        .filter_map(|note| match note {
            Note::Variable { name } => Some(name.as_str()),
            _ => None,
        })
        .collect();
    if !variables.is_empty() {
        let names = listed(variables);
        assumptions.insert(0, format!("whoever runs the image gives {names}, where the program needs it"));
    }
    let mut seen = BTreeSet::new();
    assumptions.retain(|one| seen.insert(one.clone()));
    let fix = Fix { assumptions, notes, ..Fix::new(level, edits, reason) };
    Finding { hazards, ..Finding::new(id, span, message, Verdict::Fix(fix)) }
}
